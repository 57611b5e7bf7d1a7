"""Which of some arrays are the values of which variables: by path, shape and kind of dtype."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class Match:
    """Arrays beside the shared variables that they may be values of. `print` shows it as a table.

    Attributes
    ----------
    loaded : dict of str to array
        What fits, as the variables' dtypes.
    missing : dict of str to shape
        Variables that no array is for.
    unknown : dict of str to shape
        Arrays that no variable is for.
    other_shape : dict of str to pair of shapes
        The variable's and the array's.
    other_dtype : dict of str to pair of str
        The same, where the array's can't be converted: complex numbers for real ones, say.
    """

    loaded: dict[str, np.ndarray] = field(default_factory=dict)
    missing: dict[str, tuple] = field(default_factory=dict)
    unknown: dict[str, tuple] = field(default_factory=dict)
    other_shape: dict[str, tuple[tuple, tuple]] = field(default_factory=dict)
    other_dtype: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def problems(self) -> list[str]:
        """What does not fit, a sentence each."""
        return sorted(
            [f"{path} is missing" for path in self.missing]
            + [f"{path} is unknown to the model" for path in self.unknown]
            + [f"{path} must have shape {mine}, got {theirs}" for path, (mine, theirs) in self.other_shape.items()]
            + [f"{path} must be {mine}, got {theirs}" for path, (mine, theirs) in self.other_dtype.items()]
        )

    def __str__(self) -> str:
        rows = [("", "path", "in the model", "in the file")]
        rows += [("loaded", path, _shown(value.shape), _shown(value.shape)) for path, value in self.loaded.items()]
        rows += [("missing", path, _shown(shape), "-") for path, shape in self.missing.items()]
        rows += [("unknown", path, "-", _shown(shape)) for path, shape in self.unknown.items()]
        rows += [("other shape", path, *map(_shown, shapes)) for path, shapes in self.other_shape.items()]
        rows += [("other dtype", path, *dtypes) for path, dtypes in self.other_dtype.items()]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        counts = f"{len(self.loaded)} loaded, {len(self.missing)} missing, {len(self.unknown)} unknown"
        unfit = len(self.other_shape) + len(self.other_dtype)
        return "\n".join([*(line.rstrip() for line in lines), f"{counts}, {unfit} of another shape or dtype"])


def match(variables: Mapping[str, Any], arrays: Mapping[str, Any]) -> Match:
    """Compare shared variables with arrays; nothing is set.

    Parameters
    ----------
    variables : mapping of str to shared variable
        By path.
    arrays : mapping of str to array
        By path. Of another float or integer dtype than the variable they are converted.

    Returns
    -------
    Match

    >>> from bricks.layers import Linear
    >>> linear = Linear(3, 2, seed=1)
    >>> arrays = {"linear/W": np.zeros((3, 2)), "linear/b": np.zeros(4), "V": np.zeros(1)}
    >>> print(match(linear.all_parameters(), arrays))
                 path      in the model  in the file
    loaded       linear/W  (3, 2)        (3, 2)
    unknown      V         -             (1,)
    other shape  linear/b  (2,)          (4,)
    1 loaded, 0 missing, 1 unknown, 1 of another shape or dtype
    """
    found = Match(unknown={path: np.shape(value) for path, value in arrays.items() if path not in variables})
    for path, variable in variables.items():
        shape, dtype = variable.get_value().shape, variable.type.dtype
        if path not in arrays:
            found.missing[path] = shape
            continue
        value = np.asarray(arrays[path])
        if value.shape != shape:
            found.other_shape[path] = (shape, value.shape)
        elif not np.can_cast(value.dtype, dtype, "same_kind"):
            found.other_dtype[path] = (dtype, str(value.dtype))
        else:
            found.loaded[path] = value.astype(dtype)
    return found


def _shown(shape: tuple) -> str:
    return str(tuple(int(length) for length in shape))
