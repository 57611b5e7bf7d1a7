"""`theano.config`: the flags as attributes, read by many programs, set by some.

What PyTensor and bricks know of is theirs (`theano.config.floatX` is `pytensor.config.floatX`). What steered
machinery that is gone can be read and set, and comes to nothing: setting it says so, once.
"""

import functools
import warnings
from contextlib import contextmanager

import pytensor

from bricks.engine.flags import FLAGS, GONE, GONE_FAMILIES, MODES
from bricks.errors import nearest
from theano._flags import IGNORED, is_ignored

__all__ = ["change_flags", "config"]


_said: dict = {}  # what a program set of flags that are neither PyTensor's nor bricks'


class Config:
    """The flags; those with a dot in their name are reached through groups: `config.scan.allow_gc`."""

    def __init__(self, prefix: str = ""):
        object.__setattr__(self, "_prefix", prefix)

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return _read(self._prefix + name)

    def __setattr__(self, name: str, value) -> None:
        _write(self._prefix + name, value)

    def __str__(self) -> str:
        return "\n".join(f"{flag} = {_read(flag)}" for flag in sorted(_known()) if not _is_group(flag))


def _read(flag: str):
    if flag in _said:
        return _said[flag]
    if flag == "device":
        return FLAGS.device or "cpu"
    if flag == "mode":
        return "Mode" if FLAGS.mode == "FAST_RUN" else FLAGS.mode
    if flag in IGNORED:
        return IGNORED[flag]
    if _is_pytensors(flag):
        return getattr(pytensor.config, flag.replace(".", "__"))
    if _is_group(flag):
        return Config(f"{flag}.")
    if _is_gone(flag):
        return ""
    raise AttributeError(f"theano.config: no flag is called {flag!r}; {nearest(flag, _known())}")


def _write(flag: str, value) -> None:
    if flag == "device":
        if value != _read(flag):
            raise ValueError(
                f"theano.config.device can't be changed after the start (it is {_read(flag)!r}); say it in "
                f"THEANO_FLAGS=device={str(value).replace('gpu', 'cuda')} or in .theanorc"
            )
    elif flag == "mode":
        if isinstance(value, str) and value.upper() not in {*MODES, "MODE"}:
            raise ValueError(f"theano.config.mode: {nearest(value, {*MODES.values(), 'Mode'})}; got {value!r}")
        _said[flag] = value
    elif flag in IGNORED or _is_gone(flag):
        if value != _read(flag):
            _warn_of(flag)
        _said[flag] = value
    elif _is_pytensors(flag):
        setattr(pytensor.config, flag.replace(".", "__"), value)
    else:
        _read(flag)  # an error with the nearest name
        raise AttributeError(f"theano.config.{flag} is a group of flags; set one of them")


@functools.cache
def _warn_of(flag: str) -> None:
    warnings.warn(f"theano.config.{flag}: set, and without effect: what it steered is gone", stacklevel=4)


def _is_pytensors(flag: str) -> bool:
    return flag.replace(".", "__") in pytensor.config._config_var_dict


def _is_group(flag: str) -> bool:
    families = {family[:-1] for family in GONE_FAMILIES if family.endswith(".")}
    groups = {name.rpartition(".")[0] for name in _known()}
    return flag in groups | families | {"lib", "warn", "dnn.conv"}


def _is_gone(flag: str) -> bool:
    return flag in GONE or flag.startswith(GONE_FAMILIES) or is_ignored(flag) or flag == "lib.cnmem"


def _known() -> set[str]:
    theirs = {name.replace("__", ".") for name in pytensor.config._config_var_dict}
    return {"device", *theirs, *IGNORED, *GONE} - {""}


config = Config()


@contextmanager
def change_flags(args=(), **flags):
    """Flags for the length of a block or of a function: `with change_flags(floatX="float32"):`.

    >>> with change_flags({"scan.allow_gc": True}, floatX="float32"):
    ...     config.floatX, config.scan.allow_gc
    ('float32', True)
    """
    flags = {**dict(args), **flags}
    before, said = {flag: _read(flag) for flag in flags}, dict(_said)
    try:
        for flag, value in flags.items():
            _write(flag, value)
        yield
    finally:
        for flag, value in before.items():
            _write(flag, value)
        _said.clear()
        _said.update(said)
