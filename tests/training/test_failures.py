"""What goes wrong most often, as one meets it: each message names the place and the way out."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import bricks
from bricks.brick import Brick
from bricks.data import ArrayDataset, DataStream, SequentialScheme
from bricks.errors import NotFiniteError, UsageError
from bricks.gated import Connection, GatedUnit, Neuron, Wiring, multiply
from bricks.initialization import Constant
from bricks.layers import Linear, Rectifier, Sequence
from bricks.training import FinishAfter, GradientDescent, MainLoop, Scale


class LogBrick(Brick):
    """y = log(x)"""

    def apply(self, input_):
        return pt.log(input_)


def stream(**sources):
    return DataStream(ArrayDataset(sources), SequentialScheme(batch_size=8))


def four_bricks():
    """Biases so far below 0 that the rectifier gives zeros, of which the third brick takes the logarithm."""
    first = Linear(3, 4, biases_init=Constant(-100), name="first")
    rest = [Rectifier(name="second"), LogBrick(name="third"), Linear(4, 1, name="fourth")]
    return Sequence([first, *rest], name="net", seed=1)


LOG_OF_ZERO = (
    "Log(net/third.input) in brick net/third (LogBrick) is not finite: 32 infinite of 32 values, "
    "for net/third.output, for {}; the logarithm of 0 (32 times): add a small number, as in log(x + 1e-7), or give the "
    "cost what comes before a softmax, as CategoricalCrossEntropy wants it"
)


def test_the_logarithm_of_0_in_the_third_of_four_bricks_while_training():
    x, net = pt.fmatrix("features"), four_bricks()
    descent = GradientDescent((net(x) ** 2).mean(), step_rule=Scale(0.1))
    loop = MainLoop(descent, stream(features=np.ones((16, 3), "float32")), [FinishAfter(epochs=1)], name="net")
    before = descent.state_dict()["parameters"]
    with pytest.raises(NotFiniteError) as caught:
        loop.run()
    assert str(caught.value) == (
        f"net: step 1 (epoch 1, batch 1) is not finite: {LOG_OF_ZERO.format('the cost')}. "
        "The parameters are as they were before this step."
    )
    after = descent.state_dict()["parameters"]
    assert all((before[name] == after[name]).all() for name in before)


def test_the_logarithm_of_0_in_nan_guard_mode():
    x, net = pt.fmatrix("features"), four_bricks()
    step = bricks.function([x], net(x).sum(), mode="NanGuardMode", name="step")
    with pytest.raises(NotFiniteError) as caught:
        step(np.ones((8, 3), "float32"))
    assert str(caught.value) == f"step: {LOG_OF_ZERO.format('the output')}; no update took effect"


def failure(cost, batch, mode=None):
    """What is said of a function of a cost that is not finite."""
    with pytest.raises(NotFiniteError) as caught:
        bricks.function(list(batch), cost, mode="NanGuardMode", name="f")(*batch.values())
    return str(caught.value)


@pytest.mark.parametrize(
    ("make", "value", "what", "why"),
    [
        (pt.log, -1, "Log(x) is not finite: 1 NaN", "the logarithm of a negative number (1 time): keep what goes in"),
        (lambda x: 1 / x, 0, "TrueDiv(1, x) is not finite: 1 infinite", "it divides by 0 (1 time): add a small number"),
        (pt.exp, 100, "Exp(x) is not finite: 1 infinite", "an exponential of more than 88.7 is beyond float32: "),
        (pt.sqrt, -4, "Sqrt(x) is not finite: 1 NaN", "the root of a negative number (1 time): keep what goes in at 0"),
        (lambda x: x * 1e30, 1e30, "Mul(x, 1e+30) is not finite: 1 infinite", "a smaller learning rate or clipping"),
    ],
)
def test_what_may_help_is_said_by_what_happened(make, value, what, why):
    x = pt.fvector("x")
    assert f"f: {what} of 2 values, for the output; {why}" in failure(make(x).sum(), {x: np.float32([1, value])})


def test_an_input_that_is_not_finite_is_data_to_look_at():
    x = pt.fvector("x")
    text = failure(pt.exp(x).sum(), {x: np.float32([1, np.nan])})
    assert text == "f: input 'x' is not finite: 1 NaN of 2 values; look at the data; no update took effect"


def reciprocal(a):
    return 1 / a


def odd_unit(sees, **settings):
    """A unit whose output is multiplied by 1 / (what a neuron sees)."""
    inverse = Neuron(tuple(sees), activation=reciprocal, bias=None)
    candidate = Neuron((Connection("input"),), activation="tanh")
    neurons = {"candidate": candidate, "inverse": inverse}
    wiring = Wiring(neurons, axon=(multiply("inverse"),), name="odd")
    return GatedUnit(wiring, input_dim=3, dim=3, seed=1, **settings)


INPUT, OUTPUT = Connection("input", "diagonal", init=1.0), Connection("output", "diagonal", init=0.0)


@pytest.mark.parametrize(
    ("sees", "reverse"),
    [((INPUT,), False), ((INPUT, OUTPUT), False), ((INPUT, OUTPUT), True)],
    ids=["before the loop", "in the loop", "going backwards"],
)
def test_a_neuron_that_divides_by_0_at_a_step(sees, reverse):
    x = pt.tensor("x", shape=(None, None, 3), dtype="float32")
    unit = odd_unit(sees)
    values = np.ones((8, 4, 3), "float32")
    values[5, 2, 1] = values[5, 3, 0] = values[6 if not reverse else 4, 0, 0] = 0
    with pytensor.config.change_flags(cxx="" if reverse else pytensor.config.cxx):
        text = failure(unit(x, reverse=reverse).output.sum(), {x: values})
    assert " in neuron odd/inverse at step " in text
    assert " at step 5 of 8 (the first is 0) in 2 of 4 examples" in text
    assert ("going backwards" in text) == reverse
    assert "it divides by 0 (" in text and "add a small number to the divisor" in text


@pytest.mark.slow
def test_a_neuron_that_divides_by_0_while_training():
    x = pt.tensor("x", shape=(None, None, 3), dtype="float32")
    descent = GradientDescent((odd_unit((INPUT, OUTPUT))(x).output ** 2).mean(), step_rule=Scale(0.1))
    batch = {"x": np.ones((8, 4, 3), "float32")}
    descent.process_batch(batch)
    assert descent.check() is None
    batch["x"][5, 2, 1] = 0
    descent.parameters["odd/inverse/w_output"].set_value(np.zeros(3, "float32"))
    descent.process_batch(batch)
    assert descent.check() == 2
    text = descent.explain(batch)
    assert " in neuron odd/inverse at step 5 of 8 (the first is 0) in 1 of 4 examples is not finite: 1 infinite" in text
    assert text.endswith(", for odd.output, for the cost; it divides by 0 (1 time): add a small number to the divisor")


@pytest.mark.slow
def test_a_neuron_in_a_unit_that_recomputes():
    """Eight steps are segments of two or four; the step is that of the sequence."""
    x = pt.tensor("x", shape=(8, None, 3), dtype="float32")
    unit = odd_unit((INPUT, OUTPUT), backward="recomputed")
    values = np.ones((8, 4, 3), "float32")
    values[5, 2, 1] = 0
    with pytensor.config.change_flags(cxx=""):
        text = failure(unit(x).output.sum(), {x: values})
    assert " in neuron odd/inverse at step 5 of 8 (the first is 0) in 1 of 4 examples is not finite: 1 infinite" in text


@pytest.mark.slow
def test_a_gradient_that_explodes_in_a_loop_names_unit_and_step():
    """s_t = w s_{t-1}: the gradient grows by w at each step back, and leaves float32 where the states do not."""
    x = pt.tensor("x", shape=(12, None, 3), dtype="float32")
    candidate = {"sees": {"input": "dense", "output": "diagonal"}, "activation": "identity"}
    unit = GatedUnit({"name": "growing", "neurons": {"candidate": candidate}}, 3, 3, seed=1)
    unit.all_parameters()["growing/candidate/w_output"].set_value(np.full(3, 1e4, "float32"))
    gradient = bricks.grad(unit(x).output[-1].sum(), x)
    with pytensor.config.change_flags(cxx=""):  # a kernel's gradient differs in nothing but seconds to compile it
        text = failure(gradient.sum(), {x: np.zeros((12, 2, 3), "float32")})
    assert "in the gradient of neuron growing/candidate at step 2 of 12 (the first is 0)" in text  # 1e4**10 > 3.4e38
    assert "in 2 of 2 examples, going backwards, is not finite: 6 infinite of 6 values" in text
    assert "a smaller learning rate or clipping may prevent it" in text


def test_a_source_that_the_stream_lacks():
    x, t = pt.fmatrix("features"), pt.ivector("targets")
    cost = bricks.layers.CategoricalCrossEntropy()(t, Linear(3, 4, seed=1)(x))
    loop = MainLoop(GradientDescent(cost), stream(features=np.ones((16, 3), "float32"), target=np.zeros(16, "int32")))
    with pytest.raises(UsageError) as caught:
        loop.run()
    assert str(caught.value) == (
        "GradientDescent: the graph's input 'targets' needs a source of that name in the stream; "
        "did you mean 'target'? (there are: features, target)"
    )


def test_two_bricks_of_one_name():
    with pytest.raises(UsageError) as caught:
        Sequence([Linear(3, 4, name="layer"), Linear(4, 2, name="layer")], name="net")
    assert str(caught.value) == (
        "net: names of children and parameters must be unique, got 'layer' twice; give one of them another name"
    )
