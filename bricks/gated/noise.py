"""Noise inside a unit: zoneout and recurrent dropout. It is drawn outside the recurrence, and goes in."""

from collections.abc import Mapping

import numpy as np
import pytensor.tensor as pt

from bricks.errors import UsageError, nearest
from bricks.gated.inputs import length
from bricks.gated.wiring import STATES
from bricks.graph import in_training
from bricks.layers.checks import check_probability
from bricks.roles import NOISE


class Noise:
    """What of a unit is random in training.

        zoneout:  s_t = d s_{t-1} + (1 - d) s~_t,  d ~ Bernoulli(p) for each state, unit, example and step
        recurrent dropout:  h_{t-1} is seen as m h_{t-1},  m ~ Bernoulli(1 - p) / (1 - p), one m a sequence

    At inference d = p and m = 1, their expected values. The output's zoneout starts from the output of the cell
    before its zoneout.
    """

    def __init__(self, unit, zoneout: float | Mapping[str, float] | None, recurrent_dropout: float):
        self.unit = unit
        states = [state for state in STATES if state in unit.states]
        if not isinstance(zoneout, Mapping):
            zoneout = {} if zoneout is None else dict.fromkeys(states, zoneout)
        elif unit.wiring.one_state and len(zoneout) > 1:
            raise UsageError(
                f"{unit.path}: has one state, h = c, so that zoneout can be given once, got {dict(zoneout)}; "
                "leave out one of cell and output"
            )
        for state, p in zoneout.items():
            if state not in STATES:
                raise UsageError(
                    f"{unit.path}: zoneout is for cell and output, got {state!r}; {nearest(state, STATES)}"
                )
            check_probability(unit, f"zoneout of the {state}", p)
        self.zoneout = {state if state in states else "output": float(p) for state, p in zoneout.items() if p}
        check_probability(unit, "recurrent_dropout", recurrent_dropout)
        self.recurrent_dropout = float(recurrent_dropout)

    def sequences(self, time, batch, input_) -> dict:
        """(time, batch, dim) for each state that zones out."""
        return {state: self._kept(state, p, time, batch, input_) for state, p in self.zoneout.items()}

    def hidden_output(self, batch, input_):
        """(batch, dim), the output's factor where it is seen, or None."""
        unit, p = self.unit, self.recurrent_dropout
        if not p:
            return None
        call = unit.current_call

        def sample(x):
            kept = unit.random_state.bernoulli((length(x, 1), unit.dim), 1 - p, f"{call.name}.dropout", unit.dtype)
            return kept * np.asarray(1 / (1 - p), unit.dtype)

        ones = pt.ones((batch, unit.dim), dtype=unit.dtype)
        return unit.tag(in_training(ones, sample, [input_], NOISE), "recurrent_dropout", NOISE)

    def _kept(self, state: str, p: float, time, batch, input_):
        unit = self.unit
        call = unit.current_call

        def sample(x):
            shape = (length(x, 0), length(x, 1), unit.dim)
            return unit.random_state.bernoulli(shape, p, f"{call.name}.zoneout_{state}", unit.dtype)

        expected = pt.alloc(np.asarray(p, unit.dtype), time, batch, unit.dim)
        return unit.tag(in_training(expected, sample, [input_], NOISE), f"zoneout_{state}", NOISE)
