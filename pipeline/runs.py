"""Runs, their names, and the runs that the experiments of `params.yaml` ask for.

A run trains all its objectives side by side on one stream of random numbers. It is a frozen value, and its name on
disk is that value: the dataset, then every field that is not at its published setting.

    digit_pairs/classes=100,encoder=resnet10,width=16,batch_size=256,epochs=8,seed=0
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from pipeline.data.catalog import resolve
from pipeline.params import (
    OBJECTIVES,
    DatasetSpec,
    Experiment,
    Objective,
    Params,
    SettingsError,
    TrainingSettings,
    parse,
)


class Run(TrainingSettings):
    """One twin run: everything that decides its weights, except which objectives take part."""

    dataset: str
    classes: int | None = Field(None, ge=2)  # C', drawn by subset_seed; none: all classes
    subset_seed: int = Field(0, ge=0)
    seed: int = Field(0, ge=0)

    @property
    def name(self) -> str:
        """`dataset/field=value,...`: fields at their defaults are left out, the seed never is."""
        parts = [
            f"{field}={_text(getattr(self, field))}"
            for field, info in sorted(Run.model_fields.items(), key=lambda item: _ORDER.get(item[0], 1))
            if field != "dataset" and (field == "seed" or getattr(self, field) != info.default)
        ]
        return f"{self.dataset}/{','.join(parts)}"

    @classmethod
    def from_name(cls, name: str) -> Run:
        """The run of a name; raises SettingsError where the text is not a run's name."""
        dataset, _, rest = name.partition("/")
        values: dict[str, Any] = {"dataset": dataset}
        for part in rest.split(","):
            field, equals, text = part.partition("=")
            if not equals or field in values:
                raise SettingsError(f"run name {name!r}: expected dataset/field=value,field=value, got {part!r}")
            values[field] = _value(field, text)
        run = parse(cls, values, f"run name {name!r}")
        if run.name != name:
            raise SettingsError(f"run name {name!r}: the canonical name of this run is {run.name!r}")
        return run

    @property
    def training(self) -> TrainingSettings:
        return TrainingSettings(**{field: getattr(self, field) for field in TrainingSettings.model_fields})

    @property
    def horizon(self) -> int:
        """Length of the cosine decay in epochs."""
        return self.horizon_epochs or max(self.epochs, 1)


_ORDER = {"classes": 0, "subset_seed": 2, "seed": 3}  # in a name: classes first, seeds last


def _text(value: Any) -> str:
    return "+".join(value) or "nothing" if isinstance(value, tuple) else str(value)


def _value(field: str, text: str) -> Any:
    if field == "shared":
        return () if text == "nothing" else tuple(text.split("+"))
    return text


@dataclass(frozen=True)
class Request:
    """What all experiments together want of one run."""

    objectives: tuple[Objective, ...]  # in the order of OBJECTIVES
    checkpoints: tuple[int, ...]  # epochs, ascending; 0 is the initialisation

    def union(self, other: Request) -> Request:
        return Request(
            tuple(name for name in OBJECTIVES if name in self.objectives + other.objectives),
            tuple(sorted({*self.checkpoints, *other.checkpoints})),
        )


@dataclass(frozen=True)
class Plan:
    """The runs that a `params.yaml` asks for; a run wanted by several experiments is there once."""

    params: Params
    requests: Mapping[Run, Request]
    experiments: Mapping[str, tuple[Run, ...]]

    def dataset(self, name: str) -> DatasetSpec:
        return resolve(name, self.params.datasets)

    def request(self, name: str) -> tuple[Run, Request]:
        """The run of a name and what is wanted of it; a run that no experiment asks for trains all objectives."""
        run = Run.from_name(name)
        return run, self.requests.get(run, Request(OBJECTIVES, (run.epochs,)))


def plan(params: Params) -> Plan:
    """Expand every experiment; raises SettingsError for the first wrong combination, before any work."""
    requests: dict[Run, Request] = {}
    experiments: dict[str, tuple[Run, ...]] = {}
    for name in params.datasets:
        if not name or set(name) & set("/,="):
            raise SettingsError(f"datasets: {name!r} is not a possible name: allowed is text without '/', ',' and '='")
    for name, experiment in params.experiments.items():
        runs = tuple(_expand(name, experiment, params))
        for run in runs:
            request = Request((), ()).union(Request(experiment.objectives, _kept(experiment, run)))
            requests[run] = requests[run].union(request) if run in requests else request
        experiments[name] = runs
    return Plan(params, requests, experiments)


def _kept(experiment: Experiment, run: Run) -> tuple[int, ...]:
    """Epochs of a run that an experiment wants; the last one always."""
    if experiment.checkpoints == "last":
        return (run.epochs,)
    if experiment.checkpoints == "log_spaced":
        return (0, *(2**power for power in range(run.epochs.bit_length()) if 2**power < run.epochs), run.epochs)
    return (*(epoch for epoch in experiment.checkpoints if 0 <= epoch < run.epochs), run.epochs)


def _expand(name: str, experiment: Experiment, params: Params) -> list[Run]:
    runs = []
    for index, entry in enumerate(experiment.grid):
        where = f"experiments.{name}.grid[{index}]"
        choices = [value if isinstance(value, list) else [value] for value in entry.values()]
        for combination in itertools.product(*choices):
            values = {**params.training.model_dump(), **dict(zip(entry, combination, strict=True))}
            run = parse(Run, values, where)
            spec = resolve(run.dataset, params.datasets)
            if spec.classes is not None:
                if run.classes is not None and run.classes > spec.classes:
                    raise SettingsError(
                        f"{where}: classes = {run.classes}: {run.dataset} has {spec.classes} classes, "
                        f"allowed is 2 to {spec.classes}"
                    )
                run = run.model_copy(update={"classes": run.classes or spec.classes})
            runs.append(run)
    return runs


def setting_of(run: Run) -> Run:
    """The run with seed 0: what runs that differ only in their seed have in common."""
    return run.model_copy(update={"seed": 0})


def by_setting(runs: Sequence[Run]) -> dict[Run, list[Run]]:
    """Runs that differ only in their seed, under the one with seed 0; raises SettingsError where a table that shows
    one row per dataset and number of classes would mix several settings."""
    groups: defaultdict[Run, list[Run]] = defaultdict(list)
    for run in runs:
        groups[setting_of(run)].append(run)
    seen: dict[tuple[str, int | None], Run] = {}
    for setting in groups:
        other = seen.setdefault((setting.dataset, setting.classes), setting)
        if other != setting:
            raise SettingsError(
                f"experiments.table1: {other.name} and {setting.name} differ in more than the seed: "
                "allowed is one setting for each dataset and number of classes"
            )
    return dict(groups)
