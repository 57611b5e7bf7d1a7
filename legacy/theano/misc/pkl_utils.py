"""`theano.misc.pkl_utils`: variables and parameters in files."""

import pickle

__all__ = ["dump", "load", "StripPickler"]

from theano._gone import Gone

_INSTEAD = "use pickle, or bricks.save_parameters and bricks.load_parameters, whose files outlive versions"
dump = Gone("theano.misc.pkl_utils.dump", _INSTEAD)
load = Gone("theano.misc.pkl_utils.load", _INSTEAD)
StripPickler = pickle.Pickler
