"""`theano.compat`: what a program that ran under Python 2 and 3 took from here."""

import sys
import types
from collections import OrderedDict, defaultdict
from functools import partial

PY3 = True
imap, izip, ifilter = map, zip, filter
exc_message = str


def cmp(a, b) -> int:
    """-1, 0 or 1, as Python 2's."""
    return (a > b) - (a < b)


_python2x = types.ModuleType("theano.compat.python2x", "What Python 2.4 lacked.")
_python2x.__dict__.update(OrderedDict=OrderedDict, defaultdict=defaultdict, partial=partial, all=all, any=any)
python2x = sys.modules["theano.compat.python2x"] = _python2x
__path__: list = []
