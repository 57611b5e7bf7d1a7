"""What a report is made from: all that lies in a run's directory and, as far as that goes, its model and its data."""

import datetime
import functools
import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bricks.errors import BricksError
from bricks.training import folders, yamls
from bricks.training import log as logs
from bricks.training.experiment import build_model
from bricks.training.loading import load
from bricks.training.saving import BEST
from bricks.training.trained import Trained
from bricks.view.page import shortened
from bricks.view.report.judged import Judged, judge
from bricks.view.report.sample import Sample

MOST_EXAMPLES = 20_000
"""Of the valid set, through the model."""

MOST_STEPS = 2_000_000
"""Steps of all these examples together, where they are sequences."""

LONGEST = 300
"""Characters of an error that is quoted."""


class Logged:
    """A run by its files alone: what it was to do, and what it logged.

    Parameters
    ----------
    folder : Path
        A run directory.

    Attributes
    ----------
    config, versions : dict
        Plain data; empty where the file can't be read.
    rows : list of dict
        Those of epochs.
    test : dict or None
        What the test set said.
    ended : bool
        Whether that was the end of the run.
    missing : list of str
        What could not be had, a sentence each.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.missing: list[str] = []
        self.config: dict[str, Any] = self._read(folders.CONFIG, lambda text: yamls.load(text, folders.CONFIG))
        self.versions: dict[str, Any] = self._read(folders.VERSIONS, json.loads)
        rows = []
        if (folder / folders.LOG).is_file():
            try:
                rows = logs.read(folder / folders.LOG)
            except (BricksError, OSError) as error:
                self.missing.append(f"The log can't be read: {said(error)}.")
        self.take(rows)

    def take(self, rows: list[dict]) -> None:
        """Tell the test set's row from those of epochs."""
        self.test = logs.last_test(rows)
        self.ended = bool(rows) and logs.last_test(rows[-1:]) is not None
        self.rows = [row for row in rows if logs.last_test([row]) is None]

    @property
    def name(self) -> str:
        """Of the config."""
        return folders.config_name(self.folder)

    @property
    def title(self) -> str:
        """Config and directory."""
        return f"{self.name} / {self.folder.name}"

    @property
    def date(self) -> str:
        """When it began, by the name of its directory, else by its files."""
        stamp = re.search(r"\d{8}-\d{6}", self.folder.name)
        if stamp:
            return f"{datetime.datetime.strptime(stamp[0], '%Y%m%d-%H%M%S'):%d %b %Y, %H:%M}"
        path = next((self.folder / n for n in (folders.VERSIONS, folders.CONFIG) if (self.folder / n).is_file()), None)
        return f"{datetime.datetime.fromtimestamp(path.stat().st_mtime):%d %b %Y, %H:%M}" if path else ""

    @property
    def training(self) -> dict[str, Any]:
        """That section of the config."""
        section = self.config.get("training")
        return section if isinstance(section, dict) else {}

    @property
    def watch(self) -> str:
        """The entry by which the best epoch is chosen."""
        return str(self.training.get("watch", "valid_cost"))

    @property
    def best(self) -> dict[str, Any] | None:
        """The row of the best epoch so far: the first of those with the smallest value of what is watched."""
        if self.ended:
            found = [row for row in self.rows if row.get("epoch") == self.test.get("epoch")]
            return found[-1] if found else None
        finite = [row for row in self.rows if number(row.get(self.watch)) is not None]
        return min(finite, key=lambda row: row[self.watch], default=None)

    @property
    def seconds(self) -> float | None:
        """How long it has trained."""
        last = self.test if self.ended else (self.rows[-1] if self.rows else None)
        return number((last or {}).get("time", {}).get("total"))

    def _read(self, name: str, parse) -> dict:
        try:
            found = parse((self.folder / name).read_text(encoding="utf-8"))
        except (BricksError, OSError, ValueError) as error:
            self.missing.append(f"{name} can't be read: {said(error)}.")
            return {}
        return found if isinstance(found, dict) else {}


class Material(Logged):
    """A run with its model and a sample of its valid set, as far as they can be had.

    Attributes
    ----------
    trained : Trained or None
        With the parameters of the best epoch, or of the last step where there is no best.
    """

    def __init__(self, folder: Path):
        super().__init__(folder)
        self.trained: Trained | None = None
        problems = []
        for which in ("best", "checkpoint"):
            try:
                self.trained = load(folder, which)
                break
            except Exception as error:  # a model file is anybody's code: whatever it raises is told
                problems.append(said(error))
        if self.trained is None:
            self.missing.append(f"The model can't be built again: {problems[-1]}.")
        elif problems:
            why = f"{BEST} can't be read: {problems[0]}" if (folder / BEST).is_file() else "no epoch was finished"
            self.missing.append(f"The parameters are those of the last step that was saved: {why}.")
        self.best_parameters = self.trained is not None and not problems

    @functools.cached_property
    def streams(self) -> dict | None:
        """The run's streams; None where the data is gone."""
        if self.trained is None:
            return None
        try:
            return self.trained.streams()
        except Exception as error:
            self.missing.append(f"What needs the data is left out: {said(error)}.")
            return None

    @functools.cached_property
    def sample(self) -> Sample | None:
        """Examples of the valid set; None where they can't be had."""
        if self.streams is None:
            return None
        try:
            stream = self.streams["valid"]
            timed = [source.shape[0] or 1 for source in stream.sources.values() if source.batch_axis == 1]
            return Sample(stream, min(MOST_EXAMPLES, MOST_STEPS // max(timed, default=1)))
        except Exception as error:
            self.missing.append(f"The valid set can't be read: {said(error)}.")
            return None

    @functools.cached_property
    def judged(self) -> list[Judged]:
        """What each classifying output of the model says of the sample."""
        there = self.trained is not None and self.sample is not None
        return judge(self.trained, self.sample) if there else []

    @functools.cached_property
    def initial(self) -> dict[str, dict] | None:
        """The state that the model began with, drawn again from the seed; None where it can't be."""
        trained = self.trained
        try:
            return build_model(trained.config, trained.lab, trained.sources).state_dict()
        except Exception as error:
            self.missing.append(f"The first parameters can't be drawn again: {said(error)}.")
            return None

    @contextmanager
    def as_at_first(self) -> Iterator[None]:
        """Within it, the model has the parameters that it began with."""
        model = self.trained.model
        now = model.state_dict()
        model.load_state_dict(self.initial)
        try:
            yield
        finally:
            model.load_state_dict(now)


def number(value: Any) -> float | None:
    """A finite number, or None.

    >>> number(3), number(float("nan")), number(True), number("3")
    (3.0, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def said(error: BaseException) -> str:
    """An error in one line of a page, without its full stop."""
    text = shortened(str(error) or type(error).__name__, LONGEST).rstrip(".")
    return text if isinstance(error, BricksError | OSError) else f"{type(error).__name__}: {text}"
