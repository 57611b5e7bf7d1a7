"""The command line of `train.py`: what was asked for, what is said about it, the exit status.

0: done. 1: it failed. 2: asked wrongly. 130: Ctrl-C.
"""

import argparse
import os
import re
import shutil
import sys
from pathlib import Path

from bricks.command_line import INTERRUPTED, Parser, shown_path, status_of
from bricks.errors import UsageError
from bricks.training.grid import FILE
from bricks.training.lab import Lab

_HELP = """\
CONFIG is a file or its bare name: configs/mnist_mlp.yaml or mnist_mlp.
section.key=value overrides it, the value read as YAML: model.hidden=[500,300] training.epochs=60 seed=2

A run makes a directory runs/CONFIG/TIME/ with config.yaml, versions.json, model.py, log.jsonl (a row for each
epoch, the last one with the test error), checkpoint.h5 (to go on from), best.h5 (the best parameters) and, at the end,
report.html (a page of what it did; training.report=false makes none).
Ctrl-C finishes the step, saves, and says how to go on.

A config with a `sweep:`, from keys to lists of values, is a run for each combination of them, some side by side:
directories in runs/CONFIG/sweep-TIME/, with table.md and table.csv, means and 95 % intervals over seeds and folds.
    sweep: {model.unit: [lstm, gru], seed: [1, 2, 3]}
sweep.model.unit=[lstm] changes what is swept over, seed=1 takes the seed out of it, --resume goes on with all of it.
--folds K is such a sweep over the K folds of a cross-validation of the examples of train and valid; folds=K fold=1 is
the first of them alone.

THEANO_FLAGS=device=cuda,floatX=float32 chooses the device and the precision.
Exit status: 0 done, 1 failed, 2 asked wrongly, 130 after Ctrl-C."""


def main(argv: list[str], folder: str | Path) -> int:
    """Do what the command line `argv` asks for in the lab at `folder`; the exit status.

    >>> import tempfile
    >>> main(["--list"], tempfile.mkdtemp())
    no configs in configs/
    0
    """
    return status_of(lambda: _main(argv, Lab(folder)))


def _main(argv: list[str], lab: Lab) -> int:
    asked = _parse(argv)
    if asked.list or not (asked.config or asked.resume):
        _list(lab)
        return 0
    if asked.point:
        from bricks.training.processes import end_with_standard_input

        end_with_standard_input()
    path = lab.config_path(asked.config) if asked.config else None
    if asked.resume:
        return _resume(lab, asked, path)
    name = _name(path)
    print(f"{name}: reading the config and the data, building the model", flush=True)
    from bricks.training import config as configs
    from bricks.training import given
    from bricks.training.runs import Run

    found = given.load(path, lab, asked.overrides)
    if asked.check_gradients and found.is_sweep:
        raise UsageError(f"--check-gradients is for one model, and {name} is a sweep; override what it varies")
    if found.is_sweep:
        from bricks.training import sweeping

        return sweeping.start(found, lab, name, asked, argv, _command(lab))
    if asked.jobs:
        raise UsageError(f"--jobs is for a sweep, and {name} is one run; see train.py --help")
    if asked.check_gradients:
        from bricks.training.gradients import check_config

        return check_config(configs.validated(found, lab, name), lab)
    run = Run(configs.validated(found, lab, name), lab)
    if asked.check:
        _print_check(run)
        return 0
    run.create(["train.py", *argv], asked.point)
    return _train(run, asked)


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = Parser(
        prog="train.py",
        usage="train.py CONFIG [section.key=value ...] [--folds K] [--jobs N] [--check]\n"
        "       train.py CONFIG [section.key=value ...] --check-gradients\n"
        "       train.py --resume RUN [training.key=value ...]\n"
        "       train.py --resume SWEEP [--jobs N]\n"
        "       train.py --list",
        description="Train the model that a config describes, and read its test error once, at the end.",
        epilog=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "words", nargs="*", metavar="CONFIG, section.key=value", help="what to train, and changes of it"
    )
    parser.add_argument(
        "--resume", metavar="RUN", help="go on with this run or sweep; training.epochs=60 extends a run"
    )
    parser.add_argument("--folds", metavar="K", type=int, help="cross-validate: a run for each of K folds")
    parser.add_argument("--jobs", metavar="N", type=_positive, help="runs of a sweep side by side; as many as cores")
    parser.add_argument("--point", metavar="FOLDER", type=Path, help=argparse.SUPPRESS)  # what a sweep starts
    parser.add_argument("--check", action="store_true", help="validate and build all, compile and write nothing")
    parser.add_argument(
        "--check-gradients", action="store_true", help="compare the model's gradients with differences of its cost"
    )
    parser.add_argument("--list", action="store_true", help="list the configs (so does no argument at all)")
    asked = parser.parse_intermixed_args(argv)
    override = re.compile(r"[^=/]*=")
    asked.overrides = [word for word in asked.words if override.match(word)]
    named = [word for word in asked.words if not override.match(word)]
    if asked.check_gradients and asked.resume:
        raise UsageError("--check-gradients is for a CONFIG, not for a run that goes on; see train.py --help")
    if len(named) > 1:
        raise UsageError(f"one CONFIG at a time, got {', '.join(named)}; an override is section.key=value")
    asked.config = named[0] if named else None
    if asked.folds is not None:
        if not named or asked.resume:
            raise UsageError("--folds needs a CONFIG to cross-validate; a sweep over folds goes on by --resume SWEEP")
        asked.overrides.append(f"folds={asked.folds}")
    if asked.overrides and not (named or asked.resume):
        raise UsageError(f"{asked.overrides[0]} overrides a config, and none is given; see train.py --list")
    return asked


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, got {text!r}")
    return int(text)


def _name(path: Path) -> str:
    """A config's name: its file's, or of the copy in runs/CONFIG/sweep-TIME/ that of the folder."""
    folder = path.resolve().parent
    return folder.parent.name if path.name == FILE and folder.name.startswith("sweep-") else path.stem


def _list(lab: Lab) -> None:
    descriptions = lab.config_descriptions()
    if not descriptions:
        print("no configs in configs/")
        return
    width = max(map(len, descriptions))
    for name, description in descriptions.items():
        print(f"{name:{width}}  {description}")
    print(f"\n{_command(lab)} {next(iter(descriptions))}    trains one of them; --help tells the rest")


def _resume(lab: Lab, asked: argparse.Namespace, path: Path | None) -> int:
    from bricks.training import folders

    sweep = folders.find_sweep(lab, asked.resume)
    if sweep:
        from bricks.training import sweeping

        return sweeping.resume(sweep, lab, asked, _command(lab))
    if asked.jobs:
        raise UsageError(f"--jobs is for a sweep, and {asked.resume} is none")
    folder = folders.find(lab, asked.resume)
    print(f"{shown_path(folder)}: reading the checkpoint and the data, building the model", flush=True)
    from bricks.training.runs import Run, read_run

    config, with_model, state, differences = read_run(folder, lab, path, asked.overrides)
    for difference in differences:
        print(f"warning: {difference}: the run goes on, but not bit for bit as it would have", flush=True)
    run = Run(config, with_model)
    if asked.check:
        run.loop.load_state_dict(state["main_loop"])
        _print_check(run)
        return 0
    run.resume(folder, state)
    if run.finished:
        print(f"this run is finished: {run.reason_to_stop}; nothing is trained, the test set isn't read again")
        _print_end(run, run.earlier_test, asked.config)
        return 0
    if run.earlier_test:
        earlier = _measured(run.earlier_test)
        print(f"warning: the test set was read already in this run ({earlier}); choose nothing by it")
    print(f"going on after iteration {run.loop.iteration:,}, epoch {run.loop.epoch}", flush=True)
    return _train(run, asked)


def _train(run, asked: argparse.Namespace) -> int:
    print(f"{run.experiment.summary()}; compiling\nrun: {shown_path(run.folder)}", flush=True)
    try:
        run.train()
    except KeyboardInterrupt:
        if run.folder is None:
            print("interrupted before the first step; nothing is kept", file=sys.stderr)
        else:
            again = f"{_command(run.lab)} --resume {shown_path(run.folder)}"
            print(f"interrupted after iteration {run.loop.iteration:,}; go on: {again}", file=sys.stderr)
        return INTERRUPTED
    print(f"stopped: {run.loop.finish_reason}")
    # The points of a sweep have a report together.
    whole = _print_end(run, run.test, asked.config, report=run.config.training.report and not asked.point)
    return 0 if whole else INTERRUPTED


def _print_check(run) -> None:
    print(run.experiment.model.brick or f"parameters: {', '.join(run.experiment.model.parameters)}")
    for name, stream in run.experiment.streams.items():
        sources = ", ".join(f"{source}: {spec!r}" for source, spec in stream.sources.items())
        print(f"{name}: {stream.num_examples:,} examples in {stream.batches_per_epoch:,} batches; {sources}")
    print(f"{run.config.name}: valid; {run.experiment.summary()}; nothing was compiled or written")


def _print_end(run, test: dict, asked_config: str | None, report: bool = False) -> bool:
    config, command, known = run.config, _command(run.lab), run.lab.names("configs")
    longer = f"training.epochs={2 * config.training.epochs}"
    if config.training.patience is not None:
        longer += f" training.patience={2 * config.training.patience}"
    same = config.name if config.name in known else asked_config
    others = [name for name in known if name != config.name]
    other = f"{config.name}_dropout" if f"{config.name}_dropout" in others else next(iter(others), "--list")
    print(f"{_measured(test)}, with the parameters of epoch {test['epoch']}")
    print(f"run: {shown_path(run.folder)}", flush=True)
    if report:
        from bricks.training import reporting

        if not reporting.report(run.folder):
            return False
    print("next, perhaps:")
    print(f"  {command} --resume {shown_path(run.folder)} {longer}")
    print(f"  {command} {same} seed={config.seed + 1}" if same else f"  {command} --help")
    print(f"  {command} {other}")
    return True


def _measured(row: dict) -> str:
    from bricks.training.progress import shown

    numbers = {key: value for key, value in row.items() if isinstance(value, int | float)}
    keys = sorted((key for key in numbers if key.startswith("test_")), reverse=True)
    return ", ".join(f"{key.replace('_', ' ')} {shown(key, row[key])}" for key in keys)


def _command(lab: Lab) -> str:
    """How to start `train.py` from here with this Python."""
    found = shutil.which("python")
    here = found is not None and os.path.realpath(found) == os.path.realpath(sys.executable)
    same_prefix = here and Path(found).parent == Path(sys.executable).parent
    return f"{'python' if same_prefix else shown_path(Path(sys.executable))} {shown_path(lab.folder / 'train.py')}"
