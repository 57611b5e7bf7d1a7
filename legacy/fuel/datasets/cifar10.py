"""CIFAR-10, small pictures of ten classes (Krizhevsky, 2009)."""

from fuel.datasets.hdf5 import H5PYDataset
from fuel.transformers.defaults import uint8_pixels_to_floatX
from fuel.utils import find_in_data_path


class CIFAR10(H5PYDataset):
    """Sets `train` and `test`; `features` uint8 (n, 3, 32, 32), `targets` uint8 (n, 1).

    In memory unless told otherwise.
    """

    filename = "cifar10.hdf5"
    default_transformers = uint8_pixels_to_floatX(("features",))

    def __init__(self, which_sets, **kwargs):
        kwargs.setdefault("load_in_memory", True)
        super().__init__(find_in_data_path(self.filename), which_sets=which_sets, **kwargs)
