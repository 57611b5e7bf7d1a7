"""Programs as they were written in 2015 and 2016, after a mechanical conversion from Python 2."""

import numpy
import pytest
from fuel.datasets import Dataset, IterableDataset, TextFile
from fuel.datasets.base import IndexableDataset
from fuel.schemes import ConstantScheme, SequentialExampleScheme, ShuffledExampleScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.transformers import (
    Batch,
    Filter,
    Mapping,
    Merge,
    MultiProcessing,
    Padding,
    SortMapping,
    SourcewiseTransformer,
    Transformer,
    Unpack,
)


class MarkovChain(Dataset):
    """Examples that are made up as one goes, as in the examples of Blocks."""

    provides_sources = ("data",)

    def __init__(self, rng, length, **kwargs):
        self.rng = rng
        self.length = length
        super(MarkovChain, self).__init__(**kwargs)  # noqa: UP008

    def open(self):
        return {"made": 0}

    def get_data(self, state=None, request=None):
        if request is not None:
            raise ValueError
        if state["made"] == 7:
            raise StopIteration
        state["made"] += 1
        return (self.rng.randint(0, 3, size=self.length),)


class OneStepAhead(Transformer):
    """Adds what is to be predicted."""

    def __init__(self, data_stream, **kwargs):
        super(OneStepAhead, self).__init__(data_stream, data_stream.produces_examples, **kwargs)  # noqa: UP008
        self.sources = self.data_stream.sources + ("targets",)

    def get_data(self, request=None):
        if request is not None:
            raise ValueError
        (sequence,) = next(self.child_epoch_iterator)
        return sequence[:-1], sequence[1:]


class Centred(SourcewiseTransformer):
    def __init__(self, data_stream, mean, **kwargs):
        self.mean = mean
        super(Centred, self).__init__(data_stream, data_stream.produces_examples, **kwargs)  # noqa: UP008

    def transform_source_batch(self, batch, source_name):
        return batch - self.mean


def test_a_markov_chain_with_a_dataset_and_a_transformer_of_ones_own():
    dataset = MarkovChain(numpy.random.RandomState(1), length=6)
    stream = Centred(Batch(OneStepAhead(DataStream(dataset)), ConstantScheme(3)), mean=1.0, which_sources=("data",))
    oracle = numpy.random.RandomState(1).randint(0, 3, size=(7, 6))
    batches = list(stream.get_epoch_iterator(as_dict=True))
    assert [len(batch["data"]) for batch in batches] == [3, 3, 1]
    numpy.testing.assert_array_equal(numpy.concatenate([batch["data"] for batch in batches]), oracle[:, :-1] - 1.0)
    numpy.testing.assert_array_equal(numpy.concatenate([batch["targets"] for batch in batches]), oracle[:, 1:])


def test_a_language_model_reads_text(tmp_path):
    lines = ["the cat sat", "the dog", "a cat saw the dog today", "the"]
    (tmp_path / "corpus.txt").write_text("\n".join(lines) + "\n")
    words = ["<S>", "</S>", "<UNK>", "the", "a", "cat", "dog", "sat", "saw"]
    vocabulary = {word: number for number, word in enumerate(words)}

    data_stream = DataStream(TextFile([str(tmp_path / "corpus.txt")], vocabulary))
    data_stream = Batch(data_stream, iteration_scheme=ConstantScheme(3))
    data_stream = Padding(data_stream)
    data_stream = Mapping(data_stream, lambda data: tuple(array.T for array in data))
    assert data_stream.sources == ("features", "features_mask")

    for _ in range(2):  # epochs
        features, mask = next(data_stream.get_epoch_iterator())
        assert features.shape == mask.shape == (8, 3)  # time first; the longest line and both its ends
        for column, line in enumerate(lines[:3]):
            numbers = [0] + [vocabulary.get(word, 2) for word in line.split()] + [1]
            assert features[:, column].tolist() == numbers + [0] * (8 - len(numbers))
            assert mask[:, column].sum() == len(numbers)
    assert len(list(data_stream.get_epoch_iterator())) == 2


def _length(sentence_pair):
    """Of the target, the last of the pair."""
    return len(sentence_pair[-1])


class PaddingWithEOS(Padding):
    """Pads with the end-of-sentence number of each language."""

    def __init__(self, data_stream, eos_idx, **kwargs):
        kwargs["data_stream"] = data_stream
        self.eos_idx = eos_idx
        super(PaddingWithEOS, self).__init__(**kwargs)  # noqa: UP008

    def transform_batch(self, batch):
        padded = list(super(PaddingWithEOS, self).transform_batch(batch))  # noqa: UP008
        for i, eos in enumerate(self.eos_idx):
            padded[2 * i] = numpy.where(padded[2 * i + 1] == 0, eos, padded[2 * i])
        return tuple(padded)


@pytest.mark.parametrize("in_background", [False, True])
def test_machine_translation_reads_parallel_corpora_in_buckets(tmp_path, in_background):
    rng = numpy.random.RandomState(0)
    pairs = [
        (rng.randint(3, 40, size=rng.randint(1, 15)), rng.randint(3, 50, size=rng.randint(1, 15))) for _ in range(97)
    ]
    for name, side in (("source", 0), ("target", 1)):
        (tmp_path / name).write_text("".join(" ".join(map(str, pair[side])) + "\n" for pair in pairs))
    vocabularies = [
        dict({str(number): number for number in range(3, size - 1)}, **{"<S>": 0, "</S>": size - 1, "<UNK>": 1})
        for size in (30, 50)
    ]

    source, target = (
        TextFile([str(tmp_path / name)], vocabulary, None)
        for name, vocabulary in zip(("source", "target"), vocabularies, strict=True)
    )
    stream = Merge([source.get_example_stream(), target.get_example_stream()], ("source", "target"))
    stream = Filter(stream, predicate=lambda pair: all(len(sentence) <= 12 for sentence in pair))
    stream = Batch(stream, iteration_scheme=ConstantScheme(5 * 4))
    stream = Mapping(stream, SortMapping(_length))
    stream = Unpack(stream)
    stream = Batch(stream, iteration_scheme=ConstantScheme(5))
    masked_stream = PaddingWithEOS(stream, [29, 49])
    assert masked_stream.sources == ("source", "source_mask", "target", "target_mask")
    if in_background:
        masked_stream = MultiProcessing(masked_stream, max_store=4)

    expected = []
    for pair in pairs:
        one = [n if n < 29 else 1 for n in pair[0]] + [29], [n if n < 49 else 1 for n in pair[1]] + [49]
        if all(len(sentence) <= 12 for sentence in one):
            expected.append(one)
    expected = [
        pair for start in range(0, len(expected), 20) for pair in sorted(expected[start : start + 20], key=_length)
    ]

    for _ in range(2):
        seen = []
        for batch in masked_stream.get_epoch_iterator(as_dict=True):
            for number in range(len(batch["source"])):
                sentences = []
                for name in ("source", "target"):
                    n = int(batch[name + "_mask"][number].sum())
                    sentences.append(batch[name][number][:n].tolist())
                    assert (batch[name][number][n:] == {"source": 29, "target": 49}[name]).all()
                seen.append(tuple(sentences))
            assert batch["source_mask"].dtype == numpy.float32 and len(batch["source"]) <= 5
        assert seen == [tuple(map(list, pair)) for pair in expected]


def test_examples_shuffled_batched_and_unpadded_as_speech_programs_did():
    rng = numpy.random.RandomState(0)
    recordings = [rng.normal(size=(rng.randint(2, 6), 3)).astype("float32") for _ in range(11)]
    phonemes = [rng.randint(0, 9, size=rng.randint(1, 4)) for _ in range(11)]
    dataset = IndexableDataset(dict(recordings=recordings, phonemes=phonemes))
    stream = DataStream(dataset, iteration_scheme=ShuffledExampleScheme(dataset.num_examples))
    stream = Padding(Batch(stream, iteration_scheme=ConstantScheme(4)), mask_sources=("recordings", "phonemes"))
    order = list(range(11))
    numpy.random.RandomState(1).shuffle(order)
    for number, (x, x_mask, y, y_mask) in enumerate(stream.get_epoch_iterator()):
        rows = order[4 * number : 4 * number + 4]
        assert x.shape == (len(rows), max(len(recordings[row]) for row in rows), 3) and x.dtype == numpy.float32
        for i, row in enumerate(rows):
            assert (x[i][x_mask[i] == 1] == recordings[row]).all() and (y[i][y_mask[i] == 1] == phonemes[row]).all()
    assert number == 2


def test_least_squares_learns_through_a_stream():
    rng = numpy.random.RandomState(3)
    x = rng.normal(size=(200, 4))
    weights = numpy.array([1.0, -2.0, 0.5, 3.0])
    dataset = IndexableDataset(indexables={"x": x, "y": x.dot(weights)})
    stream = DataStream(dataset=dataset, iteration_scheme=ShuffledScheme(dataset.num_examples, batch_size=20))
    learned = numpy.zeros(4)
    for epoch, epoch_iterator in enumerate(stream.iterate_epochs()):
        for xs, ys in epoch_iterator:
            learned -= 0.1 * xs.T.dot(xs.dot(learned) - ys) / len(xs)
        if epoch == 30:
            break
    numpy.testing.assert_allclose(learned, weights, atol=1e-6)


def test_an_iterable_of_batches_made_beforehand():
    batches = [numpy.arange(6).reshape(3, 2) + 10 * n for n in range(4)]
    stream = DataStream(IterableDataset({"features": batches}))
    assert [features.sum() for (features,) in stream.get_epoch_iterator()] == [15, 75, 135, 195]
    scheme = SequentialExampleScheme(2)
    assert len(list(DataStream(IndexableDataset(batches), iteration_scheme=scheme).get_epoch_iterator())) == 2
