"""What all tests share: flags as a user has them, a data folder that isn't the user's own, Ctrl-C at work."""

import signal

import pytest

import bricks  # noqa: F401  (before PyTensor, so that float32 is the default)

# Started in the background, a shell lets its jobs ignore Ctrl-C, and they their children.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def session_data_folder(tmp_path_factory):
    """BRICKS_DATA_PATH for the session: what is converted is converted once, and goes with the session."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRICKS_DATA_PATH", str(tmp_path_factory.mktemp("data")))
        patch.delenv("FUEL_DATA_PATH", raising=False)
        yield
