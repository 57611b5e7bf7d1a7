"""Graphs lowered for lengths without numbers: equal to the engine's own programs at every length, or refused."""

import numpy as np
import pytensor.tensor as pt
import pytest
from jax.export import symbolic_shape
from pytensor.graph.basic import Constant

import bricks
from bricks.errors import ShapeError
from bricks.export.lengths import Undecided, compute
from bricks.export.readable import readable
from bricks.export.stablehlo import exported, exported_by_example
from bricks.gated import WIRINGS, applied
from bricks.layers import Linear, LookupTable, Softmax

pytestmark = pytest.mark.usefixtures("compiled_programs_are_kept")

RNG = np.random.default_rng(0)
SHAPES = {
    "features": ("time", "batch", 3),
    "mask": ("time", "batch"),
    "tokens": ("time", "batch"),
    "rows": ("batch", 8),
}
SIZES = [dict(time=5, batch=2), dict(time=1, batch=1)]


def made_up(name, size):
    shape = [size.get(length, length) for length in SHAPES[name]]
    if name == "tokens":
        return RNG.integers(0, 7, shape).astype("int32")
    return (RNG.random(shape) < 0.7).astype("float32") if name == "mask" else RNG.normal(size=shape).astype("float32")


def assert_equal_to_ours(inputs, outputs, program, sizes=SIZES):
    compiled = bricks.function(list(inputs.values()), list(outputs.values()))
    for size in sizes:
        arrays = [made_up(name, size).astype(variable.type.dtype) for name, variable in inputs.items()]
        found = program(*arrays)
        assert found.keys() == outputs.keys()
        for name, expected in zip(outputs, compiled(*arrays), strict=True):
            value = np.asarray(found[name])
            assert value.shape == expected.shape and value.dtype.kind == expected.dtype.kind, (name, size)
            np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6, err_msg=f"{name} {size}")


def variables(*names, dtype="float32"):
    kinds = {"features": (None, None, 3), "mask": (None, None), "rows": (None, 8)}
    return {name: pt.tensor(name, shape=kinds[name], dtype=dtype) for name in names}


def check(inputs, outputs, sizes=SIZES):
    program = exported(inputs, outputs, {name: SHAPES[name] for name in inputs})
    assert_equal_to_ours(inputs, outputs, program, sizes)
    return program


def test_shapes_slices_and_reductions_are_those_of_every_length():
    inputs = variables("features")
    x = inputs["features"]
    outputs = {
        "joined": x.reshape((x.shape[0] * x.shape[1], 3)),
        "flat": x.flatten(2),
        "product": x @ np.ones((3, 2), "float32"),
        "last": x[-1],
        "reversed": x[::-1],
        "tail": x[1:],
        "numbers": pt.arange(x.shape[0]),
        "zeros": pt.zeros((x.shape[1], 4), "int32"),
        "twice": pt.concatenate([x, x], axis=0),
        "held": pt.set_subtensor(x[0], 0.0),
        "mean": x.mean(axis=0),
        "positive": x > 0,
        "largest": x.argmax(axis=2),
        "count": x.shape[0] * 2 + x.shape[1],
        "least": pt.maximum(x.shape[0], 1),
        "share": 1 / x.shape[1].astype("float32"),
        "sorted": pt.sort(x, axis=0),
    }
    check(inputs, outputs)


def test_a_classifier_is_one_program_for_every_batch_with_its_bricks_named_and_no_kernel_of_ours():
    inputs = variables("rows")
    program = check(inputs, {"probabilities": Softmax()(Linear(8, 5, seed=1)(inputs["rows"]))})
    (given,), (said,) = program.exported.in_avals, program.exported.out_avals
    assert str(given.shape) == "(batch, 8)" and str(said.shape) == "(batch, 5)"
    assert program.exported.platforms == ("cpu", "cuda") and not program.wide
    text = program.exported.mlir_module()
    assert ".py" not in text  # nobody's folders
    shown = readable(text)
    assert "loc(" not in shown and shown.count("// linear\n") > 2 and "// softmax\n" in shown


def test_tokens_are_looked_up():
    inputs = {"tokens": pt.imatrix("tokens")}
    check(inputs, {"rows": LookupTable(7, 4, seed=1)(inputs["tokens"])})


def test_a_graph_of_float64_stays_so():
    inputs = variables("rows", dtype="float64")
    x = inputs["rows"]
    program = exported(inputs, {"y": pt.tanh(x) @ np.ones((8, 2)), "n": x.shape[0]}, SHAPES)
    found = program(RNG.normal(size=(3, 8)))
    assert program.wide and found["y"].dtype == "float64" and int(found["n"]) == 3


@pytest.mark.parametrize(
    "settings",
    [
        {"bidirectional": True},
        pytest.param({"unit": "gru", "layer_normalization": "joint"}, marks=pytest.mark.slow),
        pytest.param({"layers": 2, "bidirectional": True, "skip": True, "dropout": 0.2}, marks=pytest.mark.slow),
    ],
)
def test_gated_units_run_over_any_number_of_steps(settings):
    inputs = variables("features", "mask")
    _, trace = applied(inputs, "test", **{"unit": "lstm", "dim": 4, "seed": 1, **settings})
    program = check(inputs, {"output": trace.output, "final": trace.final_output})
    text = program.exported.mlir_module()
    assert "stablehlo.while" in text and set(_custom_calls(text)) == {"shape_assertion"}


def _custom_calls(text):
    return [line.split("custom_call @")[1].split("(")[0] for line in text.splitlines() if "custom_call @" in line]


@pytest.mark.slow
@pytest.mark.parametrize("name", WIRINGS)
def test_every_wiring_runs_over_any_number_of_steps(name):
    inputs = variables("features")
    for other in WIRINGS[name]().sequences:
        inputs[other] = pt.tensor(other, shape=(None, None, 3), dtype="float32")
        SHAPES[other] = SHAPES["features"]
    _, trace = applied(inputs, "test", name, 4, seed=1)
    check(inputs, {"output": trace.output})


# What can't be decided.


def test_what_depends_on_the_number_itself_is_refused_and_not_guessed():
    """JAX would say that `batch == 1` is False."""
    inputs = variables("rows")
    x = inputs["rows"]
    for condition in (pt.eq(x.shape[0], 1), pt.lt(x.shape[0], 5), pt.neq(x.shape[0], 1)):
        with pytest.raises(Undecided, match="Symbolic dimension comparison .* is inconclusive"):
            exported(inputs, {"y": pt.zeros(pt.switch(condition, 2, 3))}, SHAPES)
    certain = pt.switch(pt.eq(x.shape[0] + 1, 0), 2, pt.switch(pt.eq(x.shape[0], x.shape[0] * 1), 4, 5))
    assert exported(inputs, {"y": pt.zeros(certain)}, SHAPES).exported.out_avals[0].shape == (4,)


def test_lengths_are_computed_as_python_does():
    (batch,) = symbolic_shape("batch")
    n = pt.lscalar("n")

    def value_of(variable):
        if variable is n:
            return batch
        if isinstance(variable, Constant):
            return variable.data.item()
        return compute(variable.owner, [value_of(v) for v in variable.owner.inputs])

    for expression, expected in [
        (n * 3 - 1, 3 * batch - 1),
        (n // 2, batch // 2),
        (n % 3, batch % 3),
        (pt.maximum(n, 1), batch),
        (-n, -batch),
        (pt.stack([n, n + 1])[1], batch + 1),
        (pt.prod(pt.stack([n, 3])), 3 * batch),
        (n - n + 2, 2),
    ]:
        assert value_of(expression) == expected


def test_scans_of_people_s_own_need_numbers_for_lengths_or_go_example_by_example():
    x = pt.tensor("x", shape=(4, None, 3), dtype="float32")
    outputs = {
        "sums": bricks.scan(lambda row, s: s * 0.5 + row, sequences=[x], outputs_info=[pt.zeros_like(x[0])]),
        "last": x[-1],
    }
    shapes = {"x": (4, "batch", 3)}
    with pytest.raises(Undecided, match="Scan"):
        exported({"x": x}, outputs, shapes)
    compiled = bricks.function([x], list(outputs.values()))
    by_example = exported_by_example({"x": x}, outputs, shapes, {"x": 1, "sums": 1, "last": 0})
    for examples in (1, 3):
        rows = RNG.normal(size=(4, examples, 3)).astype("float32")
        for program in (by_example, exported({"x": x}, outputs, {"x": (4, examples, 3)})):
            for name, expected in zip(outputs, compiled(rows), strict=True):
                np.testing.assert_allclose(program(rows)[name], expected, rtol=1e-6)


def test_lengths_that_must_be_equal_and_are_not_are_an_error():
    inputs = variables("features", "mask")
    outputs = {"y": inputs["features"] * inputs["mask"][:, :, None]}
    program = exported(inputs, outputs, SHAPES)
    with pytest.raises(ValueError, match="time"):
        program(np.ones((5, 2, 3), "float32"), np.ones((4, 2), "float32"))
    with pytest.raises(ShapeError):
        bricks.function(list(inputs.values()), list(outputs.values()))(np.ones((5, 2, 3), "f4"), np.ones((4, 2), "f4"))


def test_what_is_made_of_whole_numbers_has_all_the_digits_of_float64():
    tokens = pt.tensor("tokens", shape=(None, None), dtype="int32")
    root = pt.sqrt(tokens)
    assert root.type.dtype == "float64"
    program = exported({"tokens": tokens}, {"root": root}, {"tokens": SHAPES["tokens"]})
    given = np.arange(7, dtype="int32").reshape(7, 1)
    np.testing.assert_allclose(program(given)["root"], np.sqrt(given), rtol=1e-15)
