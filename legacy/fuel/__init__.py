"""Fuel's import name for old programs, on `bricks.data`.

Datasets, schemes, streams and transformers with Fuel 0.2's protocol. Fuel's streams have a position of their own and
NumPy's old generator; bricks' have neither, so what is shared is what lies below: HDF5 files, converters, fetching.
Nothing here loads PyTensor or JAX.
"""

from fuel import _gone
from fuel.config_parser import config

__version__ = "0.2.0"

__all__ = ["config"]

_gone.refuse_modules()
