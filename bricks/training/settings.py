"""Sections of a config whose keys are ours: `training`, what it monitors, and the schedule of a hyper-parameter."""

from typing import Annotated, Literal

import pydantic
from pydantic import BeforeValidator, ConfigDict, Field, FiniteFloat, PositiveInt

Positive = Annotated[FiniteFloat, Field(gt=0)]
Part = Annotated[FiniteFloat, Field(ge=0, le=1)]
Patterns = Annotated[list[str], BeforeValidator(lambda given: [given] if isinstance(given, str) else given)]
"""Names in which `*` stands for anything; one or a list."""

STRICT = ConfigDict(extra="forbid", strict=True)


class Monitor(pydantic.BaseModel):
    """What is monitored beside what the model says; see `bricks.training.observations`."""

    model_config = STRICT

    mean: Patterns = []
    saturated: Patterns = []
    dead: Patterns = []
    norm: Patterns = []
    gradient_norm: Patterns = []
    update_norm: Patterns = []


class Training(pydantic.BaseModel):
    """The `training` section: how long to train, what to watch, when to save."""

    model_config = STRICT

    epochs: PositiveInt
    patience: PositiveInt | None = None
    watch: str = "valid_cost"
    monitor: Monitor = Monitor()
    not_finite: Literal["stop", "skip", "roll_back"] = "stop"
    checkpoint_minutes: Positive | None = None
    checkpoint_iterations: PositiveInt | None = None
    keep_checkpoints: PositiveInt = 1
    tensorboard: bool = False
    report: bool = True
    steps_per_call: PositiveInt | None = None


class Schedule(pydantic.BaseModel):
    """`algorithm.schedule`: how a hyper-parameter changes; lengths are in epochs, by default all that are trained.

    Attributes
    ----------
    kind : str
        `constant`, `step` and `exponential` (times `factor` every `every` epochs, at once or a little in each step),
        `cosine` (down to `final` of the value), `one_cycle` (up in the first `warm_up` epochs, then down to
        `final`), `plateau` (times `factor` when `training.watch` has not got better for `patience` epochs).
    warm_up : float
        Epochs in which it grows to its value first; with all kinds but `plateau`.
    """

    model_config = STRICT

    kind: Literal["constant", "step", "exponential", "cosine", "one_cycle", "plateau"]
    hyperparameter: str = "learning_rate"
    warm_up: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    epochs: Positive | None = None
    final: Part = 0.0
    every: Positive = 1.0
    factor: Annotated[FiniteFloat, Field(gt=0, lt=1)] = 0.5
    patience: PositiveInt = 5

    @pydantic.model_validator(mode="after")
    def _only_what_counts(self) -> "Schedule":
        used = {"kind", "hyperparameter", *_USED[self.kind]}
        given = sorted(self.model_fields_set - used)
        # A resolved config gives all, with the defaults of those that do not count.
        wrong = [name for name in given if getattr(self, name) != type(self).model_fields[name].default]
        if wrong:
            names = ", ".join(sorted(_USED[self.kind]))
            raise ValueError(f"kind {self.kind} has no {', '.join(wrong)}; it has {names}")
        return self


_USED = {
    "constant": {"warm_up"},
    "step": {"warm_up", "every", "factor"},
    "exponential": {"warm_up", "every", "factor"},
    "cosine": {"warm_up", "epochs", "final"},
    "one_cycle": {"warm_up", "epochs", "final"},
    "plateau": {"factor", "patience"},
}
