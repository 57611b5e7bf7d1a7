"""Several calls of a compiled function as one call of XLA: a loop that carries the updated shared variables.

What a call costs beside its arithmetic (Python, dispatch, handing arrays over) is then paid once for many steps.
How many of them run is an argument of the program, not a part of it: so K steps give the same bits however they are
grouped, and nothing is compiled anew for a group that is shorter. (A call of the function itself is another program
to XLA, which may round a product and a sum once where it rounds them twice here.)
"""

import collections
from collections.abc import Callable, Sequence

import jax
import numpy as np
from jax import lax
from jax.experimental.xla_metadata import set_xla_metadata

from bricks.engine.compiled import XLAFunction
from bricks.engine.placement import aligned
from bricks.errors import UsageError

UNDER_WAY = 2
"""Calls handed over and not waited for: one runs, the next stands ready."""


class Steps:
    """A compiled function, to be called many times in one go.

    Parameters
    ----------
    fn : XLAFunction
        What `bricks.function` gives in a mode of XLA's. Its updates must keep the shapes of what they update.
    prepare : callable, optional
        From `data` and one slice of each stacked array to the list of the function's inputs, in JAX: gathers a
        batch from a data set that lies on the device, for example. By default the slices are the inputs.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> from bricks.engine import function, shared
    >>> x, total = pt.fvector("x"), shared(np.float32(0))
    >>> steps = Steps(function([x], total, updates={total: total + x.sum()}))
    >>> [before] = steps([np.ones((4, 2), "float32")], count=3)
    >>> np.asarray(before)[:3].tolist(), float(total.get_value())
    ([0.0, 2.0, 4.0], 6.0)
    """

    def __init__(self, fn: XLAFunction, prepare: Callable | None = None):
        self.fn, self._prepare = fn, prepare or (lambda data, slices: slices)
        self._raw = fn._jitted.fn.__wrapped__
        self._carried = [i for i, _ in fn._carried]
        self._inner = len(fn._explicit) + len(fn._shared) + len(fn._jitted.kept.variables)
        self._constant = [i for i in range(self._inner) if i not in {*fn._explicit, *self._carried}]
        self._jitted = jax.jit(self._run, donate_argnums=0)
        self._under_way: collections.deque = collections.deque()
        self._buffers: dict = {}

    def __call__(self, stacked: Sequence, count: int | None = None, data=()) -> list:
        """Run the first `count` of the stacked steps, by default all; nothing is waited for.

        Parameters
        ----------
        stacked : list of arrays
            Each with the steps along its first axis. Memory of NumPy's is read after the call has returned: what
            `stack` gave may be filled again, anything else must stay as it is.
        data
            What all steps see, any nest of arrays, for `prepare`.

        Returns
        -------
        list of jax.Array
            The function's outputs, with the steps along the first axis; what is behind `count` means nothing.
        """
        fn = self.fn
        length = len(stacked[0])
        count = length if count is None else count
        fn.note_shapes(tuple(np.shape(array) for array in stacked))
        state, constant = self._split(fn._merge([None] * len(fn._explicit)))
        self.wait(UNDER_WAY - 1)
        results, outputs, done = fn.run(self._jitted, state, constant, data, list(stacked), np.int32(count))
        for (_, container), result in zip(fn._updated, results, strict=True):
            container.storage[0] = result
        self._under_way.append(done)
        return outputs

    def stack(self, steps: Sequence[Sequence[np.ndarray]], room: int) -> list:
        """The inputs of several steps, stacked: copied into memory that later calls use again.

        Parameters
        ----------
        steps : list of lists of arrays
            For each step the function's inputs, or the first few of them; all alike in shape.
        room : int
            For how many steps there is room: the length of the first axis, which the program depends on.
        """
        self.wait(UNDER_WAY - 1)  # so that the buffer whose turn it is has been read
        fn, shapes = self.fn, tuple(np.shape(value) for value in steps[0])
        specs = fn._specs[: len(shapes)]
        if (room, shapes) not in self._buffers:
            kinds = [((room, *shape), spec.variable.type.dtype) for shape, spec in zip(shapes, specs, strict=True)]
            self._buffers[room, shapes] = [[aligned(*kind) for kind in kinds] for _ in range(UNDER_WAY)]
        ring = self._buffers[room, shapes]
        ring.append(ring.pop(0))
        for i, step in enumerate(steps):
            for buffer, spec, value in zip(ring[-1], specs, step, strict=True):
                buffer[i] = fn.checked(spec, value)
        return ring[-1] if fn._placement.on_host else [fn._placement.put(buffer) for buffer in ring[-1]]

    def wait(self, most: int = 0) -> None:
        """Until at most so many calls are under way."""
        while len(self._under_way) > most:
            self._under_way.popleft().block_until_ready()

    def hlo(self, stacked: Sequence, data=()) -> str:
        """XLA's optimised program for arrays of these shapes, as text."""
        state, constant = self._split(self.fn._merge([None] * len(self.fn._explicit)))
        with jax.enable_x64(self.fn._jitted.x64):
            return self._jitted.lower(state, constant, data, list(stacked), np.int32(0)).compile().as_text()

    def _split(self, merged: list) -> tuple[list, list]:
        """What the function's shared variables hold: those that it updates, and the others."""
        return [merged[i] for i in self._carried], [merged[i] for i in self._constant]

    def _inputs(self, data, stacked, i) -> list:
        with jax.named_scope("[batch]"):  # a profile's name for it
            slices = [lax.dynamic_index_in_dim(array, i, keepdims=False) for array in stacked]
            return list(self._prepare(data, slices))

    def _run(self, state, constant, data, stacked, count):
        """The loop, in JAX, whose body is to be the same machine code whatever is around it.

        Where XLA fuses a step with how its inputs are come by, or computes before the loop what does not change
        within, a product and a sum may be rounded once in one loop and twice in another. So inputs and outputs pass
        through functions of their own, and all that a step reads through a barrier that depends on the step.
        """
        fn, returned = self.fn, self.fn._returned
        after = [position for position, _ in fn._updated]

        def step(i, state):
            slices = _apart(self._inputs, data, stacked, i)
            explicit, held, read, _ = lax.optimization_barrier((slices, state, constant, i))
            merged: list = [None] * self._inner
            for positions, values in ((fn._explicit, explicit), (self._carried, held), (self._constant, read)):
                for position, value in zip(positions, values, strict=True):
                    merged[position] = value
            results = self._raw(*merged)
            outputs = results[:returned]
            return [results[position] for position in after], _apart(list, outputs) if outputs else []

        def body(i, carry):
            state, outputs = carry
            state, results = step(i, state)
            kept = [lax.dynamic_update_index_in_dim(o, r, i, 0) for o, r in zip(outputs, results, strict=True)]
            return state, kept

        after_one, kinds = jax.eval_shape(step, np.int32(0), state)
        for i, old, new in zip(self._carried, state, after_one, strict=True):
            if old.shape != new.shape:
                raise UsageError(
                    f"{fn._title}: {fn.maker.fgraph.inputs[i]} must keep its shape to be carried from step to step, "
                    f"got {old.shape} and then {new.shape}; call the function step by step"
                )
        outputs = [jax.numpy.zeros((len(stacked[0]), *kind.shape), kind.dtype) for kind in kinds]
        state, outputs = lax.fori_loop(0, count, body, (state, outputs))
        return state, outputs, count


def _apart(f: Callable, *arguments):
    """`f` of the arguments, compiled as a function of its own that is fused with nothing around it."""
    with set_xla_metadata(inlineable="false"):
        return jax.jit(f)(*arguments)
