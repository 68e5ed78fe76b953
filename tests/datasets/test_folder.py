"""Custom images in folders and zip archives."""

import hashlib
import itertools

import numpy as np
import pytest
from image_sets import contents, encoded, noise, prepare_folder, read_source, same, stored, write_folder, write_zip

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import SourceSettings
from pipeline.datasets import decoding
from pipeline.datasets.class_folders import count_training, drawn_split, find_images
from pipeline.datasets.preparation import prepare
from pipeline.datasets.survey import Survey, survey
from twin_alignment.torchvision_shim import torchvision

TRAIN = [f"train/{label}/{number}.png" for label in ("cat", "ant", "bee") for number in (10, 9, 1)]
TEST = [f"test/{label}/{number}.png" for label in ("bee", "cat", "ant") for number in (1, 2)]
MEMBERS = {name: encoded(noise(name)) for name in TRAIN + TEST}
CLASSES = ("ant", "bee", "cat")

folder_or_archive = pytest.mark.parametrize("write", [write_folder, write_zip])


def read(*paths, **settings):
    return read_source("folder", None, *paths, **settings)


def expected(names, pixels=noise):
    """By class, then by file name."""
    return [(CLASSES.index(name.split("/")[1]), pixels(name)) for name in sorted(names)]


def grey(name):
    return noise(name)[..., 0]


# -- classes and splits -----------------------------------------------------------------------------------------------


@folder_or_archive
@pytest.mark.parametrize("top", ["", "my set/", "train/"])
def test_classes_are_sorted_and_so_are_their_images_also_below_one_folder(tmp_path, top, write):
    images = read(write(tmp_path / "set.zip", {top + name: data for name, data in MEMBERS.items()}))
    train, test = stored(images)
    assert images.class_names == CLASSES
    assert same(train, expected(TRAIN))
    assert same(test, expected(TEST))


def test_however_images_are_split_over_archives_the_store_is_that_of_the_folder(tmp_path):
    prepare_folder(write_folder(tmp_path / "whole", MEMBERS), tmp_path / "usual")
    names = list(MEMBERS)
    order = np.random.default_rng(0).permutation(len(names))
    archives = []
    for part, top in enumerate(("", "top/", "other/")):
        members = {top + names[i]: MEMBERS[names[i]] for i in order[part::3]}
        archives.append(str(write_zip(tmp_path / f"{part}.zip", members)))
    prepare("toy", SourceSettings(source="folder", paths=tuple(archives)), tmp_path, tmp_path / "split")
    assert contents(tmp_path / "split") == contents(tmp_path / "usual")


def test_val_is_for_testing_where_there_is_no_test(tmp_path):
    val = {name.replace("test/", "val/"): data for name, data in MEMBERS.items()}
    _, test = stored(read(write_folder(tmp_path / "val", val)))
    assert same(test, expected(TEST))
    images = read(write_folder(tmp_path / "both", {**MEMBERS, "val/dog/1.png": b"not looked at"}))
    assert images.class_names == CLASSES
    assert same(list(stored(images))[1], expected(TEST))


def splits(*labels, below="", split=("train", "test")):
    return [f"{below}{part}/{label}/1.png" for part in split for label in labels]


ONE_FOLDER = [f"{label}/{number}.png" for label in "abc" for number in range(9)]
SCHEMES = {
    "the whole in a folder called train": (splits(*"ab", below="train/"), None, "a b"),
    "classes called as splits": (splits("train", "test", "val"), None, "test train val"),
    "a class called train": (splits("apple", "train", "wolf"), None, "apple train wolf"),
    "another folder": ([*splits(*"ab", split=("train", "val")), "old/train/z/1.png"], None, "a b"),
    "a folder without images": ([*splits(*"ab", below="x/"), "logs/train/z/1.txt"], None, "a b"),
    "folders below classes": ([*splits("a", "b/c", "d/e/f"), "train/d/.hidden/1.png", "train/.x/1.png"], None, "a b d"),
    "no split": (ONE_FOLDER, 0.4, "a b c"),
    "no split, deeper": ([f"{label}/{side}/{n}.png" for label in "ab" for side in "lr" for n in range(9)], 0.4, "a b"),
    "no split, one folder above": ([f"pets/{name}" for name in ONE_FOLDER], 0.4, "a b c"),
    "train without test": ([f"train/{name}" for name in ONE_FOLDER], 0.4, "a b c"),
}


@folder_or_archive
@pytest.mark.parametrize("name", SCHEMES)
def test_planning_counts_what_prepare_finds(tmp_path, name, write):
    names, share, classes = SCHEMES[name]
    tree = write(tmp_path / "set.zip", dict.fromkeys(names, b""))
    found = find_images([tree], test_share=share)
    assert " ".join(found.class_names) == classes
    assert count_training((str(tree),), share, "datasets.x") == (len(found.class_names), len(found.train))


def test_a_drawn_split_is_that_of_the_digest_and_stays_when_images_are_added(tmp_path):
    """Bytes of SHA-256 of the name as a fraction of 1, below the share: for testing."""
    names = [f"{label}/{number}.png" for label in ("cat", "caf\u00e9") for number in range(200)]
    tree = write_folder(tmp_path / "few", dict.fromkeys(names, b""))
    tested = {file.path for file in find_images([tree], test_share=0.2).test}
    digests = {name: int(hashlib.sha256(name.encode()).hexdigest()[:16], 16) / 16**16 for name in names}
    assert tested == {name for name, fraction in digests.items() if fraction < 0.2}
    assert abs(len(tested) / 400 - 0.2) < 0.06
    write_folder(tree, dict.fromkeys(["cat/new.png", *(f"dog/{n}.png" for n in range(30))], b""))
    assert {file.path for file in find_images([tree], test_share=0.2).test if file.path in digests} == tested
    assert drawn_split(("cafe\u0301", "1.png"), 0.2) == drawn_split(("caf\u00e9", "1.png"), 0.2)


# -- files that are read ----------------------------------------------------------------------------------------------

SKIPPED = {
    "a name that does not end in .png, .jpg,": [
        "notes/train/cat/readme.md",
        "train/cat/moving.gif",
        "train/yak/1.heic",
    ],
    "hidden, with a name that begins with a dot": ["__MACOSX/train/cat/._1.png", "train/cat/.hidden.png"],
    "outside of train/<class>/": ["loose.png", "train/loose.png", "valid/cat/1.png"],
    "in val/, as the test images are those of test/": ["val/bee/1.png", "val/bee/deep/2.png"],
}


@folder_or_archive
def test_files_that_are_skipped_are_counted_by_reason_with_the_first_name(tmp_path, capsys, write):
    extra = dict.fromkeys(itertools.chain.from_iterable(SKIPPED.values()), b"")
    tree = write(tmp_path / "set.zip", {**MEMBERS, **extra})
    train, test = stored(read(tree))
    assert same(train, expected(TRAIN))
    assert same(test, expected(TEST))
    prepare_folder(tree, tmp_path / "store")
    notes = [line for line in capsys.readouterr().err.splitlines() if "skipped" in line]
    assert len(notes) == len(SKIPPED)
    for reason, names in SKIPPED.items():
        (note,) = (note for note in notes if reason in note)
        assert note.startswith(f"toy: {len(names)} skipped: ")
        assert note.endswith(f"(first: {tree}/{names[0]})")


KINDS = {
    "TIF": "TIFF",
    "tiff": "TIFF",
    "ppm": "PPM",
    "pgm": "PPM",
    "webp": "WEBP",
    "png": "PNG",
    "bmp": "BMP",
    "PNG": "PNG",
}
NESTED = splits("cat", "dog/poodle", "Eel/a/b/c")
NESTED += ["train/dog/2.TIF", "train/dog/poodle/toy/3.tiff", "train/cat/4.ppm", "train/Eel/a/b/d/1.PNG"]
NESTED += ["train/cat/5.pgm", "train/cat/a.png/6.webp", "train/cat/7.bmp"]


@folder_or_archive
def test_kinds_and_folders_below_a_class_are_read_as_torchvision_does(tmp_path, write):
    members = {name: encoded(noise(name), KINDS[name.rpartition(".")[2]]) for name in NESTED}
    members["train/cat/5.pgm"] = encoded(grey("grey"), "PPM")
    images = read(write(tmp_path / "set.zip", members))
    plain = write_folder(tmp_path / "plain", members)
    for split, items in zip(("train", "test"), stored(images), strict=True):
        theirs = torchvision.datasets.ImageFolder(plain / split)
        assert images.class_names == tuple(theirs.classes)
        pairs = [(label, np.asarray(image).tobytes()) for image, label in theirs]
        assert sorted((label, image.tobytes()) for label, image in items) == sorted(pairs)


@pytest.mark.parametrize("up", [".", "../..", "/"])
def test_links_to_folders_above_or_to_each_other_have_an_end_and_are_named(tmp_path, up):
    tree = write_folder(tmp_path / "set", MEMBERS)
    (tree / "train" / "cat" / "again").symlink_to(up)
    images = read(tree)
    assert same(next(iter(stored(images))), expected(TRAIN))
    assert images.notes == (f"1 skipped: a link to a folder above it (first: {tree}/train/cat/again/)",)
    for first, second in (("ant", "bee"), ("bee", "ant")):
        (tree / "train" / first / "twin").symlink_to(tree / "train" / second)
    images = read(tree)
    assert len(images.train.labels) == 15  # those of each class, and by the link those of the other
    assert images.notes[0].startswith("3 skipped: a link to a folder above it (first: ")


@pytest.mark.parametrize("coloured", [[], [0], [-1], range(1, 9)])
def test_images_are_colour_as_torchvision_has_it_unless_all_are_greyscale(tmp_path, coloured):
    colour = {sorted(TRAIN)[number] for number in coloured}
    made = {name: encoded(noise(name) if name in colour else grey(name)) for name in MEMBERS}
    tree = write_folder(tmp_path / "mixed", made)
    images = read(tree)
    train, _ = stored(images)
    if not colour:
        assert same(train, expected(TRAIN, grey))
        assert images.notes == ()
        return
    theirs = torchvision.datasets.ImageFolder(tree / "train", loader=torchvision.datasets.folder.pil_loader)
    pixels = {path: np.asarray(image) for (path, _), (image, _) in zip(theirs.samples, theirs, strict=True)}
    assert same(train, expected(TRAIN, lambda name: pixels[str(tree / name)]))
    first = next(name for name in sorted(TRAIN) + sorted(TEST) if name not in colour)
    note = f"{15 - len(colour)} of 15 images are greyscale, and stored as RGB like the others (first: {tree}/{first})"
    assert images.notes == survey(tree).notes == (note,)


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("split", ["train", "test"])
def test_images_of_many_sizes_need_a_size(tmp_path, split):
    name = f"{split}/bee/2.png" if split == "test" else "train/bee/9.png"
    tree = write_folder(tmp_path / "set", {**MEMBERS, name: encoded(noise(name, (9, 14, 3)))})
    with pytest.raises(SettingsError, match=rf"{name}: expected 5 x 6 pixels, .* got 14 x 9: set the dataset's `size`"):
        prepare_folder(tree, tmp_path / "store")
    assert {image.shape for items in stored(read(tree, size=8)) for _, image in items} == {(8, 8, 3)}


REFUSED = {
    r"set\.zip: no images under train/<class>/": {"test/cat/1.png": b""},
    r"set\.zip: no images under test/<class>/ or val/<class>/": {"train/cat/1.png": b""},
    r"set\.zip: expected one dataset, got 2, in a and b": {"a/train/cat/1.png": b"", "b/train/cat/2.png": b""},
    r"set\.zip: class 'dog' has no training image": {**MEMBERS, "test/dog/1.png": b""},
    r"set\.zip: class 'dog' has no test image": {**MEMBERS, "train/dog/1.png": b""},
    r"set\.zip/train/bee/9\.png: not an image that can be decoded": {
        **MEMBERS,
        "train/bee/9.png": MEMBERS[TRAIN[0]][:-60],
    },
    r"toy: expected 2 or more classes, .* got 1": {name: data for name, data in MEMBERS.items() if "/cat/" in name},
    r"set\.zip: neither a folder nor a whole zip archive": None,
}


@pytest.mark.parametrize("message", REFUSED)
def test_trees_that_are_not_a_dataset_are_refused(tmp_path, message):
    tree = write_zip(tmp_path / "set.zip", REFUSED[message] or {})
    if REFUSED[message] is None:
        tree.write_bytes(b"a page that asks to log in")
    with pytest.raises(SettingsError, match=message):
        prepare_folder(tree, tmp_path / "store")


def test_a_class_without_training_images_is_found_before_any_is_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "decode", lambda *_: pytest.fail("decoded"))
    with pytest.raises(SettingsError, match="class 'dog' has no training image"):
        prepare_folder(write_zip(tmp_path / "set.zip", {**MEMBERS, "test/dog/1.png": b""}), tmp_path / "store")


def test_missing_and_double_images_are_named(tmp_path):
    archives = [write_zip(tmp_path / name, MEMBERS) for name in ("a.zip", "b.zip")]
    with pytest.raises(SettingsError, match=r"b.zip/.*: the same image is in .*a.zip/"):
        read(*archives)
    with pytest.raises(FileNotFoundError, match="nowhere: missing"):
        read(tmp_path / "nowhere")
    with pytest.raises(SettingsError, match="paths: empty"):
        read()
    tree = write_folder(tmp_path / "set", MEMBERS)
    (tree / "train" / "cat" / "lost.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(FileNotFoundError, match=r"train/cat/lost\.png"):
        read(tree)
    with pytest.raises(SettingsError, match=r"set: test_share = 0\.2: expected <class>/\*, got train/ and its test"):
        find_images([tree], test_share=0.2)


def test_planning_names_the_setting_of_a_missing_or_small_tree(tmp_path):
    with pytest.raises(SettingsError, match=r"datasets\.x\.paths: .*nowhere is missing; without it `classes` has to"):
        count_training((str(tmp_path / "nowhere"),), None, "datasets.x")
    tree = write_folder(tmp_path / "one", {"train/a/1.png": b""})
    with pytest.raises(
        SettingsError, match=r"datasets\.x\.paths: .*: expected 2 or more classes .*train/<class>/, got 1"
    ):
        count_training((str(tree),), None, "datasets.x")


def test_a_folder_may_have_fewer_classes_than_announced_but_not_more(tmp_path):
    tree = write_folder(tmp_path / "set", MEMBERS)
    for classes in (3, 4):
        assert prepare_folder(tree, tmp_path / "store", classes=classes).class_names == CLASSES
    with pytest.raises(SettingsError, match="toy: expected at most 2 classes, as `classes` says, got 3"):
        prepare_folder(tree, tmp_path / "store", classes=2)


# -- survey before there are settings ---------------------------------------------------------------------------------


def test_classes_images_and_sides_are_surveyed(tmp_path):
    sizes = {"train/a/1.png": (20, 8), "train/a/2.png": (10, 10), "train/b/1.png": (12, 30)}
    sizes |= {"test/a/1.png": (14, 14), "test/b/1.png": (15, 40)}
    members = {name: encoded(noise(name, (*size, 3))) for name, size in sizes.items()}
    tree = write_folder(tmp_path / "set", {**members, "train/notes.txt": b""})
    note = f"(first: {tree}/train/notes.txt)"
    found = survey(tree)
    assert found == Survey(2, train=3, test=2, sides=(8, 12, 15), alike=False, notes=found.notes)
    assert [line.endswith(note) for line in found.notes] == [True]
    square = {name: encoded(noise(name, (9, 9, 3))) for name in sizes}
    assert survey(write_zip(tmp_path / "set.zip", square)) == Survey(2, train=3, test=2, sides=(9, 9, 9), alike=True)
    with pytest.raises(SettingsError, match=r"one: expected 2 or more classes, .* got one, 'a'"):
        survey(write_folder(tmp_path / "one", {name: data for name, data in square.items() if "/a/" in name}))


def test_a_folder_without_a_split_is_offered_one(tmp_path):
    tree = write_folder(tmp_path / "pets", {f"{label}/{n}.png": MEMBERS[TRAIN[0]] for label in "ab" for n in range(40)})
    with pytest.raises(
        SettingsError, match=r"pets: no images under train/<class>/ .* `start FOLDER --test-share 0\.2`"
    ):
        survey(tree)
    found = survey(tree, 0.25)
    assert (found.classes, found.train + found.test) == (2, 80)
    assert 8 <= found.test <= 32
    with pytest.raises(SettingsError, match=r"pets: no images .* raise test_share|has no test image .*: raise it"):
        survey(tree, 0.0001)
