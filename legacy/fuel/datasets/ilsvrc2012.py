"""The ImageNet challenge of 2012 (Russakovsky et al., 2015)."""

from fuel.datasets.hdf5 import H5PYDataset
from fuel.transformers.defaults import rgb_images_from_encoded_bytes
from fuel.utils import find_in_data_path


class ILSVRC2012(H5PYDataset):
    """Sets `train`, `valid` and `test`; `encoded_images`, the bytes of JPEG files, `targets` and `filenames`."""

    filename = "ilsvrc2012.hdf5"
    default_transformers = rgb_images_from_encoded_bytes(("encoded_images",))

    def __init__(self, which_sets, **kwargs):
        super().__init__(find_in_data_path(self.filename), which_sets=which_sets, **kwargs)
