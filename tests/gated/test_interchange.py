"""Weights from PyTorch and Blocks make our units compute what those did."""

import re
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import bricks
from bricks.errors import CheckpointError, UsageError
from bricks.gated import (
    GRU,
    LSTM,
    Bidirectional,
    GatedUnit,
    Stack,
    build,
    layered,
    load_blocks,
    load_torch,
    torch_state,
)
from bricks.layers import Linear

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.npz"))
ORDER = {"lstm": ("input_gate", "forget_gate", "candidate", "output_gate")}
ORDER["gru"] = ("reset_gate", "forget_gate", "candidate")
WIRING = {"lstm": "lstm", "gru": {"like": "gru", "at": "product"}}


def floats(dtype):
    return pytensor.config.change_flags(floatX=dtype)


def parameters(brick):
    return {path[len(brick.path) + 1 :]: v for path, v in brick.all_parameters().items()}


def values_of(brick):
    return {path: v.get_value() for path, v in parameters(brick).items()}


def randomised(brick, seed=0):
    rng = np.random.default_rng(seed)
    for path, variable in parameters(brick).items():
        value = rng.normal(0, 0.5, variable.type.shape) * ("initial/" not in path)
        variable.set_value(value.astype(variable.type.dtype))
    return brick


def weights_of(golden):
    return {name: value for name, value in golden.items() if name.startswith(("weight_", "bias_"))}


def loaded(golden, kind, dtype="float64"):
    """Our brick with a golden file's weights; its dimensions are read off their shapes."""
    weights = weights_of(golden)
    dim, input_dim = weights["weight_hh_l0"].shape[1], weights["weight_ih_l0"].shape[1]
    layers = 1 + max(int(name[len("weight_hh_l")]) for name in weights if name.startswith("weight_hh_l"))
    with floats(dtype):
        brick = layered(WIRING[kind], input_dim, dim, layers, "weight_hh_l0_reverse" in weights, seed=1)
        randomised(brick)
        load_torch(brick, weights)
    return brick


def units_of(brick):
    """Units in PyTorch's order, with the ends of PyTorch's names and the beginnings of the trace's."""
    for k, layer in enumerate(brick.units if isinstance(brick, Stack) else [brick]):
        begin = f"{layer.name}." if isinstance(brick, Stack) else ""
        if isinstance(layer, Bidirectional):
            yield layer.forward, f"_l{k}", f"{begin}forward."
            yield layer.backward, f"_l{k}_reverse", f"{begin}backward."
        else:
            yield layer, f"_l{k}", begin


def as_torch(brick, kind, values):
    """Gradients by our variables, under PyTorch's names: each of its two biases has that of their sum."""
    arranged = {}
    for unit, suffix, _ in units_of(brick):
        own = {path: values[variable] for path, variable in parameters(unit).items()}
        for name, theirs in {"W_input": "weight_ih", "W_output": "weight_hh", "b": "bias_ih"}.items():
            arranged[theirs + suffix] = np.concatenate([own[f"{n}/{name}"].T for n in ORDER[kind]])
        second = [own.get(f"{n}/b_output", own[f"{n}/b"]) for n in ORDER[kind]]
        arranged[f"bias_hh{suffix}"] = np.concatenate(second)
    return arranged


def differences(golden, kind, dtype="float64"):
    """How far our outputs, last states and gradients are from PyTorch's, by name."""
    brick = loaded(golden, kind, dtype)
    with floats(dtype):
        x = pt.tensor("x", shape=golden["input"].shape, dtype=dtype)
        trace = brick(x)
        begins = [begin for _, _, begin in units_of(brick)]
        got = {"output": trace.output, "h_n": pt.stack([trace[f"{b}final_output"] for b in begins])}
        if kind == "lstm":
            got["c_n"] = pt.stack([trace[f"{b}final_cell"] for b in begins])
        cost = sum((value**2).sum() for value in got.values())
        wrt = [x, *(v for path, v in parameters(brick).items() if "initial/" not in path)]
        f = bricks.function([x], [*got.values(), *bricks.grad(cost, wrt)])
    values = f(golden["input"])
    gradients = dict(zip(wrt, values[len(got) :], strict=True))
    zeros = {v: np.zeros(v.type.shape) for v in parameters(brick).values()}
    computed = dict(zip(got, values, strict=False)) | {"grad/input": gradients[x]}
    computed |= {f"grad/{name}": value for name, value in as_torch(brick, kind, zeros | gradients).items()}
    assert computed.keys() == golden.keys() - weights_of(golden).keys() - {"input"}
    assert all(computed[name].shape == golden[name].shape for name in computed)
    assert all(value.dtype == dtype for value in values)
    return {name: np.abs(value - golden[name]).max() for name, value in computed.items()}


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_with_pytorchs_weights_outputs_states_and_gradients_are_pytorchs(path):
    far = differences(dict(np.load(path)), path.stem.split("_")[0])
    assert max(far.values()) < 1e-10, far


def test_there_are_golden_files():
    assert [path.stem for path in GOLDEN] == ["gru", "lstm", "lstm_two_layers_both_ways"]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_pytorchs_weights_come_back_as_they_were_and_its_two_biases_as_their_sum(path):
    golden, kind = dict(np.load(path)), path.stem.split("_")[0]
    state, weights = torch_state(loaded(golden, kind)), weights_of(golden)
    assert list(state) == list(weights)
    for name, value in weights.items():
        if name.startswith("weight_"):
            np.testing.assert_array_equal(state[name], value)
        elif name.startswith("bias_ih"):
            second = name.replace("_ih", "_hh")
            total, kept = value + weights[second], 0 * value
            if kind == "gru":  # the new gate's second bias is inside the product that the reset gate gates
                dim = len(value) // 3
                total[2 * dim :], kept[2 * dim :] = value[2 * dim :], weights[second][2 * dim :]
            np.testing.assert_array_equal(state[name], total)
            np.testing.assert_array_equal(state[second], kept)


@pytest.mark.parametrize("kind", WIRING)
@pytest.mark.parametrize(("layers", "both"), [(1, False), (1, True), (3, False), (2, True)])
def test_what_torch_state_gives_load_torch_reads_exactly(kind, layers, both):
    one, other = (layered(WIRING[kind], 3, 4, layers, both, seed=seed) for seed in (1, 2))
    load_torch(other, torch_state(randomised(one)))
    for path, value in values_of(one).items():
        np.testing.assert_array_equal(value, values_of(other)[path], err_msg=path)
        assert values_of(other)[path].dtype == "float32"


def test_a_module_without_biases_gives_biases_of_zero():
    unit = randomised(GRU(3, 4, at="product", seed=1))
    weights = {name: value for name, value in torch_state(unit).items() if name.startswith("weight_")}
    load_torch(unit, weights)
    biases = [value for path, value in values_of(unit).items() if re.search(r"/b(_output)?$", path)]
    assert len(biases) == 4 and not any(value.any() for value in biases)


def test_loading_sets_learned_initial_states_to_zeros_and_writing_refuses_others():
    unit = randomised(LSTM(3, 4, seed=1))
    state = torch_state(unit)
    parameters(unit)["initial/cell"].set_value(np.full(4, 0.25, "float32"))
    with pytest.raises(UsageError, match=r"lstm: initial/cell must be zeros, .* got values up to 0\.25; .*c_0"):
        torch_state(unit)
    load_torch(unit, state)
    assert not values_of(unit)["initial/cell"].any()
    fixed = LSTM(3, 4, learned_initial=False, seed=1)
    load_torch(fixed, state)
    assert torch_state(fixed).keys() == state.keys()


class Tensor:
    """What numpy.asarray does to a tensor that is trained and on a GPU: refuse, until detached and on the CPU."""

    def __init__(self, value, ready=0):
        self.value, self.ready = value, ready

    def detach(self):
        return Tensor(self.value, self.ready + 1)

    def cpu(self):
        return Tensor(self.value, self.ready + 1)

    def __array__(self, dtype=None, copy=None):
        if self.ready < 2:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        return self.value


def test_values_may_be_tensors():
    one, other = LSTM(3, 4, seed=1), LSTM(3, 4, seed=2)
    load_torch(other, {name: Tensor(value) for name, value in torch_state(one).items()})
    np.testing.assert_array_equal(torch_state(one)["weight_ih_l0"], torch_state(other)["weight_ih_l0"])


def test_a_state_dict_goes_to_pytorch_and_back():
    torch = pytest.importorskip("torch")
    one, other = (layered("lstm", 3, 4, 2, True, seed=seed) for seed in (1, 2))
    module = torch.nn.LSTM(3, 4, 2, bidirectional=True)
    module.load_state_dict({name: torch.from_numpy(array) for name, array in torch_state(one).items()})
    load_torch(other, dict(module.named_parameters()))
    assert all((value == values_of(other)[path]).all() for path, value in values_of(one).items())


STILL_AN_LSTM = {
    "name": lambda: GatedUnit({"like": "lstm", "name": "mine"}, 3, 4),
    "order of what is seen": lambda: GatedUnit(
        {"like": "lstm", "neurons": {"output_gate": {"sees": ["output", "input"]}}}, 3, 4
    ),
    "first biases": lambda: LSTM(3, 4, forget_bias=5.0, chrono=10),
    "first weights": lambda: GatedUnit(
        {"like": "lstm", "neurons": {"output_gate": {"sees": {"input": "dense", "output": {"init": 0.1}}}}}, 3, 4
    ),
    "noise": lambda: LSTM(3, 4, zoneout=0.1, recurrent_dropout=0.2),
}


@pytest.mark.parametrize("what", STILL_AN_LSTM)
def test_what_is_no_part_of_the_equations_may_be_another(what):
    unit, other = STILL_AN_LSTM[what](), LSTM(3, 4, seed=2)
    load_torch(other, torch_state(unit))
    assert all((value == values_of(other)[path]).all() for path, value in values_of(unit).items())


TORCH_HAS_NO = {
    r"janet: PyTorch has LSTM .* GRU .*, got wiring janet": lambda: build("janet", 3, 4),
    r"gru: .*at='product'\), got wiring gru, which is not torch\.nn\.GRU's in candidate$": lambda: GRU(3, 4),
    r"lstm: .* not torch\.nn\.LSTM's in forget_gate, input_gate, output_gate$": lambda: LSTM(3, 4, peepholes=True),
    r"not torch\.nn\.LSTM's in psi$": lambda: build("lstm_no_output_activation", 3, 4),
    r"layer normalisation, got 'joint'": lambda: LSTM(3, 4, layer_normalization="joint"),
    r"linear: weights go to a gated unit, got Linear": lambda: Linear(3, 4),
    r"interchange: weights go to a gated unit, got NoneType": lambda: None,
    r"stack: .* one dim, .* got stack/lstm \(lstm, dim=4\), stack/lstm_1 \(lstm, dim=5\)": lambda: Stack(
        [LSTM(3, 4), LSTM(4, 5)]
    ),
    r"stack: PyTorch's stacks have no skip connections": lambda: layered("lstm", 3, 4, 2, skip=True),
    r"stack: .* one kind of unit": lambda: Stack([LSTM(3, 4), GRU(4, 4, at="product")]),
    r"stack: .* one way or both ways": lambda: Stack([Bidirectional(LSTM(3, 4), LSTM(3, 4)), LSTM(8, 4)]),
    r"weights go to a gated unit, got Stack": lambda: Stack([Stack([LSTM(3, 4)]), LSTM(4, 4)]),
}


@pytest.mark.parametrize("message", TORCH_HAS_NO)
def test_a_brick_that_pytorch_does_not_have_is_refused_both_ways(message):
    brick = TORCH_HAS_NO[message]()
    for attempt in (lambda: torch_state(brick), lambda: load_torch(brick, {})):
        with pytest.raises(UsageError, match=message):
            attempt()


def test_one_unit_in_two_places_is_refused():
    unit = LSTM(4, 4, seed=1)
    with pytest.raises(UsageError, match="weights of its own"):
        torch_state(Stack([unit, unit]))


def changed(name, value):
    return lambda arrays: arrays | {name: value}


def without(name):
    return lambda arrays: {key: value for key, value in arrays.items() if key != name}


NOT_OF_TORCH = {
    r"lstm: the arrays do not fit torch\.nn\.LSTM: weight_hh_l0 is missing; ": without("weight_hh_l0"),
    r"bias_hh_l0 is missing; ": without("bias_hh_l0"),
    r"weight_ih_l0 must have shape \(16, 3\), got \(16, 5\); ": changed("weight_ih_l0", np.zeros((16, 5))),
    r"bias_ih_l0 must have shape \(16,\), got \(12,\); ": changed("bias_ih_l0", np.zeros(12)),
    r"weight_ih_l1 is unknown; ": changed("weight_ih_l1", np.zeros((16, 4))),
    r"weight_hh_l0_reverse is unknown; ": changed("weight_hh_l0_reverse", np.zeros((16, 4))),
    r"lstm: weight_hr_l0 projects the output .* proj_size": changed("weight_hr_l0", np.zeros((2, 4))),
    r"bias_ih_l0 must be of real numbers, got complex128": changed("bias_ih_l0", np.zeros(16, complex)),
    r"bias_ih_l0 must be of real numbers, got <U1": changed("bias_ih_l0", np.full(16, "a")),
    r"bias_ih_l0 can't be read as an array": changed("bias_ih_l0", [[1, 2], [3]]),
    r"weight_ih_l0 must have .*; weight_hh_l0 is missing; .*more is unknown; .*that module alone": lambda arrays: {
        **without("weight_hh_l0")(arrays),
        "weight_ih_l0": 0,
        "more": 0,
    },
}


@pytest.mark.parametrize("message", NOT_OF_TORCH)
def test_arrays_that_do_not_fit_are_named_and_nothing_is_set(message):
    unit = randomised(LSTM(3, 4, seed=1))
    before = values_of(unit)
    arrays = NOT_OF_TORCH[message]({name: value + 1 for name, value in torch_state(unit).items()})
    with pytest.raises(CheckpointError, match=message):
        load_torch(unit, arrays)
    for path, value in values_of(unit).items():
        np.testing.assert_array_equal(value, before[path])


def test_where_the_last_layer_does_not_fit_the_first_is_not_set_either():
    stack = randomised(layered("lstm", 3, 4, 2, True, seed=1))
    before, arrays = values_of(stack), {name: value + 1 for name, value in torch_state(stack).items()}
    with pytest.raises(CheckpointError, match=r"bias_hh_l1_reverse must have shape \(16,\), got \(1,\); "):
        load_torch(stack, arrays | {"bias_hh_l1_reverse": np.zeros(1)})
    assert all((value == before[path]).all() for path, value in values_of(stack).items())


def test_arrays_must_be_a_mapping():
    with pytest.raises(UsageError, match="must be a mapping from names to arrays, got list"):
        load_torch(LSTM(3, 4), [np.zeros(3)])


# Blocks: its equations as the notes have them, with its own arrays.

TIME, BATCH, INPUT, DIM = 4, 2, 3, 5


def sigma(a):
    return 1 / (1 + np.exp(-a))


def blocks_arrays(seed=3, **shapes):
    rng = np.random.default_rng(seed)
    return {name: rng.normal(0, 0.5, shape) for name, shape in shapes.items()}


def blocks_lstm_arrays():
    peepholes = dict.fromkeys(("W_cell_to_in", "W_cell_to_forget", "W_cell_to_out"), (DIM,))
    initial = dict.fromkeys(("initial_state", "initial_cells"), (DIM,))
    return blocks_arrays(W_state=(DIM, 4 * DIM), **peepholes, **initial, W=(INPUT, 4 * DIM), b=(4 * DIM,))


def blocks_gru_arrays():
    own = {"state_to_state": (DIM, DIM), "state_to_gates": (DIM, 2 * DIM), "initial_state": (DIM,)}
    inputs = {"inputs.W": (INPUT, DIM), "inputs.b": (DIM,)}
    return blocks_arrays(**own, **inputs, **{"gate_inputs.W": (INPUT, 2 * DIM), "gate_inputs.b": (2 * DIM,)})


def blocks_lstm(p, x):
    h, c = (np.tile(p[name], (BATCH, 1)) for name in ("initial_state", "initial_cells"))
    outputs, cells = [], []
    for row in x @ p["W"] + p.get("b", 0):
        a = h @ p["W_state"] + row
        a_i, a_f, a_c, a_o = (a[:, k * DIM : (k + 1) * DIM] for k in range(4))
        i = sigma(a_i + c * p["W_cell_to_in"])
        f = sigma(a_f + c * p["W_cell_to_forget"])
        c = f * c + i * np.tanh(a_c)
        o = sigma(a_o + c * p["W_cell_to_out"])
        h = o * np.tanh(c)
        outputs.append(h)
        cells.append(c)
    return np.stack(outputs), np.stack(cells)


def blocks_gru(p, x):
    h, outputs = np.tile(p["initial_state"], (BATCH, 1)), []
    inputs = x @ p["inputs.W"] + p.get("inputs.b", 0)
    gate_inputs = x @ p["gate_inputs.W"] + p.get("gate_inputs.b", 0)
    for row, gate_row in zip(inputs, gate_inputs, strict=True):
        gates = sigma(h @ p["state_to_gates"] + gate_row)
        z, r = gates[:, :DIM], gates[:, DIM:]
        candidate = np.tanh((h * r) @ p["state_to_state"] + row)
        h = candidate * z + h * (1 - z)
        outputs.append(h)
    return np.stack(outputs), np.stack(outputs)


BLOCKS = {
    "LSTM": (blocks_lstm, blocks_lstm_arrays, lambda **how: build("lstm_peephole", INPUT, DIM, seed=1, **how)),
    "GatedRecurrent": (blocks_gru, blocks_gru_arrays, lambda **how: GRU(INPUT, DIM, seed=1, **how)),
}


def applied(unit, x):
    with floats("float64"):
        symbol = pt.tensor("x", shape=x.shape, dtype="float64")
        trace = unit(symbol)
        return bricks.function([symbol], [trace.output, trace.cell])(x)


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("kind", BLOCKS)
def test_with_blocks_weights_a_unit_computes_what_blocks_did(kind, biased):
    equations, arrays, unit_of = BLOCKS[kind]
    arrays = {name: value for name, value in arrays().items() if biased or name.split(".")[-1] != "b"}
    with floats("float64"):
        unit = randomised(unit_of())
        load_blocks(unit, arrays)
    x = np.random.default_rng(5).normal(size=(TIME, BATCH, INPUT))
    for got, wanted in zip(applied(unit, x), equations(arrays, x), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-12)


PATHS = {
    "LSTM": [
        lambda name: f"/fork/fork_inputs.{name}" if name in "Wb" else f"/lstm.{name}",
        lambda name: f"|model|x_to_h.{name}" if name in "Wb" else f"|model|lstm#1.{name}",
        lambda name: f"x_to_h/{name}" if name in "Wb" else f"lstm/{name}",
    ],
    "GatedRecurrent": [
        lambda name: f"/model/fork/fork_{name}" if "." in name else f"/model/gatedrecurrent.{name}",
        lambda name: f"|fork|{name}" if "." in name else f"|gru.{name}",
    ],
}


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, paths in PATHS.items() for path in paths])
def test_blocks_paths_do_not_matter(kind, path):
    _, arrays, unit_of = BLOCKS[kind]
    one, other = unit_of(), unit_of()
    load_blocks(one, arrays())
    load_blocks(other, {path(name): value for name, value in arrays().items()})
    assert all((value == values_of(other)[name]).all() for name, value in values_of(one).items())


def test_blocks_parameters_may_come_straight_from_a_file(tmp_path):
    arrays = blocks_lstm_arrays()
    np.savez(tmp_path / "parameters.npz", **{f"|lstm.{name}": value for name, value in arrays.items()})
    one, other = (build("lstm_peephole", INPUT, DIM, seed=seed) for seed in (1, 2))
    load_blocks(one, arrays)
    with np.load(tmp_path / "parameters.npz") as file:
        load_blocks(other, file)
    assert all((value == values_of(other)[name]).all() for name, value in values_of(one).items())


NOT_OF_BLOCKS = {
    r"lstm_peephole: the arrays do not fit Blocks' LSTM: W_cell_to_in is missing; ": ("LSTM", without("W_cell_to_in")),
    r": W is missing; give .*, of this unit and of what projected the input for it": ("LSTM", without("W")),
    r"W_state must have shape \(5, 20\), got \(5, 15\)": ("LSTM", changed("W_state", np.zeros((5, 15)))),
    r"/a\.b\.W_cell_to_gate is unknown": ("LSTM", changed("/a.b.W_cell_to_gate", np.zeros(5))),
    r"W is there twice, as W and /output\.W; ": ("LSTM", changed("/output.W", np.zeros((5, 2)))),
    r"gru: the arrays do not fit Blocks' GatedRecurrent: gate_inputs\.W is missing": (
        "GatedRecurrent",
        without("gate_inputs.W"),
    ),
    r"inputs\.W must have shape \(3, 5\), got \(3, 4\)": ("GatedRecurrent", changed("inputs.W", np.zeros((3, 4)))),
    r"/x_to_h\.W is unknown; give .*inputs\.W, inputs\.b, gate_inputs\.W": (
        "GatedRecurrent",
        changed("/x_to_h.W", np.zeros((3, 5))),
    ),
    r"W_state is unknown": ("GatedRecurrent", changed("W_state", np.zeros((5, 20)))),
}


@pytest.mark.parametrize("message", NOT_OF_BLOCKS)
def test_arrays_that_do_not_fit_blocks_are_named_and_nothing_is_set(message):
    kind, change = NOT_OF_BLOCKS[message]
    _, arrays, unit_of = BLOCKS[kind]
    unit = randomised(unit_of())
    before = values_of(unit)
    with pytest.raises(CheckpointError, match=message):
        load_blocks(unit, change(arrays()))
    for path, value in values_of(unit).items():
        np.testing.assert_array_equal(value, before[path])


@pytest.mark.parametrize("kind", BLOCKS)
def test_blocks_initial_states_need_learned_ones_unless_they_are_zeros(kind):
    _, arrays, unit_of = BLOCKS[kind]
    unit = unit_of(learned_initial=False)
    with pytest.raises(CheckpointError, match="initial/output must be zeros for a unit with learned_initial=False"):
        load_blocks(unit, arrays())
    load_blocks(unit, {name: value * (not name.startswith("initial_")) for name, value in arrays().items()})
    assert values_of(unit)["candidate/b"].any()


BLOCKS_HAS_NO = {
    r"lstm: Blocks has LSTM \(wiring lstm_peephole\) .*, got wiring lstm, .* output_gate": lambda: LSTM(3, 4),
    r"gru: .*at='source'\), got wiring gru, .* in candidate": lambda: GRU(3, 4, at="product"),
    r"weights go to a gated unit, got Bidirectional": lambda: Bidirectional(GRU(3, 4), GRU(3, 4)),
}


@pytest.mark.parametrize("message", BLOCKS_HAS_NO)
def test_a_unit_that_blocks_does_not_have_is_refused(message):
    with pytest.raises(UsageError, match=message):
        load_blocks(BLOCKS_HAS_NO[message](), {})
