"""The diagrams that the docs show, into docs/figures.

python docs/diagrams.py                     # as SVG
python docs/diagrams.py png                 # or as PNG or PDF, for slides
"""

import sys
from pathlib import Path

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.special import softmax

import bricks
from bricks.gated import LSTM, build
from bricks.layers import MLP, Tanh
from bricks.view import wirings_table

FIGURES = Path(__file__).parent / "figures"


def assignment():
    """The class assignment's net, written without bricks: its cost."""
    rng = np.random.default_rng(1)
    x = pt.tensor("x", shape=(None, 784), dtype="float32")
    t = pt.tensor("t", shape=(None, 10), dtype="float32")
    shapes = {"W": (784, 500), "b": (500,), "V": (500, 10), "c": (10,)}
    W, b, V, c = (bricks.shared(rng.normal(0, 0.05, s).astype("float32"), name=n) for n, s in shapes.items())
    before = pt.dot(x, W) + b
    h = pt.tanh(before)
    scores = pt.dot(h, V) + c
    y = softmax(scores, axis=1)
    for variable, name in ((before, "h'"), (h, "h"), (scores, "y'"), (y, "y")):
        variable.name = name
    return -(t * pt.log(y)).sum(axis=1).mean()


def main(kind: str = "svg") -> None:
    lgn = build("lgn", 4, 8, {"feedback": 3, "hippocampus": 2}, seed=1)
    pictures = {
        "diagram_mlp": MLP([Tanh(), None], [784, 500, 10], seed=1).diagram(),
        "diagram_lstm": LSTM(28, 128, seed=1).diagram(),
        "diagram_lstm_unfolded": LSTM(28, 128, seed=1).diagram(steps=3),
        "diagram_lgn": lgn.diagram(),
        "functional_mlp": bricks.functional_diagram(assignment()),
        "wirings": wirings_table(),
    }
    for name, picture in pictures.items():
        picture.save(FIGURES / f"{name}.{kind}")
        print(FIGURES / f"{name}.{kind}")


if __name__ == "__main__":
    main(*sys.argv[1:])
