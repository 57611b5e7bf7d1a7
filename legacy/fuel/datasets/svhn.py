"""SVHN, numbers of houses (Netzer et al., 2011)."""

from fuel.datasets.hdf5 import H5PYDataset
from fuel.transformers.defaults import uint8_pixels_to_floatX
from fuel.utils import find_in_data_path


class SVHN(H5PYDataset):
    """Sets `train`, `test` and `extra`; `which_format` 1 has whole pictures and boxes, 2 cropped digits."""

    filename = "svhn_format_{}.hdf5"
    default_transformers = uint8_pixels_to_floatX(("features",))

    def __init__(self, which_format, which_sets, **kwargs):
        if which_format not in (1, 2):
            raise ValueError(f"SVHN: which_format must be 1 or 2, got {which_format!r}")
        self.which_format = which_format
        super().__init__(find_in_data_path(self.filename.format(which_format)), which_sets=which_sets, **kwargs)
