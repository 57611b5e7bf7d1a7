"""The target: what it is called, its classes, and that of each example."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from bricks.data.contracts import Batch, Source
from bricks.view.explorer.roles import Roles, is_classes
from bricks.view.explorer.running import Counts


@dataclass
class Target:
    """What is to be predicted.

    Parameters
    ----------
    name : str
    kind : str
        "classes", "numbers", or "steps" where each step of a sequence has one.
    values : list
        Of classes: their values in the data, ascending; `classes` are their names.
    classes : list of str
    one_hot : bool
        Whether each class has a column, 1 where an example is of it.
    """

    name: str
    kind: str
    values: list = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    one_hot: bool = False


def target_of(
    roles: Roles,
    sources: Mapping[str, Source],
    counts: Sequence[Counts],
    notes: Mapping[str, dict],
    batch: Batch,
    task: str | None = None,
) -> Target | None:
    """What the target is, by the counts of its values in all sets."""
    if roles.place is not None:
        values = Counts()
        values.add(batch[roles.features].reshape(len(batch[roles.features]), -1)[:, roles.place])
        return _target(notes[roles.features]["columns"][roles.place], [values], np.dtype("float64"), [], task)
    if roles.target is None:
        return None
    source, names = sources[roles.target], notes.get(roles.target, {}).get("classes", [])
    if source.ragged or math.prod(source.shape) > 1 and not _is_one_hot(batch[roles.target]):
        kind = "steps" if source.ragged or "time" in source.axes or source.dtype.kind in "iu" else "numbers"
        found = _target(roles.target, counts, source.dtype, names, task) if kind == "steps" else None
        return replace(found, kind="steps") if found and found.kind == "classes" else Target(roles.target, kind)
    if math.prod(source.shape) > 1:
        values = list(range(math.prod(source.shape)))
        return Target(roles.target, "classes", values, names or [str(value) for value in values], True)
    return _target(roles.target, counts, source.dtype, names, task)


def codes_and_numbers(target: Target, given: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Of each example the number of its class, -1 where that is missing; or its number. The other is None.

    >>> codes_and_numbers(Target("y", "classes", [2, 5], ["two", "five"]), np.array([5, 2, 7]))
    (array([ 1,  0, -1]), None)
    """
    given = given.reshape(len(given), -1)
    if target.kind == "numbers":
        return None, given[:, 0].astype(np.float64)
    given = given.argmax(axis=1) if given.shape[1] > 1 else given[:, 0]
    known = np.array(target.values)
    places = np.clip(np.searchsorted(known, given), 0, max(0, len(known) - 1))
    codes = np.where(known[places] == given, places, -1) if len(known) else np.full(len(given), -1)
    return codes, None


def _target(name: str, counts: Sequence[Counts], dtype: np.dtype, names: list[str], task: str | None) -> Target:
    if not is_classes(counts, dtype, bool(names), task):
        return Target(name, "numbers")
    values = sorted({value for each in counts for value in each.of or ()})
    return Target(name, "classes", values, [_class_name(value, names) for value in values])


def _class_name(value: object, names: list[str]) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, int | float) and value == int(value):
        value = int(value)
        return names[value] if 0 <= value < len(names) else str(value)
    return str(value)


def _is_one_hot(array: np.ndarray) -> bool:
    flat = array.reshape(len(array), -1)
    return bool(np.isin(flat, (0, 1)).all() and (flat.sum(axis=1) == 1).all())
