"""The units that people look for, by their names."""

from collections.abc import Iterable, Mapping
from inspect import signature

from bricks.brick import Brick
from bricks.errors import UsageError, nearest
from bricks.gated.notation import wiring_of
from bricks.gated.unit import GatedUnit
from bricks.gated.wiring import Wiring
from bricks.gated.wirings import WIRINGS, named

_SETTINGS = [
    name
    for kind in (GatedUnit, Brick)
    for name, parameter in signature(kind).parameters.items()
    if parameter.kind is not parameter.VAR_KEYWORD and name not in ("wiring", "input_dim", "dim")
]


def build(
    wiring: str | Mapping | Wiring,
    /,
    input_dim: int,
    dim: int,
    sequences: Mapping[str, int] | None = None,
    **settings,
) -> GatedUnit:
    """A unit of one of WIRINGS, or of a wiring of one's own.

    Parameters
    ----------
    wiring : str, mapping or Wiring
        As in `wiring_of`.
    input_dim, dim : int
        Features of the input, and number of units.
    sequences : dict, optional
        From the names of further input sequences to their numbers of features.
    **settings
        The options of a wiring that is named (see `WIRINGS[wiring]`), and those of `GatedUnit` and `Brick`.

    >>> build("lstm_coupled", 28, 128, peepholes=True, seed=0).states
    ('output', 'cell')
    """
    recipe = WIRINGS.get(wiring) if isinstance(wiring, str) else None
    options = {key: settings.pop(key) for key in _options(recipe) if key in settings}
    wired = wiring_of(wiring) if recipe is None else named(wiring, **options)
    return GatedUnit(wired, input_dim, dim, sequences, **_known(settings, wired.name, _options(recipe)))


def _options(recipe) -> list[str]:
    return [] if recipe is None else list(signature(recipe).parameters)


def _known(settings: Mapping, wiring: str, options: Iterable[str] = ()) -> Mapping:
    """The settings, if `GatedUnit` and `Brick` have them all; `options` are the wiring's own."""
    for key in settings:
        if key not in _SETTINGS:
            who = settings.get("name") or wiring
            raise UsageError(f"{who}: unknown option {key!r}; {nearest(key, {*options, *_SETTINGS})}")
    return settings


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
        own = {"peepholes": peepholes, "forget_bias": forget_bias}
        super().__init__(named("lstm", **own), input_dim, dim, **_known(settings, "lstm", own))


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
        own = {"at": at, "update_bias": update_bias}
        super().__init__(named("gru", **own), input_dim, dim, **_known(settings, "gru", own))


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
        own = {"activation": activation}
        super().__init__(named("simple", **own), input_dim, dim, **_known(settings, "simple", own))


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
        own = {"tau": tau, "dt": dt, "method": method, "learned": learned}
        super().__init__(named("leaky", **own), input_dim, dim, **_known(settings, "leaky", own))
