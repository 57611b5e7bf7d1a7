"""What all tests share: flags as a user has them, a data folder that isn't the user's own, Ctrl-C at work, a run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import bricks  # before PyTensor, so that float32 is the default

# Started in the background, a shell lets its jobs ignore Ctrl-C, and they their children.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def session_data_folder(tmp_path_factory):
    """BRICKS_DATA_PATH for the session: what is converted is converted once, and goes with the session."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRICKS_DATA_PATH", str(tmp_path_factory.mktemp("data")))
        patch.delenv("FUEL_DATA_PATH", raising=False)
        yield


@pytest.fixture
def start_process():
    """Starts a Python that finds this bricks, with pipes for what it says; each is ended after the test."""
    started = []

    def start(*words, python=(sys.executable,), variables=(), **settings):
        process = subprocess.Popen(
            [*python, *map(str, words)],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent), **dict(variables)},
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **settings},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 2 MB of its own; where mounting one isn't allowed, the test can't be made."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.name != "posix" or os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(scope="session")
def kept_programs(tmp_path_factory):
    """Variables with which processes keep XLA's compiled programs for the length of the session."""
    return {
        "JAX_COMPILATION_CACHE_DIR": str(tmp_path_factory.mktemp("xla-of-processes")),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


# For tests that train one config many times: XLA keeps compiled programs for the length of the session.

_SETTINGS = {
    "jax_compilation_cache_dir": None,
    "jax_persistent_cache_min_compile_time_secs": 0.0,
    "jax_persistent_cache_min_entry_size_bytes": -1,
}


@pytest.fixture(scope="session")
def xla_cache(tmp_path_factory):
    """The folder of compiled programs."""
    return tmp_path_factory.mktemp("xla")


@pytest.fixture
def compiled_programs_are_kept(xla_cache):
    """Let JAX look there for the length of a test."""
    import jax

    before = {name: getattr(jax.config, name) for name in _SETTINGS}
    for name, value in _SETTINGS.items():
        jax.config.update(name, str(xla_cache) if value is None else value)
    yield
    for name, value in before.items():
        jax.config.update(name, value)


@pytest.fixture(scope="session")
def trained_run(tmp_path_factory):
    """(run directory, the test batch, what the run's own model predicts for it with the best parameters); read only."""
    from small_lab import make_lab, runs_in

    from bricks.training.command import main
    from bricks.training.runs import Run

    kept, run_test = [], Run._test

    def test(self):
        run_test(self)
        self.experiment.early_stopping.restore()
        model = self.experiment.model
        (batch,) = self.experiment.streams["test"].iterator()
        predict = bricks.function([model.inputs["features"]], model.outputs["probabilities"])
        kept.append((batch, predict(batch["features"])))

    lab = make_lab(tmp_path_factory.mktemp("trained") / "lab")
    model = (lab / "models" / "mlp.py").read_text()
    model = model.replace('"error": Mis', '"confusion": ConfusionMatrix(targets, logits), "error": Mis')
    model = model.replace(
        "from bricks.roles import", "from bricks.training import ConfusionMatrix\nfrom bricks.roles import"
    )
    (lab / "models" / "mlp.py").write_text(model)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "_test", test)
        words = ["model.batch_normalization=true", "training.epochs=3", "algorithm.learning_rate=0.5"]
        assert main(["blobs", *words], lab) == 0
    return runs_in(lab)[0], *kept[0]
