"""Explore a data set: what is in it, sixteen plots at once, duplicates and outliers, and what simple models reach.

What it is:
  NAME              mnist.hdf5, say, in a data folder, or a data set of the lab, from datasets/ here
  .hdf5, .h5        a file in Fuel's layout
  .csv, .csv.gz     a table, a line for each example; the first line may name the columns
  .arff             a table of Weka's

One page, NAME-explorer.html, and the sixteen plots as NAME-explorer.png beside it. The page needs no network. Large
files are read in blocks from all over, as far as the time goes, and sampled; the page says what of them was seen.
Baselines are of the set for training alone.
"""

import argparse
import re
import shlex
import sys
from pathlib import Path

from bricks.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("data", metavar="NAME|FILE", help="what to explore, as above")
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="the page; NAME-explorer.html by default, here"
    )
    parser.add_argument(
        "--force", action="store_true", help="replace the page or the PNG though something else made it"
    )
    parser.add_argument(
        "--target", metavar="NAME", help="column or source of the targets; by default one called class, target or label"
    )
    parser.add_argument(
        "--task", choices=("classes", "numbers"), help="what targets are; by default what they look like"
    )
    parser.add_argument("--which-set", metavar="SET", help="the set that plots and baselines are of; train by default")
    parser.add_argument("--image", metavar="HxW[xC]", help="show flat features as images, 28x28 or 32x32x3 say")
    parser.add_argument("--sample", metavar="N", type=int, default=10_000, help="examples of it, at most; 10000")
    parser.add_argument("--folds", metavar="K", type=int, default=5, help="of the cross-validation; 5")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of sample, folds and nets; 0")
    parser.add_argument("--no-baselines", action="store_true", help="train no models")


def run(asked: argparse.Namespace) -> int:
    """Explore, and write the page and the plots."""
    from rich.console import Console

    from bricks.command_line import shown_path
    from bricks.view import figures, page
    from bricks.view.explorer import Options, explore
    from bricks.view.explorer.steps import Steps

    output = asked.output or Path(f"{_stem(asked.data)}-explorer.html")
    if output.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{shown_path(output)}: must end in .html; the plots go beside it, as .png")
    plots = output.with_suffix(".png")
    for path in (output, plots):
        _check(path, asked.force)
    steps = Steps(Console(stderr=True))
    options = Options(
        target=asked.target, task=asked.task, which_set=asked.which_set, image=_image(asked.image), sample=asked.sample,
        folds=asked.folds, seed=asked.seed, baselines=not asked.no_baselines,
    )  # fmt: skip
    command = f"python -m bricks {shlex.join(_words(asked))}"
    explored = explore(asked.data, options, steps=steps, command=command)
    with steps.step("writing"):
        page.write(output, explored.page)
        figures.save(explored.figure, plots)
    for sentence in explored.findings:
        print(page.shortened(sentence, 300))
    for name, seen in explored.study.seen.items():
        if seen.read < seen.examples:
            print(f"set {name}: {seen.read:,} of {seen.examples:,} examples were read")
    print(", ".join(f"{title} {seconds:.1f} s" for title, seconds in steps.taken), file=sys.stderr)
    print(f"written: {shown_path(output)}, {shown_path(plots)}")
    return 0


def _check(path: Path, force: bool) -> None:
    """UsageError where a file can't be made, or is there already and not of the explorer."""
    from bricks.command_line import shown_path
    from bricks.view.page import is_ours

    who = shown_path(path)
    if not path.parent.is_dir():
        raise UsageError(f"{who}: there is no folder {shown_path(path.parent)}")
    if path.is_dir():
        raise UsageError(f"{who}: is a folder")
    if path.exists() and not force and not is_ours(path):
        raise UsageError(f"{who}: is there already, and not written by bricks; --force replaces it, -o names another")


def _image(word: str | None) -> tuple[int, ...] | None:
    if word is None:
        return None
    found = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)(?:x([13]))?", word)
    if not found:
        raise UsageError(f"explore: --image must be HEIGHTxWIDTH or HEIGHTxWIDTHx3, as 28x28, got {word!r}")
    return tuple(int(part) for part in found.groups() if part)


def _stem(word: str) -> str:
    """What the page is called after: a name that is one, for a file its own without the suffix."""
    name = Path(word).name
    return re.sub(r"\.(csv\.gz|csv|arff|hdf5|h5)$", "", name, flags=re.IGNORECASE) or "data"


def _words(asked: argparse.Namespace) -> list[str]:
    """The command again, as far as it decides what is on the page."""
    words = ["explore", asked.data]
    for option in ("target", "task", "which_set", "image"):
        if getattr(asked, option) is not None:
            words += [f"--{option.replace('_', '-')}", getattr(asked, option)]
    for option, usual in (("sample", 10_000), ("folds", 5), ("seed", 0)):
        if getattr(asked, option) != usual:
            words += [f"--{option}", str(getattr(asked, option))]
    return words + (["--no-baselines"] if asked.no_baselines else [])
