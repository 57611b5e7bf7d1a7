"""Names of sources and of axes, as people give them, checked."""

from collections.abc import Iterable, Mapping

from bricks.errors import DataError, UsageError, nearest


def axis_labels(labels: Iterable[str] | None, ndim: int, who: str) -> tuple[str, ...]:
    """The labels of a data set's array of `ndim` axes; the first, that of the examples, is "batch" unless named."""
    labels = tuple(labels) if labels is not None else ("batch",) + ("",) * (ndim - 1)
    if len(labels) != ndim:
        raise UsageError(f"{who}: needs one axis label for each of its {ndim} axes, got {labels}")
    if "batch" in labels[1:]:
        raise UsageError(
            f"{who}: the examples of a data set must lie along the first axis, got axes {labels}; let a stream "
            "put time first, by TimeMajor"
        )
    return (labels[0] or "batch", *labels[1:])


def chosen(names: tuple[str, ...] | None, sources: Mapping[str, object], who: str) -> tuple[str, ...]:
    """`names`, or all of `sources` where it is None; a DataError for one that is not among them."""
    for name in names or ():
        if name not in sources:
            raise DataError(f"{who}: there is no source {name!r}; {nearest(name, sources)}")
    return tuple(sources) if names is None else names


def as_names(names: str | Iterable[str] | None) -> tuple[str, ...] | None:
    """Let a single name stand for a list of one."""
    if names is None:
        return None
    return (names,) if isinstance(names, str) else tuple(names)


def several(names: tuple) -> tuple[str, ...]:
    """What was given as names one by one, or as one list of them."""
    return tuple(names[0]) if len(names) == 1 and not isinstance(names[0], str) else names
