"""What of a wiring can be computed where: outside the recurrence or inside, and in which products.

A neuron that sees sequences alone, directly or through others, is computed for all steps at once. Everything
that some neurons see densely is multiplied by one matrix, theirs side by side.
"""

from collections.abc import Mapping

from bricks.gated.wiring import STATES, Complement, Connection, Neuron, Same, Wiring, previous_of

Key = tuple[str, str | None]  # a source, and the neuron that gates it before the product


def key_of(connection: Connection) -> Key:
    """What is multiplied by the connection's matrix."""
    return connection.source, connection.gated_by if connection.at == "source" else None


class Plan:
    """The order of work for a wiring.

    Attributes
    ----------
    before : set of str
        Neurons that depend on sequences alone.
    fixed : set of str
        Those that depend on nothing: constants, and their complements.
    targets : dict
        From each key to the neurons that see it densely, in the wiring's order.
    states : tuple of str
        What is carried from step to step: `output`, `cell` unless it is the same, `previous(n)`.
    learned : tuple of str
        Those of `output` and `cell` that a step reads, so that their first values matter.
    """

    def __init__(self, wiring: Wiring, sequences: Mapping[str, int]):
        self.wiring, self.sequences = wiring, {"input", *sequences}
        self.before = {name for name in wiring.neurons if self._is_before(name)}
        self.fixed = {name for name in wiring.neurons if self._is_fixed(name)}
        self.targets: dict[Key, list[str]] = {}
        seen = []
        for name, neuron in wiring.neurons.items():
            for connection in neuron.sees if isinstance(neuron, Neuron) else ():
                if connection.kind == "dense":
                    self.targets.setdefault(key_of(connection), []).append(name)
                if previous_of(connection.source) is not None:
                    seen.append(connection.source)
        read = {c.source for n in wiring.neurons.values() if isinstance(n, Neuron) for c in n.sees}
        read |= set() if wiring.body is None else {"cell"}
        self.learned = tuple(s for s in STATES if s in read)
        if wiring.one_state:
            self.learned = ("output",) if self.learned else ()
        self.states = ("output", *(() if wiring.one_state else ("cell",)), *dict.fromkeys(seen))

    def known_before(self, key: Key) -> bool:
        """Whether a product is known before the recurrence."""
        source, gate = key
        return (source in self.sequences or source in self.before) and (gate is None or gate in self.before)

    def bias_home(self, name: str) -> Key | None:
        """The product outside the recurrence that a neuron's bias is added to."""
        for connection in self.wiring.neurons[name].sees:
            key = key_of(connection)
            if connection.kind == "dense" and connection.gated_by is None and self.known_before(key):
                return key
        return None

    def _is_fixed(self, name: str) -> bool:
        neuron = self.wiring.neurons[name]
        return self._is_fixed(neuron.of) if isinstance(neuron, Complement | Same) else not isinstance(neuron, Neuron)

    def _is_before(self, name: str) -> bool:
        neuron = self.wiring.neurons[name]
        if isinstance(neuron, Complement | Same):
            return self._is_before(neuron.of)
        if not isinstance(neuron, Neuron):
            return False  # a constant is known at once, and is not a sequence
        return all(self._is_source_before(c.source) for c in neuron.sees) and all(
            self._is_before(c.gated_by) for c in neuron.sees if c.gated_by is not None
        )

    def _is_source_before(self, source: str) -> bool:
        if source in self.sequences:
            return True
        if source in (*STATES, "new_cell") or previous_of(source) is not None:
            return False
        return self._is_before(source)
