"""A run of an LSTM over padded sequences as R, Octave and JAX have it: their own numbers are ours."""

import json
import sys

import numpy as np
import pytest
from export_lab import CLASSES, octave, r, said_by, spoken_run

import bricks
from bricks.__main__ import main
from bricks.export.forward import forward
from bricks.mat import read_mat

FEATURES = np.random.default_rng(0).normal(size=(7, 3, 3)).astype("float32")


@pytest.fixture(scope="module")
def run(tmp_path_factory, xla_cache):
    return spoken_run(tmp_path_factory.mktemp("spoken") / "lab")


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    """A folder with the run as csv, mat and npz."""
    folder = tmp_path_factory.mktemp("exported")
    for way, name in {"csv": "csv", "mat": "run.mat", "npz": "run.npz"}.items():
        assert main(["export", str(run), "--to", way, "-o", str(folder / name), "--set", "train"]) == 0
    return folder


@pytest.fixture(scope="module")
def batches(run):
    """Each batch of the set, and what the run's model predicts for it."""
    trained = bricks.load(run)
    batches = list(trained.stream("train").iterator())
    return [
        (batch, trained.predict(mask=batch["mask"], features=batch["features"])["probabilities"]) for batch in batches
    ]


def test_sequences_are_filled_up_to_the_longest_and_say_how_long_they_are(exported, batches):
    found = dict(np.load(exported / "run.npz"))
    assert [batch["mask"].shape[0] for batch, _ in batches] == [4, 6]
    assert found["predictions/steps"].tolist() == [4] * 20 + [6] * 20
    assert found["predictions/probabilities"].shape == (40, 6, 4) and found["predictions/class"].shape == (40, 6)
    for (batch, said), start, steps in zip(batches, (0, 20), (4, 6), strict=True):
        part = {name: found[f"predictions/{name}"][start : start + 20] for name in ("probabilities", "targets", "mask")}
        np.testing.assert_array_equal(part["probabilities"][:, :steps], said.swapaxes(0, 1))
        np.testing.assert_array_equal(part["targets"][:, :steps], batch["targets"].T)
        np.testing.assert_array_equal(part["mask"][:, :steps], batch["mask"].T)
        assert np.isnan(part["probabilities"][:, steps:]).all() and (part["targets"][:, steps:] == -1).all()


def test_mat_and_npz_hold_the_same(exported):
    npz, mat = dict(np.load(exported / "run.npz")), read_mat(exported / "run.mat", "run.mat", bricks.CheckpointError)
    numbers = {name: array for name, array in npz.items() if array.dtype.kind in "biuf"}
    assert numbers.keys() == mat.keys()
    for name, array in numbers.items():
        assert mat[name].size == array.size and mat[name].shape[: array.ndim] in (
            array.shape,
            (1, *array.shape)[: array.ndim],
        )
        np.testing.assert_array_equal(mat[name].ravel(), array.ravel(), err_msg=name)
    assert npz["classes/targets"].tolist() == CLASSES and str(npz["about/set"]) == "train"
    assert npz["recordings/lstm/forget_gate"].shape == npz["recordings/lstm/cell"].shape == (4, 10, 4)
    assert npz["examples/features"].shape == (4, 10, 3)


def test_parameters_go_back_into_the_model(exported, run):
    trained, other = bricks.load(run), bricks.load(run)
    for path in ("run.mat", "run.npz"):
        for variable in other.model.parameters.values():
            variable.set_value(np.zeros_like(variable.get_value()))
        settings = {} if path == "run.mat" else {"rename": {"parameters": ""}, "partial": True}
        assert not bricks.load_parameters(other.model, exported / path, **settings).missing
        for name, variable in other.model.parameters.items():
            np.testing.assert_array_equal(variable.get_value(), trained.model.parameters[name].get_value())


@octave
def test_octave_runs_the_lstm_that_it_loaded_and_gets_the_recorded_gates_and_predictions(exported):
    """The equations are written there once more: i, f, o of x_t, h_{t-1}; c_t = f c + i tanh(...); h_t = o tanh c_t."""
    code = """
        s = load('FOLDER/run.mat'); p = s.parameters; r = s.recordings.lstm; x = s.examples.features;
        gate = @(n, xt, h) xt * p.(['lstm_' n '_W_input']) + h * p.(['lstm_' n '_W_output']) + p.(['lstm_' n '_b']);
        sigmoid = @(z) 1 ./ (1 + exp(-z));
        [T, B, D] = size(x); worst = 0;
        h = repmat(p.lstm_initial_output, B, 1); c = repmat(p.lstm_initial_cell, B, 1);
        for t = 1:T
          xt = reshape(x(t, :, :), B, D); m = s.examples.mask(t, :)';
          i = sigmoid(gate('input_gate', xt, h)); f = sigmoid(gate('forget_gate', xt, h));
          o = sigmoid(gate('output_gate', xt, h)); g = tanh(gate('candidate', xt, h));
          seen = squeeze(r.forget_gate(t, :, :)); worst = max(worst, max(abs(f - seen)(:)));
          new = f .* c + i .* g; c = m .* new + (1 - m) .* c; h = m .* (o .* tanh(new)) + (1 - m) .* h;
          worst = max(worst, max(abs(c - squeeze(r.cell(t, :, :)))(:)));
          z = exp(h * p.classifier_W + p.classifier_b); z = z ./ sum(z, 2);
          said = squeeze(s.predictions.probabilities(1:B, t, :)); worst = max(worst, max(abs(z - said)(:)));
        end
        printf('%g\\n', worst);
        e = s.log.valid_error; printf('%.17g %d %d|', e(2), size(e));
        printf('%d %d|', isnan([s.log.train_cost, s.log.test_error])'); printf('%s\\n', s.names{2, 2});
        printf('%s|', s.classes.targets{1:3}); printf('%d|%s', s.about.epoch, s.about.run);
    """.replace("FOLDER", str(exported))
    worst, log, rest = said_by("octave", "--no-gui", "-q", code=code).splitlines()
    assert float(worst) < 1e-6
    error, missing, name = log.split("|")[0], log.split("|")[1:-1], log.split("|")[-1]
    assert error == "0.12345678901234568 2 1" and missing == ["0 0", "1 1"] and name == "about/bricks"
    assert rest.startswith('<script>alert(1)</script>|a "quoted", name|gr\\xf6\\xdfe|1|spoken/')


@r
def test_r_reads_factors_and_missing_values_and_counts_the_errors_that_the_log_has(exported, batches):
    code = """
        p <- read.csv('FOLDER/csv/predictions_by_step.csv', stringsAsFactors = TRUE, encoding = 'UTF-8')
        log <- read.csv('FOLDER/csv/log.csv')
        seen <- p[p$mask == 1, ]
        cat(nrow(p), is.factor(p$class_name), is.factor(p$targets_name), any(is.na(p)), '\\n')
        cat(format(mean(seen$class != seen$targets), digits = 15), '\\n')
        cat(format(sum(p$probabilities_2), digits = 15), '\\n')
        cat(all(as.character(p$targets_name) == c(NAMES)[p$targets + 1]), '\\n')
        cat(is.nan(log$train_cost), is.na(log$test_error), nrow(log), format(log$valid_error[2], digits = 15), '\\n')
    """.replace("FOLDER", str(exported))
    names = ", ".join(json.dumps(name, ensure_ascii=False) for name in CLASSES)
    said = said_by("Rscript", "--encoding=UTF-8", code=code.replace("NAMES", names)).splitlines()
    assert said[0].split() == [str(20 * 4 + 20 * 6), "TRUE", "TRUE", "FALSE"]
    wrong = sum(((p.argmax(2) != b["targets"]) * b["mask"]).sum() for b, p in batches)
    assert float(said[1]) == pytest.approx(wrong / sum(b["mask"].sum() for b, _ in batches), rel=1e-12)
    assert float(said[2]) == pytest.approx(sum(p[:, :, 2].sum(dtype="f8") for _, p in batches), rel=1e-6)
    assert said[3].strip() == "TRUE"
    assert said[4].split() == ["FALSE", "TRUE", "FALSE", "TRUE", "2", "0.123456789012346"]


def test_jax_alone_computes_what_predict_does_for_other_lengths_and_batches(run, tmp_path):
    pytest.importorskip("flatbuffers")
    path = tmp_path / "model.stablehlo"
    assert main(["export", str(run), "--to", "stablehlo", "-o", str(path)]) == 0
    about = json.loads(path.with_suffix(".json").read_text())
    assert [(given["name"], given["shape"]) for given in about["inputs"]] == [
        ("mask", ["time", "batch"]),
        ("features", ["time", "batch", 3]),
    ]
    assert about["outputs"]["probabilities"] == {"dtype": "float32", "shape": ["time", "batch", 4], "batch_axis": 1}
    trained = bricks.load(run)
    code = f"""
        import jax.export, numpy as np, sys
        program = jax.export.deserialize(open({str(path)!r}, 'rb').read())
        given = np.load({str(tmp_path / "given.npz")!r})
        said = {{k: program.call(given['m' + k], given['x' + k])['probabilities'] for k in ('0', '1')}}
        np.savez({str(tmp_path / "said.npz")!r}, **said)
        print([name for name in ('bricks', 'pytensor') if name in sys.modules])
    """
    xs = [FEATURES, FEATURES[:4, :1]]
    masks = [np.ones(x.shape[:2], "float32") for x in xs]
    np.savez(
        tmp_path / "given.npz", **{f"x{k}": x for k, x in enumerate(xs)}, **{f"m{k}": m for k, m in enumerate(masks)}
    )
    assert said_by(sys.executable, code=code).strip() == "[]"
    said = np.load(tmp_path / "said.npz")
    for k, (x, mask) in enumerate(zip(xs, masks, strict=True)):
        expected = trained.predict(mask=mask, features=x)["probabilities"]
        np.testing.assert_allclose(said[str(k)], expected, rtol=1e-5, atol=1e-7)


# How long sequences may be.


def test_time_is_open_also_where_all_sequences_of_the_training_had_one_length(run, tmp_path):
    found = forward(bricks.load(spoken_run(tmp_path / "lab", steps=6)))
    assert [given["shape"] for given in found.about["inputs"]] == [["time", "batch"], ["time", "batch", 3]]
    assert found.notes == []
    mask = np.ones(FEATURES.shape[:2], "float32")
    expected = bricks.load(run).predict(mask=mask, features=FEATURES)["probabilities"]
    np.testing.assert_allclose(found.program(mask, FEATURES)["probabilities"], expected, rtol=1e-5, atol=1e-7)


@pytest.mark.slow
def test_what_needs_the_number_of_steps_says_so_or_keeps_that_of_the_data(run, tmp_path):
    """A recurrence whose backward pass is in segments of sqrt(T) steps."""

    def recomputed(folder):
        text = (folder / "model.py").read_text()
        (folder / "model.py").write_text(text.replace("backward=backward,", 'backward="recomputed",'))
        return bricks.load(folder)

    trained = recomputed(spoken_run(tmp_path / "fixed", steps=6))
    found = forward(trained)
    assert found.about["inputs"][1]["shape"] == [6, "batch", 3]
    assert found.notes[0].startswith("mask has 6 steps, features has 6 steps, no other number: ")
    with pytest.raises(bricks.UsageError, match="steps are for data whose sequences differ in length"):
        forward(trained, steps=5)
    trained = recomputed(spoken_run(tmp_path / "open"))
    with pytest.raises(bricks.UsageError, match="--batch-size and --steps export it for given numbers"):
        forward(trained)
    assert forward(trained, steps=4).about["inputs"][1]["shape"] == [4, "batch", 3]
