"""`theano.printing`: graphs as text, and values while a function runs."""

import jax
import numpy as np
from pytensor.graph.fg import FunctionGraph
from pytensor.printing import Print, min_informative_str, pp, pprint
from pytensor.printing import debugprint as _debugprint

from bricks.engine.lowering import lower
from theano import _gone

__all__ = [
    "Print",
    "debugprint",
    "hex_digest",
    "min_informative_str",
    "pp",
    "pprint",
    "pydotprint",
    "var_descriptor",
]

hex_digest = _gone.Gone("theano.printing.hex_digest", "use hashlib")
var_descriptor = _gone.Gone("theano.printing.var_descriptor", "use theano.printing.debugprint(variable, file='str')")
pydotprint = _gone.Gone(
    "theano.printing.pydotprint",
    "use bricks.functional_diagram(cost) for a picture, theano.printing.debugprint for text",
)


def debugprint(obj, depth=-1, print_type=False, file=None, **options):
    """A graph, as text: of variables, of a function, of a list of them; `file="str"` returns it.

    >>> import theano.tensor as T
    >>> debugprint(T.exp(T.dscalar("x")), file="str").splitlines()[0]
    'Exp [id A]'
    """
    graphs = [part for one in (obj if isinstance(obj, list | tuple) else [obj]) for part in _variables(one)]
    ids = {"id_type": options.pop("ids")} if "ids" in options else {}
    return _debugprint(graphs, depth=depth, print_type=print_type, file=file, **ids, **options)


def _variables(obj) -> list:
    graph = obj if isinstance(obj, FunctionGraph) else getattr(getattr(obj, "maker", None), "fgraph", None)
    return [obj] if graph is None else list(graph.outputs)


@lower.register(Print)
def _print(op, node, context):
    def tell(value):
        op.global_fn(op, np.asarray(value))

    def call(value):
        jax.debug.callback(tell, value, ordered=True)
        return value

    return call
