"""Random steps that work row by row, and what a kernel and XLA's loop make of one function."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.traversal import ancestors

from bricks import function, grad
from bricks.engine.recurrences import Recurrence, recurrence

WIDTHS = (1, 3, 17)
OF_ONE = (pt.tanh, pt.sigmoid, pt.sin, pt.abs, lambda a: a / (1 + a**2), lambda a: pt.softplus(a), lambda a: -a)
OF_TWO = (pt.add, pt.mul, pt.sub, pt.maximum, pt.minimum, lambda a, b: pt.switch(pt.gt(a, b), a, b * b))


def reasons(f):
    """Why the recurrences of a compiled function are XLA's loops; "" for those that are kernels."""
    return [node.op.loop for node in f.maker.fgraph.toposort() if isinstance(node.op, Recurrence)]


def both(inputs, outputs, *calls):
    """What a function gives for each of some lists of values: by kernels, by XLA's loops; and its `reasons`."""
    f = function(inputs, outputs)
    found, why = [f(*values) for values in calls], reasons(f)
    f.vm.jit_fn.fn.clear_cache()
    with pytensor.config.change_flags(cxx=""):
        return found, [f(*values) for values in calls], why


def assert_same(found, wanted, tolerance=1e-12):
    """Results of calls: of the same types, close to a part of each array's largest value, infinite where they are."""
    pairs = [pair for calls in zip(found, wanted, strict=True) for pair in zip(*calls, strict=True)]
    for k, (a, b) in enumerate(pairs):
        assert (a.dtype, a.shape) == (b.dtype, b.shape), f"result {k}"
        finite = np.isfinite(b)
        np.testing.assert_array_equal(np.where(finite, 0, a), np.where(finite, 0, b), f"result {k}")
        # What cancels to almost nothing keeps the rounding of what it was made of, numbers about 1.
        scale = np.abs(b[finite]).max(initial=1e-3 if b.dtype == np.float64 else 1e-2)
        np.testing.assert_allclose(a[finite], b[finite], rtol=0, atol=tolerance * scale, err_msg=f"result {k}")


class RandomStep:
    """A function of a random step: its inputs and their values, and its outputs, with gradients by all inputs."""

    def __init__(self, seed: int, dtype: str = "float64", size: int = 14):
        self.rng, self.dtype, self.size = np.random.default_rng(seed), dtype, size
        self.inputs, self.values = [], []
        time, batch = (int(self.rng.integers(1, n)) for n in (5, 9))
        sequences = [self.input((time, batch, self.width()), 2) for _ in range(2)] + [self.input((time, 3), 1)]
        states = [self.input((batch, self.width()), 1) for _ in range(self.rng.integers(1, 4))]
        self.fixed = [self.input((batch, self.width()), 1), self.input((17,)), self.input((batch,), 1)]
        self.matrices = {(m, n): self.input((m, n)) for m in WIDTHS for n in WIDTHS}
        last, rows = recurrence(self.step, sequences, states, reverse=bool(self.rng.integers(2)))
        results = [*last, *rows]
        cost = pt.add(*[(v * pt.arange(1, 1 + v.shape[-1]).astype(dtype)).sum() for v in results])
        used = set(ancestors([cost]))
        self.values = [value for v, value in zip(self.inputs, self.values, strict=True) if v in used]
        self.inputs = [v for v in self.inputs if v in used]
        self.outputs = [*results, *grad(cost, self.inputs, disconnected_inputs="ignore")]

    def width(self):
        return int(self.rng.choice(WIDTHS))

    def input(self, shape, free=0):
        """A variable of which the first `free` axes have any length; its value goes into `values`."""
        variable = pt.tensor(f"v{len(self.inputs)}", shape=(None,) * free + shape[free:], dtype=self.dtype)
        self.inputs.append(variable)
        self.values.append((self.rng.normal(size=shape) * 0.5).astype(self.dtype))
        return variable

    def step(self, x, y, vector, *states):
        by_row, bias, number = self.fixed
        one = number[:, None] * x.sum(axis=1, keepdims=True)
        self.pool = [x, y, one, one + vector, one * by_row, *states]
        self.pool += [v + bias for v in self.pool if v.type.shape[1] == 17]
        for _ in range(self.size):
            self.pool += self.another()
        after = [self.of_width(s.type.shape[1]) for s in states]
        rows = [self.any() for _ in range(3)]
        return after, [*rows, rows[0], self.any().sum(axis=1)]

    def any(self):
        return self.pool[self.rng.integers(len(self.pool))]

    def of_width(self, width):
        found = [v for v in self.pool if v.type.shape[1] == width]
        return found[self.rng.integers(len(found))]

    def another(self):
        """One more value, or the pieces of one."""
        a, kind = self.any(), self.rng.choice(["one", "two", "dot", "sum", "join", "split", "normal"])
        width = a.type.shape[1]
        if kind == "two":
            return [OF_TWO[self.rng.integers(len(OF_TWO))](a, self.of_width(self.rng.choice([width, 1])))]
        if kind == "dot" and width in WIDTHS:
            return [pt.tanh(pt.dot(a, self.matrices[width, self.width()]))]
        if kind == "sum":
            return [a.sum(axis=1, keepdims=True) / width]
        if kind == "join":
            return [pt.join(1, a, *(self.any() for _ in range(self.rng.integers(1, 3))))]
        if kind == "split" and width > 3:
            sizes = [1, 3, width - 4]
            self.rng.shuffle(sizes)
            return list(pt.split(a, [n for n in sizes if n], n_splits=sum(n > 0 for n in sizes), axis=1))
        if kind == "normal":
            centred = a - a.mean(axis=1, keepdims=True)
            return [centred / pt.sqrt((centred**2).mean(axis=1, keepdims=True) + 0.1)]
        return [OF_ONE[self.rng.integers(len(OF_ONE))](a)]
