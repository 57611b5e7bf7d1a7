"""The data sets that `python -m bricks fetch` knows: their files, where they are, and their sums."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bricks.data.converters import cifar, csvs, mnist, svhn
from bricks.data.fetching import TIMEOUT, fetch_file
from bricks.errors import UsageError, nearest

TORONTO = ("https://www.cs.toronto.edu/~kriz/",)
LECUN = ("https://storage.googleapis.com/cvdf-datasets/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/")
STANFORD = ("https://ufldl.stanford.edu/housenumbers/",)
IRVINE = ("https://archive.ics.uci.edu/ml/machine-learning-databases/iris/",)


@dataclass(frozen=True)
class Original:
    """A file as its authors distribute it.

    Parameters
    ----------
    name : str
    mirrors : tuple of str
        Addresses to which the name is added.
    sha256 : str
    size : int
        In bytes.
    """

    name: str
    mirrors: tuple[str, ...]
    sha256: str
    size: int


def _originals(mirrors: tuple[str, ...], sums: dict[str, str], sizes: dict[str, int]) -> tuple[Original, ...]:
    return tuple(Original(name, mirrors, sums[name], size) for name, size in sizes.items())


ORIGINALS = {
    "cifar10": _originals(TORONTO, cifar.SHA256, {"cifar-10-binary.tar.gz": 170_052_171}),
    "cifar100": _originals(TORONTO, cifar.SHA256, {"cifar-100-binary.tar.gz": 168_513_733}),
    "iris": _originals(IRVINE, csvs.IRIS_SHA256, {"iris.data": 4_551}),
    "mnist": _originals(
        LECUN,
        mnist.ORIGINAL_SHA256,
        {
            "train-images-idx3-ubyte.gz": 9_912_422,
            "train-labels-idx1-ubyte.gz": 28_881,
            "t10k-images-idx3-ubyte.gz": 1_648_877,
            "t10k-labels-idx1-ubyte.gz": 4_542,
        },
    ),
    "svhn": _originals(STANFORD, svhn.SHA256, {"train_32x32.mat": 182_040_794, "test_32x32.mat": 64_275_384}),
    "svhn_extra": _originals(STANFORD, svhn.SHA256, {"extra_32x32.mat": 1_329_278_602}),
}
"""From each name to its files. `svhn_extra` is a part of svhn that most do without; fetch it to the same folder."""


def fetch(
    name: str,
    folder: Path,
    progress: Callable[[str, int, int | None], None] = lambda file, done, total: None,
    timeout: float = TIMEOUT,
) -> list[Path]:
    """Fetch the original files of a data set to a folder; those that are there already are not fetched again.

    Parameters
    ----------
    name : str
        One of `ORIGINALS`.
    folder : path
        Made where it is missing.
    progress : callable
        Told a file's name, and what `fetch_file` tells.
    timeout : float
        As `fetch_file` takes it.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    UsageError, DataError
        The name is unknown; as `fetch_file`.
    """
    if name not in ORIGINALS:
        raise UsageError(f"fetch: no data set {name!r}; {nearest(name, ORIGINALS)}")
    paths = []
    for file in ORIGINALS[name]:
        path = Path(folder) / file.name
        urls = [mirror + file.name for mirror in file.mirrors]
        fetch_file(
            urls,
            path,
            file.sha256,
            size=file.size,
            progress=lambda done, total, named=file.name: progress(named, done, total),
            timeout=timeout,
        )
        paths.append(path)
    return paths
