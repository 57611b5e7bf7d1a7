"""Helpers of scan: `until`, `clone`, `map_variables`, `equal_computations`."""

from pytensor.graph.basic import Variable, equal_computations
from pytensor.graph.replace import clone_replace
from pytensor.scan.utils import until

__all__ = ["clone", "equal_computations", "map_variables", "until"]


def clone(output, replace=None, strict=True, share_inputs=True, copy_inputs=None):
    """A copy of a graph, with variables replaced: {variable: what stands in for it}, or pairs.

    >>> import pytensor.tensor as pt
    >>> x, y = pt.dscalar("x"), pt.dscalar("y")
    >>> float(clone(2 * x, replace={x: y + 1}).eval({y: 2.0}))
    6.0
    """
    pairs = list(replace.items()) if hasattr(replace, "items") else list(replace or ())
    share = share_inputs if copy_inputs is None else copy_inputs
    return clone_replace(output, dict(pairs), rebuild_strict=strict, copy_inputs_over=share)


def map_variables(replacer, graphs, additional_inputs=()):
    """Copies of graphs in which each variable is `replacer(variable)`; what is inside loops stays as it is."""
    from pytensor.graph.traversal import ancestors

    graphs = list(graphs)
    replacements = {}
    for variable in ancestors(graphs):
        new = replacer(variable)
        if new is not variable:
            replacements[variable] = new
    return clone_replace(graphs, replacements) if replacements else graphs


def is_variable(x) -> bool:
    """Whether something is symbolic."""
    return isinstance(x, Variable)
