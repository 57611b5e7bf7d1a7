"""Dale's law: each cell excites all that it reaches, or inhibits all, before training and after each step."""

import numpy as np
import pytensor.tensor as pt
import pytest

import bricks
from bricks.errors import UsageError
from bricks.gated import GRU, build, dales_law
from bricks.training import Adam

X = np.random.default_rng(0).normal(size=(5, 4, 3)).astype("float32")


def test_signs_hold_after_every_step_and_what_does_not_obey_is_trained_freely():
    unit = GRU(3, 10, seed=1)
    x = pt.tensor("x", shape=(None, None, 3), dtype="float32")
    descent = bricks.GradientDescent((unit(x).output ** 2).mean(), step_rule=Adam(learning_rate=0.3))
    signs = dales_law(unit, inhibitory=0.3)["output"]
    assert signs.tolist() == [1] * 7 + [-1] * 3
    free = unit.bricks["candidate"].weights["input"]
    before = free.get_value()
    matrices = [unit.bricks[name].weights["output"] for name in ("candidate", "forget_gate", "reset_gate")]
    for _ in range(5):
        descent.process_batch({"x": X})
        for W in matrices:
            assert (W.get_value() * signs[:, None] >= 0).all()
    assert any((W.get_value() == 0).any() for W in matrices)  # some were stopped on their way across
    assert (np.sign(free.get_value()) != np.sign(before)).any()


def test_the_first_values_keep_their_sizes():
    unit = GRU(3, 10, seed=1)
    W = unit.bricks["candidate"].weights["output"]
    before = W.get_value()
    dales_law(unit, 0.5)
    np.testing.assert_array_equal(abs(W.get_value()), abs(before))


def test_a_source_that_nobody_sees_densely_and_a_fraction_of_everything_are_refused():
    with pytest.raises(UsageError, match="independent: no neuron sees 'output' densely"):
        dales_law(build("independent", 3, 4))
    with pytest.raises(UsageError, match="gru: inhibitory must be at least 0 and below 1, got 1"):
        dales_law(GRU(3, 4), 1)


def test_a_second_law_is_refused_rather_than_leaving_nothing():
    unit = GRU(3, 10, seed=1)
    dales_law(unit, 0.2)
    with pytest.raises(UsageError, match="gru/candidate/W_output obeys Dale's law already"):
        dales_law(unit, 0.5)
