"""A gated unit's report: activations, time constants, saturation and lesions are those of an LSTM written in NumPy."""

import re

import numpy as np
import pytest
from report_lab import Page, as_if_trained

import bricks
from bricks.gated import GatedUnit, dynamics
from bricks.view.lesions import lesions
from bricks.view.report import gates, memory
from bricks.view.report.material import Material
from bricks.view.report.run import report_run
from bricks.view.report.units import Recording, gates_of, is_between_0_and_1, is_fixed

pytestmark = pytest.mark.usefixtures("compiled_programs_are_kept")

GATES = ("input_gate", "forget_gate", "output_gate")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return as_if_trained(tmp_path_factory.mktemp("sequences") / "lab", "sequences")


@pytest.fixture(scope="module")
def material(run):
    return Material(run)


@pytest.fixture(scope="module")
def html(run):
    return report_run(run)


@pytest.fixture(scope="module")
def valid(run):
    """Features (time, batch, 3) and targets of the whole valid set."""
    batches = list(bricks.load(run).stream("valid").iterator())
    return (
        np.concatenate([batch["features"] for batch in batches], axis=1),
        np.concatenate([batch["targets"] for batch in batches]),
    )


def sigma(a):
    return 1 / (1 + np.exp(-a))


def by_hand(values, features, held=None):
    """Activations (time, batch, dim) of the LSTM with these parameters, some gates held, and its probabilities."""
    p, held = {path: value.astype("float64") for path, value in values.items()}, held or {}
    h = np.tile(p["lstm/initial/output"], (features.shape[1], 1))
    c = np.tile(p["lstm/initial/cell"], (features.shape[1], 1))
    rows = {name: [] for name in (*GATES, "cell")}
    for x in features.astype("float64"):

        def sees(name, x=x, h=h):
            return x @ p[f"lstm/{name}/W_input"] + h @ p[f"lstm/{name}/W_output"] + p[f"lstm/{name}/b"]

        i, f, o = (held.get(name, sigma(sees(name))) for name in GATES)
        c = f * c + i * np.tanh(sees("candidate"))
        h = o * np.tanh(c)
        for name, value in zip(rows, (i, f, o, c), strict=True):
            rows[name].append(np.broadcast_to(value, c.shape))
    scores = np.exp(h @ p["classifier/W"] + p["classifier/b"])
    return {name: np.array(row) for name, row in rows.items()}, scores / scores.sum(axis=1, keepdims=True)


def values_of(material):
    return {path: v.get_value() for path, v in material.trained.model.parameters.items()}


def test_the_page_has_the_section_and_is_whole(html):
    page = Page(html)
    assert "Gates" in page.sections(html) and "Classes" in page.sections(html)
    assert page.text.count("Example of class") >= 3
    assert "First-layer filters" not in page.text


def test_what_is_recorded_is_what_the_equations_give_before_and_after_training(material):
    (unit,) = dynamics.units_of(material.trained.model.graph)
    batch = material.sample.some(10)
    recording = Recording(material.trained.model, unit, batch)
    after, now = recording(), values_of(material)
    with material.as_at_first():
        before = recording()
    assert all(np.array_equal(values_of(material)[path], value) for path, value in now.items())
    for found, values in ((after, now), (before, material.initial["parameters"])):
        expected, _ = by_hand(values, batch["features"])
        for name in (*GATES, "cell"):
            np.testing.assert_allclose(found[name], expected[name], rtol=2e-4, atol=2e-5)
    kept = recording.kept(after)
    assert np.array_equal(kept, after["forget_gate"])


def test_lesions_say_what_a_model_with_that_gate_held_says(material, valid):
    features, targets = valid
    (unit,) = dynamics.units_of(material.trained.model.graph)
    measures = gates.measures_of(material, unit)
    assert set(measures) == {"error", "cost"}
    means = np.array([0.2, 0.5, 0.7, 0.9])
    held = {gate: {"open": 1.0, "shut": 0.0, "mean": means} for gate in GATES}
    table = lesions(measures, unit, material.sample, held)
    assert len(table) == 10
    for (gate, name), said in table.items():
        _, p = by_hand(values_of(material), features, {gate: held[gate][name]} if gate else {})
        right = p[np.arange(len(targets)), targets]
        assert said["cost"] == pytest.approx(-np.log(right).mean(), rel=1e-4)
        assert said["error"] == pytest.approx(np.mean(p.argmax(axis=1) != targets), abs=1e-6)
    assert len({round(said["cost"], 5) for said in table.values()}) > 6  # or nothing was held


def test_the_page_s_lesions_hold_each_gate_at_its_own_mean(html, material, valid):
    features, targets = valid
    (unit,) = dynamics.units_of(material.trained.model.graph)
    recorded, _ = by_hand(values_of(material), material.sample.some(200)["features"])
    mean = recorded["forget_gate"].mean(axis=(0, 1))
    _, p = by_hand(values_of(material), features, {"forget_gate": mean})
    cost = -np.log(p[np.arange(len(targets)), targets]).mean()
    found = re.search(r"forget gate its mean [\d.]+.% [+−][\d.]+ % ([\d.]+)", Page(html).text)
    assert float(found[1]) == pytest.approx(cost, abs=1e-4)


def test_the_page_s_saturation_and_time_constants_are_those_of_the_activations(html, material):
    features = material.sample.some(200)["features"]
    after, _ = by_hand(values_of(material), features)
    before, _ = by_hand(material.initial["parameters"], features)
    text = Page(html).text
    for gate in GATES:
        said = []
        for activations in (before, after):
            g = activations[gate]
            said += [f"{g.mean():.4g}", f"{100 * (g < 0.1).mean():.1f} %", f"{100 * (g > 0.9).mean():.1f} %"]
        three = r" ([\d.]+) ([\d.]+ %) ([\d.]+ %)"
        found = re.search(gate.replace("_", " ") + three + three, text)
        assert [float(word.rstrip(" %")) for word in found.groups()] == pytest.approx(
            [float(word.rstrip(" %")) for word in said], abs=1e-3
        )
    taus = np.sort((-1 / np.log(after["forget_gate"])).ravel())
    median = float(re.search(r"after training median ([\d.]+)", text)[1])
    assert median == pytest.approx(taus[len(taus) // 2], rel=0.02)


@pytest.mark.parametrize(
    ("wiring", "expected"),
    [
        ("lstm", {"input_gate": 1, "forget_gate": 1, "output_gate": 1}),
        ("gru", {"reset_gate": 1, "input_gate": 1, "forget_gate": 1}),
        ("leaky", {"forget_gate": 2, "input_gate": 2}),
        ("simple", {}),
    ],
)
def test_gates_of_a_wiring_are_known_for_what_they_are(wiring, expected):
    unit = GatedUnit(wiring, 3, 4, seed=0)
    found = {name: 1 + is_fixed(unit, name) for name in gates_of(unit)}
    assert found == expected
    assert all(is_between_0_and_1(unit, name) for name in found)


def test_quantiles_count_what_is_longer_than_a_sequence():
    taus = np.concatenate([np.full(95, 2.0), np.full(5, 50.0)])
    assert memory.quantiles(taus, steps=10).endswith("5 % longer than the 10 steps of a sequence")
