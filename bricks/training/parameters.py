"""Parameters in and out: `.npz`, `.safetensors`, `.mat`, our own `.h5`, Blocks' archives. Nothing is ever unpickled.

In every format an array's name is its path, `mlp/linear_0/W`; buffers lie among the parameters.
"""

import io
import os
import tarfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from bricks.brick import Brick
from bricks.errors import CheckpointError, UsageError, nearest
from bricks.files import atomic_path
from bricks.mat import read_mat, rows_of, write_mat
from bricks.matching import Match, match
from bricks.model import Model
from bricks.npz import read_npz, write_npz
from bricks.training import checkpoints
from bricks.training.values import read_values

Arrays = dict[str, np.ndarray]


def save_parameters(model: Model | Brick | Mapping, path: str | os.PathLike) -> None:
    """Write the values of all parameters and buffers; the file is there whole, or as it was.

    Parameters
    ----------
    model : Model, Brick or mapping
        A mapping is from names to shared variables.
    path : path
        Its suffix chooses the format: `.npz` (NumPy), `.safetensors` (needs the package of that name), `.mat` (Matlab
        and Octave), `.h5` (any HDF5 viewer reads it; as a run's `best.h5`).

    Raises
    ------
    UsageError
        For another suffix, or a package that isn't there.
    CheckpointError
        If the file can't be written.

    Examples
    --------
    >>> import tempfile
    >>> from bricks.layers import Linear
    >>> path = Path(tempfile.mkdtemp()) / "linear.npz"
    >>> save_parameters(Linear(3, 2, seed=1), path)
    >>> {name: array.shape for name, array in np.load(path).items()}
    {'linear/W': (3, 2), 'linear/b': (2,)}
    """
    path, kinds = Path(path), _kinds(model)
    write = _of_suffix(path, _WRITERS, "save_parameters")
    values = {kind: read_values(variables) for kind, variables in kinds.items()}
    try:
        with atomic_path(path) as temporary:
            write(temporary, values)
    except OSError as error:
        raise CheckpointError(f"{path}: can't be written: {error.strerror or error}") from None


def load_parameters(
    model: Model | Brick | Mapping,
    path: str | os.PathLike,
    partial: bool = False,
    rename: Mapping[str, str] | None = None,
    transpose: Iterable[str] = (),
) -> Match:
    """Set parameters and buffers to what a file holds: all of them or, where something does not fit, none.

    Parameters
    ----------
    model : Model, Brick or mapping
        A mapping is from names to shared variables.
    path : path
        `.npz`, `.safetensors`, `.h5` (ours, a run's `best.h5` and `checkpoint.h5` too), `.mat` (Matlab's, up to its
        version 7: `net.layers{1}.weights{2}` is `net/layers/1/weights/2`, and axes of length 1 do not count), `.tar` or
        `.pkl` (Blocks' archives, of which `_parameters` is read: its `|mlp|linear_0.W` is `mlp/linear_0/W`).
    partial : bool
        Take what fits, by path and shape, and leave the rest as it is.
    rename : mapping of str to str, optional
        From beginnings of paths in the file, whole names, to what they are in the model: `{"old/net": "net"}`. The
        longest that fits is taken; "" is the beginning of all.
    transpose : list of str
        Beginnings of paths in the model, whole names, under which the file has matrices the other way round: (outputs,
        inputs), as where x is a column and W x is written. Square ones look alike either way: name them too.

    Returns
    -------
    Match
        What was loaded, what is missing, unknown, of another shape: `print` shows it as a table.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged or of another kind, or does not fit; with `partial`, if nothing of it fits.
    UsageError
        For another suffix, a package that isn't there, a renaming or transposition of what is not in the file.

    Examples
    --------
    >>> import tempfile
    >>> from bricks.layers import MLP, Tanh
    >>> path = Path(tempfile.mkdtemp()) / "mlp.npz"
    >>> save_parameters(MLP([Tanh(), None], [4, 3, 2], seed=1), path)
    >>> other = MLP([Tanh(), None], [4, 3, 5], seed=2, name="net")
    >>> print(load_parameters(other, path, partial=True, rename={"mlp": "net"}))
                 path            in the model  in the file
    loaded       net/linear_0/W  (4, 3)        (4, 3)
    loaded       net/linear_0/b  (3,)          (3,)
    other shape  net/linear_1/W  (3, 5)        (3, 2)
    other shape  net/linear_1/b  (5,)          (2,)
    2 loaded, 0 missing, 0 unknown, 2 of another shape or dtype
    """
    variables = {name: variable for part in _kinds(model).values() for name, variable in part.items()}
    arrays = read_parameters(path)
    arrays = _renamed(arrays, rename, path) if rename else arrays
    arrays = _transposed(arrays, transpose, path)
    if Path(path).suffix == ".mat":
        arrays = {name: _with_axes_of(variables.get(name), array) for name, array in arrays.items()}
    found = match(variables, arrays)
    if found.problems and not partial:
        raise CheckpointError(
            f"{path}: does not fit the model: {'; '.join(found.problems)}; partial=True takes what fits, "
            f"rename={{'old': 'new'}} gives what is called otherwise its name here{_turned(found)}"
        )
    if not found.loaded:
        raise CheckpointError(f"{path}: nothing of it fits the model{_turned(found)}:\n{found}")
    for name, value in found.loaded.items():
        variables[name].set_value(value)
    return found


def read_parameters(path: str | os.PathLike) -> Arrays:
    """The arrays of a file that `load_parameters` reads, by path."""
    path = Path(path)
    read = _of_suffix(path, _READERS, "load_parameters")
    try:
        with open(path, "rb") as file:
            return read(file, path)
    except OSError as error:
        raise CheckpointError(f"{path}: can't be read: {error.strerror or error}") from None


def checkpoint_values(state: Mapping[str, Any], path: str | os.PathLike) -> dict[str, Arrays]:
    """`parameters` and `buffers` in the state of one of our files: the best ones, or the last ones.

    Raises
    ------
    CheckpointError
        If it has none.
    """
    holder = state.get("model") or state.get("main_loop", {}).get("algorithm")
    if not isinstance(holder, Mapping) or "parameters" not in holder:
        raise CheckpointError(f"{path}: holds no parameters, but {', '.join(sorted(state)) or 'nothing'}")
    return {kind: dict(holder.get(kind, {})) for kind in ("parameters", "buffers")}


def _kinds(model: Any) -> dict[str, Mapping]:
    if isinstance(model, Model):
        return {"parameters": model.parameters, "buffers": model.buffers}
    if isinstance(model, Brick):
        return {"parameters": model.all_parameters(), "buffers": model.all_buffers()}
    if isinstance(model, Mapping):
        return {"parameters": model, "buffers": {}}
    raise UsageError(f"parameters are a Model's, a Brick's or a mapping's from names to variables, got {model!r}")


def _of_suffix(path: Path, known: Mapping[str, Callable], who: str) -> Callable:
    if path.suffix not in known:
        raise UsageError(f"{who}: {path} must end in one of {', '.join(known)}; {nearest(path.suffix, known)}")
    return known[path.suffix]


def _renamed(arrays: Arrays, rename: Mapping[str, str], path: str | os.PathLike) -> Arrays:
    """The arrays under other names."""
    renamed: Arrays = {}
    used = set()
    for name, array in arrays.items():
        fitting = [old for old in rename if old == "" or f"{name}/".startswith(f"{old}/")]
        new = name
        if fitting:
            old = max(fitting, key=len)
            used.add(old)
            new = "/".join(part for part in (rename[old], name[len(old) :].lstrip("/")) if part)
        if new in renamed:
            raise UsageError(f"load_parameters: rename gives two arrays of {path} the name {new!r}")
        renamed[new] = array
    for old in rename:
        if old not in used:
            raise UsageError(f"load_parameters: rename: no array of {path} begins with {old!r}; {nearest(old, arrays)}")
    return renamed


def _transposed(arrays: Arrays, beginnings: Iterable[str], path: str | os.PathLike) -> Arrays:
    """The arrays, with the matrices under some paths the other way round."""
    if isinstance(beginnings, str):
        raise UsageError(f"load_parameters: transpose must be a list of paths, got {beginnings!r}")
    turned = set()
    for beginning in beginnings:
        under = {name for name in arrays if f"{name}/".startswith(f"{beginning}/")}
        matrices = {name for name in under if arrays[name].ndim == 2}
        if not matrices:
            what = "no matrix" if under else "nothing"
            raise UsageError(
                f"load_parameters: transpose: {path} has {what} at {beginning!r}; {nearest(beginning, arrays)}"
            )
        turned |= matrices
    return {name: array.T if name in turned else array for name, array in arrays.items()}


def _with_axes_of(variable, array: np.ndarray) -> np.ndarray:
    """The array as a variable has its axes, if all but those of length 1 are the same."""
    if variable is None:
        return array
    shape = variable.get_value().shape
    alike = [n for n in shape if n != 1] == [n for n in array.shape if n != 1]
    return array.reshape(shape) if alike else array


def _turned(found: Match) -> str:
    """What to say of matrices that would fit the other way round."""
    names = [name for name, (mine, theirs) in found.other_shape.items() if len(mine) == 2 and mine == theirs[::-1]]
    return f"; transpose={names!r} turns matrices that are stored (outputs, inputs)" if names else ""


# The formats: a writer gets values by kind, a reader gives all by name.


def _write_npz(path: Path, values: dict[str, Arrays]) -> None:
    write_npz(path, _together(values))


def _read_npz(file: BinaryIO, path: Path) -> Arrays:
    return read_npz(file, str(path), CheckpointError)


def _write_safetensors(path: Path, values: dict[str, Arrays]) -> None:
    about = {"format": "bricks parameters", "version": "1", "bricks": _version()}
    arrays = {name: np.asarray(array, order="C") for name, array in _together(values).items()}
    path.write_bytes(_safetensors().numpy.save(arrays, metadata=about))


def _read_safetensors(file: BinaryIO, path: Path) -> Arrays:
    library = _safetensors()
    try:
        return {name: _array_of(view) for name, view in library.deserialize(file.read())}
    except Exception as error:  # its own class, KeyError for a dtype, ValueError, ...
        raise CheckpointError(f"{path}: is no .safetensors that NumPy can hold, or damaged: {error}") from None


def _safetensors():
    try:
        import safetensors.numpy
    except ImportError:
        raise UsageError("files of .safetensors need the package of that name: pip install safetensors") from None
    return safetensors


def _array_of(view: Mapping[str, Any]) -> np.ndarray:
    """An array of a file of safetensors; bfloat16, which NumPy has not, as the float32 whose upper half it is."""
    if view["dtype"] == "BF16":
        flat = (np.frombuffer(view["data"], "<u2").astype("u4") << 16).view("f4")
    else:
        flat = np.frombuffer(view["data"], _DTYPES[view["dtype"]]).copy()
    return flat.reshape(view["shape"])


_DTYPES = {"BOOL": "?", "F16": "<f2", "F32": "<f4", "F64": "<f8"}
_DTYPES |= {"I8": "i1", "I16": "<i2", "I32": "<i4", "I64": "<i8", "U8": "u1", "U16": "<u2", "U32": "<u4", "U64": "<u8"}


def _write_mat(path: Path, values: dict[str, Arrays]) -> None:
    write_mat(path, {PARAMETERS: rows_of(_together(values))})


def _read_mat(file: BinaryIO, path: Path) -> Arrays:
    """All arrays; of a file of ours the parameters alone, by their own paths."""
    arrays = read_mat(file, str(path), CheckpointError)
    ours = {name.removeprefix(f"{PARAMETERS}/"): v for name, v in arrays.items() if name.startswith(f"{PARAMETERS}/")}
    return ours or arrays


PARAMETERS = "parameters"
"""The variable of a `.mat` file of ours that holds them."""


def _write_h5(path: Path, values: dict[str, Arrays]) -> None:
    checkpoints.write(path, {"about": {"bricks": _version()}, "model": values})


def _read_h5(file: BinaryIO, path: Path) -> Arrays:
    return _together(checkpoint_values(checkpoints.read(path), path))


def _read_blocks(file: BinaryIO, path: Path) -> Arrays:
    """`_parameters` of an archive of Blocks (2015 to 2017)."""
    try:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            content = archive.extractfile("_parameters").read()
    except tarfile.TarError as error:
        raise CheckpointError(
            f"{path}: is no tar archive, as Blocks writes them, or damaged: {error}; a plain pickle is not read, "
            "for unpickling runs what stands in it: save its parameters as .npz with the code that made it"
        ) from None
    except (KeyError, AttributeError):
        raise CheckpointError(f"{path}: has no member '_parameters'; Blocks saved it without parameters") from None
    return {_blocks_path(name): array for name, array in _read_npz(io.BytesIO(content), path).items()}


def _blocks_path(name: str) -> str:
    """`|mlp|linear_0.W` is `mlp/linear_0/W`; a name without bricks stays."""
    if not name.startswith("|"):
        return name
    brick, dot, parameter = name[1:].rpartition(".")
    return (f"{brick}/{parameter}" if dot else parameter).replace("|", "/")


def _together(values: dict[str, Arrays]) -> Arrays:
    return {name: array for part in values.values() for name, array in part.items()}


def _version() -> str:
    from bricks import __version__

    return __version__


_WRITERS = {".npz": _write_npz, ".safetensors": _write_safetensors, ".mat": _write_mat, ".h5": _write_h5}
_READERS = {
    ".npz": _read_npz,
    ".safetensors": _read_safetensors,
    ".mat": _read_mat,
    ".h5": _read_h5,
    ".tar": _read_blocks,
    ".pkl": _read_blocks,
}
