"""Silhouettes of the objects of Caltech 101 (Marlin et al., 2010)."""

from fuel.datasets.hdf5 import H5PYDataset
from fuel.utils import find_in_data_path


class CalTech101Silhouettes(H5PYDataset):
    """Sets `train`, `valid` and `test`; pictures of `size` 16 or 28. In memory unless told otherwise."""

    filename = "caltech101_silhouettes{}.hdf5"

    def __init__(self, which_sets, size=28, load_in_memory=True, **kwargs):
        if size not in (16, 28):
            raise ValueError(f"CalTech101Silhouettes: size must be 16 or 28, got {size!r}")
        self.size = size
        path = find_in_data_path(self.filename.format(size))
        super().__init__(path, which_sets=which_sets, load_in_memory=load_in_memory, **kwargs)
