"""From a kernel's source to a target that XLA can call: compiled once for each processor, and kept.

The compiler is PyTensor's (`cxx`, g++ where there is one). Compiled kernels are kept by what went into them, so that
a second process compiles nothing; each file ends with its digest, so that half a file is not loaded. Where there is
no compiler, or it fails, recurrences are XLA's loops.
"""

import contextlib
import ctypes
import functools
import hashlib
import os
import platform
import shutil
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
_known: dict[str, bool] = {}  # by the name of a kernel: whether XLA can call it
_failing: set[str] = set()  # compilers of which a failure was told


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
        if name not in _known:
            _known[name] = _register(name, source)
        return name if _known[name] else None


def _digest(text: str) -> str:
    return hashlib.sha256("\n".join([text, _machine(compiler())]).encode()).hexdigest()[:24]


def _register(name: str, source) -> bool:
    try:
        _runtime(compiler()).result()
        library = _library(name, source(name), compiler())
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        if compiler() not in _failing:
            warnings.warn(
                f"a kernel could not be compiled with {compiler()}: recurrences run as XLA's loops, slower, with the "
                f"same results: {said[0] if said else error}; THEANO_FLAGS=cxx= stops trying",
                stacklevel=2,
            )
        _failing.add(compiler())
        return False
    jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(getattr(library, name)), platform="cpu")
    return True


def prepare() -> None:
    """Begin to compile what all kernels share, beside whatever is done until the first one is needed."""
    if compiler():
        _runtime(compiler())


@functools.cache
def _runtime(compiler: str) -> Future:
    done: Future = Future()
    text = (HERE / "runtime.cpp").read_text()
    name = f"runtime_{_digest(text)}"

    def load():
        try:
            done.set_result(_library(name, text, compiler, ctypes.RTLD_GLOBAL))  # kernels find what is loaded for all
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=load, daemon=True, name="bricks-runtime").start()
    return done


def _library(name: str, text: str, compiler: str, mode: int = ctypes.DEFAULT_MODE) -> ctypes.CDLL:
    """A program, compiled, or as the cache has it."""
    folder = cache_folder("kernels")
    if folder is not None and _is_whole(folder / f"{name}.so"):
        return ctypes.CDLL(str(folder / f"{name}.so"), mode)
    with tempfile.TemporaryDirectory(prefix="bricks-kernel-") as own:  # a library stays when its file goes
        path = Path(own) / f"{name}.so"
        command = [compiler, *FLAGS, f"-I{jax.ffi.include_dir()}", f"-I{HERE}", "-x", "c++", "-", "-o", path]
        subprocess.run(command, input=text, text=True, check=True, capture_output=True)
        digest = hashlib.sha256(path.read_bytes()).digest()
        with open(path, "ab") as file:
            file.write(digest)
        if folder is not None:
            with contextlib.suppress(OSError):  # a full disk, a folder that is read-only now: for this process alone
                with atomic_path(folder / path.name) as temporary:
                    shutil.copyfile(path, temporary)
                path = folder / path.name
        return ctypes.CDLL(str(path), mode)


def _is_whole(path: Path) -> bool:
    """Whether a library is there, as it was written: a part of one would end the process that loads it."""
    data = path.read_bytes() if path.exists() else b""
    return len(data) > 32 and data[-32:] == hashlib.sha256(data[:-32]).digest()


@functools.cache
def _machine(compiler: str) -> str:
    """What a compiled kernel depends on besides its source."""
    processor = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = "\n".join(next((line for line in lines if line.startswith(w)), "") for w in ("model name", "flags"))
    return "\n".join([processor, jaxlib.__version__, compiler, " ".join(FLAGS), (HERE / "runtime.hpp").read_text()])
