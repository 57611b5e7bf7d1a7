"""The graph is the model: find any variable by brick, role or name; replace it; get the graph of training."""

from bricks.graph.annotations import Annotation, Call, annotate, annotations_of, is_tensor
from bricks.graph.computation import ComputationGraph, named_parameters
from bricks.graph.filter import VariableFilter
from bricks.graph.projections import project, projected, projections_of
from bricks.graph.replacement import replace
from bricks.graph.training import TrainingGraph, in_training, training_graph
from bricks.graph.walk import walk

__all__ = [
    "Annotation",
    "Call",
    "ComputationGraph",
    "TrainingGraph",
    "VariableFilter",
    "annotate",
    "annotations_of",
    "in_training",
    "is_tensor",
    "named_parameters",
    "project",
    "projected",
    "projections_of",
    "replace",
    "training_graph",
    "walk",
]
