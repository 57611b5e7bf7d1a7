"""`python -m bricks report`, and the report at the end of a run: where pages go, what they replace, what can't harm."""

import re
import shutil

import pytest
from small_lab import make_lab, runs_in

from bricks.__main__ import main
from bricks.training.command import main as train
from bricks.view import page
from bricks.view.report import run as pages
from bricks.view.report import writing

pytestmark = pytest.mark.usefixtures("compiled_programs_are_kept")


@pytest.fixture
def quick(monkeypatch):
    """Pages that take no time: which runs they were made of."""
    made = []

    def report_run(folder, progress):
        made.append(folder)
        return page.page(f"page {len(made)}", [])

    monkeypatch.setattr(pages, "report_run", report_run)
    return made


@pytest.fixture
def run(trained_run, tmp_path, monkeypatch):
    """A copy of a finished run in a lab of its own, where one works."""
    lab = shutil.copytree(trained_run[0].parents[2], tmp_path / "lab")
    monkeypatch.chdir(lab)
    return runs_in(lab)[0]


def test_a_run_s_page_is_written_beside_its_files_and_says_where(trained_run, tmp_path, capsys):
    path = tmp_path / "page.html"
    assert main(["report", str(trained_run[0]), "-o", str(path)]) == 0
    out = capsys.readouterr().out
    assert re.search(rf"^report: {path} \(\d+\.\d s\)$", out, re.MULTILINE)
    text = path.read_text()
    assert page.is_ours(path) and "confusion matrix" in text and "could not be made" not in text


def test_a_page_of_ours_is_replaced_unasked_and_any_other_file_only_by_force(run, quick, capsys):
    assert main(["report", str(run)]) == 0
    assert main(["report", str(run / "log.jsonl")]) == 0
    assert quick == [run, run] and "page 2" in (run / "report.html").read_text()
    mine = run / "mine.html"
    mine.write_text("<p>my own page</p>")
    assert main(["report", str(run), "-o", str(mine)]) == 2
    assert "mine.html: is there already; --force replaces it" in capsys.readouterr().err
    assert mine.read_text() == "<p>my own page</p>" and len(quick) == 2
    assert main(["report", str(run), "-o", str(mine), "--force"]) == 0
    assert "page 3" in mine.read_text()


def test_what_is_asked_wrongly_is_said_before_anything_is_made(run, quick, capsys):
    sweep = run.parent / "sweep-1"
    sweep.mkdir()
    (sweep / "sweep.yaml").write_text("sweep: {seed: [1]}\n")
    for words, said in {
        ("nowhere",): "no run 'nowhere'",
        (str(run), "-o", "page.txt"): "must end in one of .html",
        (str(run), "-o", "none/page.html"): "there is no folder none",
        (str(run), str(sweep)): "takes one sweep, or runs",
    }.items():
        assert main(["report", *words]) == 2
        assert said in capsys.readouterr().err
    assert quick == []


def test_several_runs_are_compared_here(run, capsys):
    other = shutil.copytree(run, run.with_name("20991231-235959"))
    assert main(["report", str(run), str(other)]) == 0
    assert "report: comparison.html" in capsys.readouterr().out
    text = (run.parents[2] / "comparison.html").read_text()
    assert "2 runs compared" in text and other.name in text and "Their configs are the same." in text


def test_training_ends_with_its_report_unless_the_config_says_no(tmp_path, quick, capsys):
    lab = make_lab(tmp_path / "lab")
    assert train(["blobs", "training.report=true", "training.epochs=1"], lab) == 0
    (run,) = runs_in(lab)
    lines = capsys.readouterr().out.splitlines()
    there = [k for k, line in enumerate(lines) if line.startswith("report: ") and "report.html (" in line]
    assert there and lines[there[0] - 2].startswith("run: ") and lines[there[0] + 1] == "next, perhaps:"
    assert quick == [run] and (run / "report.html").is_file()
    assert train(["--resume", str(run), "training.report=false", "training.epochs=2"], lab) == 0
    assert len(quick) == 1


def test_a_report_that_fails_or_is_stopped_harms_no_run(tmp_path, monkeypatch, capsys):
    lab = make_lab(tmp_path / "lab")

    def fails(folder, progress):
        raise MemoryError("no more")

    def interrupted(folder, progress):
        raise KeyboardInterrupt

    monkeypatch.setattr(pages, "report_run", fails)
    assert train(["blobs", "training.report=true", "training.epochs=1"], lab) == 0
    (run,) = runs_in(lab)
    said = capsys.readouterr()
    assert "warning: no report: MemoryError: no more; try it again: python -m bricks report " in said.err
    assert "next, perhaps:" in said.out
    monkeypatch.setattr(pages, "report_run", interrupted)
    assert train(["--resume", str(run), "training.epochs=2"], lab) == 130
    said = capsys.readouterr()
    assert "test error" in said.out and "the report alone is missing: python -m bricks report " in said.err
    assert train(["--resume", str(run)], lab) == 0
    assert "this run is finished: 2 epochs done" in capsys.readouterr().out
    assert sorted(path.name for path in run.iterdir() if path.suffix == ".html") == []


def test_a_report_that_can_t_be_written_is_a_line(run, quick, monkeypatch, capsys):
    def full(path, text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(page, "write", full)
    assert writing.at_end(run)
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "can't be written: No space left on device; try it again" in said
    assert main(["report", str(run)]) == 1
    assert "error: " in capsys.readouterr().err
