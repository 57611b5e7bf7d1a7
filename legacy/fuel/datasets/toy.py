"""Data that is made up: points along spirals and along a rolled-up sheet; drawn from NumPy's global generator."""

import numpy

from fuel.datasets.base import IndexableDataset


class Spiral(IndexableDataset):
    """Points along spirals in the plane.

        radius = (2 position + 1) / 3
        angle = 2 pi (position + label / classes)
        features = radius (sin angle, cos angle) + noise

    Parameters
    ----------
    num_examples : int
    classes : int
        Arms of the spiral.
    cycles : float
        `position` is drawn evenly from 0 to this.
    noise : float
        Standard deviation.

    Notes
    -----
    Sources: `features` float32 (n, 2), `position` (n,), `label` (n,), which arm.
    """

    def __init__(self, num_examples=1000, classes=1, cycles=1.0, noise=0.0, **kwargs):
        position = numpy.random.uniform(size=num_examples, low=0, high=cycles)
        label = numpy.random.randint(size=num_examples, low=0, high=classes)
        radius, angle = (2 * position + 1) / 3, 2 * numpy.pi * (position + label / classes)
        clean = numpy.stack([radius * numpy.sin(angle), radius * numpy.cos(angle)], axis=1)
        features = _noisy(clean, noise)
        super().__init__({"features": features, "position": position, "label": label}, **kwargs)


class SwissRoll(IndexableDataset):
    """Points on a sheet that is rolled up in space.

        radius = (2 p + 1) / 3
        angle = 1.5 pi (2 p + 1)
        features = (radius cos angle, radius sin angle, z) + noise;  position = (p, z)

    Parameters
    ----------
    num_examples : int
    noise : float
        Standard deviation.

    Notes
    -----
    Sources: `features` float32 (n, 3), `position` (n, 2): p, evenly from 0 to 1, and z, from -1 to 1.
    """

    def __init__(self, num_examples=1000, noise=0.0, **kwargs):
        p = numpy.random.uniform(size=num_examples, low=0, high=1)
        z = numpy.random.uniform(size=num_examples, low=-1, high=1)
        radius, angle = (2 * p + 1) / 3, 1.5 * numpy.pi * (2 * p + 1)
        clean = numpy.stack([radius * numpy.cos(angle), radius * numpy.sin(angle), z], axis=1)
        position = numpy.stack([p, z], axis=1)
        super().__init__({"features": _noisy(clean, noise), "position": position}, **kwargs)


def _noisy(clean: numpy.ndarray, noise: float) -> numpy.ndarray:
    features = clean.astype("float32")
    features += noise * numpy.random.normal(size=features.shape)
    return features
