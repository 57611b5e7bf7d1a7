"""Modules under their old names: those that are other modules now, and those that are gone.

The names that programs import by the thousand have files of their own; what is here is the rest of the layout, as data.
"""

import importlib
import sys
import types

from theano import _gone

# Where the names of an old module are now; ours first, since they are as Theano's were.
MOVED = {
    "theano.compile.builders": ("pytensor.compile.builders",),
    "theano.compile.debugmode": ("pytensor.compile.debug.debugmode",),
    "theano.compile.io": ("theano.compile", "pytensor.compile.io"),
    "theano.compile.monitormode": ("pytensor.compile.debug.monitormode",),
    "theano.compile.ops": ("pytensor.compile.ops", "pytensor.tensor.shape"),
    "theano.compile.pfunc": ("theano.compile",),
    "theano.compile.profiling": ("pytensor.compile.debug.profiling",),
    "theano.compile.sharedvalue": ("theano.compile", "pytensor.compile.sharedvalue"),
    "theano.scalar": ("pytensor.scalar", "pytensor.scalar.basic", "pytensor.scalar.math"),
    "theano.scalar.basic": ("pytensor.scalar.basic", "pytensor.scalar"),
    "theano.scalar.basic_scipy": ("pytensor.scalar.math",),
    "theano.scan_module.scan_op": ("pytensor.scan.op",),
    "theano.tensor.basic": ("theano.tensor", "pytensor.tensor.basic", "pytensor.tensor.math"),
    "theano.tensor.blas": ("pytensor.tensor.blas",),
    "theano.tensor.elemwise": ("theano.tensor", "pytensor.tensor.elemwise", "pytensor.tensor.math"),
    "theano.tensor.extra_ops": ("theano.tensor", "pytensor.tensor.extra_ops"),
    "theano.tensor.fft": ("pytensor.tensor.fft",),
    "theano.tensor.io": ("theano.tensor",),
    "theano.tensor.sharedvar": ("theano.tensor", "pytensor.tensor.sharedvar"),
    "theano.tensor.sort": ("theano.tensor", "pytensor.tensor.sort"),
    "theano.tensor.subtensor": ("theano.tensor", "pytensor.tensor.subtensor"),
    "theano.tensor.type": ("theano.tensor", "pytensor.tensor.type"),
    "theano.tensor.type_other": ("theano.tensor", "pytensor.tensor.type_other"),
    "theano.tensor.utils": ("pytensor.tensor.utils", "pytensor.utils"),
    "theano.tensor.var": ("theano.tensor", "pytensor.tensor.variable"),
    "theano.tensor.xlogx": ("pytensor.tensor.xlogx",),
}

_CUDA = "Theano's CUDA code is gone; THEANO_FLAGS=device=cuda runs functions on the GPU, without changes to them"
_REWRITING = "rewriting is PyTensor's (pytensor.graph.rewriting), compilation XLA's"
_SPARSE = "use pytensor.sparse, whose functions bricks does not compile"
GONE = {
    "theano.d3viz": "use bricks.functional_diagram(cost)",
    "theano.gpuarray": _CUDA,
    "theano.gpuarray.basic_ops": _CUDA,
    "theano.gpuarray.blas": _CUDA,
    "theano.gpuarray.dnn": _CUDA,
    "theano.gpuarray.fft": _CUDA,
    "theano.gpuarray.type": _CUDA,
    "theano.gof.cc": _REWRITING,
    "theano.gof.cmodule": _REWRITING,
    "theano.gof.opt": _REWRITING,
    "theano.gof.optdb": _REWRITING,
    "theano.sandbox.blocksparse": "block-sparse products are gone; use theano.tensor.dot",
    "theano.sandbox.conv": "convolution comes with a later version of bricks",
    "theano.sandbox.cuda": _CUDA,
    "theano.sandbox.cuda.basic_ops": _CUDA,
    "theano.sandbox.cuda.blas": _CUDA,
    "theano.sandbox.cuda.cula": _CUDA,
    "theano.sandbox.cuda.dnn": _CUDA,
    "theano.sandbox.cuda.fftconv": _CUDA,
    "theano.sandbox.cuda.nnet": _CUDA,
    "theano.sandbox.cuda.nvcc_compiler": _CUDA,
    "theano.sandbox.cuda.opt": _CUDA,
    "theano.sandbox.cuda.rng_curand": "use theano.sandbox.rng_mrg.MRG_RandomStreams",
    "theano.sandbox.cuda.type": _CUDA,
    "theano.sandbox.cuda.var": _CUDA,
    "theano.sandbox.gpuarray": _CUDA,
    "theano.sandbox.multinomial": "use theano.sandbox.rng_mrg.MRG_RandomStreams(seed).multinomial(pvals=p)",
    "theano.sandbox.neighbours": "convolution comes with a later version of bricks",
    "theano.sandbox.scan": "use theano.scan",
    "theano.sparse": _SPARSE,
    "theano.sparse.basic": _SPARSE,
    "theano.tensor.blas_c": _REWRITING,
    "theano.tensor.blas_headers": _REWRITING,
    "theano.tensor.blas_scipy": _REWRITING,
    "theano.tensor.inplace": "XLA computes in place where it can; use the function of theano.tensor without _inplace",
    "theano.tensor.opt": _REWRITING,
    "theano.tensor.opt_uncanonicalize": _REWRITING,
    "theano.tensor.randomstreams": "use theano.tensor.shared_randomstreams",
    "theano.tensor.raw_random": "use theano.tensor.shared_randomstreams.RandomStreams",
}
# What programs ask of the CUDA modules before they use anything.
NAMES = {
    "theano.gpuarray": {"pygpu_activated": False},
    "theano.sandbox.cuda": {"cuda_available": False, "cuda_enabled": False},
    "theano.sandbox.gpuarray": {"pygpu_activated": False},
}


class Moved(types.ModuleType):
    """A module whose names are looked up in others, when they are asked for."""

    def __init__(self, name: str, homes: tuple[str, ...]):
        super().__init__(name, f"Names of {', '.join(homes)} under their old address.")
        self.__dict__.update(_homes=homes, __path__=[], __package__=name)

    def __getattr__(self, name: str):
        if name == "__all__":
            return [n for n in dir(importlib.import_module(self._homes[0])) if not n.startswith("_")]
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        for home in self._homes:
            try:
                return getattr(importlib.import_module(home), name)
            except AttributeError:
                continue
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}; nor have {', '.join(self._homes)}")


def put() -> None:
    """Let `import` find all of these."""
    for name, homes in MOVED.items():
        module = sys.modules[name] = Moved(name, homes)
        parent, _, last = name.rpartition(".")
        if not callable(getattr(sys.modules[parent], last, None)):  # T.sort and T.var are functions, and modules too
            setattr(sys.modules[parent], last, module)
    for name, instead in GONE.items():
        _gone.put(name, instead, **NAMES.get(name, {}))
