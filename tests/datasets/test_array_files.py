"""Arrays of a user's files become rows of a store, and what is wrong with them is one sentence."""

import numpy as np
import pytest
import torch
from array_sets import spec_of, table, write
from image_sets import contents

from pipeline.config.base import SettingsError
from pipeline.datasets.array_splits import array_sizes, count_rows, digests, read_arrays
from pipeline.datasets.images import load_images
from pipeline.datasets.preparation import prepare
from pipeline.datasets.store import load_store

X, Y = table()
X_TEST, Y_TEST = table(9, seed=1)


def both(**changed):
    """Arrays of both splits, some of them replaced."""
    return {"X_train": X, "y_train": Y, "X_test": X_TEST, "y_test": Y_TEST, **changed}


def replaced(values, row, value):
    values = np.array(values, np.result_type(values, type(value)))
    values[row] = value
    return values


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_a_file_with_both_splits(tmp_path, ending):
    source = read_arrays(spec_of(write(tmp_path / f"rows.{ending}", **both())))
    assert source.class_names == ("0", "1", "2")
    for split, x, y in ((source.train, X, Y), (source.test, X_TEST, Y_TEST)):
        assert split.rows.dtype == np.float32
        np.testing.assert_array_equal(split.rows, x.astype(np.float32))
        np.testing.assert_array_equal(split.labels, y)


@pytest.mark.parametrize("endings", [("npz", "npz"), ("parquet", "safetensors"), ("parquet", "parquet")])
def test_two_files_are_training_and_test(tmp_path, endings):
    first = write(tmp_path / f"first.{endings[0]}", X=X, y=Y)
    second = write(tmp_path / f"second.{endings[1]}", X=X_TEST, y=Y_TEST)
    source = read_arrays(spec_of(first, second))
    np.testing.assert_array_equal(source.train.rows, X.astype(np.float32))
    np.testing.assert_array_equal(source.test.labels, Y_TEST)
    assert array_sizes(spec_of(first, second)) == (24, 9, 5)


def test_parquet_has_its_labels_in_a_named_column(tmp_path):
    names = np.array(["ant", "bee", "cat"])[Y]
    path = write(tmp_path / "rows.parquet", X=X, y=names, label="animal")
    source = read_arrays(spec_of(path, test_share=0.25, label_column="animal"))
    assert source.class_names == ("ant", "bee", "cat")
    rows = np.concatenate([source.train.rows, source.test.rows])
    labels = np.concatenate([source.train.labels, source.test.labels])
    order = np.lexsort(rows.T)
    expected = np.lexsort(X.astype(np.float32).T)
    np.testing.assert_array_equal(rows[order], X.astype(np.float32)[expected])
    np.testing.assert_array_equal(labels[order], Y[expected])


def test_a_share_of_every_class_is_for_testing(tmp_path):
    path = write(tmp_path / "rows.npz", X=X, y=Y)
    spec = spec_of(path, test_share=0.25)
    source = read_arrays(spec)
    assert np.bincount(source.test.labels).tolist() == [2, 2, 2]
    assert np.bincount(source.train.labels).tolist() == [6, 6, 6]
    assert count_rows(spec, "here") == (3, 18)
    assert array_sizes(spec) == (18, 6, 5)
    np.testing.assert_array_equal(read_arrays(spec).test.rows, source.test.rows)
    more = write(tmp_path / "more.npz", X=np.concatenate([X, X[:3]]), y=np.concatenate([Y, [7, 7, 7]]))
    kept = read_arrays(spec_of(more, test_share=0.25))  # another class changes nothing of these
    np.testing.assert_array_equal(kept.test.rows[:6], source.test.rows)
    least = read_arrays(spec_of(path, test_share=0.01))
    assert np.bincount(least.test.labels).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ([10.0, 2.0, -1.0], ("-1", "2", "10")),
        ([True, False, True], ("0", "1")),
        (["b", "a", "c"], ("a", "b", "c")),
    ],
)
def test_labels_are_whole_numbers_or_text(tmp_path, labels, names):
    y = np.array(labels)[Y]
    source = read_arrays(spec_of(write(tmp_path / "rows.npz", X=X, y=y), test_share=0.5))
    assert source.class_names == names
    for split in (source.train, source.test):
        for row, label in zip(split.rows, split.labels, strict=True):
            original = y[np.flatnonzero((X.astype(np.float32) == row).all(1))[0]]
            assert names[label] == (str(original) if isinstance(labels[0], str) else str(int(original)))


WRONG = {
    "lengths": (both(y_train=Y[:-1]), r"y_train: expected a label for each of the 24 rows of X_train, got \[23\]"),
    "no rows": (both(X_train=X[:0], y_train=Y[:0]), r"X_train: expected rows \[N, \.\.\.\] .* got \[0, 5\]"),
    "one axis": (both(X_train=X[:, 0]), r"X_train: expected rows \[N, \.\.\.\] .* got \[24\]"),
    "shapes": (both(X_test=X_TEST[:, :4]), r"X_test: expected rows of the shape \[5\], as for training, got \[4\]"),
    "NaN": (both(X_train=replaced(X, 7, np.nan)), r"X_train: row 7: expected finite float32 numbers"),
    "infinite": (both(X_test=replaced(X_TEST, 3, np.inf)), r"X_test: row 3: expected finite float32 numbers"),
    "too large": (both(X_train=replaced(X, 2, 1e39)), r"X_train: row 2: expected finite float32 numbers"),
    "complex": (both(X_train=X * 1j), r"X_train: expected real numbers, got complex128"),
    "no class": (both(y_train=replaced(Y, 4, 0.5)), r"y_train: row 4: expected a whole number or text, got 0\.5"),
    "two columns": (both(y_train=np.stack([Y, Y], 1)), r"y_train: expected .*|.*a label for each"),
    "only in test": (both(y_test=replaced(Y_TEST, 5, 8)), r"y_test: row 5: class '8' has no training row"),
    "never in test": (both(y_test=np.zeros_like(Y_TEST)), r"class '1' has no test row"),
    "numbers and text": (both(y_test=Y_TEST.astype(str)), r"y_test: expected numbers or text, as for training"),
    "names": ({"X_train": X, "y": Y}, r"expected X_train, y_train, X_test, y_test, got X_train, y in .*npz"),
    "no split": ({"X": X, "y": Y}, r"expected X_train, .*: set test_share, or give two files"),
    "pickled": (both(y_train=np.array([{}] * 24)), r"pickled objects are not read"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_used_is_one_sentence(tmp_path, case):
    arrays, message = WRONG[case]
    path = tmp_path / "rows.npz"
    np.savez(path, **arrays)
    with pytest.raises(SettingsError, match=message) as raised:
        read_arrays(spec_of(path))
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_files_that_are_no_arrays(tmp_path):
    text = tmp_path / "rows.csv"
    text.write_text("1,2\n")
    with pytest.raises(SettingsError, match=r"rows\.csv: expected a file that ends in \.npz, \.safetensors, \.parquet"):
        read_arrays(spec_of(text))
    with pytest.raises(SettingsError, match=r"missing\.npz: no such file"):
        read_arrays(spec_of(tmp_path / "missing.npz"))
    for ending in ("npz", "safetensors", "parquet"):
        damaged = tmp_path / f"damaged.{ending}"
        damaged.write_bytes(b"nothing of the kind")
        for read in (read_arrays, array_sizes):
            with pytest.raises(SettingsError, match=rf"damaged\.{ending}: ") as raised:
                read(spec_of(damaged, damaged))
            assert "\n" not in str(raised.value)
    with pytest.raises(SettingsError, match="paths: expected one file with both splits, or two with one each, got 0"):
        read_arrays(spec_of())
    table_file = write(tmp_path / "rows.parquet", X=X, y=Y)
    with pytest.raises(SettingsError, match="that `label_column` names, 'kind', got the columns column 0, column 1, y"):
        read_arrays(spec_of(table_file, test_share=0.5, label_column="kind"))
    words = write(tmp_path / "words.parquet", X=X.astype(str), y=Y)
    with pytest.raises(SettingsError, match="column 'column 0': expected numbers, got string"):
        read_arrays(spec_of(words, test_share=0.5))
    rare = write(tmp_path / "rare.npz", X=X, y=replaced(Y, 0, 5))
    with pytest.raises(SettingsError, match="class '5' has one row, expected two or more with test_share"):
        read_arrays(spec_of(rare, test_share=0.5))


@pytest.mark.parametrize("shape", [(5,), (2, 7), (3, 4, 4)])
def test_a_store_has_the_rows_as_they_are(tmp_path, shape):
    x, y = table(shape=shape)
    path = write(tmp_path / "rows.npz", X=x, y=y)
    stores = [tmp_path / part / "rows" for part in ("one", "two")]
    for store in stores:
        prepare("rows", spec_of(path, test_share=0.25), tmp_path, store)
    assert contents(stores[0]) == contents(stores[1])
    source, store = read_arrays(spec_of(path, test_share=0.25)), load_store(stores[0])
    assert store.manifest.shape == shape
    assert store.manifest.counts == {"train": (6, 6, 6), "test": (2, 2, 2)}
    subset = tmp_path / "subset.json"
    subset.write_text('{"dataset": "rows", "seed": 0, "indices": [0, 2], "names": ["0", "2"]}')
    images = load_images(stores[0], subset, torch.device("cpu"))["train"]
    assert (images.channels, *images.size) == shape
    expected = source.train.rows[source.train.labels != 1]
    np.testing.assert_array_equal(torch.cat(list(images.batches(5))), expected)
    np.testing.assert_array_equal(images.values, expected)
    rows, labels = images.take(np.array([3, 0, 3]))
    np.testing.assert_array_equal(rows, expected[[3, 0, 3]])
    assert set(images.labels.tolist()) == {0, 1}
    assert labels[0] == labels[2]


@pytest.mark.parametrize(("key", "value"), [("size", 8), ("stored", "files"), ("classes", 4)])
def test_settings_of_images_are_refused(tmp_path, key, value):
    path = write(tmp_path / "rows.npz", X=X, y=Y)
    with pytest.raises(SettingsError, match=rf"^rows: .*{key}"):
        prepare("rows", spec_of(path, test_share=0.25, **{key: value}), tmp_path, tmp_path / "rows")


def test_another_file_has_another_digest(tmp_path):
    path = write(tmp_path / "rows.npz", X=X, y=Y)
    spec = spec_of(path, test_share=0.25)
    first = digests(spec)
    write(path, X=X + 1, y=Y)
    assert digests(spec) != first
    write(path, X=X, y=Y)
    assert digests(spec) == first
    path.unlink()
    assert digests(spec) == ((str(path), "missing"),)
