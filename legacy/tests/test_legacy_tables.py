"""The tables of docs/legacy.md are what the script makes, and the script believes no name that isn't there."""

import importlib.util
from pathlib import Path

import pytest
import theano
import theano.tensor as T

LEGACY = Path(__file__).resolve().parents[1]


@pytest.fixture
def tables():
    spec = importlib.util.spec_from_file_location("legacy_tables", LEGACY / "tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_script_makes(tables):
    text = tables.PAGE.read_text()
    assert text == tables.page(text), "run `python legacy/tables.py`"
    assert "| gone |" in text and "`softmax`" in text


def test_each_name_is_listed_once(tables):
    names = [name for name, _, _ in tables.read("theano")]
    assert len(names) == len(set(names)) > 600


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("theano.tensor.relu", "isn't"),
        ("theano.tensor.nnet.conv2d", "isn't"),  # only there to say that it is gone
        ("theano.tensor.nnet.conv2d | differs | how", "isn't"),
        ("theano.tensor.exp | gone | nothing", "is there"),
        ("theano.tensor.exp | differs", "remark"),
        ("theano.tensor.exp | well | hm", "status"),
    ],
)
def test_a_list_that_is_wrong_is_refused(tables, tmp_path, monkeypatch, line, error):
    (tmp_path / "names").mkdir()
    (tmp_path / "names" / "theano.txt").write_text(f"# names\ntheano.tensor.dot\n{line}\n")
    monkeypatch.setattr(tables, "HERE", tmp_path)
    with pytest.raises(SystemExit, match=error):
        tables.read("theano")


def test_nothing_public_is_missing(tables):
    listed = {name for name, _, _ in tables.read("theano")}
    modules = {"compile", "gof", "gradient", "printing", "sandbox", "scalar", "scan_module", "tensor", "updates"}
    only_in_extra_ops = {"compress", "diff", "searchsorted", "to_one_hot"}
    assert {f"theano.{name}" for name in theano.__all__} - listed == {f"theano.{m}" for m in modules} | {
        "theano.dprint"
    }
    assert {name for name in T.__all__ if f"theano.tensor.{name}" not in listed} == only_in_extra_ops
    assert {n for n in T.nnet.__all__ if f"theano.tensor.nnet.{n}" not in listed} == {"bn", "nnet", "sigm"}
    gone = [name for name in vars(T.nnet) if type(vars(T.nnet)[name]).__name__ == "Gone"]
    assert {f"theano.tensor.nnet.{n}" for n in gone} - listed <= {
        f"theano.tensor.nnet.{n}" for n in ("abstract_conv3d", "convTransp3D", "convGrad3D", "Conv3D", "unpool")
    }
