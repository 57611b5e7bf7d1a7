"""What is planted in a data set is found: equal and nearly equal rows, conflicts, outliers, gaps, what was not read."""

import gzip
from contextlib import ExitStack

import h5py
import numpy as np
import pytest
from sklearn.datasets import load_iris

from bricks.data import ArrayDataset, SplitRow, ragged, split_table, write_hdf5
from bricks.errors import DataError, UsageError
from bricks.view.explorer import Options, explore, sections, study
from bricks.view.explorer.gathering import gathered
from bricks.view.explorer.passing import go_through
from bricks.view.explorer.steps import Steps

PLAIN = Options(baselines=False)


@pytest.fixture
def studied(tmp_path):
    """Writes sets to a file, and studies it without a page."""
    with ExitStack() as stack:

        def make(sets, options=PLAIN, axes=None):
            write_hdf5(tmp_path / "data.h5", sets, axes=axes)
            return study.study(str(tmp_path / "data.h5"), options, Steps(), stack)

        yield make


def findings(found) -> str:
    from bricks.view.explorer.findings import findings_of

    return "\n".join(findings_of(found))


def clouds(n: int, width: int = 8, seed: int = 0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    return {"features": rng.normal(size=(n, width)) + 2 * y[:, None], "targets": y}


def test_equal_rows_within_and_between_sets_are_counted_and_named(studied):
    train, test = clouds(300), clouds(100, seed=1)
    train["features"][[10, 20, 30]] = train["features"][5]
    test["features"][:7] = train["features"][100:107]
    train["targets"][[5, 10, 20, 30]] = [0, 0, 0, 1]
    test["targets"][:7] = train["targets"][100:107]
    found = studied({"train": train, "test": test})
    assert found.duplicates.within == {"train": 3, "test": 0}
    assert found.duplicates.between == {("test", "train"): 7}
    assert found.duplicates.conflicts == 1
    assert [("train", 5), ("train", 10), ("train", 20), ("train", 30)] in found.duplicates.groups
    assert [("train", 100), ("test", 0)] in found.duplicates.groups
    said = findings(found)
    assert "7 rows of test are also in train, bit for bit" in said
    assert "3 rows of train are equal to an earlier one" in said
    assert "1 different row comes with more than one target" in said


def test_nearly_equal_rows_are_found_between_sets(studied):
    train, test = clouds(400), clouds(100, seed=1)
    test["features"][3] = train["features"][50] + 1e-3
    found = studied({"train": train, "test": test})
    assert "1 of 100 examples of test is nearly the same as one of the 400 of train" in findings(found)
    assert found.between["test"].places[3, 0] == 50
    assert found.duplicates.between == {("test", "train"): 0}


def test_outliers_are_the_planted_ones_also_where_they_lie_together(studied):
    train = clouds(500)
    train["features"][[7, 70, 170]] = 60 + np.random.default_rng(5).normal(size=(3, 8)) * 0.01
    found = studied({"train": train})
    assert set(np.argsort(-found.within.remoteness)[:3]) == {7, 70, 170}
    assert "3 examples lie more than 4 times as far out" in findings(found)


def test_gaps_constants_and_rare_classes_are_said(studied):
    train = clouds(200)
    train["features"][:, 2], train["features"][:, 4] = np.nan, 7
    train["features"][3, 0] = np.inf
    train["targets"][:] = np.arange(200) % 2
    train["targets"][9] = 2
    found = studied({"train": train})
    said = findings(found)
    assert "One column has no value at all" in said and "One column is constant" in said
    assert "201 of 1,600 numbers of features are missing" in said
    assert "Class 2 is rare in train: 1 of 200." in said
    assert len([k for k in range(8) if np.isfinite(found.examples.X[:, k]).any()]) == 7


def test_classes_are_counted_in_every_set_whatever_form_they_have(studied):
    y = np.array([0, 1, 1, 2, 2, 2, 0, 1, 1])
    for targets in (y, y.astype("float32")[:, None], np.eye(3)[y], np.array([b"a", b"b", b"c"])[y]):
        sets = {name: {"features": np.random.default_rng(0).normal(size=(9, 2)), "targets": targets} for name in "xy"}
        found = studied(sets)
        assert found.class_counts() == {"x": [2, 4, 3], "y": [2, 4, 3]}
        assert found.examples.codes.tolist() == y.tolist()


def test_where_the_time_is_up_the_page_says_what_was_read(studied, monkeypatch):
    monkeypatch.setattr("bricks.view.explorer.passing.BLOCK_BYTES", 1 << 16)
    x = np.random.default_rng(0).integers(0, 256, (5000, 64), dtype="uint8")
    sets = {"train": {"features": x}, "test": {"features": x[:9]}}
    found = studied(sets, Options(baselines=False, seconds=0, statistics_seconds=0, sample=50))
    seen = found.seen["train"]
    assert (seen.read, seen.measured, seen.examples) == (1024, 1024, 5000) and found.seen["test"].read == 9
    np.testing.assert_array_equal(seen.sample["features"], x[seen.numbers])
    said = str(sections.made(found, [], "").parts)
    again = studied(sets, Options(baselines=False, seconds=0, sample=50, seed=1)).seen["train"]
    assert again.numbers[0] // 1024 != seen.numbers[0] // 1024  # a block from anywhere
    assert "Of train 1,024 of 5,000 examples were read" in said and "Of test" not in said


def test_each_block_is_read_once_and_the_sample_is_of_all_of_them(monkeypatch):
    reads = []

    class Watched(ArrayDataset):
        def read(self, indices):
            reads.append(indices)
            return super().read(indices)

    monkeypatch.setattr("bricks.view.explorer.passing.BLOCK_BYTES", 1 << 18)
    rng = np.random.default_rng(0)
    arrays = {"x": rng.integers(0, 256, (20_000, 64), dtype="uint8"), "y": np.arange(20_000)}
    sets = {"train": Watched(arrays), "test": Watched({name: array[:100] for name, array in arrays.items()})}
    seen, hashes = go_through(sets, main="train", features="x", target="y", sample=500, seed=1)
    blocks = [rows for rows in reads if len(rows) > 16]  # but for the look at the first few
    every = np.sort(np.concatenate(blocks))
    np.testing.assert_array_equal(every, np.sort(np.r_[np.arange(20_000), np.arange(100)]))
    assert all((np.diff(rows) == 1).all() for rows in blocks)
    assert max(len(rows) for rows in blocks) * 72 <= 1 << 18
    assert len(seen["train"].numbers) == 500 and len(seen["test"].numbers) == 100  # a quarter of 500 are more
    assert np.bincount(seen["train"].numbers // 5000, minlength=4).min() > 80
    np.testing.assert_array_equal(seen["train"].sample["y"], seen["train"].numbers)
    assert hashes.kept == 20_100


def test_the_kinds_of_data_are_told_apart(studied):
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    kinds = {
        "table": rng.normal(size=(60, 3)),
        "images": rng.integers(0, 256, (60, 3, 9, 9), dtype="uint8"),
        "sequences": ragged([rng.normal(size=(3 + k % 5, 2)) for k in range(60)]),
        "tokens": ragged([rng.integers(0, 9, 2 + k % 4) for k in range(60)]),
    }
    for kind, features in kinds.items():
        found = studied({"train": {"features": features, "targets": y}})
        assert (found.roles.kind, found.target.kind, len(found.examples)) == (kind, "classes", 60)


def test_masked_steps_are_no_steps(studied):
    lengths = np.arange(60) % 5 + 3
    mask = (np.arange(9) < lengths[:, None]).astype("float32")
    x = np.random.default_rng(0).normal(size=(60, 9, 2))
    found = studied({"train": {"x": x, "x_mask": mask}}, axes={"x": ("batch", "time", "feature")})
    assert found.examples.X[:, 0].tolist() == lengths.tolist()


def test_targets_of_steps_are_counted_and_have_no_baselines(studied):
    rng = np.random.default_rng(0)
    train = {"x": rng.normal(size=(40, 6, 2)), "y": rng.integers(0, 3, (40, 6))}
    axes = {"x": ("batch", "time", "feature"), "y": ("batch", "time")}
    found = studied({"train": train}, Options(), axes)
    assert found.class_counts() == {"train": np.bincount(train["y"].reshape(-1)).tolist()}
    assert "each step" in found.no_baselines


@pytest.mark.parametrize(
    ("y", "why"),
    [
        (np.zeros(20, int), "one class"),
        (np.full(20, 0.5), "one number"),
        (np.r_[[0.5, 1.5], np.full(18, np.nan)], "5 folds need at least as many"),
    ],
)
def test_why_there_are_no_baselines(studied, y, why):
    found = studied({"train": {"x": np.random.default_rng(0).normal(size=(20, 2)), "y": y}}, Options())
    assert found.baselines is None and why in found.no_baselines


def test_baselines_never_see_the_test_set(studied):
    train, test = clouds(200), clouds(50, seed=1)
    found = studied({"train": train, "test": test}, Options(folds=2))
    test["targets"][:] = 2 - test["targets"]
    test["features"][:] = 1e6
    again = studied({"train": train, "test": test}, Options(folds=2))
    assert [r.scores for r in found.baselines.results] == [r.scores for r in again.baselines.results]
    assert found.baselines.examples == 200


def test_a_source_of_texts_is_left_out_and_said(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.random.default_rng(0).normal(size=(20, 3))
        file["names"] = np.array(["a"] * 20, dtype=h5py.string_dtype())
        file.attrs["split"] = split_table([SplitRow("train", name, 0, 20) for name in ("x", "names")])
    with ExitStack() as stack:
        found = study.study(str(tmp_path / "a.h5"), PLAIN, Steps(), stack)
    assert list(found.opened.unreadable) == ["names"]
    assert "names: source" in str(sections.sets_and_sources(found).parts)


def test_tables_packed_or_not_are_read_as_the_converters_read_them(tmp_path):
    data = load_iris()
    rows = [f"{','.join(map(str, row))},{data.target_names[k]}" for row, k in zip(data.data, data.target, strict=True)]
    text = "\n".join(["a,b,c,d,species", *rows]) + "\n"
    (tmp_path / "iris.csv").write_text(text)
    (tmp_path / "iris.csv.gz").write_bytes(gzip.compress(text.encode()))
    for name in ("iris.csv", "iris.csv.gz"):
        with ExitStack() as stack:
            found = study.study(str(tmp_path / name), Options(target="species", baselines=False), Steps(), stack)
        assert (found.opened.title, found.target.name) == ("iris", "species")
        assert found.target.classes == data.target_names.tolist()
        np.testing.assert_allclose(found.examples.X, data.data)
        np.testing.assert_array_equal(found.examples.codes, data.target)
    with pytest.raises(UsageError, match="did you mean 'species'"):
        explore(str(tmp_path / "iris.csv"), Options(target="specie"))
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(text.encode())[:100])
    with pytest.raises(DataError, match="cut.csv.gz: cannot be unpacked"):
        explore(str(tmp_path / "cut.csv.gz"))


def test_a_column_of_the_features_can_be_the_target(tmp_path):
    from bricks.data import HDF5Writer

    X = np.random.default_rng(0).normal(size=(50, 3))
    with HDF5Writer(tmp_path / "a.h5") as writer:
        writer.append("all", {"features": X})
        writer.note("features", columns=["a", "b", "c"])
    with ExitStack() as stack:
        found = study.study(str(tmp_path / "a.h5"), Options(target="b", baselines=False), Steps(), stack)
    assert found.examples.columns == ["a", "c"] and found.examples.y.tolist() == X[:, 1].tolist()


def test_streams_give_their_first_examples():
    from bricks.data import DataStream, ShuffledScheme, TimeMajor

    arrays = {"x": np.arange(2400.0).reshape(100, 8, 3), "y": np.arange(100)}
    axes = {"x": ("batch", "time", "feature")}
    stream = DataStream(ArrayDataset(arrays, axes), ShuffledScheme(10, seed=1), [TimeMajor("x")])
    sets, remarks = gathered({"train": stream}, most=35)
    read = sets["train"].read(np.arange(35))
    np.testing.assert_array_equal(read["x"], arrays["x"][read["y"]])
    assert "only the first 35 of 100" in remarks[0]
