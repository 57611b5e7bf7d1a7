"""The explorer's numbers against NumPy, SciPy and scikit-learn, called directly."""

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import mutual_info_score
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from sklearn.preprocessing import StandardScaler

from bricks.data import ragged
from bricks.view.explorer import baselines, findings
from bricks.view.explorer.attributes import attributes_of, binned, information
from bricks.view.explorer.components import components_of, scale_of
from bricks.view.explorer.examples import Examples
from bricks.view.explorer.hashing import Hashes, row_hashes
from bricks.view.explorer.models import NEIGHBOURS, PENALTY, fold_numbers
from bricks.view.explorer.neighbours import neighbours, pairs
from bricks.view.explorer.reservoir import Reservoir
from bricks.view.explorer.running import Counts, Running
from bricks.view.explorer.summaries import sequence_summary, token_counts, vocabulary_of
from bricks.view.explorer.targets import Target


def holes(X: np.ndarray, part: float, seed: int = 0) -> np.ndarray:
    X = X.copy()
    X[np.random.default_rng(seed).random(X.shape) < part] = np.nan
    return X


@pytest.mark.parametrize("columns", [1, 7, 300])
@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64"])
def test_running_statistics_are_numpy_s_of_the_whole(columns, dtype):
    rng = np.random.default_rng(columns)
    X = rng.normal(1000 if dtype != "uint8" else 120, 30, (5000, columns)).astype(dtype)
    if dtype.startswith("float"):
        X = holes(X, 0.1)
        X[3, 0] = np.inf
    running = Running(columns)
    for part in np.array_split(X, [17, 800, 801, 4000]):
        running.add(part)
    known = np.where(np.isfinite(X), X, np.nan).astype("float64")
    tolerance = {"rtol": 2e-4 if columns >= 256 else 1e-9}
    np.testing.assert_allclose(running.mean, np.nanmean(known, axis=0), rtol=1e-6)
    np.testing.assert_allclose(running.deviation, np.nanstd(known, axis=0), **tolerance)
    np.testing.assert_array_equal(running.least, np.nanmin(known, axis=0))
    np.testing.assert_array_equal(running.most, np.nanmax(known, axis=0))
    np.testing.assert_array_equal(running.missing, np.isnan(known).sum(axis=0))
    np.testing.assert_allclose(running.overall[2:], [np.nanmean(known), np.nanstd(known)], rtol=1e-4)


def test_statistics_of_sequences_are_those_of_all_their_steps():
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(n, 3)) for n in (4, 0, 9)]
    running = Running(3)
    running.add(ragged(sequences))
    np.testing.assert_allclose(running.mean, np.concatenate(sequences).mean(axis=0))


@pytest.mark.parametrize("values", [[3, 3, 250], [-5, 7, 7, 7], [0.5, np.nan, 0.5], [b"a", b"b", b"a"], [True, False]])
def test_counts_are_those_of_each_value(values):
    counts = Counts()
    counts.add(np.array(values))
    counts.add(np.array(values))
    there = [value for value in values if value == value]
    assert counts.of == {value: 2 * there.count(value) for value in there}
    assert counts.missing == 2 * (len(values) - len(there))


def test_of_very_many_values_no_counts_are_kept():
    counts = Counts()
    counts.add(np.arange(5000))
    assert counts.of is None


@pytest.mark.parametrize("width", [1, 3, 4, 17, 3072])
def test_equal_rows_have_equal_hashes_and_others_do_not(width):
    rows = np.random.default_rng(0).integers(0, 256, (500, width), dtype="uint8")
    rows[300:] = rows[:200]
    _, numbers = np.unique(rows, axis=0, return_inverse=True)
    _, of_hashes = np.unique(row_hashes(rows), return_inverse=True)
    pairs_equal = numbers[:, None] == numbers
    np.testing.assert_array_equal(of_hashes[:, None] == of_hashes, pairs_equal)


def test_every_bit_of_a_row_changes_both_halves_of_its_hash():
    row = np.zeros((1, 8), "uint8")
    bits = np.unpackbits(np.concatenate([row] * 64), axis=1)
    bits[np.arange(64), np.arange(64)] = 1
    hashes = np.append(row_hashes(np.packbits(bits, axis=1)), row_hashes(row))
    for half in (hashes >> np.uint64(32), hashes & np.uint64(2**32 - 1)):
        assert len(np.unique(half)) == 65


def test_sequences_of_other_shapes_with_equal_numbers_are_other_rows():
    hashes = row_hashes(ragged([np.zeros((2, 3)), np.zeros((3, 2)), np.zeros((2, 3)), np.zeros((2, 0))]))
    assert hashes[0] == hashes[2] and len(set(hashes.tolist())) == 3


def test_of_too_many_hashes_equal_rows_stay_together():
    rows = np.random.default_rng(0).integers(0, 1 << 62, 4000)
    hashes = Hashes(most=500)
    for name in ("a", "b"):
        for start in range(0, 4000, 1000):
            part = rows[start : start + 1000]
            hashes.add(name, np.arange(start, start + 1000), row_hashes(part))
    assert 150 < hashes.kept <= 500 and hashes.part in (1 / 16, 1 / 32)
    numbers, found, _ = hashes.of("a")
    np.testing.assert_array_equal(numbers, hashes.of("b")[0])
    np.testing.assert_array_equal(found, row_hashes(rows)[numbers])


def test_a_reservoir_keeps_each_row_with_the_same_chance():
    kept = np.zeros(400)
    for seed in range(300):
        reservoir = Reservoir(40, seed)
        for start in range(0, 400, 50):
            rows = np.arange(start, start + 50)
            reservoir.add(rows, {"x": 2 * rows})
        numbers, batch = reservoir.result()
        assert len(numbers) == 40 and (np.diff(numbers) > 0).all() and (batch["x"] == 2 * numbers).all()
        kept[numbers] += 1
    # Each count is binomial (300, 0.1); the sum of squares is about chi-squared of 400 degrees.
    statistic = ((kept - 30) ** 2 / 27).sum()
    assert stats.chi2.ppf(1e-4, 400) < statistic < stats.chi2.ppf(1 - 1e-4, 400)


def test_components_are_scikit_learn_s_wide_or_tall():
    X = load_breast_cancer().data.astype("float32")
    for data in (X, np.repeat(X[:20], 2, axis=1)):
        Z = scale_of(data, alike=False).apply(data)
        np.testing.assert_allclose(Z, StandardScaler().fit_transform(data.astype("float64")), atol=2e-4)
        found, known = components_of(Z), PCA().fit(Z.astype("float64"))
        for k in range(8):
            assert abs(found.share[k] - known.explained_variance_ratio_[k]) < 1e-5
            assert abs(found.directions[k] @ known.components_[k]) > 0.999
        np.testing.assert_allclose(np.abs(found.scores[:, 0]), np.abs(known.transform(Z)[:, 0]), atol=2e-3)


def test_pixels_have_one_scale_and_constant_columns_are_let_be():
    X = np.array([[0.0, 10, 5], [0, 30, 5]])
    scale = scale_of(X, alike=True)
    assert scale.deviation.tolist() == [math.sqrt(100 / 3)]
    assert scale_of(X, alike=False).apply(X).tolist() == [[0, -1, 0], [0, 1, 0]]
    seconds = 1.6e9 + np.arange(4.0)[:, None]
    np.testing.assert_allclose(scale_of(seconds, alike=False).apply(seconds), stats.zscore(seconds), rtol=1e-6)


def test_neighbours_are_scikit_learn_s():
    Z = StandardScaler().fit_transform(load_wine().data).astype("float32")
    scores = components_of(Z).scores
    found = neighbours(Z, scores)
    distances, places = NearestNeighbors(n_neighbors=6).fit(Z).kneighbors(Z)
    np.testing.assert_allclose(found.distances[:, :5], distances[:, 1:], rtol=1e-4)
    assert (found.places[:, :5] == places[:, 1:]).mean() > 0.99
    across = neighbours(Z[:50], scores[:50], (Z[50:], scores[50:]))
    distances, places = NearestNeighbors(n_neighbors=3).fit(Z[50:]).kneighbors(Z[:50])
    np.testing.assert_allclose(across.distances[:, :3], distances, rtol=1e-4)


def test_the_nearest_pairs_come_first_and_no_example_twice():
    Z = np.array([[0.0], [0.1], [5.0], [5.3], [9.0], [9.0], [20.0]])
    found = pairs(neighbours(Z, Z), 10)
    assert [{a, b} for a, b, _ in found][:2] == [{0, 1}, {2, 3}]
    assert found[0][2] == pytest.approx(0.1)
    assert len({k for a, b, _ in found for k in (a, b)}) == 2 * len(found)
    assert all({a, b} != {4, 5} for a, b, _ in found)  # equal, not near


def test_information_is_scikit_learn_s_without_its_bias():
    data = load_wine()
    X = holes(data.data, 0.05)
    found = information(X, data.target, bins=10)
    for k in range(X.shape[1]):
        there = np.isfinite(X[:, k])
        edges = np.sort(X[there, k])[[j * there.sum() // 10 for j in range(1, 10)]]
        codes = np.where(there, np.searchsorted(edges, X[:, k], side="right"), 99)
        bits = mutual_info_score(data.target, codes) / math.log(2)
        bias = (len(np.unique(codes)) - 1) * 2 / (2 * len(codes) * math.log(2))
        assert found[k] == pytest.approx(max(0, bits - bias), abs=1e-9)


def test_of_noise_nothing_is_told_on_average():
    rng = np.random.default_rng(0)
    bits = information(rng.normal(size=(2000, 200)), rng.integers(0, 5, 2000))
    assert bits.mean() < 0.004


def test_words_are_one_attribute_where_the_columns_are_zeros_and_ones():
    X = np.array([[1, 0, 3.0, 2], [0, 1, 4.0, 5], [0, 0, 4.0, 6]])
    a, b, c = attributes_of(X, ["city=Oslo", "city=Rome", "city size", "k=2"])
    assert (a.words, b.words, c.words) == (["Oslo", "Rome"], None, None)
    np.testing.assert_array_equal(a.values(X), [0, 1, np.nan])


def test_numbers_are_cut_into_bins_of_equally_many():
    assert np.bincount(binned(np.random.default_rng(0).random(1200), 12)).tolist() == [100] * 12


def test_folds_are_a_partition_with_classes_in_proportion():
    codes = np.repeat([0, 1, 2], [50, 30, 7])
    parts = fold_numbers(codes, len(codes), 5, seed=3)
    for code in range(3):
        counts = np.bincount(parts[codes == code], minlength=5)
        assert counts.max() - counts.min() <= 1
    assert np.bincount(parts).tolist() == [18, 18, 17, 17, 17]
    assert not (parts == fold_numbers(codes, len(codes), 5, seed=4)).all()


def examples(X, codes=None, y=None) -> Examples:
    columns = [str(k) for k in range(X.shape[1])]
    return Examples("table", np.arange(len(X)), X.astype("float64"), columns, X, codes, y)


def test_baselines_of_classes_are_scikit_learn_s_fold_by_fold():
    X, codes = load_wine(return_X_y=True)
    found = baselines.baselines_of(examples(X, codes=codes), Target("y", "classes"), folds=4, seed=1)
    parts, trained = fold_numbers(codes, len(codes), 4, seed=1), len(codes) - 45
    makers = {
        "nearest neighbours": KNeighborsClassifier(NEIGHBOURS),
        "softmax regression": LogisticRegression(C=1 / (PENALTY * trained), max_iter=100),
    }
    results = {result.name: result for result in found.results}
    for fold in range(4):
        held = parts == fold
        scaler = StandardScaler().fit(X[~held])
        for name, model in makers.items():
            model.fit(scaler.transform(X[~held]), codes[~held])
            error = 1 - model.score(scaler.transform(X[held]), codes[held])
            assert results[name].scores[fold] == pytest.approx(error, abs=1e-6), name
        most = np.bincount(codes[~held]).argmax()
        assert results["majority"].scores[fold] == pytest.approx(np.mean(codes[held] != most))
    assert found.best.name in ("softmax regression", "one hidden layer")
    assert np.mean(found.best.predicted != codes) == pytest.approx(np.mean(found.best.scores), abs=0.01)


def test_baselines_of_numbers_are_scikit_learn_s_fold_by_fold():
    X, y = load_diabetes(return_X_y=True)
    found = baselines.baselines_of(examples(X, y=y), Target("y", "numbers"), folds=3, seed=0)
    results = {result.name: result for result in found.results}
    parts, trained = fold_numbers(None, len(y), 3, seed=0), len(y) - 148
    for fold in range(3):
        held = parts == fold
        scaler = StandardScaler().fit(X[~held])
        model = Ridge(alpha=PENALTY * trained).fit(scaler.transform(X[~held]), y[~held])
        wrong = model.predict(scaler.transform(X[held])) - y[held]
        assert results["ridge regression"].scores[fold] == pytest.approx(np.sqrt(np.mean(wrong**2)), rel=1e-4)
        assert results["mean"].r2[fold] == pytest.approx(0)
    assert 0.4 < np.mean(results["ridge regression"].r2) < 0.55  # as is known of these data


def test_intervals_are_student_s_widened_for_shared_training_examples():
    scores = [0.1, 0.13, 0.08, 0.12, 0.11]
    mean, half = baselines.interval(scores)
    assert mean == pytest.approx(np.mean(scores))
    by_definition = stats.t.ppf(0.975, 4) * np.sqrt((1 / 5 + 1 / 4) * np.var(scores, ddof=1))
    assert half == pytest.approx(by_definition)


def test_differences_are_in_pairs_against_the_best():
    results = [baselines.Result(name, "", scores) for name, scores in {"a": [0.3, 0.5], "b": [0.2, 0.4]}.items()]
    ((name, mean, half),) = baselines.differences(baselines.Baselines(results, 2, 10, np.zeros(10)))
    assert (name, mean, half) == ("a", pytest.approx(0.1), pytest.approx(0, abs=1e-9))


@pytest.mark.parametrize("dimension", [2, 5, 10])
def test_the_dimension_of_even_data_is_found_and_nothing_in_it_is_nearly_the_same(dimension):
    rng = np.random.default_rng(dimension)
    Z = (rng.random((3000, dimension)) @ np.linalg.qr(rng.normal(size=(20, dimension)))[0].T).astype("float32")
    found = neighbours(Z, Z)
    estimate = findings.intrinsic_dimension(found)
    assert 0.75 * dimension < estimate < 1.15 * dimension
    assert findings.nearly_same(found, estimate).sum() == 0
    Z[7] = Z[2000] + 1e-6
    assert findings.nearly_same(neighbours(Z, Z), estimate).nonzero()[0].tolist() == [7, 2000]


def test_sequences_and_texts_become_vectors():
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(n, 2)) for n in (5, 1, 8)]
    X, columns = sequence_summary(ragged(sequences))
    assert X[:, columns.index("length")].tolist() == [5, 1, 8]
    for name, function in {"mean of": np.mean, "deviation of": np.std, "least": np.min, "most": np.max}.items():
        known = [function(sequence[:, 1]) for sequence in sequences]
        np.testing.assert_allclose(X[:, columns.index(f"{name} feature 1")], known, rtol=1e-5)
    texts = ragged([[5, 5, 9], [9], [5, 1]])
    vocabulary, counts = vocabulary_of(texts)
    assert (vocabulary.tolist(), counts.tolist()) == ([5, 9, 1], [3, 2, 1])
    X, columns = token_counts(texts, vocabulary[:2])
    assert dict(zip(columns, X[2], strict=True)) == {"length": 2, "other tokens": 0.5, "token 5": 0.5, "token 9": 0}
