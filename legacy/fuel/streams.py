"""Streams: a data set and an order of iteration, gone through epoch by epoch."""

from abc import ABC, abstractmethod

from fuel._gone import WORKERS, gone
from fuel.iterator import DataIterator


class AbstractDataStream(ABC):
    """What gives examples or batches, epoch by epoch, as tuples in the order of `sources`.

    Parameters
    ----------
    iteration_scheme : IterationScheme, optional
        What is asked for, request by request; without one it is asked for what comes next.
    axis_labels : dict of str to tuple of str, optional
        From each source to the names of its axes.
    """

    def __init__(self, iteration_scheme=None, axis_labels=None):
        self.iteration_scheme, self.axis_labels = iteration_scheme, axis_labels

    @property
    def produces_examples(self):
        """Whether single examples come, not batches: as the scheme says, else as it was set."""
        if self.iteration_scheme is not None:
            return self.iteration_scheme.requests_examples
        if getattr(self, "_produces_examples", None) is None:
            raise ValueError(
                f"{type(self).__name__}: produces_examples must be known, got neither an iteration scheme nor a "
                "setting; pass produces_examples=True or False, or set the attribute"
            )
        return self._produces_examples

    @produces_examples.setter
    def produces_examples(self, value):
        if self.iteration_scheme is not None:
            raise ValueError(f"{type(self).__name__}: produces_examples is said by the iteration scheme; leave it")
        self._produces_examples = value

    @abstractmethod
    def get_data(self, request=None):
        """What was asked for; StopIteration at the end of the epoch."""

    @abstractmethod
    def reset(self):
        """Start anew."""

    @abstractmethod
    def close(self):
        """Let go of files and alike."""

    @abstractmethod
    def next_epoch(self):
        """Go to the next epoch."""

    def get_epoch_iterator(self, as_dict=False):
        """An iterator over one epoch; each batch as a tuple, or as a dict by source."""
        requests = None if self.iteration_scheme is None else self.iteration_scheme.get_request_iterator()
        return DataIterator(self, requests, as_dict=as_dict)

    def iterate_epochs(self, as_dict=False):
        """An iterator over the iterators of epochs, without an end."""
        while True:
            yield self.get_epoch_iterator(as_dict=as_dict)


class DataStream(AbstractDataStream):
    """A data set, asked for what an iteration scheme says.

    Parameters
    ----------
    dataset : Dataset
        Opened at once.
    **kwargs
        `iteration_scheme`, and `axis_labels` in place of the data set's.

    Examples
    --------
    >>> import numpy
    >>> from fuel.datasets import IndexableDataset
    >>> from fuel.schemes import SequentialScheme
    >>> stream = DataStream(IndexableDataset({"x": numpy.arange(3)}), iteration_scheme=SequentialScheme(3, 2))
    >>> list(stream.get_epoch_iterator())
    [(array([0, 1]),), (array([2]),)]
    """

    def __init__(self, dataset, **kwargs):
        super().__init__(**kwargs)
        self.dataset = dataset
        if self.iteration_scheme is None:
            self.produces_examples = True
        labels = dataset.axis_labels
        if self.axis_labels is None and labels is not None:
            one = self.produces_examples
            self.axis_labels = {
                source: tuple(label for label in names if not (one and label == "batch")) if names else names
                for source, names in labels.items()
            }
        self.data_state = dataset.open()
        self._fresh_state = True

    @classmethod
    def default_stream(cls, dataset, **kwargs):
        """A stream through the transformers that the data set suggests."""
        return dataset.apply_default_transformers(cls(dataset, **kwargs))

    @property
    def sources(self):
        """What a batch consists of."""
        return getattr(self, "_sources", None) or self.dataset.sources

    @sources.setter
    def sources(self, value):
        self._sources = value

    def close(self):
        self.data_state = self.dataset.close(self.data_state)

    def reset(self):
        self.data_state = self.dataset.reset(self.data_state)
        self._fresh_state = True

    def next_epoch(self):
        self.data_state = self.dataset.next_epoch(self.data_state)

    def get_data(self, request=None):
        return self.dataset.get_data(self.data_state, request)

    def get_epoch_iterator(self, **kwargs):
        """An iterator over the next epoch; the first one is over the state that the data set was opened with."""
        if not self._fresh_state:
            self.next_epoch()
        self._fresh_state = False
        return super().get_epoch_iterator(**kwargs)


ServerDataStream = gone("fuel.streams.ServerDataStream", WORKERS)
