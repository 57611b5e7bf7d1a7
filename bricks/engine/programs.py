"""XLA's compiled programs, kept from one process to the next: what was compiled once is read from a file.

They lie in the data folder's `cache`, one folder for each kind of processor and number of threads, for which XLA cuts a
program into parts, and of which JAX's own names for them say nothing. JAX's own settings win: with
`JAX_COMPILATION_CACHE_DIR` or `JAX_ENABLE_COMPILATION_CACHE=false` nothing here is done. A folder that cannot be
written, or a full disk, costs the time to compile and nothing else.
"""

import contextlib
import hashlib
import importlib.util
import os
import platform
import time
from pathlib import Path

from bricks.folders import cache_folder

# Room for some thousand programs; JAX throws out what was used the longest time ago.
LARGEST = 1 << 30
# Small programs too: a step comes with some dozen of them, each 10 to 30 ms to compile and 1 ms to read.
SETTINGS = {
    "jax_persistent_cache_min_compile_time_secs": 0.0,
    "jax_persistent_cache_min_entry_size_bytes": -1,
    "jax_compilation_cache_max_size": LARGEST,
}
HALF_WRITTEN = 60.0  # seconds after which an entry that lacks a part will not get it any more


def keep() -> None:
    """Have JAX keep compiled programs, unless the user has told it where, or not to."""
    import jax

    if jax.config.jax_compilation_cache_dir is not None or not jax.config.jax_enable_compilation_cache:
        return
    folder = cache_folder(f"xla-{processor()}-{threads()}")
    if folder is None or importlib.util.find_spec("filelock") is None:  # JAX needs it to bound the size
        return
    with contextlib.suppress(OSError):
        tidy(folder)
    for name, value in SETTINGS.items():
        if name.upper() not in os.environ:
            jax.config.update(name, value)
    jax.config.update("jax_compilation_cache_dir", str(folder))


def processor() -> str:
    """What programs for this processor have in common, as a short name."""
    text = platform.machine() + platform.processor()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        text += "".join(next((line for line in lines if line.startswith(w)), "") for w in ("model name", "flags"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def threads() -> int:
    """How many threads XLA has: one for each core that this process may use when it starts."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def tidy(folder: Path) -> None:
    """Take away entries that a process did not finish: JAX would neither read nor replace them."""
    names = set(os.listdir(folder))
    for name in names:
        stem, _, part = name.rpartition("-")
        other = {"cache": "atime", "atime": "cache"}.get(part)
        if other and f"{stem}-{other}" not in names:
            with contextlib.suppress(OSError):
                if time.time() - os.stat(folder / name).st_mtime > HALF_WRITTEN:
                    os.unlink(folder / name)
