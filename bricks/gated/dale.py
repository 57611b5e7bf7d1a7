"""Dale's law: a neuron excites everyone it reaches, or inhibits everyone."""

import numpy as np
import pytensor.tensor as pt

from bricks.errors import UsageError, nearest
from bricks.gated.neurons import SeeingNeuron
from bricks.gated.unit import GatedUnit
from bricks.graph import project, projections_of
from bricks.layers.checks import check_probability


def dales_law(unit: GatedUnit, inhibitory: float = 0.2, sources=("output",)) -> dict[str, np.ndarray]:
    """Keep the signs of what comes from each cell of a source, after every step of training.

        W_jk <- s_j max(s_j W_jk, 0)        s_j = -1 for inhibitory cells, 1 for the others

    Parameters
    ----------
    unit : GatedUnit
        Before its first step of training. Its matrices get legal first values: their absolute values with these signs.
    inhibitory : float
        The fraction of cells that inhibit: the last ones of each source.
    sources : list of str
        Which sources obey, as the neurons see them densely: `output`, `input`, or another.

    Returns
    -------
    dict
        From sources to the signs of their cells, (width,).

    References
    ----------
    Eccles, Fatt & Koketsu 1954; Song, Yang & Wang 2016, Training excitatory-inhibitory recurrent neural networks for
    cognitive tasks. There outputs are rates of at least 0: with outputs of both signs the law is about weights alone.

    >>> from bricks.gated import LSTM
    >>> unit = LSTM(4, 10, seed=0)
    >>> signs = dales_law(unit, inhibitory=0.2)["output"]
    >>> signs.tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, -1.0, -1.0]
    >>> W = unit.bricks["forget_gate"].weights["output"].get_value()
    >>> bool((W * signs[:, None] >= 0).all())
    True
    """
    check_probability(unit, "inhibitory", inhibitory)
    seen = [
        (connection.source, brick.weights[connection.label])
        for brick in unit.bricks.values()
        for connection in (brick.neuron.sees if isinstance(brick, SeeingNeuron) else ())
        if connection.kind == "dense"
    ]
    known = {source for source, _ in seen}
    signs: dict[str, np.ndarray] = {}
    for source, W in seen:
        if source in sources and any(isinstance(p, _Signed) for p in projections_of(W)):
            raise UsageError(f"{unit.path}: {W.name} obeys Dale's law already; make a new unit for other signs")
    for source in sources:
        if source not in known:
            raise UsageError(f"{unit.path}: no neuron sees {source!r} densely; {nearest(source, known)}")
    for source, W in seen:
        if source not in sources:
            continue
        width = W.type.shape[0]
        s = np.where(np.arange(width) < width - round(inhibitory * width), 1.0, -1.0).astype(W.type.dtype)
        signs[source] = s
        W.set_value(abs(W.get_value()) * s[:, None])
        project(W, _Signed(s))
    return signs


class _Signed:
    """The projection onto weights of given signs."""

    def __init__(self, signs: np.ndarray):
        self.signs = signs[:, None]

    def __call__(self, W):
        return self.signs * pt.maximum(self.signs * W, 0)
