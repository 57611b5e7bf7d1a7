"""THEANO_FLAGS, read once when `bricks` is imported and turned into PyTensor's and JAX's own settings.

This module imports neither PyTensor nor JAX: both read the environment when they are imported, so what
they are to see must stand there before. If PyTensor is there already its settings are left alone.
"""

import os
import sys
import warnings
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field

from bricks.errors import UsageError, nearest

MODES = {
    name.upper(): name for name in ("FAST_RUN", "JAX", "FAST_COMPILE", "DebugMode", "NanGuardMode", "NUMBA", "CVM")
} | {"DEBUG_MODE": "DebugMode"}
PRECISIONS = ("default", "high", "highest")
OWN = ("device", "floatX", "mode", "matmul_precision", "gpuarray.preallocate", "lib.cnmem")
# Flags of Theano whose machinery is gone: accepted, with a warning that nothing comes of them.
GONE = frozenset(
    """
    allow_gc_gpu cnmem compute_test_value compute_test_value_opt contexts cublas.lib cuda.root
    enable_initial_driver_test force_device init_gpu_device int_division nvcc.compiler_bindir nvcc.fastmath
    nvcc.flags print_active_device print_test_value pycuda.init reoptimize_unpickled_function
    warn.inc_set_subtensor1 gpuarray.sched gpuarray.single_stream gpuarray.cache_path assert_no_cpu_op
    """.split()
)
GONE_FAMILIES = ("dnn.", "nvcc.", "gpuarray.", "dnn_", "cuda.", "magma.", "ctc.")
# What PyTensor itself knows (3.0 to 3.3); handed on with `a.b` written `a__b`.
PYTENSOR = frozenset(
    """
    DebugMode__check_c DebugMode__check_finite DebugMode__check_preallocated_output
    DebugMode__check_preallocated_output_ndim DebugMode__check_py DebugMode__check_strides DebugMode__patience
    DebugMode__warn_input_not_reused NanGuardMode__action NanGuardMode__big_is_error
    NanGuardMode__inf_is_error NanGuardMode__nan_is_error allow_gc base_compiledir blas__check_openmp
    blas__ldflags cast_policy check_input check_stack_trace cmodule__age_thresh_use
    cmodule__compilation_warning cmodule__debug cmodule__preload_cache cmodule__remove_gxx_opt
    cmodule__warn_no_version compile__timeout compile__wait compiledir compiledir_format compiler_verbose cxx
    cycle_detection exception_verbosity gcc__cxxflags gcc_version_str generated_src_dir lib__amdlibm linker
    nocleanup numba__cache numba__fastmath on_opt_error on_shape_error on_unused_input openmp
    openmp_elemwise_minsize optdb__max_use_ratio optdb__position_cutoff optimizer optimizer_excluding
    optimizer_including optimizer_requiring optimizer_verbose optimizer_verbose_ignore print_global_stats
    profile profile_memory profile_optimizer profiling__debugprint profiling__destination
    profiling__ignore_first_call profiling__min_memory_size profiling__min_peak_memory profiling__n_apply
    profiling__n_ops profiling__output_line_width profiling__time_thunks scan__allow_gc
    scan__allow_output_prealloc tensor__cmp_sloppy tensor__insert_inplace_optimizer_validate_nb
    traceback__compile_limit traceback__limit unpickle_function vm__lazy warn__ignore_bug_before warn_float64
    """.split()
)


@dataclass(frozen=True)
class Flags:
    """What THEANO_FLAGS asked for.

    Parameters
    ----------
    device : str
        `cpu`, `cuda` or `cudaN`; "" if nobody said (then JAX_PLATFORMS decides, else the CPU).
    floatX : str
        dtype of parameters and float inputs; "" if nobody said (then PyTensor's, else float32).
    mode : str
        Compilation mode, as `bricks.engine.modes` knows it.
    matmul_precision : str
        XLA's precision of matrix products on CUDA.
    memory_fraction : float or None
        Fraction of a GPU's memory that XLA takes at the start; 0 means as needed.
    handed_on : dict
        Settings for PyTensor.
    """

    device: str = ""
    floatX: str = ""
    mode: str = "FAST_RUN"
    matmul_precision: str = "default"
    memory_fraction: float | None = None
    handed_on: Mapping[str, str] = field(default_factory=dict)


def parse(text: str) -> Flags:
    """Read a THEANO_FLAGS string.

    >>> parse("device=gpu0,floatX=float32,exception_verbosity=high").device
    'cuda0'
    >>> parse("floatx=float32")
    Traceback (most recent call last):
    ...
    bricks.errors.UsageError: THEANO_FLAGS: unknown flag 'floatx'; did you mean 'floatX'?
    """
    settings: dict = {"handed_on": {}}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, separator, value = (piece.strip() for piece in part.partition("="))
        if not separator:
            raise UsageError(f"THEANO_FLAGS: flags are comma-separated name=value, got {part!r}")
        _read(name, value, settings)
    return Flags(**settings)


def _read(name: str, value: str, settings: dict) -> None:
    if name == "device":
        settings["device"] = _device(value)
    elif name == "floatX":
        settings["floatX"] = _one_of(name, value, ("float32", "float64"))
    elif name == "mode":
        settings["mode"] = MODES[_one_of(name, value.upper(), MODES)]
    elif name == "matmul_precision":
        settings["matmul_precision"] = _one_of(name, value, PRECISIONS)
    elif name in ("gpuarray.preallocate", "lib.cnmem"):
        settings["memory_fraction"] = _fraction(name, value)
    elif name.replace(".", "__") in PYTENSOR:
        settings["handed_on"][name.replace(".", "__")] = value
    elif name in GONE or name.startswith(GONE_FAMILIES):
        warnings.warn(f"THEANO_FLAGS: {name} has no effect: what it steered is gone; leave it out", stacklevel=5)
    else:
        known = [*OWN, *(flag.replace("__", ".") for flag in PYTENSOR)]
        raise UsageError(f"THEANO_FLAGS: unknown flag {name!r}; {nearest(name, known).split(' (')[0]}")


def _device(value: str) -> str:
    kind = value.rstrip("0123456789")
    number = value[len(kind) :]
    if kind in ("cuda", "gpu"):
        return f"cuda{number}"
    if value == "cpu":
        return value
    raise UsageError(f"THEANO_FLAGS: device must be cpu, cuda or cudaN (gpu, gpuN too), got {value!r}")


def _one_of(name: str, value: str, allowed) -> str:
    if value not in allowed:
        raise UsageError(f"THEANO_FLAGS: {name} must be one of {', '.join(allowed)}, got {value!r}")
    return value


def _fraction(name: str, value: str) -> float:
    try:
        fraction = float(value)
    except ValueError:
        fraction = -2.0
    # gpuarray.preallocate=-1 switched Theano's allocator cache off; XLA's nearest is "as needed".
    if fraction == -1:
        return 0.0
    if not 0 <= fraction <= 1:
        raise UsageError(f"THEANO_FLAGS: {name} must be a fraction of the GPU's memory from 0 to 1, got {value!r}")
    return fraction


def apply() -> None:
    """Let PyTensor and JAX know of THEANO_FLAGS; PyTensor keeps its settings if it is there already."""
    told = dict(os.environ)
    apply_to(told, FLAGS)
    if "pytensor" in sys.modules:
        _compare_with_loaded(FLAGS)
        told.pop("PYTENSOR_FLAGS")
    os.environ.update(told)


def apply_to(environment: MutableMapping[str, str], flags: Flags) -> None:
    """Put `flags` where PyTensor and JAX will read them; what the environment says of itself wins."""
    wanted = {**flags.handed_on, "floatX": flags.floatX or "float32"}
    theirs = dict(part.split("=", 1) for part in environment.get("PYTENSOR_FLAGS", "").split(",") if "=" in part)
    merged = wanted | {name.strip().replace(".", "__"): value for name, value in theirs.items()}
    environment["PYTENSOR_FLAGS"] = ",".join(f"{name}={value}" for name, value in merged.items())
    if flags.device:
        environment["JAX_PLATFORMS"] = "cuda" if flags.device.startswith("cuda") else "cpu"
    else:
        environment.setdefault("JAX_PLATFORMS", "cpu")
    if flags.memory_fraction is not None:
        environment.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "true" if flags.memory_fraction else "false")
        if flags.memory_fraction:
            environment.setdefault("XLA_PYTHON_CLIENT_MEM_FRACTION", str(flags.memory_fraction))
    # Measured on two cores: a scan's products run a third faster without XLA's concurrent scheduler.
    scheduler = "--xla_cpu_enable_concurrency_optimized_scheduler"
    if scheduler not in environment.get("XLA_FLAGS", ""):
        environment["XLA_FLAGS"] = f"{environment.get('XLA_FLAGS', '')} {scheduler}=false".strip()


def _compare_with_loaded(flags: Flags) -> None:
    config = sys.modules["pytensor"].config
    wanted = dict(flags.handed_on) | ({"floatX": flags.floatX} if flags.floatX else {})
    for name, value in wanted.items():
        present = getattr(config, name, None)
        if str(present).lower() != str(value).lower():
            warnings.warn(
                f"THEANO_FLAGS says {name}={value}, but PyTensor was imported before bricks with {name}={present}, "
                "which stays; import bricks first, or say it in PYTENSOR_FLAGS",
                stacklevel=4,
            )


FLAGS = parse(os.environ.get("THEANO_FLAGS", ""))
