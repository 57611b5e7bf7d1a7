"""The notebooks run from top to bottom: small here, as they stand in the slow tests."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
SMALL = {
    "first_assignment": {"hidden": 30, "examples": 2000, "epochs": 1},
    "lstm_as_neurons": {"digits_epochs": 1, "cue_epochs": 1, "examples": 1000},
}
"""Instead of what the cell tagged `parameters` says."""


def executed(name: str, **parameters) -> nbformat.NotebookNode:
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    [given] = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    for key, value in parameters.items():
        given.source, found = re.subn(rf"(?m)^{key} = [\d_]+", f"{key} = {value}", given.source)
        assert found == 1, key
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(FOLDER)}}).execute()
    return notebook


def said(notebook) -> str:
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    aside = "".join(output.text for output in outputs if output.get("name") == "stderr")
    assert not [line for line in aside.splitlines() if "at first use only" not in line], aside
    return "".join(output.text for output in outputs if output.get("name") == "stdout")


def differences(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"greatest difference[^\n]*?(\d\S*)\n", text)]


def pictures(notebook) -> int:
    kinds = ("image/svg+xml", "image/png", "text/html")
    return sum(
        any(kind in output.get("data", {}) for kind in kinds)
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )


def test_all_notebooks_are_tested():
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(SMALL)


@pytest.mark.parametrize("size", ["small", pytest.param("full", marks=pytest.mark.slow)])
def test_the_first_assignment(size):
    notebook = executed("first_assignment", **SMALL["first_assignment"] if size == "small" else {})
    text = said(notebook)
    assert len(differences(text)) == 4 and max(differences(text)) < 1e-12
    slopes = re.findall(r"(\S+) by hand, +(\S+) by differences", text)
    assert len(slopes) == 4 and all(abs(float(a) - float(b)) < 1e-8 for a, b in slopes)
    assert "Incompatible" in text or "shape" in text.lower()
    error = float(re.search(r"([\d.]+) % of digits", text)[1])
    assert error < (30 if size == "small" else 5)
    assert pictures(notebook) >= 5


@pytest.mark.parametrize("size", ["small", pytest.param("full", marks=pytest.mark.slow)])
def test_the_lstm_as_neurons(size):
    notebook = executed("lstm_as_neurons", **SMALL["lstm_as_neurons"] if size == "small" else {})
    text = said(notebook)
    assert len(differences(text)) == 2 and max(differences(text)) < 1e-3
    assert float(re.search(r"decay: (\S+)", text)[1]) == pytest.approx(10, rel=1e-4)
    taus = [float(tau) for tau in re.findall(r"about (\S+) steps", text)]
    assert taus == sorted(taus, reverse=True) and taus[0] > 2 * taus[-1]
    if size == "full":
        assert float(re.search(r"intact: (\S+) %", text)[1]) > 90
        assert float(re.search(r"cost (\S+);", text)[1]) < 0.01
    assert pictures(notebook) >= 10
