"""Where the parts of a gated unit lie when it is drawn as a neuron.

Along one line, from the left: what the dendrites bring (the candidate), the actions there, the body with its own past
above it, the axon. Gates stand in a row above, each over the place where it acts; what they see, above them.
"""

import re
from dataclasses import dataclass

from bricks.gated.wiring import Action, Connection, Neuron, Wiring
from bricks.view.diagrams.equations import letters, source
from bricks.view.diagrams.parts import WHOLE, Sizes


@dataclass(frozen=True)
class Pill:
    """A source that a neuron sees from outside the step, at the tip of a dendrite; an upper one's passes others."""

    neuron: str
    connection: Connection
    label: str
    x: float
    y: float
    width: float
    upper: bool = False


@dataclass(frozen=True)
class Acting:
    """A place where a neuron acts: on the line, or (with a connection) on what another sees."""

    neuron: str
    kind: str
    strength: float
    x: float
    y: float
    place: str
    connection: Connection | None = None
    on: str = ""


class Anatomy:
    """Positions of everything that a wiring has.

    Attributes
    ----------
    at : dict
        From neurons to their centres.
    pills : list of Pill
    acting : list of Acting
    body, axon, end : float
        x of the cell's body, of psi, and of the tip of the axon.
    loop : (float, float)
        From where to where the cell's past runs above it.
    left, right, top, bottom : float

    >>> from bricks.gated import WIRINGS
    >>> lstm = Anatomy(WIRINGS["lstm"]())
    >>> [name for name, _ in sorted(lstm.at.items(), key=lambda item: item[1])]
    ['candidate', 'input_gate', 'forget_gate', 'output_gate']
    """

    def __init__(self, wiring: Wiring, sizes: Sizes = WHOLE):
        self.wiring, self.sizes, self.symbols = wiring, sizes, letters(wiring)
        self.at: dict[str, tuple[float, float]] = {}
        self.pills: list[Pill] = []
        self.acting: list[Acting] = []
        homes = {name: home_of(wiring, name) for name in wiring.neurons if name != "candidate"}
        self.columns = {home: [n for n, own in homes.items() if own == home] for home in _HOMES}
        self._edge = 0.0  # what is free, from here to the right, in the gates' row
        self._place_line()
        self._place_fans()
        self._place_connections()
        widths = [(p.x - p.width / 2, p.x + p.width / 2) for p in self.pills]
        half = sizes.gate[0] / 2
        self.left = min([a for a, _ in widths] + [x - half for x, _ in self.at.values()])
        self.right = max([b for _, b in widths] + [x + half for x, _ in self.at.values()] + [self.end])
        heights = [y + sizes.gate[1] / 2 for _, y in self.at.values()]
        self.top = max([*heights, *(p.y + sizes.pill / 2 for p in self.pills), self._past_top()])
        self.bottom = min([p.y - sizes.pill / 2 for p in self.pills] + [-sizes.body / 2])

    def _past_top(self) -> float:
        return 0.0 if self.wiring.body is None else self.sizes.loop + self.sizes.action / 2

    def seen(self, name: str) -> list[Connection]:
        """What a neuron sees that isn't another neuron of the step."""
        neuron = self.wiring.neurons[name]
        sees = neuron.sees if isinstance(neuron, Neuron) else ()
        return [c for c in sees if c.source not in self.wiring.neurons]

    def label(self, connection: Connection) -> str:
        """A source's symbol; without its time where that is clear and room is short."""
        symbol = source(connection.source, self.symbols)
        if self.sizes.whole or connection.source.startswith("previous"):
            return symbol
        return "c'" if connection.source == "new_cell" else symbol.partition("_")[0]

    def hidden(self, name: str) -> tuple[int, ...]:
        neuron = self.wiring.neurons[name]
        return neuron.hidden if isinstance(neuron, Neuron) else ()

    def layer_at(self, name: str, k: int) -> tuple[float, float]:
        """The middle of a neuron's k-th hidden layer, counted from what it sees: above it, left of the candidate."""
        (x, y), (width, _), left = self.at[name], self.sizes.layer, len(self.hidden(name)) - k
        if name == "candidate":
            return x - self.sizes.gate[0] / 2 + width / 2 - left * (width + self.sizes.action), y
        return x, y + self.sizes.layers * (left + 0.12)

    # The line.

    def _place_line(self) -> None:
        sizes, wiring = self.sizes, self.wiring
        for name in self.columns["between"]:
            self._column(name)
        own = [self._width(c) for c in self.seen("candidate")]
        self._pill_x = max(own, default=0) / 2
        least = self._pill_x + max(own, default=0) / 2 + sizes.action
        for name in self.columns["connection"]:
            least = self._column(name, least) + sizes.action
        least += len(self.hidden("candidate")) * (sizes.layer[0] + sizes.action)
        x = least + sizes.gate[0] / 2 + (2 if sizes.whole else 1.2) * sizes.action
        self.at["candidate"] = (x, 0.0)
        x += sizes.gate[0] / 2 + 1.4 * sizes.action
        for action in wiring.acting("dendrite"):
            x = self._act("dendrite", action, x, 0.0) + 1.5 * sizes.action
        x += sizes.body / 2 + 0.4 * sizes.action
        past: list[float] = []
        for action in reversed(wiring.acting("body")):
            least = max(x, past[-1] + 1.5 * sizes.action) if past else x
            past.append(self._act("body", action, least, sizes.loop))
        self.body = max(x, (past[0] + past[-1]) / 2) if past else x
        self.loop = (min([self.body, *past]), max([self.body, *past]))
        x = self.loop[1] + (sizes.action if len(past) > 1 else 0) + sizes.body / 2 + 1.6 * sizes.action
        self.axon = None
        if wiring.squash != "identity":
            self.axon = x + sizes.action * 0.6
            x = self.axon + 2.4 * sizes.action
        for action in wiring.acting("axon"):
            x = self._act("axon", action, x, 0.0) + 1.6 * sizes.action
        self.end = x + (1.6 if sizes.whole else 0.4) * sizes.action
        for home in ("dendrite", "body", "axon"):  # of actions whose strength is 0
            for name in self.columns[home]:
                if name not in self.at:
                    self._column(name)

    def _act(self, place: str, action: Action, least: float, y: float) -> float:
        """Put an action on the line, not left of `least`, below its gate, if this has no place yet."""
        name = action.neuron
        x = least
        if name != "candidate" and name not in self.at and home_of(self.wiring, name) == place:
            x = self._column(name, least)
        self.acting.append(Acting(name, action.kind, action.strength, x, y, place))
        return x

    def _column(self, name: str, least: float = -1e9) -> float:
        """Put a gate in the row, right of those that are there; gives its x."""
        fan = self._fan(name)
        half = max([self.sizes.gate[0] / 2, *(abs(x) + width / 2 for _, x, width, _ in fan)]) + self.sizes.gap
        x = max(self._edge + half, least)
        self._edge = x + half
        self.at[name] = (x, self.sizes.row)
        return x

    # What they see.

    def _width(self, connection: Connection) -> float:
        shown = len(re.sub(r"[_{}']", "", self.label(connection)))
        return max(self.sizes.pill_width, shown * self.sizes.font * 0.52 + 0.8 * self.sizes.font)

    def _fan(self, name: str) -> list[tuple[Connection, float, float, bool]]:
        """What a neuron sees, from its middle: connection, x, width, and whether in the upper row.

        There are two rows where one would be long; the upper one's dendrites pass through the lower one's gaps.
        """
        seen, gap = self.seen(name), self.sizes.gap
        widths = [self._width(c) for c in seen]
        if len(seen) <= self.sizes.per_row:
            lower, upper = list(range(len(seen))), []
        else:
            many = len(seen) // 2 + 1
            narrow = sorted(range(len(seen)), key=lambda k: (widths[k], k))
            lower, upper = sorted(narrow[:many]), sorted(narrow[many:])
        first = (len(lower) - 1 - len(upper)) // 2  # of the gaps that are passed
        room = {k: widths[k] for k in lower}
        for n, (a, b) in enumerate(zip(upper, upper[1:], strict=False), start=first + 1):
            room[lower[n]] = max(room[lower[n]], (widths[a] + widths[b]) / 2)
        x, placed, gaps = -(sum(room.values()) + gap * (len(lower) - 1)) / 2, [], []
        for k in lower:
            placed.append((seen[k], x + room[k] / 2, widths[k], False))
            x += room[k] + gap
            gaps.append(x - gap / 2)
        return placed + [(seen[k], gaps[first + n], widths[k], True) for n, k in enumerate(upper)]

    def _place_fans(self) -> None:
        sizes = self.sizes
        for name, (x0, y0) in self.at.items():
            for connection, x, width, upper in self._fan(name) if name != "candidate" else ():
                y = y0 + sizes.fan + len(self.hidden(name)) * sizes.layers
                y += (sizes.pill + 1.5 * sizes.gap) * upper
                self.pills.append(Pill(name, connection, self.label(connection), x0 + x, y, width, upper))
        seen = sorted(self.seen("candidate"), key=lambda c: c.gated_by is None)
        step = sizes.pill + (1.2 if sizes.whole else 2.5) * sizes.gap
        for k, connection in enumerate(seen):
            y = ((len(seen) - 1) / 2 - k) * step
            width = self._width(connection)
            self.pills.append(Pill("candidate", connection, self.label(connection), self._pill_x, y, width))

    def _place_connections(self) -> None:
        """Where neurons act on what others see from outside the step."""
        sizes = self.sizes
        for pill in self.pills:
            gate = pill.connection.gated_by
            if gate is None:
                continue
            x, y = self.layer_at(pill.neuron, 0) if self.hidden(pill.neuron) else self.at[pill.neuron]
            if pill.neuron == "candidate":
                least = pill.x + pill.width / 2 + sizes.action
                px = max(min(self.at[gate][0], x - sizes.gate[0] / 2 - sizes.action), least)
                py = pill.y
            else:
                px, py = (x + pill.x) / 2, (y + sizes.gate[1] / 2 + pill.y - sizes.pill / 2) / 2
            self.acting.append(Acting(gate, "multiply", 1.0, px, py, "connection", pill.connection, pill.neuron))


_HOMES = ("between", "connection", "dendrite", "body", "axon")


def home_of(wiring: Wiring, name: str) -> str:
    """The place that a neuron stands over: the first where it acts on the cell; else on what the candidate sees.

    >>> from bricks.gated import WIRINGS
    >>> [home_of(WIRINGS["gru"](), name) for name in ("input_gate", "forget_gate", "reset_gate")]
    ['dendrite', 'body', 'connection']
    """
    for place in ("dendrite", "body", "axon"):
        if any(action.neuron == name for action in getattr(wiring, place) or ()):
            return place
    seen = wiring.neurons["candidate"].sees
    return "connection" if any(c.gated_by == name for c in seen) else "between"
