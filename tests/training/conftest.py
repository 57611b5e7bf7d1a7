"""For tests that train one config many times: XLA keeps compiled programs for the length of the session."""

import jax
import pytest

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
    before = {name: getattr(jax.config, name) for name in _SETTINGS}
    for name, value in _SETTINGS.items():
        jax.config.update(name, str(xla_cache) if value is None else value)
    yield
    for name, value in before.items():
        jax.config.update(name, value)
