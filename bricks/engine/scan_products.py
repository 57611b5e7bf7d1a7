"""Products out of people's own scans, for XLA: one large product instead of one a step.

Three kinds leave a loop, whether written `dot(a, b)` or `a @ b`: rows of a sequence by a matrix that stays the
same (input projections); what a step computes by such a matrix, where only the stacked result is used (readouts, the
gradient of a sequence); and products that only add up (the gradient of a matrix, with that of a bias).
"""

from pytensor.compile.mode import optdb
from pytensor.graph.rewriting.basic import GraphRewriter
from pytensor.graph.traversal import ancestors
from pytensor.scan.op import Scan

from bricks.engine.scan_outside import Outside
from bricks.engine.scan_parts import Parts, is_product, like
from bricks.engine.scan_terms import readouts_of, totals_of

TAG = "bricks_scan"


class ProductsOutside(GraphRewriter):
    """Takes the products that need not be in a loop out of every Scan of a graph."""

    def apply(self, fgraph):
        for node in fgraph.toposort():
            if isinstance(node.op, Scan) and not node.op.info.as_while:
                pairs = _without_products(fgraph, node)
                if pairs:
                    fgraph.replace_all(pairs, reason="products outside")


def _without_products(fgraph, node) -> list:
    """Pairs (an output or what is taken of it, its replacement) for one Scan; none if nothing can leave it."""
    parts = Parts(node)
    outside = Outside(parts)
    whole = _whole_rows(parts, outside)
    taken = _take_projections(parts, outside)
    totals, readouts = totals_of(fgraph, parts, outside), readouts_of(parts, outside, whole)
    if not (whole or taken or totals or readouts):
        return []
    for readout in readouts.values():
        readout.stack(parts, outside)
    for total in totals.values():
        total.stack(parts, outside)
    parts.rows = [(k, length) for k, length in parts.rows if k not in whole and k not in readouts]
    parts.states = [(before, k, start) for before, k, start in parts.states if k not in totals or totals[k].rest]
    new = parts.rebuild()
    pairs = parts.outputs.pairs(new) if new else []
    pairs += [(parts.outputs.rows[k], stack) for k, stack in whole.items()]
    pairs += [(parts.outputs.rows[k], readout.outside(new)) for k, readout in readouts.items()]
    pairs += [(last, total.outside(new)) for total in totals.values() for last in total.last]
    return [(old, like(after, old.type)) for old, after in pairs]


def _whole_rows(parts: Parts, outside: Outside) -> dict:
    """Rows that no state has a part in: {number: stack}."""
    return {
        k: outside.stack(parts.graph.outputs[k])
        for k, length in parts.rows
        if length is parts.n_steps and parts.graph.outputs[k] in outside.moving
    }


def _take_projections(parts: Parts, outside: Outside) -> bool:
    """Have the step read what rows of sequences give, by way of a product, as rows of a further sequence."""
    graph = parts.graph
    wanted = [
        v
        for v in outside.moving
        if any(node not in graph.apply_nodes or node.outputs[0] not in outside.moving for node, _ in graph.clients[v])
        and _is_worth(v, outside)
    ]
    for v in wanted:
        row = parts.take(v, outside.stack(v))
        outside.moving[row] = outside.moving.pop(v)
    return bool(wanted)


def _is_worth(variable, outside: Outside) -> bool:
    """Whether a product with a row of a sequence is in a variable that needs no state."""
    if variable not in outside.moving:
        return False
    return any(is_product(v.owner) and v in outside.moving for v in ancestors([variable]))


# Before PyTensor's own rewrites of scans (0.05), which then find what is element-wise; after those of gradients.
optdb.register("products_outside", ProductsOutside(), TAG, position=0.04)
