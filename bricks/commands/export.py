"""Write what a run has for other programs: R, Matlab and Octave, NumPy, JAX.

  csv        a folder: log.csv, a line for each epoch, and predictions.csv, a line for each example; of sequences
             predictions_by_step.csv. R: read.csv; an empty cell among numbers is NA there, nan is NaN.
  mat        one file for Matlab and Octave: parameters, log, predictions and, of gated units, what each neuron did for
             some sequences; `names` tells what each thing is called here
  npz        the same for NumPy
  stablehlo  what the model computes, parameters inside, for any number of examples: JAX runs it without bricks; beside
             it .mlir to read and .json, which tells inputs and outputs

Written beside the run's files by default: RUN/csv, RUN/run.mat, RUN/run.npz, RUN/model.stablehlo.
"""

import argparse
import sys
from pathlib import Path

from bricks.command_line import shown_path
from bricks.commands.evaluate import add_which
from bricks.errors import BricksError, UsageError

DEFAULTS = {"csv": "csv", "mat": "run.mat", "npz": "run.npz", "stablehlo": "model.stablehlo"}
"""From what is asked for to what it is called."""

EXAMPLES = 10
"""Examples that are recorded, by default; of the first batch."""

TABLES = ("log.csv", "predictions.csv", "predictions_by_step.csv")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("run", metavar="RUN", help="a run directory, or a file in it")
    parser.add_argument("--to", choices=tuple(DEFAULTS), required=True, help="for which program")
    parser.add_argument("-o", "--output", metavar="PATH", type=Path, help="where to write")
    parser.add_argument("--set", dest="which_set", metavar="SET", help="whose examples: train, valid (default), test")
    parser.add_argument(
        "--examples", metavar="N", type=int, help=f"mat, npz: examples to show, and to record; {EXAMPLES}"
    )
    parser.add_argument(
        "--batch-size", metavar="N", type=int, help="stablehlo: for so many examples alone, instead of any number"
    )
    parser.add_argument(
        "--steps", metavar="N", type=int, help="stablehlo: for sequences of so many steps alone, where they differ"
    )
    parser.add_argument("--force", action="store_true", help="replace files that are there")
    add_which(parser)


def run(asked: argparse.Namespace) -> int:
    """Look at what was asked for, read the run, and write."""
    from bricks.training.loading import load

    _check_options(asked)
    if asked.to == "stablehlo":
        _flatbuffers()
    trained = load(asked.run, which=asked.which)
    path = asked.output or trained.folder / DEFAULTS[asked.to]
    _check_path(asked, path)
    if asked.to == "stablehlo":
        _write_stablehlo(asked, trained, path)
    elif asked.to == "csv":
        write_csv(asked, trained, path)
    else:
        _write_arrays(asked, trained, path)
    return 0


def _check_options(asked: argparse.Namespace) -> None:
    meant = {
        "examples": ("mat", "npz"),
        "batch_size": ("stablehlo",),
        "steps": ("stablehlo",),
        "which_set": ("csv", "mat", "npz"),
    }
    for name, ways in meant.items():
        value = getattr(asked, name)
        option = "--set" if name == "which_set" else f"--{name.replace('_', '-')}"
        if value is not None and asked.to not in ways:
            raise UsageError(f"export: {option} is for {' and '.join(ways)}, not for {asked.to}")
        if name != "which_set" and value is not None and value < 1:
            raise UsageError(f"export: {option} must be at least 1, got {value}")


def _check_path(asked: argparse.Namespace, path: Path) -> None:
    from bricks.commands.writing import check_writable

    if asked.to == "csv":
        if path.exists() and not path.is_dir():
            raise UsageError(f"{shown_path(path)}: is a file; --to csv writes a folder")
        if not path.parent.is_dir():
            raise UsageError(f"{shown_path(path)}: there is no folder {shown_path(path.parent)}")
        for name in TABLES if path.is_dir() else ():
            check_writable(path / name, asked.force, suffixes=(".csv",))
        return
    check_writable(path, asked.force, suffixes=(Path(DEFAULTS[asked.to]).suffix,))
    for suffix in (".mlir", ".json") if asked.to == "stablehlo" else ():
        check_writable(path.with_suffix(suffix), asked.force, suffixes=(suffix,))


def _flatbuffers() -> None:
    """What `jax.export` writes with, and does not bring along."""
    try:
        import flatbuffers  # noqa: F401
    except ImportError:
        raise UsageError("export: JAX writes StableHLO with the package flatbuffers: pip install flatbuffers") from None


def _predictions(asked: argparse.Namespace, trained):
    """The predictions for the set, and its stream; None for both, and a note, where the run's data isn't there."""
    from bricks.commands import predict
    from bricks.data.contents import class_names
    from bricks.export.predictions import predicted
    from bricks.training import log as logs

    which = asked.which_set or "valid"
    if which == "test" and logs.last_test(trained.log):
        print("note: the test set was read already in this run; choose nothing by it", file=sys.stderr)
    try:
        axes = predict.example_axes(trained)
        stream = trained.stream(which)
    except BricksError as error:
        if asked.which_set is not None:
            raise
        print(f"note: without predictions: {error}", file=sys.stderr)
        return None, None, {}
    found = predicted(trained, predict.with_progress(iter(stream.iterator()), stream.num_examples, trained), axes)
    said = predict.classes_of(trained, found.arrays)
    found.by_step |= {name for name, array in said.items() if array.ndim == 2}
    found.arrays = {**said, **found.arrays}
    names = class_names(stream)
    if len(names) == 1:  # it is clear whose classes the model tells
        names |= dict.fromkeys(said, next(iter(names.values())))
    return found, stream, names


def write_csv(asked: argparse.Namespace, trained, path: Path) -> None:
    from bricks.commands import log
    from bricks.commands.writing import write_csv
    from bricks.export.tables import tables
    from bricks.training import folders

    predictions, _, names = _predictions(asked, trained)
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise BricksError(f"{shown_path(path)}: can't be made: {error.strerror or error}") from None
    rows = log.by_epoch(trained.folder / folders.LOG) if trained.log else []
    log.write_csv(path / "log.csv", {trained.folder.name: rows}, None, force=True)
    found = tables(predictions, names) if predictions else {}
    for title, (header, lines) in found.items():
        write_csv(path / f"{title}.csv", header, lines)
        print(f"written: {shown_path(path / title)}.csv, {', '.join(_shortly(header))}")
    for name in set(TABLES) - {"log.csv", *(f"{title}.csv" for title in found)}:
        (path / name).unlink(missing_ok=True)  # of an earlier export of something else


def _shortly(header: list[str], most: int = 8) -> list[str]:
    return header if len(header) <= most else [*header[: most - 1], "...", header[-1]]


def _write_arrays(asked: argparse.Namespace, trained, path: Path) -> None:
    from bricks.commands import log
    from bricks.commands.writing import whole_file
    from bricks.export.contents import Contents, columns
    from bricks.export.recordings import recorded
    from bricks.training import folders

    predictions, stream, names = _predictions(asked, trained)
    rows = log.by_epoch(trained.folder / folders.LOG) if trained.log else []
    state = trained.model.state_dict()
    contents = Contents(
        parameters=state["parameters"] | state["buffers"],
        log=columns(rows, log.columns_of(rows, None)),
        about=_about(trained) | ({"set": asked.which_set or "valid"} if stream else {}),
    )
    if stream:
        contents.predictions = predictions.arrays
        if predictions.steps is not None:
            contents.predictions["steps"] = predictions.steps
        contents.classes = names
        contents.examples = _first(stream, asked.examples or EXAMPLES)
        contents.recordings, notes = recorded(trained.model, contents.examples)
        for note in notes:
            print(f"note: {note}", file=sys.stderr)
    with whole_file(path) as temporary:
        contents.write_mat(temporary) if asked.to == "mat" else contents.write_npz(temporary)
    parts = [f"{len(contents.parameters)} parameters", f"{len(rows)} epochs of {len(contents.log)} entries"]
    parts += [f"predictions for {stream.num_examples:,} examples"] if stream else []
    parts += [f"recordings of {', '.join(contents.recordings)}"] if contents.recordings else []
    print(f"written: {shown_path(path)}: {', '.join(parts)}")


def _first(stream, examples: int) -> dict:
    """The first examples of a stream, as many as its first batch has at most."""
    batch = stream.batches(0)(0)
    axes = {name: source.batch_axis for name, source in stream.sources.items()}
    return {name: array[(slice(None),) * axes[name] + (slice(examples),)] for name, array in batch.items()}


def _about(trained) -> dict:
    from bricks import __version__
    from bricks.training import folders

    return {
        "bricks": __version__,
        "run": f"{trained.folder.parent.name}/{trained.folder.name}",
        "epoch": trained.epoch,
        "iteration": trained.iteration,
        "config": (trained.folder / folders.CONFIG).read_text(encoding="utf-8"),
    }


def _write_stablehlo(asked: argparse.Namespace, trained, path: Path) -> None:
    import json

    from bricks.commands.writing import whole_file
    from bricks.export.forward import forward
    from bricks.export.readable import readable

    found = forward(trained, asked.batch_size, asked.steps)
    about = {"format": "StableHLO by jax.export", **_about(trained), **found.about}
    about["call"] = _call(path.name, [given["name"] for given in about["inputs"]])
    exported = found.program.exported
    texts = {".mlir": readable(exported.mlir_module()), ".json": json.dumps(about, indent=2) + "\n"}
    for suffix, text in texts.items():
        with whole_file(path.with_suffix(suffix)) as temporary:
            temporary.write_text(text, encoding="utf-8")
    with whole_file(path) as temporary:
        temporary.write_bytes(exported.serialize())
    for note in found.notes:
        print(f"note: {note}", file=sys.stderr)
    given = ", ".join(f"{g['name']} ({', '.join(map(str, g['shape']))})" for g in about["inputs"])
    gives = ", ".join(f"{name} ({', '.join(map(str, g['shape']))})" for name, g in about["outputs"].items())
    print(f"from {given} to {gives}; it differs from predict by at most {about['difference_from_predict']:.1e}")
    if about["enable_x64"]:
        print("it computes in float64: call it with jax.enable_x64(True)")
    print(f"written: {shown_path(path)}, and beside it .mlir and .json")


def _call(name: str, inputs: list[str]) -> str:
    return f"jax.export.deserialize(open({name!r}, 'rb').read()).call({', '.join(inputs)})"
