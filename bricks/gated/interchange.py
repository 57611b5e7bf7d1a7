"""Weights from elsewhere, as NumPy arrays by name: PyTorch's LSTM and GRU both ways, and Blocks' for reading.

Neither library is imported. What is read is set as a whole or, where anything does not fit, not at all.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from bricks.brick import Brick
from bricks.errors import CheckpointError, UsageError
from bricks.gated.stacks import Bidirectional, Stack
from bricks.gated.unit import GatedUnit
from bricks.gated.wiring import Neuron, Wiring
from bricks.gated.wirings import named

# In the order in which their arrays have them.
_LSTM = ("input_gate", "forget_gate", "candidate", "output_gate")
_TORCH = {
    "torch.nn.LSTM": (named("lstm"), _LSTM),
    "torch.nn.GRU": (named("gru", at="product"), ("reset_gate", "forget_gate", "candidate")),
}
_BLOCKS = {"LSTM": named("lstm_peephole"), "GatedRecurrent": named("gru", at="source")}
_PEEPHOLES = {
    "input_gate/w_cell": "W_cell_to_in",
    "forget_gate/w_cell": "W_cell_to_forget",
    "output_gate/w_new_cell": "W_cell_to_out",
}
_BLOCKS_NAMES = {
    "LSTM": ("W_state", *_PEEPHOLES.values(), "initial_state", "initial_cells", "W", "b"),
    "GatedRecurrent": (
        "state_to_state",
        "state_to_gates",
        "initial_state",
        *(f"{brick}.{parameter}" for brick in ("inputs", "gate_inputs") for parameter in "Wb"),
    ),
}


def load_torch(brick: GatedUnit | Bidirectional | Stack, arrays: Mapping) -> None:
    """Give a brick the weights of a torch.nn.LSTM or torch.nn.GRU.

    PyTorch's rows are gates, in the order i, f, g, o (g our candidate z), or r, z, n (z our forget gate f, n our
    candidate z). Its two biases are added, but for that of n, which stays inside the product that r gates.

    Parameters
    ----------
    brick : GatedUnit, Bidirectional or Stack
        Of wiring `lstm`, or of `gru` with at="product". Learned initial states become zeros, as PyTorch's are.
    arrays : mapping
        From the names of the module's `state_dict` to arrays, or to tensors:
        `weight_ih_l0` (gates * dim, input_dim), `weight_hh_l0` (gates * dim, dim), `bias_ih_l0` and `bias_hh_l0`
        (gates * dim,); `_l1` and so on in a stack, `_l0_reverse` for what runs from the end. Without biases they are
        zeros.

    Raises
    ------
    UsageError
        If PyTorch has no such module.
    CheckpointError
        If a name is missing or unknown, or a shape is another. The brick is as it was.

    >>> from bricks.gated import LSTM
    >>> unit = LSTM(input_dim=3, dim=2, seed=0)
    >>> load_torch(unit, {"weight_ih_l0": np.ones((8, 3)), "weight_hh_l0": np.ones((8, 2))})
    >>> load_torch(unit, {"weight_ih_l0": np.ones((8, 4)), "weight_hh_l0": np.ones((8, 2))})
    Traceback (most recent call last):
    bricks.errors.CheckpointError: lstm: the arrays do not fit torch.nn.LSTM: weight_ih_l0 must have shape (8, 3), \
got (8, 4); make the brick with the dimensions of the module, and give the state_dict of that module alone
    """
    module, order, units = _as_torch(brick)
    remedy = "make the brick with the dimensions of the module, and give the state_dict of that module alone"
    given = _Arrays(arrays, f"{brick.path}: the arrays do not fit {module}", remedy)
    projected = next((name for name in given.keys if name.startswith("weight_hr_")), None)
    if projected:
        raise CheckpointError(
            f"{brick.path}: {projected} projects the output of a {module} with proj_size, which no gated unit does; "
            "its weights fit none"
        )
    biased = any(name.startswith("bias_") for name in given.keys)
    new = {}
    for suffix, unit in units.items():
        rows = len(order) * unit.dim
        parts = {
            "W_input": given.take(f"weight_ih{suffix}", (rows, unit.input_dim)),
            "W_output": given.take(f"weight_hh{suffix}", (rows, unit.dim)),
            "b": given.take(f"bias_ih{suffix}", (rows,)) if biased else np.zeros(rows),
            "b_output": given.take(f"bias_hh{suffix}", (rows,)) if biased else np.zeros(rows),
        }
        parts = {name: np.split(part, len(order)) for name, part in parts.items()}
        values = {name: np.zeros(unit.dim) for name in _initial(unit)}
        for k, neuron in enumerate(order):
            of = {name: part[k].T for name, part in parts.items()}
            if f"{neuron}/b_output" not in _parameters(unit):
                of["b"] = of["b"] + of.pop("b_output")
            values |= {f"{neuron}/{name}": value for name, value in of.items()}
        new[unit] = values
    given.check()
    _set(new)


def torch_state(brick: GatedUnit | Bidirectional | Stack) -> dict[str, np.ndarray]:
    """The weights of a brick under the names that PyTorch has for them: what `load_torch` reads.

    For `module.load_state_dict({name: torch.from_numpy(array) for name, array in torch_state(unit).items()})`. Where
    PyTorch has two biases for one of ours, the second is zeros.

    Parameters
    ----------
    brick : GatedUnit, Bidirectional or Stack
        Of wiring `lstm`, or of `gru` with at="product".

    Raises
    ------
    UsageError
        If PyTorch has no such module, or an initial state is not zeros: a module has none among its weights.

    >>> from bricks.gated import GRU
    >>> {name: array.shape for name, array in torch_state(GRU(3, 2, at="product", seed=0)).items()}
    {'weight_ih_l0': (6, 3), 'weight_hh_l0': (6, 2), 'bias_ih_l0': (6,), 'bias_hh_l0': (6,)}
    """
    module, order, units = _as_torch(brick)
    state = {}
    for suffix, unit in units.items():
        values = {name: variable.get_value() for name, variable in _parameters(unit).items()}
        for name in _initial(unit):
            if values[name].any():
                raise UsageError(
                    f"{unit.path}: {name} must be zeros, since {module} has no initial states among its weights, got "
                    f"values up to {np.abs(values[name]).max():.3g}; give them to the module when it is applied, as "
                    "h_0 and c_0, and set them to zeros here"
                )
        none = np.zeros(unit.dim, unit.dtype)
        state[f"weight_ih{suffix}"] = np.concatenate([values[f"{neuron}/W_input"].T for neuron in order])
        state[f"weight_hh{suffix}"] = np.concatenate([values[f"{neuron}/W_output"].T for neuron in order])
        state[f"bias_ih{suffix}"] = np.concatenate([values[f"{neuron}/b"] for neuron in order])
        state[f"bias_hh{suffix}"] = np.concatenate([values.get(f"{neuron}/b_output", none) for neuron in order])
    return state


def load_blocks(unit: GatedUnit, arrays: Mapping) -> None:
    """Give a unit the weights of Blocks' LSTM or GatedRecurrent, and of what projected the input for it.

    Blocks had the input's matrices and all biases outside: in a Linear, or in a Fork of them. Its z (update gate) is
    1 where the candidate is taken, so that it becomes our f = 1 - z with weights and biases negated.

    Parameters
    ----------
    unit : GatedUnit
        Of wiring `lstm_peephole`, or of `gru` with at="source".
    arrays : mapping
        From Blocks' names to arrays; whatever leads to a name does not matter: `W_state`, `/lstm.W_state`,
        `|model|lstm.W_state`.

        LSTM: `W_state` (dim, 4 dim) in the order input, forget, cell, output; `W_cell_to_in`, `W_cell_to_forget`,
        `W_cell_to_out`, `initial_state`, `initial_cells` (dim,); of the projection `W` (input_dim, 4 dim) and `b`.

        GatedRecurrent: `state_to_state` (dim, dim), `state_to_gates` (dim, 2 dim) with the update gate first,
        `initial_state` (dim,); of the projections `inputs.W` (input_dim, dim), `inputs.b`, `gate_inputs.W`
        (input_dim, 2 dim), `gate_inputs.b`, also as a Fork calls them: `/fork/fork_inputs.W`.

        A projection without `b` has zeros.

    Raises
    ------
    UsageError
        If Blocks has no such brick.
    CheckpointError
        If a name is missing, unknown or there twice, or a shape is another. The unit is as it was.

    >>> from bricks.gated import GRU
    >>> zeros = {"/gru.state_to_state": np.zeros((2, 2)), "/gru.state_to_gates": np.zeros((2, 4))}
    >>> zeros |= {"/gru.initial_state": np.zeros(2), "/fork/fork_inputs.W": np.zeros((3, 2))}
    >>> load_blocks(GRU(3, 2, seed=0), zeros | {"/fork/fork_gate_inputs.W": np.zeros((3, 4))})
    """
    kind = _kind_of(unit, _BLOCKS, "Blocks has LSTM (wiring lstm_peephole) and GatedRecurrent (gru with at='source')")
    known = _BLOCKS_NAMES[kind]
    remedy = f"give {', '.join(known)}, of this unit and of what projected the input for it, and nothing else"
    given = _Arrays(arrays, f"{unit.path}: the arrays do not fit Blocks' {kind}", remedy, _end_among(known))
    values = (_blocks_lstm if kind == "LSTM" else _blocks_gru)(given, unit.input_dim, unit.dim)
    for name in [name for name in values if name not in _parameters(unit)]:  # initial states that are not learned
        if values.pop(name).any():
            given.problems.append(f"{name} must be zeros for a unit with learned_initial=False, got others")
    given.check()
    _set({unit: values})


def _blocks_lstm(given: "_Arrays", input_dim: int, dim: int) -> dict[str, np.ndarray]:
    parts = {
        "W_output": given.take("W_state", (dim, 4 * dim)),
        "W_input": given.take("W", (input_dim, 4 * dim)),
        "b": given.take("b", (4 * dim,), optional=True),
    }
    values = {
        f"{neuron}/{name}": part
        for name, whole in parts.items()
        for neuron, part in zip(_LSTM, np.split(whole, 4, axis=-1), strict=True)
    }
    values |= {name: given.take(theirs, (dim,)) for name, theirs in _PEEPHOLES.items()}
    values["initial/output"] = given.take("initial_state", (dim,))
    values["initial/cell"] = given.take("initial_cells", (dim,))
    return values


def _blocks_gru(given: "_Arrays", input_dim: int, dim: int) -> dict[str, np.ndarray]:
    values = {
        "candidate/W_output": given.take("state_to_state", (dim, dim)),
        "candidate/W_input": given.take("inputs.W", (input_dim, dim)),
        "candidate/b": given.take("inputs.b", (dim,), optional=True),
        "initial/output": given.take("initial_state", (dim,)),
    }
    gates = {
        "W_output": given.take("state_to_gates", (dim, 2 * dim)),
        "W_input": given.take("gate_inputs.W", (input_dim, 2 * dim)),
        "b": given.take("gate_inputs.b", (2 * dim,), optional=True),
    }
    for name, whole in gates.items():
        update, values[f"reset_gate/{name}"] = np.split(whole, 2, axis=-1)
        values[f"forget_gate/{name}"] = -update
    return values


class _Arrays:
    """Arrays that were given, each to be taken once; all that is wrong with them is told together.

    Parameters
    ----------
    arrays : mapping
    what, remedy : str
        Begin and end the error.
    name_of : callable
        From a key to the name that it is taken by.
    """

    def __init__(self, arrays: Mapping, what: str, remedy: str, name_of: Callable[[str], str] = str):
        if not isinstance(arrays, Mapping):
            raise UsageError(f"{what}: they must be a mapping from names to arrays, got {type(arrays).__name__}")
        self.what, self.remedy, self.problems = what, remedy, []
        self._arrays, self.keys, self._taken = arrays, {}, set()
        for key in arrays:
            name = name_of(str(key))
            if name in self.keys:
                self.problems.append(f"{name} is there twice, as {self.keys[name]} and {key}")
            self.keys[name] = key

    def take(self, name: str, shape: tuple[int, ...], optional: bool = False) -> np.ndarray:
        """The array in float64; zeros where it is optional and not there, or where something is wrong."""
        self._taken.add(name)
        if name in self.keys:
            key = self.keys[name]
            try:
                value = _array(self._arrays[key])
            except (TypeError, ValueError, RuntimeError) as error:
                self.problems.append(f"{key} can't be read as an array ({error})")
            else:
                if value.shape == shape and np.can_cast(value.dtype, "float64", "same_kind"):
                    return value.astype("float64")
                wrong = value.shape != shape
                must = f"have shape {shape}, got {value.shape}" if wrong else f"be of real numbers, got {value.dtype}"
                self.problems.append(f"{key} must {must}")
        elif not optional:
            self.problems.append(f"{name} is missing")
        return np.zeros(shape)

    def check(self) -> None:
        """Raises CheckpointError if anything is wrong, or was not taken."""
        self.problems += [f"{key} is unknown" for name, key in self.keys.items() if name not in self._taken]
        if self.problems:
            raise CheckpointError(f"{self.what}: {'; '.join(self.problems)}; {self.remedy}")


def _array(value) -> np.ndarray:
    """Also of a tensor of PyTorch's that is on a GPU, or that is trained."""
    for method in ("detach", "cpu"):
        value = getattr(value, method)() if hasattr(value, method) else value
    return np.asarray(value)


def _end_among(known: tuple[str, ...]) -> Callable[[str], str]:
    """From Blocks' paths to the known names that they end in; others stay as they are."""

    def name_of(key: str) -> str:
        *_, brick, parameter = ["", *re.split(r"[/|.]", key)]
        for end in ("gate_inputs", "inputs"):
            if brick.endswith(end):
                parameter = f"{end}.{parameter}" if f"{end}.{parameter}" in known else parameter
                break
        return parameter if parameter in known else key

    return name_of


def _as_torch(brick) -> tuple[str, tuple[str, ...], dict[str, GatedUnit]]:
    """The module that a brick is in PyTorch, the order of its neurons there, and units by the ends of their names."""
    layers = brick.units if isinstance(brick, Stack) else (brick,)
    if isinstance(brick, Stack) and brick.skip:
        raise UsageError(f"{brick.path}: PyTorch's stacks have no skip connections, got skip=True")
    units = {}
    for k, layer in enumerate(layers):
        both = isinstance(layer, Bidirectional)
        units |= {f"_l{k}": layer.forward, f"_l{k}_reverse": layer.backward} if both else {f"_l{k}": layer}
    has = "PyTorch has LSTM (wiring lstm) and GRU (gru with at='product')"
    wirings = {module: wiring for module, (wiring, _) in _TORCH.items()}
    modules = {_kind_of(unit, wirings, has) for unit in units.values()}
    dims, ways = {unit.dim for unit in units.values()}, {isinstance(layer, Bidirectional) for layer in layers}
    if max(len(modules), len(dims), len(ways)) > 1:
        shown = ", ".join(f"{unit.path} ({unit.wiring.name}, dim={unit.dim})" for unit in units.values())
        raise UsageError(
            f"{brick.path}: PyTorch's stacks have one kind of unit, one dim, and one way or both ways in all layers, "
            f"got {shown}; take the units one by one"
        )
    if len(set(units.values())) < len(units):
        raise UsageError(f"{brick.path}: each layer and direction must have weights of its own, got one unit twice")
    (module,) = modules
    return module, _TORCH[module][1], units


def _kind_of(unit, kinds: Mapping[str, Wiring], has: str) -> str:
    """Which of these wirings a unit has."""
    if not isinstance(unit, GatedUnit):
        who = unit.path if isinstance(unit, Brick) else "interchange"
        raise UsageError(f"{who}: weights go to a gated unit, got {type(unit).__name__}")
    if unit.normalization is not None:
        raise UsageError(f"{unit.path}: {has}, neither with layer normalisation, got {unit.normalization!r}")
    own = _essence(unit.wiring)
    differences = {}
    for kind, wiring in kinds.items():
        other = _essence(wiring)
        differences[kind] = sorted(part for part in own.keys() | other.keys() if own.get(part) != other.get(part))
    kind = min(differences, key=lambda kind: len(differences[kind]))
    if differences[kind]:
        raise UsageError(
            f"{unit.path}: {has}, got wiring {unit.wiring.name}, which is not {kind}'s in "
            f"{', '.join(differences[kind])}"
        )
    return kind


def _essence(wiring: Wiring) -> dict:
    """What a wiring's equations depend on: neither its name, nor first values, nor the order of what is added up."""
    parts = {f"the {place}": wiring.acting(place) for place in ("dendrite", "body", "axon")}
    parts |= {"the cell's past": wiring.body is not None, "psi": wiring.squash, "sequences": dict(wiring.sequences)}
    for name, neuron in wiring.neurons.items():
        if isinstance(neuron, Neuron):
            sees = sorted((replace(c, init=None) for c in neuron.sees), key=lambda c: (c.source, c.kind))
            neuron = replace(neuron, sees=tuple(sees), bias=None if neuron.bias is None else 0.0)
        parts[name] = neuron
    return parts


def _parameters(unit: GatedUnit) -> dict:
    """By their paths relative to the unit."""
    return {path[len(unit.path) + 1 :]: variable for path, variable in unit.all_parameters().items()}


def _initial(unit: GatedUnit) -> list[str]:
    return [name for name in _parameters(unit) if name.startswith("initial/")]


def _set(new: Mapping[GatedUnit, Mapping[str, np.ndarray]]) -> None:
    for unit, values in new.items():
        variables = _parameters(unit)
        assert values.keys() == variables.keys()
        for name, value in values.items():
            variables[name].set_value(value.astype(variables[name].type.dtype))
