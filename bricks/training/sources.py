"""Whether a stream gives what a graph's inputs need: checked before anything is compiled or trained."""

from collections.abc import Mapping, Sequence

import pytensor.scalar

from bricks.errors import ShapeError, UsageError, nearest


def check_inputs(variables: Sequence, who: str) -> dict:
    """The inputs of a graph by name; UsageError where one has no name, or two have the same."""
    named: dict = {}
    for variable in variables:
        if not variable.name:
            raise UsageError(
                f"{who}: every input of the graph must have the name of the source that feeds it, "
                f"got one of type {variable.type} without; say pt.matrix('features')"
            )
        if variable.name in named:
            raise UsageError(f"{who}: two different inputs of the graph are called {variable.name!r}; use one variable")
        named[variable.name] = variable
    return named


def check_sources(inputs: Mapping, sources: Mapping, who: str) -> None:
    """Compare the inputs of a graph with the sources of a stream, which may have others too.

    Parameters
    ----------
    inputs : mapping
        Input variables by name.
    sources : mapping
        `bricks.data` sources by name: dtype, shape of an example, labels of a batch's axes.
    who : str
        Who asks, for the message.

    Raises
    ------
    UsageError
        For a source that is missing or of a dtype that doesn't fit.
    ShapeError
        For a source of another number of axes or another length.
    """
    for name, variable in inputs.items():
        if name not in sources:
            raise UsageError(
                f"{who}: the graph's input {name!r} needs a source of that name in the stream; {nearest(name, sources)}"
            )
        source, wanted = sources[name], variable.type
        if not accepts(wanted.dtype, str(source.dtype)):
            raise UsageError(
                f"{who}: source {name!r} must be {wanted.dtype}, as the graph's input is, or safe to convert "
                f"to it; the stream gives {source.dtype}; cast it there, or declare the input so"
            )
        given = source.batch_shape
        if len(given) != wanted.ndim or any(_differ(a, b) for a, b in zip(given, wanted.shape, strict=True)):
            raise ShapeError(
                f"{who}: source {name!r} must have batches of shape {_show(wanted.shape)}, as the graph's "
                f"input has; the stream gives {_show(given, source.axes)}; reshape it there, or the input"
            )


def accepts(dtype: str, given: str) -> bool:
    """Whether a compiled function takes `given` for an input of `dtype`, that is, converts it without loss.

    >>> accepts("float32", "uint8"), accepts("float32", "float64"), accepts("int32", "float32")
    (True, False, False)
    """
    return dtype == given or ("bool" != dtype and pytensor.scalar.upcast(dtype, given) == dtype)


def example_axis(inputs: Mapping, sources: Mapping | None = None):
    """(input variable, axis) whose length is a batch's number of examples; None if no input has an axis.

    The first input in order that is no scalar; the axis that its source says if the sources are known
    (`Source.batch_axis`: 1 for time-major sequences), else its first.
    """
    for name, variable in inputs.items():
        if variable.type.ndim:
            return variable, sources[name].batch_axis if sources else 0
    return None


def check_same_axis(counted, sources: Mapping, who: str) -> None:
    """ShapeError where a compiled function counts examples along another axis than these sources have them.

    Parameters
    ----------
    counted : (input variable, axis) or None
        What `example_axis` said when it was compiled.
    """
    if counted is not None and counted[1] != sources[counted[0].name].batch_axis:
        variable, axis = counted
        raise ShapeError(
            f"{who}: the examples of source {variable.name!r} must lie along axis {axis}, by which the compiled "
            f"function counts them, the stream has them along axis {sources[variable.name].batch_axis}; let it "
            "know this stream's sources before the first batch, or make another one"
        )


def _differ(a, b) -> bool:
    return a is not None and b is not None and a != b


def _show(shape, axes=()) -> str:
    named = zip(shape, axes, strict=True) if len(axes) == len(shape) else ((n, None) for n in shape)
    lengths = [("any" if n is None else str(n)) + (f" ({label})" if label else "") for n, label in named]
    return "(" + ", ".join(lengths) + ")"
