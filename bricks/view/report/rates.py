"""The learning rate over a run, which no log has: computed from the config by the very schedules that set it."""

import numpy as np

from bricks.training.experiment import schedule_in_steps
from bricks.training.settings import Schedule
from bricks.view.report.material import Logged, number

POINTS = 500


def learning_rate(run: Logged) -> tuple[np.ndarray, np.ndarray] | None:
    """Epochs and learning rates; None where it is constant, or depends on what the run found.

    >>> class Run:
    ...     config = {"algorithm": {"learning_rate": 0.1, "decay": 0.5}, "training": {"epochs": 2}}
    ...     training, rows = config["training"], [{"epoch": 1, "iteration": 10}, {"epoch": 2, "iteration": 20}]
    >>> epochs, rates = learning_rate(Run)
    >>> float(rates[0]), float(rates[-1])
    (0.1, 0.05)
    """
    algorithm = run.config.get("algorithm", {})
    first = number(algorithm.get("learning_rate"))
    decay, given = number(algorithm.get("decay")), algorithm.get("schedule")
    if first is None or not run.rows or (decay in (None, 1.0) and not given):
        return None
    schedule = Schedule(**given) if given else None
    if schedule and (schedule.kind == "plateau" or schedule.hyperparameter != "learning_rate"):
        return None
    last = run.rows[-1]
    if not last.get("iteration"):
        return None
    steps_each = last["iteration"] / last["epoch"]
    steps = np.unique(np.linspace(0, last["iteration"] - 1, POINTS).astype(int))
    rates = first * (decay or 1.0) ** np.floor(steps / steps_each)
    if schedule:
        whole = schedule_in_steps(schedule, steps_each, run.training.get("epochs", last["epoch"]))
        rates = rates * np.array([float(whole.factor(step)) for step in steps])
    return steps / steps_each, rates
