"""Subsets of examples, as sets: in ascending order, each example once."""

import numbers

import numpy


def iterable_fancy_indexing(iterable, request):
    """`iterable[request]`, where the request may be a list though the iterable knows none."""
    if isinstance(iterable, numpy.ndarray) or not isinstance(request, list | numpy.ndarray):
        return iterable[request]
    return [iterable[number] for number in request]


class Subset:
    """Which examples of a data set are meant: a slice, or a list, that is sorted and in which each counts once.

    Parameters
    ----------
    list_or_slice : list of int or slice
        Numbers from 0; a slice without a step.
    original_num_examples : int
        How many there are in all.

    Examples
    --------
    >>> Subset([4, 2, 4], 10).list_or_slice, Subset([3, 2], 10).list_or_slice
    ([2, 4], slice(2, 4, None))
    >>> (Subset([0, 1], 10) + Subset([5], 10)).get_list_representation()
    [0, 1, 5]
    >>> Subset([2, 4, 6], 10).index_within_subset(numpy.arange(10), [2, 0])
    array([6, 2])
    """

    def __init__(self, list_or_slice, original_num_examples):
        total = self.original_num_examples = original_num_examples
        if isinstance(list_or_slice, slice):
            bounds = list_or_slice.start, list_or_slice.stop
            if list_or_slice.step not in (None, 1):
                raise ValueError(f"Subset: a slice must have no step, got {list_or_slice}")
            if any(bound is not None and not 0 <= bound <= total for bound in bounds):
                raise ValueError(f"Subset: a slice must lie from 0 to {total}, got {list_or_slice}")
            if None not in bounds and bounds[0] > bounds[1]:
                raise ValueError(f"Subset: a slice must not end before it begins, got {list_or_slice}")
            self.list_or_slice = list_or_slice
        else:
            chosen = sorted({int(number) for number in list_or_slice})
            if chosen and not 0 <= chosen[0] <= chosen[-1] < total:
                raise ValueError(f"Subset: a list must have numbers from 0 to {total - 1}, got {list_or_slice}")
            stretch = chosen and chosen[-1] - chosen[0] == len(chosen) - 1
            self.list_or_slice = slice(chosen[0], chosen[-1] + 1) if stretch else chosen

    @classmethod
    def empty_subset(cls, original_num_examples):
        """No example of so many."""
        return cls([], original_num_examples)

    @property
    def is_list(self):
        return isinstance(self.list_or_slice, list)

    @property
    def is_empty(self):
        return self.num_examples == 0

    @property
    def num_examples(self):
        return len(self._numbers)

    def get_list_representation(self):
        """The numbers of the examples."""
        return list(self._numbers)

    def __add__(self, other):
        if self.original_num_examples != other.original_num_examples:
            raise ValueError(
                "Subset: both must be of equally many examples, got "
                f"{self.original_num_examples} and {other.original_num_examples}"
            )
        return Subset([*self._numbers, *other._numbers], self.original_num_examples)

    def index_within_subset(self, indexable, subset_request, sort_indices=False):
        """What is asked for among the examples of the subset, which count from 0.

        `sort_indices` asks `indexable` in ascending order, as HDF5 needs it.
        """
        if isinstance(subset_request, numbers.Integral):
            return indexable[self._numbers[subset_request]]
        if isinstance(subset_request, slice):
            part = self._numbers[subset_request]
            if isinstance(part, range) and part.step == 1:
                return indexable[part.start : part.stop]
            rows = list(part)
        else:
            rows = [self._numbers[number] for number in subset_request]
        return (
            self.sorted_fancy_indexing(indexable, rows)
            if sort_indices
            else self.unsorted_fancy_indexing(indexable, rows)
        )

    @classmethod
    def sorted_fancy_indexing(cls, indexable, request):
        """`indexable[request]`, asked for in ascending order and put back into that of the request."""
        if len(request) < 2:
            return indexable[request]
        ascending, places = numpy.unique(request, return_inverse=True)
        return indexable[ascending.tolist()][places]

    @classmethod
    def unsorted_fancy_indexing(cls, indexable, request):
        """`indexable[request]`, also of lists."""
        return iterable_fancy_indexing(indexable, request)

    @property
    def _numbers(self) -> range | list:
        if self.is_list:
            return self.list_or_slice
        return range(self.original_num_examples)[self.list_or_slice]
