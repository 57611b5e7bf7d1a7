"""The sound of a film of YouTube."""

from fuel.datasets.hdf5 import H5PYDataset
from fuel.utils import find_in_data_path


class YouTubeAudio(H5PYDataset):
    """Set `train` of the file that is called after the film; `features`."""

    filename = "{}.hdf5"

    def __init__(self, youtube_id, **kwargs):
        kwargs.setdefault("which_sets", ("train",))
        self.youtube_id = youtube_id
        super().__init__(find_in_data_path(self.filename.format(youtube_id)), **kwargs)
