"""YAML as configs use it: data alone, the scalars of YAML 1.2, no key twice.

PyYAML speaks YAML 1.1, where `1e-3` is a string, `on` is true, `017` is fifteen and `12:30` is 750; and it
lets the last of two equal keys win in silence. Here none of that holds.
"""

import re
from typing import Any

import yaml

from bricks.errors import UsageError

_SCALARS = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "null": (r"null|Null|NULL|~|", ["n", "N", "~", ""]),
    "int": (r"[-+]?[0-9][0-9_]*|0x[0-9a-fA-F]+|0o[0-7]+", "-+0123456789"),
    "float": (
        r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
}


class _Loader(yaml.SafeLoader):
    """Plain data alone: no other tags, no objects."""

    yaml_implicit_resolvers: dict = {}
    yaml_constructors = {
        tag: constructor
        for tag, constructor in yaml.SafeLoader.yaml_constructors.items()
        if tag is None or tag.rpartition(":")[2] in ("null", "bool", "int", "float", "str", "seq", "map")
    }


class _Dumper(yaml.SafeDumper):
    """Quotes each string that `_Loader`, or a reader of YAML 1.1, would take for something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def load(text: str, where: str) -> Any:
    """Read one YAML document; UsageError, with `where` and the line, if it isn't one.

    >>> load("{rate: 1e-3, on: [1, 0x10, .5, ~]}", "example")
    {'rate': 0.001, 'on': [1, 16, 0.5, None]}
    >>> load("a: 1\\na: 2", "example.yaml")
    Traceback (most recent call last):
    bricks.errors.UsageError: example.yaml, line 2: key 'a' is there twice; leave one
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise UsageError(f"{where}{line}: {error.problem}") from None
    except yaml.YAMLError as error:
        raise UsageError(f"{where}: not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise UsageError(f"{where}: nested too deeply") from None


def dump(data: Any) -> str:
    """Write plain data as YAML that `load` reads back to equal data.

    >>> print(dump({"model": {"name": "mlp", "hidden": [500]}, "note": "1e-3"}), end="")
    model:
      name: mlp
      hidden: [500]
    note: '1e-3'
    """
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, default_flow_style=None, width=1000)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict:
    pairs: dict = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(
                None, None, f"a key must be a string, got {key!r}", key_node.start_mark
            )
        if key in pairs:
            raise yaml.constructor.ConstructorError(
                None, None, f"key {key!r} is there twice; leave one", key_node.start_mark
            )
        pairs[key] = loader.construct_object(value_node, deep=True)
    return pairs


def _integer(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = loader.construct_scalar(node).replace("_", "")
    base = {"0x": 16, "0o": 8}.get(text[:2], 10)
    return int(text, base)


for _name, (_pattern, _first) in _SCALARS.items():
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_pattern})$"), list(_first))
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
