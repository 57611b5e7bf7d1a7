"""Tables, CSV and ARFF, to the arrays and names that they say."""

import numpy as np
import pytest
import scipy.io.arff
from converted import notes, read

from bricks.data import (
    convert_arff,
    convert_csv,
    convert_iris,
)
from bricks.errors import DataError, UsageError

IRIS = "5.1,3.5,1.4,0.2,Iris-setosa\n6.3,3.3,6.0,2.5,Iris-virginica\n7.0,3.2,4.7,1.4,Iris-versicolor\n\n"


def test_iris(tmp_path):
    (tmp_path / "iris.data").write_text(IRIS)
    with pytest.raises(DataError, match="iris.data: the SHA-256 sum must be 6f608b71"):
        convert_iris(tmp_path, tmp_path / "a.hdf5")
    convert_iris(tmp_path, tmp_path / "a.hdf5", checksums=None)
    batch = read(tmp_path / "a.hdf5")
    assert batch["features"].dtype == np.float32
    np.testing.assert_array_equal(
        batch["features"], np.array([[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6, 2.5], [7, 3.2, 4.7, 1.4]], "float32")
    )
    assert batch["targets"].tolist() == [[0], [2], [1]]
    assert notes(tmp_path / "a.hdf5", "targets") == {"classes": ["Iris-setosa", "Iris-versicolor", "Iris-virginica"]}


CSV = '\ufeffsize , note,"a, b",label\r\n1,x,0.5,2\r\n\r\n,"?",1e3,10\r\n-3,y,nan,2\r\n'


@pytest.mark.parametrize("target", [None, "label", "note", "size"])
def test_csv(tmp_path, target):
    (tmp_path / "a.csv").write_text(CSV, encoding="utf-8", newline="")
    options = {"target": target, "which_set": "train"}
    if target == "size":
        with pytest.raises(DataError, match="line 4: the target, column 'size', must be there"):
            convert_csv(tmp_path / "a.csv", tmp_path / "a.hdf5", **options)
        return
    if target == "note":
        with pytest.raises(DataError, match="line 4: the target, column 'note'"):
            convert_csv(tmp_path / "a.csv", tmp_path / "a.hdf5", **options)
        return
    convert_csv(tmp_path / "a.csv", tmp_path / "a.hdf5", **options)
    batch = read(tmp_path / "a.hdf5", "train")
    nan = np.nan
    np.testing.assert_array_equal(batch["features"], [[1, 1, 0, 0.5], [nan, 0, 0, 1e3], [-3, 0, 1, nan]])
    assert notes(tmp_path / "a.hdf5", "features") == {"columns": ["size", "note=x", "note=y", "a, b"]}
    assert batch["targets"].tolist() == [[2], [10], [2]]
    assert batch["targets"].dtype == np.int64


def test_csv_without_names_or_targets_and_with_other_delimiters(tmp_path):
    (tmp_path / "a.csv").write_text("1;2.5\n3;4\n")
    convert_csv(tmp_path / "a.csv", tmp_path / "a.hdf5", delimiter=";", dtype="float32")
    batch = read(tmp_path / "a.hdf5")
    assert {name: array.tolist() for name, array in batch.items()} == {"features": [[1, 2.5], [3, 4]]}
    assert batch["features"].dtype == np.float32
    convert_csv(tmp_path / "a.csv", tmp_path / "a.hdf5", delimiter=";", target="1")
    assert read(tmp_path / "a.hdf5")["targets"].tolist() == [[2.5], [4]]


def test_csv_with_a_header_of_numbers_or_none_where_it_is_said(tmp_path):
    (tmp_path / "a.csv").write_text("2019,2020\n1,2\n3,4\n")
    convert_csv(tmp_path / "a.csv", tmp_path / "a.hdf5", header=True)
    assert read(tmp_path / "a.hdf5")["features"].tolist() == [[1, 2], [3, 4]]
    assert notes(tmp_path / "a.hdf5", "features") == {"columns": ["2019", "2020"]}
    (tmp_path / "a.csv").write_text("b,x\na,y\n")
    convert_csv(tmp_path / "a.csv", tmp_path / "a.hdf5", header=False)
    assert read(tmp_path / "a.hdf5")["features"].tolist() == [[0, 1, 1, 0], [1, 0, 0, 1]]
    assert notes(tmp_path / "a.hdf5", "features") == {"columns": ["0=a", "0=b", "1=x", "1=y"]}


def test_csv_words_for_what_is_missing_leave_a_column_of_numbers_one(tmp_path, caplog):
    (tmp_path / "a.csv").write_text("x,y,z,target\n1,none,NA,1\nNA,mild,,2\nn/a,NaN,null,3\n2.5,none,NA,4\n")
    convert_csv(tmp_path / "a.csv", tmp_path / "a.hdf5")
    assert notes(tmp_path / "a.hdf5", "features")["columns"] == ["x", "y=NaN", "y=mild", "y=none", "z=NA", "z=null"]
    features = read(tmp_path / "a.hdf5")["features"]
    np.testing.assert_array_equal(features[:, 0], [1, np.nan, np.nan, 2.5])
    assert features[:, 1:].tolist() == [[0, 0, 1, 1, 0], [0, 1, 0, 0, 0], [1, 0, 0, 0, 1], [0, 0, 1, 1, 0]]
    assert not caplog.records
    with pytest.raises(DataError, match="line 3: the target, column 'x', must be there"):
        convert_csv(tmp_path / "a.csv", tmp_path / "b.hdf5", target="x")


def test_csv_numbers_among_words_are_warned_of(tmp_path, caplog):
    (tmp_path / "a.csv").write_text("100,setosa\n1.5,0\n2_000,1\n")
    convert_csv(tmp_path / "a.csv", tmp_path / "a.hdf5")
    assert notes(tmp_path / "a.hdf5", "features")["columns"] == ["0=1.5", "0=100", "0=2_000", "1=0", "1=1", "1=setosa"]
    first, second = (record.getMessage() for record in caplog.records)
    assert "column '0' has numbers and words, such as '2_000' in line 3: its 3 values are taken as words" in first
    assert "column '1' has numbers and words, such as 'setosa' in line 1" in second
    assert second.endswith("does the first line name the columns? Then say header=True (--header yes)")


def test_csv_longer_than_one_batch_comes_in_order(tmp_path):
    (tmp_path / "a.csv").write_text("x,class\n" + "".join(f"{n},{'ab'[n % 2]}\n" for n in range(10_003)))
    convert_csv(tmp_path / "a.csv", tmp_path / "a.hdf5")
    batch = read(tmp_path / "a.hdf5")
    assert batch["features"][:, 0].tolist() == list(range(10_003))
    assert batch["targets"][:, 0].tolist() == [n % 2 for n in range(10_003)]


@pytest.mark.parametrize(
    ("content", "options", "error", "message"),
    [
        ("", {}, DataError, "at least one example, got an empty file"),
        ("a,b\n", {}, DataError, "at least one example, got none"),
        ("a,b\n1,2\n3\n", {}, DataError, "line 3: must have 2 cells, one a column, got 1"),
        ("a,a\n1,2\n", {}, DataError, "a name of its own, got 'a' twice"),
        ("a,b\n1,2\n", {"target": "c"}, UsageError, "no column 'c'; there are: a, b"),
        ("class\n1\n", {}, DataError, "besides the target"),
        (
            "a\n" + "".join(f"w{n}\n" for n in range(1001)),
            {},
            DataError,
            "column 'a' must hold numbers or at most 1000",
        ),
        ("a,b\n1,2\n", {"dtype": "int8"}, UsageError, "float32 or float64"),
        ("a,b\n1,2\n", {"delimiter": ", "}, UsageError, "one character"),
        ("a,b\n1,2\n", {"delimiter": "\n"}, UsageError, "no quote and no end of a line"),
        ("a;b\n1;2\n", {}, DataError, "one column alone, 'a;b'; is ';' the delimiter?"),
        ("a\tb\n1\t2\n", {}, DataError, r"is '\\t' the delimiter"),
        ('a,b\n1,"2\n', {}, DataError, "no CSV file"),
    ],
)
def test_csv_that_is_no_table_is_refused(tmp_path, content, options, error, message):
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(error, match=message):
        convert_csv(tmp_path / "a.csv", tmp_path / "a.hdf5", **options)
    assert not (tmp_path / "a.hdf5").exists()


ARFF = """% a comment
@relation weather
@attribute outlook {sunny, overcast, rainy}
@attribute temperature real
@attribute humidity numeric
@attribute class {yes, no}
@data
sunny,85.5,85,no
?,?,90,yes
rainy,-1e1,96,yes
"""


def test_arff(tmp_path):
    (tmp_path / "a.arff").write_text(ARFF)
    convert_arff(tmp_path / "a.arff", tmp_path / "a.hdf5")
    batch = read(tmp_path / "a.hdf5")
    nan = np.nan
    np.testing.assert_array_equal(batch["features"], [[1, 0, 0, 85.5, 85], [0, 0, 0, nan, 90], [0, 0, 1, -10, 96]])
    assert batch["targets"].tolist() == [[1], [0], [0]]
    assert notes(tmp_path / "a.hdf5", "targets") == {"classes": ["yes", "no"]}
    assert notes(tmp_path / "a.hdf5", "features")["columns"][:3] == [
        "outlook=sunny",
        "outlook=overcast",
        "outlook=rainy",
    ]
    convert_arff(tmp_path / "a.arff", tmp_path / "a.hdf5", target="humidity")
    batch = read(tmp_path / "a.hdf5")
    assert (batch["targets"].tolist(), batch["targets"].dtype) == ([[85], [90], [96]], np.int64)
    (tmp_path / "a.arff").write_text(ARFF.replace("85,no", "85.5,no"))
    convert_arff(tmp_path / "a.arff", tmp_path / "a.hdf5", target="humidity")
    assert read(tmp_path / "a.hdf5")["targets"].tolist() == [[85.5], [90], [96]]


@pytest.mark.parametrize("value", [2.0**53, 1e300, -1e19, np.inf])
@pytest.mark.parametrize("kind", ["csv", "arff"])
def test_whole_targets_beyond_what_integers_hold_exactly_stay_floats(tmp_path, kind, value):
    head = {"csv": "x,class\n", "arff": "@relation a\n@attribute x real\n@attribute class real\n@data\n"}[kind]
    (tmp_path / "a").write_text(f"{head}1,2\n3,{value!r}\n")
    {"csv": convert_csv, "arff": convert_arff}[kind](tmp_path / "a", tmp_path / "a.hdf5")
    targets = read(tmp_path / "a.hdf5")["targets"]
    assert (targets.tolist(), targets.dtype) == ([[2], [value]], np.float64)


def test_csv_and_arff_of_one_table_make_the_same_arrays(tmp_path):
    (tmp_path / "a.arff").write_text(
        ARFF.replace("{sunny, overcast, rainy}", "{rainy, sunny}").replace("{yes, no}", "{no, yes}")
    )
    rows = ARFF.partition("@data\n")[2]
    (tmp_path / "a.csv").write_text(f"outlook,temperature,humidity,class\n{rows}")
    convert_arff(tmp_path / "a.arff", tmp_path / "arff.hdf5")
    convert_csv(tmp_path / "a.csv", tmp_path / "csv.hdf5")
    one, other = read(tmp_path / "arff.hdf5"), read(tmp_path / "csv.hdf5")
    for name in ("features", "targets"):
        np.testing.assert_array_equal(one[name], other[name])
        assert notes(tmp_path / "arff.hdf5", name) == notes(tmp_path / "csv.hdf5", name)


def test_arff_with_quotes_escapes_tabs_and_sparse_lines(tmp_path):
    (tmp_path / "a.arff").write_text(
        """@RELATION 'a b'
@ATTRIBUTE "out look"\t{sunny, 'very rainy', "it's", 'it\\'s 5%'}
@attribute n INTEGER
@ATTRIBUTE x real [0,10]
@ATTRIBUTE class {'no','yes'}
% a comment
@DATA
sunny,1,2.5,no

'very rainy' , 2.5 , 1e-1 , "yes"
"it's",,-3,'no'
'it\\'s 5%'\t7\t8\tyes
{}
{ 0 'very rainy', 2 4 }
{3 yes,1 ?}
""",
        encoding="utf-8-sig",
    )
    convert_arff(tmp_path / "a.arff", tmp_path / "a.hdf5")
    batch, nan = read(tmp_path / "a.hdf5"), np.nan
    expected = [
        [1, 0, 0, 0, 1, 2.5],
        [0, 1, 0, 0, 2.5, 0.1],
        [0, 0, 1, 0, nan, -3],
        [0, 0, 0, 1, 7, 8],
        [1, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 4],
        [1, 0, 0, 0, nan, 0],
    ]
    np.testing.assert_array_equal(batch["features"], expected)
    assert batch["targets"][:, 0].tolist() == [0, 1, 0, 1, 0, 0, 1]
    assert notes(tmp_path / "a.hdf5", "features")["columns"][2:5] == ["out look=it's", "out look=it's 5%", "n"]
    assert notes(tmp_path / "a.hdf5", "targets") == {"classes": ["no", "yes"]}


def test_arff_is_read_as_scipy_does_where_that_can(tmp_path):
    random = np.random.default_rng(0)
    rows = "".join(f"{random.normal()!r},{random.integers(9)},{'abc'[random.integers(3)]}\n" for _ in range(50))
    path = tmp_path / "a.arff"
    path.write_text(f"@relation r\n@attribute x real\n@attribute n integer\n@attribute class {{c,a,b}}\n@data\n{rows}")
    convert_arff(path, tmp_path / "a.hdf5")
    batch, (data, meta) = read(tmp_path / "a.hdf5"), scipy.io.arff.loadarff(path)
    np.testing.assert_array_equal(batch["features"], np.stack([data["x"], data["n"]], axis=1))
    assert [meta["class"][1][k] for k in batch["targets"][:, 0]] == [value.decode() for value in data["class"]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "must have a line @data, got none"),
        ("hello", "line 1: must be @relation or @attribute, got 'hello'; is it an ARFF file"),
        ("@data\n1\n", "line 1: must be @relation or @attribute"),
        (ARFF.partition("@data")[0], "must have a line @data, got none"),
        (ARFF.partition("sunny,85.5")[0], "must have at least one example"),
        (ARFF.replace("real", "string"), "line 4: attribute 'temperature' must be numeric, .* got 'string'"),
        (ARFF.replace("real", "date yyyy"), "line 4: attribute 'temperature' must be numeric, .* got 'date yyyy'"),
        (ARFF.replace("temperature real", "temperature"), "line 4: must be @attribute NAME TYPE"),
        (
            ARFF.replace("sunny,85.5", "snowy,85.5"),
            "line 8: attribute 'outlook' has no value 'snowy'; did you mean 'sunny'",
        ),
        (ARFF.replace("85.5", "hot"), "line 8: attribute 'temperature' must be a number, got 'hot'"),
        (ARFF.replace(",90", ""), "line 9: must have 4 values, one an attribute, got 3"),
        (ARFF.replace("?,?,90", "'?,?,90"), "line 9: must be values with commas between them"),
        (ARFF.replace("90,yes", "90,yes,{2}"), "line 9: must be values with commas between them"),
        (ARFF + "{9 1}\n", "line 11: attributes are numbered from 0 to 3, got 9"),
        (ARFF + "{1 1\n", "line 11: a sparse line must end in '}'"),
        (ARFF + "{1}\n", "line 11: must be values with commas between them"),
        (ARFF.replace("outlook", "class", 1), "each column must have a name of its own, got 'class' twice"),
        (ARFF.encode() + b"caf\xe9", "no ARFF file in UTF-8"),
    ],
)
def test_arff_that_is_none_is_refused(tmp_path, content, message):
    (tmp_path / "a.arff").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=f"a.arff: {message}"):
        convert_arff(tmp_path / "a.arff", tmp_path / "a.hdf5")
    with pytest.raises(DataError, match="missing.arff: cannot be read: No such file"):
        convert_arff(tmp_path / "missing.arff", tmp_path / "a.hdf5")
    assert not (tmp_path / "a.hdf5").exists()
