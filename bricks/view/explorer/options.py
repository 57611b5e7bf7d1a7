"""What is asked of the explorer, with defaults that do for most data."""

from dataclasses import dataclass
from pathlib import Path

from bricks.errors import UsageError
from bricks.view.explorer.passing import SECONDS, STATISTICS_SECONDS

SAMPLE, FOLDS = 10_000, 5


@dataclass
class Options:
    """What is asked of the explorer.

    Parameters
    ----------
    target : str, optional
        The column, or the source, of the targets.
    task : {"classes", "numbers"}, optional
        What the targets are; by default what they look like.
    which_set : str, optional
        The set that plots and baselines are of; by default that for training.
    image : tuple of int, optional
        Height, width and perhaps channels that flat features are shown as.
    sample : int
        Examples of it, at most.
    folds : int
        Of the cross-validation.
    seed : int
        Of the sample, the folds and the nets.
    baselines : bool
        Whether to train any.
    seconds, statistics_seconds : float
        For reading, and within it for statistics; what is not reached by then is left out, and the page says so.
    lab : path, optional
        The folder with `datasets/`; by default the current one.

    Raises
    ------
    UsageError
        A number is out of range.

    Examples
    --------
    >>> Options(target="species", folds=10).sample
    10000
    """

    target: str | None = None
    task: str | None = None
    which_set: str | None = None
    image: tuple[int, ...] | None = None
    sample: int = SAMPLE
    folds: int = FOLDS
    seed: int = 0
    baselines: bool = True
    seconds: float = SECONDS
    statistics_seconds: float = STATISTICS_SECONDS
    lab: Path | None = None

    def __post_init__(self):
        if self.sample < 1 or self.folds < 2:
            raise UsageError(f"--sample must be at least 1 and --folds 2, got {self.sample} and {self.folds}")
