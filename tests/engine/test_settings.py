"""Flags, import order, what importing loads: each in a process of its own."""

import os
import subprocess
import sys
import warnings

import pytest

from bricks.engine import flags
from bricks.errors import UsageError


def run(code: str, **environment) -> str:
    clean = {
        k: v for k, v in os.environ.items() if k not in ("THEANO_FLAGS", "PYTENSOR_FLAGS", "JAX_PLATFORMS", "XLA_FLAGS")
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean | environment, capture_output=True, text=True, timeout=120
    )
    return done.stdout + done.stderr


def test_flags_as_people_know_them():
    read = flags.parse(
        "device=gpu1, floatX=float64,mode=FAST_COMPILE,lib.cnmem=0.4,blas.ldflags=,exception_verbosity=high"
    )
    assert (read.device, read.floatX, read.mode, read.memory_fraction) == ("cuda1", "float64", "FAST_COMPILE", 0.4)
    assert read.handed_on == {"blas__ldflags": "", "exception_verbosity": "high"}
    assert flags.parse("").floatX == "" and flags.parse("mode=debug_mode").mode == "DebugMode"
    assert flags.parse("gpuarray.preallocate=-1").memory_fraction == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("flotX=float32", "unknown flag 'flotX'; did you mean 'floatX'"),
        ("floatX=float16", "floatX must be one of float32, float64, got 'float16'"),
        ("device=tpu", "device must be cpu, cuda or cudaN"),
        ("mode=FASTRUN", "mode must be one of"),
        ("floatX", "comma-separated name=value"),
        ("lib.cnmem=2", "fraction of the GPU's memory"),
    ],
)
def test_flags_asked_for_wrongly(text, message):
    with pytest.raises(UsageError, match=message):
        flags.parse(text)


def test_flags_of_machinery_that_is_gone_warn_and_go_on():
    with pytest.warns(UserWarning, match="dnn.conv.algo_fwd has no effect"):
        read = flags.parse("dnn.conv.algo_fwd=time_once,floatX=float32")
    assert read.floatX == "float32"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        flags.parse("optimizer=fast_compile,on_unused_input=ignore")


def test_pytensor_flags_win_where_both_speak():
    environment = {"PYTENSOR_FLAGS": "floatX=float64,optimizer=fast_compile"}
    flags.apply_to(environment, flags.parse("floatX=float32,device=cuda0,on_unused_input=warn"))
    told = dict(part.split("=") for part in environment["PYTENSOR_FLAGS"].split(","))
    assert told == {"on_unused_input": "warn", "floatX": "float64", "optimizer": "fast_compile"}
    assert environment["JAX_PLATFORMS"] == "cuda"


def test_bricks_first_then_pytensor():
    code = "import bricks, pytensor; c = pytensor.config; print(c.floatX, bricks.floatX(), c.on_unused_input)"
    out = run(code, THEANO_FLAGS="on_unused_input=warn")
    assert out.split() == ["float32", "float32", "warn"]


def test_pytensor_first_keeps_its_settings_and_a_contradiction_is_warned_of():
    code = "import pytensor, bricks; print(pytensor.config.floatX, bricks.floatX())"
    assert run(code).split() == ["float64", "float64"]
    out = run(code, THEANO_FLAGS="floatX=float32")
    assert "THEANO_FLAGS says floatX=float32, but PyTensor was imported before bricks" in out
    code = "import pytensor, bricks; x = pytensor.tensor.vector(); print(bricks.function([x], x.sum())([1., 2.]).dtype)"
    assert run(code).strip() == "float64"


def test_importing_bricks_and_its_data_loads_neither_pytensor_nor_jax():
    code = "import sys, bricks, bricks.data, bricks.errors; print([m for m in ('pytensor', 'jax') if m in sys.modules])"
    assert run(code).strip() == "[]"


def test_cuda_asked_for_and_not_there_is_an_error_that_says_how_to_get_it():
    out = run("import bricks; bricks.engine.start()", THEANO_FLAGS="device=cuda")
    if "UsageError" in out:  # on a machine with a GPU there is nothing to refuse
        assert "device=cuda needs an NVIDIA GPU" in out and "pip install 'bricks[cuda]'" in out and "device=cpu" in out
    else:
        assert out == ""


def test_every_flag_of_the_installed_pytensor_is_known():
    from pytensor.configdefaults import config

    missing = set(config._config_var_dict) - flags.PYTENSOR - {"floatX", "mode"}
    assert not missing
