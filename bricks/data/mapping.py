"""Transformers for what the others do not do: a function of one's own, other names, fewer sources."""

from collections.abc import Callable
from collections.abc import Mapping as Dict
from dataclasses import replace

import numpy as np

from bricks.data.contracts import Batch, Source
from bricks.data.draws import Drawing, Place
from bricks.data.names import chosen, several
from bricks.data.ragged import common, ragged
from bricks.data.schemes import whole
from bricks.errors import DataError, UsageError

Function = Callable[..., Dict[str, np.ndarray]]

_PROBES = ({"examples": 2, "varying": 5}, {"examples": 3, "varying": 7})


class Mapping(Drawing):
    """What a function makes of a batch, added to it; a source that is there already is replaced.

    Parameters
    ----------
    function : callable
        From a batch, a dict of arrays that it must not change, to a dict of arrays. With worker processes it must be
        importable, so no lambda.
    seed : int, optional
        With one, the function is called as `function(batch, random)`: a Generator of (seed, epoch, batch), from which
        it draws whatever is random.
    outputs : dict of str to Source, optional
        What it makes. By default the function is tried on two small batches of zeros, when the stream is built.

    Raises
    ------
    UsageError, DataError
        The function failed on zeros; what it makes is no dict of arrays, or later not what was said of it.

    Examples
    --------
    >>> from bricks.data import ArrayDataset, DataStream, Mapping, SequentialScheme
    >>> def halves(batch):
    ...     return {"half": batch["x"] / 2}
    >>> stream = DataStream(ArrayDataset({"x": [1, 2]}), SequentialScheme(2), [Mapping(halves)])
    >>> stream.sources["half"], next(stream.iterator())["half"]
    (Source(float64, (), batch), array([0.5, 1. ]))
    """

    def __init__(self, function: Function, seed: int | None = None, outputs: Dict[str, Source] | None = None):
        self.function, self._given = function, outputs
        self._said: dict[str, list[Source]] = {}  # one for each kind of stream that this is used in
        self.seed = None if seed is None else whole(seed, 0, "seed", "Mapping")
        self._name = f"Mapping: {getattr(function, '__name__', type(function).__name__)}"

    def sources(self, sources: Dict[str, Source]) -> dict[str, Source]:
        outputs = self._given
        if outputs is None:
            try:
                first, second = (self._called(_zeros(sources, **probe), Place(0, 0, np.arange(0))) for probe in _PROBES)
            except DataError:
                raise
            except Exception as error:
                raise UsageError(
                    f"{self._name} failed on a batch of zeros: {type(error).__name__}: {error}; if it must not see "
                    "one, say what it makes by outputs={name: Source(...)}"
                ) from error
            outputs = {name: self._described(name, first[name], second.get(name), sources) for name in first}
        for name, source in outputs.items():
            self._said.setdefault(name, []).append(source)
        return {**sources, **outputs}

    def apply_at(self, batch: Batch, place: Place) -> Batch:
        made = self._called(batch, place)
        for name, said in self._said.items():
            if name not in made or not any(_fits(made[name], source) for source in said):
                got = f"{made[name].dtype} {made[name].shape}" if name in made else "none"
                raise DataError(
                    f"{self._name}: {name!r} must be {said[-1].dtype} {said[-1].batch_shape} as was said before the "
                    f"first batch, got {got}"
                )
        return {**batch, **made}

    def _called(self, batch: Batch, place: Place) -> Batch:
        made = self.function(dict(batch)) if self.seed is None else self.function(batch, place.generator(self.seed))
        if not isinstance(made, Dict):
            raise DataError(f"{self._name} must give a dict of arrays by name, got {type(made).__name__}")
        return {name: np.asarray(array) for name, array in made.items()}

    def _described(self, name: str, first: np.ndarray, second: np.ndarray | None, sources: Dict[str, Source]) -> Source:
        """The axis that is as long as a batch has examples counts them; one that differs otherwise varies."""
        if second is None or (second.dtype, second.ndim) != (first.dtype, first.ndim):
            raise DataError(
                f"{self._name} must give {name!r} with one dtype and number of axes; else say outputs={{...}}"
            )
        if first.dtype.hasobject:
            dtype, shape = common([*first, *second], f"{self._name}: {name!r}")
            return Source(dtype, shape, ("batch", *[""] * len(shape)), ragged=True)
        sizes = list(zip(first.shape, second.shape, strict=True))
        counts = tuple(probe["examples"] for probe in _PROBES)
        if counts not in sizes:
            raise DataError(f"{self._name} must give {name!r} with an axis for the examples, got shape {first.shape}")
        axis = sizes.index(counts)
        shape = tuple(a if a == b else None for a, b in sizes[:axis] + sizes[axis + 1 :])
        old = sources.get(name)
        if old is not None and not old.ragged and (len(old.shape), old.batch_axis) == (len(shape), axis):
            return replace(old, dtype=first.dtype, shape=shape)
        labels = [""] * first.ndim
        labels[axis] = "batch"
        return Source(first.dtype, shape, tuple(labels))


def _fits(array: np.ndarray, source: Source) -> bool:
    if source.ragged:
        return array.dtype.hasobject
    wanted = source.batch_shape
    return (
        array.dtype == source.dtype
        and array.ndim == len(wanted)
        and all(size in (None, found) for size, found in zip(wanted, array.shape, strict=True))
    )


def _zeros(sources: Dict[str, Source], examples: int, varying: int) -> Batch:
    batch = {}
    for name, source in sources.items():
        shape = tuple(varying if size is None else size for size in source.shape)
        if source.ragged:
            batch[name] = ragged(np.zeros(shape, source.dtype) for _ in range(examples))
        else:
            axis = source.batch_axis
            batch[name] = np.zeros((*shape[:axis], examples, *shape[axis:]), source.dtype)
    return batch


class Rename:
    """Other names for sources.

    Parameters
    ----------
    names : dict of str to str
        From the name that a source has to the one it gets; two may change places.

    Raises
    ------
    DataError
        There is no such source, or two would have one name.

    Examples
    --------
    >>> from bricks.data import Rename
    >>> Rename({"features": "x"}).apply({"features": np.array([1]), "y": np.array([2])})
    {'x': array([1]), 'y': array([2])}
    """

    def __init__(self, names: Dict[str, str]):
        self.names = dict(names)

    def sources(self, sources: Dict[str, Source]) -> dict[str, Source]:
        chosen(tuple(self.names), sources, "Rename")
        renamed = self.apply(sources)
        if len(renamed) < len(sources):
            raise DataError(f"Rename: all sources must have a name of their own, got {self.names} for {list(sources)}")
        return renamed

    def apply(self, batch: dict) -> dict:
        return {self.names.get(name, name): array for name, array in batch.items()}


class FilterSources:
    """These sources alone, in this order.

    Parameters
    ----------
    *names : str
        Or one list of them.

    Raises
    ------
    UsageError, DataError
        No name was given; there is no such source.

    Examples
    --------
    >>> from bricks.data import FilterSources
    >>> FilterSources("x").apply({"x": np.array([1]), "y": np.array([2])})
    {'x': array([1])}
    """

    def __init__(self, *names: str):
        if not several(names):
            raise UsageError("FilterSources: needs the name of a source at least, got none")
        self.names = several(names)

    def sources(self, sources: Dict[str, Source]) -> dict[str, Source]:
        return self.apply({name: sources[name] for name in chosen(self.names, sources, "FilterSources")})

    def apply(self, batch: dict) -> dict:
        return {name: batch[name] for name in self.names}
