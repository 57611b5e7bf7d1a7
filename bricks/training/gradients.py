"""Whether symbolic gradients are those of the cost: compared with central differences, in float64.

    g . d  =  (cost(p + h d) - cost(p - h d)) / 2h,   for directions d of length 1

It is the training graph that is checked, as training differentiates it: noise with one draw, the same at each call (the
counters of random draws stand still), and the statistics of the batch.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pytensor
from pytensor.graph.basic import Variable

from bricks import engine
from bricks.errors import UsageError, nearest
from bricks.graph import ComputationGraph, annotations_of, named_parameters, training_graph
from bricks.training.config import Config
from bricks.training.experiment import Experiment, build
from bricks.training.lab import Lab
from bricks.training.sources import check_inputs

EXAMPLES = 8
"""Of a config's training stream: few, so that no example's gradient is lost among many."""

STEPS = (1e-4, 1e-3, 1e-5, 1e-6)
"""Lengths h, tried until one fits: long ones suffer from curvature, short ones from rounding."""

ROUNDINGS = 50
"""How many roundings of the cost, of its own size, are put down to the many operations behind it."""


class GradientCheck(NamedTuple):
    """What was found for a parameter.

    Attributes
    ----------
    parameter : shared variable
    error : float
        The greatest difference over all directions, relative to the larger of the two derivatives (but to no less than
        rounding lets one see).
    verdict : str
        `right`; `corner`, where the cost has one just there and the gradient is between the slopes of its two sides;
        or `wrong`.
    detail : str
        Which direction had that error, and both derivatives.
    """

    parameter: Variable
    error: float
    verdict: str
    detail: str


def check_gradients(
    cost: Variable,
    batch: Mapping[str, np.ndarray],
    parameters: Sequence[Variable] | None = None,
    *,
    directions: int = 2,
    entries: int = 3,
    tolerance: float = 1e-5,
    seed: int = 0,
) -> list[GradientCheck]:
    """Compare the gradient of each parameter with central differences of the cost.

    Parameters
    ----------
    cost : scalar Variable
        Of the inference graph, in float64: set `pytensor.config.floatX = "float64"` before it is built.
    batch : mapping
        Values of the inputs by name; few examples are enough.
    parameters : list of shared variables, optional
        By default those of the cost's graph with role PARAMETER.
    directions : int
        Random directions for each parameter, of length 1.
    entries : int
        Single entries for each parameter: that of the largest gradient, and random ones.
    tolerance : float
        The greatest relative error of a right gradient.
    seed : int
        Of the directions.

    Returns
    -------
    list of GradientCheck
        In the order of the parameters.

    Raises
    ------
    UsageError
        If cost or parameters are not float64, or the batch lacks an input.

    Notes
    -----
    What passes gradients that are not the cost's on purpose, such as a straight-through estimator, is wrong here.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> x, w = pt.dvector("x"), engine.shared(np.array([0.5, -1.0]), name="w")
    >>> [check] = check_gradients(((x - w) ** 2).sum(), {"x": np.array([1.0, 2.0])}, [w])
    >>> check.verdict
    'right'
    """
    cost = training_graph(cost).outputs
    graph = ComputationGraph(cost)
    parameters = graph.parameters if parameters is None else list(parameters)
    for variable in (cost, *parameters):
        if variable.type.dtype != "float64":
            raise UsageError(
                f"check_gradients: {variable.name or 'the cost'} must be float64, where differences can tell, got "
                f"{variable.type.dtype}; set pytensor.config.floatX = 'float64' before the graph is built"
            )
    inputs = check_inputs(graph.inputs, "check_gradients")
    for name in inputs:
        if name not in batch:
            raise UsageError(f"check_gradients: the batch lacks {name!r}; {nearest(name, batch)}")
    arrays = [batch[name] for name in inputs]
    gradients = engine.grad(cost, parameters, disconnected_inputs="ignore")
    cost_of = engine.function(list(inputs.values()), cost, no_default_updates=True, name="cost")
    slopes_of = engine.function(list(inputs.values()), gradients, no_default_updates=True, name="gradients")
    rng = np.random.default_rng(seed)
    checks = []
    for parameter, gradient in zip(parameters, slopes_of(*arrays), strict=True):
        with _kept(parameter) as value:
            worst = GradientCheck(parameter, 0.0, "right", "")
            for where, direction in _directions(rng, gradient, directions, entries):

                def along(length, direction=direction, parameter=parameter, value=value):
                    parameter.set_value(np.asarray(value + length * direction))
                    return float(cost_of(*arrays))

                slope = float(np.sum(gradient * direction))
                check = GradientCheck(parameter, *_compared(along, slope, where, tolerance))
                worst = max(worst, check, key=lambda check: (_SEVERITY.index(check.verdict), check.error))
        checks.append(worst)
    return checks


_SEVERITY = ("right", "corner", "wrong")


@contextlib.contextmanager
def _kept(parameter) -> Iterator[np.ndarray]:
    """Gives the parameter's value, and puts it back."""
    value = parameter.get_value()
    try:
        yield value
    finally:
        parameter.set_value(value)


def _directions(rng: np.random.Generator, gradient: np.ndarray, directions: int, entries: int):
    """(what it is called, array of length 1) for each direction."""
    shape = gradient.shape
    for i in range(directions):
        direction = rng.normal(size=shape)
        yield f"a random direction ({i + 1})", direction / np.linalg.norm(direction)
    chosen = [int(np.argmax(np.abs(gradient)))] if entries else []
    others = rng.permutation(gradient.size)
    for entry in list(dict.fromkeys([*chosen, *(int(n) for n in others[:entries])]))[:entries]:
        place = tuple(int(n) for n in np.unravel_index(entry, shape))
        direction = np.zeros(shape)
        direction[place] = 1
        yield f"entry {place}" if place else "its value", direction


def _compared(along: Callable[[float], float], slope: float, where: str, tolerance: float) -> tuple[float, str, str]:
    """(relative error, verdict, detail) of a derivative, from the cost along its direction."""
    middle, best, sides = along(0.0), (np.inf, np.nan), {}
    for h in STEPS:
        right, left = along(h), along(-h)
        numeric = (right - left) / (2 * h)
        blur = ROUNDINGS * np.finfo(float).eps * max(abs(right), abs(left), abs(middle)) / h
        error = abs(numeric - slope) / max(abs(numeric), abs(slope), blur / tolerance, np.finfo(float).tiny)
        if not np.isfinite(error):
            continue
        best = min(best, (error, numeric))
        if error <= tolerance:
            return error, "right", _said(where, slope, numeric)
        sides[h] = ((middle - left) / h, (right - middle) / h, blur)
    verdict = "corner" if _is_corner(sides, slope, tolerance) else "wrong"
    return best[0], verdict, _said(where, slope, best[1])


def _is_corner(sides: Mapping[float, tuple], slope: float, tolerance: float) -> bool:
    """Whether the slopes of the two sides differ however near one goes, and the gradient lies between them."""
    if not {STEPS[-2], STEPS[-1]} <= sides.keys():
        return False
    far, near = (abs(sides[h][1] - sides[h][0]) for h in STEPS[-2:])
    before, after, blur = sides[STEPS[-1]]
    slack = blur + tolerance * max(abs(before), abs(after))
    # Of a smooth cost the difference of the sides shrinks with h, which here is a tenth.
    return near > max(0.5 * far, 4 * slack) and min(before, after) - slack <= slope <= max(before, after) + slack


def _said(where: str, slope: float, numeric: float) -> str:
    return f"along {where} the gradient says {slope:.6g}, differences of the cost say {numeric:.6g}"


def check_config(config: Config, lab: Lab) -> int:
    """Check the gradients of a config's model, at its first parameters; print a table; the exit status.

    It is built in float64, whatever floatX is, and given `EXAMPLES` examples of its training stream.
    """
    with pytensor.config.change_flags(floatX="float64"):
        experiment = build(config, lab)
        batch, count = _few(experiment)
        cost = experiment.model.cost
        checks = check_gradients(cost, batch, list(experiment.model.parameters.values()))
    print(f"{config.name}: gradients in float64, on {count} examples, beside central differences")
    names = named_parameters([check.parameter for check in checks])
    _print_table(
        [("parameter", "shape", "relative error", "verdict")]
        + [
            (name, str(check.parameter.get_value().shape), f"{check.error:.1e}", check.verdict)
            for name, check in zip(names, checks, strict=True)
        ]
    )
    wrong = [(name, check) for name, check in zip(names, checks, strict=True) if check.verdict == "wrong"]
    for name, check in wrong:
        print(f"wrong: {name}{_brick_of(check.parameter)}: {check.detail}")
    if not wrong:
        print(f"none of the {len(checks)} gradients is wrong")
        return 0
    # What is wrong in a backward pass goes on to all that is behind it.
    order = {variable: i for i, variable in enumerate(ComputationGraph(cost).variables)}
    name, _ = max(wrong, key=lambda pair: order.get(pair[1].parameter, -1))
    print(f"{len(wrong)} of {len(checks)} gradients are wrong; look first at what is computed from {name}")
    return 1


def _few(experiment: Experiment) -> tuple[dict[str, np.ndarray], int]:
    """The beginning of the first batch that is trained on, and how many examples that is."""
    stream = experiment.streams["train"]
    batch = next(iter(stream.iterator()))
    axes = {name: stream.sources[name].batch_axis for name in batch}
    count = min(EXAMPLES, *(array.shape[axes[name]] for name, array in batch.items()))
    return {name: np.take(array, range(count), axes[name]) for name, array in batch.items()}, count


def _brick_of(parameter) -> str:
    found = [a.brick for a in annotations_of(parameter) if a.call is None]
    return f" of {found[0].path} ({type(found[0]).__name__})" if found else ""


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
