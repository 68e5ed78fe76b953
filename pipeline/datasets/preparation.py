"""From a dataset's source to its store."""

from pathlib import Path

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import SourceSettings
from pipeline.config.references import load
from pipeline.datasets.dataset_facts import Facts, all_facts
from pipeline.datasets.source_images import SourceArrays, SourceImages
from pipeline.datasets.store import Manifest, write_store
from twin_alignment.progress import say


def prepare(name: str, spec: SourceSettings, downloads: Path, out: Path) -> Manifest:
    """Write the store of a dataset, replacing one that is there; equal sources give equal bytes.

    Only the spec's source is loaded, by its name.

    Args:
        name: the dataset's.
        spec: where its images are, and how they are stored.
        downloads: folder of archives.
        out: folder of the store.

    Returns:
        The store's manifest.

    Raises:
        SettingsError: the source does not have a setting, the images do not make a store, or there is another number
            of classes than the spec's.
        FileNotFoundError: images are missing and cannot be fetched.
    """
    facts: Facts = load(f"pipeline.datasets.sources.{spec.source}:FACTS")
    for key in ("paths", "size", "test_share", "label_column"):
        if getattr(spec, key) != SourceSettings.model_fields[key].default and key not in facts.reads:
            sources = ", ".join(source for source, entry in all_facts().items() if key in entry.reads)
            raise SettingsError(f"{name}: {key} is for source = {sources}, got source = {spec.source}")
    images: SourceImages | SourceArrays = load(f"pipeline.datasets.sources.{spec.source}:images")(spec, downloads)
    for note in images.notes:
        say(f"{name}: {note}")
    count = len(images.class_names)
    if count < 2:
        raise SettingsError(f"{name}: expected 2 or more classes, as probes distinguish classes, got {count}")
    if spec.stored == "files" and not isinstance(images, SourceImages):
        raise SettingsError(f"{name}: stored: expected arrays with source = {spec.source}, as files are images")
    if spec.classes and (count > spec.classes or (count < spec.classes and not facts.may_lack_classes)):
        most = "at most " if facts.may_lack_classes else ""
        raise SettingsError(f"{name}: expected {most}{spec.classes} classes, as `classes` says, got {count}")
    return write_store(out, name, images, spec.stored)
