"""What is told of a folder of images before it has settings."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pipeline.config.base import SettingsError
from pipeline.datasets.survey import Survey, survey


def write(folder, *sizes):
    folder.mkdir(parents=True)
    for number, size in enumerate(sizes):
        Image.fromarray(np.full((size[1], size[0], 3), number, np.uint8)).save(folder / f"{number}.png")


def test_classes_images_and_sides_are_counted(tmp_path):
    write(tmp_path / "train" / "a", (8, 20), (10, 10))
    write(tmp_path / "train" / "b", (30, 12))
    write(tmp_path / "test" / "a", (14, 14))
    write(tmp_path / "test" / "b", (40, 15))
    (tmp_path / "train" / "notes.txt").write_text("not an image")
    (tmp_path / "train" / "a" / "more.gif").touch()
    found = survey(tmp_path)
    assert replace(found, notes=()) == Survey(2, train=3, test=2, sides=(8, 12, 15), alike=False)
    (note,) = found.notes
    assert note.startswith("2 left out: a name that does not end in .png, ")
    assert note.endswith(f"(first: {tmp_path}/train/a/more.gif)")


def test_grey_among_colour_is_said(tmp_path):
    for split in ("train", "test"):
        for label in "ab":
            write(tmp_path / split / label, (9, 9), (9, 9))
    Image.new("L", (9, 9)).save(tmp_path / "train" / "b" / "1.png")
    (note,) = survey(tmp_path).notes
    assert note == f"1 of 8 images are greyscale, and stored as RGB like the others (first: {tmp_path}/train/b/1.png)"


def test_a_folder_without_a_split_is_offered_one(tmp_path):
    for label in "ab":
        write(tmp_path / "pets" / label, *[(9, 9)] * 40)
    with pytest.raises(
        SettingsError, match=r"pets: no images under train/<class>/ .* `start FOLDER --test-share 0\.2`"
    ):
        survey(tmp_path / "pets")
    found = survey(tmp_path / "pets", 0.25)
    assert (found.classes, found.train + found.test) == (2, 80)
    assert 8 <= found.test <= 32
    with pytest.raises(
        SettingsError, match=r"pets: class 'a' has no test image with test_share = 0\.0001: raise it|no im"
    ):
        survey(tmp_path / "pets", 0.0001)


def test_images_of_one_square_size_are_alike(tmp_path):
    for split in ("train", "val"):
        for label in "ab":
            write(tmp_path / split / label, (9, 9))
    assert survey(tmp_path) == Survey(2, train=2, test=2, sides=(9, 9, 9), alike=True)


def test_what_cannot_be_used_is_named_in_a_sentence(tmp_path):
    with pytest.raises(SettingsError, match="absent: not there"):
        survey(tmp_path / "absent")
    (tmp_path / "one").mkdir()
    with pytest.raises(SettingsError, match="one: no images under train/<class>/"):
        survey(tmp_path / "one")
    write(tmp_path / "one" / "train" / "a", (8, 8))
    with pytest.raises(SettingsError, match="one: no images under test/<class>/ or val/<class>/"):
        survey(tmp_path / "one")
    write(tmp_path / "one" / "test" / "a", (8, 8))
    with pytest.raises(SettingsError, match="one: one class, 'a'; at least 2 are needed"):
        survey(tmp_path / "one")
    write(tmp_path / "one" / "train" / "b", (8, 8))
    with pytest.raises(SettingsError, match="one: class 'b' has no test image"):
        survey(tmp_path / "one")
    write(tmp_path / "one" / "test" / "b", (8, 8))
    (tmp_path / "one" / "train" / "b" / "broken.png").write_text("no image")
    with pytest.raises(SettingsError, match=r"broken\.png: not an image that can be decoded"):
        survey(tmp_path / "one")
