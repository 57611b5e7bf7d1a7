"""What a unit is given, checked: sequences and their widths, masks, first states, clamps."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.traversal import graph_inputs
from pytensor.raise_op import CheckAndRaise

from bricks.errors import ShapeError, UsageError, nearest
from bricks.gated.wiring import Neuron, Wiring
from bricks.layers.checks import check_columns, check_dim, check_float, check_ndim

_LAYOUT = {3: "(time, batch, {})", 2: "(batch, {})"}


def with_widths(unit, wiring: Wiring, widths: Mapping[str, int]) -> tuple[Wiring, dict[str, int]]:
    """The wiring with what stands in for sequences that have no width, and the widths of the others."""
    for name in widths:
        if name not in wiring.sequences:
            raise UsageError(f"{unit.path}: sequences has {name!r}; {nearest(name, wiring.sequences)}")
    found, stand_ins = {}, {}
    for name, stand_in in wiring.sequences.items():
        if name in widths:
            found[name] = check_dim(unit, f"sequences[{name!r}]", widths[name])
        elif stand_in is None:
            raise UsageError(
                f"{unit.path}: needs the sequence {name!r}; say how many features it has: sequences={{{name!r}: ...}}"
            )
        else:
            stand_ins[name] = stand_in
    if not stand_ins:
        return wiring, found
    neurons = {}
    for name, neuron in wiring.neurons.items():
        if isinstance(neuron, Neuron):
            sees = {}
            for connection in neuron.sees:
                source = stand_ins.get(connection.source, connection.source)
                sees.setdefault(source, replace(connection, source=source))
            neuron = replace(neuron, sees=tuple(sees.values()))
        neurons[name] = neuron
    kept = {name: None for name in found}
    return replace(wiring, neurons=neurons, sequences=kept), found


def sequences(unit, given: Mapping, ndim: int) -> dict[str, Variable]:
    """Every sequence that the unit has, with the right axes."""
    widths = {"input": unit.input_dim, **unit.sequences}
    for name in given:
        if name not in widths:
            raise UsageError(f"{unit.path}: has no input sequence {name!r}; {nearest(name, widths)}")
    found = {}
    for name, width in widths.items():
        if name not in given:
            raise UsageError(
                f"{unit.path}: needs the sequence {name!r}, of shape {_LAYOUT[ndim].format(width)}; it got "
                f"{', '.join(given)}"
            )
        what = "input_dim" if name == "input" else f"the width of {name}"
        check_float(unit, given[name], unit.dtype, name)
        check_ndim(unit, given[name], ndim, _LAYOUT[ndim].format(what), name=name)
        check_columns(unit, given[name], width, what, name)
        own = name == "input"
        lead = tuple(given[name].type.shape[k] if own else length(given["input"], k) for k in range(ndim - 1))
        lead = tuple(given[name].shape[k] if n is None else n for k, n in enumerate(lead))
        must = f"have {width} features ({what}={width})"
        must = must if own else f"have as many steps and examples as the input, and {width} features"
        found[name] = shaped(
            unit, name, given[name], (*lead, width), must, f"; the input has {given['input'].type.shape}"
        )
    return found


def length(variable, axis: int):
    """An axis's length: a number where it is known."""
    known = variable.type.shape[axis]
    return variable.shape[axis] if known is None else int(known)


def shaped(unit, what: str, value, lengths: tuple, must: str, beside: str = ""):
    """`value`, if its shape is `lengths`: checked now as far as both are known, and else when the graph runs."""
    known = list(zip(value.type.shape, lengths, strict=True))
    message = f"{unit.path}: {what} must {must}"
    if any(a != b for a, b in known if isinstance(a, int) and isinstance(b, int)):
        raise ShapeError(f"{message}, got shape {value.type.shape}{beside}")
    unknown = [k for k, (a, b) in enumerate(known) if not (isinstance(a, int) and isinstance(b, int))]
    conditions = [pt.eq(value.shape[k], lengths[k]) for k in unknown]
    return CheckAndRaise(ShapeError, message)(value, *conditions) if conditions else value


def mask(unit, given, input_):
    """(time, batch), as the input has."""
    if given is None:
        return None
    given = pt.as_tensor_variable(given)
    if given.type.ndim != 2:
        raise ShapeError(
            f"{unit.path}: mask must have 2 axes (time, batch), got shape {given.type.shape}; "
            f"the input has {input_.type.shape}"
        )
    lead = (length(input_, 0), length(input_, 1))
    must = "have as many steps and examples as the input"
    return shaped(unit, "mask", given, lead, must, f"; the input has {input_.type.shape}")


def awake(given, dtype: str):
    """(time, batch, 1): 1 where a mask is above 0, else 0."""
    return None if given is None else pt.gt(given, 0).astype(dtype)[:, :, None]


def initial(unit, given: Mapping | None, batch) -> dict[str, Variable]:
    """First states by name, (dim,) or (batch, dim)."""
    given = {} if given is None else given
    if not isinstance(given, Mapping):
        raise UsageError(f"{unit.path}: initial must be a dict from states to values; {nearest('', unit.states)}")
    found = {}
    for name, value in given.items():
        name = "output" if name == "cell" and "cell" not in unit.states else name
        if name in found:
            raise UsageError(f"{unit.path}: has one state, h = c: initial must give it once, got {', '.join(given)}")
        if name not in unit.states:
            raise UsageError(f"{unit.path}: initial has {name!r}; {nearest(name, unit.states)}")
        found[name] = _fitted(unit, f"initial {name}", value, (1, 2), (batch,))
    return found


def states(unit, given: Mapping, batch) -> dict[str, Variable]:
    """All states of a single step, (batch, dim) each."""
    names = ", ".join(given) or "none" if isinstance(given, Mapping) else repr(given)
    if not isinstance(given, Mapping) or set(given) != set(unit.states):
        raise UsageError(
            f"{unit.path}: step needs the states {', '.join(unit.states)}, got {names}; begin with unit.initial(batch)"
        )
    return {name: _fitted(unit, f"state {name}", given[name], (2,), (batch,)) for name in unit.states}


def clamp(unit, given: Mapping | None, lead: tuple) -> dict[str, Variable]:
    """Values that neurons are held at, by name: (dim,), (batch, dim) or (time, batch, dim)."""
    if given is not None and not isinstance(given, Mapping):
        raise UsageError(f"{unit.path}: clamp must be a dict from neurons to values, got {given!r}")
    found = {}
    for name, value in (given or {}).items():
        if name not in unit.wiring.neurons:
            raise UsageError(f"{unit.path}: clamp has {name!r}; {nearest(name, unit.wiring.neurons)}")
        found[name] = _fitted(unit, f"clamp of {name}", value, tuple(range(len(lead) + 2)), lead)
        if found[name].type.ndim == 0:
            found[name] = pt.alloc(found[name], unit.dim)
    return found


def nudge(unit, given: Mapping | None, lead: tuple) -> dict[str, Variable]:
    """What is added to states or neurons, (time, batch, dim)."""
    for name in given or {}:
        if name not in (*unit.states, *unit.wiring.neurons):
            known = [*unit.states, *unit.wiring.neurons]
            raise UsageError(f"{unit.path}: nudge has {name!r}; {nearest(name, known)}")
    return {
        name: _fitted(unit, f"nudge of {name}", value, (len(lead) + 1,), lead) for name, value in (given or {}).items()
    }


def _fitted(unit, what: str, value, axes: tuple[int, ...], lead: tuple) -> Variable:
    """A symbolic variable of the unit's dtype, (..., dim), whose axes before the last are the last ones of `lead`."""
    if not isinstance(value, Variable):
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise UsageError(f"{unit.path}: {what} must be a number or an array of numbers, got {value!r}")
        value = pt.as_tensor_variable(array.astype(unit.dtype))
    n = value.type.ndim
    if n not in axes or (n and value.type.shape[-1] not in (None, unit.dim)):
        layouts = [
            ("a number", f"({unit.dim},)", f"(batch, {unit.dim})", f"(time, batch, {unit.dim})")[n] for n in axes
        ]
        raise ShapeError(f"{unit.path}: {what} must be {' or '.join(layouts)}, got shape {value.type.shape}")
    if all(isinstance(v, Constant) for v in graph_inputs([value])):
        value = value.astype(unit.dtype)  # an array; applying a brick has made a variable of it, of its dtype
    if value.type.dtype != unit.dtype:
        raise UsageError(f"{unit.path}: {what} must be {unit.dtype}, got {value.type.dtype}; cast it with .astype")
    if n < 2:
        return value
    lengths = (*lead[len(lead) - n + 1 :], unit.dim)
    layout = "(time, batch, dim)" if n == 3 else "(batch, dim)"
    shown = ", ".join(str(m) if isinstance(m, int) else "?" for m in lengths)
    return shaped(unit, what, value, lengths, f"be {layout}, as the input is: ({shown})")
