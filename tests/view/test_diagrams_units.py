"""Units drawn as neurons: gates attach where the wiring says, nothing lies on anything else, equations hold."""

import re

import diagram_texts as texts
import numpy as np
import paper_formulas
import pytensor
import pytensor.tensor as pt
import pytest

from bricks.errors import UsageError
from bricks.gated import WIRINGS, Action, Complement, Connection, Constant, GatedUnit, Neuron, Same, Wiring
from bricks.gated.wiring import Membrane, previous_of
from bricks.view import unit_diagram, wirings_table
from bricks.view.diagrams.anatomy import Anatomy
from bricks.view.diagrams.equations import equations, letters
from bricks.view.diagrams.parts import SMALL, WHOLE

IN_PYTHON = pytensor.compile.Mode("py", None)
WIDTHS = {"feedback": 2, "hippocampus": 3, "modulator": 2}


def surprised():
    """A wiring of a user's own: acts with a strength, sees a neuron of the step and itself a step ago."""
    sees = (Connection("candidate", "diagonal"), Connection("cell"), Connection("previous(surprise)", "diagonal"))
    axon = (Action("multiply", "output_gate"), Action("shunt", "surprise", 0.5))
    return WIRINGS["lstm"]().but(name="surprised", neurons={"surprise": Neuron(sees, "softplus")}, axon=axon)


def tangled():
    """Everything at once: gates on gates, several actions at a place, hidden layers, direct connections."""
    return Wiring(
        {
            "slow": Membrane(5.0, learned=True),
            "half": Constant(0.5),
            "candidate": Neuron((Connection("input"), Connection("output")), "tanh", hidden=(4, 3)),
            "gate": Neuron((Connection("input"), Connection("cell", "diagonal", gated_by="half"))),
            "other": Neuron(
                (Connection("gate", "direct", gated_by="half"), Connection("input")), "rectifier", bias=None
            ),
            "double": Same("gate"),
            "opposite": Complement("gate", 0.5),
        },
        dendrite=(Action("multiply", "gate"), Action("subtract", "other", -2.0)),
        body=(Action("multiply", "slow"), Action("shunt", "gate", 0.5)),
        axon=(Action("multiply", "opposite"), Action("subtract", "double")),
        name="tangled",
    )


EVERY = {**WIRINGS, "gru(product)": lambda: WIRINGS["gru"]("product"), "surprised": surprised, "tangled": tangled}


def made(name, **settings):
    wiring = EVERY[name]()
    return GatedUnit(wiring, 5, 6, {s: WIDTHS[s] for s in wiring.sequences}, seed=1, **settings)


@pytest.mark.parametrize("name", EVERY)
def test_gates_attach_where_the_wiring_says(name):
    wiring = EVERY[name]()
    anatomy = Anatomy(wiring)
    start, body = anatomy.at["candidate"][0], anatomy.body
    lies = {
        "dendrite": lambda a: start < a.x < body and a.y == 0,
        "body": lambda a: a.y > 0,
        "axon": lambda a: body < a.x < anatomy.end and a.y == 0,
    }
    for place, right in lies.items():
        there = [a for a in anatomy.acting if a.place == place]
        assert all(map(right, there))
        there.sort(key=lambda a: -a.x if place == "body" else a.x)  # the cell's past runs from the right to the left
        assert [(a.neuron, a.kind, a.strength) for a in there] == [
            (a.neuron, a.kind, a.strength) for a in wiring.acting(place)
        ]
    # Where a gate acts in one place alone, it stands above that.
    for gate in wiring.neurons:
        acts = [a for a in anatomy.acting if a.neuron == gate]
        if len(acts) == 1 and gate != "candidate" and acts[0].place != "connection":
            assert acts[0].x == anatomy.at[gate][0]


@pytest.mark.parametrize("name", EVERY)
def test_every_action_connection_and_matrix_is_drawn(name):
    unit, wiring = made(name), EVERY[name]()
    picture = unit.diagram()
    told, boxes = texts.titles(picture), texts.boxes(picture)
    for place in ("dendrite", "body", "axon"):
        for action in wiring.acting(place):
            strength = "" if action.strength == 1 else f", strength {action.strength:g}"
            assert f"{place}: {action.kind} by the {action.neuron.replace('_', ' ')}{strength}" in told
    gated = 0
    for neuron in unit.wiring.neurons.values():
        for connection in neuron.sees if isinstance(neuron, Neuron) else ():
            gated += connection.gated_by is not None
            if connection.source not in unit.wiring.neurons:
                assert any(t.startswith(f"{connection.source.replace('_', ' ')}, {connection.kind}") for t in told)
    assert sum(title.startswith("connection: multiply") for title in told) == gated
    for path, variable in unit.all_parameters().items():
        if path.rpartition("/")[2].startswith(("W_", "w_")) and not re.search(r"/W_\d", path):
            size = " × ".join(map(str, variable.type.shape))
            assert any(box.endswith(size) for box in boxes), f"{path} {size}"


@pytest.mark.parametrize("name", EVERY)
def test_each_junction_is_reached_by_its_gate(name):
    wiring = EVERY[name]()
    picture = wiring.diagram()
    titles, graph = picture.titles, picture.graph
    by_neuron = {
        n: next(k for k, t in titles.items() if t.startswith(f"{n.replace('_', ' ')}: ")) for n in wiring.neurons
    }
    for node, title in titles.items():
        match = re.match(r"(?:dendrite|body|axon|connection): \w+ by the ([\w ]+)", title)
        if match:
            assert graph.has_edge(by_neuron[match[1].replace(" ", "_")], node), title
    for n, neuron in wiring.neurons.items():
        of = getattr(neuron, "of", None)
        sources = [c.source for c in neuron.sees] if isinstance(neuron, Neuron) else [of] if of else []
        for source in sources:
            if source in wiring.neurons:
                assert graph.has_edge(by_neuron[source], by_neuron[n])


@pytest.mark.parametrize("sizes", [WHOLE, SMALL], ids=["whole", "small"])
@pytest.mark.parametrize("name", EVERY)
def test_nothing_lies_on_anything_else(name, sizes):
    anatomy = Anatomy(EVERY[name](), sizes)
    (w, h), r = sizes.gate, sizes.action
    frames = [(p.x, p.y, p.width, sizes.pill, p) for p in anatomy.pills]
    frames += [(x, y, w, h, n) for n, (x, y) in anatomy.at.items()]
    frames += [(a.x, a.y, r, r, a) for a in anatomy.acting]
    frames += [(anatomy.body, 0, sizes.body, sizes.body, "body")]
    frames += [
        (*anatomy.layer_at(n, k), *sizes.layer, (n, k)) for n in anatomy.at for k in range(len(anatomy.hidden(n)))
    ]
    for k, (x, y, wide, high, what) in enumerate(frames):
        for x2, y2, wide2, high2, other in frames[:k]:
            apart = abs(x - x2) >= (wide + wide2) / 2 - 0.1 or abs(y - y2) >= (high + high2) / 2 - 0.1
            assert apart, f"{what} lies on {other}"


@pytest.mark.parametrize("name", EVERY)
def test_the_equations_give_what_the_unit_computes(name):
    unit = made(name)
    rng = np.random.default_rng(0)
    for variable in unit.all_parameters().values():
        variable.set_value(rng.normal(0, 0.5, variable.type.shape).astype(variable.type.dtype))
    rows = {s: rng.normal(size=(1, width)) for s, width in {"input": 5, **unit.sequences}.items()}
    states = {s: rng.random((1, 6)) for s in unit.states}
    given = {k: pt.matrix(str(n), dtype=unit.dtype) for n, k in enumerate([*rows, *states])}
    new, neurons = unit.step({s: given[s] for s in rows}, {s: given[s] for s in states})
    outputs = {**new, **neurons}
    data = [value.astype(unit.dtype) for value in (*rows.values(), *states.values())]
    run = pytensor.function([*given.values()], [*outputs.values()], mode=IN_PYTHON)
    true = dict(zip(outputs, run(*data), strict=True))
    values, symbols = _values(unit, rows, states), letters(unit.wiring)
    for line in equations(unit.wiring):
        symbol, _, formula = line.partition(" = ")
        if symbol[0] in "fis" and "," in formula and "learned" in formula or re.search(r"τ|a_\{|^[\d.]+", formula):
            own = next(n for n, s in symbols.items() if f"{s}_t" == symbol)  # a constant, or what has no symbol: given
            values[symbol] = true[own][0]
            continue
        values[symbol] = paper_formulas.evaluate(formula, values)
    states_now = {"h_t": true["output"], "c_t": true.get("cell", true["output"])}
    for symbol, value in {**{f"{s}_t": true[n] for n, s in symbols.items()}, **states_now}.items():
        if symbol in values:
            np.testing.assert_allclose(values[symbol], value[0], rtol=2e-5, atol=1e-6, err_msg=symbol)
    assert "h_t" in values


def _values(unit, rows, states):
    """What stands in the equations, as columns: parameters, sequences, states."""
    symbols = letters(unit.wiring)
    values = {
        "x_t": rows["input"][0],
        "h_{t-1}": states["output"][0],
        "c_{t-1}": states.get("cell", states["output"])[0],
    }
    values |= {f"{s}_t": value[0] for s, value in rows.items() if s != "input"}
    values |= {f"{symbols[previous_of(s)]}_{{t-1}}": v[0] for s, v in states.items() if previous_of(s)}
    for name, brick in unit.bricks.items():
        own, neuron = symbols[name], unit.wiring.neurons[name]
        for connection in neuron.sees if isinstance(neuron, Neuron) else ():
            weight = {"input": "W", "output": "U", "cell": "V", "new_cell": "V"}.get(connection.source)
            source = symbols.get(previous_of(connection.source) or connection.source, connection.source)
            below = own if weight else f"{{{own},{source}}}"
            kept = brick.weights.get(connection.label)
            if kept is not None:
                letter = weight or "W"
                dense = connection.kind == "dense"
                values[f"{letter if dense else letter.lower()}_{below}"] = kept.get_value().T
            if connection.label in brick.product_biases:
                values[f"b'_{own}"] = brick.product_biases[connection.label].get_value()
        for path, variable in brick.parameters.items():
            match = re.fullmatch(r"([Wb])(?:_(\d))?", path)
            if match:
                letter = "V" if match[1] == "W" else "b"
                values[f"{letter}_{{{own}{match[2]}}}" if match[2] else f"{letter}_{own}"] = variable.get_value().T
    return values


@pytest.mark.parametrize("name", ["lstm_peephole", "gru", "lgn", "surprised", "lstm_full_gate_recurrence", "tangled"])
def test_unfolded_every_step_has_its_neurons_and_gets_what_the_last_one_gave(name):
    unit = made(name)
    picture = unit.diagram(steps=3)
    boxes = [box.replace(" ", "") for box in texts.boxes(picture)]  # an index is a text of its own
    told, graph = picture.titles, picture.graph
    state = "h" if unit.wiring.one_state else "c"
    for t in range(4):
        assert f"{state}{t}" in boxes
        assert (f"x{t}" in boxes) is (t > 0)
    cells = [next(k for k, title in told.items() if title == f"the cell at step {t}") for t in (1, 2, 3)]
    if unit.wiring.body is not None:
        assert graph.has_edge(cells[0], cells[1]) and graph.has_edge(cells[1], cells[2])
    for neuron in unit.wiring.neurons:
        assert sum(t.startswith(f"{neuron.replace('_', ' ')} at step ") for t in told.values()) == 3
    acting = [a for place in ("dendrite", "body", "axon") for a in unit.wiring.acting(place)]
    for action in acting:
        strength = "" if action.strength == 1 else f", strength {action.strength:g}"
        same = [t for t in told.values() if t == f"{action.kind} by the {action.neuron.replace('_', ' ')}{strength}"]
        assert len(same) >= 3


def test_steps_are_few():
    for steps in (0, True, 13, 2.5):
        with pytest.raises(UsageError, match="steps must be"):
            unit_diagram("lstm", steps=steps)


def test_the_table_has_every_wiring_with_its_source():
    picture = wirings_table()
    said = " ".join(texts.boxes(picture))
    for name, recipe in WIRINGS.items():
        assert name in texts.boxes(picture) or f"{name} " in said
        assert recipe().reference.split(";")[0].split(" & ")[0] in said
    assert len(picture.svg) < 250_000
    assert texts.titles(picture).count("output gate: o = σ(Σ)") == sum(
        isinstance(recipe().neurons.get("output_gate"), Neuron) and not recipe().neurons["output_gate"].hidden
        for recipe in WIRINGS.values()
    )
    own = wirings_table({"mine": surprised(), "text": {"like": "gru"}, "<b>": WIRINGS["lstm"]}, columns=2)
    assert {"mine", "<b>"} <= {box.split(" ")[0] for box in texts.boxes(own)}
    with pytest.raises(UsageError, match="at least one column"):
        wirings_table(columns=0)
