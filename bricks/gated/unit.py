"""The gated unit: a wiring made of bricks, applied to sequences."""

from collections.abc import Mapping

import pytensor.tensor as pt

from bricks import engine
from bricks.brick import Brick
from bricks.errors import UsageError
from bricks.gated import inputs as check
from bricks.gated.activations import BOUNDS, activation_of
from bricks.gated.evaluation import Evaluation
from bricks.gated.neurons import ConstantNeuron, Initial, SeeingNeuron, last_bias
from bricks.gated.noise import Noise
from bricks.gated.normalization import CellNormalization, standardized
from bricks.gated.notation import wiring_of
from bricks.gated.plan import Plan
from bricks.gated.trace import Trace
from bricks.gated.wiring import Complement, Connection, Constant, Membrane, Neuron, Same, Wiring, previous_of
from bricks.initialization import Chrono
from bricks.layers.checks import check_dim

NORMALIZATIONS = ("joint", "separate")


class GatedUnit(Brick):
    """A layer of recurrent units with any wiring of gates.

        z_t = candidate,   c_t = body(c_{t-1}) + dendrite(z_t),   h_t = axon(psi(c_t))

    Parameters
    ----------
    wiring : Wiring, str or mapping
        Which neurons there are, what each sees and where it acts.
    input_dim, dim : int
        Features of the input, and number of units.
    sequences : dict, optional
        From the names of further input sequences to their numbers of features.
    zoneout : float or dict, optional
        The probability that a state stays as it was, in training; for `cell` and `output` each, or for both
        (Krueger et al. 2017).
    recurrent_dropout : float
        The probability that an output is hidden from what sees it a step later, by one mask a sequence (Gal &
        Ghahramani 2016).
    layer_normalization : {"joint", "separate"}, optional
        Of each neuron's sum before what comes through diagonals and its bias are added; or of each of its products,
        and of the cell before psi, where there is one (Ba et al. 2016).
    epsilon : float
        Added to the variance there.
    chrono : float, optional
        The longest time to remember, in steps: first biases of forget and input gate after Tallec & Ollivier 2018.
    learned_initial : bool
        Whether the first states that a step reads are parameters, zeros before training, or zeros for good.
    backward : {"saved", "recomputed"}
        Whether the backward pass keeps what it needs of each step, or states alone, at every sqrt(T)-th step, and
        computes again what lies between them: memory grows as sqrt(T), for one more forward pass.
    **settings
        Of `Brick`.

    Attributes
    ----------
    states : tuple of str
        What is carried from step to step: `output`, `cell` where it is not the same, `previous(n)` where seen.

    Raises
    ------
    UsageError
        If the wiring cannot work with these dimensions.

    >>> import pytensor.tensor as pt
    >>> unit = GatedUnit("lstm", input_dim=28, dim=128, seed=0)
    >>> trace = unit(pt.tensor("x", shape=(28, None, 28), dtype="float32"))
    >>> trace.forget_gate.type.shape, trace.final_cell.type.shape
    ((28, None, 128), (None, 128))
    """

    def __init__(
        self,
        wiring: Wiring | str | Mapping,
        input_dim: int,
        dim: int,
        sequences: Mapping[str, int] | None = None,
        *,
        zoneout: float | Mapping[str, float] | None = None,
        recurrent_dropout: float = 0.0,
        layer_normalization: str | None = None,
        epsilon: float = 1e-5,
        chrono: float | None = None,
        learned_initial: bool = True,
        backward: str = "saved",
        **settings,
    ):
        wiring = wiring_of(wiring)
        if chrono is not None:
            settings["initializers"] = {**_chrono(wiring, chrono), **(settings.get("initializers") or {})}
        super().__init__(**settings)
        self.suggest_name(wiring.name)
        self.input_dim = check_dim(self, "input_dim", input_dim)
        self.dim = self.output_dim = check_dim(self, "dim", dim)
        self.wiring, self.sequences = check.with_widths(self, wiring, sequences or {})
        if layer_normalization not in (None, *NORMALIZATIONS):
            raise UsageError(
                f"{self.path}: layer_normalization must be one of {', '.join(NORMALIZATIONS)}, or None, "
                f"got {layer_normalization!r}"
            )
        if not 0 < epsilon < 1:
            raise UsageError(f"{self.path}: epsilon must be a small number above 0, got {epsilon!r}")
        if backward not in engine.BACKWARD:
            raise UsageError(f"{self.path}: backward must be one of {', '.join(engine.BACKWARD)}, got {backward!r}")
        self.normalization, self.epsilon, self.backward = layer_normalization, epsilon, backward
        self.plan = Plan(self.wiring, self.sequences)
        self.states = self.plan.states
        self.noise = Noise(self, zoneout, recurrent_dropout)
        self.psi = activation_of(self.wiring.squash, f"{self.path}: squash")
        self.dtype = engine.floatX()
        self.bricks = {name: self._brick(name, neuron) for name, neuron in self.wiring.neurons.items()}
        self.bricks = {name: brick for name, brick in self.bricks.items() if brick is not None}
        normalizes_cell = layer_normalization == "separate" and not self.wiring.one_state  # h = c has no psi
        self.cell_normalization = CellNormalization(self.dim) if normalizes_cell else None
        learned = self.plan.learned if learned_initial else ()
        self._initial = Initial(learned, self.dim) if learned else None
        self.children = [b for b in (*self.bricks.values(), self.cell_normalization, self._initial) if b is not None]

    def _brick(self, name: str, neuron) -> Brick | None:
        if isinstance(neuron, Complement | Same):
            return None
        try:
            return self._made(name, neuron)
        except UsageError as error:  # the neuron does not know yet whose it is
            raise UsageError(f"{self.path}/{error}") from None

    def _made(self, name: str, neuron) -> Brick:
        if isinstance(neuron, Constant | Membrane):
            return ConstantNeuron(neuron, self.dim, name=name)
        widths = {c.source: {"input": self.input_dim, **self.sequences}.get(c.source, self.dim) for c in neuron.sees}
        return SeeingNeuron(neuron, widths, self.dim, self.normalization, name=name)

    def apply(self, input_, mask=None, initial=None, reverse: bool = False, clamp=None, nudge=None, **sequences):
        """Run over sequences.

        Parameters
        ----------
        input_ : (time, batch, input_dim)
        mask : (time, batch), optional
            Where it is 0 (not above), every state carries over; inputs there must be finite all the same.
        initial : dict, optional
            From states to first values, (dim,) or (batch, dim), instead of the learned ones.
        reverse : bool
            From the last step to the first; the trace is in the order of the input.
        clamp : dict, optional
            From neurons to values that they are held at: a number, (dim,), (batch, dim) or (time, batch, dim). The
            complement of a clamped neuron is computed as if that were not clamped.
        nudge : dict, optional
            From states or neurons to what is added to them, (time, batch, dim): zeros, to differentiate by.
        **sequences
            Further input sequences by name, (time, batch, their width).

        Returns
        -------
        Trace
        """
        if not isinstance(reverse, bool):
            raise UsageError(f"{self.path}: reverse must be True or False, got {reverse!r}")
        sequences = check.sequences(self, {"input": input_, **sequences}, 3)
        mask = check.mask(self, mask, input_)
        time, batch = (check.length(input_, axis) for axis in (0, 1))
        held = check.clamp(self, clamp, (time, batch))
        still = {name: value for name, value in held.items() if value.type.ndim < 3}
        given = {("known", name): value for name, value in sequences.items()}
        given |= {("clamp", name): value for name, value in held.items() if name not in still}
        given |= {("noise", name): value for name, value in self.noise.sequences(time, batch, input_).items()}
        given |= {("nudge", name): value for name, value in check.nudge(self, nudge, (time, batch)).items()}
        given |= {} if mask is None else {("mask", ""): mask}
        start = self.initial(batch, initial)
        seen = self.noise.hidden_output(batch, input_)
        n, how = len(given), {"reverse": reverse, "name": self.current_call.name}

        def work(*arguments):
            rows = dict(zip(given, arguments[:n], strict=True))
            return self._over(rows, arguments[n:], batch, still, seen, how)

        arguments = [*given.values(), *start.values()]
        if self.backward == "recomputed":  # with the products before the loop, which are the largest of all
            finals, traces = engine.in_segments(work, arguments[:n], arguments[n:], **how)
        else:
            finals, traces = work(*arguments)
        traced = dict(zip([*self.states, *self.wiring.neurons], traces, strict=True))
        trace = {"output": traced["output"], "cell": traced.get("cell", traced["output"])}
        trace |= {name: traced[name] for name in self.wiring.neurons}
        last = dict(zip(self.states, finals, strict=True))
        last.setdefault("cell", last["output"])
        return Trace(trace | {f"final_{state}": value for state, value in last.items()})

    def _over(self, given: Mapping, start, batch, still: Mapping, seen, how: Mapping):
        """Some steps, from what they are given and first states: last states; states and neurons of each step."""
        sequences = {name: row for (part, name), row in given.items() if part == "known"}
        lead = (check.length(sequences["input"], 0), batch)
        held = still | {name: row for (part, name), row in given.items() if part == "clamp"}
        outside, rows = self._before(sequences, lead, held)
        rows |= given
        names = [n for n in self.wiring.neurons if n not in held and n not in self.plan.before | self.plan.fixed]

        def step(*arguments):
            now = dict(zip(rows, arguments, strict=False))
            states = dict(zip(self.states, arguments[len(rows) :], strict=True))
            evaluation = self._within(now, states, batch, still, seen)
            new = self._advance(evaluation, states, now)
            return list(new.values()), [*new.values(), *(evaluation.full(evaluation.activation(n)) for n in names)]

        finals, traces = engine.recurrence(step, list(rows.values()), list(start), **how)
        traced = dict(zip([*self.states, *names], traces, strict=True))
        others = [n for n in self.wiring.neurons if n not in traced]
        traced |= {name: outside.full(outside.activation(name)) for name in others}
        return finals, [traced[name] for name in (*self.states, *self.wiring.neurons)]

    def diagram(self, steps: int | None = None, **how):
        """The unit as a neuron with its gates, or unfolded over some steps: see `bricks.view.unit_diagram`."""
        from bricks.view import unit_diagram

        return unit_diagram(self, steps, **how)

    def bounds(self, output: str) -> tuple[float, float] | None:
        neuron = self.wiring.neurons.get(output)
        return BOUNDS.get(neuron.activation) if isinstance(neuron, Neuron) else None

    def final(self, trace: Mapping) -> dict:
        """The last states of a trace, as `initial` of what comes next."""
        return {state: trace[f"final_{state}"] for state in self.states}

    def step(self, inputs, states: Mapping, clamp: Mapping | None = None, nudge: Mapping | None = None):
        """One step, for use inside another recurrence.

        Parameters
        ----------
        inputs : variable (batch, input_dim), or dict
            The input's row, or the rows of all input sequences by name.
        states : dict
            As `initial` gives them, and as this returns them.
        clamp : dict, optional
            From neurons to values that they are held at: a number, (dim,) or (batch, dim).
        nudge : dict, optional
            From states or neurons to what is added to them, (batch, dim).

        Returns
        -------
        (new states, activations)
            Two dicts: (batch, dim) by the names of `states`, and by the names of neurons. Noise is at its expected
            value; what is learned outside the step (products over all of time) is computed in it.
        """
        inputs = inputs if isinstance(inputs, Mapping) else {"input": inputs}
        inputs = check.sequences(self, dict(inputs), 2)
        batch = check.length(inputs["input"], 0)
        states = check.states(self, states, batch)
        held = check.clamp(self, clamp, (batch,))
        _, rows = self._before(inputs, (batch,), held)
        rows |= {("nudge", name): value for name, value in check.nudge(self, nudge, (batch,)).items()}
        evaluation = self._within(rows, states, batch, held, None)
        new = self._advance(evaluation, states, rows)
        return new, {name: evaluation.full(evaluation.activation(name)) for name in self.wiring.neurons}

    def initial(self, batch, given: Mapping | None = None) -> dict:
        """First states, (batch, dim) each: those given, the learned ones, or zeros."""
        given = check.initial(self, given, batch)
        learned = self._initial.states if self._initial is not None else {}
        zeros = pt.zeros((self.dim,), dtype=self.dtype)
        values = {name: given.get(name, learned.get(name, zeros)) for name in self.states}
        return {n: v if v.type.ndim == 2 else pt.alloc(v, batch, self.dim) for n, v in values.items()}

    def multiplied(self, key, value):
        """Values (..., width) times the matrices of all neurons that see them, side by side."""
        source, _ = key
        names = self.plan.targets[key]
        matrices = [self.bricks[n].weights[Connection(source).label] for n in names]
        product = pt.dot(value, matrices[0] if len(names) == 1 else pt.join(1, *matrices))
        homes = {n for n in names if self.normalization is None and self.plan.bias_home(n) == key}
        homes = {n for n in homes if self.bricks[n].b is not None}
        if not homes:
            return product
        zero = [pt.zeros((self.bricks[n].width,), dtype=self.dtype) for n in names]
        biases = [self.bricks[n].b if n in homes else z for n, z in zip(names, zero, strict=True)]
        return product + (biases[0] if len(names) == 1 else pt.join(0, *biases))

    def _before(self, sequences: Mapping, lead, held: Mapping):
        """What is known before the recurrence, or in a single step before its states: values, and rows of them."""
        whole = {n: v if v.type.ndim == len(lead) + 1 else pt.alloc(v, *lead, self.dim) for n, v in held.items()}
        outside = Evaluation(self, lead, sequences, clamp=whole)
        rows = {("known", name): value for name, value in sequences.items()}
        rows |= {("known", name): outside.own(name) for name in self.plan.before}
        for key, names in self.plan.targets.items():
            if self.plan.known_before(key) and not self.plan.before.issuperset(names):
                rows["product", key] = outside.product(key)
        return outside, rows

    def _within(self, rows: Mapping, states: Mapping, batch, still: Mapping, seen):
        """The evaluation of one step."""
        parts = {"known": {"cell": states["output"], **states}, "product": {}, "clamp": dict(still)}
        for (part, key), row in rows.items():
            parts.setdefault(part, {})[key] = row
        hidden = None if seen is None else states["output"] * seen
        return Evaluation(
            self, (batch,), parts["known"], parts["product"], parts["clamp"], hidden, parts.get("nudge", {})
        )

    def _advance(self, evaluation: Evaluation, states: Mapping, rows: Mapping) -> dict:
        """The states after a step."""
        new = {"output": evaluation.output(), "cell": evaluation.new_cell()}
        new |= {s: evaluation.full(evaluation.activation(previous_of(s))) for s in self.states if s not in new}
        new = {state: new[state] for state in self.states}
        for state in self.noise.zoneout:
            kept = rows.get(("noise", state), self.noise.zoneout[state])
            new[state] = kept * states[state] + (1 - kept) * new[state]
        if ("mask", "") in rows:
            awake = pt.gt(rows["mask", ""], 0).dimshuffle(0, "x")
            new = {state: pt.switch(awake, value, states[state]) for state, value in new.items()}
        return {s: v + rows["nudge", s] if ("nudge", s) in rows else v for s, v in new.items()}

    def normalized(self, value, gain):
        """gain * (a - mean) / sqrt(variance + epsilon), over the units of a layer."""
        return gain * standardized(value, self.epsilon)


def _chrono(wiring: Wiring, longest: float) -> dict:
    biased = [n for n in ("forget_gate", "input_gate") if isinstance(wiring.neurons.get(n), Neuron)]
    if not biased:
        raise UsageError(
            f"{wiring.name}: chrono sets the first biases of forget_gate and input_gate, and the wiring has neither as "
            f"a neuron that sees something; it has {', '.join(wiring.neurons)}"
        )
    paths = {name: f"{name}/{last_bias(wiring.neurons[name])}" for name in biased}
    minus = {"forget_gate": None, "input_gate": paths.get("forget_gate", "forget_gate/b")}
    return {paths[name]: Chrono(longest, minus[name]) for name in biased}
