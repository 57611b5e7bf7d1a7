"""What is wrong with a config, in words: pydantic's errors with our paths, and the nearest right name."""

import dataclasses
import re
from typing import Any

import pydantic

from bricks.errors import nearest

_PHRASES = {
    "int_from_float": "must be a whole number",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be keys and values",
    "model_type": "must be a section of keys and values",
}


@dataclasses.dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where (keys from the top), and what.

    >>> print(Problem(("model", "hidden", 1), "must be a whole number, got 'x'"))
    model.hidden[1]: must be a whole number, got 'x'
    """

    where: tuple[str | int, ...]
    message: str

    def __str__(self) -> str:
        path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.where)
        return f"{path.lstrip('.')}: {self.message}"


def explain(
    error: pydantic.ValidationError, data: dict, known: dict[str, list[str]], already: list[Problem]
) -> list[Problem]:
    """Pydantic's errors as ours, after those `already` known; `known` has the keys of each section, by its path."""
    messages: dict[tuple, list[str]] = {}
    got: dict[tuple, str] = {}
    for item in error.errors(include_url=False):
        where = _place(item["loc"], item["type"], data)
        message = _message(item, where, known)
        if message not in messages.setdefault(where, []):
            messages[where].append(message)
        if not message.startswith(("unknown", "is missing")):
            got[where] = _got(item["input"])
    found = [Problem(where, ", or ".join(parts) + got.get(where, "")) for where, parts in messages.items()]
    return [
        *already,
        *(problem for problem in found if problem.where not in {problem.where for problem in already}),
    ]


def _place(loc: tuple, kind: str, data: Any) -> tuple:
    """The part of pydantic's location that is in the data: it also names the branches of a union."""
    where: list = []
    for key in loc:
        if isinstance(data, dict) and (key in data or kind == "missing" and key == loc[-1]):
            data = data.get(key)
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
        else:
            continue
        where.append(key)
    return tuple(where)


def _message(item: dict, where: tuple, known: dict[str, list[str]]) -> str:
    kind = item["type"]
    if kind == "extra_forbidden":
        return f"unknown key; {_nearest_key(where, known)}"
    if kind == "missing":
        return "is missing"
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", item["ctx"]["expected"])
        if choices:
            return f"unknown value {item['input']!r:.80}; {nearest(str(item['input']), choices)}"
    text = item["msg"].removeprefix("Value error, ")
    return _PHRASES.get(kind) or re.sub("^Input should (be|have)", r"must \1", text)


def _got(value: Any) -> str:
    return f", got {value!r:.80}" + (" (a string)" if isinstance(value, str) else "")


def _nearest_key(where: tuple, known: dict[str, list[str]]) -> str:
    section, key = where[:-1], str(where[-1])
    if not section:
        inside = [f"{name}.{key}" for name, keys in known.items() if key in keys]
        tops = ["seed", "folds", "fold", "sweep", *(k for k in known if "." not in k)]
        return f"did you mean {inside[0]!r}?" if inside else nearest(key, tops)
    return nearest(key, known.get(".".join(map(str, section)), known.get(str(section[0]), [])))
