"""The contract of every brick: values, shapes, names, parameters, gradients, state, wrong input.

Each case says what a brick is to compute, in NumPy and independently of its code. All of it runs in float64,
where a finite difference tells a right gradient from a nearly right one.
"""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from brick_case import by_name, drawn, symbolic
from cost_cases import COSTS, COSTS_AND_RATES
from layer_cases import LAYERS

from bricks import ComputationGraph, Model, engine, layers, named_parameters
from bricks.errors import BricksError
from bricks.graph import annotations_of
from bricks.roles import COST, has_roles

CASES = {**LAYERS, **COSTS_AND_RATES}


def test_every_brick_has_a_case():
    covered = {type(case.make()) for case in CASES.values()}
    public = {thing for thing in (getattr(layers, name) for name in layers.__all__) if isinstance(thing, type)}
    assert covered == public - {layers.Activation}


@pytest.fixture
def float64():
    with pytensor.config.change_flags(floatX="float64"):
        yield


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_brick_computes_what_it_says_with_gradients_names_and_state(case, float64):
    rng = np.random.default_rng(1)
    brick = case.make()
    inputs = [symbolic(spec, i) for i, spec in enumerate(case.inputs)]
    arrays = [drawn(spec, rng) for spec in case.inputs]
    outputs, shapes = by_name(case.call(brick, *inputs)), by_name(case.output)

    # Names, shapes and dtypes.
    kept = {**brick.all_parameters(), **brick.all_buffers()}
    assert tuple(kept) == tuple(f"{brick.path}/{path}" for path in case.paths)
    assert all(v.name == path and v.type.dtype == "float64" for path, v in kept.items())
    assert outputs.keys() == shapes.keys()
    for name, output in outputs.items():
        assert output.name == f"{brick.path}.{name}" and output.type.dtype == "float64"
        assert output.type.shape == shapes[name]
        assert [a.brick for a in annotations_of(output)] == [brick]
        assert has_roles(output, COST) == (type(brick) in COSTS)
    graph = ComputationGraph(outputs)
    assert named_parameters(graph.parameters) == brick.all_parameters()
    assert set(graph.inputs) == set(inputs)

    # Values, against the oracle; parameters and buffers away from their first values.
    for v in kept.values():
        v.set_value(v.get_value() + 0.3 * rng.normal(size=v.type.shape))
    for v in brick.all_buffers().values():
        v.set_value(np.abs(v.get_value()))
    weights = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    cost = sum(pt.sum(output * weights[name]) for name, output in outputs.items())
    varied = [v for v in inputs if v.type.dtype == "float64"] + list(brick.all_parameters().values())
    gradients = engine.grad(cost, varied) if case.differentiable else []
    f = engine.function(inputs, [cost, *gradients, *outputs.values()])
    _, *rest = f(*arrays)
    derivatives, found = rest[: len(gradients)], rest[len(gradients) :]
    values = {path: kept[f"{brick.path}/{path}"].get_value() for path in case.paths}
    expected = by_name(case.oracle(values, *arrays))
    for name, array in zip(outputs, found, strict=True):
        np.testing.assert_allclose(array, expected[name], rtol=1e-12, atol=1e-14)
        assert array.shape == shapes[name]

    # Gradients, against central differences along a random direction.
    for v, gradient in zip(varied, derivatives, strict=case.differentiable):
        direction, h = rng.normal(size=gradient.shape), 1e-6
        sides = []
        for sign in (1, -1):
            moved = list(arrays)
            if v in inputs:
                moved[inputs.index(v)] = arrays[inputs.index(v)] + sign * h * direction
                sides.append(f(*moved)[0])
            else:
                before = v.get_value()
                v.set_value(before + sign * h * direction)
                sides.append(f(*moved)[0])
                v.set_value(before)
        difference = (sides[0] - sides[1]) / (2 * h)
        assert np.sum(gradient * direction) == pytest.approx(difference, rel=1e-6, abs=1e-8), v

    # State, into a second brick whose values are its own.
    model, twin = Model(cost), case.make()
    again = by_name(case.call(twin, *inputs))
    twin_model = Model(sum(pt.sum(output * weights[name]) for name, output in again.items()))
    twin_model.load_state_dict(model.state_dict())
    for path, v in {**twin.all_parameters(), **twin.all_buffers()}.items():
        np.testing.assert_array_equal(v.get_value(), kept[path].get_value())


WRONG = [
    pytest.param(case, specs, message, id=f"{name}: {message}")
    for name, case in CASES.items()
    for specs, message in case.wrong
]


@pytest.mark.parametrize("case, specs, message", WRONG)
def test_a_wrong_input_is_refused_with_who_what_and_what_to_do(case, specs, message, float64):
    inputs = [pt.tensor(f"x{i}", dtype=dtype, shape=shape) for i, (dtype, shape) in enumerate(specs)]
    with pytest.raises(BricksError, match=message):
        case.call(case.make(), *inputs)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_not_symbolic_is_refused(case):
    with pytest.raises(BricksError, match="must be a symbolic tensor, got"):
        case.call(case.make(), *(["x"] * len(case.inputs)))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_unknown_lengths_are_accepted(case, float64):
    inputs = [symbolic(spec, i, known=False) for i, spec in enumerate(case.inputs)]
    outputs, shapes = by_name(case.call(case.make(), *inputs)), by_name(case.output)
    assert {name: output.type.ndim for name, output in outputs.items()} == {name: len(s) for name, s in shapes.items()}
