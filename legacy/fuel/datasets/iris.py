"""Iris, three kinds of flowers (Fisher, 1936)."""

from fuel.datasets.hdf5 import H5PYDataset
from fuel.utils import find_in_data_path


class Iris(H5PYDataset):
    """Set `all`; `features` (150, 4), `targets` (150, 1). In memory unless told otherwise."""

    filename = "iris.hdf5"

    def __init__(self, which_sets, **kwargs):
        kwargs.setdefault("load_in_memory", True)
        super().__init__(find_in_data_path(self.filename), which_sets=which_sets, **kwargs)
