"""What is under way, on a terminal as a bar; and how long each step took, for the page."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


class Steps:
    """Steps of a longer work, one after the other.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where the bars go; none on what is no terminal.

    Attributes
    ----------
    taken : list of (str, float)
        Each step that is done, and its seconds.

    Examples
    --------
    >>> steps = Steps()
    >>> with steps.step("counting", total=2) as advance:
    ...     advance(2)
    >>> steps.taken[0][0]
    'counting'
    """

    def __init__(self, console: Console | None = None):
        self.console = console
        self.taken: list[tuple[str, float]] = []

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """A step; what it gives is told how much more is done of `total`."""
        began = time.monotonic()
        shown = self.console is not None and self.console.is_terminal
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True, disable=not shown) as progress:
            task = progress.add_task(title, total=total)
            yield lambda more: progress.advance(task, more)
        self.taken.append((title, time.monotonic() - began))


@contextmanager
def one_thread() -> Iterator[None]:
    """Products of matrices on one core, where threadpoolctl (scikit-learn's) is there to say so.

    Those here are small, and take many times longer on several cores where others work beside; the baselines are
    trained side by side anyway.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        yield
        return
    with threadpool_limits(1):
        yield
