"""What is told of a folder of images before it has settings."""

import numpy as np
import pytest
from PIL import Image

from pipeline.data.survey import Survey, survey
from pipeline.settings.base import SettingsError


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
    assert survey(tmp_path) == Survey(2, train=3, test=2, sides=(8, 12, 15), alike=False)


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
