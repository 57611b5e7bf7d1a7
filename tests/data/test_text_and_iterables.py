"""TextFile and IterableDataset: examples without a file of numbers behind them."""

import gzip
import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bricks.data import DataStream, IterableDataset, SequentialScheme, ShuffledScheme, TextFile, text_dictionary
from bricks.errors import DataError, UsageError

on_files = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TOKENS = {"<S>": 0, "</S>": 1, "<UNK>": 2}


@on_files
@given(
    lines=st.lists(st.text("ab ö\t", max_size=8), min_size=1, max_size=8),
    ending=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
    level=st.sampled_from(["word", "character"]),
    packed=st.booleans(),
    data=st.data(),
)
def test_lines_come_as_the_numbers_of_their_tokens(tmp_path, lines, ending, last, level, packed, data):
    lines[-1] += "a"  # what ends without a newline is a line if there is something in it
    content = (ending.join(lines) + (ending if last else "")).encode()
    path = tmp_path / ("a.txt.gz" if packed else "a.txt")
    path.write_bytes(gzip.compress(content) if packed else content)
    dictionary = {**TOKENS, "a": 3, "b": 4, "ab": 5, " ": 6, "ö": 7}
    dataset = TextFile(path, dictionary, level)
    assert dataset.num_examples == len(lines)
    order = data.draw(st.permutations(range(len(lines))))
    for number, found in zip(order, dataset.read(order)["data"], strict=True):
        tokens = lines[number].split() if level == "word" else lines[number]
        assert found.tolist() == [0, *(dictionary.get(token, 2) for token in tokens), 1]
        assert found.dtype == np.int64


def test_files_follow_one_another_and_tokens_can_be_left_out(tmp_path):
    (tmp_path / "a").write_text("B a\n\n")
    (tmp_path / "b").write_text("a")
    paths = [tmp_path / "a", str(tmp_path / "b")]
    options = {"bos_token": None, "eos_token": None, "unk_token": None, "preprocess": str.lower}
    dataset = TextFile(paths, {"a": 0, "b": 1}, **options)
    assert [line.tolist() for line in dataset.read([0, 1, 2, -1])["data"]] == [[1, 0], [], [0], [0]]
    copy = pickle.loads(pickle.dumps(dataset))
    dataset.close()
    assert copy.read([2])["data"][0].tolist() == dataset.read([2])["data"][0].tolist() == [0]
    with pytest.raises(DataError, match="a: line 1: 'b' is not in the dictionary.*unk_token"):
        TextFile(paths, {"a": 0}, **options).read([0])


def test_a_text_streams_shuffled(tmp_path):
    (tmp_path / "a").write_text("".join("a" * n + "\n" for n in range(10)))
    dataset = TextFile(tmp_path / "a", {"a": 1}, "character", bos_token=None, eos_token=None, unk_token=None)
    stream = DataStream(dataset, ShuffledScheme(3, seed=1))
    assert stream.sources["data"].ragged
    assert sorted(len(line) for batch in stream.iterator() for line in batch["data"]) == list(range(10))


def test_dictionaries_are_counted_over_all_files(tmp_path):
    (tmp_path / "a").write_text("x y y\n")
    with gzip.open(tmp_path / "b.gz", "wt") as file:
        file.write("Z z\nx <S>\n")
    files = [tmp_path / "a", tmp_path / "b.gz"]
    assert text_dictionary(files) == {**TOKENS, "x": 3, "y": 4, "Z": 5, "z": 6}
    assert text_dictionary(files, preprocess=str.lower, most=4, tokens=["<UNK>"]) == {
        "<UNK>": 0,
        "x": 1,
        "y": 2,
        "z": 3,
    }
    assert list(text_dictionary(tmp_path / "a", "character", tokens=[])) == [" ", "y", "x"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": "letter"}, "unknown level 'letter'"),
        ({"dictionary": {}}, "must have '<S>'"),
        ({"encoding": "utf-16"}, "'utf-16' lines"),
        ({"encoding": "utf-9"}, "unknown encoding"),
        ({"files": []}, "at least one file"),
    ],
)
def test_a_text_asked_for_wrongly_is_refused(tmp_path, options, message):
    (tmp_path / "a").write_text("a")
    with pytest.raises(UsageError, match=message):
        TextFile(**{"files": tmp_path / "a", "dictionary": TOKENS, **options})


def test_a_text_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(DataError, match="missing: cannot be read: No such file"):
        TextFile(tmp_path / "missing", TOKENS)
    whole = gzip.compress(b"a b\n" * 1000)
    (tmp_path / "cut.gz").write_bytes(whole[:-9])
    with pytest.raises(DataError, match="cut.gz: cannot be read"):
        TextFile(tmp_path / "cut.gz", TOKENS)
    (tmp_path / "latin").write_bytes("ü\n".encode("latin-1"))
    with pytest.raises(DataError, match="latin: line 1: must be utf-8"):
        TextFile(tmp_path / "latin", TOKENS).read([0])
    assert TextFile(tmp_path / "latin", TOKENS, encoding="latin-1").read([0])["data"][0].tolist() == [0, 2, 1]


def counted(calls, count=7):
    def examples():
        calls.append(0)
        for number in range(count):
            calls[-1] = number
            yield {"x": np.full((2,), number), "z": np.arange(number)}

    return examples


def test_iterables_are_read_on_and_started_over_only_to_go_back():
    calls = []
    dataset = IterableDataset(counted(calls), num_examples=7, axes={"x": ("batch", "feature")}, ragged=["z"])
    assert [repr(source) for source in dataset.sources.values()] == [
        "Source(int64, (2,), batch feature)",
        "Source(int64, (None,), batch -, ragged)",
    ]
    calls.clear()
    first, second = (DataStream(dataset, SequentialScheme(2)).iterator() for _ in range(2))
    for n in range(3):  # side by side
        for iterator in (first, second):
            batch = next(iterator)
            assert batch["x"].tolist() == [[2 * n] * 2, [2 * n + 1] * 2]
            assert [len(z) for z in batch["z"]] == [2 * n, 2 * n + 1]
    assert len(calls) == 2
    assert dataset.read([3, 1, 3, -1])["x"][:, 0].tolist() == [3, 1, 3, 6]
    assert len(calls) == 3


def test_iterables_are_counted_where_nobody_says_how_many():
    assert IterableDataset(counted([], 4), ragged=["z"]).num_examples == 4
    assert IterableDataset([{"x": 1}, {"x": 2}]).num_examples == 2
    assert pickle.loads(pickle.dumps(IterableDataset([{"x": 1}]))).read([0])["x"].tolist() == [1]


def test_a_position_in_an_iterable_is_resumed():
    dataset = IterableDataset([{"x": number} for number in range(9)])
    stream = DataStream(dataset, SequentialScheme(2))
    iterator, other = stream.iterator(), DataStream(dataset, SequentialScheme(2)).iterator()
    next(iterator), next(iterator)
    other.load_state_dict(iterator.state_dict())
    assert (
        [batch["x"].tolist() for batch in other] == [batch["x"].tolist() for batch in iterator] == [[4, 5], [6, 7], [8]]
    )


@pytest.mark.parametrize(
    ("examples", "options", "error", "message"),
    [
        ([], {}, DataError, "must give dictionaries"),
        ([1, 2], {}, DataError, "must give dictionaries.*got 1"),
        (iter([{"x": 1}]), {}, UsageError, "begin anew"),
        ([{"x": 1}], {"ragged": ["y"]}, DataError, "no source 'y'"),
        ([{"x": 1}], {"axes": {"y": ("batch",)}}, DataError, "no source 'y'"),
        ([{"x": "a"}, {"x": None}], {}, DataError, "example 1 must be <U1"),
        ([{"x": 1}, {"y": 1}], {}, DataError, r"example 1 must have \['x'\], got \['y'\]"),
        (
            [{"x": [1]}, {"x": [1, 2]}],
            {},
            DataError,
            r"example 1 must be int64 \(1,\) as in the first, got int64 \(2,\)",
        ),
        ([{"x": 1}], {"num_examples": 2}, DataError, "must have 2 examples, ended after 1"),
    ],
)
def test_an_iterable_that_is_no_data_set_is_refused(examples, options, error, message):
    with pytest.raises(error, match=message):
        dataset = IterableDataset(examples, **options)
        dataset.read(range(dataset.num_examples))


@pytest.mark.parametrize("packed", [False, True])
def test_a_byte_order_mark_is_no_part_of_the_first_word(tmp_path, packed):
    path = tmp_path / ("a.txt.gz" if packed else "a.txt")
    content = "\ufeffto be\nor\n".encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    dictionary = text_dictionary(path, tokens=())
    assert sorted(dictionary) == ["be", "or", "to"]
    lines = TextFile(path, dictionary, bos_token=None, eos_token=None, unk_token=None).read([0, 1])["data"]
    assert [line.tolist() for line in lines] == [[dictionary["to"], dictionary["be"]], [dictionary["or"]]]
