"""Transformers: streams over streams."""

from fuel.transformers.background import BackgroundProcess, MultiProcessing
from fuel.transformers.base import (
    AgnosticSourcewiseTransformer,
    AgnosticTransformer,
    ExpectsAxisLabels,
    SourcewiseTransformer,
    Transformer,
)
from fuel.transformers.elementwise import Cast, Flatten, ForceFloatX, OneHotEncoding, ScaleAndShift
from fuel.transformers.mapping import Filter, FilterSources, Mapping, Rename
from fuel.transformers.regrouping import Batch, Cache, Merge, Padding, SortMapping, Unpack

__all__ = [
    "AgnosticSourcewiseTransformer",
    "AgnosticTransformer",
    "BackgroundProcess",
    "Batch",
    "Cache",
    "Cast",
    "ExpectsAxisLabels",
    "Filter",
    "FilterSources",
    "Flatten",
    "ForceFloatX",
    "Mapping",
    "Merge",
    "MultiProcessing",
    "OneHotEncoding",
    "Padding",
    "Rename",
    "ScaleAndShift",
    "SortMapping",
    "SourcewiseTransformer",
    "Transformer",
    "Unpack",
]
