"""MNIST with pixels of 0 and 1 (Salakhutdinov and Murray, 2008; Larochelle and Murray, 2011)."""

from fuel.datasets.hdf5 import H5PYDataset
from fuel.utils import find_in_data_path


class BinarizedMNIST(H5PYDataset):
    """Sets `train`, `valid` and `test`; `features` uint8 (n, 1, 28, 28). In memory unless told otherwise."""

    filename = "binarized_mnist.hdf5"

    def __init__(self, which_sets, **kwargs):
        kwargs.setdefault("load_in_memory", True)
        super().__init__(find_in_data_path(self.filename), which_sets=which_sets, **kwargs)
