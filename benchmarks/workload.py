"""What is measured, as data: a workload, whom it compares, and how much effort goes into it.

A contender is a function `run(steps) -> loss`: it does so many steps, waits for them, and gives the last loss, or
whatever number tells whether two contenders computed the same; NaN where that is not to be compared.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Run = Callable[[int], float]


@dataclass(frozen=True)
class Comparison:
    """A row of the report: ours over theirs, and what it may be at most.

    `work` is how much ours does for one that theirs does, where they differ; the ratio is divided by it. It is the
    name of a function of the workload's module that takes the workload's arguments.
    """

    ours: str
    theirs: str
    at_most: float | None = None
    work: str | None = None


@dataclass(frozen=True)
class Workload:
    """One line of the table: `module` has `contenders(effort, **arguments)`, or `measure(effort, **arguments)`."""

    name: str
    title: str
    module: str
    arguments: Mapping = field(default_factory=dict)
    comparisons: tuple[Comparison, ...] = ()
    multiple: int = 1  # of which the number of steps in a round is
    unit: str = "ms"
    quick: bool = True  # whether a quick run has it


@dataclass(frozen=True)
class Effort:
    """How long to measure: rounds, seconds that each contender gets in a round, fresh processes to start."""

    rounds: int = 11
    seconds: float = 0.4
    processes: int = 3
    compiled_loops: bool = True  # whether PyTorch compiles its loops, half a minute for each
    compiler: bool = True  # whether there is one on the PATH, without which PyTorch compiles nothing


QUICK = Effort(rounds=5, seconds=0.2, processes=1, compiled_loops=False)


@dataclass
class Measured:
    """Values by contender, one a round; what the first call cost; whether all computed the same; who failed."""

    values: dict[str, list[float]] = field(default_factory=dict)
    first_call: dict[str, float] = field(default_factory=dict)
    checks: dict[str, list[float]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def difference(self) -> float | None:
        """The largest relative difference of a contender's checks from the first one's; None if there's no other."""
        first, *others = self.checks.values() if len(self.checks) > 1 else [[]]
        pairs = [pair for other in others for pair in zip(first, other, strict=False)]
        return max((abs(a - b) / max(abs(a), 1e-12) for a, b in pairs), default=None)
