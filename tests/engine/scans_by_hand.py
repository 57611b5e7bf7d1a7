"""Cells as people write them with `scan`, in both spellings of a product."""

import numpy as np
import pytensor.tensor as pt

from bricks import scan, shared

SPELLINGS = {"dot": pt.dot, "@": lambda a, b: a @ b}


def parameters(D, H, names="WUb", gates=4, seed=0):
    rng = np.random.default_rng(seed)
    shapes = {"W": (D, gates * H), "U": (H, gates * H), "b": (gates * H,)}
    return [shared((rng.normal(size=shapes[n]) * 0.3).astype("float32"), name=n) for n in names]


def zeros(x, H):
    return pt.zeros((x.shape[1], H), dtype="float32")


def simple(x, dot, D=5, H=4, **options):
    W, U, b = parameters(D, H, gates=1)
    h = scan(lambda xt, h, W, U, b: pt.tanh(dot(xt, W) + dot(h, U) + b), [x], [zeros(x, H)], [W, U, b], **options)
    return h, [W, U, b]


def lstm(x, dot, D=5, H=4, **options):
    W, U, b = parameters(D, H)

    def step(xt, h, c, W, U, b):
        z = dot(xt, W) + dot(h, U) + b
        i, f, g, o = (z[:, k * H : (k + 1) * H] for k in range(4))
        c = pt.sigmoid(f) * c + pt.sigmoid(i) * pt.tanh(g)
        return pt.sigmoid(o) * pt.tanh(c), c

    h, _ = scan(step, [x], [zeros(x, H), zeros(x, H)], [W, U, b], **options)
    return h, [W, U, b]


def lstm_of_four(x, dot, D=5, H=4, **options):
    gates = [parameters(D, H, gates=1, seed=k) for k in range(4)]

    def step(xt, h, c, *constants):
        i, f, g, o = (dot(xt, W) + dot(h, U) + b for W, U, b in (constants[k : k + 3] for k in range(0, 12, 3)))
        c = pt.sigmoid(f) * c + pt.sigmoid(i) * pt.tanh(g)
        return pt.sigmoid(o) * pt.tanh(c), c

    everything = [p for gate in gates for p in gate]
    h, _ = scan(step, [x], [zeros(x, H), zeros(x, H)], everything, **options)
    return h, everything


CELLS = {"simple": simple, "lstm": lstm, "lstm of four": lstm_of_four}
