"""All of a settings file: experiments as grids of runs, rules of claims, and where things lie."""

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
    """A grid of runs: every entry gives values, or lists of values, for fields of a run."""

    objectives: tuple[ObjectiveEntry, ...] = Field(("cl", "nscl", "scl", "ce"), min_length=1)
    """names of pipeline/config/objectives.py, or `FILE.py:FUNCTION`: a function of (z1, z2, labels, temperature). Either
    with groups in place of classes as `{objective: nscl, labels: cifar100/superclasses}`"""
    checkpoints: Literal["last", "log_spaced"] | tuple[int, ...] = "last"
    """epochs kept beside the last one; log_spaced: the initialisation 0, then 1, 2, 4, 8, ..."""
    grid: tuple[dict[str, Any], ...] = Field(min_length=1)
    """values are checked where the runs are made"""


class ClaimRule(Settings):
    """When a claim holds: the mean over seeds lies beyond a number (two-sided t test, p below 0.05 after Holm's
    correction), or every single value does."""

    above: float | None = None
    below: float | None = None
    each: bool = False
    """for statements about every case: one value on the other side refutes them"""

    @model_validator(mode="after")
    def _one_side(self) -> ClaimRule:
        if (self.above is None) == (self.below is None):
            raise ValueError("allowed is one of above and below")
        return self


class Params(Settings):
    """All of `params.yaml`."""

    results: str = "results"
    """folder of stores, checkpoints, features, measures and records"""
    reports: str = "reports"
    """folder of tables and figures"""
    downloads: str = "downloads"
    """archives of datasets, looked for here before they are fetched"""
    checkpoint_retention: Literal["all", "last"] = "all"
    """checkpoints; `last`: once all is made that these settings make of a run's, those before its last epoch and its
    state are deleted; whoever asks for more of them later trains the run again"""
    datasets: dict[str, DatasetSpec] = Field(default={})
    """beside, or instead of, those known by name"""
    training: TrainingSettings = TrainingSettings()
    """of every run; an experiment's grid may set any of it otherwise"""
    probes: ProbeSettings = ProbeSettings()
    theory: TheorySettings = TheorySettings()
    experiments: dict[str, Experiment]
    """a run that two experiments list is trained once"""
    claims: dict[str, ClaimRule] = Field(default={})
    """in place of a claim's own rule, by its name"""
    late_path_length: float = Field(1.0, ge=0.0)
    """path length, the sum of learning rate times trust, from which training counts as late"""

    @field_validator("datasets", "training", "probes", "theory", "experiments", "late_path_length", mode="before")
    @classmethod
    def _no_truth_value(cls, value: Any) -> Any:
        """Elsewhere than in claims each would be taken for the number 0 or 1, as in `seed: yes`."""
        if (place := _truth_value(value)) is not None:
            raise ValueError(
                f"{place}is true or false (in YAML yes, no, on and off are too): allowed is a number or text"
            )
        return value


def _truth_value(value: Any, place: str = "") -> str | None:
    """Where in a value true or false stands, if anywhere."""
    if isinstance(value, bool):
        return f"{place} " if place else ""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = (_truth_value(one, f"{place}.{key}" if place else str(key)) for key, one in inner)
    return next((one for one in found if one is not None), None)


def read_params(path: Path) -> Params:
    """Read settings from a YAML or JSON file, those of evidence by today's names; raises SettingsError."""
    values = read_values(path)
    if (path.parent / MANIFEST).is_file():
        values = current_settings(values)
    if not isinstance(values, dict):
        raise SettingsError(f"{path}: expected a mapping of settings")
    return parse(Params, values, str(path))
