"""The lab: the folder of `train.py`, with its `models/`, `datasets/`, `configs/` and `runs/`.

Names in a config resolve to files here, which are loaded by path: nothing in bricks imports from the lab,
and any folder of this shape is one.
"""

import contextlib
import dataclasses
import hashlib
import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bricks.errors import UsageError, nearest

FUNCTIONS = {"models": "build", "datasets": "streams"}


@dataclasses.dataclass(frozen=True)
class Option:
    """A parameter that a config may give: its name, annotation and default (or `inspect.Parameter.empty`)."""

    name: str
    annotation: Any
    default: Any

    @property
    def required(self) -> bool:
        """Whether a config must give it."""
        return self.default is inspect.Parameter.empty


class Lab:
    """A folder with `models/`, `datasets/` and `configs/`.

    Parameters
    ----------
    folder : path
        The folder that `train.py` lies in.

    Attributes
    ----------
    helpers : dict of str to Path
        Files that its models and data sets have imported from it, by their names in the lab.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "models").mkdir()
    >>> _ = (folder / "models" / "mlp.py").write_text("def build(sources, *, seed, hidden: list[int]): ...")
    >>> Lab(folder).names("models")
    ['mlp']
    >>> Lab(folder).function("models", "mpl")
    Traceback (most recent call last):
    bricks.errors.UsageError: no model 'mpl' in models/; did you mean 'mlp'? (there are: mlp)
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder).resolve()
        self._instead: dict[tuple[str, str], Path] = {}
        self.helpers: dict[str, Path] = {}

    def with_file(self, room: str, name: str, path: Path) -> "Lab":
        """The same lab, but with `path` as the file of that model or dataset."""
        lab = Lab(self.folder)
        lab.helpers = self.helpers
        lab._instead = {**self._instead, (room, name): path}
        return lab

    def names(self, room: str) -> list[str]:
        """Names of the `models`, `datasets` or `configs` that there are."""
        suffix = ".yaml" if room == "configs" else ".py"
        paths = (self.folder / room).glob(f"*{suffix}")
        names = {path.stem for path in paths if path.stem[0] not in "._"}
        return sorted(names | {name for where, name in self._instead if where == room})

    def path(self, room: str, name: str) -> Path:
        """The file of a model or a dataset; UsageError, with the nearest name, where there is none."""
        if name not in self.names(room):
            raise UsageError(f"no {room[:-1]} {name!r} in {room}/; {nearest(name, self.names(room))}")
        return self._instead.get((room, name), self.folder / room / f"{name}.py")

    def function(self, room: str, name: str) -> Callable:
        """`build` of a model or `streams` of a dataset, by the name that a config says."""
        with self.importable():
            return load_function(self.path(room, name), FUNCTIONS[room])

    @contextlib.contextmanager
    def importable(self) -> Iterator[None]:
        """Let its files import each other, `from models.cells import Cell`, wherever Python was started.

        What they import is noted in `helpers`. Python forgets it then, for another lab has files of the same names;
        except under `train.py`, beside which Python looks anyway.
        """
        at_home = str(self.folder) in sys.path
        before = set() if at_home else set(sys.modules)
        if not at_home:
            sys.path.insert(0, str(self.folder))
        try:
            yield
        finally:
            # First, for a folder that was imported is only where it was as long as the path leads there.
            for name in set(sys.modules) - before:
                if self._has(sys.modules[name]) and not at_home:
                    del sys.modules[name]
            if not at_home:
                with contextlib.suppress(ValueError):
                    sys.path.remove(str(self.folder))

    def _has(self, module: types.ModuleType) -> bool:
        """Whether a module that was imported is a file, or a folder, of this lab; the file is noted."""
        known = getattr(module, "__dict__", {})  # for asking a module for what it has not may make it import more
        if known.get("__spec__") is None:  # one that `load_function` made
            return False
        homes = (self.folder, *(self.folder / room for room in FUNCTIONS))
        file = known.get("__file__")
        if file is None:
            return any(Path(place) in homes for place in known.get("__path__", ()))
        if not str(file).startswith(str(self.folder)):
            return False
        path = Path(file)
        if path.parent not in homes:
            return False
        self.helpers[str(path.relative_to(self.folder))] = path
        return True

    def config_path(self, word: str) -> Path:
        """The config that a word on the command line means: a path, or the bare name of one in `configs/`."""
        known = self.names("configs")
        if word in known:
            return self.folder / "configs" / f"{word}.yaml"
        path = Path(word)
        if path.is_file():
            return path
        in_lab = self.folder / path
        if in_lab.is_file():
            return in_lab
        raise UsageError(f"no config {word!r}; {nearest(path.stem, known)}")

    def config_descriptions(self) -> dict[str, str]:
        """Name of each config, with its first comment line."""
        descriptions = {}
        for name in self.names("configs"):
            lines = (self.folder / "configs" / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
            descriptions[name] = lines[0].lstrip("# ").rstrip() if lines and lines[0].startswith("#") else ""
        return descriptions


def load_function(path: Path, name: str) -> Callable:
    """Run the Python file at `path` and give its function `name`.

    The file is run as a module of its own, outside the package search path, and leaves no `__pycache__`
    behind (a run directory holds a copy of its model).
    """
    source = path.read_bytes()
    try:
        code = compile(source, str(path), "exec")
    except SyntaxError as error:
        raise UsageError(f"{path}, line {error.lineno}: {error.msg}") from None
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    module = types.ModuleType(f"lab_{re.sub(r'[^A-Za-z0-9_]', '_', path.stem)}_{digest}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    exec(code, module.__dict__)
    function = getattr(module, name, None)
    if not callable(function):
        raise UsageError(f"{path} must define a function {name!r}; it has none")
    return function


def options(function: Callable, skip: tuple[str, ...] = ("self", "seed", "sources")) -> dict[str, Option]:
    """The parameters of a function that a config may give, with what their annotations say.

    Keyword parameters of `streams` and `build`, or all of a step rule's constructor. Each needs an
    annotation, for the config is validated against it.

    >>> def build(sources, *, seed: int, hidden: list[int] = [500]): ...
    >>> options(build)
    {'hidden': Option(name='hidden', annotation=list[int], default=[500])}
    """
    found = {}
    where = f"{getattr(function, '__module__', '')}.{function.__qualname__}"
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in skip:
            continue
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY):
            raise UsageError(f"{where}: {parameter} can't come from a config; use named keyword parameters")
        if parameter.annotation is parameter.empty:
            raise UsageError(f"{where}: parameter {parameter.name!r} needs an annotation to validate configs by")
        holder = types.SimpleNamespace(__annotations__={parameter.name: parameter.annotation})
        hints = typing.get_type_hints(holder, globalns=_namespace(function), include_extras=True)
        found[parameter.name] = Option(parameter.name, hints[parameter.name], parameter.default)
    return found


def _namespace(function: Callable) -> dict:
    return getattr(inspect.unwrap(function), "__globals__", {})
