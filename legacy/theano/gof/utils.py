"""`theano.gof.utils`."""

from pytensor.graph.utils import MethodNotDefined, MissingInputError, Scratchpad, add_tag_trace

__all__ = ["MethodNotDefined", "MissingInputError", "Scratchpad", "add_tag_trace", "flatten", "uniq"]


def flatten(listed) -> list:
    """The leaves of lists in lists."""
    if not isinstance(listed, tuple | list | set):
        return [listed]
    return [leaf for part in listed for leaf in flatten(part)]


def uniq(sequence) -> list:
    """The elements of a sequence, each once, in order."""
    return list(dict.fromkeys(sequence))
