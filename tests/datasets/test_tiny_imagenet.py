import hashlib

import pytest
from image_sets import encoded, noise, read_source, same, stored, write_folder, write_zip

from pipeline.config.base import SettingsError
from pipeline.datasets.sources import tiny_imagenet

WNIDS = ["n02085620", "n01443537"]
TRAIN = [f"train/{wnid}/images/{wnid}_{number}.JPEG" for wnid in WNIDS for number in range(3)]
VAL = {"val/images/val_0.JPEG": WNIDS[0], "val/images/val_1.JPEG": WNIDS[1], "val/images/val_2.JPEG": WNIDS[0]}
TEXTS = {
    "wnids.txt": "\n".join(WNIDS),
    "words.txt": "n00001740\tentity\nn01443537\tgoldfish, Carassius auratus\nn02085620\tChihuahua\n",
    "val/val_annotations.txt": "".join(f"{name[11:]}\t{wnid}\t0\t32\t44\t62\n" for name, wnid in VAL.items()),
    "train/n01443537/n01443537_boxes.txt": "n01443537_0.JPEG\t0\t10\t63\t58\n",
    "test/images/test_0.JPEG": "has no label",
}
MEMBERS = {
    **{name: text.encode() for name, text in TEXTS.items()},
    **{name: encoded(noise(name, (64, 64, 3))) for name in [*TRAIN, *VAL]},  # lossless, whatever the name
}
PUBLISHED = {f"tiny-imagenet-200/{name}": data for name, data in MEMBERS.items()}
CLASSES = ("n01443537 goldfish", "n02085620 Chihuahua")


def read(downloads, *paths, **settings):
    return read_source("tiny_imagenet", downloads, *paths, **settings)


def check(images):
    train, test = stored(images)
    assert images.class_names == CLASSES
    pixels = {name: noise(name, (64, 64, 3)) for name in [*TRAIN, *VAL]}
    assert same(train, [(0, pixels[name]) for name in TRAIN[3:]] + [(1, pixels[name]) for name in TRAIN[:3]])
    assert same(test, [({WNIDS[1]: 0, WNIDS[0]: 1}[wnid], pixels[name]) for name, wnid in VAL.items()])


def test_archives_and_folders_are_read_in_place_with_and_without_the_top_folder(tmp_path):
    check(read(tmp_path, write_zip(tmp_path / "any name.zip", PUBLISHED)))
    assert [path.name for path in tmp_path.iterdir()] == ["any name.zip"]
    check(read(tmp_path, write_folder(tmp_path / "a", PUBLISHED)))
    check(read(tmp_path, write_folder(tmp_path / "b", MEMBERS)))


def test_the_downloads_are_looked_at_first(tmp_path):
    write_zip(tmp_path / "tiny-imagenet-200.zip", PUBLISHED)
    check(read(tmp_path))
    write_folder(tmp_path / "tiny-imagenet-200", {**MEMBERS, "words.txt": b""})
    assert read(tmp_path).class_names == tuple(sorted(WNIDS))  # words are not needed, and the folder goes first


def test_classes_that_are_not_listed_are_left_out(tmp_path):
    images = read(tmp_path, write_folder(tmp_path / "set", {**MEMBERS, "wnids.txt": b"n01443537\n"}))
    train, test = stored(images)
    assert images.class_names == CLASSES[:1]
    assert [label for label, _ in train] == [0, 0, 0]
    assert same(test, [(0, noise("val/images/val_1.JPEG", (64, 64, 3)))])


@pytest.mark.parametrize("left", [b"", b"PK\x03\x04 a partial download"])
def test_a_missing_or_partial_archive_is_fetched(tmp_path, serve, monkeypatch, left):
    published = write_zip(tmp_path / "tiny-imagenet-200.zip", PUBLISHED)
    url, asked = serve(tmp_path)
    monkeypatch.setattr(tiny_imagenet, "URL", f"{url}tiny-imagenet-200.zip")
    monkeypatch.setattr(tiny_imagenet, "MD5", hashlib.md5(published.read_bytes()).hexdigest())
    downloads = tmp_path / "downloads"
    if left:
        write_folder(downloads, {"tiny-imagenet-200.zip": left})
    for _ in range(2):
        check(read(downloads))
    assert len(asked) == 1
    assert [path.name for path in downloads.iterdir()] == ["tiny-imagenet-200.zip"]


REFUSED = {
    "expected one file wnids.txt, as in Tiny-ImageNet, got 0": {"wnids.txt": None},
    "has no words.txt": {"words.txt": None},
    "has no val/val_annotations.txt": {"val/val_annotations.txt": None},
    "val/images/val_2.JPEG: has no line in val/val_annotations.txt": {
        "val/val_annotations.txt": TEXTS["val/val_annotations.txt"].splitlines()[0].encode() + b"\nval_1.JPEG\tn0\n"
    },
    "class 'n99999999' has no image in train/": {"wnids.txt": b"n99999999"},
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_missing_is_named(tmp_path, message):
    members = {name: data for name, data in {**MEMBERS, **REFUSED[message]}.items() if data is not None}
    with pytest.raises(SettingsError, match=message):
        read(tmp_path, write_folder(tmp_path / "set", members))


def test_several_paths_are_refused(tmp_path):
    with pytest.raises(SettingsError, match="tiny_imagenet is one folder or zip archive"):
        read(tmp_path, "a", "b")
