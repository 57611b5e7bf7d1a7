"""A cost drawn as its operations: what each computes, and underneath the derivative of the cost by that.

The derivation on paper, to be held against the matrices in the code.
"""

from collections.abc import Mapping

import numpy as np
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from bricks import engine
from bricks.errors import ShapeError, UsageError, nearest
from bricks.model import Model
from bricks.view.diagrams.shapes import shape_of, told, with_lengths
from bricks.view.diagrams.steps import Step, Steps
from bricks.view.diagrams.symbols import Symbols
from bricks.view.drawing import Drawing, maths, new, table, text, tint
from bricks.view.figures import FAINT, INK, SERIES

BLUE, ORANGE, GREEN, VIOLET = SERIES[0], SERIES[1], SERIES[2], SERIES[4]
MOST_STEPS = 200
_LEGEND = [
    "∂v is short for ∂cost/∂v, which has the shape of v; examples are rows",
    "⊙ and / go element by element; [v > 0] is 1 where that holds, else 0; n is how many the mean is over",
]
_LEGEND_OF_RUN = "‖·‖ is the root of the sum of squares, on the given values"


def functional_diagram(cost: Variable | Model, values: Mapping | None = None, direction: str = "down") -> Drawing:
    """A cost as its operations, each with its result, the derivative by that, and both shapes.

    Parameters
    ----------
    cost : scalar variable, or Model
        As written; nothing is rewritten.
    values : mapping, optional
        From inputs, or their names, to arrays: shapes are those of a run on them, with the norm of each result and
        derivative.
    direction : {"down", "right"}

    Returns
    -------
    Drawing

    Raises
    ------
    ShapeError
        If the cost isn't a scalar.
    UsageError
        If it has too many operations.

    >>> import bricks, numpy as np, pytensor.tensor as pt
    >>> from bricks.layers import CategoricalCrossEntropy
    >>> x, t = pt.matrix("x", shape=(None, 784), dtype="float32"), pt.ivector("t")
    >>> W = bricks.shared(np.zeros((784, 10), "float32"), name="W")
    >>> picture = functional_diagram(CategoricalCrossEntropy()(t, pt.dot(x, W)))
    >>> "softmax, cross-entropy" in picture.svg, "(784, 10)" in picture.svg
    (True, True)
    """
    if direction not in ("down", "right"):
        raise UsageError(f"functional_diagram: direction must be down or right, got {direction!r}")
    cost = cost.cost if isinstance(cost, Model) else cost
    if not isinstance(cost, Variable):
        raise UsageError(f"functional_diagram: cost must be a symbolic variable, got {cost!r}")
    if getattr(cost.type, "ndim", None) != 0:
        raise ShapeError(f"functional_diagram: cost must be a scalar, got {cost.type}; take its mean or its sum")
    steps = Steps(cost)
    if len(steps.steps) > MOST_STEPS:
        raise UsageError(
            f"functional_diagram: at most {MOST_STEPS} operations stay legible, got {len(steps.steps)}; "
            "bricks.view.diagram draws the same cost as bricks"
        )
    return _Picture(steps, cost, values, direction).drawing()


class _Picture:
    """Steps as a graph of Graphviz."""

    def __init__(self, steps: Steps, cost: Variable, values: Mapping | None, direction: str):
        self.steps, self.symbol = steps, Symbols(steps)
        self.gradients = _gradients(steps, cost)
        self.run = {} if values is None else _run(steps, self.gradients, values)
        self.lengths = with_lengths(steps.variables)
        lines = [*_LEGEND, *([_LEGEND_OF_RUN] if self.run else [])]
        legend = "<BR/>".join(maths(line, color=FAINT, point_size=9) for line in lines)
        self.graph = new(rankdir="TB" if direction == "down" else "LR", ranksep="0.25", nodesep="0.3", labelloc="b")
        self.graph.graph_attr["label"] = f"<<BR/>{legend}>"
        self.graph.node_attr.update(height="0.3", width="0.5")
        self.names: dict[Variable, str] = {}
        self.titles: dict[str, str] = {}

    def drawing(self) -> Drawing:
        for variable in self.steps.roots:
            self._root(variable)
        for step in self.steps.steps:
            self._step(step)
        for variable in self._main():  # one below the other
            self.graph.get_node(self.names[variable]).attr["group"] = "main"
        for step in self.steps.steps:
            sources = [self.steps.source(v)[0] for v in step.given]
            for source in dict.fromkeys(v for v in sources if v in self.names):
                self.graph.add_edge(self.names[source], self.names[step.result])
        count = len(self.steps.steps)
        return Drawing(self.graph, f"Functional diagram: {count} operations with their derivatives", self.titles)

    def _main(self) -> list[Variable]:
        """The longest way to the cost."""
        longest: dict[Variable, list[Variable]] = {v: [v] for v in self.steps.roots}
        for step in self.steps.steps:
            before = [longest[v] for v, _ in map(self.steps.source, step.given) if v in longest]
            longest[step.result] = [*max(before, key=len, default=[]), step.result]
        return longest[self.steps.cost]

    def _root(self, variable: Variable) -> None:
        symbol, shape = self.symbol(variable), self._shape(variable)
        kept = isinstance(variable, SharedVariable)
        colour = VIOLET if kept else GREEN
        rows = [[maths(symbol, color=INK), text("" if variable.name == symbol else variable.name or ""), shape]]
        rows += self._derivative(variable) if kept else []
        self._node(variable, table(rows, cellspacing=2), colour, f"{'parameter' if kept else 'input'} {variable.name}")

    def _step(self, step: Step) -> None:
        symbol, shape = self.symbol(step.result), self._shape(step.result)
        where = "" if step.call is None else step.call.name
        heading = f"{self._heading(step)}  {text(where, 32, color=FAINT)}"
        rows = [
            [f'<TD COLSPAN="3" ALIGN="LEFT">{heading}</TD>'],
            [maths(symbol), maths(f"= {step.formula.expression}"), shape],
        ]
        rows += self._derivative(step.result)
        parameters = step.call.brick.all_parameters().values() if step.whole else ()
        if parameters:
            said = text("parameters, each with a derivative of its shape:", 60, color=FAINT)
            rows += [[f'<TD COLSPAN="3" ALIGN="LEFT">{said}</TD>'], *map(self._kept, parameters)]
        cost = step.result is self.steps.cost
        self._node(step.result, table(rows, cellspacing=2), ORANGE if cost else BLUE, where or step.formula.title)

    def _heading(self, step: Step) -> str:
        """What an operation does to what comes from the left: x W, + b, tanh."""
        title, symbols = step.formula.title, [self.symbol(v) for v in step.given]
        if title == "dot":
            return maths(" ".join(symbols), bold=True)
        return maths(f"+ {symbols[-1]}", bold=True) if title == "+" and len(symbols) == 2 else text(title, bold=True)

    def _derivative(self, variable: Variable) -> list[list[str]]:
        gradient = self.gradients.get(variable)
        if gradient is None:
            return []
        formula = self.steps.derivative(variable, self.symbol)
        written = "by the chain rule" if formula is None else f"= {formula}"
        symbol = maths(f"∂{self.symbol(variable)}", color=ORANGE)
        return [[symbol, maths(written, color=ORANGE), self._shape(gradient, ORANGE, like=variable)]]

    def _kept(self, variable: Variable) -> list[str]:
        """A parameter of a brick that is one step: its shape is its gradient's."""
        name = variable.name.rpartition("/")[0].rpartition("/")[2]
        return [text(variable.name.rpartition("/")[2], color=VIOLET), text(name, color=FAINT), self._shape(variable)]

    def _shape(self, variable: Variable, colour: str = FAINT, like: Variable | None = None) -> str:
        if variable in self.run:
            value = self.run[variable]
            return text(f"{told(value.shape)}  ‖·‖ {np.linalg.norm(value):.3g}", 60, color=colour)
        known = self.lengths.get(variable if like is None else like, variable if like is None else like)
        return text(told(shape_of(known)), 60, color=colour)

    def _node(self, variable: Variable, label: str, colour: str, title: str) -> None:
        name = self.names[variable] = f"n{len(self.names)}"
        self.titles[name] = title
        self.graph.add_node(name, label=f"<{label}>", style="rounded,filled", color=colour, fillcolor=tint(colour))


def _gradients(steps: Steps, cost: Variable) -> dict[Variable, Variable]:
    """The derivatives by results and parameters, as far as there are any."""
    kept = [v for v in steps.roots if isinstance(v, SharedVariable)]
    wanted = [v for v in (*kept, *(s.result for s in steps.steps)) if v.type.dtype.startswith("float")]
    found = engine.grad(cost, wanted, disconnected_inputs="ignore", return_disconnected="none", null_gradients="return")
    return {v: g for v, g in zip(wanted, found, strict=True) if g is not None and hasattr(g.type, "dtype")}


def _run(steps: Steps, gradients: Mapping, values: Mapping) -> dict[Variable, np.ndarray]:
    """Results and derivatives on data."""
    inputs = [v for v in steps.roots if not isinstance(v, SharedVariable)]
    names = {v.name: v for v in inputs if v.name}
    given = {}
    for key, value in values.items():
        variable = names.get(key) if isinstance(key, str) else key
        if variable not in inputs:
            raise UsageError(f"functional_diagram: values has {key!r}, which is no input; {nearest(str(key), names)}")
        given[variable] = value
    for variable in inputs:
        if variable not in given:
            raise UsageError(f"functional_diagram: values must have every input, {variable.name!r} is missing")
    wanted = [*(s.result for s in steps.steps), *steps.roots, *gradients.values()]
    found = engine.function(inputs, wanted)(*(given[v] for v in inputs))
    return dict(zip(wanted, map(np.asarray, found), strict=True))
