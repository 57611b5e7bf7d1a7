"""Adult, census data (Kohavi and Becker, 1996)."""

from fuel.datasets.hdf5 import H5PYDataset
from fuel.utils import find_in_data_path


class Adult(H5PYDataset):
    """Sets `train` and `test`; `features` and `targets`. In memory unless told otherwise."""

    filename = "adult.hdf5"

    def __init__(self, which_sets, **kwargs):
        kwargs.setdefault("load_in_memory", True)
        super().__init__(find_in_data_path(self.filename), which_sets=which_sets, **kwargs)
