"""What is seen first of a run: how good, how long, how fast; and how it is done again."""

import shlex
import statistics

from bricks.training.progress import shown
from bricks.view import page
from bricks.view.page import Section
from bricks.view.report.material import Logged, Material, number

MOST_TESTS = 3

NARROW = "\u202f"
"""Between a number and its unit: no line ends there."""


def facts(run: Logged, parameters: int | None = None, examples: int | None = None) -> dict[str, str]:
    """The cards: from labels to words.

    Parameters
    ----------
    run : Logged
    parameters, examples : int, optional
        In the model, and in an epoch of training.
    """
    found: dict[str, str] = {}
    if run.ended:
        for key in main_entries(run.test, "test")[:MOST_TESTS]:
            found[key.replace("_", " ")] = told(key, run.test[key])
    best = run.best
    if best is not None and number(best.get(run.watch)) is not None:
        found[f"best {run.watch.replace('_', ' ')}"] = told(run.watch, best[run.watch])
    if best is not None:
        found["best epoch"] = f"{best['epoch']} of {run.rows[-1]['epoch']}"
    if parameters is not None:
        found["parameters"] = f"{parameters:,}"
    if run.seconds is not None:
        found["trained for"] = duration(run.seconds)
    speed = examples_a_second(run, examples)
    if speed is not None:
        found["examples a second"] = f"{float(f'{speed:.3g}'):,.0f}"
    if run.versions:
        found["device"] = str(run.versions.get("device"))
    if run.config.get("seed") is not None:
        found["seed"] = str(run.config["seed"])
    return found


def lead(run: Logged) -> str:
    """A sentence or two below the title."""
    training, began = run.training, f"Begun {run.date}. " if run.date else ""
    asked, done = training.get("epochs"), run.rows[-1]["epoch"] if run.rows else 0
    if not run.rows:
        return f"{began}No epoch is finished yet."
    if not run.ended:
        again = " The test set was read when it had ended before." if run.test else ""
        return f"{began}Not finished: {done} of {asked} epochs are logged; it goes on, or was stopped.{again}"
    if done == asked:
        whole = f"All {asked} epochs were" if asked != 1 else "One epoch was"
        return f"{began}{whole} trained; the test set was read once, with the best parameters."
    return (
        f"{began}Stopped after epoch {done} of {asked}, since {run.watch} did not get better any more; the test set "
        "was read once, with the best parameters."
    )


def section(material: Material) -> Section:
    """How the run is done again, and what is not as it was."""
    parts: list = []
    command = repeat(material)
    if command:
        parts += ["The same run again, in the folder of its lab:", page.code(command)]
    changed = material.trained.changed if material.trained is not None else []
    if changed:
        parts += ["What has changed since it was made:", page.bullets(changed)]
    return Section("Repeat", parts)


def repeat(run: Logged) -> str:
    """The command line that a run was asked for by; empty where it isn't known."""
    command = [str(word) for word in run.versions.get("command") or ()]
    if "--point" in command:  # of a sweep, which has a place for it
        place = command.index("--point")
        del command[place : place + 2]
    flags = {}
    device = str(run.versions.get("device", "cpu"))
    if not device.startswith("cpu"):
        flags["device"] = "cuda"
    if run.versions.get("floatX", "float32") != "float32":
        flags["floatX"] = run.versions["floatX"]
    set_ = "THEANO_FLAGS=" + ",".join(f"{key}={value}" for key, value in flags.items()) + " " if flags else ""
    return f"{set_}python {shlex.join(command)}" if command else ""


def main_entries(row: dict, prefix: str) -> list[str]:
    """The entries of a row that tell most: errors first, then costs, then other numbers."""
    keys = [key for key in row if key.startswith(f"{prefix}_") and "/" not in key and number(row[key]) is not None]

    def rank(key: str) -> int:
        words = key.split("_")
        return 0 if "error" in words else 1 if "cost" in words else 2

    return sorted(keys, key=rank)


def examples_a_second(run: Logged, examples: int | None) -> float | None:
    """Of the median epoch, by the time of its steps alone."""
    seconds = [row["time"]["epoch"] for row in run.rows if number(row.get("time", {}).get("epoch"))]
    return examples / statistics.median(seconds) if examples and seconds else None


def told(key: str, value: float | None) -> str:
    """A number as a person reads it; None is one that was not finite."""
    return "not finite" if value is None else shown(key, value).replace(" ", NARROW)


def duration(seconds: float) -> str:
    """
    >>> [duration(s) for s in (0.52, 45.4, 200, 7300)]
    ['0.5 s', '45 s', '3 min 20 s', '2 h 1 min']
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
