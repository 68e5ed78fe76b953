import itertools

import numpy as np
import pytest
from image_sets import encoded, noise, read_source, same, stored, write_folder, write_zip

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import SourceSettings
from pipeline.datasets.preparation import prepare
from pipeline.system.torchvision_shim import torchvision

TRAIN = [f"train/{label}/{number}.png" for label in ("cat", "ant", "bee") for number in (10, 9, 1)]
TEST = [f"test/{label}/{number}.png" for label in ("bee", "cat", "ant") for number in (1, 2)]
MEMBERS = {name: encoded(noise(name)) for name in TRAIN + TEST}
CLASSES = ("ant", "bee", "cat")


def read(*paths, **settings):
    return read_source("folder", None, *paths, **settings)


def expected(names, pixels=noise):
    """By class, then by file name."""
    return [(CLASSES.index(name.split("/")[1]), pixels(name)) for name in sorted(names)]


def test_classes_are_sorted_and_so_are_the_images_of_a_class(tmp_path):
    images = read(write_folder(tmp_path / "set", MEMBERS))
    train, test = stored(images)
    assert images.class_names == CLASSES
    assert same(train, expected(TRAIN))
    assert same(test, expected(TEST))


@pytest.mark.parametrize("top", ["", "my set/", "train/"])
def test_one_folder_may_lie_above(tmp_path, top):
    members = {top + name: data for name, data in MEMBERS.items()}
    for tree in (write_folder(tmp_path / "set", members), write_zip(tmp_path / "set.zip", members)):
        train, test = stored(read(tree))
        assert same(train, expected(TRAIN))
        assert same(test, expected(TEST))


def test_however_images_are_split_over_archives_the_store_is_that_of_the_folder(tmp_path):
    def store(name, *paths):
        prepare("set", SourceSettings(source="folder", paths=tuple(map(str, paths))), tmp_path, tmp_path / name / "set")
        return {path.name: path.read_bytes() for path in (tmp_path / name / "set").iterdir()}

    usual = store("usual", write_folder(tmp_path / "whole", MEMBERS))
    assert len(usual) == 5
    names = list(MEMBERS)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(names))
        tops = ("", "top/", "other/")
        archives = [
            write_zip(
                tmp_path / f"{seed}{part}.zip", {tops[part] + names[i]: MEMBERS[names[i]] for i in order[part::3]}
            )
            for part in range(3)
        ]
        assert store(f"split {seed}", *archives) == usual


def test_val_is_for_testing_where_there_is_no_test(tmp_path):
    val = {name.replace("test/", "val/"): data for name, data in MEMBERS.items()}
    _, test = stored(read(write_folder(tmp_path / "val", val)))
    assert same(test, expected(TEST))
    more = {"val/dog/1.png": b"not looked at"}
    images = read(write_folder(tmp_path / "both", {**MEMBERS, **more}))
    assert images.class_names == CLASSES
    assert same(list(stored(images))[1], expected(TEST))


LEFT_OUT = {
    "a name that does not end in .png, .jpg,": [
        "notes/train/cat/readme.md",
        "readme.txt",
        "train/cat/boxes.txt",
        "train/cat/moving.gif",
        "train/yak/1.heic",
    ],
    "hidden, with a name that begins with a dot": ["__MACOSX/train/cat/._1.png", "train/cat/.hidden.png"],
    "outside of train/<class>/": ["loose.png", "train/loose.png", "valid/cat/1.png"],
    "in val/, as the test images are those of test/": ["val/bee/1.png", "val/bee/deep/2.png"],
}


@pytest.mark.parametrize("write", [write_folder, write_zip])
def test_what_is_left_out_is_counted_by_reason_with_the_first_name(tmp_path, capsys, write):
    other = dict.fromkeys(itertools.chain.from_iterable(LEFT_OUT.values()), b"")
    tree = write(tmp_path / "set.zip", {**MEMBERS, **other})
    train, test = stored(read(tree))
    assert same(train, expected(TRAIN))
    assert same(test, expected(TEST))
    prepare("pets", SourceSettings(source="folder", paths=(str(tree),)), tmp_path, tmp_path / "store")
    notes = [line for line in capsys.readouterr().err.splitlines() if "left out" in line]
    assert len(notes) == len(LEFT_OUT)
    for reason, names in LEFT_OUT.items():
        (note,) = (note for note in notes if reason in note)
        assert note.startswith(f"pets: {len(names)} left out: ")
        assert note.endswith(f"(first: {tree}/{names[0]})")


NESTED = [f"{split}/{label}/1.png" for split in ("train", "test") for label in ("cat", "dog/poodle", "Eel/a/b/c")]
NESTED += [
    "train/dog/2.TIF",
    "train/dog/poodle/toy/3.tiff",
    "train/cat/4.ppm",
    "train/Eel/a/b/d/1.png",
    "train/cat/5.pgm",
    "train/cat/a.png/6.webp",
]
KINDS = {"TIF": "TIFF", "tiff": "TIFF", "ppm": "PPM", "pgm": "PPM", "webp": "WEBP", "png": "PNG"}


@pytest.mark.parametrize("write", [write_folder, write_zip])
def test_folders_below_a_class_are_read_as_torchvision_does(tmp_path, write):
    members = {name: encoded(noise(name), KINDS[name.rpartition(".")[2]]) for name in NESTED}
    members["train/cat/5.pgm"] = encoded(noise("grey")[..., 0], "PPM")
    images = read(write(tmp_path / "set.zip", members))
    plain = write_folder(tmp_path / "plain", members)
    for split, items in zip(("train", "test"), stored(images), strict=True):
        theirs = torchvision.datasets.ImageFolder(plain / split)
        assert images.class_names == tuple(theirs.classes)
        pairs = [(label, np.asarray(image).tobytes()) for image, label in theirs]
        assert sorted((label, image.tobytes()) for label, image in items) == sorted(pairs)


@pytest.mark.parametrize("up", [".", "..", "../..", "../../..", "/"])
def test_a_link_to_a_folder_above_has_an_end_and_is_named(tmp_path, up):
    tree = write_folder(tmp_path / "set", MEMBERS)
    (tree / "train" / "cat" / "again").symlink_to(up)
    images = read(tree)
    assert same(next(iter(stored(images))), expected(TRAIN))
    assert images.notes == (f"1 left out: a link to a folder above it (first: {tree}/train/cat/again)",)


def test_folders_that_link_to_each_other_have_an_end(tmp_path):
    tree = write_folder(tmp_path / "set", MEMBERS)
    for first, second in (("ant", "bee"), ("bee", "ant")):
        (tree / "train" / first / "other").symlink_to(tree / "train" / second)
    images = read(tree)
    assert images.train.count == 15  # those of its own, and by the link those of the other
    assert images.notes[0].startswith("2 left out: a link to a folder above it (first: ")


def test_a_broken_link_to_an_image_is_named(tmp_path):
    tree = write_folder(tmp_path / "set", MEMBERS)
    (tree / "train" / "cat" / "lost.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(FileNotFoundError, match=r"train/cat/lost\.png"):
        list(stored(read(tree)))


@pytest.mark.parametrize("suffix", ["PNG", "jpg", "JPEG", "bmp", "webp"])
def test_kinds_of_images(tmp_path, suffix):
    kind = {"PNG": "PNG", "jpg": "JPEG", "JPEG": "JPEG", "bmp": "BMP", "webp": "WEBP"}[suffix]
    flat = np.full((8, 8, 3), 120, np.uint8)
    members = {f"{split}/cat/1.{suffix}": encoded(flat, kind) for split in ("train", "test")}
    (((_, image),), _) = stored(read(write_folder(tmp_path / "set", members)))
    assert abs(image.astype(int) - 120).max() <= 2


def grey(name):
    return noise(name)[..., 0]


def test_greyscale_images_stay_greyscale(tmp_path):
    images = read(write_folder(tmp_path / "set", {name: encoded(grey(name)) for name in MEMBERS}))
    train, _ = stored(images)
    assert same(train, expected(TRAIN, grey))


@pytest.mark.parametrize("coloured", [[0], [4], [-1], [0, 1, 2], range(1, 9)])
def test_grey_among_colour_becomes_colour_as_torchvision_has_it_and_is_said(tmp_path, capsys, coloured):
    names = sorted(TRAIN)
    colour = {names[number] for number in coloured}
    members = {name: encoded(noise(name) if name in colour else grey(name)) for name in TRAIN}
    tree = write_folder(tmp_path / "mixed", {**members, **{name: MEMBERS[name] for name in TEST}})
    train, _ = stored(read(tree))
    theirs = torchvision.datasets.ImageFolder(tree / "train", loader=torchvision.datasets.folder.pil_loader)
    pixels = {path: np.asarray(image) for (path, _), (image, _) in zip(theirs.samples, theirs, strict=True)}
    assert same(train, expected(TRAIN, lambda name: pixels[str(tree / name)]))
    first = next(name for name in names if name not in colour)
    note = f"{9 - len(colour)} of 9 images are greyscale, and stored as RGB like the others (first: {tree}/{first})"
    assert capsys.readouterr().err.splitlines() == [note]


def test_colour_in_the_test_images_alone_makes_all_colour(tmp_path):
    members = {name: encoded(grey(name)) for name in TRAIN}
    train, test = stored(read(write_folder(tmp_path / "set", {**members, **{name: MEMBERS[name] for name in TEST}})))
    assert {image.shape for _, image in [*train, *test]} == {(6, 5, 3)}


def test_images_of_many_sizes_need_a_size(tmp_path):
    shapes = dict(zip(sorted(MEMBERS), itertools.cycle([(9, 14, 3), (30, 12, 3)])))
    tree = write_folder(tmp_path / "set", {name: encoded(noise(name, shape)) for name, shape in shapes.items()})
    assert {image.shape for items in stored(read(tree, size=8)) for _, image in items} == {(8, 8, 3)}
    with pytest.raises(SettingsError, match="set the dataset's `size`"):
        prepare("set", SourceSettings(source="folder", paths=(str(tree),)), tmp_path, tmp_path / "store")


def test_a_broken_image_is_named(tmp_path):
    archive = write_zip(tmp_path / "set.zip", {**MEMBERS, "train/bee/9.png": MEMBERS["train/bee/9.png"][:-60]})
    with pytest.raises(SettingsError, match=r"set.zip/train/bee/9.png: not an image that can be decoded"):
        list(stored(read(archive)))


REFUSED = {
    "no images under train/<class>/": {"test/cat/1.png": b""},
    "no images under test/<class>/ or val/<class>/": {"train/cat/1.png": b""},
    "holds more than one data set, in a and b": {"a/train/cat/1.png": b"", "b/train/cat/2.png": b""},
    "member '../train/cat/2.png' points out of the archive": {**MEMBERS, "../train/cat/2.png": b""},
}


@pytest.mark.parametrize("message", REFUSED)
def test_trees_that_are_no_set_are_refused(tmp_path, message):
    with pytest.raises(SettingsError, match=f"set.zip: {message}"):
        read(write_zip(tmp_path / "set.zip", REFUSED[message]))


def test_an_image_twice_is_refused(tmp_path):
    archives = [write_zip(tmp_path / name, MEMBERS) for name in ("a.zip", "b.zip")]
    with pytest.raises(SettingsError, match=r"b.zip/.*: the same image is in .*a.zip/"):
        read(*archives)


@pytest.mark.parametrize(("only", "lacking"), [("test", "training"), ("train", "test")])
def test_a_class_without_images_to_train_or_to_test_on_is_refused(tmp_path, only, lacking):
    tree = write_folder(tmp_path / "set", {**MEMBERS, f"{only}/dog/1.png": encoded(noise("dog"))})
    with pytest.raises(SettingsError, match=f"set: class 'dog' has no {lacking} image"):
        prepare("pets", SourceSettings(source="folder", paths=(str(tree),)), tmp_path, tmp_path / "store")


def test_one_class_alone_is_refused_whatever_number_is_announced(tmp_path):
    tree = write_folder(tmp_path / "set", {name: data for name, data in MEMBERS.items() if "/cat/" in name})
    with pytest.raises(SettingsError, match="pets: 1 class found, at least 2 are needed"):
        prepare("pets", SourceSettings(source="folder", paths=(str(tree),), classes=2), tmp_path, tmp_path / "store")


def test_missing_paths_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere: not there"):
        read(tmp_path / "nowhere")
    with pytest.raises(SettingsError, match="paths: empty"):
        read()


def test_a_class_in_two_spellings_of_one_accent_is_named(tmp_path):
    names = ("caf\u00e9", "cafe\u0301")  # composed, and e with an accent after it
    members = {f"{split}/{name}/1.png": encoded(noise(name)) for split in ("train", "test") for name in names}
    with pytest.raises(SettingsError, match=r"classes 'cafe\\u0301' and 'caf\\xe9' are the same letters"):
        read(write_zip(tmp_path / "set.zip", members))
    one = {name: data for name, data in members.items() if names[0] in name}
    assert read(write_zip(tmp_path / "one.zip", {**MEMBERS, **one})).class_names == tuple(sorted([*CLASSES, names[0]]))
