"""The equations: every neuron's value, in one step or, outside the recurrence, in all steps at once.

Nothing is computed before it is asked for, and nothing twice. This is the only place where a unit's equations
are written.
"""

import pytensor.tensor as pt

from bricks.engine.provenance import Part, claim
from bricks.gated.neurons import ConstantNeuron, SeeingNeuron
from bricks.gated.plan import Key, key_of
from bricks.gated.wiring import Action, Complement, Connection, Same


class Evaluation:
    """Values of a unit's neurons.

    Parameters
    ----------
    unit : GatedUnit
    lead : tuple
        The lengths of the axes before the last one: (batch,), or (time, batch).
    known : dict
        From sources to their values: sequences, states, neurons computed before.
    products : dict
        From keys to products computed before.
    clamp : dict
        From neurons to the values that they are held at.
    seen_output : variable, optional
        The output as connections see it, where recurrent dropout hides some of it.
    nudge : dict
        From neurons to what is added to their values as others see them.
    """

    def __init__(self, unit, lead, known, products=(), clamp=(), seen_output=None, nudge=()):
        self.unit, self.lead = unit, tuple(lead)
        self.known, self.clamp = dict(known), dict(clamp)
        self.seen_output, self.nudge = seen_output, dict(nudge)
        self._products = dict(products)
        self._maker = unit.maker
        self._given = [*self.known.values(), *self._products.values(), *self.clamp.values(), *self.nudge.values()]
        self._given += [] if seen_output is None else [seen_output]
        self._pieces: dict[Key, dict[str, object]] = {}
        self._own: dict[str, object] = {}
        self._sums: dict[str, object] = {}
        self._cell = None

    def activation(self, name: str):
        """A neuron's value as others see it: where it is clamped, that."""
        value = self.clamp.get(name, self.known.get(name))
        value = self.own(name) if value is None else value
        return value + self.nudge[name] if name in self.nudge else value

    def own(self, name: str):
        """A neuron's value as it computes it."""
        if name not in self._own:
            neuron = Part(name, "neuron", of=self._maker)
            self._own[name] = self._compute(name)
            claim([self._own[name]], neuron, self._given)
        return self._own[name]

    def _compute(self, name: str):
        neuron = self.unit.wiring.neurons[name]
        if isinstance(neuron, Same):
            return self.activation(neuron.of)
        if not isinstance(neuron, Complement):
            brick = self.unit.bricks[name]
            return brick.value(self.unit.dtype) if isinstance(brick, ConstantNeuron) else brick.act(self.sum_of(name))
        other = neuron.of
        while isinstance(self.unit.wiring.neurons[other], Same):
            other = self.unit.wiring.neurons[other].of
        if neuron.shift == 0:
            return 1 - (self.known[other] if other in self.known else self.own(other))
        return 1 - self.unit.bricks[other].act(self.sum_of(other) - neuron.shift)

    def sum_of(self, name: str):
        """a_n: the sum of what a neuron sees, and its bias."""
        if name not in self._sums:
            self._sums[name] = self._sum(self.unit.bricks[name], name)
        return self._sums[name]

    def _sum(self, brick: SeeingNeuron, name: str):
        unit, joint, others = self.unit, [], []
        for connection in brick.neuron.sees:
            value = self._contribution(brick, name, connection)
            if connection.kind == "dense" and unit.normalization == "separate":
                value = unit.normalized(value, brick.gains[connection.label])
            (joint if connection.kind != "diagonal" and unit.normalization == "joint" else others).append(value)
        if brick.b is not None and not (unit.normalization is None and unit.plan.bias_home(name)):
            others.append(brick.b)
        if not brick.layers:
            return _total([*([unit.normalized(_total(joint), brick.gains[None])] if joint else []), *others])
        total, bias = brick.above(_total([*joint, *others]))
        total = unit.normalized(total, brick.gains[None]) if joint else total
        return total if bias is None else total + bias

    def _contribution(self, brick: SeeingNeuron, name: str, connection: Connection):
        gate = None if connection.gated_by is None else self.activation(connection.gated_by)
        if connection.kind == "dense":
            value = self._piece(key_of(connection), name)
        else:
            value = self._source(connection.source)
            value = value if gate is None or connection.at == "product" else gate * value
            value = value * brick.weights[connection.label] if connection.kind == "diagonal" else value
        if gate is None or connection.at == "source":
            return value
        bias = brick.product_biases[connection.label]
        return gate * (value + bias)

    def _source(self, source: str):
        if source == "output" and self.seen_output is not None:
            return self.seen_output
        if source == "new_cell":
            return self.new_cell()
        if source in self.unit.wiring.neurons:
            return self.activation(source)  # where it is clamped, that
        return self.known[source]

    def product(self, key: Key):
        """What neurons see densely, times their matrices side by side; biases that belong there are added."""
        if key not in self._products:
            source, gate = key
            value = self.full(self._source(source))
            value = value if gate is None else self.activation(gate) * value
            self._products[key] = self.unit.multiplied(key, value)
            if len(self.unit.plan.targets[key]) > 1:
                claim([self._products[key]], self._maker, self._given)
        return self._products[key]

    def _piece(self, key: Key, name: str):
        if key not in self._pieces:
            names = self.unit.plan.targets[key]
            widths = [self.unit.bricks[n].width for n in names]
            product = self.product(key)
            parts = (
                [product]
                if len(names) == 1
                else pt.split(product, widths, n_splits=len(names), axis=product.type.ndim - 1)
            )
            self._pieces[key] = dict(zip(names, parts, strict=True))
        return self._pieces[key][name]

    def new_cell(self):
        """c_t, as it is before zoneout and masks."""
        if self._cell is None:
            z = self._acted(self.activation("candidate"), "dendrite")
            cut = self.unit.wiring.body is None
            self._cell = self.full(z) if cut else self._acted(self.known["cell"], "body") + z
            claim([self._cell], self._maker, self._given)
        return self._cell

    def output(self):
        """h_t, as it is before zoneout and masks."""
        cell = self.new_cell()
        if self.unit.cell_normalization is not None:
            cell = self.unit.cell_normalization.of(cell, self.unit.epsilon)
        return self._acted(self.unit.psi(cell), "axon")

    def _acted(self, value, place: str):
        for action in self.unit.wiring.acting(place):
            value = apply_action(action, value, self.activation(action.neuron))
        return value

    def full(self, value):
        """A constant's or a clamp's value, for every step and example."""
        if value.type.ndim == len(self.lead) + 1:
            return value
        return pt.alloc(value, *self.lead, self.unit.dim)


def apply_action(action: Action, value, gate):
    """What a gate does to a value.

    multiply: x * (1 - k + k g)        subtract: x - k g        shunt: x / (1 + k g)
    """
    k = action.strength
    scaled = gate if k == 1 else k * gate
    if action.kind == "multiply":
        return value * (scaled if k == 1 else (1 - k) + scaled)
    return value - scaled if action.kind == "subtract" else value / (1 + scaled)


def _total(terms: list):
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
