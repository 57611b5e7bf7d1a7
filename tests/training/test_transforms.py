"""Weight decay, steps that are not finite, groups of parameters."""

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks import VariableFilter, engine
from bricks.errors import UsageError
from bricks.layers import MLP, Tanh
from bricks.roles import BIAS, PARAMETER, SCALE, WEIGHT, add_role
from bricks.training import (
    Adam,
    CompositeRule,
    GradientDescent,
    Momentum,
    RemoveNotFinite,
    Restrict,
    Scale,
    StepClipping,
    WeightDecay,
)


def shared(name, value, role=None, dtype="float32"):
    variable = engine.shared(np.asarray(value, dtype), name=name)
    if role:
        add_role(variable, role)
    return variable


def test_weights_alone_decay_unless_other_roles_are_given():
    weight, bias = shared("w", [[1.0, 2.0]], WEIGHT), shared("b", [3.0, 4.0], BIAS)
    scale, bare, vector = shared("s", [[5.0]], SCALE), shared("bare", [[6.0]]), shared("vector", [7.0])
    parameters = [weight, bias, scale, bare, vector]
    zeros = {p: pt.zeros_like(p) for p in parameters}

    def decayed(rule):
        steps, _ = rule.compute_steps(zeros)
        found = engine.function([], list(steps.values()))()
        return [step.ravel().tolist() for step in found]

    assert decayed(WeightDecay(0.5)) == [[0.5, 1.0], [0, 0], [0], [3.0], [0]]
    assert decayed(WeightDecay(0.5, roles=PARAMETER)) == [[0.5, 1.0], [1.5, 2.0], [2.5], [0], [0]]
    assert decayed(WeightDecay(0.5, roles=[BIAS, SCALE])) == [[0, 0], [1.5, 2.0], [2.5], [0], [0]]


def test_decay_before_a_rule_is_the_gradient_of_a_penalty_and_after_it_decoupled():
    penalised, coupled, decoupled = (shared(name, [[2.0]]) for name in ("penalised", "coupled", "decoupled"))
    rules = {
        penalised: Momentum(0.2, 0.5),
        coupled: CompositeRule([WeightDecay(0.1), Momentum(0.2, 0.5)]),
        decoupled: CompositeRule([Scale(0.2), WeightDecay(0.1)]),
    }
    updates = []
    for w, rule in rules.items():
        cost = w.sum() + (0.1 / 2 * (w**2).sum() if w is penalised else 0)
        steps, more = rule.compute_steps({w: engine.grad(cost, w)})
        updates += [*more, (w, w - steps[w])]
    train = engine.function([], updates=updates)
    expected = 2.0
    for _ in range(3):
        train()
        expected -= 0.2 + 0.1 * expected
    np.testing.assert_allclose(coupled.get_value(), penalised.get_value(), rtol=1e-6)
    np.testing.assert_allclose(decoupled.get_value(), [[expected]], rtol=1e-6)


def spoiled_descent(rule):
    """Two parameters; where y is 0 the gradient of one is NaN, while the cost is finite."""
    y = pt.fscalar("y")
    good, bad = shared("good", [1.0, 1.0]), shared("bad", [2.0, 3.0])
    cost = good.sum() + pt.sqrt(((y * bad) ** 2).sum())
    return GradientDescent(cost, [good, bad], step_rule=rule), good, bad


FINE, SPOILED = {"y": np.float32(1)}, {"y": np.float32(0)}


def test_a_step_that_is_not_finite_is_removed_and_the_others_are_made():
    descent, good, bad = spoiled_descent(CompositeRule([RemoveNotFinite(), Scale(0.5)]))
    descent.process_batch(SPOILED)
    assert descent.check() is None
    assert good.get_value().tolist() == [0.5, 0.5] and bad.get_value().tolist() == [2.0, 3.0]
    descent.process_batch(FINE)
    np.testing.assert_allclose(bad.get_value(), np.float32([2, 3]) - 0.5 * np.float32([2, 3]) / np.sqrt(13), rtol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_bad_element_removes_the_whole_step_of_its_parameter_alone(bad):
    weights, others = shared("weights", [1.0, 2.0, 3.0]), shared("others", [4.0])
    steps = {weights: pt.constant(np.float32([1, bad, 1])), others: pt.constant(np.float32([1]))}
    new, _ = RemoveNotFinite(0.75).compute_steps(steps)
    assert (new[weights].eval().tolist(), new[others].eval().tolist()) == ([0.25, 0.5, 0.75], [1])


def test_put_first_it_keeps_moments_and_clipping_finite():
    descent, good, bad = spoiled_descent(CompositeRule([RemoveNotFinite(), StepClipping(100.0), Adam(0.1)]))
    for batch in (FINE, SPOILED, FINE):
        descent.process_batch(batch)
    assert descent.check() is None
    state = descent.step_rule.state_dict()
    assert all(np.isfinite(value).all() for value in state.values())
    assert state["adam/time"] == 3
    np.testing.assert_allclose(state["adam/first_moment/good"], 1 - 0.9**3, rtol=1e-5)


def test_a_scaler_shrinks_the_parameter_whose_step_is_removed():
    descent, _, bad = spoiled_descent(RemoveNotFinite(0.75))
    descent.process_batch(SPOILED)
    assert bad.get_value().tolist() == [1.5, 2.25]


def test_a_cost_that_is_not_finite_is_still_no_step():
    y, w = pt.fscalar("y"), shared("w", [1.0])
    descent = GradientDescent(pt.log(y) * w.sum(), [w], step_rule=CompositeRule([RemoveNotFinite(), Scale(0.5)]))
    descent.process_batch({"y": np.float32(0)})
    assert descent.check() == 1 and w.get_value().tolist() == [1]


def test_a_step_made_infinite_by_a_later_rule_is_refused():
    y, w = pt.fscalar("y"), shared("w", [1.0])
    descent = GradientDescent(y * w.sum(), [w], step_rule=CompositeRule([RemoveNotFinite(), Scale(1e38)]))
    descent.process_batch({"y": np.float32(1e10)})
    assert descent.check() == 1
    assert "the step of w" in descent.explain({"y": np.float32(1e10)})


def test_groups_have_rules_of_their_own():
    x = pt.matrix("x", dtype="float32", shape=(None, 3))
    mlp = MLP([Tanh(), None], [3, 4, 2], seed=1)
    cost = (mlp(x) ** 2).mean()
    batch = {"x": np.random.default_rng(0).normal(size=(5, 3)).astype("float32")}
    first, second = (list(linear.parameters.values()) for linear in mlp.linears)
    rule = CompositeRule(
        [
            Restrict(Momentum(0.5, 0.9), first, name="lower"),
            Restrict(
                CompositeRule([StepClipping(1e-3), Momentum(0.1, 0.5)]), VariableFilter(brick=mlp.linears[1]), "top"
            ),
        ]
    )
    assert rule.keeps_finite
    before = {p: p.get_value() for p in first + second}
    gradients = engine.function([x], engine.grad(cost, first + second))(batch["x"])
    descent = GradientDescent(cost, step_rule=rule)
    descent.process_batch(batch)
    norm = np.sqrt(sum((g**2).sum() for g in gradients[2:]))
    assert norm > 1e-3
    for p, g in zip(first + second, gradients, strict=True):
        step = 0.5 * g if p in first else 0.1 * g * 1e-3 / norm
        np.testing.assert_allclose(before[p] - p.get_value(), step, rtol=1e-2, atol=2e-7)
    assert set(rule.state_dict()) == {
        "lower/momentum/learning_rate", "lower/momentum/momentum",
        "lower/momentum/velocity/mlp/linear_0/W", "lower/momentum/velocity/mlp/linear_0/b",
        "top/step_clipping/threshold", "top/momentum/learning_rate", "top/momentum/momentum",
        "top/momentum/velocity/mlp/linear_1/W", "top/momentum/velocity/mlp/linear_1/b",
    }  # fmt: skip
    assert [v.name for v in rule.watched] == ["the norm of all steps"]
    state = descent.state_dict()
    for _ in range(2):
        descent.process_batch(batch)
    ends = [p.get_value() for p in first + second]
    descent.load_state_dict(state)
    for _ in range(2):
        descent.process_batch(batch)
    for p, end in zip(first + second, ends, strict=True):
        np.testing.assert_array_equal(p.get_value(), end)


def test_what_is_in_no_group_passes_and_a_frozen_group_stays():
    w, b = shared("w", [[1.0]], WEIGHT), shared("b", [2.0], BIAS)
    g = {w: pt.constant(np.float32([[10]])), b: pt.constant(np.float32([20]))}
    steps, updates = Restrict(Scale(0.5), VariableFilter(role=BIAS)).compute_steps(g)
    assert steps[w] is g[w] and updates == []
    assert engine.function([], steps[b])().tolist() == [10]


def test_hyperparameters_of_groups_are_found_by_their_full_names():
    w, b = shared("w", [[1.0]]), shared("b", [2.0])
    rule = CompositeRule([Restrict(Scale(0.5), [w], name="w"), Restrict(Scale(0.25), [b], name="b")])
    assert rule.find_hyperparameter("b/scale/learning_rate").get_value() == 0.25
    with pytest.raises(
        UsageError, match="no one hyper-parameter is called 'learning_rate'.*b/scale/learning_rate, w/scale"
    ):
        rule.find_hyperparameter("learning_rate")
    assert rule.find_hyperparameter("w/scale/learning_rate").name == "w/scale/learning_rate"


def test_groups_that_cannot_be_are_refused():
    w, b, other = shared("w", [[1.0]], WEIGHT), shared("b", [2.0], BIAS), shared("other", [2.0], BIAS)
    steps = {w: w, b: b}
    with pytest.raises(UsageError, match="Restrict: other is not among the parameters that are trained: w, b"):
        Restrict(Scale(0.1), [w, other]).compute_steps(steps)
    with pytest.raises(UsageError, match="Restrict: the filter finds none of the parameters that are trained: w, b"):
        Restrict(Scale(0.1), VariableFilter(role=SCALE)).compute_steps(steps)
    with pytest.raises(UsageError, match="Restrict: rule must be a step rule"):
        Restrict(0.1, [w])
    with pytest.raises(UsageError, match=r"'scale/learning_rate'; use one of them, or put each in a Restrict\("):
        CompositeRule([Restrict(Scale(0.1), [w]), Restrict(Scale(0.2), [b])])
    with pytest.raises(UsageError, match="RemoveNotFinite: scaler must be less than or equal to 1, got 2"):
        RemoveNotFinite(2)
    with pytest.raises(UsageError, match="WeightDecay: weight_decay must be greater than or equal to 0, got -1"):
        WeightDecay(-1)
