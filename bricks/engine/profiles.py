"""Where a compiled function's time goes, by brick: measured by JAX's profiler, for each instruction of XLA's program.

The linker names what it traces by the brick that a node comes from. XLA keeps these names while it fuses and splits
operations, and its profiler says when each instruction ran. So nothing is computed differently, or apart from the
rest, to be timed. A fusion is counted under the brick of the first of its operations that has one; instructions that
ran at once, in several threads, count each.
"""

import atexit
import collections
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import jax

from bricks.engine.lowering import GRADIENT
from bricks.engine.settings import device
from bricks.errors import UsageError

TRACED_SECONDS = 2.0
"""After so many seconds of calls no more of them are traced: a trace grows with each instruction that runs."""
FIRST, EVERY = 3, 8
"""Traced are the first few calls, and then one in so many."""
NOBODY = "(no brick)"
BETWEEN = "(outside XLA's operations)"

_INSTRUCTION = re.compile(r"^\s*(?:ROOT )?%?([\w.\-]+) = ")
_COMPUTATION = re.compile(r"^\s*(?:ENTRY )?%?([\w.\-]+) \(.*\{\s*$")
_CALLED = re.compile(r"(?:calls|to_apply)=%?([\w.\-]+)")
_NAMES = re.compile(r'op_name="([^"]*)"')
# A loop as such: it waits for what runs inside, in other threads too.
_AROUND = re.compile(r"^\s*(?:ROOT )?%?([\w.\-]+) = .*[\])}] (?:while|conditional|call)\(", re.MULTILINE)
_BRICK = re.compile(r"\[([^\[\]]*)\]")
_OPERATION = re.compile(r"(\[\])?[\])}]? ([a-z][\w\-]*)\(")
# What a fusion is not counted by, numbers besides: the guard's flag is in every update.
_NO_WORK = {"bitcast", "broadcast", "constant", "convert", "copy", "iota", "parameter", "reshape", "slice", "transpose"}


@dataclass
class Row:
    """What one brick took in the traced calls.

    Parameters
    ----------
    name : str
        The brick's path, `lstm/forget_gate`, or what else it is.
    seconds : float
    gradient : float
        Of these, in its gradient.
    calls : int
        How often it ran: steps of a loop count each.
    """

    name: str
    seconds: float = 0.0
    gradient: float = 0.0
    calls: int = 0


@dataclass
class Profile:
    """A table of seconds by brick.

    Parameters
    ----------
    title : str
        Of the function.
    calls, seconds : int, float
        All calls after the first of each shape, which compiles, and how long they took by the clock.
    traced, traced_seconds : int, float
        Those of them that were traced: what the rows are of.
    rows : list of Row
        The largest first; what no brick made, and what is outside of XLA's operations, last.
    """

    title: str
    calls: int
    seconds: float
    traced: int
    traced_seconds: float
    rows: list[Row] = field(default_factory=list)

    def __str__(self):
        if not self.traced:
            return f"{self.title}: {self.calls:,} calls, none of them traced: call it again, the first one compiles"
        head = f"{self.title}: {self.calls:,} calls in {self.seconds:.3g} s; traced: {self.traced:,} in "
        lines = [head + f"{self.traced_seconds:.3g} s, of which", "  seconds  share  gradient     calls  brick"]
        whole = sum(row.seconds for row in self.rows) or 1.0
        for row in self.rows:
            gradient = f"{row.gradient / row.seconds:8.0%}" if row.gradient else " " * 8
            calls = f"{row.calls:9,}" if row.calls else " " * 9
            lines.append(f"  {row.seconds:7.4f}  {row.seconds / whole:5.1%}  {gradient} {calls}  {row.name}")
        return "\n".join(lines)


class Profiler:
    """Calls a function's program, and keeps what it took; each program is compiled once more, to read its names.

    Parameters
    ----------
    title : str

    Raises
    ------
    UsageError
        On a device that is not a CPU.
    """

    def __init__(self, title: str):
        if device().platform != "cpu":
            raise UsageError(
                f"{title}: profile=True times what a CPU runs, got the device {device()}; call the function within "
                "jax.profiler.trace(folder), where operations have the names of bricks in brackets"
            )
        self.title = title
        self.calls = self.traced = 0
        self.seconds = self.traced_seconds = 0.0
        self._spent: collections.Counter = collections.Counter()  # seconds by (brick, whether in its gradient)
        self._ran: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
        self._programs: dict = {}

    def call(self, jitted: Callable, *arguments, x64: bool = False):
        """`jitted(*arguments)`, waited for. The first call for some shapes compiles, and is not counted."""
        shapes = tuple((jax.numpy.shape(v), str(getattr(v, "dtype", ""))) for v in jax.tree.leaves(arguments))
        key = id(jitted), shapes
        with jax.enable_x64(x64):
            if key not in self._programs:
                program = _program(jitted, arguments)
                self._programs[key] = bricks_of(program), set(_AROUND.findall(program))
                return jax.block_until_ready(jitted(*arguments))
            if not self._traces_this():
                results, seconds = _timed(jitted, arguments)
            else:
                results, seconds, events = _traced(jitted, arguments)
                self.traced, self.traced_seconds = self.traced + 1, self.traced_seconds + seconds
                self._add(events, *self._programs[key])
        self.calls, self.seconds = self.calls + 1, self.seconds + seconds
        return results

    def _traces_this(self) -> bool:
        """Most calls run as they always do: a main loop groups steps by the clock, and to trace takes time."""
        enough = self.traced_seconds >= TRACED_SECONDS
        return not enough and (self.calls < FIRST or self.calls % EVERY == 0)

    def profile(self) -> Profile:
        """What is known by now."""
        rows: dict[str, Row] = {}
        for (name, gradient), seconds in self._spent.items():
            row = rows.setdefault(name, Row(name))
            row.seconds += seconds
            row.gradient += seconds if gradient else 0.0
            row.calls = max(self._ran[name].values())
        ordered = sorted(rows.values(), key=lambda row: (row.name == NOBODY, -row.seconds))
        outside = self.traced_seconds - sum(row.seconds for row in ordered)
        if outside > 0:
            ordered.append(Row(BETWEEN, outside))
        return Profile(self.title, self.calls, self.seconds, self.traced, self.traced_seconds, ordered)

    def tell_at_exit(self) -> None:
        """Print the table when the process ends, if the function was called."""
        atexit.register(lambda: self.calls and print(self.profile(), file=sys.stderr))

    def _add(self, events: Iterable[tuple[str, float]], bricks: Mapping[str, str], around: set[str]) -> None:
        for instruction, seconds in events:
            if instruction in around:
                continue
            name = bricks.get(instruction, NOBODY)
            gradient = name.endswith(GRADIENT)
            name = name.removesuffix(GRADIENT)
            self._spent[name, gradient] += seconds
            self._ran[name][instruction] += 1


def bricks_of(program: str) -> dict[str, str]:
    """From the names of a program's instructions to the bricks that they come from, where there are such.

    >>> bricks_of('%exp.1 = f32[] exponential(%x), metadata={op_name="jit(f)/[mlp/tanh_0]/exp"}')
    {'exp.1': 'mlp/tanh_0'}
    """
    own: dict[str, str] = {}
    calls: dict[str, str] = {}
    works: set[str] = set()
    first: dict[str, list[str]] = collections.defaultdict(list)  # of a computation: its instructions, in order
    computation = ""
    for line in program.splitlines():
        if header := _COMPUTATION.match(line):
            computation = header.group(1)
            continue
        if not (found := _INSTRUCTION.match(line)):
            continue
        name, operation = found.group(1), _OPERATION.search(line)
        first[computation].append(name)
        if operation and operation.group(2) not in _NO_WORK and not operation.group(1):
            works.add(name)
        if (metadata := _NAMES.search(line)) and (inside := _BRICK.findall(metadata.group(1))):
            own[name] = inside[-1]
        if called := _CALLED.search(line):
            calls[name] = called.group(1)

    def brick(name: str, depth: int = 0) -> str | None:
        if name in calls and depth < 8:
            inside = sorted(first[calls[name]], key=lambda n: n not in works)
            return next((b for b in (brick(n, depth + 1) for n in inside) if b), None) or own.get(name)
        return own.get(name)

    return {name: b for name in {*own, *calls} if (b := brick(name))}


def _program(jitted: Callable, arguments) -> str:
    """XLA's optimised program. A cached one may bear the names of another function's bricks, so none is taken."""
    setting = "jax_compilation_cache_include_metadata_in_key"
    before = getattr(jax.config, setting)
    jax.config.update(setting, True)
    try:
        return jitted.lower(*arguments).compile().as_text()
    finally:
        jax.config.update(setting, before)


def _timed(jitted: Callable, arguments) -> tuple:
    start = time.perf_counter()
    results = jax.block_until_ready(jitted(*arguments))
    return results, time.perf_counter() - start


def _traced(jitted: Callable, arguments) -> tuple:
    """Results, seconds, and for each instruction that ran its name and the seconds that it took."""
    options = jax.profiler.ProfileOptions()
    options.python_tracer_level = 0
    with tempfile.TemporaryDirectory() as folder:
        jax.profiler.start_trace(folder, profiler_options=options)
        try:
            results, seconds = _timed(jitted, arguments)
        finally:
            jax.profiler.stop_trace()
        [path] = Path(folder).rglob("*.xplane.pb")
        data = jax.profiler.ProfileData.from_file(str(path))
        events = [event for plane in data.planes for line in plane.lines for event in _instructions(line)]
    return results, seconds, events


def _instructions(line) -> list[tuple[str, float]]:
    """Those that ran in a thread, and for how many seconds."""
    found = []
    for event in line.events:
        operation = dict(event.stats).get("hlo_op")
        if operation is not None:
            found.append((str(operation), event.duration_ns * 1e-9))
    return found
