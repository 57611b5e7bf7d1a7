"""Configs are data: one YAML file an experiment, validated whole before anything is built.

What `dataset`, `model` and `algorithm` may say is read from the signatures of the dataset's `streams`, the
model's `build` and the step rule's constructor; `training` is `Training` below. Every error is collected,
with its path and the nearest right name. There is no code in a config.
"""

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import pydantic
from pydantic import ConfigDict, Field, FiniteFloat, PositiveInt

from bricks.errors import UsageError, nearest
from bricks.training import yamls
from bricks.training.lab import Lab, Option, options
from bricks.training.problems import Problem, explain

Fraction = Annotated[FiniteFloat, Field(gt=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Positive = Annotated[FiniteFloat, Field(gt=0)]

_STRICT = ConfigDict(extra="forbid", strict=True)


class Training(pydantic.BaseModel):
    """The `training` section: how long to train, what to watch, when to save."""

    model_config = _STRICT

    epochs: PositiveInt
    patience: PositiveInt | None = None
    watch: str = "valid_cost"
    checkpoint_minutes: Positive | None = None
    checkpoint_iterations: PositiveInt | None = None
    steps_per_call: PositiveInt | None = None


ALGORITHM_OPTIONS = {
    option.name: option
    for option in (
        Option("clip", Positive | None, None),
        Option("max_norm", Positive | None, None),
        Option("decay", Fraction, 1.0),
    )
}
"""What each step rule takes beside its own: global-norm clipping, max-norm, learning-rate factor an epoch."""

_ROOMS = {"dataset": "datasets", "model": "models"}
_CHOICE = {"dataset": "name", "model": "name", "algorithm": "step_rule"}


@dataclasses.dataclass(frozen=True)
class Choice:
    """A section that names something and gives its options, complete with defaults."""

    name: str
    options: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Config:
    """A valid config. `resolved` is the whole of it as plain data, defaults filled in."""

    name: str
    seed: int
    dataset: Choice
    model: Choice
    algorithm: Choice
    training: Training
    resolved: dict[str, Any]

    def to_yaml(self) -> str:
        """The resolved config as YAML that reads back to the same."""
        return yamls.dump(self.resolved)


def read(path: str | Path, lab: Lab, overrides: Iterable[str] = (), name: str | None = None) -> Config:
    """Read the config at `path`, apply overrides, validate the whole.

    Parameters
    ----------
    path : path
        A YAML file.
    lab : Lab
        Whose models and datasets its names mean.
    overrides : strings
        `section.key=value`, the value read as YAML: `model.hidden=[500, 300]`.
    name : str, optional
        Of the config, for its runs; the file's stem by default.

    Raises
    ------
    UsageError
        With a line for each thing that is wrong:
        `configs/x.yaml: algorithm.learning_rte: unknown key; did you mean 'learning_rate'? ...`.
    """
    path = Path(path)
    shown = str(path.relative_to(lab.folder)) if path.is_relative_to(lab.folder) else str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{shown}: can't be read: {error}") from None
    data = yamls.load(text, shown)
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise UsageError(f"{shown}: must be sections with keys and values, got {data!r:.80}")
    original = json.loads(_json(data, shown))
    changed = json.loads(_json(data, shown))
    overridden = [_override(changed, text) for text in overrides]

    def origin(where: tuple) -> str:
        inside = any(where[: len(keys)] == keys for keys in overridden)
        added = any(keys[: len(where)] == where for keys in overridden) and not _has(original, where)
        return "command line" if inside or added else shown

    config, problems = validate(changed, lab, name or path.stem)
    if problems:
        raise UsageError("\n".join(f"{origin(problem.where)}: {problem}" for problem in problems))
    return config


def validate(data: dict[str, Any], lab: Lab, name: str) -> tuple[Config | None, list[Problem]]:
    """Validate plain data as a config: the config, or all that is wrong with it."""
    problems: list[Problem] = []
    sections = {room: _section(room, _choices(room, lab), _chosen(data, room), lab, problems) for room in _CHOICE}
    whole = pydantic.create_model(
        "Config",
        __config__=_STRICT,
        seed=(Seed, 1),
        training=(Training, ...),
        **{room: (section, ...) for room, section in sections.items()},
    )
    known = {room: _keys(section) for room, section in {**sections, "training": Training}.items()}
    try:
        valid = whole.model_validate_json(_json(data, name))
    except pydantic.ValidationError as error:
        return None, explain(error, data, known, problems)
    if problems:
        return None, problems
    resolved = valid.model_dump(mode="json", by_alias=True)
    order = ("seed", "dataset", "model", "algorithm", "training")
    return Config(
        name=name,
        seed=valid.seed,
        training=valid.training,
        resolved={section: resolved[section] for section in order},
        **{room: _choice(getattr(valid, room), _CHOICE[room]) for room in _CHOICE},
    ), []


def _choices(room: str, lab: Lab) -> list[str]:
    if room in _ROOMS:
        return lab.names(_ROOMS[room])
    from bricks.training.step_rules import RULES

    return sorted(RULES)


def _options(room: str, name: str, lab: Lab) -> dict[str, Option]:
    if room in _ROOMS:
        return options(lab.function(_ROOMS[room], name))
    from bricks.training.step_rules import RULES

    return options(RULES[name].__init__) | ALGORITHM_OPTIONS


def _chosen(data: dict, room: str) -> Any:
    section = data.get(room)
    return section.get(_CHOICE[room]) if isinstance(section, dict) else None


def _section(room: str, known: list[str], chosen: Any, lab: Lab, problems: list[Problem]) -> type:
    """The pydantic model of a section that names something: the choice, then the options of what it names.

    Where the name is unknown, its options are too, and only the name is complained of. Options go in as
    aliases: a field may not have a name that pydantic's models have themselves.
    """
    key = _CHOICE[room]
    if chosen not in known:
        if isinstance(chosen, str):
            kind = "step rule" if key == "step_rule" else room
            problems.append(Problem((room, key), f"unknown {kind} {chosen!r}; {nearest(chosen, known)}"))
        return pydantic.create_model(room, __config__=ConfigDict(extra="allow", strict=True), **{key: (str, ...)})
    fields: dict[str, Any] = {"choice": (str, Field(alias=key))}
    for option in _options(room, chosen, lab).values():
        if option.name == key:
            raise UsageError(f"{room} {chosen!r}: an option can't be called {key!r}, which names the {room}")
        default = {} if option.required else {"default": option.default}
        fields[f"option_{option.name}"] = (option.annotation, Field(alias=option.name, **default))
    return pydantic.create_model(room, __config__=_STRICT, **fields)


def _keys(section: type[pydantic.BaseModel]) -> list[str]:
    return [field.alias or name for name, field in section.model_fields.items()]


def _choice(section: pydantic.BaseModel, key: str) -> Choice:
    values = {field.alias: getattr(section, name) for name, field in type(section).model_fields.items()}
    return Choice(values.pop(key), values)


def _override(data: dict[str, Any], text: str) -> tuple[str, ...]:
    """Set `section.key=value` in `data`; the keys it set."""
    path, equals, value = text.partition("=")
    keys = tuple(path.strip().split("."))
    if not equals or not all(keys):
        raise UsageError(f"command line: {text!r}: an override is section.key=value, for example training.epochs=60")
    section = data
    for depth, key in enumerate(keys[:-1]):
        section = section.setdefault(key, {})
        if not isinstance(section, dict):
            raise UsageError(f"command line: {text}: {'.'.join(keys[: depth + 1])} is a value, not a section")
    section[keys[-1]] = json.loads(_json(yamls.load(value, f"command line: {path.strip()}"), "command line"))
    return keys


def _has(data: Any, where: tuple) -> bool:
    for key in where:
        if not isinstance(data, dict) or key not in data:
            return False
        data = data[key]
    return True


def _json(data: Any, where: str) -> str:
    try:
        return json.dumps(data)
    except (ValueError, RecursionError):
        raise UsageError(f"{where}: a value contains itself") from None
