"""The units that people look for, by their names."""

from collections.abc import Mapping
from inspect import signature

from bricks.gated.unit import GatedUnit
from bricks.gated.wirings import WIRINGS, named


def build(
    wiring: str, /, input_dim: int, dim: int, sequences: Mapping[str, int] | None = None, **settings
) -> GatedUnit:
    """A unit of one of WIRINGS.

    Parameters
    ----------
    wiring : str
        Its name.
    input_dim, dim : int
        Features of the input, and number of units.
    sequences : dict, optional
        From the names of further input sequences to their numbers of features.
    **settings
        The wiring's options (see `WIRINGS[wiring]`), and those of `GatedUnit` and `Brick`.

    >>> build("lstm_coupled", 28, 128, peepholes=True, seed=0).states
    ('output', 'cell')
    """
    options = {}
    if wiring in WIRINGS:
        options = {key: settings.pop(key) for key in list(settings) if key in signature(WIRINGS[wiring]).parameters}
    return GatedUnit(named(wiring, **options), input_dim, dim, sequences, **settings)


class LSTM(GatedUnit):
    """Long short-term memory.

        i, f, o = sigma(W x_t + U h_{t-1} + b)     z = tanh(W x_t + U h_{t-1} + b)
        c_t = f c_{t-1} + i z                      h_t = o tanh(c_t)

    Parameters
    ----------
    input_dim, dim : int
        Features of the input, and number of units.
    peepholes : bool
        Whether i and f see the old cell and o the new one, through diagonals.
    forget_bias : float
        First value of the forget gate's bias.
    **settings
        Of `GatedUnit` and `Brick`.

    References
    ----------
    Hochreiter & Schmidhuber 1997, Long short-term memory; Gers, Schmidhuber & Cummins 2000, Learning to forget;
    Jozefowicz, Zaremba & Sutskever 2015, An empirical exploration of recurrent network architectures.

    >>> list(LSTM(input_dim=28, dim=128, seed=0).all_parameters())[:3]
    ['lstm/candidate/W_input', 'lstm/candidate/W_output', 'lstm/candidate/b']
    """

    def __init__(self, input_dim: int, dim: int, peepholes: bool = False, forget_bias: float = 1.0, **settings):
        super().__init__(named("lstm", peepholes=peepholes, forget_bias=forget_bias), input_dim, dim, **settings)


class GRU(GatedUnit):
    """Gated recurrent unit.

        f, r = sigma(W x_t + U h_{t-1} + b)
        z = tanh(W x_t + U (r h_{t-1}) + b)                 at="source"
        z = tanh(W x_t + b + r (U h_{t-1} + b'))            at="product"
        h_t = f h_{t-1} + (1 - f) z

    Parameters
    ----------
    input_dim, dim : int
    at : {"source", "product"}
        Where the reset gate r acts: as Cho et al. have it, or as cuDNN and PyTorch.
    update_bias : float
        First value of f's bias.
    **settings
        Of `GatedUnit` and `Brick`.

    References
    ----------
    Cho et al. 2014, Learning phrase representations using RNN encoder-decoder for statistical machine translation
    (their z is our f).
    """

    def __init__(self, input_dim: int, dim: int, at: str = "source", update_bias: float = 0.0, **settings):
        super().__init__(named("gru", at=at, update_bias=update_bias), input_dim, dim, **settings)


class SimpleRecurrent(GatedUnit):
    """h_t = tanh(W x_t + U h_{t-1} + b).

    Parameters
    ----------
    input_dim, dim : int
    activation : str or callable
    **settings
        Of `GatedUnit` and `Brick`.

    References
    ----------
    Elman 1990, Finding structure in time.
    """

    def __init__(self, input_dim: int, dim: int, activation="tanh", **settings):
        super().__init__(named("simple", activation=activation), input_dim, dim, **settings)


class LeakyIntegrator(GatedUnit):
    """Membranes: tau dV/dt = W x + U h + b - V, h = tanh(V), stepped by dt.

    Parameters
    ----------
    input_dim, dim : int
    tau : float, or one a cell
        Time constant, in the unit of dt (ms, or steps).
    dt : float
    method : {"exact", "euler"}
        V decays by exp(-dt / tau) a step, or by 1 - dt / tau.
    learned : bool
        Whether tau is trained.
    **settings
        Of `GatedUnit` and `Brick`.
    """

    def __init__(
        self,
        input_dim: int,
        dim: int,
        tau: float = 10.0,
        dt: float = 1.0,
        method: str = "exact",
        learned: bool = False,
        **settings,
    ):
        super().__init__(named("leaky", tau=tau, dt=dt, method=method, learned=learned), input_dim, dim, **settings)
