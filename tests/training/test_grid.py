"""The `sweep` section: which points it has, what changes it, what is refused and how."""

import json
import string

import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from bricks.errors import UsageError
from bricks.training import grid
from bricks.training.given import load
from bricks.training.lab import Lab

CONFIG = """seed: 1
model: {unit: lstm, dim: 8}
sweep: {model.unit: [lstm, gru], seed: [1, 2, 3]}
"""


@pytest.fixture
def points(tmp_path):
    """The points of a config, by its text and overrides, each as text."""

    def points(text, *overrides):
        (tmp_path / "a.yaml").write_text(text)
        given = load(tmp_path / "a.yaml", Lab(tmp_path), overrides)
        assert given.is_sweep == (given.points != [{}])
        return [json.dumps(given.at(point)) for point in given.points], given.points

    return points


def test_a_grid_has_all_combinations_and_each_is_the_config_with_these_values(points):
    configs, values = points(CONFIG)
    assert configs == [
        json.dumps({"seed": seed, "model": {"unit": unit, "dim": 8}}) for unit in ("lstm", "gru") for seed in (1, 2, 3)
    ]
    assert values[4] == {"model.unit": "gru", "seed": 2}


def test_several_grids_have_the_points_of_all_and_those_of_two_once(points):
    text = "sweep: [{a: [1, 2]}, {a: [2], b: [3]}, {a: [2, 3]}, {}]"
    assert points(text)[1] == [{"a": 1}, {"a": 2}, {"a": 2, "b": 3}, {"a": 3}, {}]


@pytest.mark.parametrize(
    ("overrides", "units", "seeds"),
    [
        (["sweep.model.unit=[mgu]"], ["mgu"], [1, 2, 3]),
        (["sweep.seed=[4]", "sweep.seed=[5, 6]"], ["lstm", "gru"], [5, 6]),
        (["model.unit=mgu"], ["mgu"], [1, 2, 3]),
        (["seed=7"], ["lstm", "gru"], [7]),
        (["sweep.seed=null"], ["lstm", "gru"], [1]),
        (["seed=7", "model.unit=mgu"], ["mgu"], [7]),
        (["sweep=null"], ["lstm"], [1]),
        (["sweep={seed: [8, 9]}"], ["lstm"], [8, 9]),
    ],
)
def test_overrides_change_what_is_swept_over(points, overrides, units, seeds):
    found = [json.loads(config) for config in points(CONFIG, *overrides)[0]]
    assert [(config["model"]["unit"], config["seed"]) for config in found] == [(u, s) for u in units for s in seeds]


def test_a_value_may_be_anything_that_a_config_may_say(points):
    configs, _ = points("sweep: {model.unit: [{like: lstm, axon: []}, null, [1, 2.5]], model.hidden.size: [1]}")
    assert [json.loads(config)["model"]["unit"] for config in configs] == [{"like": "lstm", "axon": []}, None, [1, 2.5]]
    assert json.loads(configs[0])["model"]["hidden"] == {"size": 1}


def test_folds_without_a_fold_are_swept_over(points):
    assert points("folds: 3")[1] == [{"fold": 1}, {"fold": 2}, {"fold": 3}]
    assert points("seed: 1", "folds=2")[1] == [{"fold": 1}, {"fold": 2}]
    assert points("folds: 3\nfold: 2")[1] == [{}]
    assert points("folds: 3", "fold=2")[1] == [{}]
    assert points("{folds: 2, sweep: {seed: [5, 6]}}")[1] == [{"seed": s, "fold": f} for s in (5, 6) for f in (1, 2)]
    assert points("folds: 1")[1] == points("folds: many")[1] == [{}]  # left to validation


@pytest.mark.parametrize(
    ("text", "overrides", "said"),
    [
        ("sweep: 3", (), "a.yaml: sweep: must be keys such as model.unit, each with a list of values to try, .*got 3"),
        ("sweep: []", (), r"sweep: must be keys .*, got \[\]"),
        ("sweep: [3]", (), "sweep: must be keys .*, got 3"),
        ("sweep: {seed: 3}", (), "a.yaml: sweep.seed: must be a list of values to try, got 3"),
        ("sweep: {model: {unit: [a]}}", (), "sweep.model: must be a list of values to try, got {'unit'"),
        ("sweep: {seed: []}", (), r"sweep.seed: must be a list of values to try, got \[\]"),
        ("sweep: {unit: [a, {b: 1}, a]}", (), "sweep.unit: has a twice; leave one"),
        ("sweep: [{seed: [1]}]", ["sweep.seed=[2]"], r"there are several grids; give all of them, as sweep=\[...\]"),
        (
            "sweep: {model.unit: [a]}",
            ["model.unit.like=gru"],
            "command line: model.unit.like: lies within model.unit, which is swept over",
        ),
    ],
)
def test_what_is_no_sweep_is_refused_with_the_reason(points, text, overrides, said):
    with pytest.raises(UsageError, match=said):
        points(text, *overrides)


def test_a_value_that_is_no_section_is_not_swept_into(points):
    with pytest.raises(UsageError, match="sweep.seed.x: seed is a value, not a section"):
        points("{seed: 1, sweep: {seed.x: [1]}}")


words = st.text(string.printable, max_size=30)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None, max_examples=50)
@any_of(st.lists(st.dictionaries(st.sampled_from(["model.unit", "seed", "a.unit"]), plain, max_size=3), max_size=6))
def test_names_differ_and_are_safe_for_files(tmp_path_factory, found):
    names = grid.names(found)
    assert len({name.lower() for name in names}) == len(found)
    folder = tmp_path_factory.mktemp("names")
    for name in names:
        assert not set(name) & set("/\\:*?\"'<>| \n") and name not in (".", "..")
        (folder / name).mkdir()


def test_a_name_says_the_point():
    found = [{"model.unit": "lstm", "dataset.unit": 0.001}, {"model.unit": {"name": "mine"}, "dataset.unit": [5, 3]}]
    assert grid.names(found) == ["model.unit=lstm,dataset.unit=0.001", "model.unit=mine,dataset.unit=5-3"]
    assert grid.names([{}, {"a": "x/y"}, {"a": "x y"}]) == ["base", "a=x-y", "a=x-y-2"]
