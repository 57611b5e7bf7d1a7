"""Writing HDF5 files in Fuel's layout (layout.py): batch by batch, whole or not at all."""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence

import h5py
import numpy as np

from bricks.data.arrays import native
from bricks.data.checksums import array_sum
from bricks.data.layout import SplitRow, reason, split_table
from bricks.data.names import axis_labels
from bricks.data.ragged import common
from bricks.data.seals import write_seal
from bricks.data.sums import write_sums
from bricks.data.varying import attach_shapes
from bricks.errors import DataError, UsageError, nearest
from bricks.files import atomic_path

INTERFACE_VERSION = "0.3"  # of the layout; Fuel's H5PYDataset.interface_version
CONVERT_VERSION = "0.2"  # of Fuel's converters, whose layout this is

CHUNK_BYTES = 1 << 18
"""About how large a chunk is: so many that a batch from anywhere is cheap, so few that each is worth a read."""

COMPRESSIONS = (None, "gzip", "lzf")

Sets = Mapping[str, Mapping[str, np.ndarray]]


class HDF5Writer:
    """A file in Fuel's layout, written batch by batch; it is there, whole, when the `with` block ends.

    No more than a batch is held in memory. Where the block ends by an error, or nothing was written, what was
    there before stays.

    Parameters
    ----------
    path : path
        Of the file; one that is there is replaced.
    axes : dict of str to tuple of str, optional
        Labels of all axes of a source, "batch" first.
    compression : str, optional
        "gzip" (small) or "lzf" (fast); None for none. What is of varying length is never packed: HDF5 cannot.
    chunk_bytes : int
        About how many bytes of a source HDF5 reads at a time: at least an example, whole examples always.
    examples : dict of str to int, optional
        How many examples a source will have, where that is known: without compression it then lies in one
        piece, from which any example is read alone.
    command : str
        Kept in the file as what made it (`fuel_convert_command`).

    Raises
    ------
    UsageError, DataError
        Nothing was written; a batch does not fit those before it; the file cannot be written.

    Notes
    -----
    Examples of unequal shape are given as `ragged` vectors; their source has varying length in the file, with the
    dimension scales `shapes` and `shape_labels` beside it. Chunks carry check sums (HDF5's Fletcher-32), which are
    compared whenever a chunk is read; sums.py has those of whole sets, seals.py that of the rest of the file.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from bricks.data import H5PYDataset, ragged
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "small.hdf5"
    >>> with HDF5Writer(path, axes={"words": ("batch", "time")}) as writer:
    ...     for n in (1, 2):
    ...         writer.append("train", {"words": ragged([np.arange(n), np.arange(2 * n)]), "targets": np.zeros(2)})
    ...     writer.append("test", {"words": ragged([np.arange(3)]), "targets": np.ones(1)})
    >>> H5PYDataset(path, "train").sources["words"]
    Source(int64, (None,), batch time, ragged)
    >>> H5PYDataset(path, ["train", "test"]).read([3, 4])["words"].tolist()
    [array([0, 1, 2, 3]), array([0, 1, 2])]
    """

    def __init__(
        self,
        path: str | os.PathLike,
        *,
        axes: Mapping[str, Sequence[str]] | None = None,
        compression: str | None = None,
        chunk_bytes: int = CHUNK_BYTES,
        examples: Mapping[str, int] | None = None,
        command: str = "bricks.data.HDF5Writer",
    ):
        if compression not in COMPRESSIONS:
            known = [name for name in COMPRESSIONS if name]
            raise UsageError(f"HDF5Writer: unknown compression {compression!r}; {nearest(compression, known)}")
        if not isinstance(chunk_bytes, int) or chunk_bytes < 1:
            raise UsageError(f"HDF5Writer: chunk_bytes must be an integer of at least 1, got {chunk_bytes!r}")
        self.path, self.axes, self.compression, self.chunk_bytes = path, dict(axes or {}), compression, chunk_bytes
        self.examples, self.command = dict(examples or {}), command
        self._sources: dict[str, _Written] = {}
        self._sets: dict[str, tuple[str, ...]] = {}  # from each set to its sources
        self._notes: dict[str, dict[str, object]] = {}
        self._stack = contextlib.ExitStack()
        self._file: h5py.File | None = None

    def __enter__(self) -> "HDF5Writer":
        with self._errors():
            self._temporary = self._stack.enter_context(atomic_path(self.path))
            self._file = h5py.File(self._temporary, "w")
        return self

    def __exit__(self, kind, error, traceback) -> None:
        with self._errors():
            if error is not None:
                return self._abandon(error)
            try:
                self._finish()
                self._file.flush()  # where this fails the file can be abandoned, where closing does it can't
                self._file.close()
                write_seal(self._temporary, [name for name, source in self._sources.items() if source.shapes is None])
            except BaseException as failure:
                self._abandon(failure)
                raise
            self._stack.close()  # the file gets its name

    def _abandon(self, error: BaseException) -> None:
        """Leave what was there before.

        HDF5's library crashes later on where it can't close a file, as on a full disk; so what it still has to write
        goes to memory.
        """
        with contextlib.suppress(Exception):
            if self._file and hasattr(os, "memfd_create"):
                with open(os.memfd_create("bricks"), "wb") as nowhere:
                    os.dup2(nowhere.fileno(), self._file.id.get_vfd_handle(), inheritable=False)
        with contextlib.suppress(Exception):
            self._file.close()
        self._stack.__exit__(type(error), error, error.__traceback__)

    def append(self, which_set: str, batch: Mapping[str, object]) -> None:
        """Add examples to a set: arrays (examples, ...) of equal length; or `ragged` vectors.

        A set's examples must follow one another: all of a set before the next that has one of its sources.
        """
        if self._file is None:
            raise UsageError(f"{self.path}: append within `with HDF5Writer(...) as writer:`")
        arrays = {name: np.asarray(array) for name, array in batch.items()}
        self._fits(which_set, arrays)
        for name, array in arrays.items():
            with self._errors():
                if name not in self._sources:
                    self._sources[name] = self._create(name, array)
                self._sources[name].append(which_set, array)
        self._sets.setdefault(which_set, tuple(arrays))

    def note(self, source: str, **notes: object) -> None:
        """Keep something about a source as attributes of its dataset: a text, a number, a list of texts."""
        self._notes.setdefault(source, {}).update(notes)

    def _fits(self, which_set: str, arrays: Mapping[str, np.ndarray]) -> None:
        who = f"{self.path}: set {which_set!r}"
        if not arrays:
            raise UsageError(f"{who}: needs at least one source, got none")
        before = self._sets.get(which_set, tuple(arrays))
        if set(before) != set(arrays):
            raise DataError(f"{who}: all batches must have the sources {sorted(before)}, got {sorted(arrays)}")
        for name, array in arrays.items():
            if array.ndim == 0:
                raise DataError(f"{who}: source {name!r} must have the examples along an axis, got a scalar")
        lengths = {name: len(array) for name, array in arrays.items()}
        if len(set(lengths.values())) > 1:
            raise DataError(f"{who}: sources must be equally long, got {lengths}")
        for name, array in arrays.items():
            if name in self._sources:
                self._sources[name].check(which_set, array, f"{who}: source {name!r}")

    def _create(self, name: str, array: np.ndarray) -> "_Written":
        who = f"{self.path}: source {name!r}"
        if not name or "/" in name or name == ".":
            raise UsageError(f"{who}: a source's name must be one of HDF5, without slashes")
        ragged = array.dtype == object
        dtype, shape = common(array, who) if ragged else (array.dtype, array.shape[1:])
        if dtype.kind not in ("biufc" if ragged else "biufcS"):
            raise DataError(f"{who}: must hold numbers or bytes, got dtype {dtype}")
        labels = axis_labels(self.axes.get(name), 1 + len(shape), who)
        total = self.examples.get(name)
        in_one_piece = total is not None and self.compression is None and not ragged
        row_bytes = 16 if ragged else max(1, dtype.itemsize * int(np.prod(shape, dtype=np.int64)))
        options: dict = {}
        if not in_one_piece:
            rows = max(1, self.chunk_bytes // row_bytes)
            kept = () if ragged else shape
            options = {"maxshape": (None, *kept), "chunks": (rows, *(max(1, size) for size in kept))}
        if not in_one_piece and not ragged:
            options |= {"compression": self.compression, "fletcher32": True}
        dataset = self._file.create_dataset(
            name,
            (total,) + shape if in_one_piece else (0,) if ragged else (0, *shape),
            h5py.vlen_dtype(dtype.newbyteorder("=")) if ragged else dtype,
            **options,
        )
        for axis, label in enumerate(labels[: dataset.ndim]):
            dataset.dims[axis].label = label
        shapes = attach_shapes(self._file, dataset, labels[1:]) if ragged else None
        return _Written(dataset, dtype, shape, shapes, total if in_one_piece else None)

    def _finish(self) -> None:
        """The table of sets, the marks of Fuel's converters and the check sums."""
        if not self._sources:
            raise UsageError(f"{self.path}: needs at least one set with one source, got none")
        for name, source in self._sources.items():
            if source.total not in (None, source.length):
                raise DataError(
                    f"{self.path}: source {name!r} must have the {source.total} examples announced, got {source.length}"
                )
            for key, value in self._notes.get(name, {}).items():
                source.dataset.attrs[key] = [text.encode() for text in value] if isinstance(value, list) else value
        # Fuel's order: all sources of the first set, then all of the second.
        rows = [
            SplitRow(split, name, *source.sets[split])
            if split in source.sets
            else SplitRow(split, name, available=False)
            for split in self._sets
            for name, source in sorted(self._sources.items())
        ]
        self._file.attrs["split"] = split_table(rows)
        self._file.attrs["h5py_interface_version"] = INTERFACE_VERSION.encode()
        self._file.attrs["fuel_convert_version"] = CONVERT_VERSION.encode()
        self._file.attrs["fuel_convert_command"] = self.command.encode()
        write_sums(self._file, rows, {name: source.sums for name, source in self._sources.items()})

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """What the system or HDF5 says against writing comes out as a DataError."""
        try:
            yield
        except (OSError, RuntimeError) as error:  # h5py raises the second where closing the file fails
            raise DataError(
                f"{self.path}: cannot be written: {reason(error)}; make room or take another folder "
                "(BRICKS_DATA_PATH names the one for data)"
            ) from error


class _Written:
    """A source that is being written: its dataset, how far it is, and the check sums of its sets."""

    def __init__(self, dataset: h5py.Dataset, dtype, shape, shapes: h5py.Dataset | None, total: int | None):
        self.dataset, self.dtype, self.shape, self.shapes, self.total = dataset, dtype, shape, shapes, total
        self.length = 0
        self.sets: dict[str, tuple[int, int]] = {}
        self.sums: dict[str, int] = {}

    def row(self, which_set: str, name: str) -> SplitRow:
        """Of the table of sets."""
        if which_set in self.sets:
            return SplitRow(which_set, name, *self.sets[which_set])
        return SplitRow(which_set, name, available=False)

    def check(self, which_set: str, array: np.ndarray, who: str) -> None:
        """A batch must be like those before it, and of the last set or a new one."""
        if self.shapes is not None:
            dtype, shape = common(array, who) if len(array) else (self.dtype, self.shape)
            fits = array.dtype == object and (dtype, len(shape)) == (self.dtype, len(self.shape))
        else:
            dtype, shape = array.dtype, array.shape[1:]
            fits = (dtype, shape) == (self.dtype, self.shape)
        if not fits:
            raise DataError(f"{who}: must be alike in all sets, {self.dtype} {self.shape}, got {dtype} {shape}")
        if which_set in self.sets and self.sets[which_set][1] != self.length:
            raise UsageError(f"{who}: was followed by another set already; write all of a set before the next")

    def append(self, which_set: str, array: np.ndarray) -> None:
        start, stop = self.length, self.length + len(array)
        if self.total is None:
            self.dataset.resize(stop, axis=0)
        elif stop > self.total:
            raise DataError(f"{self.dataset.name[1:]!r} must have the {self.total} examples announced, got {stop}")
        if self.shapes is not None:
            self.shapes.resize(stop, axis=0)
            for number, example in enumerate(array):
                self.dataset[start + number] = native(np.ravel(example))
                self.shapes[start + number] = example.shape
        elif stop > start:
            self.dataset[start:stop] = array
        self.sets[which_set] = self.sets.get(which_set, (start, start))[0], stop
        self.sums[which_set] = array_sum(array, self.sums.get(which_set, 0))
        self.length = stop


def write_hdf5(
    path: str | os.PathLike,
    sets: Sets,
    *,
    axes: Mapping[str, Sequence[str]] | None = None,
    compression: str | None = None,
    command: str = "bricks.data.write_hdf5",
) -> None:
    """Write named sets of arrays as one file in Fuel's layout; it is there whole or not at all.

    Parameters
    ----------
    path : path
        Of the file; one that is there is replaced.
    sets : dict of str to dict of str to np.ndarray
        Set name to source name to array, as `{"train": {"features": ..., "targets": ...}, "test": ...}`.
        A set may lack a source. Arrays of one source have one dtype and example shape, or are `ragged`.
    axes, compression, command
        As `HDF5Writer` takes them, which writes what does not fit into memory.

    Raises
    ------
    UsageError, DataError
        There is nothing to write; the arrays do not fit together; the file cannot be written.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "small.hdf5"
    >>> write_hdf5(path, {"train": {"x": np.arange(3)}, "test": {"x": np.arange(2)}})
    >>> from bricks.data import H5PYDataset
    >>> H5PYDataset(path, "test").read([1])
    {'x': array([1])}
    """
    totals: dict[str, int] = {}
    for arrays in sets.values():
        for name, array in arrays.items():
            totals[name] = totals.get(name, 0) + len(array)
    with HDF5Writer(path, axes=axes, compression=compression, examples=totals, command=command) as writer:
        for name, arrays in sets.items():
            writer.append(name, arrays)
