import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from image_sets import encoded, noise, read_source, same, stored, write_folder, write_zip

from pipeline.config.base import SettingsError

NAMES = ("tench, Tinca tinca", "goldfish", "white shark")
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
SHAPE = (10, 12, 3)


def write(path, labels, features=NAMES, columns=("image", "label"), group=3, contents=None):
    """A file of noise images, in row groups; `features`: class names in the metadata."""
    image, label = columns
    rows = contents or [encoded(noise(f"{path.name} {row}", SHAPE)) for row in range(len(labels))]
    schema = pa.schema([(image, IMAGE), (label, pa.int64())])
    if features is not None:
        described = {image: {"_type": "Image"}, label: {"names": features, "_type": "ClassLabel"}}
        schema = schema.with_metadata({"huggingface": json.dumps({"info": {"features": described}})})
    images = pa.array([{"bytes": data, "path": f"{row}.jpg"} for row, data in enumerate(rows)], IMAGE)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table([images, pa.array(labels, pa.int64())], schema=schema), path, row_group_size=group)
    return [(number, noise(f"{path.name} {row}", SHAPE)) for row, number in enumerate(labels)]


def read(downloads, *paths, source="imagenet1k", **settings):
    return read_source(source, downloads, *paths, **settings)


def test_rows_are_read_in_the_order_of_the_files(tmp_path):
    data = tmp_path / "imagenet1k" / "data"
    labels = np.random.default_rng(0).integers(0, 3, 150).tolist()  # more than are read at once
    second = write(
        data / "train-00001-of-00002.parquet",
        [2, 2, 0, 1, 0],
    )
    first = write(data / "train-00000-of-00002.parquet", labels, group=100)
    expected = write(data / "validation-00000-of-00001.parquet", [1, 2, 0, 0])
    write(data / "test-00000-of-00001.parquet", [-1, -1])  # ImageNet's test split has no labels
    images = read(tmp_path)
    train, test = stored(images)
    assert images.class_names == NAMES
    assert same(train, first + second)
    assert same(test, expected)


def test_files_and_folders_may_be_named_and_another_split_tests_where_there_is_no_validation(tmp_path):
    train = write(tmp_path / "a" / "train-0.parquet", [0, 1, 2])
    test = write(tmp_path / "b" / "val-0.parquet", [2, 1])
    for paths in ((tmp_path / "a", tmp_path / "b"), (tmp_path / "b" / "val-0.parquet", tmp_path / "a")):
        got_train, got_test = stored(read(tmp_path, *paths))
        assert same(got_train, train)
        assert same(got_test, test)
    expected = write(tmp_path / "a" / "test-0.parquet", [2, 1])
    assert same(list(stored(read(tmp_path, tmp_path / "a")))[1], expected)


def test_any_rows_are_read_by_their_number(tmp_path):
    """As shards of a store are, which need not end where files do."""
    write(tmp_path / "train-0.parquet", [0, 1, 2, 0, 1])
    write(tmp_path / "train-1.parquet", [2, 1, 0])
    write(tmp_path / "val-0.parquet", [0])
    images = read(tmp_path, tmp_path).train.images
    rows = list(images.read(0, 8))
    assert len({data for _, data in rows}) == 8
    for start, stop in ((0, 3), (2, 5), (3, 7), (5, 8), (6, 8), (7, 8)):
        assert list(images.read(start, stop)) == rows[start:stop]


def test_mini_imagenet_is_tested_on_its_test_split_as_in_the_papers_code(tmp_path):
    data = tmp_path / "mini_imagenet"
    train = write(data / "train-0.parquet", [0, 1, 2])
    validation = write(data / "validation-0.parquet", [2, 2])
    assert same(list(stored(read(tmp_path, source="mini_imagenet")))[1], validation)
    test = write(data / "test-0.parquet", [2, 1, 0])
    got_train, got_test = stored(read(tmp_path, source="mini_imagenet"))
    assert same(got_train, train)
    assert same(got_test, test)


def test_without_names_classes_are_numbered(tmp_path):
    write(tmp_path / "train-0.parquet", [0, 4, 2], features=None, columns=("img", "fine_label"))
    write(tmp_path / "val-0.parquet", [1], features=None, columns=("img", "fine_label"))
    assert read(tmp_path, tmp_path).class_names == ("0", "1", "2", "3", "4")


def test_class_folders_are_read_too_and_tested_on_val(tmp_path):
    members = {f"{split}/cat/{split}.png": encoded(noise(split, SHAPE)) for split in ("train", "val", "test")}
    for tree in (write_folder(tmp_path / "imagenet1k", members), write_zip(tmp_path / "set.zip", members)):
        images = read(tmp_path, *([] if tree.is_dir() else [tree]))
        train, test = stored(images)
        assert images.class_names == ("cat",)
        assert same(train, [(0, noise("train", SHAPE))])
        assert same(test, [(0, noise("val", SHAPE))])


@pytest.mark.parametrize(("source", "tested"), [("mini_imagenet", "test"), ("imagenet1k", "validation")])
def test_missing_files_are_named_with_their_place(tmp_path, source, tested):
    with pytest.raises(FileNotFoundError, match=rf"missing; put the files train-\*.parquet and {tested}") as caught:
        read(tmp_path, source=source)
    assert str(caught.value).startswith(str(tmp_path / source))
    assert "\n" not in str(caught.value)
    write(tmp_path / source / "train-0.parquet", [0])
    with pytest.raises(FileNotFoundError, match=rf"no {tested}-\*.parquet"):
        read(tmp_path, source=source)


def test_a_broken_image_is_named(tmp_path):
    write(tmp_path / "train-0.parquet", [0, 1], contents=[encoded(noise("a", SHAPE)), b"broken"])
    write(tmp_path / "val-0.parquet", [0])
    with pytest.raises(SettingsError, match=r"train-0.parquet row 1: not an image"):
        list(stored(read(tmp_path, tmp_path)))


@pytest.mark.parametrize(("labels", "contents", "what"), [([0, None], None, "label"), ([0, 1], [b"", None], "image")])
def test_an_empty_cell_is_named(tmp_path, labels, contents, what):
    if contents:
        contents[0] = encoded(noise("a", SHAPE))
    write(tmp_path / "train-0.parquet", labels, contents=contents)
    write(tmp_path / "val-0.parquet", [0])
    with pytest.raises(SettingsError, match=rf"train-0.parquet row 1: has no {what}"):
        list(stored(read(tmp_path, tmp_path)))


def test_a_file_with_other_columns_is_named(tmp_path):
    pq.write_table(pa.table({"text": ["a"], "label": [1]}), tmp_path / "train-0.parquet")
    write(tmp_path / "val-0.parquet", [0])
    with pytest.raises(SettingsError, match=r"train-0.parquet: expected one column of images .* got text, label"):
        read(tmp_path, tmp_path)


def test_damaged_files_are_named(tmp_path):
    write(tmp_path / "val-0.parquet", [0])
    file = tmp_path / "train-0.parquet"
    write(file, [0, 1, 2])
    whole = file.read_bytes()
    file.write_bytes(whole[:-50])
    with pytest.raises(SettingsError, match=r"train-0.parquet: not a whole parquet file"):
        read(tmp_path, tmp_path)
    file.write_bytes(whole[:4] + bytes(200) + whole[204:])
    with pytest.raises(SettingsError, match=r"train-0.parquet: damaged"):
        list(stored(read(tmp_path, tmp_path)))
