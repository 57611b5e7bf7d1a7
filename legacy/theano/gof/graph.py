"""`theano.gof.graph`: walking through graphs, under the old names."""

from pytensor.graph.basic import Apply, Constant, Variable, clone, equal_computations
from pytensor.graph.replace import clone_replace
from pytensor.graph.traversal import ancestors as _ancestors
from pytensor.graph.traversal import graph_inputs
from pytensor.graph.traversal import io_toposort as _io_toposort

__all__ = [
    "Apply",
    "Constant",
    "Variable",
    "ancestors",
    "clone",
    "clone_replace",
    "equal_computations",
    "inputs",
    "io_toposort",
    "is_same_graph",
    "list_of_nodes",
    "ops",
    "variables",
]


def ancestors(variable_list, blockers=None) -> list:
    """The variables that some are computed from, themselves among them."""
    return list(_ancestors(variable_list, blockers))


def inputs(variable_list, blockers=None) -> list:
    """The variables without an owner that some are computed from: inputs, shared variables, constants.

    >>> import pytensor.tensor as pt
    >>> x = pt.dscalar("x")
    >>> [str(v) for v in inputs([x * x])]
    ['x']
    """
    return list(graph_inputs(variable_list, blockers))


def io_toposort(inputs, outputs, orderings=None, clients=None) -> list:
    """The nodes between inputs and outputs, in an order in which they can be computed."""
    return list(_io_toposort(inputs, outputs))


def ops(inputs, outputs) -> set:
    """The nodes between inputs and outputs."""
    return set(_io_toposort(inputs, outputs))


list_of_nodes = io_toposort


def variables(inputs, outputs) -> set:
    """The variables of the graph between inputs and outputs, these among them."""
    return {*inputs, *outputs, *(v for node in ops(inputs, outputs) for v in (*node.inputs, *node.outputs))}


def is_same_graph(var1, var2, givens=None, debug=False) -> bool:
    """Whether two variables are computed in the same way."""
    givens = list((givens or {}).items()) if hasattr(givens or {}, "items") else list(givens)
    return equal_computations([var1], [var2], [a for a, _ in givens], [b for _, b in givens])
