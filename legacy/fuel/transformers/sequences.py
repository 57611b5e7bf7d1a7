"""Pieces of sequences: windows with what follows them, n-grams with the word after."""

from fuel.transformers.base import Transformer, need, no_request


class Window(Transformer):
    """All windows of each sequence, and for each the window that lies `offset` further on.

    Parameters
    ----------
    offset : int
        From the source window to the target window.
    source_window, target_window : int
        Their lengths.
    overlapping : bool
        True counts `offset` from the beginning of the source window, False from its end.
    data_stream : AbstractDataStream
        Of examples, with one source.
    target_source : str
        The name of the targets.
    **kwargs
        As `Transformer` takes them.

    Examples
    --------
    >>> from fuel.datasets import IterableDataset
    >>> from fuel.streams import DataStream
    >>> stream = DataStream(IterableDataset([[1, 2, 3, 4]]))
    >>> list(Window(1, 2, 2, True, stream).get_epoch_iterator())
    [([1, 2], [2, 3]), ([2, 3], [3, 4])]
    """

    def __init__(
        self, offset, source_window, target_window, overlapping, data_stream, target_source="targets", **kwargs
    ):
        need(data_stream, True, type(self).__name__)
        if len(data_stream.sources) != 1:
            raise ValueError(f"{type(self).__name__}: takes a stream with one source, got {data_stream.sources}")
        super().__init__(data_stream, produces_examples=True, **kwargs)
        self.sources = (*data_stream.sources, target_source)
        self.offset, self.overlapping = offset, overlapping
        self.source_window, self.target_window = source_window, target_window
        self._begin([])

    def _begin(self, sequence):
        """Go to the first window of a sequence of which the target lies inside too."""
        self.sequence = sequence
        self._shift = self.offset + (0 if self.overlapping else self.source_window)
        self._place = max(0, -self._shift)

    def get_epoch_iterator(self, **kwargs):
        self._begin([])
        return super().get_epoch_iterator(**kwargs)

    def get_data(self, request=None):
        if request is not None:
            raise no_request(self)
        span = max(self.source_window, self._shift + self.target_window)
        while self._place + span > len(self.sequence):
            [sequence] = next(self.child_epoch_iterator)
            self._begin(sequence)
        start, target = self._place, self._place + self._shift
        self._place += 1
        return (
            self.sequence[start : start + self.source_window],
            self.sequence[target : target + self.target_window],
        )


class NGrams(Window):
    """Each run of `ngram_order` words, and the word after it.

    Parameters
    ----------
    ngram_order : int
    data_stream : AbstractDataStream
        Of examples, with one source.
    target_source : str
    **kwargs
        As `Transformer` takes them.
    """

    def __init__(self, ngram_order, data_stream, target_source="targets", **kwargs):
        super().__init__(0, ngram_order, 1, False, data_stream, target_source, **kwargs)
        self.ngram_order = ngram_order
