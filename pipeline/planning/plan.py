"""The plan: the runs that a settings file requests, and with which objectives and checkpoints."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import DatasetSpec
from pipeline.config.objective_settings import Objective
from pipeline.config.objectives import OBJECTIVES
from pipeline.config.objectives import resolve as objective_of
from pipeline.config.params import Experiment, Params
from pipeline.config.run import Run
from pipeline.datasets.catalog import resolve as dataset_spec
from pipeline.reporting.figures import FIGURES

TABLES = "table1"  # the experiment of tables 1 and 2
GRANULARITY = "label_granularity"  # has tables as custom experiments have, and a figure
PAPER_EXPERIMENTS = {TABLES, *(name for figure in FIGURES.values() for name in figure.experiments)} - {GRANULARITY}


@dataclass(frozen=True)
class Request:
    """Objectives and checkpoints that all experiments together request of one run."""

    objectives: tuple[Objective, ...]  # in the order of OBJECTIVES, then custom ones
    checkpoints: tuple[int, ...]  # epochs, ascending; 0 is the initialisation
    steps: tuple[int, ...] = ()  # single steps whose networks are kept too, ascending

    def union(self, second: Request) -> Request:
        order = list(OBJECTIVES)
        every = dict.fromkeys((*self.objectives, *second.objectives))
        ordered = sorted(every, key=lambda o: order.index(o.name) if o.name in order else len(order))
        checkpoints, steps = {*self.checkpoints, *second.checkpoints}, {*self.steps, *second.steps}
        return Request(tuple(ordered), tuple(sorted(checkpoints)), tuple(sorted(steps)))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the objectives."""
        return tuple(objective.name for objective in self.objectives)


def request_of(experiment: Experiment, objectives: tuple[Objective, ...], run: Run) -> Request:
    """Return what an experiment requests of a run. Its first and last epochs are always kept."""
    epochs: set[int] = {0, run.epochs}
    if experiment.checkpoints == "log_spaced":
        epochs |= {2**power for power in range(run.epochs.bit_length()) if 2**power < run.epochs}
    elif experiment.checkpoints != "last":
        epochs |= {epoch for epoch in experiment.checkpoints if 0 <= epoch < run.epochs}
    return Request((), ()).union(Request(objectives, tuple(epochs), experiment.checkpoint_steps))


@dataclass(frozen=True)
class Plan:
    """The runs of a settings file; a run that several experiments request is one run.

    Attributes:
        params: the settings.
        requests: what is requested of each run.
        experiments: the runs of each experiment.
        file: the settings file, for commands in messages.
        all_requests: all requests, where some runs diverged.
        diverged: runs that diverged, and why.
        lost: diverged runs of each experiment.
    """

    params: Params
    requests: Mapping[Run, Request]
    experiments: Mapping[str, tuple[Run, ...]]
    file: Path = Path("params.yaml")
    all_requests: Mapping[Run, Request] = field(default_factory=dict)
    diverged: Mapping[Run, str] = field(default_factory=dict)
    lost: Mapping[str, tuple[Run, ...]] = field(default_factory=dict)

    def command(self, *words: str) -> str:
        """Return a command of the pipeline with these settings, for a shell."""
        settings = () if self.file == Path("params.yaml") else ("--params", str(self.file))
        return shlex.join(["python", "-m", "pipeline", *words, *settings])

    def dataset(self, name: str) -> DatasetSpec:
        return dataset_spec(name, self.params.datasets)

    def request(self, name: str) -> tuple[Run, Request]:
        """Return the run of a name and its request: the paper's objectives where no experiment requests it."""
        run = self.named.get(name) or Run.from_name(name)
        return run, self.requests.get(run) or self.all_requests.get(run) or _default_request(run)

    @cached_property
    def named(self) -> dict[str, Run]:
        return {run.name: run for run in self.requests}

    @cached_property
    def datasets(self) -> list[str]:
        return list(dict.fromkeys(run.dataset for run in self.requests))

    @cached_property
    def subsets(self) -> list[str]:
        return list(dict.fromkeys(run.subset for run in self.requests))

    @property
    def custom_experiments(self) -> list[str]:
        """Experiments that no table or figure of the paper is made from."""
        return [name for name in self.experiments if name not in PAPER_EXPERIMENTS]

    def runs_of(self, *experiments: str) -> tuple[Run, ...]:
        """Return all runs of those experiments that are in the settings, each once."""
        return tuple(dict.fromkeys(run for name in experiments for run in self.experiments.get(name, ())))

    def names_of(self, *experiments: str) -> list[str]:
        return [run.name for run in self.runs_of(*experiments)]

    def objectives_of(self, *experiments: str) -> tuple[str, ...]:
        """Return the names that these experiments list, each once."""
        entries = [entry for name in experiments for entry in self.params.experiments[name].objectives]
        return tuple(dict.fromkeys(objective_of(entry).name for entry in entries))

    def compares_seeds(self, run: Run) -> bool:
        """True where a run trains CL on classes that other seeds share."""
        return "cl" in self.requests[run].names and run.subset_seed is not None

    def trained(self, name: str, *objectives: str) -> tuple[Run, Request]:
        """Return a run that trains these objectives. Raises SettingsError where it does not."""
        run, request = self.request(name)
        for objective in objectives:
            if objective not in request.names:
                raise SettingsError(f"{name}: expected a run that trains {objective}, got {', '.join(request.names)}")
        return run, request


def _default_request(run: Run) -> Request:
    default = Experiment(grid=({},))
    return request_of(default, tuple(map(objective_of, default.objectives)), run)


def check_one_setting(experiment: str, runs: Sequence[Run]) -> None:
    """Raises SettingsError where a table with a row for each dataset and number of classes would mix settings."""
    settings: dict[tuple[str, int | None], Run] = {}
    for setting in dict.fromkeys(run.setting for run in runs):
        first = settings.setdefault((setting.dataset, setting.classes), setting)
        if first != setting:
            raise SettingsError(
                f"experiments.{experiment}: expected one setting for each dataset and number of classes in its tables, "
                f"got {first.name} and {setting.name}, which differ in more than the seed"
            )
