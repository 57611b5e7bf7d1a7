"""`theano.tensor.signal`: pooling and convolution, which come later; each use says so."""

from theano import _gone

_LATER = "pooling and convolution come with a later version of bricks; until then there is no successor here"

pool = _gone.put(f"{__name__}.pool", _LATER)
downsample = _gone.put(f"{__name__}.downsample", _LATER)
conv = _gone.put(f"{__name__}.conv", _LATER)
