"""A dataset is one file of pipeline/datasets/sources."""

import shutil
import subprocess
import sys
from inspect import signature

import pytest

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import DatasetSpec
from pipeline.config.references import PROJECT, load, names_in
from pipeline.datasets.catalog import KNOWN, facts, resolve
from pipeline.datasets.preparation import prepare
from pipeline.datasets.store import load_store
from pipeline.jobs.code import code_identity

SOURCES = names_in("pipeline/datasets/sources")
PAPER = {"cifar10": 10, "cifar100": 100, "mini_imagenet": 100, "tiny_imagenet": 200, "imagenet1k": 1000}


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_has_facts_and_images(source):
    assert list(signature(load(f"pipeline.datasets.sources.{source}:images")).parameters) == ["spec", "downloads"]
    spec = facts(source).spec
    assert KNOWN.get(source) == spec
    if spec is None:
        assert source in ("arrays", "folder")
    else:
        assert spec.source == source
        assert spec.licence != DatasetSpec.model_fields["licence"].default
        assert spec.size is None or "size" in facts(source).reads


def test_datasets_of_the_paper_are_known_with_their_classes():
    assert {name: KNOWN[name].classes for name in PAPER} == PAPER


@pytest.mark.parametrize("name", ["digits", "digit_pairs"])
def test_sizes_are_those_of_the_store_once_it_is_made(tmp_path, name):
    spec = KNOWN[name].model_copy(update={"train_pairs": 300, "test_pairs": 200})
    prepare(name, spec, tmp_path, tmp_path / name)
    store = load_store(tmp_path / name)
    assert facts(name).sizes(spec) == (len(store.train.labels), len(store.test.labels), *store.manifest.shape)


def test_a_size_that_is_set_is_the_size():
    sizes = facts("imagenet1k").sizes
    assert sizes(KNOWN["imagenet1k"]) == (1_281_167, 50_000, 3, 224, 224)
    assert sizes(KNOWN["imagenet1k"].model_copy(update={"size": 64})) == (1_281_167, 50_000, 3, 64, 64)


def test_settings_go_first_and_unknown_names_are_told():
    own = DatasetSpec(source="folder", paths=("here",))
    assert resolve("cifar10", {"cifar10": own}) == own
    assert resolve("cifar10", {"pets": own}) == KNOWN["cifar10"]
    with pytest.raises(SettingsError, match=r"dataset: expected one of cifar10, .*pets, .* got 'cat'"):
        resolve("cat", {"pets": own})


def test_an_unknown_source_is_refused_by_its_setting():
    expected = f"expected one of {', '.join(SOURCES)}, got 'web'$"
    with pytest.raises(SettingsError, match=f"^source: {expected}"):
        facts("web")
    with pytest.raises(SettingsError, match=rf"^datasets\.x\.source: {expected}"):
        resolve("x", {"x": DatasetSpec(source="web")})


def run_python(script, folder=PROJECT):
    return subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=True).stdout


def test_datasets_are_known_without_loading_what_reads_them():
    heavy = "torch", "torchvision", "sklearn", "pyarrow", "pandas"
    assert run_python(f"import sys, pipeline.datasets.catalog; print(set({heavy}) & set(sys.modules))") == "set()\n"


NEW = """
import numpy as np
from pipeline.datasets.dataset_facts import Facts, square
from pipeline.datasets.source_images import SourceImages, SourceSplit
from pipeline.config.dataset_settings import DatasetSpec

FACTS = Facts(DatasetSpec(source="greys", classes=2, licence="free"), square(2, 2, 1, 3))

def images(spec, downloads):
    split = SourceSplit(np.arange(18, dtype=np.uint8).reshape(2, 3, 3), np.array([0, 1]))
    return SourceImages(("dark", "light"), split, split)
"""
USE = """
from pathlib import Path
from pipeline.datasets.catalog import KNOWN, resolve
from pipeline.datasets.preparation import prepare
print(*KNOWN)
print(prepare("greys", resolve("greys", {}), Path("downloads"), Path("greys")).class_names)
"""


def test_a_dataset_is_added_as_one_file(tmp_path):
    for package in ("pipeline", "twin_alignment"):
        shutil.copytree(PROJECT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "pipeline" / "datasets" / "sources" / "greys.py").write_text(NEW)
    known, classes = run_python(USE, tmp_path).splitlines()
    assert known.split() == sorted([*KNOWN, "greys"])
    assert classes == "('dark', 'light')"


@pytest.mark.parametrize("source", SOURCES)
def test_a_store_does_not_depend_on_the_code_of_other_sources(source):
    used = code_identity(["pipeline.stages.prepare", f"pipeline.datasets.sources.{source}"])
    assert [name for name in used if name.startswith("pipeline.datasets.sources.")] == [
        f"pipeline.datasets.sources.{source}"
    ]
    assert "pipeline.datasets.catalog" not in used
    assert not any(name.startswith("pipeline.jobs") for name in used)
