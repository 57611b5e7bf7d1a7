"""The pullback of a recurrence: another recurrence, that goes the other way.

    ds_{t-1}, dx_t = (gradient of the step at t)(ds_t, dy_t)

What a step's gradient needs of the forward pass are rows: the states that entered the step, and, where
`backward="saved"`, whatever values of the step the gradient's graph uses. They are further rows of the forward
recurrence, which a rewrite makes one with the one that was differentiated. There, a matrix that the step multiplies
by gets its gradient outside the loop, as one product over all steps:

    p_t = dot(v_t, W)    =>    dW = sum_t v_t' dp_t = dot(v', dp)   with v, dp of shape (T * batch, ...)

What the step does with other constants adds up in the loop.
"""

from dataclasses import dataclass

import pytensor
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.replace import graph_replace
from pytensor.graph.rewriting.basic import MergeOptimizer
from pytensor.graph.rewriting.utils import rewrite_graph
from pytensor.graph.traversal import ancestors
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.math import Dot
from pytensor.tensor.rewriting.shape import ShapeFeature
from pytensor.tensor.type import TensorType

from bricks.engine import provenance
from bricks.engine.recurrences import close, dependents


@dataclass
class Plan:
    """The gradient of a step, for one choice of outputs that gradients come in from.

    All variables are of one graph over the step's inputs.
    """

    forward: object  # the recurrence with further rows
    saved: list[Variable]  # the variable that each of its rows is
    inputs: list[Variable]  # of the step
    spare: dict[Variable, Variable]  # what stands for a constant where it is not a factor: {spare: constant}
    into_states: dict[int, Variable]  # cotangents that come in, by position
    into_rows: dict[int, Variable]
    of_inputs: dict[Variable, Variable]  # cotangents that go out, of rows, states and spares
    products: list[tuple[Variable, Variable, Variable]]  # (constant W, left factor, cotangent of the product)


def pullback(op, inputs, outputs, cotangents):
    """Cotangents of a recurrence's inputs, from those of its outputs."""
    pattern = op.connection_pattern(None)
    given = [not isinstance(c.type, DisconnectedType) for c in cotangents]
    wanted = [any(link and here for link, here in zip(links, given, strict=True)) for links in pattern]
    plan = _plan_of(op, tuple(given))
    sequences, states, _ = op.parted(inputs)
    step_sequences, step_states, step_constants = op.parted(plan.inputs)
    constants = dict(zip(step_constants, op.parted(inputs)[2], strict=True))
    forward = plan.forward(*inputs, return_list=True)
    stacks = {v: stack for v, stack in zip(plan.saved, forward[op.n_states :], strict=True) if v not in constants}
    stacks |= dict(zip(step_sequences, sequences, strict=True))

    n = op.n_states
    adjoints = {k: cotangents[k] if given[k] else pt.zeros_like(states[k]) for k in range(n) if k in plan.into_states}
    sums = {spare: pt.zeros_like(constants[of]) for spare, of in plan.spare.items() if spare in plan.of_inputs}
    arriving = {plan.into_rows[m]: cotangents[n + m] for m in plan.into_rows}
    before = {k: plan.into_states[k] for k in adjoints}
    adding = {spare: total.type() for spare, total in sums.items()}
    after = [
        before[k].type.filter_variable(plan.of_inputs.get(step_states[k], pt.zeros_like(before[k]))) for k in adjoints
    ]
    after += [adding[spare].type.filter_variable(adding[spare] + plan.of_inputs[spare]) for spare in sums]
    row_grads = {k: plan.of_inputs[row] for k, row in enumerate(step_sequences) if row in plan.of_inputs}
    left_inside = [left for _, left, _ in plan.products if left not in stacks]
    out = [*row_grads.values(), *(dp for *_, dp in plan.products), *left_inside]

    # The step's constants become the outer variables, so that what depends on them alone is computed outside.
    outer = constants | {spare: constants[of] for spare, of in plan.spare.items()}
    reads = {v: v.type() for v in stacks}
    rebuilt = graph_replace([*after, *out], {**outer, **reads}, strict=False)
    used = set(ancestors(rebuilt))
    reads = {v: row for v, row in reads.items() if row in used}
    arriving = {row: stack for row, stack in arriving.items() if row in used}

    rows = [*reads.values(), *arriving]
    over = [*(stacks[v] for v in reads), *arriving.values()]
    if not rows:  # a loop must know how long it is
        over, rows = [sequences[0]], [step_sequences[0].type()]
    finals, traces = close(
        rows,
        [*before.values(), *adding.values()],
        rebuilt[: len(after)],
        rebuilt[len(after) :],
        over,
        [*adjoints.values(), *sums.values()],
        not op.reverse,
        op.backward,
        f"{op.name}'s gradient",
    )
    traces = iter(traces)
    of_sequences = {k: next(traces) for k in row_grads}
    of_products = [next(traces) for _ in plan.products]
    stacks |= {left: next(traces) for left in left_inside}
    of_states = dict(zip(adjoints, finals, strict=False))
    of_constants: dict[Variable, Variable] = {}
    for (W, left, _), dp in zip(plan.products, of_products, strict=True):
        _add(of_constants, W, pt.dot(_flat(stacks[left]).T, _flat(dp)).astype(W.type.dtype))
    for spare, total in zip(sums, finals[len(adjoints) :], strict=True):
        _add(of_constants, plan.spare[spare], total)

    found = [
        *(of_sequences.get(k) for k in range(op.n_sequences)),
        *(of_states.get(k) for k in range(n)),
        *(of_constants.get(c) for c in step_constants),
    ]
    return [
        disconnected_type() if not asked else _zeros(v) if gradient is None else gradient
        for v, gradient, asked in zip(inputs, found, wanted, strict=True)
    ]


def _add(totals: dict, key, value) -> None:
    totals[key] = totals[key] + value if key in totals else value


def _zeros(variable):
    kept = _is_float(variable)
    return pt.zeros_like(variable, dtype=variable.type.dtype if kept else pytensor.config.floatX)


def _flat(stack):
    """(T, ..., n) as (T * ..., n)."""
    return stack if stack.type.ndim == 2 else stack.reshape((-1, stack.shape[stack.type.ndim - 1]), ndim=2)


def _is_float(variable) -> bool:
    return variable.type.dtype.startswith(("float", "complex"))


def _plan_of(op, given: tuple[bool, ...]) -> Plan:
    if given not in op.plans:
        op.plans[given] = _plan(op, given)
    return op.plans[given]


def _plan(op, given: tuple[bool, ...]) -> Plan:
    n_in, n_out, n = len(op.inner_inputs), len(op.inner_outputs), op.n_states
    of_outer = op.inner_inputs[op.n_sequences + n :]
    spares = [v.type() for v in of_outer]
    graph = FunctionGraph([*op.inner_inputs, *spares], op.inner_outputs, clone=True)
    MergeOptimizer().rewrite(graph)  # a product written twice is one
    step_inputs, spares = graph.inputs[:n_in], graph.inputs[n_in:]
    outside = op.backward == "saved"  # the factors of a long step's products are what shall not be kept
    factors = _part_constants(graph, dict(zip(op.parted(step_inputs)[2], spares, strict=True)), outside)

    # The gradient flows in through copies: what is known of one output must not hide what comes from another.
    new, out = graph.outputs[:n], graph.outputs[n:]
    into_states = {k: v.type() for k, v in enumerate(new) if _is_float(v)}
    into_rows = {m: v.type() for m, v in enumerate(out) if _is_float(v) and given[n + m]}
    known = {new[k].copy(): d for k, d in into_states.items()} | {out[m].copy(): d for m, d in into_rows.items()}
    rows, states, _ = op.parted(step_inputs)
    wrt = [v for v in [*rows, *states, *spares] if _is_float(v)] + [product for _, _, product in factors]
    gradients = provenance.grad(
        None, wrt, known_grads=known, disconnected_inputs="ignore", return_disconnected="none"
    ) if known and wrt else [None] * len(wrt)  # fmt: skip
    pairs = [(v, g.astype(v.type.dtype)) for v, g in zip(wrt, gradients, strict=True) if g is not None]

    # One graph of the step and its gradient, simplified together, so that values both use are the same variables.
    cotangents = [*into_states.values(), *into_rows.values()]
    both = FunctionGraph(
        [*graph.inputs, *cotangents],
        [*graph.outputs, *(left for _, left, _ in factors), *(g for _, g in pairs)],
        clone=True,
    )
    both.attach_feature(provenance.Following())
    both.attach_feature(ShapeFeature())  # lengths that are known become numbers, not rows to be saved
    rewrite_graph(both, include=("canonicalize",), exclude=("inplace",), clone=False)
    lefts = dict(zip((p for *_, p in factors), both.outputs[n_out : n_out + len(factors)], strict=True))
    came = dict(zip([*graph.inputs, *cotangents], both.inputs, strict=True))
    of_inputs, of_products = {}, {}
    for (v, _), g in zip(pairs, both.outputs[n_out + len(factors) :], strict=True):
        if v in came:
            of_inputs[came[v]] = g
        else:
            of_products[v] = g
    products = [(came[W], lefts[p], of_products[p]) for W, _, p in factors if p in of_products]
    step = both.inputs[:n_in]
    spare = {came[s]: came[c] for c, s in zip(op.parted(step_inputs)[2], spares, strict=True)}
    wanted = [*of_inputs.values(), *(v for _, left, dp in products for v in (left, dp))]
    rows, states, _ = op.parted(step)
    changing = dependents(both.outputs[:n_out], [*rows, *states]) if op.backward == "saved" else dict.fromkeys(states)
    saved = _needed(wanted, changing, states)
    saved = _without_cheap(saved, changing, [left for _, left, _ in products])
    rows_out = [*both.outputs[n:n_out], *(v for v in saved if v not in both.outputs[n:n_out])]
    forward = op.like(step, graph_replace([*both.outputs[:n], *rows_out], spare, strict=False), base=op)
    MergeOptimizer().rewrite(forward.fgraph)  # what was rebuilt around a constant is one with what was not
    return Plan(
        forward,
        rows_out,
        step,
        spare,
        {k: came[d] for k, d in into_states.items()},
        {m: came[d] for m, d in into_rows.items()},
        of_inputs,
        products,
    )


def _part_constants(graph: FunctionGraph, spares: dict, outside: bool) -> list[tuple[Variable, Variable, Variable]]:
    """The products `dot(left, W)` by constants W, as (W, left, product), if their gradients shall be computed outside
    the loop; other uses of a constant become its spare.
    """
    factors = []
    for constant, spare in spares.items():
        for node, i in list(graph.clients[constant]):
            if outside and _is_factor(node, i):
                factors.append((constant, node.inputs[0], node.outputs[0]))
            else:
                graph.change_node_input(node, i, spare, import_missing=True)
    return factors


def _is_factor(node: Apply, i: int) -> bool:
    core = node.op.core_op if isinstance(node.op, Blockwise) else node.op
    matrices = all(v.type.ndim == 2 and _is_float(v) for v in node.inputs)
    return i == 1 and isinstance(core, Dot) and matrices


def _needed(wanted, changing, states) -> list[Variable]:
    """The variables among `changing`, what differs from step to step, that the backward pass reads."""
    found: dict[Variable, None] = {}
    stack = [v for v in reversed(wanted)]
    seen: set[Variable] = set()
    while stack:
        v = stack.pop()
        if v in seen:
            continue
        seen.add(v)
        if v in changing and _is_kept(v, states):
            found[v] = None
        elif v.owner is not None:
            stack.extend(reversed(v.owner.inputs))
    return list(found)


def _without_cheap(saved, changing, factors) -> list[Variable]:
    """Those that are worth a row of memory: not what one multiplication makes of others, product's factors apart."""
    kept = set(saved)

    def is_cheap(v):
        if v in factors or v.owner is None or not isinstance(v.owner.op, Elemwise):
            return False
        operands = [u for u in v.owner.inputs if u in changing]
        return type(v.owner.op.scalar_op).__name__ in _CHEAP and all(u in kept for u in operands)

    return [v for v in saved if not is_cheap(v)]


_CHEAP = ("Add", "Mul", "Neg", "Sqr", "Sub", "TrueDiv")


def _is_kept(v, states) -> bool:
    """States and computed arrays.

    A view, such as a mask with further axes, costs nothing to make again. Whole numbers may be lengths, which XLA
    must know and cannot read from a row.
    """
    if v.owner is None or v in states:
        return v in states
    computed = isinstance(v.type, TensorType) and not isinstance(v.owner.op, DimShuffle)
    return computed and (v.type.ndim > 1 or _is_float(v))
