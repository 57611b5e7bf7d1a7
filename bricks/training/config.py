"""Configs are data: one YAML file an experiment, validated whole before anything is built.

What `dataset`, `model` and `algorithm` may say is read from the signatures of the dataset's `streams`, the
model's `build` and the step rule's constructor; `training` is `settings.Training`. Every error is collected,
with its path and the nearest right name. There is no code in a config.
"""

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import pydantic
from pydantic import ConfigDict, Field, FiniteFloat, PositiveInt

from bricks.errors import UsageError, nearest
from bricks.training import yamls
from bricks.training.given import Given, load, to_json
from bricks.training.lab import Lab, Option, options
from bricks.training.problems import Problem, explain
from bricks.training.settings import STRICT, Monitor, Positive, Schedule, Training

Fraction = Annotated[FiniteFloat, Field(gt=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Folds = Annotated[int, Field(ge=2)]

ALGORITHM_OPTIONS = {
    option.name: option
    for option in (
        Option("clip", Positive | None, None),
        Option("weight_decay", Positive | None, None),
        Option("max_norm", Positive | None, None),
        Option("decay", Fraction, 1.0),
        Option("schedule", Schedule | None, None),
    )
}
"""What each step rule takes beside its own: for gradients, for weights, and changes of a hyper-parameter."""

_ROOMS = {"dataset": "datasets", "model": "models"}
_CHOICE = {"dataset": "name", "model": "name", "algorithm": "step_rule"}


@dataclasses.dataclass(frozen=True)
class Choice:
    """A section that names something and gives its options, complete with defaults."""

    name: str
    options: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Config:
    """A valid config. `resolved` is the whole of it as plain data, defaults filled in.

    With `folds` K and `fold` k, examples of train and valid are split anew (`bricks.data.fold_streams`). They are at
    the top, beside the seed, for that is done to the streams of any data set, whatever options it has.
    """

    name: str
    seed: int
    dataset: Choice
    model: Choice
    algorithm: Choice
    training: Training
    resolved: dict[str, Any]
    folds: int | None = None
    fold: int | None = None

    def to_yaml(self) -> str:
        """The resolved config as YAML that reads back to the same."""
        return yamls.dump(self.resolved)


def read(path: str | Path, lab: Lab, overrides: Iterable[str] = (), name: str | None = None) -> Config:
    """Read the config at `path`, apply overrides, validate the whole; of a sweep, its first point.

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
    return validated(load(path, lab, overrides), lab, name or path.stem)


def validated(given: Given, lab: Lab, name: str) -> Config:
    """What is given, validated whole; UsageError with a line for each thing that is wrong."""
    config, problems = validate(given.at(given.points[0]), lab, name)
    if problems:
        raise UsageError("\n".join(given.told(problems)))
    return config


def validate(
    data: dict[str, Any], lab: Lab, name: str, unchecked: Iterable[str] = ()
) -> tuple[Config | None, list[Problem]]:
    """Validate plain data as a config: the config, or all that is wrong with it.

    Sections named in `unchecked` are taken as they are: what they name need not be there any more.
    """
    unchecked = set(unchecked)
    problems: list[Problem] = []
    known = {room: [] if room in unchecked else _choices(room, lab) for room in _CHOICE}
    sections = {room: _section(room, known[room], _chosen(data, room), lab, problems) for room in _CHOICE}
    problems = [problem for problem in problems if problem.where[0] not in unchecked]
    whole = pydantic.create_model(
        "Config",
        __config__=STRICT,
        seed=(Seed, 1),
        folds=(Folds | None, None),
        fold=(PositiveInt | None, None),
        training=(Training, ...),
        **{room: (section, ...) for room, section in sections.items()},
    )
    inner = {"training": Training, "training.monitor": Monitor, "algorithm.schedule": Schedule}
    known = {room: _keys(section) for room, section in {**sections, **inner}.items()}
    try:
        valid = whole.model_validate_json(to_json(data, name))
    except pydantic.ValidationError as error:
        return None, explain(error, data, known, problems)
    problems += _wrong_fold(valid.folds, valid.fold)
    if problems:
        return None, problems
    resolved = valid.model_dump(mode="json", by_alias=True)
    order = [key for key in ("seed", "folds", "fold", *sections, "training") if resolved[key] is not None]
    return Config(
        name=name,
        seed=valid.seed,
        training=valid.training,
        resolved={key: resolved[key] for key in order},
        folds=valid.folds,
        fold=valid.fold,
        **{room: _choice(getattr(valid, room), _CHOICE[room]) for room in _CHOICE},
    ), []


def _wrong_fold(folds: int | None, fold: int | None) -> list[Problem]:
    if folds is None and fold is not None:
        return [Problem(("fold",), f"is one of how many? Give folds too, got fold={fold}")]
    if folds is not None and (fold is None or fold > folds):
        return [Problem(("fold",), f"must be from 1 to folds={folds}, got {fold}")]
    return []


def _choices(room: str, lab: Lab) -> list[str]:
    if room in _ROOMS:
        return lab.names(_ROOMS[room])
    from bricks.training.step_rules import RULES

    return sorted(RULES)


def _options(room: str, name: str, lab: Lab) -> dict[str, Option]:
    if room in _ROOMS:
        return options(lab.function(_ROOMS[room], name))
    from bricks.training.step_rules import RULES

    own = options(RULES[name].__init__)
    return own | {key: option for key, option in ALGORITHM_OPTIONS.items() if key not in own}  # AdamW's weight_decay


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
    return pydantic.create_model(room, __config__=STRICT, **fields)


def _keys(section: type[pydantic.BaseModel]) -> list[str]:
    return [field.alias or name for name, field in section.model_fields.items()]


def _choice(section: pydantic.BaseModel, key: str) -> Choice:
    fields = type(section).model_fields.items()
    values = {field.alias or name: getattr(section, name) for name, field in fields} | (section.model_extra or {})
    return Choice(values.pop(key), values)
