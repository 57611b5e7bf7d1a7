"""CelebA, faces of celebrities and their attributes (Liu et al., 2015)."""

from fuel.datasets.hdf5 import H5PYDataset
from fuel.transformers.defaults import uint8_pixels_to_floatX
from fuel.utils import find_in_data_path


class CelebA(H5PYDataset):
    """Sets `train`, `valid` and `test`; `which_format` is "aligned_cropped" or "64"."""

    filename = "celeba_{}.hdf5"
    default_transformers = uint8_pixels_to_floatX(("features",))

    def __init__(self, which_format, which_sets, **kwargs):
        if which_format not in ("aligned_cropped", "64"):
            raise ValueError(f"CelebA: which_format must be 'aligned_cropped' or '64', got {which_format!r}")
        self.which_format = which_format
        super().__init__(find_in_data_path(self.filename.format(which_format)), which_sets=which_sets, **kwargs)
