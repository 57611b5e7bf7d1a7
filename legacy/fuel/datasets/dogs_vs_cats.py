"""Dogs vs. Cats, pictures of unequal size (Elson et al., 2007)."""

from fuel.datasets.hdf5 import H5PYDataset
from fuel.transformers import ScaleAndShift
from fuel.utils import find_in_data_path


class DogsVsCats(H5PYDataset):
    """Sets `train` and `test`; `image_features` of unequal shape, `targets` of `train` alone."""

    filename = "dogs_vs_cats.hdf5"
    default_transformers = ((ScaleAndShift, [1 / 255.0, 0], {"which_sources": ("image_features",)}),)

    def __init__(self, which_sets, **kwargs):
        super().__init__(find_in_data_path(self.filename), which_sets=which_sets, **kwargs)
