"""Settings: what wins, their types, what is refused; what is gone."""

import copy
import importlib
import os

import pytest
from fuel.config_parser import Configuration, ConfigurationError, multiple_paths
from fuel.utils.cache import cache_file


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """A configuration like Fuel's with what its file says."""
    monkeypatch.setenv("FUEL_CONFIG", str(tmp_path / "fuelrc"))
    for variable in ("FUEL_FLOATX", "FUEL_DATA_PATH"):
        monkeypatch.delenv(variable)

    def make(text):
        (tmp_path / "fuelrc").write_text(text)
        config = Configuration()
        config.add_config("floatX", str, env_var="FUEL_FLOATX")
        config.add_config("default_seed", int, default=1)
        config.add_config("data_path", multiple_paths, env_var="FUEL_DATA_PATH")
        config.load_yaml()
        return config

    return make


def test_the_program_wins_over_the_environment_over_the_file_over_the_default(fresh, monkeypatch):
    assert fresh("").default_seed == 1
    config = fresh("floatX: float32\ndefault_seed: 3\n")
    assert (config.floatX, config.default_seed) == ("float32", 3)
    monkeypatch.setenv("FUEL_FLOATX", "float64")
    assert config.floatX == "float64"
    config.floatX = "float16"
    assert config.floatX == "float16"
    config.default_seed = "7"
    assert config.default_seed == 7


def test_what_is_wrong_is_said(fresh):
    with pytest.raises(ConfigurationError, match="floatX must be set"):
        _ = fresh("").floatX
    with pytest.raises(ValueError, match="'floatx'; did you mean 'floatX'"):
        fresh("floatx: float32\n")
    with pytest.raises(ValueError, match="lines `name: value`"):
        fresh("float32\n")
    config = fresh("")
    with pytest.raises(ValueError, match="did you mean 'default_seed'"):
        config.default_sed = 1
    with pytest.raises(AttributeError, match="did you mean 'data_path'"):
        _ = config.datapath
    with pytest.raises(ValueError):
        config.default_seed = "many"
    assert copy.deepcopy(config).default_seed == 1


def test_data_paths_are_lists(fresh, monkeypatch):
    assert fresh("data_path: /a\n").data_path == ["/a"]
    assert fresh("data_path: [/a, /b]\n").data_path == ["/a", "/b"]
    monkeypatch.setenv("FUEL_DATA_PATH", os.pathsep.join(["/c", "/d"]))
    assert fresh("data_path: /a\n").data_path == ["/c", "/d"]


def test_without_a_data_path_it_is_that_of_bricks(monkeypatch):
    from fuel import config

    monkeypatch.delenv("FUEL_DATA_PATH")
    monkeypatch.setenv("BRICKS_DATA_PATH", "/mine")
    assert config.data_path == ["/mine"]


def test_floatx_follows_the_symbolic_side(monkeypatch):
    import pytensor
    from fuel import config

    monkeypatch.delenv("FUEL_FLOATX")
    with pytensor.config.change_flags(floatX="float16"):
        assert config.floatX == "float16"
    with pytensor.config.change_flags(floatX="float64"):
        assert config.floatX == "float64"


def test_files_are_not_copied_to_a_local_disk():
    from fuel import config

    assert cache_file("/a/b.hdf5") == "/a/b.hdf5"
    config.local_data_path = "/scratch"
    with pytest.warns(UserWarning, match="no effect"):
        assert cache_file("/a/b.hdf5") == "/a/b.hdf5"


@pytest.mark.parametrize(
    "module", ["fuel.downloaders", "fuel.downloaders.base", "fuel.converters.celeba", "fuel.utils.parallel"]
)
def test_modules_that_are_gone_say_what_to_do(module):
    with pytest.raises(ModuleNotFoundError, match="is gone; instead:"):
        importlib.import_module(module)
    with pytest.raises(ModuleNotFoundError, match="No module named 'fuel.datasets.none'"):
        importlib.import_module("fuel.datasets.none")
