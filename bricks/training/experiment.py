"""From a valid config to what can be trained: streams, model, main loop. Nothing is compiled here."""

import dataclasses
from collections.abc import Mapping

import pytensor.tensor as pt

from bricks import engine
from bricks.data import Source, Stream, fold_streams
from bricks.errors import DataError, UsageError, nearest
from bricks.model import Model
from bricks.training import observations, schedules
from bricks.training.algorithms import GradientDescent
from bricks.training.best import EarlyStopping
from bricks.training.config import ALGORITHM_OPTIONS, Config
from bricks.training.extensions import Extension, FinishAfter, FiniteRows, Timing
from bricks.training.lab import Lab
from bricks.training.main_loop import MainLoop
from bricks.training.monitoring import Evaluation
from bricks.training.quantities import Quantity
from bricks.training.scheduling import Decay, Plateau
from bricks.training.sources import accepts, check_sources
from bricks.training.step_rules import build_step_rule

STREAMS = ("train", "valid", "test")


@dataclasses.dataclass
class Experiment:
    """All that a config describes, built and checked against each other.

    Attributes
    ----------
    streams : dict of str to Stream
        `train`, `valid` and `test`.
    model : Model
    early_stopping : EarlyStopping
        Which keeps the best parameters.
    evaluation : Evaluation
        On valid, each epoch; the same compiled function reads test at the end.
    """

    config: Config
    streams: dict[str, Stream]
    model: Model
    early_stopping: EarlyStopping
    evaluation: Evaluation

    def main_loop(self, extensions: list[Extension]) -> MainLoop:
        """The loop: measure, judge, then what else there is; what saves must be the last."""
        settings, training = dict(self.config.algorithm.options), self.config.training
        schedule = settings.pop("schedule")
        decay = settings.pop("decay")
        plateau = schedule is not None and schedule.kind == "plateau"
        asked = training.monitor.model_dump()
        algorithm = GradientDescent(
            self.model.cost,
            step_rule=build_step_rule(self.config.algorithm.name, **settings),
            schedules={schedule.hyperparameter: self._in_steps(schedule)} if schedule and not plateau else None,
            monitored={
                **{name: given for name, given in self.model.monitored.items() if not isinstance(given, Quantity)},
                **observations.activations(self.model.graph, asked),
            },
        )
        for name, aggregation in observations.steps(algorithm, asked).items():
            algorithm.monitor(name, aggregation)
        changing: list[Extension] = [Decay(decay)] if decay != ALGORITHM_OPTIONS["decay"].default else []
        if plateau:
            changing.append(Plateau(training.watch, schedule.factor, schedule.patience, schedule.hyperparameter))
        return MainLoop(
            algorithm,
            self.streams["train"],
            [
                Timing(),
                self.evaluation,
                FiniteRows(),
                self.early_stopping,
                FinishAfter(epochs=training.epochs),
                *changing,
                *extensions,
            ],
            name=self.config.name,
            steps_per_call=training.steps_per_call,
            not_finite="skip" if training.not_finite == "skip" else "stop",
        )

    def _in_steps(self, schedule) -> schedules.Schedule:
        who = f"config {self.config.name}"
        return schedule_in_steps(schedule, self.streams["train"].batches_per_epoch, self.config.training.epochs, who)

    def check(self, loop: MainLoop) -> None:
        """Compare the streams with the graph, and what is watched with what is measured."""
        for stream in self.streams.values():
            check_sources(self.model.inputs, stream.sources, f"config {self.config.name}")
        loop.algorithm.prepare(loop.stream.sources)
        watch, known = self.config.training.watch, loop.row_entries
        if watch not in known:
            where = f"config {self.config.name}: training.watch"
            raise UsageError(f"{where}: no {watch!r} is measured; {nearest(watch, known)}")

    def summary(self) -> str:
        """One line: how many parameters, how many examples."""
        count = sum(variable.get_value().size for variable in self.model.parameters.values())
        sizes = ", ".join(f"{name} {self.streams[name].num_examples:,}" for name in STREAMS)
        return f"{count:,} parameters; examples: {sizes}"


def schedule_in_steps(schedule, epoch: float, epochs: int, who: str = "config") -> schedules.Schedule:
    """A config's schedule, whose lengths are in epochs, as one of steps.

    Parameters
    ----------
    schedule : settings.Schedule
        Of any kind but `plateau`.
    epoch : float
        Steps in an epoch.
    epochs : int
        That the config trains.
    who : str
        Begins the error message.
    """
    warm_up = schedule.warm_up * epoch
    length = epoch * (epochs if schedule.epochs is None else schedule.epochs)
    if schedule.kind == "one_cycle":
        part = warm_up / length if warm_up else 0.3
        return schedules.OneCycle(length, warm_up=part, final=schedule.final or 4e-6)
    if schedule.kind == "cosine":
        if warm_up >= length:
            raise UsageError(
                f"{who}: algorithm.schedule.warm_up must be less than the {length / epoch:g} epochs of the schedule, "
                f"got {schedule.warm_up:g}"
            )
        after = schedules.Cosine(length - warm_up, schedule.final)
    elif schedule.kind == "constant":
        after = schedules.Constant()
    else:
        kind = schedules.Step if schedule.kind == "step" else schedules.Exponential
        after = kind(schedule.every * epoch, schedule.factor)
    return schedules.WarmUp(warm_up, then=after) if warm_up else after


def build(config: Config, lab: Lab) -> Experiment:
    """Make the streams and the graph that a config describes.

    Raises
    ------
    BricksError
        Where the data isn't there, the parts don't fit together, or what is watched is not measured.
    """
    engine.start()
    streams = build_streams(config, lab)
    model = build_model(config, lab, streams["train"].sources)
    keep = model.parameters | model.buffers
    training = config.training
    return Experiment(
        config=config,
        streams=streams,
        model=model,
        early_stopping=EarlyStopping(training.watch, training.patience, keep=keep),
        evaluation=build_evaluation(model, streams["valid"], "valid"),
    )


def build_streams(config: Config, lab: Lab) -> dict[str, Stream]:
    """The streams `train`, `valid` and `test` of a config's data set."""
    with lab.importable():
        streams = lab.function("datasets", config.dataset.name)(config.seed, **config.dataset.options)
    missing = [name for name in STREAMS if name not in streams]
    if missing:
        raise DataError(f"data set {config.dataset.name!r}: streams must give train, valid and test, lacks {missing}")
    if config.folds is not None:
        return fold_streams(streams, folds=config.folds, fold=config.fold, seed=config.seed)
    return streams


def build_model(config: Config, lab: Lab, sources: Mapping[str, Source]) -> Model:
    """The graph of a config's model, over the sources of its training stream; the data itself isn't needed."""
    variables = _Variables({name: variable(name, source) for name, source in sources.items()})
    with lab.importable():
        model = lab.function("models", config.model.name)(variables, seed=config.seed, **config.model.options)
    if not isinstance(model, Model):
        raise UsageError(f"model {config.model.name!r}: build must return a bricks.Model, got {type(model).__name__}")
    return model


def build_evaluation(model: Model, stream: Stream, prefix: str) -> Evaluation:
    """The model's cost and what it monitors, over a stream."""
    return Evaluation({"cost": model.cost} | model.monitored, stream, prefix)


def variable(name: str, source: Source) -> pt.TensorVariable:
    """The symbolic input for a source of a stream: floats are floatX where the data fits into it.

    >>> import numpy as np
    >>> features = variable("features", Source(np.dtype("float32"), (784,), ("batch", "feature")))
    >>> features.type.dtype, features.type.shape
    ('float32', (None, 784))
    >>> rows = Source(np.dtype("float32"), (28, 28), ("time", "batch", "feature"))
    >>> variable("features", rows).type.shape
    (28, None, 28)
    """
    dtype = source.dtype.name
    if dtype.startswith("float") and accepts(engine.floatX(), dtype):
        dtype = engine.floatX()
    return pt.tensor(name, dtype=dtype, shape=source.batch_shape)


class _Variables(dict):
    """Inputs by source; a model that asks for one that isn't there is told what there is."""

    def __missing__(self, name):
        raise UsageError(f"the model needs the source {name!r}, which the data set lacks; {nearest(name, self)}")
