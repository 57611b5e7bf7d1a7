"""Transformers against NumPy: values, dtypes, sources, what they refuse, those of one's own."""

import pickle

import numpy as np
import pytest
from fuel import config
from fuel.config_parser import ConfigurationError
from fuel.datasets import IndexableDataset, IterableDataset
from fuel.exceptions import AxisLabelsMismatchError
from fuel.schemes import ConstantScheme, SequentialExampleScheme, SequentialScheme
from fuel.streams import DataStream
from fuel.transformers import (
    AgnosticSourcewiseTransformer,
    AgnosticTransformer,
    Batch,
    Cache,
    Cast,
    ExpectsAxisLabels,
    Filter,
    FilterSources,
    Flatten,
    ForceFloatX,
    Mapping,
    Merge,
    OneHotEncoding,
    Padding,
    Rename,
    ScaleAndShift,
    SortMapping,
    SourcewiseTransformer,
    Transformer,
    Unpack,
)
from fuel.transformers.sequences import NGrams, Window
from fuel.transformers.text import NGrams as NGramsAtFirst

X = np.random.RandomState(0).randint(0, 256, size=(6, 2, 3)).astype("uint8")
Y = np.arange(6)[:, None]
SENTENCES = [[1, 2, 3], [4], [5, 6], [7, 8, 9, 10], [11, 12], [13]]


def batches(size=4, **sources):
    dataset = IndexableDataset(sources or {"x": X, "y": Y}, axis_labels={"x": ("batch", "height", "width")})
    return DataStream(dataset, iteration_scheme=SequentialScheme(dataset.num_examples, size))


def examples(**sources):
    dataset = IndexableDataset(sources or {"x": X, "y": Y}, axis_labels={"x": ("batch", "height", "width")})
    return DataStream(dataset, iteration_scheme=SequentialExampleScheme(dataset.num_examples))


def sentences():
    return DataStream(IterableDataset({"s": SENTENCES}))


def epoch(stream, **kwargs):
    return list(stream.get_epoch_iterator(**kwargs))


def first(stream):
    return next(stream.get_epoch_iterator())


def test_flatten():
    stream = Flatten(batches(), which_sources=("x",))
    assert (first(stream)[0] == X[:4].reshape(4, 6)).all() and first(stream)[1].shape == (4, 1)
    assert stream.axis_labels["x"] == ("batch", "feature")
    example = Flatten(examples())
    assert (first(example)[0] == X[0].ravel()).all() and example.axis_labels["x"] == ("feature",)
    assert first(Flatten(batches(v=np.arange(6))))[0].shape == (4, 1)
    uneven = Batch(sentences(), ConstantScheme(3))
    with pytest.raises(ValueError, match="after Padding"):
        first(Flatten(uneven))


def test_scale_and_shift():
    x, y = first(ScaleAndShift(batches(), 1 / 255.0, 0, which_sources=("x",)))
    assert x.dtype == np.float64 and (x == X[:4] * (1 / 255.0)).all() and y.dtype == Y.dtype
    assert (first(ScaleAndShift(examples(), 2.0, -1))[0] == X[0] * 2.0 - 1).all()
    assert (
        first(ScaleAndShift(batches(), [1, 2, 3], np.ones((2, 1)), which_sources=("x",)))[0] == X[:4] * [1, 2, 3] + 1
    ).all()
    single = ScaleAndShift(examples(n=[2, 3], z=np.array([1.5, 2])), 3, 1)
    assert epoch(single) == [(7, 5.5), (10, 7.0)] and X.max() <= 255  # and the data set's arrays stay as they are
    floats = np.ones(3, "float32")
    assert first(ScaleAndShift(batches(size=3, f=floats), 2, 3))[0].tolist() == [5, 5, 5] and (floats == 1).all()
    assert ScaleAndShift(batches(), 1, 0).axis_labels == batches().axis_labels


# From NumPy's documentation of result_type before 2.0: a number counts by its value, unless it is of a higher kind.
@pytest.mark.parametrize(
    ("dtype", "scale", "shift", "becomes"),
    [
        ("float32", np.float64(0.5), np.float64(1), "float32"),
        ("float32", 0.1, 0, "float32"),
        ("float32", np.array(0.5), 0, "float32"),
        ("uint8", 1 / 255.0, 0, "float64"),
        ("uint8", np.float32(0.5), 0, "float32"),
        ("uint8", 2, 0, "uint8"),
        ("uint8", 300, 0, "uint16"),
        ("uint8", -1, 0, "int16"),
        ("int8", 100, 0, "int8"),
        ("int8", 200, 0, "int16"),
        ("int64", np.float32(1), 0, "float64"),
        ("float16", 70000.0, 0, "float32"),
        ("float64", np.float32(1), 0, "float64"),
    ],
)
def test_dtypes_of_scaling_are_those_of_then(dtype, scale, shift, becomes):
    [x] = first(ScaleAndShift(batches(x=np.ones(4, dtype)), scale, shift))
    assert x.dtype == becomes and (x == np.float64(scale + shift).astype(becomes)).all()


def test_casts(monkeypatch):
    assert first(Cast(batches(), "float32", which_sources=("x",)))[0].dtype == np.float32
    assert [part.dtype for part in first(Cast(batches(), "floatX"))] == [np.float32] * 2
    config.floatX = "float64"
    assert first(Cast(examples(), "floatX"))[0].dtype == np.float64
    config.floatX = "float32"
    floats = batches(a=np.zeros(6), b=np.zeros(6, "int64"), c=np.zeros(6, "float32"))
    assert [part.dtype for part in first(ForceFloatX(floats))] == [np.float32, np.int64, np.float32]


def test_without_a_floatx_the_need_is_said(monkeypatch):
    monkeypatch.delenv("FUEL_FLOATX")
    monkeypatch.delenv("THEANO_FLAGS", raising=False)
    monkeypatch.delitem(__import__("sys").modules, "pytensor", raising=False)
    with pytest.raises(ConfigurationError, match=r"floatX: \.\.\."):
        Cast(batches(), "floatX")
    monkeypatch.setenv("THEANO_FLAGS", "device=cpu,floatX=float32")
    assert Cast(batches(), "floatX").dtype == "float32"


def test_casts_take_examples_of_unequal_shape():
    ragged = np.empty(2, object)
    ragged[:] = [np.ones((2, 3), "uint8"), np.ones((4, 1), "uint8")]
    [x] = first(Cast(ScaleAndShift(batches(size=2, x=ragged), 0.5, 0), "float32"))
    assert x.dtype == object and [a.shape for a in x] == [(2, 3), (4, 1)] and x[1].dtype == np.float32


def test_one_hot():
    x = first(OneHotEncoding(batches(), num_classes=7, which_sources=("y",)))[1]
    assert (x == np.eye(7)[:4]).all() and x.dtype == np.float64
    assert first(OneHotEncoding(examples(), 7, which_sources=("y",)))[1].tolist() == [[1, 0, 0, 0, 0, 0, 0]]
    with pytest.raises(ValueError, match="from 0 to 2, got 3"):
        first(OneHotEncoding(batches(), 3, which_sources=("y",)))


def test_mapping():
    assert first(Mapping(batches(), lambda data: tuple(part[:1] for part in data)))[1].tolist() == [[0]]
    added = Mapping(batches(), lambda data: (data[1] + 1,), add_sources=("z",))
    assert added.sources == ("x", "y", "z")
    assert {name: part.shape for name, part in epoch(added, as_dict=True)[0].items()}["z"] == (4, 1)
    by_name = Mapping(batches(), lambda data: {"y": data["y"] * 2, "x": data["x"]}, mapping_accepts=dict)
    assert (first(by_name)[1] == Y[:4] * 2).all()
    both = Mapping(batches(), lambda data: {"z": data["y"] * 2}, add_sources=("z",), mapping_accepts=dict)
    assert (first(both)[2] == Y[:4] * 2).all() and len(first(both)) == 3
    assert Mapping(examples(), lambda data: data).produces_examples
    with pytest.raises(ValueError, match="must give a tuple"):
        first(Mapping(batches(), lambda data: data[1], add_sources=("z",)))
    with pytest.raises(ValueError, match="must give 'z'"):
        first(Mapping(batches(), lambda data: data, add_sources=("z",), mapping_accepts=dict))
    with pytest.raises(ValueError, match="list or dict"):
        Mapping(batches(), len, mapping_accepts=tuple)


def test_filter_gives_dicts_too():
    odd = Filter(examples(), lambda example: example[1][0] % 2)
    assert [int(y[0]) for _, y in epoch(odd)] == [1, 3, 5]
    assert [int(example["y"][0]) for example in epoch(odd, as_dict=True)] == [1, 3, 5]
    assert len(epoch(Batch(odd, ConstantScheme(2)))) == 2
    whole = Filter(batches(), lambda batch: len(batch[0]) == 4)
    assert len(epoch(whole)) == 1 and not whole.produces_examples


def test_batch():
    stream = Batch(examples(), iteration_scheme=ConstantScheme(4))
    assert [len(x) for x, _ in epoch(stream)] == [4, 2] and (epoch(stream)[0][0] == X[:4]).all()
    assert stream.axis_labels["x"] == ("batch", "height", "width") and not stream.produces_examples
    assert len(epoch(Batch(examples(), ConstantScheme(4), strictness=1))) == 1
    strict = Batch(examples(), ConstantScheme(4), strictness=2).get_epoch_iterator()
    next(strict)
    with pytest.raises(ValueError, match="whole batches"):
        next(strict)
    assert len(epoch(Batch(examples(), ConstantScheme(3), strictness=2))) == 2
    with pytest.raises(ValueError, match="must give examples"):
        Batch(batches(), ConstantScheme(3))


def test_batches_of_unequal_examples_are_vectors_of_them():
    batch = first(Batch(sentences(), ConstantScheme(3)))[0]
    assert batch.dtype == object and batch.tolist() == SENTENCES[:3]
    assert first(Batch(DataStream(IterableDataset({"s": [[1, 2], [3, 4]]})), ConstantScheme(2)))[0].shape == (2, 2)


def test_unpack():
    stream = Unpack(batches())
    assert [int(y[0]) for _, y in epoch(stream)] == list(range(6)) and stream.produces_examples
    assert stream.axis_labels["x"] == ("height", "width")
    first(stream)  # and the rest of its batch is not the next epoch's
    assert [int(y[0]) for _, y in epoch(stream)] == list(range(6))
    with pytest.raises(ValueError, match="must give batches"):
        Unpack(examples())


def test_cache():
    stream = Cache(batches(size=4), iteration_scheme=ConstantScheme(3))
    assert [y.ravel().tolist() for _, y in epoch(stream)] == [[0, 1, 2], [3, 4, 5]]
    with_rest = Cache(batches(size=6, n=np.arange(6)), ConstantScheme(4, num_examples=6))
    assert [n.tolist() for (n,) in epoch(with_rest)] == [[0, 1, 2, 3], [4, 5]]
    without = Cache(batches(size=6, n=np.arange(6)), ConstantScheme(4))  # the rest was not given
    assert [n.tolist() for (n,) in epoch(without)] == [[0, 1, 2, 3]]
    larger = Cache(batches(size=2, n=np.arange(6)), ConstantScheme(5))  # than the batches below
    assert [n.tolist() for (n,) in epoch(larger)] == [[0, 1, 2, 3, 4]]
    with pytest.raises(ValueError, match="as ConstantScheme"):
        Cache(batches(), SequentialScheme(6, 2))


def test_sort_mapping():
    lists = [[1, 2, 3], [4], [5, 6]]
    assert SortMapping(lambda example: len(example[0]))((lists, ["a", "b", "c"])) == (
        [[4], [5, 6], [1, 2, 3]],
        ["b", "c", "a"],
    )
    arrays = SortMapping(lambda example: example[1], reverse=True)((np.arange(3), np.array([5, 9, 7])))
    assert [array.tolist() for array in arrays] == [[1, 2, 0], [9, 7, 5]]
    [sentence] = first(Mapping(Batch(sentences(), ConstantScheme(4)), SortMapping(lambda example: len(example[0]))))
    assert sentence.tolist() == [[4], [5, 6], [1, 2, 3], [7, 8, 9, 10]]


def test_padding():
    stream = Padding(Batch(sentences(), ConstantScheme(3)))
    assert stream.sources == ("s", "s_mask")
    padded, mask = first(stream)
    assert padded.tolist() == [[1, 2, 3], [4, 0, 0], [5, 6, 0]] and padded.dtype == np.int64
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0], [1, 1, 0]] and mask.dtype == np.float32
    three = DataStream(
        IterableDataset({"a": [np.ones((2, 3)), np.ones((1, 3))], "b": [0, 1], "c": [[], [7]]}), iteration_scheme=None
    )
    stream = Padding(Batch(three, ConstantScheme(2)), mask_sources=("a", "c"), mask_dtype="int8")
    assert stream.sources == ("a", "a_mask", "b", "c", "c_mask")
    a, a_mask, b, c, c_mask = first(stream)
    assert a.shape == (2, 2, 3) and a[1, 1].tolist() == [0, 0, 0] and a_mask.dtype == np.int8
    assert b.tolist() == [0, 1] and c.tolist() == [[0], [7]] and c_mask.tolist() == [[0], [1]]
    assert c.dtype == np.int64  # and not that of the empty first example
    with pytest.raises(ValueError, match="differ in length alone"):
        first(Padding(Batch(DataStream(IterableDataset([np.ones((2, 3)), np.ones((2, 4))])), ConstantScheme(2))))
    with pytest.raises(ValueError, match="must give batches"):
        Padding(sentences())


def test_merge():
    longer = DataStream(IterableDataset([1, 2, 3, 4, 5, 6, 7, 8]))
    stream = Merge((examples(), longer), ("x", "y", "n"))
    assert [n for _, _, n in epoch(stream)] == [1, 2, 3, 4, 5, 6] and stream.produces_examples
    assert [example["n"] for example in epoch(stream, as_dict=True)] == [1, 2, 3, 4, 5, 6]
    stream.reset()
    stream.close()
    with pytest.raises(ValueError, match="3 names"):
        Merge((examples(), longer), ("x", "y"))
    with pytest.raises(ValueError, match="all give examples or all batches"):
        Merge((examples(), batches()), ("x", "y", "a", "b"))


def test_rename():
    stream = Rename(batches(), {"x": "y", "y": "x"})
    assert stream.sources == ("y", "x") and (first(stream)[1] == Y[:4]).all()
    assert stream.axis_labels == {"y": ("batch", "height", "width")}
    with pytest.raises(KeyError, match="'z'"):
        Rename(batches(), {"z": "a"})
    with pytest.raises(KeyError, match="a name of their own"):
        Rename(batches(), {"x": "y"})
    with pytest.warns(UserWarning, match="'z'"):
        assert Rename(batches(), {"z": "a"}, on_non_existent="warn").sources == ("x", "y")
    assert Rename(batches(), {"z": "a", "x": "b"}, on_non_existent="ignore").sources == ("b", "y")
    with pytest.raises(ValueError, match="on_non_existent"):
        Rename(batches(), {}, on_non_existent="pass")


def test_filter_sources_keeps_the_streams_order():
    three = batches(a=np.arange(6), b=np.arange(6) + 10, c=np.arange(6) + 20)
    stream = FilterSources(three, sources=("c", "a"))
    assert stream.sources == ("a", "c") and [part[0] for part in first(stream)] == [0, 20]
    with pytest.raises(ValueError, match="some of"):
        FilterSources(three, ("d",))


def windows(*settings, **kwargs):
    return [tuple(map(list, pair)) for pair in epoch(Window(*settings, sentences(), **kwargs))]


def oracle(offset, source, target, overlapping):
    pairs = []
    for sentence in SENTENCES:
        for start in range(len(sentence)):
            aim = start + offset + (0 if overlapping else source)
            if aim >= 0 and max(start + source, aim + target) <= len(sentence):
                pairs.append((sentence[start : start + source], sentence[aim : aim + target]))
    return pairs


@pytest.mark.parametrize("settings", [(0, 2, 1, False), (1, 2, 2, True), (-1, 1, 1, True), (0, 1, 2, False)])
def test_windows(settings):
    assert windows(*settings) == oracle(*settings) != []


def test_ngrams():
    stream = NGrams(2, sentences())
    assert NGramsAtFirst is NGrams and stream.sources == ("s", "targets")
    assert epoch(stream) == [([1, 2], [3]), ([7, 8], [9]), ([8, 9], [10])] == epoch(stream)
    first(stream)
    assert len(epoch(stream)) == 3
    with pytest.raises(ValueError, match="one source"):
        NGrams(2, examples())
    with pytest.raises(ValueError, match="must give examples"):
        Window(1, 2, 2, True, batches())


class Doubled(Transformer):
    def __init__(self, data_stream, **kwargs):
        super(Doubled, self).__init__(  # noqa: UP008, as it was written then
            data_stream, produces_examples=data_stream.produces_examples, **kwargs
        )

    def transform_batch(self, batch):
        return tuple(2 * part for part in batch)


class EverySecond(Transformer):
    """By `get_data`, as many programs did it."""

    def get_data(self, request=None):
        if request is not None:
            raise ValueError
        next(self.child_epoch_iterator)
        return next(self.child_epoch_iterator)


class Negated(AgnosticSourcewiseTransformer):
    def transform_any_source(self, source_data, source_name):
        return -np.asarray(source_data)


class Rounded(SourcewiseTransformer):
    def transform_source_batch(self, source_batch, source_name):
        assert source_name == "y"
        return np.round(source_batch)


def test_transformers_of_ones_own():
    assert (first(Doubled(batches()))[1] == 2 * Y[:4]).all()
    with pytest.raises(NotImplementedError, match="takes batches, and the stream below gives examples"):
        first(Doubled(examples()))
    assert [int(y[0]) for _, y in epoch(EverySecond(examples(), produces_examples=True))] == [1, 3, 5]
    with pytest.raises(ValueError, match="produces_examples must be known"):
        Batch(EverySecond(examples()), ConstantScheme(2))
    with pytest.raises(NotImplementedError, match="makes examples, and the stream below gives batches"):
        first(Negated(batches(), produces_examples=True))
    assert (first(Negated(batches(), False, which_sources=("y",)))[1] == -Y[:4]).all()
    assert (first(Negated(examples(), True))[1] == 0).all()
    assert first(Rounded(batches(), False, which_sources=("y",)))[1].tolist() == Y[:4].tolist()
    with pytest.raises(NotImplementedError, match="takes batches"):
        first(Rounded(examples(), True))
    with pytest.raises(NotImplementedError, match="transform_any"):
        first(AgnosticTransformer(batches(), False))
    again = pickle.loads(pickle.dumps(EverySecond(examples(), produces_examples=True)))
    assert len(epoch(again)) == 3


def test_transformers_reach_the_dataset():
    stream = Doubled(Negated(batches(), False))
    stream.reset()
    stream.next_epoch()
    stream.close()
    for transformer in (stream, Unpack(batches()), Padding(batches()), Filter(batches(), len), NGrams(1, sentences())):
        with pytest.raises(ValueError, match="takes no requests"):
            transformer.get_data(request=[0])
    for transformer in (Batch(examples(), ConstantScheme(2)), Cache(batches(), ConstantScheme(2))):
        with pytest.raises(ValueError, match="needs a request"):
            transformer.get_data()


def test_axis_labels_are_verified_once(caplog):
    checks = ExpectsAxisLabels()
    checks.verify_axis_labels(("batch", "time"), None, "a")
    checks.verify_axis_labels(("batch", "time"), None, "a")
    assert caplog.text.count("has no axis labels") == 1
    checks.verify_axis_labels(("batch", "time"), ["batch", "time"], "b")
    with pytest.raises(AxisLabelsMismatchError, match="must have axes"):
        checks.verify_axis_labels(("batch", "time"), ("time", "batch"), "c")
