"""The datasets known by name: the files of pipeline/datasets/sources."""

from collections.abc import Mapping

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import DatasetSpec
from pipeline.datasets.dataset_facts import Facts, all_facts

_FACTS = all_facts()

KNOWN: Mapping[str, DatasetSpec] = {name: found.spec for name, found in _FACTS.items() if found.spec is not None}


def facts(source: str, where: str = "source") -> Facts:
    """Of a source; raises SettingsError that names `where`."""
    if source not in _FACTS:
        raise SettingsError(f"{where} = {source!r}: allowed is one of {', '.join(_FACTS)}")
    return _FACTS[source]


def resolve(name: str, datasets: Mapping[str, DatasetSpec]) -> DatasetSpec:
    """Spec of a dataset of `params.yaml` or, where it has none of that name, of those known by name."""
    if name in datasets:
        facts(datasets[name].source, f"datasets.{name}.source")
        return datasets[name]
    if name in KNOWN:
        return KNOWN[name]
    allowed = ", ".join(sorted({*datasets, *KNOWN}))
    raise SettingsError(f"dataset = {name!r}: not known, allowed is one of {allowed}, or one set under `datasets`")
