"""`recurrence`: the one entry for the recurrences of bricks, and the Op that holds a step's graph.

    (s_t, y_t) = step(x_t, s_{t-1}),    t = 1 ... T

What comes out is what `jax.lax.scan` gives: the last states, and the rows y_t, stacked. The Op is its own
successor under differentiation: its pullback (in `recurrence_gradient`) is another recurrence, so that
gradients of gradients work too. It is lowered to `lax.scan`; for PyTensor's own backends it becomes a Scan.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.builders import infer_shape
from pytensor.compile.mode import Mode
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.op import HasInnerGraph, Op, io_connection_pattern
from pytensor.graph.replace import graph_replace
from pytensor.graph.traversal import ancestors, graph_inputs, toposort
from pytensor.raise_op import CheckAndRaise
from pytensor.scalar.basic import ScalarType
from pytensor.tensor.exceptions import ShapeError as UnknownShape
from pytensor.tensor.type import TensorType

from bricks.errors import ShapeError, UsageError

BACKWARD = ("saved", "recomputed")


def recurrence(
    step: Callable,
    sequences: Sequence[Variable],
    states: Sequence[Variable],
    *,
    reverse: bool = False,
    backward: str = "saved",
    name: str = "recurrence",
) -> tuple[list[Variable], list[Variable]]:
    """A symbolic loop over the first axis of `sequences`.

    Parameters
    ----------
    step : callable
        `step(*rows, *states)` gives the pair (new states, rows to be stacked), two lists. It may use any other
        variable of the graph; what of it depends on neither rows nor states is computed once, outside the loop.
    sequences : list of variables, (T, ...)
        At least one, all of the same length.
    states : list of variables
        The initial states; each new state must have its dtype and shape.
    reverse : bool
        From the last row to the first. What is stacked stays in the order of the sequences.
    backward : {"saved", "recomputed"}
        What the backward pass needs of each step is kept from the forward pass; or the states at every sqrt(T)-th
        step alone are, and what lies between them is computed again (`in_segments`): memory grows as sqrt(T), for
        one more forward pass.
    name : str
        For printed graphs and errors.

    Returns
    -------
    (last states, stacked rows)

    Raises
    ------
    UsageError, ShapeError

    >>> from bricks.engine import function
    >>> x = pt.fvector("x")
    >>> (total,), (sums,) = recurrence(lambda xt, s: ([s + xt], [s + xt]), [x], [pt.constant(np.float32(0))])
    >>> [value.tolist() for value in function([x], [total, sums])(np.float32([1, 2, 3]))]
    [6.0, [1.0, 3.0, 6.0]]
    """
    if backward not in BACKWARD:
        raise UsageError(f"{name}: backward must be one of {', '.join(BACKWARD)}, got {backward!r}")
    if backward == "saved":
        return loop(step, sequences, states, reverse, backward, name)
    from bricks.engine.segments import in_segments

    def work(*arguments):
        n = len(sequences)
        return loop(step, arguments[:n], arguments[n:], reverse, "saved", name)

    return in_segments(work, sequences, states, reverse=reverse, name=name)


def loop(step, sequences, states, reverse, backward, name):
    """One Op for the whole loop; "recomputed" is then what its gradient does for each step."""
    sequences, states = given(sequences, states, name)
    rows = [_row_of(s) for s in sequences]
    before = [TensorType(s.type.dtype, shape=s.type.shape)() for s in states]
    after, out = _two_lists(step(*rows, *before), name)
    after = [_as_state(new, old, start, name) for new, old, start in _paired(after, before, states, name)]
    out = [pt.as_tensor_variable(v) for v in out]
    read = set(ancestors([*after, *out]))
    pairs = [(row, over) for row, over in zip(rows, sequences, strict=True) if row in read]
    rows, sequences = zip(*pairs or [(rows[0], sequences[0])], strict=True)  # a loop must know how long it is
    return close(rows, before, after, out, sequences, states, reverse, backward, name)


def given(sequences, states, name) -> tuple[list[Variable], list[Variable]]:
    """Sequences and states as lists of variables, if they are what a loop can go over."""
    sequences, states = _listed(sequences, "sequences", name), _listed(states, "states", name)
    if not sequences:
        raise UsageError(f"{name}: sequences must be at least one; loop over pt.arange(n) where there is no other")
    for sequence in sequences:
        if sequence.type.ndim == 0:
            raise ShapeError(f"{name}: a sequence must have a first axis, time, got the scalar {sequence}")
    return sequences, states


def close(rows, before, after, out, sequences, states, reverse, backward, name):
    """The recurrence of a step that is already a graph; whatever else the graph uses goes in as it is."""
    results = [*after, *out]
    inside = dependents(results, [*rows, *before])
    met = [*results, *(v for result in inside if result.owner for v in result.owner.inputs)]
    outer = [v for v in dict.fromkeys(met) if v not in inside and not _is_fixed(v)]
    numbers = {v: pt.tensor_from_scalar(v) for v in outer if isinstance(v.type, ScalarType)}  # such as a slice's end
    inner = [numbers.get(v, v).type() for v in outer]
    given = {v: pt.scalar_from_tensor(i) if v in numbers else i for v, i in zip(outer, inner, strict=True)}
    once = list(dict.fromkeys(out))
    replaced = graph_replace([*after, *once], given, strict=False)
    op = Recurrence([*rows, *before, *inner], replaced, len(rows), len(states), reverse, backward, name)
    outputs = op(*sequences, *states, *(numbers.get(v, v) for v in outer), return_list=True)
    stacks = dict(zip(once, outputs[len(states) :], strict=True))
    return outputs[: len(states)], [stacks[v] for v in out]


def _is_fixed(variable) -> bool:
    """Whether a variable is made of constants alone: a number with further axes, say, which stays in the step."""
    return all(isinstance(v, Constant) for v in graph_inputs([variable]))


def dependents(outputs, sources) -> dict[Variable, None]:
    """`sources`, and all that is computed from them on the way to `outputs`, in order."""
    found = dict.fromkeys(sources)
    for node in toposort(outputs):
        if any(v in found for v in node.inputs):
            found |= dict.fromkeys(node.outputs)
    return found


def _listed(variables, what, name) -> list[Variable]:
    if not isinstance(variables, list | tuple):
        raise UsageError(f"{name}: {what} must be a list of variables, got {variables!r}; write [{variables}]")
    return [pt.as_tensor_variable(v) for v in variables]


def _two_lists(results, name):
    pair = isinstance(results, list | tuple) and len(results) == 2
    if not pair or not all(isinstance(listed, list | tuple) for listed in results):
        raise UsageError(f"{name}: the step must give two lists, (new states, rows), got {results!r}")
    return results


def _paired(after, before, states, name):
    if len(after) != len(states):
        raise UsageError(f"{name}: the step must give one new state for each state, got {len(after)} for {len(states)}")
    return zip(after, before, states, strict=True)


def _row_of(sequence: Variable) -> Variable:
    return TensorType(sequence.type.dtype, shape=sequence.type.shape[1:])()


def _as_state(new, old, start, name):
    new = pt.as_tensor_variable(new)
    known = [(a, b) for a, b in zip(new.type.shape, old.type.shape, strict=False) if None not in (a, b)]
    if new.type.dtype != old.type.dtype or new.type.ndim != old.type.ndim or any(a != b for a, b in known):
        raise ShapeError(
            f"{name}: a new state must be of the type of its initial state, {old.type} ({start}), got {new.type}"
        )
    return old.type.filter_variable(new)


class Recurrence(Op, HasInnerGraph):
    """(sequences, initial states, constants) -> (last states, stacked rows).

    Parameters
    ----------
    inputs : list of variables
        Of the step: rows of the sequences, states, constants.
    outputs : list of variables
        Of the step: new states, rows to be stacked.
    n_sequences, n_states : int
    reverse, backward, name
        As in `recurrence`.
    base : Recurrence, optional
        The recurrence that this one is with further rows, after those of `base`.

    Attributes
    ----------
    identity
        What copies of a recurrence have in common: PyTensor copies the graphs inside a graph that it compiles.
    """

    def __init__(self, inputs, outputs, n_sequences, n_states, reverse=False, backward="saved", name="", base=None):
        self.fgraph = FunctionGraph(list(inputs), list(outputs), clone=True)
        self.n_sequences, self.n_states = n_sequences, n_states
        self.reverse, self.backward, self.name = reverse, backward, name
        self.base, self.identity = base, object()
        self.plans: dict = {}
        self.rewritten: FunctionGraph | None = None  # the step as the compiler sees it
        self.loop = ""  # why it is a loop of XLA's, where it is
        self._fn = None

    def parted(self, inputs) -> tuple[list, list, list]:
        """Inputs, of the node or of the step, as (sequences, states, constants)."""
        inputs, a, b = list(inputs), self.n_sequences, self.n_sequences + self.n_states
        return inputs[:a], inputs[a:b], inputs[b:]

    def make_node(self, *inputs):
        inputs = [pt.as_tensor_variable(v) for v in inputs]
        sequences, states, _ = self.parted(inputs)
        lengths = {s.type.shape[0] for s in sequences} - {None}
        if len(lengths) > 1:
            raise ShapeError(
                f"{self.name}: all sequences must have the same length, got shapes {[s.type.shape for s in sequences]}"
            )
        length = lengths.pop() if lengths else None
        rows = [TensorType(v.type.dtype, shape=(length, *v.type.shape)) for v in self.inner_outputs[self.n_states :]]
        return Apply(self, inputs, [*(s.type() for s in states), *(kind() for kind in rows)])

    # What Op and HasInnerGraph ask for.

    @property
    def inner_inputs(self):
        return self.fgraph.inputs

    @property
    def inner_outputs(self):
        return self.fgraph.outputs

    @property
    def fn(self):
        if self._fn is None:
            graph = self.fgraph.clone()
            self._fn = pytensor.function(
                graph.inputs, graph.outputs, mode=Mode(linker="py", optimizer="fast_compile"), on_unused_input="ignore"
            )
        return self._fn

    def clone(self):
        copy = self.like(self.inner_inputs, self.inner_outputs)
        copy.base, copy.identity, copy.plans = self.base, self.identity, self.plans
        return copy

    def __eq__(self, other):
        return isinstance(other, Recurrence) and self.identity is other.identity

    def __hash__(self):
        return hash(self.identity)

    def like(self, inputs, outputs, n_sequences=None, n_states=None, base=None):
        """A recurrence of another step that goes the same way."""
        n_sequences = self.n_sequences if n_sequences is None else n_sequences
        n_states = self.n_states if n_states is None else n_states
        return Recurrence(inputs, outputs, n_sequences, n_states, self.reverse, self.backward, self.name, base)

    def __str__(self):
        return f"Recurrence{{{self.name}}}"

    def connection_pattern(self, node):
        """An input is connected to an output if it is within a step, or through a state and further steps."""
        inside = np.array(io_connection_pattern(self.inner_inputs, self.inner_outputs))
        a, n = self.n_sequences, self.n_states
        reach = inside[a : a + n, :n] | np.eye(n, dtype=bool)
        for k in range(n):
            reach |= np.outer(reach[:, k], reach[k])
        # Any state's initial value reaches what that state reaches, at once or later.
        through = inside[:, :n] @ reach
        pattern = inside | (through @ inside[a : a + n])
        pattern[:, :n] |= through
        pattern[a : a + n, :n] |= reach
        return pattern.tolist()

    def infer_shape(self, *arguments):  # (fgraph, node, shapes) up to PyTensor 3.2, then (node, shapes)
        shapes = arguments[-1]
        sequences, states, constants = self.parted(shapes)
        inner = infer_shape(self.inner_outputs, self.inner_inputs, [*(s[1:] for s in sequences), *states, *constants])
        known = set(self.inner_inputs)
        if any(v in known for v in ancestors([n for shape in inner for n in shape if isinstance(n, Variable)])):
            raise UnknownShape(f"{self}: a shape depends on a value")
        return [*states, *((sequences[0][0], *shape) for shape in inner[self.n_states :])]

    def perform(self, node, inputs, output_storage):
        sequences, states, constants = self.parted(inputs)
        length = len(sequences[0])
        if any(len(s) != length for s in sequences):
            raise ShapeError(f"{self.name}: all sequences must have the same length, got {[len(s) for s in sequences]}")
        rows: list[list] = [[] for _ in self.inner_outputs[self.n_states :]]
        for t in range(length)[:: -1 if self.reverse else 1]:
            results = self.fn(*(s[t] for s in sequences), *states, *constants)
            states = results[: self.n_states]
            for stack, row in zip(rows, results[self.n_states :], strict=True):
                stack.append(row)
        for cell, state in zip(output_storage, states, strict=False):
            cell[0] = np.array(state)
        if not length:  # one step says what shape rows would have
            blank = self.fn(*(np.zeros(s.shape[1:], s.dtype) for s in sequences), *states, *constants)[self.n_states :]
        for k, (cell, stack) in enumerate(zip(output_storage[self.n_states :], rows, strict=True)):
            cell[0] = np.stack(stack[:: -1 if self.reverse else 1]) if stack else np.asarray(blank[k])[None][:0]

    def pullback(self, inputs, outputs, cotangents):
        from bricks.engine.recurrence_gradient import pullback

        return pullback(self, inputs, outputs, cotangents)

    def as_scan(self, *inputs) -> list[Variable]:
        """The same outputs from PyTensor's Scan."""
        sequences, states, constants = self.parted(inputs)
        n, distinct = self.n_states, list(dict.fromkeys(constants))  # Scan takes none twice
        alike = [pt.eq(s.shape[0], sequences[0].shape[0]) for s in sequences[1:]]
        if alike:  # Scan itself would stop at the end of the shortest
            check = CheckAndRaise(ShapeError, f"{self.name}: all sequences must have the same length")
            sequences = [check(sequences[0], *alike), *sequences[1:]]

        def results(*given):
            return graph_replace(self.inner_outputs, dict(zip(self.inner_inputs, given, strict=True)), strict=False)

        def step(*arguments):
            here = dict(zip(distinct, arguments[len(arguments) - len(distinct) :], strict=True))
            return results(*arguments[: len(sequences) + n], *(here[c] for c in constants))

        starts = [None for _ in self.inner_outputs[n:]]
        if (
            sequences[0].type.shape[0] is None
        ):  # of no steps at all, Scan makes rows without a shape if they don't begin
            blank = results(*(pt.zeros(s.shape[1:], s.type.dtype) for s in sequences), *states, *constants)[n:]
            starts = [pt.zeros_like(row) for row in blank]

        traces = pytensor.scan(
            step,
            sequences,
            [*states, *starts],
            distinct,
            go_backwards=self.reverse,
            strict=True,
            return_list=True,
            return_updates=False,
            name=self.name,
        )
        last = [pt.join(0, start[None], trace[-1:])[-1] for start, trace in zip(states, traces[:n], strict=True)]
        return last + [t[::-1] if self.reverse else t for t in traces[n:]]
