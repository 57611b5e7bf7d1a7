"""Inference step by step, one example at a time, as in a control loop: a call for each step.

Ours is `unit.step` compiled once, its states shared variables that the call updates; the output is read at each step,
or left where it is. The peer is `nn.LSTMCell` in inference mode, whose output is there whether it is read or not, on
one thread: products so small gain nothing from a second, and on a busy machine they wait for it.
"""

from functools import partial
from itertools import cycle, islice

import numpy as np
from machine import cores

ROWS = 256


def contenders(effort, D: int, H: int) -> dict:
    import peers_torch  # noqa: F401  (sets PyTorch's threads)
    import torch

    torch.manual_seed(1)
    cell = torch.nn.LSTMCell(D, H)
    return {
        "bricks": partial(bricks_run, cell, D, H, read=True),
        "bricks, not read": partial(bricks_run, cell, D, H, read=False),
        "nn.LSTMCell": partial(torch_run, cell, D, H),
    }


def rows(D: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(ROWS, 1, D)).astype("float32")


def bricks_run(cell, D: int, H: int, read: bool):
    import pytensor.tensor as pt

    import bricks
    from bricks.gated import LSTM, load_torch

    unit = LSTM(D, H, learned_initial=False, seed=1)
    load_torch(unit, {f"{name}_l0": value for name, value in cell.state_dict().items()})
    states = {name: bricks.shared(np.zeros((1, H), "float32"), name=name) for name in unit.states}
    x = pt.tensor("x", shape=(1, D), dtype="float32")
    new, _ = unit.step(x, states)
    updates = [(states[name], value) for name, value in new.items()]
    step = bricks.function([x], new["output"] if read else [], updates=updates)
    given = cycle(rows(D))

    def run(steps: int) -> float:
        for row in islice(given, steps):
            step(row)
        return float(states["output"].get_value().sum())

    return run


def torch_run(cell, D: int, H: int):
    import torch

    given = cycle(torch.from_numpy(rows(D)))
    h = c = torch.zeros(1, H)

    @torch.inference_mode()
    def run(steps: int) -> float:
        nonlocal h, c
        torch.set_num_threads(1)
        for row in islice(given, steps):
            h, c = cell(row, (h, c))
            h.numpy()
        torch.set_num_threads(cores())
        return float(h.sum())

    return run
