"""Units one above another, and units that run both ways. Both are applied as a unit is."""

from collections.abc import Iterable, Mapping, Sequence

import pytensor.tensor as pt

from bricks.brick import Brick
from bricks.errors import ShapeError, UsageError, nearest
from bricks.gated.notation import wiring_of
from bricks.gated.trace import Trace
from bricks.gated.unit import GatedUnit
from bricks.gated.wiring import Wiring
from bricks.layers.noise import Dropout


class Bidirectional(Brick):
    """Two units over the same sequence, one of them from its end; their outputs side by side.

        h_t = [forward h_t, backward h_t]

    Parameters
    ----------
    forward, backward : GatedUnit
        Named `forward` and `backward` unless they were given names.
    **settings
        Of `Brick`.

    References
    ----------
    Schuster & Paliwal 1997, Bidirectional recurrent neural networks.

    >>> from bricks.gated import GRU
    >>> both = Bidirectional(GRU(4, 8), GRU(4, 8), seed=1)
    >>> both(pt.tensor("x", shape=(None, None, 4), dtype="float32")).output.type.shape
    (None, None, 16)
    """

    def __init__(self, forward: GatedUnit, backward: GatedUnit, **settings):
        super().__init__(**settings)
        _check_units(self, (forward, backward))
        if forward.input_dim != backward.input_dim:
            raise UsageError(
                f"{self.path}: both units must have one input_dim, got {forward.input_dim} and {backward.input_dim}"
            )
        self.forward, self.backward = forward, backward
        self.input_dim, self.output_dim = forward.input_dim, forward.output_dim + backward.output_dim
        self.sequences = {**forward.sequences, **backward.sequences}
        forward.suggest_name("forward")
        backward.suggest_name("backward")
        self.children = [forward, backward]

    def apply(self, input_, mask=None, initial=None, clamp=None, **sequences):
        """As `GatedUnit.apply`; `initial` and `clamp` by the names of the two units."""
        units = (self.forward, self.backward)
        own = _own(self, units, mask, initial, clamp, sequences)
        traces = [unit(input_, reverse=unit is self.backward, **own[unit]) for unit in units]
        return _joined(units, traces, side_by_side=True)


class Stack(Brick):
    """Units one above another: each sees the outputs of the one below.

    The trace has those of the units too: `trace["lstm_1.forget_gate"]`.

    Parameters
    ----------
    units : list of GatedUnit or Bidirectional
        From the bottom up.
    skip : bool
        Whether each unit also sees the stack's input, and the stack's output is that of all units side by side (Graves
        2013).
    dropout : float
        The probability that an output is left out of what the unit above sees, in training.
    **settings
        Of `Brick`.

    References
    ----------
    Graves 2013, Generating sequences with recurrent neural networks; Zaremba, Sutskever & Vinyals 2014, Recurrent
    neural network regularization (dropout between layers only).

    >>> from bricks.gated import LSTM
    >>> stack = Stack([LSTM(4, 8), LSTM(8, 8)], seed=1)
    >>> [unit.name for unit in stack.units], stack.output_dim
    (['lstm', 'lstm_1'], 8)
    """

    def __init__(self, units: Sequence[GatedUnit], skip: bool = False, dropout: float = 0.0, **settings):
        super().__init__(**settings)
        if not isinstance(units, list | tuple) or not units:
            raise UsageError(f"{self.path}: units must be a list of at least one unit, got {units!r}")
        _check_units(self, units)
        self.units, self.skip = tuple(units), bool(skip)
        self.input_dim = units[0].input_dim
        for k, (below, above) in enumerate(zip(self.units, self.units[1:], strict=False), start=1):
            wanted = below.output_dim + (self.input_dim if skip else 0)
            if above.input_dim != wanted:
                more = f", and the stack's input of {self.input_dim}" if skip else ""
                raise UsageError(
                    f"{self.path}: unit {k} must have input_dim={wanted}, since what is below gives "
                    f"{below.output_dim}{more}; got {above.input_dim}"
                )
        self.output_dim = sum(u.output_dim for u in units) if skip else units[-1].output_dim
        self.sequences = {name: width for unit in units for name, width in unit.sequences.items()}
        self._dropouts = [Dropout(dropout, name=f"dropout_{k}") for k in range(1, len(units))] if dropout else []
        self.children = [*self.units, *self._dropouts]

    def apply(self, input_, mask=None, initial=None, reverse: bool = False, clamp=None, **sequences):
        """As `GatedUnit.apply`; `initial` and `clamp` by the names of the units."""
        own = _own(self, self.units, mask, initial, clamp, sequences)
        seen, traces = input_, []
        for k, unit in enumerate(self.units):
            if k:
                below = traces[-1]["output"]
                below = self._dropouts[k - 1](below) if self._dropouts else below
                seen = pt.join(2, below, input_) if self.skip else below
            way = {} if isinstance(unit, Bidirectional) else {"reverse": reverse}
            traces.append(unit(seen, **way, **own[unit]))
        return _joined(self.units, traces, side_by_side=self.skip)


_AXES = {"output": 2, "cell": 2, "final_output": 1, "final_cell": 1}


def layered(
    unit,
    input_dim: int,
    dim: int,
    layers: int = 1,
    bidirectional: bool = False,
    skip: bool = False,
    dropout: float = 0.0,
    sequences: Mapping[str, int] | None = None,
    seed: int | None = None,
    **settings,
):
    """A stack of like units, or a single one.

    Parameters
    ----------
    unit : str, mapping or Wiring
        The wiring of all.
    input_dim, dim : int
        Features of the input; units of each layer (and direction).
    layers : int
    bidirectional, skip, dropout
        As in `Bidirectional` and `Stack`.
    sequences : dict, optional
        Widths of the further sequences that each unit sees.
    seed : int, optional
    **settings
        Of `GatedUnit`.

    >>> layered("gru", 4, 8, layers=2, bidirectional=True, seed=1).output_dim
    16
    """
    wiring = wiring_of(unit)
    made, width = [], input_dim
    top = {"seed": seed} if layers == 1 else {}
    for _ in range(layers):
        if bidirectional:
            ways = [GatedUnit(wiring, width, dim, sequences, **settings) for _ in range(2)]
            made.append(Bidirectional(*ways, **top))
        else:
            made.append(GatedUnit(wiring, width, dim, sequences, **top, **settings))
        width = made[-1].output_dim + (input_dim if skip else 0)
    return made[0] if layers == 1 else Stack(made, skip=skip, dropout=dropout, seed=seed)


def applied(
    sources: Mapping,
    who: str,
    unit,
    dim: int,
    layer_normalization: str = "none",
    ignore: Iterable[str] = (),
    **settings,
):
    """The units that a model of the lab reads `features` with, and their trace.

    Parameters
    ----------
    sources : mapping of str to variable
        `features` (time, batch, columns); a `mask` (time, batch); all others but `targets` are sequences that the units
        see by their names, and must see unless they are ignored.
    who : str
        Begins the error messages.
    unit, dim
        As in `layered`.
    layer_normalization : {"none", "joint", "separate"}
    ignore : list of str
        Sources that no unit sees: a cue, for a baseline without it.
    **settings
        Of `layered`; 0 for an option that is None where it is off.

    Returns
    -------
    (GatedUnit, Bidirectional or Stack, Trace)
    """
    features = sources["features"]
    if features.type.ndim != 3 or features.type.shape[2] is None:
        raise ShapeError(
            f"{who}: the source 'features' must have batches of shape (time, batch, columns), the number of columns "
            f"known, got {features.type.shape}; for mnist say view: rows or view: pixels"
        )
    further = [name for name in sources if name not in ("features", "targets", "mask")]
    for name in ignore:
        if name not in further:
            raise UsageError(f"{who}: ignore has {name!r}; of the dataset's further sequences {nearest(name, further)}")
    named = {name: sources[name] for name in further if name not in ignore}
    wiring = wiring_of(unit)
    _check_sources(who, wiring, named, sources)
    units = layered(
        wiring,
        features.type.shape[2],
        dim,
        sequences={name: v.type.shape[-1] for name, v in named.items()},
        layer_normalization=None if layer_normalization == "none" else layer_normalization,
        **{key: value or None if key in ("zoneout", "chrono") else value for key, value in settings.items()},
    )
    return units, units(features, mask=sources.get("mask"), **named)


def _check_sources(who: str, wiring: Wiring, named: Mapping, sources: Mapping) -> None:
    """Whether the further sequences that a dataset gives are those that a wiring sees."""
    there = f"the dataset's sources are {', '.join(sources)}"
    for name in named:
        if name not in wiring.sequences:
            raise UsageError(
                f"{who}: {wiring.name} does not see the dataset's sequence {name!r} (of sequences besides `input` it "
                f"has {', '.join(wiring.sequences) or 'none'}); {there}; leave out what is not to be used by the "
                f"model's option ignore: [{name}]"
            )
        if named[name].type.ndim != 3 or named[name].type.shape[2] is None:
            raise ShapeError(
                f"{who}: the source {name!r} must have batches of shape (time, batch, columns), the number of columns "
                f"known, got {named[name].type.shape}"
            )
    for name, stand_in in wiring.sequences.items():
        if stand_in is None and name not in named:
            why = "ignore names it" if name in sources else "the dataset does not give it"
            raise UsageError(f"{who}: {wiring.name} needs the sequence {name!r}, and {why}; {there}")


def _check_units(brick: Brick, units) -> None:
    for k, unit in enumerate(units):
        if not isinstance(unit, GatedUnit | Bidirectional | Stack):
            raise UsageError(
                f"{brick.path}: must be made of units such as LSTM(4, 8), or of stacks of them, got {unit!r}"
            )
        if any(unit is other for other in units[:k]):
            raise UsageError(f"{brick.path}: has the unit {unit.name} twice; make another, with weights of its own")


def _own(brick: Brick, units, mask, initial, clamp, sequences: Mapping) -> dict:
    """What each unit is given of all that the whole is given."""
    for name in sequences:
        if name not in brick.sequences:
            raise UsageError(f"{brick.path}: has no input sequence {name!r}; {nearest(name, brick.sequences)}")
    for what, given in (("initial", initial), ("clamp", clamp)):
        names = {unit.name for unit in units}
        for name in given or {}:
            if name not in names:
                raise UsageError(
                    f"{brick.path}: {what} goes to its units by their names, got {name!r}; {nearest(name, names)}"
                )
    return {
        unit: {
            "mask": mask,
            "initial": (initial or {}).get(unit.name),
            "clamp": (clamp or {}).get(unit.name),
            **{name: value for name, value in sequences.items() if name in unit.sequences},
        }
        for unit in units
    }


def _joined(units, traces, side_by_side: bool) -> Trace:
    """The whole's trace: its own `output` and so on, and each unit's under `UNIT.NAME`."""
    top = {name: traces[-1][name] for name in _AXES}
    if side_by_side:
        top = {name: pt.join(axis, *(trace[name] for trace in traces)) for name, axis in _AXES.items()}
    pairs = zip(units, traces, strict=True)
    return Trace(top | {f"{unit.name}.{name}": value for unit, trace in pairs for name, value in trace.items()})
