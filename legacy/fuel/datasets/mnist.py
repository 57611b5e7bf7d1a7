"""MNIST, handwritten digits (LeCun et al., 1998)."""

from fuel.datasets.hdf5 import H5PYDataset
from fuel.transformers.defaults import uint8_pixels_to_floatX
from fuel.utils import find_in_data_path


class MNIST(H5PYDataset):
    """Sets `train` and `test`; `features` uint8 (n, 1, 28, 28), `targets` uint8 (n, 1).

    In memory unless told otherwise.
    """

    filename = "mnist.hdf5"
    default_transformers = uint8_pixels_to_floatX(("features",))

    def __init__(self, which_sets, **kwargs):
        kwargs.setdefault("load_in_memory", True)
        super().__init__(find_in_data_path(self.filename), which_sets=which_sets, **kwargs)
