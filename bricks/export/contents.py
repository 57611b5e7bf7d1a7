"""All that a run has in arrays, in sections: for one `.mat`, or one `.npz`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bricks.mat import rows_of, write_mat
from bricks.npz import write_npz

CONVENTIONS = """\
Examples are rows: y = x * W + b, W (inputs, outputs), b (1, outputs).
predictions: examples along the first axis, then time.
recordings, examples: (time, batch, dim), as the model has them.
log: a row for each epoch; NaN where nothing was logged.
Classes are counted from 0.
"""


@dataclass
class Contents:
    """What is written, by section.

    Attributes
    ----------
    parameters : dict of str to array
        By path, buffers too.
    log : dict of str to array (epochs,)
    predictions : dict of str to array (examples, ...)
    recordings : dict of str to dict of str to array (time, batch, dim)
        By unit and neuron.
    examples : dict of str to array
        The sources of the batch that was recorded.
    classes : dict of str to list of str
        Names of the classes of sources.
    about : dict of str to (str or number)
    """

    parameters: Mapping[str, np.ndarray]
    log: Mapping[str, np.ndarray]
    about: dict[str, Any]
    predictions: Mapping[str, np.ndarray] = field(default_factory=dict)
    recordings: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
    examples: Mapping[str, np.ndarray] = field(default_factory=dict)
    classes: Mapping[str, list[str]] = field(default_factory=dict)

    def write_mat(self, path: Path) -> None:
        """Structs; what has one axis becomes a column, of parameters a row."""
        write_mat(path, self._sections() | {"parameters": rows_of(self.parameters)})

    def write_npz(self, path: Path) -> None:
        """Arrays called `parameters/mlp/linear_0/W`, `log/valid_cost`, ..., `about/run`."""
        write_npz(path, dict(_flat(self._sections())))

    def _sections(self) -> dict[str, Any]:
        about = {"format": "bricks run", **self.about, "conventions": CONVENTIONS}
        parts = ("parameters", "log", "predictions", "recordings", "examples", "classes")
        return {"about": about} | {name: getattr(self, name) for name in parts if getattr(self, name)}


def _flat(content: Mapping, path: str = ""):
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{name}/")
        else:
            yield path + name, np.asarray(value)


def columns(rows: list[dict], names: list[str]) -> dict[str, np.ndarray]:
    """A log's rows as columns; NaN for what a row lacks and for what was not finite.

    >>> columns([{"epoch": 1, "valid_cost": 0.5}, {"epoch": 2, "valid_cost": None}], ["epoch", "valid_cost"])
    {'epoch': array([1., 2.]), 'valid_cost': array([0.5, nan])}
    """
    return {name: np.array([_number(row.get(name)) for row in rows]) for name in names}


def _number(value) -> float:
    return np.nan if value is None else float(value)
