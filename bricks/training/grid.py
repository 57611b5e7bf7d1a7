"""The `sweep` of a config: grids of overrides, and the points that they have.

    sweep: {model.unit: [lstm, gru], seed: [1, 2, 3]}                            # a grid: its 6 points
    sweep: [{model.unit: [lstm]}, {model.unit: [gru], model.dim: [64, 128]}]     # several: 3 points

A config with `folds: K` and no `fold` is swept over all its folds.
"""

import itertools
import json
import re
from collections.abc import Iterable
from typing import Any

from bricks.errors import UsageError

SECTION, FILE = "sweep", "sweep.yaml"
Grid = dict[str, list]
"""From paths, as overrides have them, to the values to try."""

Values = dict[str, Any]
"""Of a point: from paths to values."""

LONGEST = 100
"""Characters in the name of a point, which is a file's."""

_MUST = "must be keys such as model.unit, each with a list of values to try, or a list of several such"


def grids(data: dict[str, Any], pinned: Iterable[tuple[str, ...]] = (), where: str = "config") -> list[Grid]:
    """What a config's data is swept over: one empty grid where it is not.

    Parameters
    ----------
    data : dict
        The config, as plain data, not validated.
    pinned : iterable of tuple of str
        Keys that the command line sets: these are not swept over.
    where : str
        Begins the error messages.

    Raises
    ------
    UsageError
        Where the sweep is no mapping from paths to lists of values, or several.

    Examples
    --------
    >>> data = {"sweep": {"model.unit": ["lstm", "gru"], "seed": [1, 2]}}
    >>> grids(data, pinned=[("seed",)])
    [{'model.unit': ['lstm', 'gru']}]
    >>> grids({"folds": 3}), grids({})
    ([{'fold': [1, 2, 3]}], [{}])
    """
    section = data.get(SECTION)
    section = {} if section is None else section
    if section == [] or not isinstance(section, dict | list):
        raise UsageError(f"{where}: {SECTION}: {_MUST}, got {section!r:.80}")
    pins = [".".join(keys) for keys in pinned if keys[0] != SECTION]
    folds = data.get("folds")
    found = []
    for one in section if isinstance(section, list) else [section]:
        grid = {path: values for path, values in _grid(one, where).items() if path not in pins}
        for path, pin in itertools.product(grid, pins):
            if pin.startswith(f"{path}."):
                raise UsageError(
                    f"command line: {pin}: lies within {path}, which is swept over; set {path}=... to one value, or "
                    f"{SECTION}.{path}=[...] to others"
                )
        if type(folds) is int and folds > 1 and "fold" not in data and not {"fold", "folds"} & set(grid):
            grid["fold"] = list(range(1, folds + 1))
        found.append(grid)
    return found


def points(found: list[Grid]) -> list[Values]:
    """The points of grids, each once: grid by grid, the last key of a grid varying fastest.

    >>> points([{"model.unit": ["lstm", "gru"], "seed": [1, 2]}])[:3]
    [{'model.unit': 'lstm', 'seed': 1}, {'model.unit': 'lstm', 'seed': 2}, {'model.unit': 'gru', 'seed': 1}]
    """
    several = [dict(zip(grid, values, strict=True)) for grid in found for values in itertools.product(*grid.values())]
    return list({json.dumps(point, sort_keys=True): point for point in several}.values())


def at(data: dict[str, Any], point: Values) -> dict[str, Any]:
    """The data of an ordinary config: that of a point.

    >>> at({"sweep": {"model.dim": [8, 16]}, "model": {"name": "mlp"}}, {"model.dim": 8})
    {'model': {'name': 'mlp', 'dim': 8}}
    """
    changed = json.loads(json.dumps({key: value for key, value in data.items() if key != SECTION}))
    for path, value in point.items():
        assign(changed, tuple(path.split(".")), json.loads(json.dumps(value)), f"{SECTION}.{path}")
    return changed


def assign(data: dict[str, Any], keys: tuple[str, ...], value: Any, who: str) -> None:
    """Set the value at these keys, making sections on the way; `who` begins the error message."""
    section = data
    for depth, key in enumerate(keys[:-1]):
        section = section.setdefault(key, {})
        if not isinstance(section, dict):
            raise UsageError(f"{who}: {'.'.join(keys[: depth + 1])} is a value, not a section")
    section[keys[-1]] = value


def is_repeat(path: str) -> bool:
    """Whether runs that differ in this alone are repetitions of one another, to be averaged over.

    >>> [is_repeat(path) for path in ("seed", "fold", "dataset.permutation_seed", "model.unit")]
    [True, True, True, False]
    """
    last = path.rpartition(".")[2]
    return path == "fold" or last == "seed" or last.endswith("_seed")


def common(point: Values) -> Values:
    """What a point shares with its repetitions.

    >>> common({"model.unit": "lstm", "seed": 1})
    {'model.unit': 'lstm'}
    """
    return {path: value for path, value in point.items() if not is_repeat(path)}


def short(paths: Iterable[str]) -> dict[str, str]:
    """Each path by its last key, where that is no other's.

    >>> short(["model.unit", "model.name", "dataset.name"])
    {'model.unit': 'unit', 'model.name': 'model.name', 'dataset.name': 'dataset.name'}
    """
    paths = list(dict.fromkeys(paths))
    last = [path.rpartition(".")[2] for path in paths]
    return {path: key if last.count(key) == 1 else path for path, key in zip(paths, last, strict=True)}


def word(value: Any) -> str:
    """A value in a word or two: a mapping that has a name by its name.

    >>> word(0.001), word([500, 300]), word({"name": "surprised", "like": "lstm"}), word(True)
    ('0.001', '[500,300]', 'surprised', 'true')
    """
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        return value["name"]
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def names(found: list[Values]) -> list[str]:
    """A name for each point that says it, safe for files and different from all others.

    >>> names([{"model.unit": "lstm", "seed": 1}, {"model.unit": {"like": "gru"}, "seed": 1}])
    ['unit=lstm,seed=1', 'unit=like-gru,seed=1']
    """
    keys = short(path for point in found for path in point)
    taken: set[str] = set()
    chosen = []
    for point in found:
        parts = (f"{_safe(keys[path])}={_safe(word(value))}" for path, value in point.items())
        stem = name = ",".join(parts)[:LONGEST] or "base"
        number = 1
        while name.lower() in taken:  # some file systems know no capitals
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.lower())
        chosen.append(name)
    return chosen


def _grid(section: Any, where: str) -> Grid:
    if not isinstance(section, dict):
        raise UsageError(f"{where}: {SECTION}: {_MUST}, got {section!r:.80}")
    for path, values in section.items():
        if values is not None and (not isinstance(values, list) or not values):
            raise UsageError(f"{where}: {SECTION}.{path}: must be a list of values to try, got {values!r:.80}")
        texts = [json.dumps(value, sort_keys=True) for value in values or ()]
        for value, text in zip(values or (), texts, strict=True):
            if texts.count(text) > 1:
                raise UsageError(f"{where}: {SECTION}.{path}: has {word(value)} twice; leave one")
    return {path: values for path, values in section.items() if values is not None}


def _safe(text: str) -> str:
    return re.sub(r"[^\w.+-]+", "-", re.sub(r"^[^\w.+-]+|[^\w.+-]+$", "", text, flags=re.ASCII), flags=re.ASCII) or "_"
