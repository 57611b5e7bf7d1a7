"""What the process runs with: floatX, the device, the versions; checked once, before anything is compiled."""

import functools
import os
import platform
import warnings

from bricks.engine import programs
from bricks.engine.flags import FLAGS
from bricks.errors import UsageError

TESTED = {"pytensor": ((3, 0), (3, 3)), "jax": ((0, 10), (0, 12))}


def floatX() -> str:
    """The dtype of parameters and float inputs: `float32` unless THEANO_FLAGS or PyTensor say otherwise.

    >>> floatX()
    'float32'
    """
    import pytensor

    return pytensor.config.floatX


@functools.cache
def start() -> None:
    """Load JAX with the settings of THEANO_FLAGS and make sure that the device is there.

    Raises
    ------
    UsageError
        If CUDA was asked for and is not to be had: never a silent run on the CPU.
    """
    import jax
    import pytensor

    if FLAGS.matmul_precision != "default":
        jax.config.update("jax_default_matmul_precision", FLAGS.matmul_precision)
    platforms = os.environ.get("JAX_PLATFORMS", "")
    if platforms and jax.config.jax_platforms != platforms:
        jax.config.update("jax_platforms", platforms)
    # On a CPU a call costs less than handing it to another thread and waiting for it: 30 us of 60 in a small step.
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    device()
    programs.keep()
    for name, library in (("pytensor", pytensor), ("jax", jax)):
        lowest, highest = TESTED[name]
        version = tuple(int(part) for part in library.__version__.split(".")[:2])
        if not lowest <= version <= highest:
            warnings.warn(
                f"bricks is tested with {name} {'.'.join(map(str, lowest))} to {'.'.join(map(str, highest))}, "
                f"found {library.__version__}: run `python -m pytest tests/engine` before you trust it",
                stacklevel=2,
            )


@functools.cache
def device():
    """The JAX device that functions run on."""
    import jax

    kind, number = FLAGS.device.rstrip("0123456789"), FLAGS.device.lstrip("cdpua")
    try:
        devices = jax.devices("cuda" if kind == "cuda" else None)
    except (RuntimeError, AssertionError) as error:  # the latter where the plugin is not installed at all
        if kind != "cuda":
            raise
        raise UsageError(
            f"THEANO_FLAGS: device={FLAGS.device} needs an NVIDIA GPU and JAX's CUDA plugin, and JAX found none; "
            "install it with `pip install 'bricks[cuda]'` (in a checkout: `pip install -e '.[cuda]'`), check with "
            f"`nvidia-smi`, or use device=cpu. JAX said: {(str(error) or type(error).__name__).splitlines()[0]}"
        ) from None
    if number and int(number) >= len(devices):
        raise UsageError(
            f"THEANO_FLAGS: device={FLAGS.device} is not there: {len(devices)} found, cuda0 to cuda{len(devices) - 1}"
        )
    return devices[int(number or 0)]


def versions() -> dict[str, str]:
    """Versions, device and threads: what equality bit for bit depends on."""
    from importlib.metadata import version

    start()
    libraries = {name: version(name) for name in ("pytensor", "jax", "jaxlib", "numpy", "h5py")}
    return {
        "bricks": __import__("bricks").__version__,
        "python": platform.python_version(),
        **libraries,
        "device": str(device()),
        "processor": platform.machine(),
        "threads": str(programs.threads()),
        "floatX": floatX(),
        "matmul_precision": FLAGS.matmul_precision,
        "XLA_FLAGS": os.environ.get("XLA_FLAGS", ""),
    }
