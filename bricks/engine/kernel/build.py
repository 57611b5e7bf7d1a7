"""From a kernel's source to a target that XLA can call: compiled once for each processor, and kept.

The compiler is PyTensor's (`cxx`, g++ where there is one). Compiled kernels are kept by what went into them, so that
a second process compiles nothing. Where there is no compiler, or it fails, recurrences are XLA's loops.
"""

import ctypes
import functools
import hashlib
import os
import platform
import subprocess
import tempfile
import threading
import warnings
from concurrent.futures import Future
from pathlib import Path

import jax
import jaxlib
import pytensor

from bricks.files import atomic_path
from bricks.folders import cache_folder

FLAGS = (
    *("-std=c++17", "-O3", "-march=native", "-shared", "-fPIC", "-fopenmp-simd", "-ffp-contract=fast"),
    "-mprefer-vector-width=512",  # where there are such vectors: a third off the element-wise work
    # NaN and infinities stay what they are; signals and errno, which nobody reads, would stand in vectorising's way.
    *("-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros", "-fno-semantic-interposition", "-w"),
)
HERE = Path(__file__).parent
_lock = threading.Lock()


def compiler() -> str:
    """The C++ compiler's command, "" where there is none."""
    return pytensor.config.cxx


def target(source, key: str) -> str | None:
    """The name under which XLA finds a kernel, compiled now if it has not been; None if that fails.

    Parameters
    ----------
    source : callable
        From the handler's name to the program.
    key : str
        Of the program, whatever its handler is called.
    """
    name = f"bricks_{_digest(key)}"
    with _lock:
        return name if _register(name, source) else None


def _digest(text: str) -> str:
    return hashlib.sha256("\n".join([text, _machine()]).encode()).hexdigest()[:24]


@functools.cache
def _register(name: str, source) -> bool:
    try:
        _runtime().result()
        library = ctypes.CDLL(str(_library(name, source(name))))
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        warnings.warn(
            f"a kernel could not be compiled with {compiler()}: recurrences run as XLA's loops, slower, with the same "
            f"results: {said[0] if said else error}; THEANO_FLAGS=cxx= stops trying",
            stacklevel=2,
        )
        return False
    jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(getattr(library, name)), platform="cpu")
    return True


def prepare() -> None:
    """Begin to compile what all kernels share, beside whatever is done until the first one is needed."""
    if compiler():
        _runtime()


@functools.cache
def _runtime() -> Future:
    done: Future = Future()

    def load():
        try:
            text = (HERE / "runtime.cpp").read_text()
            path = _library(f"runtime_{_digest(text)}", text)
            done.set_result(ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL))  # found by kernels, being loaded for all
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=load, daemon=True, name="bricks-runtime").start()
    return done


def _library(name: str, text: str) -> Path:
    """The compiled library, in the cache, or where that cannot be written to, for this process alone."""
    folder = cache_folder("kernels")
    if folder is not None and (folder / f"{name}.so").exists():
        return folder / f"{name}.so"
    if folder is not None:
        try:
            with atomic_path(folder / f"{name}.so") as temporary:
                _compile(text, temporary)
            return folder / f"{name}.so"
        except OSError:  # a full disk, a folder that has become read-only
            pass
    path = Path(_own_folder()) / f"{name}.so"
    _compile(text, path)
    return path


def _compile(text: str, path: Path) -> None:
    command = [compiler(), *FLAGS, f"-I{jax.ffi.include_dir()}", f"-I{HERE}", "-x", "c++", "-", "-o", path]
    subprocess.run(command, input=text, text=True, check=True, capture_output=True)


@functools.cache
def _own_folder() -> str:
    folder = tempfile.TemporaryDirectory(prefix="bricks-kernels-")
    _own_folder.kept = folder  # removed when the process ends
    return folder.name


@functools.cache
def _machine() -> str:
    """What a compiled kernel depends on besides its source."""
    processor = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = "\n".join(next((line for line in lines if line.startswith(w)), "") for w in ("model name", "flags"))
    return "\n".join([processor, jaxlib.__version__, compiler(), " ".join(FLAGS), (HERE / "runtime.hpp").read_text()])
