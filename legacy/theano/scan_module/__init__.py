"""`theano.scan` and what is made of it: the pair (outputs, updates), as Theano returned it."""

from theano.scan_module import scan_utils, scan_views
from theano.scan_module.scan import scan
from theano.scan_module.scan_utils import clone, map_variables, until
from theano.scan_module.scan_views import foldl, foldr, map, reduce

__all__ = ["clone", "foldl", "foldr", "map", "map_variables", "reduce", "scan", "scan_utils", "scan_views", "until"]
