"""Data sets in HDF5 files of Fuel's layout; `bricks.data` reads them, in memory or from disk as asked."""

import os
import warnings
from itertools import chain
from numbers import Integral

import h5py
import numpy

from bricks.data import H5PYDataset as Reader
from bricks.data import SplitRow, read_splits, split_table
from bricks.data.hdf5 import describe
from bricks.data.layout import dimension_labels, hdf5_errors
from bricks.data.selection import set_rows, union
from bricks.data.varying import is_varying
from fuel._gone import WRITE, gone
from fuel.datasets.base import Dataset
from fuel.schemes import SequentialExampleScheme
from fuel.utils import Subset, do_not_pickle_attributes


@do_not_pickle_attributes("data_sources", "hdf5_reader")
class H5PYDataset(Dataset):
    """The examples of one or more sets of an HDF5 file.

    Parameters
    ----------
    file_or_path : path or h5py.File
    which_sets : tuple of str
        The sets. Their examples come in the order of the file, each once.
    subset : slice or list of int, optional
        Of the numbers of the examples of these sets: as a set, so in ascending order, each once.
    load_in_memory : bool
        True reads the examples once, now; False reads from the file whenever some are asked for.
    driver, sort_indices
        Without effect: a file is read by the system's own means, any request is sorted on the way.
    **kwargs
        `sources` and `axis_labels`, as `Dataset` takes them. By default all sources that each of the sets has, in
        alphabetical order, and the labels that are in the file.

    Attributes
    ----------
    num_examples : int
    data_sources : tuple of np.ndarray or None
        The arrays where they are in memory.

    Raises
    ------
    IOError
        The file is not there.
    ValueError
        It is damaged or not in Fuel's layout; it has no such set or source; the subset lies outside.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "small.hdf5"
    >>> with h5py.File(path, "w") as file:
    ...     file["x"] = numpy.arange(5)
    ...     file.attrs["split"] = H5PYDataset.create_split_array({"train": {"x": (0, 3)}, "test": {"x": (3, 5)}})
    >>> dataset = H5PYDataset(path, which_sets=("test",))
    >>> dataset.num_examples, dataset.get_data(request=slice(0, 2))
    (2, (array([3, 4]),))
    """

    interface_version = "0.3"
    _shared = ("_data_sources", "_hdf5_reader")

    def __init__(
        self,
        file_or_path,
        which_sets,
        subset=None,
        load_in_memory=False,
        driver=None,
        sort_indices=True,
        **kwargs,
    ):
        self.path = _path(file_or_path)
        if isinstance(which_sets, str) or not which_sets:
            raise ValueError(f"H5PYDataset: which_sets must be a tuple of names, as ('train',), got {which_sets!r}")
        self.which_sets, self.load_in_memory = tuple(which_sets), load_in_memory
        self.driver, self.sort_indices, self.user_given_subset = driver, sort_indices, subset
        if subset is not None and not isinstance(subset, slice) and (numpy.diff(list(subset)) <= 0).any():
            warnings.warn(
                "H5PYDataset: subset is a set of examples: they come in ascending order, each once, as in Fuel; "
                "give the order to an iteration scheme",
                stacklevel=2,
            )
        with hdf5_errors(self.path), h5py.File(self.path, "r") as file:
            self.provides_sources = self.get_provided_sources(file, self.which_sets)
            if not self.provides_sources:
                raise ValueError(f"{self.path}: the sets {', '.join(self.which_sets)} have no source in common")
            self.vlen_sources = self.get_vlen_sources(file)
            self.default_axis_labels = self.get_axis_labels(file)
        kwargs.setdefault("axis_labels", self.default_axis_labels)
        super().__init__(**kwargs)
        self.load()
        self.example_iteration_scheme = SequentialExampleScheme(self.num_examples)

    def load(self):
        """Open the file and find the examples; read them where they are to be in memory."""
        with hdf5_errors(self.path), h5py.File(self.path, "r") as file:
            rows, order = _aligned(file, self.which_sets, self.sources)
            lengths = {source: len(file[source]) for source in self.sources}
        chosen = Subset(slice(None) if self.user_given_subset is None else self.user_given_subset, len(order))
        places = order[chosen.list_or_slice]
        self.subsets = [Subset(rows[source][places], lengths[source]) for source in self.sources]
        total = len(rows[self.sources[0]])
        everything = len(places) == total and bool((numpy.diff(places) == 1).all())
        self.hdf5_reader = Reader(
            self.path,
            self.which_sets,
            subset=None if everything else places,
            sources=self.sources,
            load_in_memory=False,
        )
        self.data_sources = None
        if self.load_in_memory:
            arrays = self.hdf5_reader.to_memory().arrays
            self.hdf5_reader.close()
            self.data_sources = tuple(_writeable(arrays[source]) for source in self.sources)

    @property
    def num_examples(self):
        """How many examples there are."""
        return self.hdf5_reader.num_examples

    def close(self, state):
        self.hdf5_reader.close()

    def get_data(self, state=None, request=None):
        if state is not None or request is None:
            raise ValueError("H5PYDataset: has no state, and needs a request; give the stream an iteration scheme")
        if self.load_in_memory:
            return tuple(array[request] for array in self.data_sources)
        if isinstance(request, Integral):
            return tuple(array[0] for array in self.get_data(request=[request]))
        numbers = range(self.num_examples)[request] if isinstance(request, slice) else request
        read = self.hdf5_reader.read(numpy.asarray(numbers))
        return tuple(read[source] for source in self.sources)

    @staticmethod
    def create_split_array(split_dict):
        """The value of the root attribute `split`.

        Parameters
        ----------
        split_dict : dict of str to dict of str to tuple
            From each set to its sources to start, stop and, optionally, a reference to a dataset of example numbers,
            which wins over both, and a comment. What a set lacks is marked as not available.
        """
        sources = dict.fromkeys(chain.from_iterable(split_dict.values()))
        rows = []
        for split, given in split_dict.items():
            for source in sources:
                start, stop, indices, comment = (*given.get(source, (0, 0)), None, "")[:4]
                rows.append(SplitRow(split, source, start, stop, indices, source in given, comment or ""))
        return split_table(rows)

    @staticmethod
    def get_all_splits(h5file):
        """The names of all sets, in alphabetical order."""
        return tuple(sorted({row.split for row in read_splits(h5file, _name(h5file))}))

    @staticmethod
    def get_all_sources(h5file):
        """The names of all sources, in alphabetical order."""
        return tuple(sorted({row.source for row in read_splits(h5file, _name(h5file))}))

    @staticmethod
    def get_provided_sources(h5file, which_sets):
        """The names of the sources that each of these sets has, in alphabetical order."""
        table = read_splits(h5file, _name(h5file))
        known = sorted({row.split for row in table})
        for which_set in which_sets:
            if which_set not in known:
                raise ValueError(f"{_name(h5file)}: has no set {which_set!r}; there are: {', '.join(known)}")
        available = [{row.source for row in table if row.split == name and row.available} for name in which_sets]
        return tuple(sorted(set.intersection(*available)))

    @staticmethod
    def get_vlen_sources(h5file):
        """The names of the sources whose examples differ in shape."""
        return [name for name in H5PYDataset.get_all_sources(h5file) if is_varying(h5file[name])]

    @staticmethod
    def get_axis_labels(h5file):
        """From each source to the labels of its axes, those of an example behind that of the examples."""
        labels = {name: tuple(dimension_labels(h5file[name])) for name in H5PYDataset.get_all_sources(h5file)}
        for name in H5PYDataset.get_vlen_sources(h5file):
            labels[name] = (labels[name][0], *describe(h5file, name, _name(h5file)).axes[1:])
        return labels

    @staticmethod
    def get_subsets(h5file, which_sets, sources):
        """For each of these sources the subset that the sets have together."""
        rows, order = _aligned(h5file, which_sets, sources)
        return [Subset(rows[source][order], len(h5file[source])) for source in sources]

    @staticmethod
    def unsorted_fancy_index(request, indexable):
        """`indexable[request]`, asked for in ascending order and put back into that of the request."""
        return Subset.sorted_fancy_indexing(indexable, request)


PytablesDataset = gone("fuel.datasets.hdf5.PytablesDataset", "`H5PYDataset`; read the file with PyTables; " + WRITE)


def _aligned(file: h5py.File, which_sets, sources) -> tuple[dict[str, numpy.ndarray], numpy.ndarray]:
    """The rows of these sets, source by source, and the order in which Fuel gave them: ascending, each once.

    Fuel sorted each source by itself; so that what belongs together stays together, all go by the first.
    """
    table = {row[:2]: row for row in read_splits(file, _name(file))}
    parts = {source: [set_rows(file, table[split, source], _name(file)) for split in which_sets] for source in sources}
    lengths = {source: [len(rows) for rows in parts[source]] for source in sources}
    if len(set(map(tuple, lengths.values()))) > 1:
        raise ValueError(f"{_name(file)}: all sources of a set must be equally long, got {lengths}")
    rows = {source: numpy.asarray(joined, numpy.int64) for source, joined in union(parts).items()}
    return rows, numpy.unique(rows[sources[0]], return_index=True)[1]


def _writeable(array: numpy.ndarray) -> numpy.ndarray:
    """Bricks shares its arrays among many readers; these are one data set's alone."""
    for part in (array, *(array if array.dtype.hasobject else ())):
        part.flags.writeable = True
    return array


def _path(file_or_path) -> str:
    if not isinstance(file_or_path, h5py.File):
        path = os.fspath(file_or_path)
    else:
        file_or_path.flush()
        path = os.fspath(file_or_path.filename)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"{path}: there is no such file; a file must lie on disk, not in memory alone")
    return path


def _name(file: h5py.File) -> str:
    return os.fspath(file.filename)
