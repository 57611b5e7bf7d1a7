"""Every wiring of the notes with its options, beside its oracle; units with random parameters, compiled once."""

from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np
import oracle
import pytensor
import pytensor.tensor as pt

import bricks
from bricks.gated import WIRINGS, GatedUnit, build

TIME, BATCH, INPUT, DIM = 5, 3, 4, 6
TAUS = (1.5, 2.0, 3.0, 5.0, 8.0, 13.0)


@dataclass(frozen=True)
class Case:
    """A wiring, options, widths of its extra sequences, what its oracle carries over."""

    name: str
    step: object
    options: dict = field(default_factory=dict)
    sequences: dict = field(default_factory=dict)
    states: tuple = ("output", "cell")

    def unit(self, **settings):
        """Of small dimensions, for PyTensor's floatX as it is."""
        return build(self.name, INPUT, DIM, dict(self.sequences), **{"seed": 1, **self.options, **settings})


ONE = ("output",)
PREVIOUS = ("output", "cell", "previous(input_gate)", "previous(forget_gate)", "previous(output_gate)")
PEEP = {"peepholes": True}
FEEDBACK = {"feedback": 3, "hippocampus": 2}


def _lstms():
    ablations = {
        "lstm": {},
        "lstm_coupled": {"coupled": True},
        "lstm_no_input_gate": {"without": "input_gate"},
        "lstm_no_forget_gate": {"without": "forget_gate"},
        "lstm_no_output_gate": {"without": "output_gate"},
        "lstm_no_input_activation": {"phi": oracle.identity},
        "lstm_no_output_activation": {"psi": oracle.identity},
        "lstm_full_gate_recurrence": {"previous": True},
    }
    for name, changes in ablations.items():
        states = PREVIOUS if name == "lstm_full_gate_recurrence" else ("output", "cell")
        step = partial(oracle.lstm, **changes)
        if name in ("lstm", "lstm_coupled"):
            yield name, Case(name, step, states=states)
        if name != "lstm":  # with peepholes, that is lstm_peephole
            yield f"{name}(peepholes)", Case(name, partial(step, peepholes=True), PEEP, states=states)


def _membranes():
    for options in (
        {"method": "euler"},
        {"tau": TAUS},
        {"learned": True},
        {"learned": True, "method": "euler", "dt": 0.5},
    ):
        shown = ",".join(f"{k}={'vector' if k == 'tau' else v}" for k, v in options.items())
        yield f"leaky({shown})", Case("leaky", partial(oracle.leaky, **options), options)


CASES = {
    **dict(_lstms()),
    "lstm_peephole": Case("lstm_peephole", partial(oracle.lstm, peepholes=True)),
    "lstm_sensory": Case("lstm_sensory", oracle.lstm_sensory),
    "gru(source)": Case("gru", oracle.gru, {"at": "source"}, states=ONE),
    "gru(product)": Case("gru", partial(oracle.gru, at="product"), {"at": "product"}, states=ONE),
    "mgu": Case("mgu", oracle.mgu, states=ONE),
    "janet": Case("janet", oracle.janet, states=ONE),
    "sub_lstm": Case("sub_lstm", oracle.sub_lstm),
    "sub_lstm_fixed": Case("sub_lstm_fixed", partial(oracle.sub_lstm, fixed=True)),
    **dict(_membranes()),
    "modulated_membrane": Case("modulated_membrane", oracle.modulated_membrane, {}, {"modulator": 2}),
    "modulated_membrane(input,output)": Case(
        "modulated_membrane",
        partial(oracle.modulated_membrane, sees=("modulator", "input", "output")),
        {"sees": ("modulator", "input", "output")},
        {"modulator": 2},
    ),
    "simple": Case("simple", oracle.simple, states=ONE),
    "independent": Case("independent", oracle.independent, states=ONE),
    "deep_gates": Case("deep_gates", partial(oracle.deep_gates, layers=2), {"hidden": (5, 3)}),
    "lgn": Case("lgn", oracle.lgn, {}, FEEDBACK),
    "lgn(own output)": Case("lgn", partial(oracle.lgn, feedback=False), {}, {"hippocampus": 2}),
}
assert {case.name for case in CASES.values()} == set(WIRINGS)


def floats(dtype):
    """PyTensor's floatX for the length of a `with`."""
    return pytensor.config.change_flags(floatX=dtype)


def randomised(unit, seed=0):
    """The unit, with no parameter at zero or at its first value; returns its values by relative path."""
    rng = np.random.default_rng(seed)
    for path, variable in unit.all_parameters().items():
        value = rng.normal(0, 0.5, variable.type.shape)
        if path.endswith("forget_gate/value"):
            value = rng.uniform(0.2, 0.9, variable.type.shape)  # within its clip
        variable.set_value(value.astype(variable.type.dtype))
    return parameters_of(unit)


def parameters_of(unit):
    """Values by paths relative to the unit, in float64."""
    values = {path[len(unit.path) + 1 :]: v.get_value() for path, v in unit.all_parameters().items()}
    return oracle.Parameters({path: value.astype("float64") for path, value in values.items()})


def inputs_of(unit, dtype):
    """Symbolic sequences by name, (time, batch, width) with no length known."""
    widths = {"input": unit.input_dim, **unit.sequences}
    return {name: pt.tensor(name, shape=(None, None, width), dtype=dtype) for name, width in widths.items()}


def values_for(unit, dtype="float64", seed=7):
    """Numbers for those sequences."""
    rng = np.random.default_rng(seed)
    widths = {"input": unit.input_dim, **unit.sequences}
    return {name: rng.normal(size=(TIME, BATCH, width)).astype(dtype) for name, width in widths.items()}


MASK = np.array([[1, 0, 1], [1, 1, 0], [1, 0, 0], [1, 1, 1], [0, 1, 1]], "float64")


def apply(unit, sequences, **how):
    """unit(input, ...), with the sequences in a dict."""
    return unit(sequences["input"], **{name: v for name, v in sequences.items() if name != "input"}, **how)


def run(unit, dtype="float64", **how):
    """The trace's values, compiled for this once; `how` are arguments of the unit, as values."""
    with floats(dtype):
        sequences = inputs_of(unit, dtype)
        trace = apply(unit, sequences, **how)
        compiled = bricks.function(list(sequences.values()), list(trace.values()))
    values = compiled(*values_for(unit, dtype).values())
    assert all(value.dtype == dtype for value in values)
    return dict(zip(trace, values, strict=True))


def make(wiring, sequences=None, *, dtype="float64", **settings):
    """A unit of any wiring, with random parameters."""
    with floats(dtype):
        unit = GatedUnit(wiring, INPUT, DIM, sequences, **{"seed": 1, **settings})
    randomised(unit)
    return unit


@cache
def unit_of(case: str, dtype: str = "float64"):
    """The case's unit with random parameters, shared: nobody changes it for good."""
    with floats(dtype):
        unit = CASES[case].unit()
    randomised(unit)
    return unit


def starts_of(case: str):
    """Given initial states: one row for all examples, or one an example."""
    rng = np.random.default_rng(3)
    shapes = [(BATCH, DIM), (DIM,), (BATCH, DIM), (BATCH, DIM), (BATCH, DIM)]
    return {s: rng.normal(0, 0.5, shape) for s, shape in zip(CASES[case].states, shapes, strict=False)}


class Compiled:
    """A case in one function, in float64: a trace from given states; one masked, reversed and from the learned ones; a
    cost of all that is in the second trace, and its gradients by every parameter and sequence.
    """

    def __init__(self, case: str):
        self.unit = unit_of(case)
        with floats("float64"):
            sequences = inputs_of(self.unit, "float64")
            given = apply(self.unit, sequences, initial=starts_of(case))
            masked = apply(self.unit, sequences, mask=MASK, reverse=True)
            rng = np.random.default_rng(5)
            shape = {3: (TIME, BATCH, DIM), 2: (BATCH, DIM)}
            cost = pt.add(*[(v * rng.normal(size=shape[v.type.ndim])).sum() for v in masked.values()])
            gradients = bricks.grad(cost, [*self.unit.all_parameters().values(), *sequences.values()])
            self.f = bricks.function(list(sequences.values()), [cost, *given.values(), *masked.values(), *gradients])
        self.sequences = values_for(self.unit)
        values = iter(self()[1:])
        self.given = {name: next(values) for name in given}
        self.masked = {name: next(values) for name in masked}
        self.gradients = dict(zip([*self.unit.all_parameters(), *self.sequences], values, strict=True))

    def __call__(self, **sequences):
        return self.f(*{**self.sequences, **sequences}.values())


@cache
def compiled(case: str):
    """Once for all tests."""
    return Compiled(case)


def expected(case: str, dtype="float64", **how):
    """What the oracle gives for the case's unit and inputs."""
    unit, of = unit_of(case, dtype), CASES[case]
    sequences = {name: value.astype("float64") for name, value in values_for(unit, dtype).items()}
    return oracle.loop(of.step, parameters_of(unit), sequences, of.states, **how)


def assert_same(got, wanted, tolerance=1e-12):
    """Every value of two traces is equal, to a part of its largest absolute value."""
    assert {name for name in got if not name.startswith("final_previous")} == set(wanted)
    for name, value in wanted.items():
        assert got[name].shape == value.shape, f"{name}: {got[name].shape} is not {value.shape}"
        far = np.abs(got[name] - value).max() / np.abs(value).max()
        assert far <= tolerance, f"{name} is {far:.1e} away"
