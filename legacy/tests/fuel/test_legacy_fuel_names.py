"""The table of Fuel's names: what is said to be there is, what is gone says what to take, nothing is left out."""

import importlib
import importlib.util
import inspect
import pkgutil
from pathlib import Path

import fuel
import pytest

TABLES = Path(__file__).resolve().parents[2] / "tables.py"


@pytest.fixture(scope="module")
def rows():
    spec = importlib.util.spec_from_file_location("legacy_tables", TABLES)
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    return tables.read("fuel")  # which refuses names that are not there


def test_each_name_is_listed_once(rows):
    names = [name for name, _, _ in rows]
    assert len(names) == len(set(names)) > 200
    assert all("|" not in remark for _, _, remark in rows)


def test_what_is_gone_says_what_to_take(rows):
    for name, status, _ in rows:
        if status == "gone":
            module, _, attribute = name.rpartition(".")
            with pytest.raises((ModuleNotFoundError, NotImplementedError), match=r"is gone; instead: .{8}"):
                getattr(importlib.import_module(module), attribute)()


def test_nothing_public_is_missing(rows):
    listed = {name.rpartition(".")[2] for name, _, _ in rows}
    for found in pkgutil.walk_packages(fuel.__path__, "fuel."):
        if "._" in found.name:
            continue
        module = importlib.import_module(found.name)
        for name, thing in vars(module).items():
            own = inspect.isclass(thing) or inspect.isfunction(thing)
            if own and thing.__module__ == found.name and not name.startswith("_"):
                assert name in listed or name in INTERNAL, f"{found.name}.{name}"


INTERNAL = {"no_request", "need"}  # of transformers/base.py, which Fuel had not
