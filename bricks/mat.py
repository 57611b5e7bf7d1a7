"""`.mat` files, as Matlab and Octave load and save them (version 5): names that are legal there, arrays by path.

There every array has at least two axes and a variable at most 2 GiB; names have letters, digits and `_` alone. What is
written has `names`, from what things are called there to what they are called here.
"""

import os
import re
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

import numpy as np

from bricks.errors import BricksError, UsageError

LONGEST = 63
"""Characters of a name in Matlab."""

LARGEST = 2**31 - 1
"""Bytes of a variable."""

KEYWORDS = frozenset(
    "break case catch classdef continue do else elseif end end_try_catch end_unwind_protect endclassdef endenumeration "
    "endevents endfor endfunction endif endmethods endparfor endproperties endswitch endwhile enumeration events for "
    "function global if methods otherwise parfor persistent properties return spmd switch try until unwind_protect "
    "unwind_protect_cleanup while".split()
)
"""Of both languages."""

NAMES = "names"
"""The variable with the paths behind legal names."""


def legal_names(paths: Iterable[str]) -> dict[str, str]:
    """Names that Matlab takes, by path; no two are the same.

    >>> legal_names(["mlp/linear_0/W", "mlp/linear/0_W", "2nd", "end"])
    {'mlp/linear_0/W': 'mlp_linear_0_W', 'mlp/linear/0_W': 'mlp_linear_0_W_2', '2nd': 'x2nd', 'end': 'end_'}
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for path in paths:
        name = re.sub(r"[^A-Za-z0-9_]", "_", path)
        name = name if re.match(r"[A-Za-z]", name) else f"x{name}"
        name = f"{name}_" if name in KEYWORDS else name
        number, found[path] = 1, _shortened(name)
        while found[path] in taken:
            number += 1
            found[path] = _shortened(name, f"_{number}")
        taken.add(found[path])
    return found


def _shortened(name: str, end: str = "") -> str:
    """With what is most telling: the beginning and the end."""
    room = LONGEST - len(end)
    return (name if len(name) <= room else f"{name[:20]}__{name[len(name) - room + 22 :]}") + end


def write_mat(path: str | os.PathLike, sections: Mapping[str, Any]) -> None:
    """Write structs of arrays and, as `names`, a cell with what each thing is called there and its path.

    Parameters
    ----------
    path : path
    sections : mapping
        From names of variables to arrays, text, lists of text (cells), or mappings of such (structs). An array of one
        axis becomes a column.

    Raises
    ------
    UsageError
        If a variable would be too large.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a.mat"
    >>> write_mat(path, {"log": {"valid/cost": np.zeros(3)}})
    >>> from scipy.io import loadmat
    >>> found = loadmat(path, squeeze_me=True)
    >>> found["log"]["valid_cost"][()].shape, found["names"].tolist()
    ((3,), ['log.valid_cost', 'log/valid/cost'])
    """
    from scipy.io import savemat

    for section, content in sections.items():
        size = _bytes(content)
        if size > LARGEST:
            raise UsageError(
                f"{path}: {section} has {size / 2**30:.1f} GiB, and a variable of a .mat file holds 2: "
                "take fewer examples, or write .npz"
            )
    names: list[tuple[str, str]] = []
    variables = _legal(sections, "", "", names)
    variables[NAMES] = np.array([[there, _escaped(here)] for there, here in names], object).reshape(-1, 2)
    savemat(path, variables, appendmat=False, do_compression=True, long_field_names=True, oned_as="column")


def _legal(content, there: str, here: str, names: list[tuple[str, str]]):
    """The content under legal names, which are noted with their paths."""
    if isinstance(content, Mapping):
        legal = legal_names(content)
        return {
            name: _legal(content[path], f"{there}.{name}".lstrip("."), f"{here}/{path}".lstrip("/"), names)
            for path, name in legal.items()
        }
    names.append((there, here))
    if isinstance(content, str):
        return _ascii(content)
    if isinstance(content, list):
        return np.array([*map(_ascii, content), None], object)[:-1]  # a cell, also of texts of one length
    array = np.asarray(content)
    return array.astype("float32") if array.dtype.kind == "f" and array.dtype.itemsize < 4 else array


def _ascii(text: str) -> str:
    """Other characters as `\\xf6`: Octave cuts text by their bytes."""
    return text.encode("ascii", "backslashreplace").decode()


def _escaped(path: str) -> str:
    return path.encode("unicode_escape").decode()


def _bytes(content) -> int:
    return sum(map(_bytes, content.values())) if isinstance(content, Mapping) else np.asarray(content).nbytes


def rows_of(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays of one axis as rows (1, n), so that `x * W + b` is said there as it is here; others as they are.

    >>> {name: array.shape for name, array in rows_of({"W": np.zeros((3, 2)), "b": np.zeros(2)}).items()}
    {'W': (3, 2), 'b': (1, 2)}
    """
    return {name: array[None] if np.ndim(array) == 1 else array for name, array in arrays.items()}


def read_mat(file: BinaryIO | str | os.PathLike, who: str, error: type[BricksError]) -> dict[str, np.ndarray]:
    """All arrays of numbers in a file, by path; `error`, which names it as `who`, where it is no such file or damaged.

    Fields of structs and elements of cells are parts of the path, elements counted from 1 as there:
    `net.layers{1}.weights{2}` is `net/layers/1/weights/2`. What `write_mat` wrote has its paths again.
    """
    from scipy.io import loadmat

    try:
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of how it gives sparse matrices
            variables = loadmat(file, appendmat=False)
    except NotImplementedError:
        raise error(f"{who}: is of Matlab's version 7.3; save it there with save(..., '-v7')") from None
    except Exception as reason:  # whatever it falls over in a file that is none
        if isinstance(reason, OSError) and reason.errno is not None:
            raise  # of the system; SciPy's own has no number
        raise error(f"{who}: is no .mat of Matlab's versions 4 to 7, or damaged: {reason}") from None
    found: dict[str, np.ndarray] = {}
    for name, value in variables.items():
        if not name.startswith("__"):
            _collect(value, name, found)
    paths = _paths(variables.get(NAMES))
    return {paths.get(name, name): array for name, array in found.items()}


def _collect(value, path: str, found: dict[str, np.ndarray]) -> None:
    """The arrays of numbers in what SciPy gives for a variable: cells are of objects, structs have fields."""
    if hasattr(value, "toarray"):  # sparse
        value = value.toarray()
    fields = value.dtype.names
    elements = value.ravel(order="F")
    if fields or value.dtype == object:
        for number, element in enumerate(elements, start=1):
            here = path if fields and len(elements) == 1 else f"{path}/{number}"
            for field in fields or (None,):
                inside = element[field] if field else element
                if isinstance(inside, np.ndarray) or hasattr(inside, "toarray"):
                    _collect(inside, f"{here}/{field}" if field else here, found)
    elif value.dtype.kind in "biufc":
        found[path] = value


def _paths(names) -> dict[str, str]:
    """From names there, as paths, to paths here; none of a variable that is somebody's own."""
    if names is None or names.dtype != object or names.ndim != 2 or names.shape[1] != 2:
        return {}
    texts = [["".join(map(str, np.ravel(cell))) for cell in row] for row in names]
    if any(there.partition(".")[0] != here.partition("/")[0] for there, here in texts):
        return {}
    try:
        return {there.replace(".", "/"): here.encode().decode("unicode_escape") for there, here in texts}
    except UnicodeDecodeError:
        return {}
