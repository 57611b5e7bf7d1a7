"""What Fuel's tests share: settings of their own, whoever else has loaded PyTensor in this process."""

import pytest
from fuel import config


@pytest.fixture(autouse=True)
def settings(monkeypatch, tmp_path):
    """floatX is float32, and the data path an empty folder, which is given."""
    folder = tmp_path / "fuel data"
    folder.mkdir()
    for setting in config.config.values():
        monkeypatch.delitem(setting, "value", raising=False)
    monkeypatch.setenv("FUEL_FLOATX", "float32")
    monkeypatch.setenv("FUEL_DATA_PATH", str(folder))
    yield folder
    for setting in config.config.values():
        setting.pop("value", None)
