"""Each step rule against its published formula, written in NumPy."""

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks import engine
from bricks.errors import CheckpointError, UsageError
from bricks.roles import BIAS, WEIGHT, add_role
from bricks.training import (
    Adam,
    AdamW,
    CompositeRule,
    Momentum,
    Scale,
    StepClipping,
    VariableClipping,
    WeightDecay,
    build_step_rule,
)
from bricks.training.lab import options
from bricks.training.rule import like
from bricks.training.step_rules import RULES

STEPS = 6
RNG = np.random.default_rng(3)
SHAPES = {"W": (3, 4), "b": (4,), "s": ()}
START = {name: RNG.normal(size=shape) for name, shape in SHAPES.items()}
GRADIENTS = [{name: 3 * RNG.normal(size=shape) for name, shape in SHAPES.items()} for _ in range(STEPS)]


def scale(p, g, memory, t):
    return 0.3 * g


def momentum(p, g, memory, t):
    memory["v"] = 0.8 * memory.get("v", 0) + 0.3 * g
    return memory["v"]


def adam(p, g, memory, t):
    """Kingma and Ba 2015, algorithm 1, with its names."""
    memory["m"] = 0.7 * memory.get("m", 0) + 0.3 * g
    memory["v"] = 0.9 * memory.get("v", 0) + 0.1 * g * g
    m_hat, v_hat = memory["m"] / (1 - 0.7**t), memory["v"] / (1 - 0.9**t)
    return 0.3 * m_hat / (np.sqrt(v_hat) + 1e-2)


def nesterov(p, g, memory, t):
    """Sutskever et al. 2013, eq. 3 and 4; what is kept is the point ahead, theta + mu v, where gradients are taken."""
    theta = memory.get("theta", p)
    v = 0.8 * memory.get("v", 0) - 0.3 * g
    memory["v"], memory["theta"] = v, theta + v
    return p - (memory["theta"] + 0.8 * v)


def adagrad(p, g, memory, t):
    memory["s"] = memory.get("s", 0) + g * g
    return 0.3 * g / (np.sqrt(memory["s"]) + 1e-2)


def rmsprop(p, g, memory, t):
    memory["s"] = 0.7 * memory.get("s", 0) + 0.3 * g * g
    return 0.3 * g / np.maximum(np.sqrt(memory["s"]), 1 / 2.0)


def adadelta(p, g, memory, t):
    """Zeiler 2012, algorithm 1, with a rate of 0.3 on what it applies."""
    memory["g"] = 0.7 * memory.get("g", 0) + 0.3 * g * g
    change = np.sqrt(memory.get("x", 0) + 1e-2) / np.sqrt(memory["g"] + 1e-2) * g
    memory["x"] = 0.7 * memory.get("x", 0) + 0.3 * change * change
    return 0.3 * change


def adamw(p, g, memory, t):
    """Of the parameters here, W alone is a weight."""
    return adam(p, g, memory, t) + (0.3 * 0.2 * p if np.ndim(p) == 2 else 0)


def adamax(p, g, memory, t):
    """Kingma and Ba 2015, algorithm 2."""
    memory["m"] = 0.7 * memory.get("m", 0) + 0.3 * g
    memory["u"] = np.maximum(0.9 * memory.get("u", 0), np.abs(g))
    return 0.3 / (1 - 0.7**t) * memory["m"] / memory["u"]


def decayed_momentum(p, g, memory, t):
    return momentum(p, g + (0.2 * p if np.ndim(p) == 2 else 0), memory, t)


def clip_globally(gradients, threshold):
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients.values()))
    return {name: g * min(1.0, threshold / norm) for name, g in gradients.items()}


def limit_columns(W, threshold):
    return np.array([column * min(1.0, threshold / np.sqrt(column @ column)) for column in W.T]).T


ORACLES = {
    "scale": scale,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adadelta": adadelta,
    "adam": adam,
    "adamw": adamw,
    "adamax": adamax,
    "decayed momentum": decayed_momentum,
    "clipped momentum, max-norm": momentum,
}
RATE, BETAS = {"learning_rate": 0.3}, {"beta1": 0.7, "beta2": 0.9}
SETTINGS = {
    "scale": RATE,
    "momentum": RATE | {"momentum": 0.8},
    "nesterov": RATE | {"momentum": 0.8},
    "adagrad": RATE | {"epsilon": 1e-2},
    "rmsprop": RATE | {"decay_rate": 0.7, "max_scaling": 2.0},
    "adadelta": RATE | {"decay_rate": 0.7, "epsilon": 1e-2},
    "adam": RATE | BETAS | {"epsilon": 1e-2},
    "adamw": RATE | BETAS | {"epsilon": 1e-2, "weight_decay": 0.2},
    "adamax": RATE | BETAS,
    "decayed momentum": RATE | {"momentum": 0.8, "weight_decay": 0.2},
    "clipped momentum, max-norm": RATE | {"momentum": 0.8, "clip": 2.0, "max_norm": 1.5},
}


def make_rule(case):
    name = next(name for name in RULES if name in case.split(",")[0].split(" "))
    return build_step_rule(name, **SETTINGS[case])


def by_oracle(case):
    """Values of the parameters after each step."""
    values, memories, history = dict(START), {name: {} for name in START}, []
    for t, gradients in enumerate(GRADIENTS, 1):
        both = "max-norm" in case
        gradients = clip_globally(gradients, 2.0) if both else gradients
        values = {n: values[n] - ORACLES[case](values[n], gradients[n], memories[n], t) for n in values}
        if both:
            values["W"] = limit_columns(values["W"], 1.5)
        history.append(values)
    return history


@pytest.fixture(scope="module", params=["float32", "float64"])
def trained(request):
    """All rules at once, in one compiled function, from the same gradients."""
    dtype = request.param
    inputs = {name: pt.tensor(name, dtype=dtype, shape=(None,) * len(shape)) for name, shape in SHAPES.items()}
    parameters, rules, updates = {}, {}, []
    for case in ORACLES:
        own = {name: engine.shared(START[name].astype(dtype), name=name) for name in SHAPES}
        add_role(own["W"], WEIGHT)
        add_role(own["b"], BIAS)
        rules[case] = make_rule(case)
        steps, more = rules[case].compute_steps({own[name]: inputs[name] for name in SHAPES})
        updates += [*more, *((p, p - steps[p]) for p in own.values())]
        parameters[case] = own
    function = engine.function(list(inputs.values()), updates=updates)

    def steps(gradients):
        """Values of the parameters after each step."""
        history = {case: [] for case in ORACLES}
        for each in gradients:
            function(**{name: g.astype(dtype) for name, g in each.items()})
            for case, own in parameters.items():
                history[case].append({name: p.get_value() for name, p in own.items()})
        return history

    first = steps(GRADIENTS[:3])
    states = {case: rule.state_dict() for case, rule in rules.items()}
    rest = steps(GRADIENTS[3:])
    for case, rule in rules.items():
        rule.load_state_dict(states[case])
        for name, p in parameters[case].items():
            p.set_value(first[case][-1][name])
    again = steps(GRADIENTS[3:])
    return dtype, {case: first[case] + rest[case] for case in ORACLES}, rules, again


@pytest.mark.parametrize("case", ORACLES)
def test_rule_equals_its_formula_at_every_step(trained, case):
    dtype, history, *_ = trained
    # Hyper-parameters are of floatX: 0.3 in float32 is off by 4e-8, Adam's 1 - 0.9 by 2e-7, also for float64
    # parameters.
    for ours, expected in zip(history[case], by_oracle(case), strict=True):
        for name in SHAPES:
            assert ours[name].dtype == dtype
            np.testing.assert_allclose(ours[name], expected[name], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("case", ORACLES)
def test_a_rule_that_is_put_back_into_a_state_goes_on_from_there_bit_for_bit(trained, case):
    _, history, _, again = trained
    for once, then in zip(history[case][3:], again[case], strict=True):
        for name in SHAPES:
            np.testing.assert_array_equal(once[name], then[name])


def test_float64_parameters_are_not_rounded_to_float32(trained):
    dtype, history, *_ = trained
    if dtype == "float64":
        values = history["momentum"][-1]["W"]
        assert np.any(values != values.astype("float32"))
        # With the rate as float32 has it, float64 steps are exact to float64's precision.
        expected = START["W"] - float(np.float32(0.3)) * sum(g["W"] for g in GRADIENTS)
        np.testing.assert_allclose(history["scale"][-1]["W"], expected, rtol=1e-14)


@pytest.mark.parametrize("floatX", ["float32", "float64"])
@pytest.mark.parametrize("case", ORACLES)
def test_hyperparameters_of_any_precision_leave_steps_and_buffers_their_parameters(monkeypatch, floatX, case):
    monkeypatch.setattr(engine, "floatX", lambda: floatX)
    parameters = {
        engine.shared(np.zeros((2, 2), dtype), name=dtype): pt.matrix(dtype=dtype) for dtype in ("float32", "float64")
    }
    rule = make_rule(case)
    steps, updates = rule.compute_steps(parameters)
    assert {v.type.dtype for v in rule.hyperparameters.values()} == {floatX}
    assert all(steps[p].type.dtype == p.type.dtype for p in parameters)
    assert all(like(v, p).type.dtype == p.type.dtype for p in parameters for v in rule.hyperparameters.values())
    assert all(new.type.dtype == buffer.type.dtype for buffer, new in updates)


@pytest.mark.parametrize("name", ["adagrad", "rmsprop", "adadelta", "adam", "adamw", "adamax"])
def test_a_gradient_that_is_always_zero_makes_no_step(name):
    w, g = engine.shared(np.float32([1, 2]), name="w"), pt.fvector("g")
    rule = build_step_rule(name, learning_rate=0.1)
    steps, updates = rule.compute_steps({w: g})
    step = engine.function([g], steps[w], updates=updates)
    for _ in range(3):
        np.testing.assert_array_equal(step(np.float32([0, 0])), [0, 0])


def test_rules_that_adapt_do_not_see_the_scale_of_the_gradients():
    """Of a steady gradient three rules' steps are the learning rate, AdaGrad's shrink as 1 / sqrt(t)."""
    w, g = engine.shared(np.float64([0.0, 0.0]), name="w"), pt.dvector("g")
    names = ["adam", "adamax", "rmsprop", "adagrad"]
    found, updates = [], []
    for name in names:
        steps, more = build_step_rule(name, learning_rate=0.5).compute_steps({w: g})
        found.append(steps[w])
        updates += more
    step = engine.function([g], found, updates=updates)
    for _ in range(100):
        steps = dict(zip(names, step(np.array([1e3, -1e-3])), strict=True))
    for name in ("adam", "adamax", "rmsprop"):
        np.testing.assert_allclose(steps[name], [0.5, -0.5], rtol=1e-3, err_msg=name)
    np.testing.assert_allclose(steps["adagrad"], [0.05, -0.05], rtol=1e-3)


def test_the_decay_of_a_config_goes_to_the_gradient_or_to_the_rule_that_has_its_own():
    first, second = build_step_rule("sgd", learning_rate=0.1, clip=1.0, weight_decay=0.5, max_norm=2.0).components[:2]
    assert isinstance(first, StepClipping) and isinstance(second, WeightDecay)
    own = build_step_rule("adamw", weight_decay=0.5)
    assert isinstance(own, AdamW) and own.weight_decay.get_value() == 0.5
    assert build_step_rule("adamw").weight_decay.get_value() == np.float32(0.01)


def test_buffers_are_named_after_rule_and_parameter_and_counted(trained):
    _, _, rules, _ = trained
    assert set(rules["momentum"].buffers) == {
        "momentum/velocity/W",
        "momentum/velocity/b",
        "momentum/velocity/s",
    }
    assert rules["adam"].state_dict()["adam/time"] == STEPS
    assert {"ada_delta/mean_square_change/W", "rms_prop/mean_square/b"} < (
        rules["adadelta"].buffers.keys() | rules["rmsprop"].buffers.keys()
    )
    assert {"adam/first_moment/W", "adam/second_moment/b", "adam/beta1"} < set(rules["adam"].state_dict())
    assert set(rules["clipped momentum, max-norm"].state_dict()) == {
        "momentum/learning_rate", "momentum/momentum", "momentum/velocity/W", "momentum/velocity/b",
        "momentum/velocity/s", "step_clipping/threshold", "variable_clipping/threshold",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Scale(0.0), "Scale: learning_rate must be greater than 0, got 0.0"),
        (lambda: Momentum(0.1, momentum=1.0), "Momentum: momentum must be less than 1, got 1.0"),
        (lambda: Adam(float("nan")), "Adam: learning_rate must be a finite number"),
        (lambda: StepClipping("x"), "StepClipping: threshold must be a valid number"),
        (
            lambda: VariableClipping(1.0, axis=2),
            "VariableClipping: axis must be less than or equal to 1, got 2",
        ),
        (lambda: build_step_rule("momentun", learning_rate=1.0), "did you mean 'momentum'"),
        (lambda: build_step_rule("adam", learning_rte=1.0), "did you mean 'learning_rate'"),
        (lambda: build_step_rule("scale"), "'learning_rate'"),
        (
            lambda: CompositeRule([Scale(1.0), Scale(1.0)]),
            "two components have a hyper-parameter 'scale/learning_rate'",
        ),
        (lambda: build_step_rule("adamw", weight_decay=-1), "AdamW: weight_decay must be greater than or equal to 0"),
        (lambda: build_step_rule("rmsprop", learning_rate=1.0, max_scaling=0), "RMSProp: max_scaling must be greater"),
        (lambda: build_step_rule("adadelta", decay_rate=1.0), "AdaDelta: decay_rate must be less than 1, got 1.0"),
    ],
)
def test_wrong_settings_say_what_must_hold(make, message):
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        make()


def test_every_rule_can_be_had_from_a_config():
    for name, rule in RULES.items():
        known = options(rule.__init__)
        needed = {key: 0.1 for key, option in known.items() if option.required}
        assert isinstance(build_step_rule(name, **needed), rule)


def test_hyperparameters_are_found_by_short_and_by_full_name():
    rule = CompositeRule([StepClipping(1.0), Momentum(0.5), VariableClipping(2.0)])
    assert rule.find_hyperparameter("learning_rate").get_value() == np.float32(0.5)
    assert rule.find_hyperparameter("variable_clipping/threshold").get_value() == 2
    with pytest.raises(UsageError, match="step_clipping/threshold, variable_clipping/threshold"):
        rule.find_hyperparameter("threshold")
    with pytest.raises(UsageError, match="no one hyper-parameter is called 'beta1'"):
        rule.find_hyperparameter("beta1")


def test_state_of_a_rule_is_put_back_or_refused_whole(trained):
    _, _, rules, _ = trained
    state = rules["adam"].state_dict()
    changed = {**state, "adam/learning_rate": np.float32(0.7)}
    rules["adam"].load_state_dict(changed)
    assert rules["adam"].learning_rate.get_value() == np.float32(0.7)
    wrong = [
        ({k: v for k, v in state.items() if k != "adam/time"}, "lacks 'adam/time'"),
        ({**state, "adam/tme": 1}, "holds 'adam/tme'.*did you mean 'adam/time'"),
        ({**state, "adam/first_moment/W": np.zeros(2)}, r"adam/first_moment/W must be float(32|64) \(3, 4\)"),
    ]
    for bad, message in wrong:
        with pytest.raises(CheckpointError, match=message):
            rules["adam"].load_state_dict(bad)
        assert rules["adam"].learning_rate.get_value() == np.float32(0.7)
