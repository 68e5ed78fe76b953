"""Objectives by name. A custom loss needs no entry: `objectives: [cl, "mine.py:loss"]`. Nor does an objective with
groups of classes: `objectives: [cl, {objective: nscl, labels: cifar100/superclasses}]`.

Nothing here imports torch: the workflow and the figures read names, training the functions.
"""

import re
from pathlib import Path
from typing import Any

from pipeline.config.base import SettingsError
from pipeline.config.label_groups import read_groups
from pipeline.config.objective_settings import GroupedObjective, Objective
from pipeline.config.references import check


def _entry(name: str, function: str, **facts: Any) -> Objective:
    """Describe an objective of `twin_alignment.losses`."""
    return Objective(name=name, function=f"twin_alignment.losses.{function}", **facts)


_OPTIONS = ("denominator", "view_pairs")


def _partial(percent: int, labels: str) -> Objective:
    """Describe NSCL that leaves out only a part of the weight of same-class negatives."""
    return _entry(
        f"{'nscl_shuffled' if labels == 'shuffled' else 'nscl'}_partial_{percent}",
        "contrastive:partly_supervised",
        labels=labels,
        options=_OPTIONS,
        same_class_negative_dropout=percent / 100,
    )


# in the order of tables and figures; `pipeline/reporting/style.py` has their colours and markers
OBJECTIVES: dict[str, Objective] = {
    entry.name: entry
    for entry in (
        _entry("cl", "contrastive:contrastive", labels="none", options=_OPTIONS),
        _entry("nscl", "contrastive:negatives_only_supervised", options=_OPTIONS),
        _entry("scl", "supervised:supervised_contrastive"),
        _entry("ce", "supervised:cross_entropy", head="classes"),
        # controls: NSCL that learns nothing from labels; CL on an independent stream; CL with one weight moved
        _entry(
            "nscl_shuffled",
            "contrastive:negatives_only_supervised",
            labels="shuffled",
            options=_OPTIONS,
        ),
        _entry(
            "cl_independent",
            "contrastive:contrastive",
            labels="none",
            options=_OPTIONS,
            independent_randomness=("batches", "augmentations"),
            stream="cl_replica",  # its numbers were published under this key
        ),
        _entry(
            "cl_perturbed",
            "contrastive:contrastive",
            labels="none",
            options=_OPTIONS,
            init_perturbation=1e-6,
        ),
        # label-fraction sweep, with true and with shuffled labels
        _partial(25, "true"),
        _partial(50, "true"),
        _partial(75, "true"),
        _partial(25, "shuffled"),
        _partial(50, "shuffled"),
        _partial(75, "shuffled"),
        # other self-supervised objectives, each followed by its supervised counterpart
        _entry("infonce", "info_nce:infonce", labels="none"),
        _entry("infonce_supervised", "info_nce:infonce_supervised"),
        _entry("spectral", "spectral_contrastive:spectral", labels="none"),
        _entry("spectral_supervised", "spectral_contrastive:spectral_supervised"),
        _entry("vicreg", "non_contrastive:vicreg", labels="none"),
        _entry("vicreg_supervised", "non_contrastive:vicreg_supervised"),
        _entry("barlow", "non_contrastive:barlow", labels="none"),
        _entry("barlow_supervised", "non_contrastive:barlow_supervised"),
    )
}


def resolve(entry: str | GroupedObjective, where: str = "objectives") -> Objective:
    """Return an objective's settings.

    Args:
        entry: its name, or `FILE.py:FUNCTION` of a custom loss, which reads unit rows z and labels and is named after
            its file: `mine.loss`; or one of both with groups in place of the classes.
        where: setting that has the entry.

    Raises:
        SettingsError: the name, the file or the groups are not as expected.
    """
    return _named(entry, where) if isinstance(entry, str) else _grouped(entry, where)


def reference_of(entry: str | GroupedObjective) -> str:
    """The name or `FILE.py:FUNCTION` of an entry of `objectives`."""
    return entry if isinstance(entry, str) else entry.objective


def _grouped(entry: GroupedObjective, where: str) -> Objective:
    objective = _named(entry.objective, where)
    if objective.labels != "true":
        raise SettingsError(f"{where}: {objective.name} with labels: expected an objective that reads the true labels")
    stem, groups = read_groups(entry.labels, where)
    name = entry.name or f"{objective.name}_{stem}"
    if name in OBJECTIVES or not re.fullmatch(r"\w[\w.-]{,63}", name, re.ASCII):
        raise SettingsError(
            f"{where}: name: expected up to 64 letters, digits, '_', '-' and '.' that are no name of an objective of "
            f"the project, got {name!r}"
        )
    return objective.model_copy(update={"name": name, "groups": groups})


def _named(reference: str, where: str) -> Objective:
    if reference in OBJECTIVES:
        return OBJECTIVES[reference]
    file, _, function = reference.rpartition(":")
    if not file.endswith(".py"):
        raise SettingsError(f"{where}: expected one of {', '.join(OBJECTIVES)}, or FILE.py:FUNCTION, got {reference!r}")
    check(reference, where)
    return Objective(name=f"{Path(file).stem}.{function}", function=reference)
