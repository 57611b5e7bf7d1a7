"""Model: what a model file gives back: a cost, what is monitored, what can be asked for, and the state."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from pytensor.graph.basic import Variable

from bricks.brick import Brick
from bricks.errors import CheckpointError, ShapeError, UsageError
from bricks.graph import ComputationGraph, named_parameters
from bricks.matching import match


class Model:
    """A cost to be trained, with the graph around it.

    Parameters
    ----------
    cost : variable
        A scalar of the inference graph.
    monitored : dict, optional
        From names to scalars that are reported as means over examples, or to what says otherwise how its `variables`
        are measured: `bricks.training.perplexity`, `ConfusionMatrix`, ...
    outputs : dict, optional
        From names to what can be asked of the trained model, such as probabilities.
    brick : Brick, optional
        What `print` shows.

    Attributes
    ----------
    graph : ComputationGraph
        Of cost, monitored and outputs together.
    inputs : dict
        From names to the variables that a stream must give.
    parameters, buffers : dict
        From paths to shared variables. In a graph that has no variable of role PARAMETER, the parameters are
        all shared variables of a float dtype.

    Raises
    ------
    UsageError
        If an input or a parameter has no name, or two have the same.

    >>> import pytensor.tensor as pt
    >>> from bricks.layers import CategoricalCrossEntropy, Linear
    >>> x, y = pt.matrix("features", dtype="float32"), pt.ivector("targets")
    >>> linear = Linear(784, 10, seed=1)
    >>> model = Model(CategoricalCrossEntropy()(y, linear(x)), brick=linear)
    >>> list(model.inputs), list(model.parameters)
    (['targets', 'features'], ['linear/W', 'linear/b'])
    """

    def __init__(
        self,
        cost: Variable,
        monitored: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Variable] | None = None,
        brick: Brick | None = None,
    ):
        self.cost = cost
        self.monitored = dict(monitored or {})
        self.outputs = dict(outputs or {})
        self.brick = brick
        measured = {name: given for name, given in self.monitored.items() if hasattr(given, "variables")}
        scalars = {name: given for name, given in self.monitored.items() if name not in measured}
        for name, variable in {"cost": cost, **scalars}.items():
            if not isinstance(variable, Variable):
                raise UsageError(f"Model: {name} must be a symbolic variable, got {variable!r}")
            if variable.type.ndim != 0:
                raise ShapeError(
                    f"Model: {name} must be a scalar, got {variable.type.ndim} axes; take the mean over the batch"
                )
        seen = [variable for given in measured.values() for variable in given.variables]
        self.graph = ComputationGraph([cost, *scalars.values(), *seen, *self.outputs.values()])
        self.inputs = _named_inputs(self.graph.inputs)
        trained = self.graph.parameters
        kept = [] if trained else [v for v in self.graph.shared_variables if v.type.dtype.startswith("float")]
        self.parameters = named_parameters(trained or kept)
        self.buffers = named_parameters(self.graph.buffers)

    def diagram(self, **how):
        """What the cost is computed from, as bricks: see `bricks.view.diagram`."""
        from bricks.view import diagram

        return diagram(self, **how)

    def state_dict(self) -> dict[str, dict[str, np.ndarray]]:
        """Values of parameters and buffers, by path."""
        return {
            "parameters": {path: v.get_value() for path, v in self.parameters.items()},
            "buffers": {path: v.get_value() for path, v in self.buffers.items()},
        }

    def load_state_dict(self, state: Mapping[str, Mapping[str, np.ndarray]]) -> None:
        """Set parameters and buffers; all or, where something does not fit, none.

        Raises
        ------
        CheckpointError
            If a path is missing or unknown, or a shape or kind of dtype differs.
        """
        kinds = {"parameters": self.parameters, "buffers": self.buffers}
        found = {kind: match(variables, state.get(kind, {})) for kind, variables in kinds.items()}
        problems = [problem for part in found.values() for problem in part.problems]
        if problems:
            raise CheckpointError(
                f"the state does not fit the model: {'; '.join(sorted(problems))}; was it saved from another model?"
            )
        for kind, variables in kinds.items():
            for path, value in found[kind].loaded.items():
                variables[path].set_value(value)


def _named_inputs(variables: list[Variable]) -> dict[str, Variable]:
    named: dict[str, Variable] = {}
    for variable in variables:
        if not variable.name:
            raise UsageError(
                f"Model: every input must have the name of a source, got one of type {variable.type} "
                "without; say pt.matrix(name)"
            )
        if variable.name in named:
            raise UsageError(f"Model: inputs must have different names, got two called {variable.name!r}")
        named[variable.name] = variable
    return named
