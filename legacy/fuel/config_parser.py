"""Settings: set by the program, else by environment variables, else by `~/.fuelrc`, else defaults.

    data_path: /data/mine:/data/shared      # FUEL_DATA_PATH
    floatX: float32                         # FUEL_FLOATX
    default_seed: 1

The file is YAML; `FUEL_CONFIG` names another one.
"""

import os
import sys

import yaml

from bricks.errors import nearest


class ConfigurationError(Exception):
    """A setting is needed that nobody has given."""


NOT_SET = object()


def multiple_paths(value) -> list[str]:
    """Folders: a list, or one text with the system's separator between them (a colon on most).

    >>> multiple_paths(os.pathsep.join(["/a", "/b"]))
    ['/a', '/b']
    """
    if isinstance(value, str | os.PathLike):
        value = os.fspath(value).split(os.pathsep)
    return [os.path.expanduser(path) for path in value]


def extra_downloader_converter(value) -> list[str]:
    """Names of modules: a list, or one text with spaces between them."""
    return value.split() if isinstance(value, str) else list(value)


class Configuration:
    """Settings as attributes; each has a type, and may have a default and an environment variable.

    >>> config = Configuration()
    >>> config.add_config("default_seed", int, default=1)
    >>> config.default_seed = "3"
    >>> config.default_seed
    3
    """

    def __init__(self):
        object.__setattr__(self, "config", {})

    def add_config(self, key: str, type_, default=NOT_SET, env_var: str | None = None) -> None:
        """A setting more; `default` may be a function that is called when it is asked for."""
        self.config[key] = {"type": type_, "default": default, "env_var": env_var}

    def load_yaml(self) -> None:
        """Read the file of settings, where there is one."""
        path = os.path.expanduser(os.environ.get("FUEL_CONFIG") or "~/.fuelrc")
        if not os.path.isfile(path):
            return
        with open(path, encoding="utf-8") as file:
            said = yaml.safe_load(file) or {}
        if not isinstance(said, dict):
            raise ValueError(f"{path}: must be lines `name: value`, got {said!r:.60}")
        for key, value in said.items():
            if key not in self.config:
                raise ValueError(f"{path}: no setting is called {key!r}; {nearest(key, self.config)}")
            self.config[key]["yaml"] = value

    def __getattr__(self, key: str):
        if key == "config" or key.startswith("__"):  # copying and pickling ask before anything is there
            raise AttributeError(key)
        if key not in self.config:
            raise AttributeError(f"fuel.config has no setting {key!r}; {nearest(key, self.config)}")
        setting = self.config[key]
        value = setting.get("value", NOT_SET)
        if value is NOT_SET and setting["env_var"]:
            value = os.environ.get(setting["env_var"]) or NOT_SET  # an empty one is none
        if value is NOT_SET:
            value = setting.get("yaml", NOT_SET)
        if value is NOT_SET:
            default = setting["default"]
            value = default() if callable(default) else default
        if value is NOT_SET:
            variable = f", or {setting['env_var']}=... in the environment" if setting["env_var"] else ""
            raise ConfigurationError(
                f"fuel.config.{key} must be set, got nothing; write `{key}: ...` into ~/.fuelrc, "
                f"or fuel.config.{key} = ... in the program{variable}"
            )
        return setting["type"](value)

    def __setattr__(self, key: str, value) -> None:
        if key not in self.config:
            raise ValueError(f"fuel.config has no setting {key!r}; {nearest(key, self.config)}")
        setting = self.config[key]
        setting["type"](value)  # what it can't be is said where it is set
        setting["value"] = value


def _data_path():
    """The data folders of bricks: BRICKS_DATA_PATH, or this user's."""
    from bricks.folders import data_folders

    return list(map(str, data_folders()))


def _float_x():
    """That of the symbolic side: of PyTensor where it is loaded, else of THEANO_FLAGS."""
    if "pytensor" in sys.modules:
        return sys.modules["pytensor"].config.floatX
    flags = dict(part.strip().partition("=")[::2] for part in os.environ.get("THEANO_FLAGS", "").split(","))
    return flags.get("floatX") or NOT_SET


config = Configuration()
config.add_config("data_path", multiple_paths, default=_data_path, env_var="FUEL_DATA_PATH")
config.add_config("default_seed", int, default=1)
config.add_config("local_data_path", str, default="", env_var="FUEL_LOCAL_DATA_PATH")
config.add_config("extra_downloaders", extra_downloader_converter, default=(), env_var="FUEL_EXTRA_DOWNLOADERS")
config.add_config("extra_converters", extra_downloader_converter, default=(), env_var="FUEL_EXTRA_CONVERTERS")
config.add_config("floatX", str, default=_float_x, env_var="FUEL_FLOATX")
config.load_yaml()
