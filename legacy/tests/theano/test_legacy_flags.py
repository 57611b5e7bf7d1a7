"""THEANO_FLAGS, .theanorc and `theano.config`, read in processes as a program's."""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import theano
from theano import _flags

CHECKOUT = Path(__file__).resolve().parents[3]


def run(program: str, **variables):
    """What a Python prints that runs a program, its flags alone in the environment."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("THEANO", "PYTENSOR", "JAX_", "XLA_"))}
    environment = inherited | {"PYTHONPATH": f"{CHECKOUT}{os.pathsep}{CHECKOUT / 'legacy'}"} | variables
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120)
    return done.stdout.strip(), done.stderr


def test_floatx_is_float64_unless_someone_says_so(tmp_path):
    told = (
        "import theano, theano.tensor as T, os, json, bricks; c = theano.config;"
        "print(json.dumps([T.matrix().dtype, bricks.floatX(), c.mode, c.exception_verbosity, "
        "os.environ.get('THEANO_FLAGS')]))"
    )
    silent, errors = run(told, HOME=str(tmp_path))
    assert json.loads(silent) == ["float64", "float64", "Mode", "low", None] and not errors
    rc = tmp_path / ".theanorc"
    rc.write_text(
        "[global]\nfloatX = float32  # what GPUs had\ndevice = cpu\nexception_verbosity = high\n"
        "[nvcc]\nfastmath = True\n[cuda]\nroot = /usr/local/cuda\n[lib]\ncnmem = 0.8\n[gcc]\ncxxflags = -O3,-g\n"
    )
    found, errors = run(told, HOME=str(tmp_path))
    assert json.loads(found)[:4] == ["float32", "float32", "Mode", "high"]
    assert "nvcc.fastmath, cuda.root: no effect" in errors and errors.count("UserWarning") == 1
    flags = {"THEANO_FLAGS": "floatX=float64,mode=FAST_COMPILE", "HOME": str(tmp_path)}
    found, _ = run(told, **flags)
    assert json.loads(found) == ["float64", "float64", "FAST_COMPILE", "high", flags["THEANO_FLAGS"]]
    found, _ = run(told, THEANORC=f"{rc}{os.pathsep}{tmp_path / 'none'}", HOME="/nowhere")
    assert json.loads(found)[0] == "float32"


def test_what_was_imported_before_with_another_floatx_is_warned_of(tmp_path):
    program = "import bricks, theano, theano.tensor as T; print(T.matrix().dtype)"
    said, errors = run(program, HOME=str(tmp_path))
    assert said == "float32" and "imported before theano, with floatX=float32" in errors
    said, errors = run(program, HOME=str(tmp_path), THEANO_FLAGS="floatX=float32")
    assert said == "float32" and not errors


def test_a_wrong_flag_is_an_error_with_the_nearest_name(tmp_path):
    _, errors = run("import theano", HOME=str(tmp_path), THEANO_FLAGS="floatx=float32")
    assert "did you mean 'floatX'" in errors
    _, errors = run("import theano; theano.function([], theano.tensor.zeros(()))()", THEANO_FLAGS="device=gpu")
    assert "bricks[cuda]" in errors or "CUDA" in errors


def test_files_of_flags_are_read_with_sections_and_comments(tmp_path, monkeypatch):
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("[global]\nfloatX = float32\nwarn_float64 = warn\n[scan]\nallow_gc = True\n")
    second.write_text("[global]\nfloatX: float64 ; again\n")
    monkeypatch.setenv("THEANORC", f"{first}{os.pathsep}{second}")
    assert _flags.from_files() == {"floatX": "float64", "warn_float64": "warn", "scan.allow_gc": "True"}
    monkeypatch.setenv("THEANO_FLAGS", "warn_float64=raise, int_division=raise ,compute_test_value=off")
    with pytest.warns(UserWarning, match="int_division: no effect"):
        wanted = _flags.wanted()
    assert wanted == {"floatX": "float64", "warn_float64": "raise", "scan.allow_gc": "True"}


def test_config_is_read_and_set():
    config = theano.config
    assert config.floatX == "float64" and config.compute_test_value == "off" and config.nvcc.fastmath is False
    assert config.scan.allow_gc in (True, False) and config.lib.cnmem == "" and config.dnn.conv.algo_fwd == ""
    with theano.change_flags(floatX="float32", exception_verbosity="high", **{"scan.allow_gc": True}):
        assert theano.tensor.vector().dtype == "float32" and config.scan.allow_gc is True
    assert config.floatX == "float64" and config.exception_verbosity == "low"

    @theano.change_flags(floatX="float32")
    def inside():
        return config.floatX

    assert inside() == inside() == "float32"
    for name in ("floatx", "nonsense", "openmpp"):
        with pytest.raises(AttributeError, match="did you mean|there are"):
            getattr(config, name)
        with pytest.raises(AttributeError):
            setattr(config, name, 1)
    with pytest.raises(ValueError, match="THEANO_FLAGS=device=cuda0"):
        config.device = "gpu0"
    with pytest.raises(ValueError, match="FAST_RUN"):
        config.mode = "FAST"
    assert "floatX = float64" in str(config)


def test_flags_without_effect_are_warned_of_once():
    theano.configparser._warn_of.cache_clear()
    with theano.change_flags(), pytest.warns(UserWarning, match="compute_test_value.*without effect"):
        theano.config.compute_test_value = "warn"
    with theano.change_flags(), warnings.catch_warnings():
        warnings.simplefilter("error")
        theano.config.compute_test_value = "warn"
        assert theano.config.compute_test_value == "warn"
        theano.config.device = theano.config.device
    assert theano.config.compute_test_value == "off"


def test_the_mode_of_config_is_that_of_functions():
    x = theano.tensor.dscalar("x")
    with theano.change_flags(mode="FAST_COMPILE"):
        f = theano.function([x], x + 1)
    assert type(f.fn).__name__ == "HostFunction" and f(1) == 2
