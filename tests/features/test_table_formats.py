"""Parquet, Feather, Arrow and HDF5 files, lightly's CSV: against the arrays that pandas, pyarrow or h5py wrote."""

import numpy as np
import pandas as pd
import pytest

from twin_alignment.comparison.file_comparison import compare_files
from twin_alignment.errors import InputError
from twin_alignment.features import optional_module
from twin_alignment.features.feature_files import read_features, read_labels, read_named_labels

pa = pytest.importorskip("pyarrow")
feather = pytest.importorskip("pyarrow.feather")
parquet = pytest.importorskip("pyarrow.parquet")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 4))
NAMES = [f"img{row}.png" for row in range(30)]
LABELS = np.arange(30) % 3
WORDS = np.array(["cat", "dog", "eel"])[LABELS]


def stream(table, path):
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)


def arrow_file(table, path):
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)


WRITERS = {
    "parquet": parquet.write_table,
    "feather": lambda table, path: feather.write_feather(table, path, compression="zstd"),
    "arrow": arrow_file,
    "stream.arrow": stream,
}


def write(path, columns, form="parquet"):
    WRITERS[form](columns if isinstance(columns, pa.Table) else pa.table(columns), str(path))
    return str(path)


def lists(values, size=None):
    flat = pa.array(np.asarray(values).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, size or np.shape(values)[1])


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize(
    "column",
    [
        lists(X),
        pa.array(list(X)),
        pa.array(list(X), pa.large_list(pa.float64())),
        pa.chunked_array([lists(X[:7]), lists(X[7:])]),
    ],
    ids=["fixed", "list", "large", "chunks"],
)
def test_a_column_of_lists_is_read_with_its_names(tmp_path, form, column):
    path = write(tmp_path / f"a.{form}", {"file": NAMES, "h": column, "no": range(30), "kind": WORDS}, form)
    found = read_features(path)
    assert np.array_equal(found.features.numpy(), X)
    assert list(found.row_names) == NAMES
    assert found.note == "column h, rows named by column file, left out: no, kind"


@pytest.mark.parametrize("form", WRITERS)
def test_a_column_for_each_dimension_is_read_as_in_text_files(tmp_path, form):
    table = pd.DataFrame(X, columns=list("abcd")).assign(label=LABELS)
    table.insert(0, "file", NAMES)
    table.to_csv(tmp_path / "a.csv", index=False)
    path = write(tmp_path / f"a.{form}", pa.Table.from_pandas(table), form)
    found, expected = read_features(path), read_features(str(tmp_path / "a.csv"))
    assert np.array_equal(found.features.numpy(), X)
    assert (found.note, list(found.row_names)) == (expected.note, list(expected.row_names))
    keyed = table.assign(no=RNG.permutation(30) + 100)
    path = write(tmp_path / f"b.{form}", pa.Table.from_pandas(keyed), form)
    with pytest.raises(InputError, match=r"column no holds whole numbers, each once, and is no feature: .*--key no"):
        read_features(path)
    assert list(read_features(path, key="no").row_names) == [str(number) for number in keyed["no"]]


@pytest.mark.parametrize(
    ("index", "names", "note"),
    [
        (pd.RangeIndex(30), None, "header a, b, c, ..."),
        (pd.RangeIndex(5, 65, 2), [str(row) for row in range(5, 65, 2)], "rows named by the index"),
        (pd.Index(NAMES), NAMES, "rows named by the index"),
        (pd.Index(NAMES, name="file"), NAMES, "rows named by column file"),
        (pd.Index(range(500, 530), name="id"), [str(row) for row in range(500, 530)], "rows named by column id"),
    ],
)
def test_the_index_of_pandas_names_the_rows(tmp_path, index, names, note):
    pd.DataFrame(X, index, list("abcd")).to_parquet(tmp_path / "a.parquet")
    found = read_features(tmp_path / "a.parquet")
    assert np.array_equal(found.features.numpy(), X)
    assert (None if found.row_names is None else list(found.row_names)) == names
    assert note in found.note


@pytest.mark.parametrize(
    ("kind", "expected"), [("float32", "float32"), ("float64", "float64"), ("int64", "float64"), ("bool", "float64")]
)
def test_lists_keep_the_precision_of_their_numbers(tmp_path, kind, expected):
    values = (10 * X).astype(kind)
    found = read_features(write(tmp_path / "a.parquet", {"h": lists(values)})).features.numpy()
    assert found.dtype == expected
    assert np.array_equal(found, values)


def test_one_of_several_columns_of_lists_is_named_and_lists_of_lists_are_tokens(tmp_path):
    tokens = RNG.normal(size=(30, 5, 4))
    path = write(tmp_path / "a.parquet", {"h": lists(X), "g": lists(-X), "t": pa.array(tokens.tolist())})
    assert np.array_equal(read_features(f"{path}:g").features.numpy(), -X)
    assert read_features(f"{path}:t", pool="mean").features.numpy() == pytest.approx(tokens.mean(1))
    with pytest.raises(InputError, match=r"a\.parquet: 3 arrays; name one as .*:NAME, it has: g, h, t$"):
        read_features(path)


def test_rows_of_two_formats_are_joined_by_their_names(tmp_path):
    order = RNG.permutation(30)
    first = write(tmp_path / "a.parquet", {"file": NAMES, "h": lists(X)})
    table = pd.DataFrame(X**3 + 1, NAMES).iloc[order]
    table.to_csv(tmp_path / "b.csv")
    labels = write(tmp_path / "l.feather", {"name": np.array(NAMES)[order], "kind": WORDS[order]}, "feather")
    found = compare_files([first, tmp_path / "b.csv"], labels)
    np.save(tmp_path / "a.npy", X)
    np.save(tmp_path / "b.npy", X**3 + 1)
    np.save(tmp_path / "l.npy", LABELS)
    expected = compare_files([tmp_path / "a.npy", tmp_path / "b.npy"], tmp_path / "l.npy")
    assert found.table["value"].to_numpy() == pytest.approx(expected.table["value"].to_numpy(), abs=1e-12)
    variances = [[item.cdnv for item in result.collapse.values()] for result in (found, expected)]
    assert variances[0] == pytest.approx(variances[1])


def test_labels_are_the_column_called_so_or_that_of_a_name(tmp_path):
    columns = {"file": NAMES, "kind": pa.array(WORDS).dictionary_encode(), "label": 9 - LABELS, "h": lists(X)}
    path = write(tmp_path / "a.parquet", columns)
    assert read_labels(path, 30).tolist() == (9 - LABELS).tolist()
    assert read_labels(f"{path}:kind", 30).tolist() == LABELS.tolist()
    assert list(read_named_labels(f"{path}:kind", 30).row_names) == NAMES
    with pytest.raises(InputError, match=r"a\.parquet: 2 columns, expected one of labels, .* or name it as .*:COLUMN"):
        read_labels(write(tmp_path / "a.parquet", {"kind": WORDS, "size": LABELS}), 30)
    with pytest.raises(InputError, match=r"a\.parquet: row 1, column kind: the label is missing"):
        read_labels(write(tmp_path / "a.parquet", {"kind": ["cat", None, "dog"]}), 3)


def with_gap(values, row, column):
    gapped = np.array(values, object)
    gapped[row, column] = None
    return gapped


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"h": pa.array([[1.0, 2.0], [3.0]])}, "column h: row 1 has 1 entries, expected 2 as in row 0"),
        ({"h": pa.array([[1.0, 2.0], None])}, "row 1, column h: number 0 is missing, expected all filled"),
        ({"h": pa.array([[1.0, 2.0], [3.0, None]])}, "row 1, column h: number 1 is missing, expected all filled"),
        ({"h": pa.array([[1.0, 2.0], [3.0, float("nan")]])}, "row 1, column h: number 1 is missing"),
        ({"h": pa.array([[1, 2], [3, None]])}, "row 1, column h: number 1 is missing"),
        ({"h": pa.array([[], []], pa.list_(pa.float64()))}, r"shape \(2, 0\), expected"),
        ({"a": [1.5, None], "b": [2.5, 3.5]}, "row 1, column a is missing, expected all filled: --drop-missing"),
        ({"a": [1.5, 2.5], "b": ["x", None]}, "row 1: the name of the row is missing"),
        ({"a": [1.5, 2.5], "b": ["1.5", "x"]}, "row 1, column b: 'x' is no number"),
        ({"a": [1.5, 2.5], "b": ["x", "x"]}, "row 1, column b: 'x' is repeated, expected numbers, or a name"),
        ({"a": [1.5, 2.5], "b": ["x", "y"], "c": ["u", "v"]}, "columns b, c all hold words, .*: see --key"),
        (
            {"a": [1.5, 2.5], "t": pa.array([1, 2], pa.timestamp("ms"))},
            r"column t holds timestamp\[ms\], expected numbers",
        ),
        ({"b": ["x", "y"]}, "no column of features"),
        (pa.Table.from_arrays([pa.array([1.5]), pa.array([2.5])], ["a", "a"]), "two columns are called 'a'"),
        (
            pa.Table.from_pandas(pd.DataFrame(X[:4], pd.MultiIndex.from_product([[0, 1], [0, 1]]))),
            "its index has 2 levels, expected one",
        ),
    ],
)
def test_tables_without_features_are_refused_with_row_and_column(tmp_path, columns, message):
    path = write(tmp_path / "bad.parquet", columns)
    with pytest.raises(InputError, match=rf"^\S+bad\.parquet: ({message})") as refused:
        read_features(path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("form", [*WRITERS, "h5"])
def test_damaged_files_are_refused_or_read_and_end_nothing(tmp_path, form):
    path = tmp_path / f"a.{form}"
    if form == "h5":
        with pytest.importorskip("h5py").File(path, "w") as file:
            file["h"] = X
    else:
        write(path, {"file": NAMES, "h": lists(X)}, form)
    whole = path.read_bytes()
    rng, refused = np.random.default_rng(0), 0
    for size in (0, 3, *rng.integers(1, len(whole), 100)):
        content = bytearray(whole[:size] if size < len(whole) // 2 else whole)
        for place in rng.integers(0, max(len(content), 1), 3) if content else ():
            content[place] = rng.integers(256)
        path.write_bytes(content)
        reason = ""
        try:
            assert len(read_features(path).features) > 0
        except InputError as error:
            reason = str(error)
            refused += 1
        assert "\n" not in reason
        assert reason.startswith(str(path) if reason else "")
    assert refused > 50


@pytest.mark.parametrize("kind", ["float32", "int16"])
def test_missing_lists_and_numbers_are_nan_in_their_rows_where_they_may_be(tmp_path, kind):
    values = (100 * X).astype(kind)
    cells = values.tolist()
    cells[3], cells[7] = None, [None, *cells[7][1:]]
    path = write(tmp_path / "a.parquet", {"file": NAMES, "h": pa.array(cells, pa.list_(pa.type_for_alias(kind)))})
    expected = values.astype(float)
    expected[3], expected[7, 0] = np.nan, np.nan
    found = read_features(path, missing=True)
    assert np.array_equal(found.features.numpy(), expected, equal_nan=True)
    assert list(found.row_names) == NAMES


@pytest.fixture
def hdf5(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["test/h"] = X
        file["test/row_names"] = NAMES
        file["train/h"] = (-X).astype(">f4")
        file["kinds"] = WORDS.tolist()
        file["fields"] = np.zeros(30, [("a", float), ("b", int)])
        file["nothing"] = h5py.Empty("f8")
        file["elsewhere"] = h5py.ExternalLink("b.h5", "h")
    return tmp_path / "a.h5"


def test_datasets_of_hdf5_are_named_by_their_path(hdf5):
    for name in ("test/h", "/test/h"):
        found = read_features(f"{hdf5}:{name}")
        assert np.array_equal(found.features.numpy(), X)
        assert list(found.row_names) == NAMES
    found = read_features(f"{hdf5}:train/h")
    assert np.array_equal(found.features.numpy(), -X.astype(np.float32))
    assert found.row_names is None
    assert read_labels(f"{hdf5}:kinds", 30).tolist() == LABELS.tolist()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "5 arrays; name one as .*:NAME, it has: fields, kinds, nothing, test/h, train/h$"),
        (":h", "2 arrays; name one"),
        (":elsewhere", "no array 'elsewhere'"),
        (":fields", r"not a readable \.h5 array: fields has named fields \(a, b\), expected an array of numbers"),
        (":nothing", r"not a readable \.h5 array: nothing is empty, expected an array"),
        (":kinds", "holds <U3, expected real numbers"),
    ],
)
def test_what_is_no_array_of_hdf5_is_refused(hdf5, name, message):
    with pytest.raises(InputError, match=rf"a\.h5.*: {message}"):
        read_features(f"{hdf5}{name}")


@pytest.mark.parametrize(("suffix", "library", "extra"), [("feather", "pyarrow", "tables"), ("h5", "h5py", "hdf5")])
def test_a_library_that_is_not_installed_is_named_with_its_extra(tmp_path, monkeypatch, suffix, library, extra):
    def missing(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(optional_module.importlib, "import_module", missing)
    (tmp_path / f"a.{suffix}").write_bytes(b"x")
    expected = rf"a\.{suffix}: \.{suffix} is read by {library}: pip install 'twin-alignment\[{extra}\]'$"
    with pytest.raises(InputError, match=expected):
        read_features(tmp_path / f"a.{suffix}")


def test_a_csv_of_lightly_has_names_features_and_labels(tmp_path):
    table = pd.DataFrame(X, columns=[f"embedding_{column}" for column in range(4)])
    table.insert(0, "filenames", NAMES)
    table.assign(labels=LABELS).to_csv(tmp_path / "a.csv", index=False)
    found = read_features(tmp_path / "a.csv")
    assert found.features.numpy() == pytest.approx(X)
    assert list(found.row_names) == NAMES
    assert "left out: labels" in found.note
    labels = read_named_labels(str(tmp_path / "a.csv"), 30)
    assert (labels.features.tolist(), list(labels.row_names)) == (LABELS.tolist(), NAMES)
