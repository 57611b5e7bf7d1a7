"""A classifier's report: what it counts is what NumPy counts of the predictions; names that people gave stay names."""

import re
from types import SimpleNamespace

import numpy as np
import pytensor.tensor as pt
import pytest
from report_lab import CLASSES, Page, trained

import bricks
from bricks.data import H5PYDataset
from bricks.view.report import filters, norms, pictures
from bricks.view.report.judged import BINS, MOST_MISTAKES, _Judge
from bricks.view.report.material import Material
from bricks.view.report.run import report_run
from bricks.view.report.sample import Sample

pytestmark = pytest.mark.usefixtures("compiled_programs_are_kept")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("pictures") / "lab", "a<b>&c")


@pytest.fixture(scope="module")
def material(run):
    return Material(run)


@pytest.fixture(scope="module")
def sets_read():
    """Which sets were read from the file for the page."""
    return set()


@pytest.fixture(scope="module")
def html(run, sets_read):
    read = H5PYDataset.read
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(H5PYDataset, "read", lambda self, rows: sets_read.add(self.which_sets) or read(self, rows))
        return report_run(run)


@pytest.fixture(scope="module")
def predicted(run):
    """Features, targets and probabilities of the whole valid set."""
    loaded = bricks.load(run)
    batches = list(loaded.stream("valid").iterator())
    features = np.concatenate([batch["features"] for batch in batches])
    targets = np.concatenate([batch["targets"] for batch in batches])
    return features, targets, loaded.predict(features=features)["probabilities"]


def test_the_page_has_its_sections_and_is_whole_and_asks_for_nothing(html):
    page = Page(html)
    assert page.sections(html) == [
        "Curves",
        "Model",
        "Classes",
        "Most confident mistakes",
        "First-layer filters",
        "Gradients and activations",
        "Repeat",
        "Config, versions, log",
    ]
    assert "default-src 'none'" in html and len(html) < 3e6


def test_class_names_and_the_config_s_name_come_out_escaped_and_legible(html):
    page = Page(html)
    assert "a<b>&c / " in page.text
    assert CLASSES[0] in page.text and CLASSES[1] in page.text
    assert "x" * 10 in page.text and "x" * 500 not in html


def test_the_numbers_at_the_top_are_those_of_the_log(html, material):
    page = Page(html)
    best = min(material.rows, key=lambda row: row["valid_cost"])
    assert f"best epoch {best['epoch']} of 3" in page.text
    assert f"best valid cost {best['valid_cost']:.4f}" in page.text
    assert f"test error {100 * material.test['test_error']:.2f}" in page.text
    assert f"parameters {64 * 6 + 6 + 6 * 3 + 3}" in page.text


def test_confusions_are_counted_as_numpy_counts_them(material, predicted):
    _, targets, probabilities = predicted
    counted = np.zeros((3, 3), int)
    np.add.at(counted, (targets, probabilities.argmax(axis=1)), 1)
    (judged,) = material.judged
    assert judged.matrix.tolist() == counted.tolist() and judged.count == 100
    logged = next(row for row in material.rows if row["epoch"] == material.test["epoch"])
    assert judged.error == pytest.approx(logged["valid_error"])
    rates = [np.mean(probabilities[targets == k].argmax(axis=1) != k) for k in range(3)]
    assert judged.class_errors == pytest.approx(rates)


def test_mistakes_are_the_surest_ones_in_order(material, predicted):
    features, targets, probabilities = predicted
    said, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(said != targets)
    expected = wrong[np.argsort(-sure[wrong])][:MOST_MISTAKES]
    (judged,) = material.judged
    assert len(expected) > 5  # or this tells nothing
    assert [mistake.number for mistake in judged.mistakes] == expected.tolist()
    for mistake in judged.mistakes:
        k = mistake.number
        assert (mistake.said, mistake.target) == (said[k], targets[k])
        assert mistake.confidence == pytest.approx(sure[k], abs=1e-6)
        assert np.array_equal(material.sample.at(*mistake.place)["features"], features[k])


def test_steps_are_counted_where_the_mask_is_and_mistakes_say_their_step():
    rng = np.random.default_rng(0)
    targets, mask = rng.integers(0, 3, (4, 5)), (rng.random((4, 5)) < 0.6).astype("float32")
    values = rng.dirichlet(np.ones(3), (4, 5)).astype("float32")
    inputs = {
        "targets": pt.lmatrix("targets"),
        "features_mask": pt.fmatrix("features_mask"),
        "mask": pt.fmatrix("mask"),
    }
    model = SimpleNamespace(inputs=inputs, outputs={"p": pt.ftensor3("p")})
    one = _Judge(SimpleNamespace(model=model), "p", "targets", batch_axis=1)
    one.add(values, {"targets": targets, "mask": mask, "features_mask": 1 - mask}, 0, np.arange(10, 15))
    judged = one.judged()
    counted = np.zeros((3, 3), int)
    mistakes = []
    for t in range(4):
        for n in range(5):
            if mask[t, n]:
                said = values[t, n].argmax()
                counted[targets[t, n], said] += 1
                mistakes += [(values[t, n].max(), t, 10 + n)] if said != targets[t, n] else []
    assert judged.matrix.tolist() == counted.tolist() and judged.count == mask.sum() == judged.bins[:, 0].sum()
    found = [(mistake.confidence, mistake.step, mistake.number) for mistake in judged.mistakes]
    assert found == sorted(mistakes, reverse=True)


def test_calibration_is_what_its_definition_says(material, predicted):
    _, targets, probabilities = predicted
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == targets
    gap = 0.0
    for k in range(BINS):
        inside = (sure >= k / BINS) & (sure < (k + 1) / BINS)
        if inside.any():
            gap += inside.mean() * abs(sure[inside].mean() - right[inside].mean())
    (judged,) = material.judged
    assert judged.calibration_error == pytest.approx(gap, abs=1e-6)


def test_the_table_of_parameters_has_their_statistics_and_what_training_moved(html, material):
    W = bricks.load(material.folder).model.parameters["mlp/linear_0/W"].get_value().astype("float64")
    first = material.initial["parameters"]["mlp/linear_0/W"].astype("float64")
    row = re.search(r"<tr><td><span>mlp/<wbr>linear_0/<wbr>W</span></td>(.*?)</tr>", html)[1]
    cells = [re.sub("<.*?>", "", cell) for cell in re.findall(r"<td.*?>(.*?)</td>", row)]
    assert cells[1] == f"{64 * 6}"
    expected = [W.mean(), W.std(), W.min(), W.max()]
    assert [float(cell) for cell in cells[2:6]] == pytest.approx(expected, rel=1e-3)
    norms_ = [np.sqrt((W**2).sum()), np.sqrt((first**2).sum())]
    assert [float(cell) for cell in cells[7:9]] == pytest.approx(norms_, rel=1e-3)
    moved = 100 * np.sqrt(((W - first) ** 2).sum()) / norms_[1]
    assert float(cells[9].removesuffix(" %")) == pytest.approx(moved, rel=1e-2)


def test_gradient_norms_are_those_of_the_derivation_by_hand(material):
    """The class assignment's: dW = x^T ((V (p - t)) * [z > 0]) / n."""
    parameters = {n: v.get_value().astype("float64") for n, v in material.trained.model.parameters.items()}
    W, b, V, c = (parameters[f"mlp/linear_{n}"] for n in ("0/W", "0/b", "1/W", "1/b"))
    batch = material.sample.some(norms.EXAMPLES)
    x, t = batch["features"].astype("float64"), np.eye(3)[batch["targets"]]
    z = x @ W + b
    scores = np.exp(np.maximum(z, 0) @ V + c)
    error = (scores / scores.sum(axis=1, keepdims=True) - t) / len(x)
    hidden = (error @ V.T) * (z > 0)
    expected = {"mlp/linear_0/W": x.T @ hidden, "mlp/linear_1/b": error.sum(axis=0)}
    table = Page(str(norms.measured(material, gradients=True, activations=False)[1])).text
    for path, gradient in expected.items():
        found = float(re.search(rf"{path} ([\d.e-]+)", table)[1])
        assert found == pytest.approx(np.sqrt((gradient**2).sum()), rel=1e-3)


def test_filters_are_the_weights_of_the_first_layer_the_largest_first(material):
    brick = filters.first_linear(material.trained.model, "features")
    assert brick.path == "mlp/linear_0"
    picture = pictures.signed(np.array([[2.0, -2.0], [0.0, 1.0]]))
    red, blue, pale = picture[0, 0].astype(int), picture[0, 1].astype(int), picture[1, 0].astype(int)
    assert red[0] > red[2] + 50 and blue[2] > blue[0] + 50 and pale.min() > 240
    said = Page(str(filters.section(material).parts[0])).text
    norms_ = np.sort(np.linalg.norm(brick.W.get_value(), axis=0))[::-1]
    assert f"from {norms_[0]:.3g} down to {norms_[-1]:.3g}" in said


def test_the_test_set_is_not_read(html, sets_read):
    assert sets_read == {("valid",)}


def test_a_sample_of_a_large_set_is_from_all_over_it_and_says_so():
    from bricks.data import ArrayDataset, DataStream, SequentialScheme

    stream = DataStream(ArrayDataset({"x": np.arange(10_000)}), SequentialScheme(100))
    sample = Sample(stream, most=50)
    numbers = np.concatenate(sample.numbers)
    assert sample.num_examples == 50 == len(numbers) and sample.total == 10_000
    assert numbers.min() < 200 and numbers.max() > 9_800 and np.diff(numbers).max() < 1_200
    assert np.array_equal(np.concatenate([batch["x"] for batch in sample.iterator()]), numbers)
    assert sample.said == "50 examples from all over the valid set, of 10,000"
    assert Sample(stream, most=10_000).num_examples == 10_000
    assert Sample(stream, most=10_000, most_numbers=30).num_examples == 30
