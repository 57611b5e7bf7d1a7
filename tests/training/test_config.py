"""Configs: YAML read safely, validated whole, overridable; errors name path and nearest right name."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bricks.errors import UsageError
from bricks.training import config as configs
from bricks.training import yamls
from bricks.training.lab import Lab

CONFIG = """# A toy that says nothing, 1 s
seed: 3
dataset: {name: toy}
model: {name: tiny, hidden: [5]}
algorithm: {step_rule: momentum, learning_rate: 1e-3}
training: {epochs: 3}
"""
MODEL = '''"""Tiny."""
from typing import Annotated, Literal
from pydantic import Field

def build(
    sources, *, seed: int, hidden: list[int], activation: Literal["tanh", "logistic"] = "tanh",
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0, copy: tuple[int, int] | None = None,
    schema: int | str = 1,
):
    """Never called here."""
'''
DATASET = '''"""Toy."""
from pydantic import PositiveInt

def streams(seed: int, *, batch_size: PositiveInt = 10):
    """Never called here."""
'''


@pytest.fixture
def lab(tmp_path):
    for folder, name, text in (
        ("models", "tiny.py", MODEL),
        ("models", "_private.py", MODEL),
        ("datasets", "toy.py", DATASET),
        ("configs", "toy.yaml", CONFIG),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).write_text(text)
    return Lab(tmp_path)


def read(lab, *overrides, text=None):
    path = lab.folder / "configs" / "toy.yaml"
    if text is not None:
        path.write_text(text)
    return configs.read(path, lab, overrides)


def complaints(lab, *overrides, text=None):
    with pytest.raises(UsageError) as caught:
        read(lab, *overrides, text=text)
    return str(caught.value).splitlines()


def test_a_config_comes_with_all_defaults_filled_in(lab):
    config = read(lab)
    assert config.name == "toy" and config.seed == 3
    assert config.dataset.name == "toy" and config.dataset.options == {"batch_size": 10}
    assert config.model.options == {
        "hidden": [5],
        "activation": "tanh",
        "dropout": 0.0,
        "copy": None,
        "schema": 1,
    }
    assert config.algorithm.name == "momentum"
    assert config.algorithm.options == {
        "learning_rate": 0.001,
        "momentum": 0.9,
        "clip": None,
        "weight_decay": None,
        "max_norm": None,
        "decay": 1.0,
        "schedule": None,
    }
    assert config.training.epochs == 3 and config.training.patience is None


def test_the_resolved_config_reads_back_to_itself(lab):
    config = read(lab, "model.copy=[1, 2]", "model.schema='1e-3'", "training.checkpoint_minutes=2")
    assert config.model.options["copy"] == (1, 2)
    again = read(lab, text=config.to_yaml())
    assert again.resolved == config.resolved and again.model == config.model


def test_overrides_are_read_as_yaml_and_the_last_one_wins(lab):
    config = read(lab, "model.hidden=[3, 4]", "algorithm.learning_rate=1e-2", "training.epochs=4", "training.epochs=5")
    assert config.model.options["hidden"] == [3, 4]
    assert config.algorithm.options["learning_rate"] == 0.01
    assert config.training.epochs == 5


def test_an_override_may_name_another_model_or_a_whole_section(lab):
    assert read(lab, "algorithm={step_rule: adam}").algorithm.options["beta1"] == 0.9
    assert read(lab, "algorithm.step_rule=sgd").algorithm.name == "sgd"


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("model.hiden=[3]", "model.hiden: unknown key; did you mean 'hidden'?"),
        ("algorithm.learning_rte=1", "algorithm.learning_rte: unknown key; did you mean 'learning_rate'?"),
        ("dataset.batchsize=1", "dataset.batchsize: unknown key; did you mean 'batch_size'?"),
        ("training.epoch=1", "training.epoch: unknown key; did you mean 'epochs'?"),
        ("modle.hidden=[3]", "modle: unknown key; did you mean 'model'?"),
        ("epochs=5", "epochs: unknown key; did you mean 'training.epochs'?"),
        ("model.hidden=5", "model.hidden: must be a list, got 5"),
        ("model.hidden=[5, '6']", "model.hidden[1]: must be a whole number, got '6' (a string)"),
        ("model.hidden=[5.0]", "model.hidden[0]: must be a whole number, got 5.0"),
        ("model.dropout=1", "model.dropout: must be less than 1, got 1"),
        ("model.activation=tahn", "model.activation: unknown value 'tahn'; did you mean 'tanh'?"),
        ("model.schema=[1]", "model.schema: must be a whole number, or must be a string, got [1]"),
        ("algorithm.learning_rate=0", "algorithm.learning_rate: must be greater than 0, got 0"),
        ("algorithm.learning_rate=.nan", "algorithm.learning_rate: must be a finite number, got nan"),
        (
            "algorithm.learning_rate=1e-3x",
            "algorithm.learning_rate: must be a number, got '1e-3x' (a string)",
        ),
        ("algorithm.decay=1.5", "algorithm.decay: must be less than or equal to 1, got 1.5"),
        ("algorithm.clip=-1", "algorithm.clip: must be greater than 0, got -1"),
        ("training.epochs=true", "training.epochs: must be a whole number, got True"),
        ("training.epochs=0", "training.epochs: must be greater than 0, got 0"),
        ("training.patience=0", "training.patience: must be greater than 0, got 0"),
        ("training=5", "training: must be a section of keys and values, got 5"),
        ("seed=-1", "seed: must be greater than or equal to 0, got -1"),
        ("seed=one", "seed: must be a whole number, got 'one' (a string)"),
        ("model.name=tinny", "model.name: unknown model 'tinny'; did you mean 'tiny'?"),
        ("model.name=../models/tiny", "model.name: unknown model '../models/tiny'"),
        ("model.name=_private", "model.name: unknown model '_private'; there are: tiny"),
        ("model.name=[tiny]", "model.name: must be a string, got ['tiny']"),
        ("dataset.name=tyo", "dataset.name: unknown dataset 'tyo'; did you mean 'toy'?"),
        (
            "algorithm.step_rule=momentun",
            "algorithm.step_rule: unknown step rule 'momentun'; did you mean 'momentum'?",
        ),
    ],
)
def test_one_wrong_override_is_one_line_that_says_where_it_came_from(lab, override, said):
    lines = complaints(lab, override)
    assert len(lines) == 1
    assert lines[0].startswith(f"command line: {said}")


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("training.epochs", "an override is section.key=value"),
        ("=5", "an override is section.key=value"),
        ("training.=5", "an override is section.key=value"),
        ("seed.x=5", "seed is a value, not a section"),
        ("model.hidden=[5", "command line: model.hidden, line 1: expected ',' or ']'"),
    ],
)
def test_an_override_that_cannot_be_read_says_how_one_looks(lab, override, said):
    assert said in complaints(lab, override)[0]


def test_all_errors_are_told_at_once_each_with_its_origin(lab):
    text = CONFIG.replace("learning_rate", "learning_rte").replace("seed: 3", "sed: 3")
    lines = complaints(lab, "model.dropout=x", "dataset.name=tyo", text=text)
    assert [line.partition(": ")[0] for line in lines] == ["command line", "command line"] + ["configs/toy.yaml"] * 3
    assert sorted(line.split(": ")[1] for line in lines) == [
        "algorithm.learning_rate",
        "algorithm.learning_rte",
        "dataset.name",
        "model.dropout",
        "sed",
    ]


@pytest.mark.parametrize("section", ["dataset", "model", "algorithm", "training"])
def test_a_missing_section_is_named(lab, section):
    text = "\n".join(line for line in CONFIG.splitlines() if not line.startswith(section))
    assert complaints(lab, text=text) == [f"configs/toy.yaml: {section}: is missing"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "5", "[1, 2]", "just words"])
def test_a_file_without_sections_is_refused(lab, text):
    assert all(line.startswith("configs/toy.yaml: ") for line in complaints(lab, text=text))


def test_a_key_twice_is_refused_with_its_line(lab):
    assert complaints(lab, text=CONFIG + "seed: 4\n") == [
        "configs/toy.yaml, line 7: key 'seed' is there twice; leave one"
    ]


@pytest.mark.parametrize(
    "text", ["!!python/object/apply:os.system ['true']", "a: !!python/name:os.system", "a: !!set {b}"]
)
def test_no_code_and_no_objects_in_a_config(lab, text):
    assert "could not determine a constructor" in complaints(lab, text=text)[0]


def test_a_value_that_contains_itself_is_refused(lab):
    assert "recursive" in complaints(lab, text="a: &a [*a]")[0]
    assert complaints(lab, "model.hidden=&a [*a]", text=CONFIG) == ["command line: a value contains itself"]


def test_a_file_that_cannot_be_read_is_refused(lab):
    (lab.folder / "configs" / "toy.yaml").write_bytes(b"\xff\xfe\xfa")
    assert "can't be read" in complaints(lab)[0]


def test_a_model_whose_parameter_has_no_annotation_cannot_be_configured(lab):
    (lab.folder / "models" / "tiny.py").write_text("def build(sources, *, seed, hidden=3): ...")
    assert "parameter 'hidden' needs an annotation" in complaints(lab)[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def bild(sources, *, seed): ...", "must define a function 'build'"),
        ("def build(sources, *, seed, **more): ...", "can't come from a config"),
        ("def build(", "line 1"),
    ],
)
def test_a_file_that_is_no_model_is_refused(lab, text, said):
    (lab.folder / "models" / "tiny.py").write_text(text)
    assert said in complaints(lab)[0]


def test_loading_a_model_leaves_no_cache_behind(lab):
    read(lab)
    assert sorted(path.name for path in (lab.folder / "models").iterdir()) == ["_private.py", "tiny.py"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001), ("1E5", 1e5), (".5", 0.5), ("5.", 5.0), ("-.inf", float("-inf")),
        ("017", 17), ("0x10", 16), ("0o17", 15), ("50_000", 50000), ("-3", -3),
        ("on", "on"), ("no", "no"), ("12:30", "12:30"), ("2001-01-01", "2001-01-01"), ("1e", "1e"),
        ("true", True), ("~", None), ("", None), ("'5'", "5"),
    ],
)  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(text, value):
    read = yamls.load(text, "here")
    assert read == value and type(read) is type(value)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(), PLAIN, max_size=3))
def test_plain_data_written_as_yaml_reads_back_equal(data):
    assert yamls.load(yamls.dump(data), "here") == data


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_any_text_is_read_or_refused_never_crashed_on(text):
    try:
        yamls.load(text, "here")
    except UsageError as error:
        assert str(error).startswith("here")


def test_configs_are_found_by_name_and_path_and_described(lab, monkeypatch):
    path = lab.folder / "configs" / "toy.yaml"
    assert lab.config_path("toy") == lab.config_path("configs/toy.yaml") == lab.config_path(str(path)) == path
    assert lab.config_descriptions() == {"toy": "A toy that says nothing, 1 s"}
    with pytest.raises(UsageError, match="no config 'configs/tyo.yaml'; did you mean 'toy'"):
        lab.config_path("configs/tyo.yaml")
