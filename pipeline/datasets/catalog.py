"""The datasets known by name: the files of pipeline/datasets/sources."""

from collections.abc import Mapping

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import DatasetSpec
from pipeline.datasets.dataset_facts import Facts, all_facts

_FACTS = all_facts()

KNOWN: Mapping[str, DatasetSpec] = {name: entry.spec for name, entry in _FACTS.items() if entry.spec is not None}


def facts(source: str, where: str = "source") -> Facts:
    """Facts of a source; raises SettingsError that names the setting `where`."""
    if source not in _FACTS:
        raise SettingsError(f"{where}: expected one of {', '.join(_FACTS)}, got {source!r}")
    return _FACTS[source]


def resolve(name: str, datasets: Mapping[str, DatasetSpec]) -> DatasetSpec:
    """Spec of a dataset of `params.yaml` or, where it has none of that name, of those known by name."""
    if name in datasets:
        facts(datasets[name].source, f"datasets.{name}.source")
        return datasets[name]
    if name in KNOWN:
        return KNOWN[name]
    names = ", ".join(sorted({*datasets, *KNOWN}))
    raise SettingsError(f"dataset: expected one of {names}, or one set under `datasets`, got {name!r}")
