"""From a valid config to what can be trained: streams, model, main loop. Nothing is compiled here."""

import dataclasses
from collections.abc import Callable

import pytensor.tensor as pt

from bricks import engine
from bricks.data import Source, Stream
from bricks.errors import DataError, UsageError, nearest
from bricks.model import Model
from bricks.training.algorithms import GradientDescent
from bricks.training.config import ALGORITHM_OPTIONS, Config
from bricks.training.extensions import Decay, EarlyStopping, Extension, FinishAfter, FiniteRows
from bricks.training.lab import Lab
from bricks.training.main_loop import MainLoop
from bricks.training.monitoring import Evaluation
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
        algorithm = self.config.algorithm
        settings = {key: value for key, value in algorithm.options.items() if key != "decay"}
        decay = algorithm.options["decay"]
        return MainLoop(
            GradientDescent(
                self.model.cost,
                step_rule=build_step_rule(algorithm.name, **settings),
                monitored=self.model.monitored,
            ),
            self.streams["train"],
            [
                self.evaluation,
                FiniteRows(),
                self.early_stopping,
                FinishAfter(epochs=self.config.training.epochs),
                *([Decay(decay)] if decay != ALGORITHM_OPTIONS["decay"].default else []),
                *extensions,
            ],
            name=self.config.name,
            steps_per_call=self.config.training.steps_per_call,
        )

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


def build(config: Config, lab: Lab) -> Experiment:
    """Make the streams and the graph that a config describes.

    Raises
    ------
    BricksError
        Where the data isn't there, the parts don't fit together, or what is watched is not measured.
    """
    engine.start()
    streams = _streams(lab.function("datasets", config.dataset.name), config)
    variables = _Variables({name: variable(name, source) for name, source in streams["train"].sources.items()})
    model = lab.function("models", config.model.name)(variables, seed=config.seed, **config.model.options)
    if not isinstance(model, Model):
        raise UsageError(f"model {config.model.name!r}: build must return a bricks.Model, got {type(model).__name__}")
    keep = model.parameters | model.buffers
    training = config.training
    return Experiment(
        config=config,
        streams=streams,
        model=model,
        early_stopping=EarlyStopping(training.watch, training.patience, keep=keep),
        evaluation=Evaluation({"cost": model.cost} | model.monitored, streams["valid"], "valid"),
    )


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


def _streams(function: Callable, config: Config) -> dict[str, Stream]:
    streams = function(config.seed, **config.dataset.options)
    missing = [name for name in STREAMS if name not in streams]
    if missing:
        raise DataError(f"data set {config.dataset.name!r}: streams must give train, valid and test, lacks {missing}")
    return streams
