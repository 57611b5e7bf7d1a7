"""THEANO_FLAGS and .theanorc, read as Theano read them, and handed to bricks before it is imported.

Precedence as ever: THEANO_FLAGS, then the files that THEANORC names (`~/.theanorc` without it, later files win), then
the defaults. `floatX` is float64 where nobody says otherwise: that was Theano's own default, and is not bricks'.
"""

import configparser
import os
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path

# Theano's flags that bricks' own list of gone ones leaves out, each with the value that a program reads.
IGNORED = {
    "autotune_threads": 0,
    "compute_test_value": "off",
    "compute_test_value_opt": "off",
    "conv.assert_shape": False,
    "cublas.lib": "cublas",
    "cuda.enabled": True,
    "cuda.root": "",
    "deterministic": "default",
    "dnn.enabled": "auto",
    "enable_initial_driver_test": True,
    "experimental.local_alloc_elemwise": False,
    "experimental.local_alloc_elemwise_assert": True,
    "experimental.mrg": False,
    "experimental.unpickle_gpu_on_cpu": False,
    "force_device": False,
    "gpuelemwise.sync": True,
    "init_gpu_device": "",
    "int_division": "int",
    "metaopt.verbose": False,
    "nvcc.compiler_bindir": "",
    "nvcc.fastmath": False,
    "nvcc.flags": "",
    "pickle_test_value": True,
    "print_active_device": True,
    "print_test_value": False,
    "pycuda.init": False,
    "reoptimize_unpickled_function": False,
    "scan.debug": False,
    "tensor.local_elemwise_fusion": True,
    "warn.ignore_bug_before": "0.9",
    "warn.inc_set_subtensor1": False,
    "warn.reduce_join": False,
    "warn.round": False,
    "warn.signal_conv2d_interface": False,
    "warn.subtensor_merge_bug": False,
    "warn.vm_gc_bug": False,
}
IGNORED_FAMILIES = ("warn.", "ProfileMode.", "experimental.")
DEFAULT_FLOATX = "float64"


def rc_files() -> list[Path]:
    """The files of settings, those that win last."""
    named = os.environ.get("THEANORC")
    names = named.split(os.pathsep) if named else ["~/.theanorc", *(["~/.theanorc.txt"] if os.name == "nt" else [])]
    return [path for path in (Path(name).expanduser() for name in names if name) if path.is_file()]


def from_files() -> dict[str, str]:
    """What the files of settings say: `name` of section `[global]`, `section.name` of the others."""
    reader = configparser.RawConfigParser(strict=False, inline_comment_prefixes=(";", "#"))
    reader.optionxform = str  # floatX keeps its X
    reader.read(rc_files())
    return {
        name if section == "global" else f"{section}.{name}": value.strip()
        for section in reader.sections()
        for name, value in reader.items(section)
    }


def from_environment() -> dict[str, str]:
    """What THEANO_FLAGS says."""
    pairs = [part.partition("=") for part in os.environ.get("THEANO_FLAGS", "").split(",") if part.strip()]
    return {name.strip(): value.strip() if equals else None for name, equals, value in pairs}


def is_ignored(name: str) -> bool:
    """Whether nothing comes of a flag any more."""
    return name in IGNORED or name.startswith(IGNORED_FAMILIES)


def wanted() -> dict[str, str]:
    """All that was asked for and means something, `floatX` among it; the rest is warned of, once."""
    said = from_files()
    # XLA multiplies matrices itself, and a comma within a value would end it in a list of flags.
    said = {name: value for name, value in said.items() if "," not in value}
    said |= from_environment()
    ignored = [name for name in said if is_ignored(name) and said[name] != str(IGNORED.get(name))]
    if ignored:
        warnings.warn(
            f"THEANO_FLAGS or .theanorc: {', '.join(ignored)}: no effect, what they steered is gone; leave them out",
            stacklevel=4,
        )
    return {"floatX": DEFAULT_FLOATX} | {name: value for name, value in said.items() if not is_ignored(name)}


@contextmanager
def _told(flags: dict):
    """THEANO_FLAGS as bricks is to read it; as it was, afterwards, for processes that this one starts."""
    before = os.environ.get("THEANO_FLAGS")
    text = ",".join(name if value is None else f"{name}={value}" for name, value in flags.items())
    os.environ["THEANO_FLAGS"] = text
    try:
        yield
    finally:
        if before is None:
            del os.environ["THEANO_FLAGS"]
        else:
            os.environ["THEANO_FLAGS"] = before


def start() -> None:
    """Import bricks with Theano's flags; where it is there already, say so if its floatX is another."""
    flags = wanted()
    if "bricks" not in sys.modules:
        with _told(flags):
            import bricks  # noqa: F401
    import pytensor

    present = pytensor.config.floatX
    if present != flags["floatX"]:
        warnings.warn(
            f"bricks or PyTensor was imported before theano, with floatX={present}, which stays; Theano's programs are "
            f"to have {flags['floatX']} here: import theano first, or say THEANO_FLAGS=floatX={present} if you mean it",
            stacklevel=3,
        )
