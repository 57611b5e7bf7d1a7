"""The One Billion Word benchmark (Chelba et al., 2013)."""

import os

from fuel.datasets.text import TextFile
from fuel.utils import find_in_data_path

FOLDER = "1-billion-word"
SETS = {
    "training": ("training-monolingual.tokenized.shuffled", "news.en-{:05d}-of-00100", range(1, 100)),
    "heldout": ("heldout-monolingual.tokenized.shuffled", "news.en.heldout-{:05d}-of-00050", range(50)),
}


class OneBillionWord(TextFile):
    """The sentences of some partitions; the files lie in the data path, in `1-billion-word`, as they were unpacked.

    Parameters
    ----------
    which_set : str
        "training" or "heldout".
    which_partitions : list of int
        From 1 to 99 of training, from 0 to 49 of heldout.
    dictionary : dict of str to int
    **kwargs
        As `TextFile` takes them.
    """

    def __init__(self, which_set, which_partitions, dictionary, **kwargs):
        if which_set not in SETS:
            raise ValueError(f"OneBillionWord: which_set must be 'training' or 'heldout', got {which_set!r}")
        folder, name, known = SETS[which_set]
        wrong = [partition for partition in which_partitions if partition not in known]
        if wrong:
            raise ValueError(
                f"OneBillionWord: {which_set} has partitions {known.start} to {known.stop - 1}, got {wrong[0]!r}"
            )
        files = [find_in_data_path(os.path.join(FOLDER, folder, name.format(number))) for number in which_partitions]
        super().__init__(files, dictionary, **kwargs)
