"""A report of what is not whole: unfinished, killed, moved away from its lab, without its data or its model."""

import json
import shutil

import pytest
from report_lab import Page
from small_lab import runs_in

from bricks.view.report import curves, head
from bricks.view.report.material import Logged
from bricks.view.report.run import report_run

pytestmark = pytest.mark.usefixtures("compiled_programs_are_kept")


@pytest.fixture
def run(trained_run, tmp_path):
    """A copy of a finished run, in a copy of its lab."""
    return runs_in(shutil.copytree(trained_run[0].parents[2], tmp_path / "lab"))[0]


def rows_of_log(run):
    return (run / "log.jsonl").read_text().splitlines(keepends=True)


def test_a_run_that_was_killed_has_its_curves_and_the_parameters_of_its_last_step(run):
    (run / "log.jsonl").write_text("".join(rows_of_log(run)[:2]) + '{"iterat')
    (run / "best.h5").unlink()
    html = report_run(run)
    page = Page(html)
    assert "Not finished: 2 of 3 epochs are logged; it goes on, or was stopped." in page.text
    assert "The parameters are those of the last step that was saved: no epoch was finished." in page.text
    assert {"Curves", "Model", "Classes"} <= set(page.sections(html))
    assert "test error" not in page.text.split("Curves")[0]


def test_a_run_in_which_nothing_was_saved_or_logged_has_its_config(run):
    for name in ("best.h5", "checkpoint.h5", "versions.json"):
        (run / name).unlink()
    (run / "log.jsonl").write_text("")
    html = report_run(run)
    page = Page(html)
    assert "No epoch is finished yet." in page.text
    assert page.sections(html) == ["Not there", "Config, versions, log"]
    assert "can't be read" in page.text and "checkpoint.h5" in page.text and "hidden: [10]" in page.text


@pytest.mark.parametrize(
    "source", ["def build(", "import nowhere_to_be_found", "def build(sources, *, seed: int): 1 / 0"]
)
def test_a_model_that_can_t_be_built_any_more_is_left_out_and_said(run, source):
    (run / "model.py").write_text(source)
    html = report_run(run)
    page = Page(html)
    assert "The model can't be built again: " in page.text
    assert page.sections(html) == ["Not there", "Curves", "Repeat", "Config, versions, log"]


def test_a_run_without_its_data_says_what_is_left_out(run):
    shutil.rmtree(run.parents[2] / "datasets")
    html = report_run(run)
    page = Page(html)
    assert "What needs the data is left out: " in page.text and "datasets/blobs.py is not in the lab" in page.text
    assert "Classes" not in page.sections(html) and {"Curves", "Model"} <= set(page.sections(html))
    assert "What has changed since it was made:" in page.text


def test_a_damaged_log_is_said_and_the_rest_is_there(run):
    (run / "log.jsonl").write_text("{]\n" + rows_of_log(run)[1])
    (run / "model.py").write_text("def build(")
    html = report_run(run)
    page = Page(html)
    assert "The log can't be read: " in page.text and "line 1" in page.text
    assert page.sections(html) == ["Not there", "Repeat", "Config, versions, log"]


def test_a_section_that_fails_is_told_and_the_others_are_there(run, monkeypatch, caplog):
    from bricks.view.report import run as pages

    def fails(material):
        raise ZeroDivisionError("<b>why</b>")

    monkeypatch.setattr(pages, "_SECTIONS", {"Curves": fails, "Config": pages.appendix.section})
    html = report_run(run)
    assert "could not be made: ZeroDivisionError: &lt;b&gt;why&lt;/b&gt;" in html and "hidden: [10]" in html
    assert "Curves is left out" in caplog.text


def test_a_log_of_an_older_version_without_the_times_of_steps_has_its_curves(run):
    rows = [json.loads(row) for row in rows_of_log(run)]
    for row in rows:
        row["time"] = {"total": row["time"]["total"]}
    (run / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    logged = Logged(run)
    assert "time per epoch" in Page(str(curves.section(logged).parts[0])).text
    assert "examples a second" not in head.facts(logged, examples=400)
