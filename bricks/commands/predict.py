"""Let the model of a run predict, and write its outputs: those that its file names, and the likeliest class.

From a file, whose examples are as a training batch has them, scaled and all, but along the first axis:
  .h5, .hdf5   a dataset for each source that the model needs; --set chooses a set of a file in Fuel's layout
  .csv         a line of column names, then a line of numbers for each example
  .npz         an array for each source
Or from the run's own data: --set without --input, in the order of its stream (that of `train` is shuffled). Then what
the model isn't given, such as targets, is written too.

The output has the same kinds: HDF5 in Fuel's layout, CSV with columns as probabilities_0, or .npz.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from bricks.command_line import shown_path
from bricks.commands.evaluate import add_which
from bricks.errors import UsageError

BATCH = 500
"""Examples in a call of the model, by default."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("run", metavar="RUN", help="a run directory, or a file in it")
    parser.add_argument("--input", metavar="FILE", type=Path, help="the examples")
    parser.add_argument("--set", dest="which_set", metavar="SET", help="a set of the input, or of the run's own data")
    parser.add_argument("--output", metavar="FILE", type=Path, required=True, help="what to write")
    parser.add_argument("--batch-size", metavar="N", type=int, default=BATCH, help=f"of the input; {BATCH} by default")
    parser.add_argument("--force", action="store_true", help="replace the output if it is there")
    add_which(parser)


def run(asked: argparse.Namespace) -> int:
    """Predict batch by batch, then write."""
    from bricks.commands.writing import check_writable, write_arrays
    from bricks.export.predictions import predicted
    from bricks.training.loading import load

    if asked.input is None and asked.which_set is None:
        raise UsageError("predict: needs --input FILE, or --set SET for the run's own data")
    if asked.batch_size < 1:
        raise UsageError(f"predict: --batch-size must be at least 1, got {asked.batch_size}")
    check_writable(asked.output, asked.force)
    if asked.input is not None and asked.input.absolute() == asked.output.absolute():
        raise UsageError(f"{shown_path(asked.output)}: is the input; name another output")
    trained = load(asked.run, which=asked.which)
    axes = example_axes(trained)
    total, batches = _own_batches(trained, asked) if asked.input is None else _batches_of_file(trained, asked)
    arrays = predicted(trained, with_progress(batches, total, trained), axes).arrays
    arrays = {**classes_of(trained, arrays), **arrays}
    write_arrays(asked.output, arrays, asked.which_set or "predicted")
    shapes = {name: ", ".join(map(str, ("examples", *array.shape[1:]))) for name, array in arrays.items()}
    described = ", ".join(f"{name} ({shape})" for name, shape in shapes.items())
    print(f"{total:,} examples, parameters of epoch {trained.epoch}: {described}")
    print(f"written: {shown_path(asked.output)}")
    return 0


def _batches_of_file(trained, asked: argparse.Namespace) -> tuple[int, Iterator[dict]]:
    """How many examples, and batches in the layout of the training's."""
    import numpy as np

    from bricks.commands.reading import read_examples

    needed = trained.needed
    dataset = read_examples(asked.input, needed, asked.which_set)
    for name, source in needed.items():
        given = dataset.sources[name].dtype
        if source.dtype.kind == "f" and given.kind != "f":
            said = f"{shown_path(asked.input)}: {name!r} is {given}, was {source.dtype} in training: scaled alike?"
            print(f"warning: {said}", file=sys.stderr)

    def batches():
        for start in range(0, dataset.num_examples, asked.batch_size):
            read = dataset.read(np.arange(start, min(start + asked.batch_size, dataset.num_examples)))
            yield {name: np.moveaxis(read[name], 0, source.batch_axis) for name, source in needed.items()}

    return dataset.num_examples, batches()


def _own_batches(trained, asked: argparse.Namespace) -> tuple[int, Iterator[dict]]:
    stream = trained.stream(asked.which_set)
    return stream.num_examples, iter(stream.iterator())


def example_axes(trained) -> dict[str, int | None]:
    """Along which axis the examples of each output lie; at least one must have one."""
    axes = trained.example_axes
    without = [name for name, axis in axes.items() if axis is None]
    if len(without) == len(axes):
        raise UsageError(f"predict: none of the model's outputs is for each example: {', '.join(without)}")
    if without:
        print(f"note: not for each example, and not written: {', '.join(without)}", file=sys.stderr)
    return axes


def classes_of(trained, arrays: dict) -> dict:
    """The likeliest class, `class`, for each output that comes out of a softmax over its last axis."""
    found = {}
    for name, output in trained.model.outputs.items():
        if not _is_softmax(output):
            continue
        title = f"class{name.removeprefix('probabilities')}" if name.startswith("probabilities") else f"{name}_class"
        if name in arrays and title not in arrays:
            found[title] = arrays[name].argmax(axis=-1).astype("int32")
    return found


def _is_softmax(output) -> bool:
    """Whether a variable is what a softmax over its last axis gives."""
    from bricks.graph import annotations_of
    from bricks.layers import Softmax

    makers = [note.brick for note in annotations_of(output) if note.call and note.name == "output"]
    return any(isinstance(brick, Softmax) and brick.axis in (-1, output.type.ndim - 1) for brick in makers)


def with_progress(batches: Iterator[dict], total: int, trained) -> Iterator[dict]:
    """The batches; on a terminal with a bar below."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = [BarColumn(), TextColumn("{task.completed:,.0f} of {task.total:,.0f} examples"), TimeRemainingColumn()]
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=total)
        for batch in batches:
            name, source = next(iter(trained.needed.items()))
            examples = batch[name].shape[source.batch_axis]
            yield batch
            progress.advance(task, examples)
