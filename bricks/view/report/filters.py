"""What the units of the first layer look for: their weights to each pixel, where the input is a picture."""

import numpy as np

from bricks.graph import annotations_of, walk
from bricks.layers import Dropout, Linear
from bricks.model import Model
from bricks.roles import INPUT, OUTPUT
from bricks.view import figures, page
from bricks.view.page import Section
from bricks.view.report import pictures
from bricks.view.report.judged import labels_of
from bricks.view.report.material import Material

MOST, COLUMNS = 100, 20


def section(material: Material) -> Section | None:
    """Filters of the first linear layer; None where there is none over pictures."""
    trained = material.trained
    if trained is None:
        return None
    name = pictures.source_of_pictures(trained.needed if trained.model.outputs else trained.sources)
    if name is None:
        return None
    shape = pictures.picture_shape(trained.sources[name].shape)
    brick = first_linear(trained.model, name)
    if brick is None or int(np.prod(shape)) != brick.input_dim:
        return None
    W = brick.W.get_value()
    norms = np.linalg.norm(W, axis=0)
    order = np.argsort(-norms, kind="stable")[:MOST]
    judged = next((j for j in material.judged if len(j.matrix) == W.shape[1] <= COLUMNS), None)
    if judged is not None:  # softmax regression, say: a filter for each class
        order = np.arange(W.shape[1])
    drawn = [pictures.weights_as_picture(W[:, k], shape) for k in order]
    how = "Red: excited by the pixel, blue: inhibited; each by its own largest weight."
    if len(shape) == 3:
        how = "Grey: no weight; each by its own largest one."
    path = page.shortened(brick.path, 40)
    if judged is not None:
        names = labels_of(trained, material.streams["valid"], W.shape[1])
        each = [
            page.figure(
                pictures.small(picture, f"weights of class {page.shortened(names[k], 30)}"), page.name(names[k], 30)
            )
            for k, picture in zip(order, drawn, strict=True)
        ]
        return Section(
            "First-layer filters", [page.note(f"{path}, a filter for each class. {how}"), page.grid(each, 110)]
        )
    columns = min(COLUMNS, len(drawn))
    many = pictures.tiles(drawn, columns)
    which = (
        f"the {len(drawn)} of {W.shape[1]:,} units with the largest norms" if len(drawn) < W.shape[1] else "all units"
    )
    said = f"{path}: {which}, from {norms[order[0]]:.3g} down to {norms[order[-1]]:.3g}. {how}"
    image = figures.image(many, f"filters of {path}", pictures.scale_for(many, 1000))
    return Section("First-layer filters", [page.figure(image, said, wide=True)])


def first_linear(model: Model, source: str) -> Linear | None:
    """The linear brick that sees a source as it is, or with nothing but noise on it."""
    variable = model.inputs.get(source)
    for each in model.graph.variables:
        for annotation in annotations_of(each):
            if isinstance(annotation.brick, Linear) and annotation.role is INPUT:
                behind = walk([each])
                if variable in behind and not any(_is_work(v) for v in behind):
                    return annotation.brick
    return None


def _is_work(variable) -> bool:
    """Whether a brick that is no noise has made it."""
    return any(a.role is OUTPUT and type(a.brick).__module__ != Dropout.__module__ for a in annotations_of(variable))
