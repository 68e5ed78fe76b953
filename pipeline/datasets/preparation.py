"""From a dataset's source to its store."""

from math import ceil
from pathlib import Path

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import SourceSettings
from pipeline.config.references import load
from pipeline.datasets import shards
from pipeline.datasets.dataset_facts import Facts, all_facts
from pipeline.datasets.source_images import SourceImages
from pipeline.datasets.store import SPLITS, Manifest, write_store
from pipeline.system.files import SHARD
from twin_alignment.progress import say


def prepare(name: str, spec: SourceSettings, downloads: Path, out: Path) -> Manifest:
    """Write the store of a dataset to `out`, replacing one that is there; equal sources give equal bytes.

    Only the spec's source is loaded, by its name. Raises SettingsError for a setting that the source does not have, for
    images that do not make a store and for a number of classes other than the spec's, FileNotFoundError where images
    are missing and cannot be fetched.
    """
    facts: Facts = load(f"pipeline.datasets.sources.{spec.source}:FACTS")
    for key in ("paths", "size", "test_share"):
        if getattr(spec, key) and not facts.reads_paths:
            allowed = ", ".join(source for source, other in all_facts().items() if other.reads_paths)
            raise SettingsError(f"{name}: {key} is not for source = {spec.source}; allowed are {allowed}")
    try:
        manifest = write_store(out, name, _images(name, spec, facts, downloads), spec.stored)
    except shards.SourceChangedError as changed:
        say(f"{changed} since an attempt that was stopped: those are made again")
        manifest = write_store(out, name, _images(name, spec, facts, downloads), spec.stored)
    _drop_unnamed(out, manifest)
    return manifest


def _drop_unnamed(store: Path, manifest: Manifest) -> None:
    """Archives of an attempt that was stopped, of images that the source has no longer."""
    for split in SPLITS:
        named = ceil(sum(manifest.counts[split]) / shards.IMAGES)
        for archive in sorted(store.glob(f"{split}-*{SHARD}"))[named:]:
            archive.unlink()


def _images(name: str, spec: SourceSettings, facts: Facts, downloads: Path) -> SourceImages:
    """Raises as `prepare`."""
    images: SourceImages = load(f"pipeline.datasets.sources.{spec.source}:images")(spec, downloads)
    for note in images.notes:
        say(f"{name}: {note}")
    found = len(images.class_names)
    if found < 2:
        raise SettingsError(f"{name}: {found} class found, at least 2 are needed, as probes tell classes apart")
    fewer = facts.may_lack_classes
    if spec.classes is not None and (found > spec.classes or (found < spec.classes and not fewer)):
        most = "at most " if fewer else ""
        raise SettingsError(f"{name}: {found} classes found, classes = {spec.classes} allows {most}{spec.classes}")
    return images
