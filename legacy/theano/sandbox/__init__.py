"""`theano.sandbox`: of it `rng_mrg` is here; CUDA's modules can be imported and not used."""
