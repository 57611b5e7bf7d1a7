"""What converters of one's own are made of."""

import contextlib
import functools
import os

from fuel.datasets.hdf5 import H5PYDataset


class MissingInputFiles(Exception):
    """Files to convert that are not there, in `filenames`."""

    def __init__(self, message, filenames):
        super().__init__(message)
        self.filenames = filenames


def check_exists(required_files):
    """A decorator: MissingInputFiles unless all these files are in the folder, the function's first argument."""

    def decorated(function):
        @functools.wraps(function)
        def checked(directory, *args, **kwargs):
            missing = [name for name in required_files if not os.path.isfile(os.path.join(directory, name))]
            if missing:
                raise MissingInputFiles(f"{directory}: must have the files {', '.join(missing)}", missing)
            return function(directory, *args, **kwargs)

        return checked

    return decorated


def fill_hdf5_file(h5file, data):
    """Put arrays into an open HDF5 file, set by set, and the table of sets with them.

    Parameters
    ----------
    h5file : h5py.File
        To be written.
    data : tuple of tuple
        `(set, source, array)` or `(set, source, array, comment)`; the arrays of a source one after the other.

    Examples
    --------
    >>> import h5py, numpy, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a.hdf5"
    >>> with h5py.File(path, "w") as file:
    ...     fill_hdf5_file(file, (("train", "x", numpy.zeros((3, 2))), ("test", "x", numpy.ones((1, 2)))))
    >>> H5PYDataset(path, ("test",)).get_data(request=[0])
    (array([[1., 1.]]),)
    """
    parts, splits, ends = {}, {}, {}
    for split, source, array, *comment in data:
        if source in splits.setdefault(split, {}):
            raise ValueError(f"fill_hdf5_file: set {split!r} must have source {source!r} once, got it twice")
        start = ends.get(source, 0)
        ends[source] = start + len(array)
        splits[split][source] = (start, ends[source], None, *(comment or ("",)))
        parts.setdefault(source, []).append(array)
    for split, sources in splits.items():
        lengths = {source: stop - start for source, (start, stop, *_) in sources.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"fill_hdf5_file: sources of set {split!r} must be equally long, got {lengths}")
    for source, arrays in parts.items():
        kinds = {(array.dtype, array.shape[1:]) for array in arrays}
        if len(kinds) > 1:
            raise ValueError(f"fill_hdf5_file: source {source!r} must be alike in all sets, got {kinds}")
    for source, arrays in parts.items():
        dataset = h5file.create_dataset(source, (ends[source], *arrays[0].shape[1:]), dtype=arrays[0].dtype)
        start = 0
        for array in arrays:
            dataset[start : start + len(array)] = array
            start += len(array)
    h5file.attrs["split"] = H5PYDataset.create_split_array(splits)


@contextlib.contextmanager
def progress_bar(name, maxval, prefix="Converting"):
    """A bar on a terminal; gives what is told by `update(done)`."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as bars:
        yield _Bar(bars, bars.add_task(f"{prefix} {name}", total=maxval))


class _Bar:
    def __init__(self, bars, task):
        self._bars, self._task = bars, task

    def update(self, done):
        self._bars.update(self._task, completed=done)
