"""Baselines by cross-validation: what simple models reach, with intervals, and in pairs on the same folds.

    mean +- t_{K-1} s sqrt(1 / K + 1 / (K - 1)),   s the deviation over the K folds

The term 1 / (K - 1), the examples held out over those trained on, widens Student's interval for folds that share most
of their training examples: Nadeau and Bengio, "Inference for the generalization error", 2003.
"""

import math
import os
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from bricks.training.intervals import mean_interval
from bricks.view.explorer.examples import Examples
from bricks.view.explorer.models import check_installed, classifiers, fold_numbers, predictions, regressors
from bricks.view.explorer.steps import one_thread
from bricks.view.explorer.targets import Target

MOST_NUMBERS = 1 << 23
"""Of the examples that baselines are trained on together."""


@dataclass
class Result:
    """What a baseline did.

    Parameters
    ----------
    name, how : str
        What it is.
    scores : list of float
        Of each fold: part of wrong classes; or root mean squared error.
    r2 : list of float
        Of each fold, for numbers: 1 - squared error / squared distance from the training folds' mean.
    seconds : float
        Of one core, for all folds.
    predicted : np.ndarray
        Of each example, when it was held out.
    """

    name: str
    how: str
    scores: list[float] = field(default_factory=list)
    r2: list[float] = field(default_factory=list)
    seconds: float = 0.0
    predicted: np.ndarray | None = None


@dataclass
class Baselines:
    """Baselines on the same folds.

    Parameters
    ----------
    results : list of Result
    folds, examples : int
    truth : np.ndarray
        The classes or numbers, beside each `predicted`.
    """

    results: list[Result]
    folds: int
    examples: int
    truth: np.ndarray

    @property
    def best(self) -> Result:
        """The one with the least mean error."""
        return min(self.results, key=lambda result: np.mean(result.scores))


def why_not(found: Examples, target: Target | None, folds: int) -> str | None:
    """Why there can be no baselines, in a sentence; None where there can."""
    if target is None:
        return "There is no target; name one with --target."
    if target.kind == "steps":
        return f"The target {target.name!r} has a value for each step of a sequence, and no baseline here does that."
    there = _there(found)
    if len(there) < folds:
        return (
            f"{folds} folds need at least as many examples with a target, there are {len(there)}; take fewer --folds."
        )
    if target.kind == "classes" and len(np.unique(found.codes[there])) < 2:
        return "All examples are of one class: nothing is to be told apart."
    if target.kind == "numbers" and np.ptp(found.y[there]) == 0:
        return "All targets are one number: nothing is to be predicted."
    if not np.isfinite(found.X[there]).any():
        return "No feature has a value."
    return None


def baselines_of(
    found: Examples, target: Target, *, folds: int, seed: int, advance: Callable[[int], None] = lambda more: None
) -> Baselines:
    """Cross-validate the baselines on a sample.

    Parameters
    ----------
    found : Examples
        With the target; those without one are left out.
    target : Target
    folds, seed : int
    advance : callable
        Told that a model more is trained.
    """
    rows = _there(found)
    columns = np.flatnonzero(np.isfinite(found.X[rows]).any(axis=0))
    most = max(2 * folds, MOST_NUMBERS // max(1, len(columns)))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng((seed, 2)).permutation(rows)[:most])
    X = found.X[np.ix_(rows, columns)]
    truth = (found.codes if target.kind == "classes" else found.y)[rows]
    parts = fold_numbers(truth if target.kind == "classes" else None, len(rows), folds, seed)
    trained_on = len(rows) - math.ceil(len(rows) / folds)
    check_installed()
    if target.kind == "classes":
        makers = classifiers(trained_on, len(np.unique(truth)), seed)
    else:
        makers = regressors(trained_on, seed)
    results = [Result(name, how, predicted=np.empty_like(truth)) for name, (how, _) in makers.items()]

    def fit(task: tuple[Result, int]) -> float:
        (result, fold), began = task, time.monotonic()
        held = parts == fold
        result.predicted[held] = predictions(makers[result.name][1], X, truth, held, found.kind == "images")
        advance(1)
        return time.monotonic() - began

    tasks = [(result, fold) for result in reversed(results) for fold in range(folds)]  # the longest first
    with warnings.catch_warnings(), one_thread(), ThreadPoolExecutor(os.cpu_count()) as workers:
        warnings.simplefilter("ignore")  # a baseline may stop before it converges
        for (result, _), seconds in zip(tasks, workers.map(fit, tasks), strict=True):
            result.seconds += seconds
    for result in results:
        for fold in range(folds):
            _score(result, truth, parts == fold, target.kind)
    return Baselines(results, folds, len(rows), truth)


def interval(scores: Sequence[float]) -> tuple[float, float | None]:
    """The mean over folds, and half of its 95 % interval, as above.

    >>> mean, half = interval([1.0, 2.0, 3.0])
    >>> mean, round(half, 3)
    (2.0, 3.928)
    """
    mean, half = mean_interval(scores)
    folds = len(scores)
    return mean, None if half is None else half * math.sqrt(1 + folds / (folds - 1))


def differences(found: Baselines) -> list[tuple[str, float, float | None]]:
    """Of each baseline but the best, how much worse it is on the same folds: mean difference, half of its interval."""
    best = found.best
    return [
        (result.name, *interval([a - b for a, b in zip(result.scores, best.scores, strict=True)]))
        for result in found.results
        if result is not best
    ]


def _there(found: Examples) -> np.ndarray:
    """The numbers of the examples that have a target."""
    there = found.codes >= 0 if found.codes is not None else np.isfinite(found.y) if found.y is not None else None
    return np.arange(0) if there is None else np.flatnonzero(there)


def _score(result: Result, truth: np.ndarray, held: np.ndarray, kind: str) -> None:
    wrong = result.predicted[held]
    if kind == "classes":
        result.scores.append(float(np.mean(wrong != truth[held])))
        return
    squares = float(np.mean((wrong - truth[held]) ** 2))
    result.scores.append(math.sqrt(squares))
    spread = float(np.mean((truth[held] - truth[~held].mean()) ** 2))
    result.r2.append(1 - squares / spread if spread else math.nan)
