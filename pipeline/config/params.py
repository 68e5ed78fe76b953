"""A whole settings file: experiments as grids of runs, rules of claims, and folders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from pipeline.config.base import Settings, SettingsError, parse
from pipeline.config.dataset_settings import DatasetSpec
from pipeline.config.earlier_names import MANIFEST, current_settings
from pipeline.config.objective_settings import GroupedObjective
from pipeline.config.probe_settings import ProbeSettings
from pipeline.config.theory_settings import TheorySettings
from pipeline.config.training_settings import TrainingSettings
from pipeline.config.yaml_file import read_values


def _form(value: Any) -> str:
    """Tag of the form that an entry of `objectives` has."""
    return "name" if isinstance(value, str) or not isinstance(value, dict | GroupedObjective) else "groups"


ObjectiveEntry = Annotated[
    Annotated[str, Tag("name")] | Annotated[GroupedObjective, Tag("groups")], Discriminator(_form)
]


class Experiment(Settings):
    """A grid of runs: every entry has values, or lists of values, for fields of a run."""

    objectives: tuple[ObjectiveEntry, ...] = Field(("cl", "nscl", "scl", "ce"), min_length=1)
    """names of pipeline/config/objectives.py, or `FILE.py:FUNCTION`: a function of (z1, z2, labels, temperature);
    either with groups in place of classes as `{objective: nscl, labels: cifar100/superclasses}`"""
    checkpoints: Literal["last", "log_spaced"] | tuple[int, ...] = "last"
    """epochs to keep in addition to the last one; log_spaced: the initialisation 0, then 1, 2, 4, 8, ..."""
    checkpoint_steps: tuple[Annotated[int, Field(ge=1)], ...] = ()
    """single training steps, counted from the start, after which networks are kept too; `early` compares them"""
    grid: tuple[dict[str, Any], ...] = Field(min_length=1)
    """values are checked when the runs are made"""


class ClaimRule(Settings):
    """Condition of a claim: the mean over seeds is above a number, below it, or within it on both sides of 0; or every
    single value is above or below. docs/statistics.md has the tests."""

    above: float | None = None
    below: float | None = None
    within: float | None = Field(None, gt=0.0)
    """for statements that there is no effect: the mean is between -within and within"""
    each: bool = False
    """for statements about every case: one value on the other side refutes them; only with above or below"""

    @model_validator(mode="after")
    def _one_side(self) -> ClaimRule:
        if sum(number is not None for number in (self.above, self.below, self.within)) != 1:
            raise ValueError("expected exactly one of above, below and within")
        if self.each and self.within is not None:
            raise ValueError("each: expected above or below, got within")
        return self


class Params(Settings):
    """The whole of `params.yaml`."""

    results: str = "results"
    """folder of stores, checkpoints, features, measures and records"""
    reports: str = "reports"
    """folder of tables and figures"""
    downloads: str = "downloads"
    """folder of downloaded archives; an archive that is there is not downloaded again"""
    checkpoint_retention: Literal["all", "last"] = "all"
    """`last`: when all results of a run are finished, its state and the checkpoints before its last epoch are deleted;
    results that need them later require training again"""
    datasets: dict[str, DatasetSpec] = Field(default={})
    """in addition to, or in place of, the built-in datasets"""
    training: TrainingSettings = TrainingSettings()
    """of every run; an experiment's grid may change any of it"""
    probes: ProbeSettings = ProbeSettings()
    theory: TheorySettings = TheorySettings()
    experiments: dict[str, Experiment]
    """a run that two experiments list is trained once"""
    claims: dict[str, ClaimRule] = Field(default={})
    """replaces a claim's default rule, by its name"""
    late_path_length: float = Field(1.0, ge=0.0)
    """path length, the sum of learning rate times trust coefficient, from which training counts as late"""

    @field_validator("datasets", "training", "probes", "theory", "experiments", "late_path_length", mode="before")
    @classmethod
    def _no_truth_value(cls, value: Any) -> Any:
        """Refuse true and false, which pydantic would take for the numbers 1 and 0."""
        if (place := _truth_value(value)) is not None:
            raise ValueError(f"{place}is true or false, expected a number or text")
        return value


def _truth_value(value: Any, place: str = "") -> str | None:
    """Find the first true or false in a value, and return its key and a blank."""
    if isinstance(value, bool):
        return f"{place} " if place else ""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    places = (_truth_value(item, f"{place}.{key}" if place else str(key)) for key, item in items)
    return next((place for place in places if place is not None), None)


def read_params(path: Path) -> Params:
    """Read settings from a YAML or JSON file; those of evidence get today's names. Raises SettingsError."""
    values = read_values(path)
    if (path.parent / MANIFEST).is_file():
        values = current_settings(values)
    if not isinstance(values, dict):
        raise SettingsError(f"{path}: expected a mapping of settings")
    return parse(Params, values, str(path))
