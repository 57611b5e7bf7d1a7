"""`python -m bricks explore`: what it writes, what it never writes over, and what it says of what can't be explored."""

from dataclasses import replace

import numpy as np
import pytest

from bricks.__main__ import main
from bricks.data import write_hdf5

DATASET = '''"""Points, made up."""

import numpy as np

from bricks.data import ArrayDataset, DataStream, SequentialScheme


def streams(seed: int):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, 60)
    data = ArrayDataset({"features": rng.normal(size=(60, 3)) + y[:, None], "targets": y})
    return {"train": DataStream(data[:40], SequentialScheme(7)), "valid": DataStream(data[40:], SequentialScheme(7))}
'''


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.setenv("BRICKS_DATA_PATH", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{k},{k % 3},{'xyz'[k % 3]}\n" for k in range(30))
    (tmp_path / "flowers.csv").write_text(f"size,petals,species\n{rows}")
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "points.py").write_text(DATASET)
    return tmp_path


def test_a_page_and_a_png_are_written_and_replaced_but_nothing_else_is(here, capsys, monkeypatch):
    from bricks.view import explorer

    made = []

    def explore(*words, **how):  # once; after that the page alone is another
        made.append(replace(made[0], page=f"{made[0].page}again") if made else once(*words, **how))
        return made[-1]

    once = explorer.explore
    monkeypatch.setattr(explorer, "explore", explore)
    words = ["explore", "flowers.csv", "--target", "species", "--folds", "2"]
    assert main(words) == 0
    said = capsys.readouterr()
    assert said.out.endswith("written: flowers-explorer.html, flowers-explorer.png\n")
    assert "baselines" in said.err and "Traceback" not in said.err
    page = (here / "flowers-explorer.html").read_text()
    assert "python -m bricks explore flowers.csv --target species --folds 2" in page
    assert (here / "flowers-explorer.png").read_bytes().startswith(b"\x89PNG")
    assert main(words) == 0  # its own pages are replaced by newer ones
    assert (here / "flowers-explorer.html").read_text() == f"{page}again"
    (here / "flowers-explorer.png").write_bytes(b"mine")
    assert main(words) == 2
    assert "flowers-explorer.png: is there already, and not written by bricks; --force" in capsys.readouterr().err
    assert (here / "flowers-explorer.png").read_bytes() == b"mine"
    assert main([*words, "--force"]) == 0
    assert (here / "flowers-explorer.png").read_bytes() != b"mine"


def test_data_sets_of_the_lab_are_explored_by_their_names(here):
    assert main(["explore", "points", "--no-baselines", "-o", "p.html"]) == 0
    page = (here / "p.html").read_text()
    assert "Streams of datasets/points.py" in page and "examples in valid" in page


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["point"], 2, "no file or data set 'point': neither in datasets/ here, nor point.hdf5 in"),
        (["point"], 2, "did you mean 'points'?"),
        (["flowrs.csv"], 1, "flowrs.csv: there is no such file; did you mean 'flowers.csv'?"),
        (["notes.txt"], 2, "notes.txt: must end in one of .hdf5, .h5, .csv, .csv.gz, .arff"),
        (["flowers.csv", "--target", "specie"], 2, "there is no column 'specie'; did you mean 'species'?"),
        (["flowers.csv", "--which-set", "tran"], 2, "--which-set: there is no set 'tran'"),
        (["flowers.csv", "--image", "3"], 2, "--image must be HEIGHTxWIDTH"),
        (["flowers.csv", "--image", "3x3"], 2, "not 3 x 3"),
        (["flowers.csv", "--folds", "1"], 2, "--folds 2, got 10000 and 1"),
        (["flowers.csv", "-o", "a.pdf"], 2, "a.pdf: must end in .html"),
        (["flowers.csv", "-o", "none/a.html"], 2, "there is no folder none"),
        (["empty.csv"], 1, "empty.csv: must have at least one example"),
        (["empty.h5"], 1, "empty.h5: must have at least one example, got none"),
        (["cut.h5"], 1, "cut.h5: damaged or truncated HDF5 file"),
        (["other.h5"], 1, "other.h5: no HDF5 file"),
        (["only.h5"], 2, "none besides the target holds numbers"),
    ],
)
def test_what_is_asked_wrongly_or_fails_is_said_in_a_line(here, words, status, said, capsys):
    (here / "notes.txt").write_text("text")
    (here / "empty.csv").write_text("a,b\n")
    (here / "other.h5").write_text("text")
    write_hdf5("empty.h5", {"train": {"x": np.zeros((0, 3))}})
    write_hdf5("only.h5", {"train": {"targets": np.arange(9) % 2}})
    write_hdf5("cut.h5", {"train": {"x": np.random.default_rng(0).normal(size=(3000, 9))}})
    (here / "cut.h5").write_bytes((here / "cut.h5").read_bytes()[:-5000])
    assert main(["explore", *words]) == status
    err = capsys.readouterr().err
    assert said in err and err.startswith("error: ")
    assert not list(here.glob("*.html")) and not list(here.glob("*.png"))


def test_neither_pytensor_nor_jax_is_loaded(here, start_process):
    program = (
        "import sys; from contextlib import ExitStack; from bricks.__main__ import main;"
        "from bricks.view.explorer import Options, study as s; from bricks.view.explorer.steps import Steps\n"
        "with ExitStack() as stack: s.study('flowers.csv', Options(target='species'), Steps(), stack)\n"
        "print(sorted({'pytensor', 'jax'} & set(sys.modules)))"
    )
    process = start_process("-c", program, cwd=here)
    said, errors = process.communicate()
    assert said == "[]\n", errors


def test_help_suffices(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["explore", "--help"])
    said = capsys.readouterr().out
    assert stopped.value.code == 0
    for word in (
        ".csv.gz",
        "NAME-explorer.html",
        "--target",
        "--which-set",
        "--folds",
        "--seed",
        "--sample",
        "--force",
    ):
        assert word in said
