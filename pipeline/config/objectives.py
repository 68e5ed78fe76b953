"""The objectives known by name. A loss of one's own needs no entry: `objectives: [cl, "mine.py:loss"]`.

Nothing here imports torch: the workflow and the figures read names, training the functions.
"""

from pathlib import Path
from typing import Any

from pipeline.config.base import SettingsError
from pipeline.config.objective_settings import Objective
from pipeline.config.references import check


def _entry(name: str, function: str, **facts: Any) -> Objective:
    return Objective(name=name, function=f"twin_alignment.losses.{function}", **facts)


_OPTIONS = ("denominator", "view_pairs")


def _partial(percent: int, labels: str) -> Objective:
    """NSCL that leaves out only a part of the weight of same-class negatives."""
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
        # controls: NSCL that learns nothing from labels; CL on a stream of its own; CL with one weight moved
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
    )
}


def resolve(reference: str, where: str = "objectives") -> Objective:
    """What training knows of an objective, by its name or as `FILE.py:FUNCTION`; raises SettingsError.

    A function of one's own reads unit rows z and labels, and is called after its file: `mine.loss`.
    """
    if reference in OBJECTIVES:
        return OBJECTIVES[reference]
    file, _, function = reference.rpartition(":")
    if not file.endswith(".py"):
        allowed = ", ".join(OBJECTIVES)
        raise SettingsError(f"{where}: {reference!r} is not known: allowed is one of {allowed}, or FILE.py:FUNCTION")
    check(reference, where)
    return Objective(name=f"{Path(file).stem}.{function}", function=reference)
