"""The data folders: which are searched, and which is written to."""

import os
from pathlib import Path

import pytest

from bricks.data import data_folders, find_data_file, writable_folder
from bricks.errors import DataError


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch):
    for name in ("BRICKS_DATA_PATH", "FUEL_DATA_PATH", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)


def test_bricks_data_path_wins_over_fuels(tmp_path, monkeypatch):
    monkeypatch.setenv("FUEL_DATA_PATH", str(tmp_path / "fuel"))
    assert data_folders() == (tmp_path / "fuel",)
    monkeypatch.setenv("BRICKS_DATA_PATH", str(tmp_path / "bricks"))
    assert data_folders() == (tmp_path / "bricks",)


def test_an_empty_variable_counts_as_unset(tmp_path, monkeypatch):
    monkeypatch.setenv("BRICKS_DATA_PATH", "")
    monkeypatch.setenv("FUEL_DATA_PATH", str(tmp_path))
    assert data_folders() == (tmp_path,)


@pytest.mark.parametrize("variable", ["BRICKS_DATA_PATH", "FUEL_DATA_PATH"])
def test_folders_are_searched_in_order_and_the_first_is_written_to(tmp_path, monkeypatch, variable):
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    monkeypatch.setenv(variable, os.pathsep.join(map(str, (first, second, third))))
    for folder in (second, third):
        folder.mkdir()
        (folder / "a.hdf5").write_text(folder.name)
    assert find_data_file("a.hdf5") == second / "a.hdf5"
    assert find_data_file("b.hdf5") is None
    assert not first.exists()
    assert writable_folder() == first
    assert first.is_dir()


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("BRICKS_DATA_PATH", "~/sets")
    assert data_folders() == (tmp_path / "sets",)


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, "home/.local/share/bricks"),
        ("linux", {"XDG_DATA_HOME": "{base}/xdg"}, "xdg/bricks"),
        ("linux", {"XDG_DATA_HOME": "not/absolute"}, "home/.local/share/bricks"),
        ("darwin", {}, "home/Library/Application Support/bricks"),
        ("win32", {"LOCALAPPDATA": "{base}/local"}, "local/bricks"),
        ("win32", {}, "home/AppData/Local/bricks"),
    ],
)
def test_default_is_one_folder_per_user(tmp_path, monkeypatch, platform, variables, expected):
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(base=tmp_path))
    monkeypatch.setattr("sys.platform", platform)
    assert data_folders() == (tmp_path / expected,)


def test_a_user_without_home_is_told_what_to_set(monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    with pytest.raises(DataError, match="BRICKS_DATA_PATH"):
        data_folders()


@pytest.mark.parametrize("variable", ["BRICKS_DATA_PATH", "FUEL_DATA_PATH"])
def test_a_folder_that_cannot_be_made_is_told_with_the_way_out(tmp_path, monkeypatch, variable):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(variable, str(tmp_path / "file" / "data"))
    with pytest.raises(DataError, match=f"named by {variable}.*name another folder.*BRICKS_DATA_PATH") as raised:
        writable_folder()
    assert str(tmp_path / "file" / "data") in str(raised.value)


def test_a_folder_without_write_permission_is_told_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setenv("BRICKS_DATA_PATH", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)  # root may write anywhere
    with pytest.raises(DataError, match="no permission.*BRICKS_DATA_PATH"):
        writable_folder()
