"""Transformers by a function of one's own, other names, fewer sources."""

import warnings

from fuel.transformers.base import AgnosticTransformer, Transformer, no_request


class Mapping(Transformer):
    """What a function makes of the data.

    Parameters
    ----------
    data_stream : AbstractDataStream
    mapping : callable
        From a tuple by source to a tuple; to those of `add_sources` where they are given.
    add_sources : tuple of str, optional
        The names of what the function makes, which is put after what is there.
    mapping_accepts : list or dict
        The type: with `dict` the function is given a dict by source, and gives one.
    **kwargs
        As `Transformer` takes them.
    """

    def __init__(self, data_stream, mapping, add_sources=None, mapping_accepts=list, **kwargs):
        super().__init__(data_stream, data_stream.produces_examples, **kwargs)
        if mapping_accepts not in (list, dict):
            raise ValueError(f"Mapping: mapping_accepts must be list or dict, got {mapping_accepts!r}")
        if isinstance(add_sources, str):
            raise ValueError(f"Mapping: add_sources must be a tuple of names, as ({add_sources!r},)")
        self.mapping, self.add_sources, self.mapping_accepts = mapping, add_sources, mapping_accepts

    @property
    def sources(self):
        return (*self.data_stream.sources, *(self.add_sources or ()))

    def get_data(self, request=None):
        if request is not None:
            raise no_request(self)
        data = next(self.child_epoch_iterator)
        wanted = self.add_sources or self.data_stream.sources
        if self.mapping_accepts is dict:
            made = self.mapping(dict(zip(self.data_stream.sources, data, strict=True)))
            missing = [source for source in wanted if source not in made]
            if missing:
                raise ValueError(f"Mapping: the function must give {missing[0]!r} in its dict, got {sorted(made)}")
            made = tuple(made[source] for source in wanted)
        else:
            made = self.mapping(data)
            if self.add_sources and (not isinstance(made, tuple | list) or len(made) != len(wanted)):
                raise ValueError(
                    f"Mapping: the function must give a tuple for {tuple(wanted)}, got {type(made).__name__}; "
                    "(x,) is one of one"
                )
        return (*data, *made) if self.add_sources else made


class Filter(Transformer):
    """The examples, or batches, for which a function is true.

    Parameters
    ----------
    data_stream : AbstractDataStream
    predicate : callable
        From a tuple by source to whether it is wanted.
    **kwargs
        As `Transformer` takes them.
    """

    def __init__(self, data_stream, predicate, **kwargs):
        kwargs.setdefault("axis_labels", data_stream.axis_labels)
        super().__init__(data_stream, data_stream.produces_examples, **kwargs)
        self.predicate = predicate

    def get_data(self, request=None):
        if request is not None:
            raise no_request(self)
        while True:
            data = next(self.child_epoch_iterator)
            if self.predicate(data):
                return data


class Rename(AgnosticTransformer):
    """Other names for sources.

    Parameters
    ----------
    data_stream : AbstractDataStream
    names : dict of str to str
        From the name that a source has to the one it gets.
    on_non_existent : str
        What becomes of a name that no source has: "raise", "warn" or "ignore".
    **kwargs
        As `Transformer` takes them.
    """

    def __init__(self, data_stream, names, on_non_existent="raise", **kwargs):
        if on_non_existent not in ("raise", "warn", "ignore"):
            raise ValueError(f"Rename: on_non_existent must be 'raise', 'warn' or 'ignore', got {on_non_existent!r}")
        known = tuple(data_stream.sources)
        for name in names:
            if name not in known and on_non_existent != "ignore":
                message = f"Rename: the stream has the sources {known}, got {name!r}"
                if on_non_existent == "raise":
                    raise KeyError(message)
                warnings.warn(message, stacklevel=2)
        sources = tuple(names.get(source, source) for source in known)
        if len(set(sources)) < len(sources):
            raise KeyError(f"Rename: all sources must have a name of their own, got {sources}")
        if data_stream.axis_labels is not None:
            labels = {names.get(source, source): own for source, own in data_stream.axis_labels.items()}
            kwargs.setdefault("axis_labels", labels)
        super().__init__(data_stream, data_stream.produces_examples, **kwargs)
        self.sources = sources

    def transform_any(self, data):
        return data


class FilterSources(AgnosticTransformer):
    """These sources alone, in the order of the stream.

    Parameters
    ----------
    data_stream : AbstractDataStream
    sources : tuple of str
    **kwargs
        As `Transformer` takes them.
    """

    def __init__(self, data_stream, sources, **kwargs):
        known = tuple(data_stream.sources)
        if isinstance(sources, str) or not set(sources) <= set(known):
            raise ValueError(f"FilterSources: sources must be some of {known}, got {sources!r}")
        if data_stream.axis_labels is not None:
            labels = {source: own for source, own in data_stream.axis_labels.items() if source in sources}
            kwargs.setdefault("axis_labels", labels)
        super().__init__(data_stream, data_stream.produces_examples, **kwargs)
        self.sources = tuple(source for source in known if source in sources)

    def transform_any(self, data):
        return tuple(
            part for part, source in zip(data, self.data_stream.sources, strict=True) if source in self.sources
        )
