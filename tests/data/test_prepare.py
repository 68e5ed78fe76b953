from typing import get_args

import pytest
from image_sets import encoded, noise, write_folder

from pipeline.data.catalog import CATALOG, resolve
from pipeline.data.prepare import SOURCES, prepare
from pipeline.data.store import load_store
from pipeline.params import DatasetSpec, SettingsError, Source


@pytest.fixture
def pets(tmp_path):
    names = [f"{split}/{label}/1.png" for split in ("train", "test") for label in ("cat", "dog", "eel")]
    return str(write_folder(tmp_path / "pets", {name: encoded(noise(name)) for name in names}))


def test_every_source_of_the_settings_can_be_read():
    assert set(SOURCES) == set(get_args(Source))
    assert set(CATALOG) == set(SOURCES) - {"folder"}


@pytest.mark.parametrize("name", ["digits", "digit_pairs"])
def test_stores_are_byte_identical_when_made_again(tmp_path, name):
    spec = CATALOG[name].model_copy(update={"train_pairs": 300, "test_pairs": 200})
    manifests = [prepare(name, spec, tmp_path, tmp_path / place / name) for place in "ab"]
    assert manifests[0] == manifests[1] == load_store(tmp_path / "a" / name).manifest
    files = [{path.name: path.read_bytes() for path in (tmp_path / place / name).iterdir()} for place in "ab"]
    assert len(files[0]) == 5
    assert files[0] == files[1]


def test_the_manifest_says_what_the_images_are(tmp_path, pets):
    spec = DatasetSpec(source="folder", paths=(pets,), licence="do as you like")
    manifest = prepare("my pets", spec, tmp_path, tmp_path / "store")
    assert (manifest.name, manifest.source, manifest.licence) == ("my pets", "folder", "do as you like")
    assert manifest.class_names == ("cat", "dog", "eel")
    assert manifest.counts == {"train": (1, 1, 1), "test": (1, 1, 1)}


def test_a_folder_may_have_fewer_classes_than_announced_but_not_more(tmp_path, pets):
    for classes in (3, 4):
        prepare("pets", DatasetSpec(source="folder", paths=(pets,), classes=classes), tmp_path, tmp_path / "store")
    with pytest.raises(SettingsError, match="pets: 3 classes found, classes = 2 allows at most 2"):
        prepare("pets", DatasetSpec(source="folder", paths=(pets,), classes=2), tmp_path, tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("classes", [9, 11])
def test_other_sources_have_as_many_classes_as_announced(tmp_path, classes):
    with pytest.raises(SettingsError, match=f"digits: 10 classes found, classes = {classes} allows {classes}"):
        prepare("digits", DatasetSpec(source="digits", classes=classes), tmp_path, tmp_path / "store")


def test_imagenet_has_all_its_classes(tmp_path, pets):
    with pytest.raises(SettingsError, match="3 classes found, classes = 1000 allows 1000"):
        prepare("imagenet1k", CATALOG["imagenet1k"].model_copy(update={"paths": (pets,)}), tmp_path, tmp_path / "store")


@pytest.mark.parametrize(("key", "value"), [("size", 32), ("paths", ("somewhere",))])
@pytest.mark.parametrize("source", ["digits", "cifar10", "fashion_mnist"])
def test_settings_that_a_source_does_not_read_are_refused(tmp_path, source, key, value):
    with pytest.raises(SettingsError, match=f"toy: {key} is not for source = {source}; allowed are folder"):
        prepare("toy", DatasetSpec(source=source, **{key: value}), tmp_path, tmp_path / "store")


def test_settings_go_before_the_catalog_and_unknown_names_are_told():
    own = DatasetSpec(source="folder", paths=("here",))
    assert resolve("cifar10", {"cifar10": own}) == own
    assert resolve("cifar10", {"pets": own}) == CATALOG["cifar10"]
    with pytest.raises(SettingsError, match=r"dataset = 'cat': not known, allowed is one of cifar10, .*pets"):
        resolve("cat", {"pets": own})


def test_every_dataset_of_the_catalog_has_a_licence():
    assert all(spec.licence != DatasetSpec.model_fields["licence"].default for spec in CATALOG.values())
