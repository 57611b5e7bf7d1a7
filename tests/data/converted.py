"""What converters made, read back."""

import h5py

from bricks.data import H5PYDataset


def read(path, which_set="all", **options):
    dataset = H5PYDataset(path, which_set, **options)
    return dataset.read(range(dataset.num_examples))


def notes(path, source):
    with h5py.File(path) as file:
        return {key: list(value) for key, value in file[source].attrs.items() if key in ("classes", "columns")}
