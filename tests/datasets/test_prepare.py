import pytest
from image_sets import encoded, noise, write_folder

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import SourceSettings
from pipeline.datasets.catalog import KNOWN
from pipeline.datasets.preparation import prepare
from pipeline.datasets.store import load_store


@pytest.fixture
def pets(tmp_path):
    names = [f"{split}/{label}/1.png" for split in ("train", "test") for label in ("cat", "dog", "eel")]
    return str(write_folder(tmp_path / "pets", {name: encoded(noise(name)) for name in names}))


@pytest.mark.parametrize("name", ["digits", "digit_pairs"])
def test_stores_are_byte_identical_when_made_again(tmp_path, name):
    spec = KNOWN[name].model_copy(update={"train_pairs": 300, "test_pairs": 200})
    manifests = [prepare(name, spec, tmp_path, tmp_path / place / name) for place in "ab"]
    assert manifests[0] == manifests[1] == load_store(tmp_path / "a" / name).manifest
    files = [{path.name: path.read_bytes() for path in (tmp_path / place / name).iterdir()} for place in "ab"]
    assert len(files[0]) == 5
    assert files[0] == files[1]


def test_the_manifest_says_what_the_images_are(tmp_path, pets):
    spec = SourceSettings(source="folder", paths=(pets,), licence="do as you like")
    manifest = prepare("my pets", spec, tmp_path, tmp_path / "store")
    assert manifest.name == "my pets"
    assert manifest.class_names == ("cat", "dog", "eel")
    assert manifest.counts == {"train": (1, 1, 1), "test": (1, 1, 1)}


def test_a_folder_may_have_fewer_classes_than_announced_but_not_more(tmp_path, pets):
    for classes in (3, 4):
        prepare("pets", SourceSettings(source="folder", paths=(pets,), classes=classes), tmp_path, tmp_path / "store")
    with pytest.raises(SettingsError, match="pets: 3 classes found, classes = 2 allows at most 2"):
        prepare("pets", SourceSettings(source="folder", paths=(pets,), classes=2), tmp_path, tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("classes", [9, 11])
def test_other_sources_have_as_many_classes_as_announced(tmp_path, classes):
    with pytest.raises(SettingsError, match=f"digits: 10 classes found, classes = {classes} allows {classes}"):
        prepare("digits", SourceSettings(source="digits", classes=classes), tmp_path, tmp_path / "store")


def test_imagenet_has_all_its_classes(tmp_path, pets):
    with pytest.raises(SettingsError, match="3 classes found, classes = 1000 allows 1000"):
        prepare("imagenet1k", KNOWN["imagenet1k"].model_copy(update={"paths": (pets,)}), tmp_path, tmp_path / "store")


@pytest.mark.parametrize(("key", "value"), [("size", 32), ("paths", ("somewhere",))])
@pytest.mark.parametrize("source", ["digits", "cifar10", "fashion_mnist"])
def test_settings_that_a_source_does_not_read_are_refused(tmp_path, source, key, value):
    with pytest.raises(SettingsError, match=f"toy: {key} is not for source = {source}; allowed are folder"):
        prepare("toy", SourceSettings(source=source, **{key: value}), tmp_path, tmp_path / "store")
