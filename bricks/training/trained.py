"""A run's model with its parameters: what can be asked of it. `bricks.load` makes it."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytensor.tensor as pt

from bricks import engine
from bricks.brick import Brick
from bricks.data import Source, Stream
from bricks.errors import DataError, ShapeError, UsageError, nearest
from bricks.graph import ComputationGraph
from bricks.model import Model
from bricks.training import config as configs
from bricks.training import folders, provenance
from bricks.training import log as logs
from bricks.training.config import Config
from bricks.training.experiment import build_evaluation, build_streams
from bricks.training.lab import Lab
from bricks.training.monitoring import Evaluation


class Trained:
    """A run's model with its parameters; `load` makes it.

    Attributes
    ----------
    folder : Path
        The run directory.
    config : Config
    model : Model
    brick : Brick or None
        What `print` shows.
    epoch, iteration : int
        Of the parameters: epochs and steps that were done then.
    log : list of dict
        The rows of the run.
    changed : list of str
        What is not as it was when the run was made, a sentence each: files of the lab, versions, the device.
    lab : Lab
    """

    def __init__(self, folder: Path, config: Config, model: Model, state: Mapping, lab: Lab, changed: list[str]):
        self.folder, self.config, self.model, self.lab, self.changed = folder, config, model, lab, changed
        progress = state if "model" in state else state["main_loop"]
        self.epoch, self.iteration = progress["epoch"], progress["iteration"]
        self._recorded: dict[str, Source] | None = provenance.recorded_sources(state["about"])
        self._evaluation: Evaluation | None = None

    @property
    def brick(self) -> Brick | None:
        return self.model.brick

    @functools.cached_property
    def log(self) -> logs.Rows:
        path = self.folder / folders.LOG
        return logs.read(path) if path.is_file() else logs.Rows()

    def predict(self, /, **sources) -> dict[str, np.ndarray]:
        """What the model file calls its outputs, for a batch.

        Parameters
        ----------
        **sources : array
            As a batch of the run's streams has them, by name; of any number of examples. Those that the outputs
            don't depend on, such as targets, may be left out.

        Returns
        -------
        dict of str to array
            By the names of `model.outputs`.

        Raises
        ------
        UsageError, ShapeError
            For a source that is missing, unknown or of another dtype or shape.

        Notes
        -----
        It is compiled once for each number of examples: give many, or always equally many.
        """
        self._check_names(sources)
        batch = [self._checked(name, sources[name]) for name in self._inputs]
        return dict(zip(self.model.outputs, self._function(*batch), strict=True))

    @property
    def needed(self) -> dict[str, Source]:
        """The sources that `predict` must be given."""
        return {name: self.sources[name] for name in self._inputs}

    @functools.cached_property
    def example_axes(self) -> dict[str, int | None]:
        """For each output the axis along which its examples lie; None where it has none."""
        shapes = engine.function(
            list(self._inputs.values()),
            [pt.shape(output) for output in self.model.outputs.values()],
            on_unused_input="ignore",
            name=f"shapes of {self.config.model.name}",
        )
        needed = [(variable, self.needed[name]) for name, variable in self._inputs.items()]
        two, three = (shapes(*(_zeros(variable, source, n) for variable, source in needed)) for n in (2, 3))
        found = {}
        for name, a, b in zip(self.model.outputs, two, three, strict=True):
            axes = np.flatnonzero(a != b)
            found[name] = int(axes[0]) if len(axes) == 1 else None
        return found

    def streams(self) -> dict[str, Stream]:
        """The streams `train`, `valid` and `test` of the run's data set, as its file makes them now.

        Raises
        ------
        BricksError
            If the lab, the file or the data isn't there.
        """
        name = self.config.dataset.name
        if name not in self.lab.names("datasets"):
            raise DataError(f"{self._who}: its data set datasets/{name}.py is not in the lab at {self.lab.folder}")
        config, problems = configs.validate(self.config.resolved, self.lab, self.config.name, unchecked=["algorithm"])
        if problems:
            listed = "; ".join(map(str, problems))
            raise DataError(f"{self._who}: datasets/{name}.py doesn't take what the run's config says: {listed}")
        return build_streams(config, self.lab)

    def stream(self, which_set: str) -> Stream:
        """One of the `streams`."""
        streams = self.streams()
        if which_set not in streams:
            raise UsageError(f"{self._who}: its data set has no set {which_set!r}; {nearest(which_set, streams)}")
        return streams[which_set]

    def evaluate(self, which_set: str = "valid", stream: Stream | None = None) -> dict[str, float | list]:
        """The cost and what is monitored, as the run logged them: `{"valid_cost": 0.1, ...}`.

        Parameters
        ----------
        which_set : str
            Of the run's data set, and the beginning of the names.
        stream : Stream, optional
            Another one than the set's.
        """
        stream = self.stream(which_set) if stream is None else stream
        if self._evaluation is None:
            self._evaluation = build_evaluation(self.model, stream, which_set)
        return self._evaluation.evaluate(stream, prefix=which_set)

    @functools.cached_property
    def _inputs(self) -> dict:
        outputs = list(self.model.outputs.values())
        if not outputs:
            raise UsageError(f"{self._who}: its model names no outputs; give them to bricks.Model in models/")
        inputs = set(ComputationGraph(outputs).inputs)
        return {name: variable for name, variable in self.model.inputs.items() if variable in inputs}

    @functools.cached_property
    def _function(self):
        return engine.function(
            list(self._inputs.values()), list(self.model.outputs.values()), name=f"outputs of {self.config.model.name}"
        )

    @functools.cached_property
    def sources(self) -> dict[str, Source]:
        """What a batch of its data holds, by name; as it was in training."""
        return self._recorded or dict(self.streams()["train"].sources)

    @property
    def _who(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}"

    def _check_names(self, given: Mapping) -> None:
        known = self.sources
        for name in given:
            if name not in known:
                raise UsageError(f"{self._who}: predict: unknown source {name!r}; {nearest(name, known)}")
        for name in self._inputs:
            if name not in given:
                raise UsageError(f"{self._who}: predict: needs the source {name!r}: {known[name]!r}")

    def _checked(self, name: str, value: Any) -> np.ndarray:
        wanted, array = self._inputs[name].type, np.asarray(value)
        who = f"{self._who}: predict: source {name!r}"
        if not np.can_cast(array.dtype, wanted.dtype, "same_kind"):
            raise UsageError(f"{who} must be {wanted.dtype}, got {array.dtype}")
        fits = array.ndim == wanted.ndim and all(
            length in (None, given) for length, given in zip(wanted.shape, array.shape, strict=True)
        )
        if not fits:
            lengths = ", ".join("any" if length is None else str(length) for length in wanted.shape)
            axes = ", ".join(label or "-" for label in self.sources[name].axes)
            raise ShapeError(f"{who} must be a batch of shape ({lengths}), axes ({axes}), got {array.shape}")
        cast = array.astype(wanted.dtype, copy=False)
        if array.dtype.kind in "iu" and wanted.dtype[0] in "iu" and not np.array_equal(cast, array):
            raise UsageError(f"{who} must be {wanted.dtype}, got {array.dtype} with numbers that it does not hold")
        return cast

    def __repr__(self) -> str:
        return f"<Trained {self._who}, parameters of epoch {self.epoch}>"


def _zeros(variable, source: Source, examples: int) -> np.ndarray:
    """A batch of so many examples; what may have any length has 1."""
    shape = [1 if length is None else length for length in source.batch_shape]
    shape[source.batch_axis] = examples
    return np.zeros(shape, variable.type.dtype)
