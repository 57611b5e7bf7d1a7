"""The iterator of an epoch."""


class DataIterator:
    """The batches, or examples, of one epoch of a stream.

    Parameters
    ----------
    data_stream : AbstractDataStream
    request_iterator : iterator, optional
        What to ask the stream for; without one it is asked for what comes next.
    as_dict : bool
        Whether each comes as a dict by source instead of as a tuple.
    """

    def __init__(self, data_stream, request_iterator=None, as_dict=False):
        self.data_stream, self.request_iterator, self.as_dict = data_stream, request_iterator, as_dict

    def __iter__(self):
        return self

    def __next__(self):
        if self.request_iterator is None:
            data = self.data_stream.get_data()
        else:
            data = self.data_stream.get_data(next(self.request_iterator))
        return dict(zip(self.data_stream.sources, data, strict=True)) if self.as_dict else data
