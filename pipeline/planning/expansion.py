"""Expansion of a settings file to its plan."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.config.base import SettingsError, parse
from pipeline.config.objectives import reference_of
from pipeline.config.objectives import resolve as objective_of
from pipeline.config.params import Experiment, Params
from pipeline.config.references import is_own
from pipeline.config.run import Run
from pipeline.datasets.catalog import resolve as dataset_spec
from pipeline.planning.checks import check_file, check_groups, check_names, check_run, check_unique_names, classes_of
from pipeline.planning.custom_code import rehearse_arrays, rehearse_objectives
from pipeline.planning.plan import Plan, Request, request_of

MAX_RUNS = 10_000  # of one entry of a grid: Snakemake plans them in a minute and 1 GB; the paper's own has hundreds


def plan(params: Params, file: Path = Path("params.yaml"), rehearsed: bool = False) -> Plan:
    """Expand every experiment.

    Args:
        params: the settings.
        file: their file, for messages.
        rehearsed: True where custom code was called already; otherwise all views, encoders and losses are called once.

    Raises:
        SettingsError: a combination of settings is wrong.
    """
    requests: dict[Run, Request] = {}
    experiments: dict[str, tuple[Run, ...]] = {}
    check_names(params)
    for name in params.datasets:
        dataset_spec(name, params.datasets)
    for name, experiment in params.experiments.items():
        where = f"experiments.{name}"
        references = [reference_of(entry) for entry in experiment.objectives]
        for text in references:
            check_file(text, f"{where}.objectives")
        objectives = tuple(objective_of(entry, f"{where}.objectives") for entry in experiment.objectives)
        runs = tuple(dict.fromkeys(_expand(where, experiment, params)))
        for run in runs:
            check_groups(run, objectives, params, f"{where}.objectives")
            if not rehearsed:
                rehearse_arrays(run.dataset, params)
            if not rehearsed and any(map(is_own, (run.encoder, *references))):
                rehearse_objectives(run, objectives, params, where)
            request = request_of(experiment, objectives, run)
            requests[run] = requests[run].union(request) if run in requests else request
            check_unique_names(requests[run].objectives, f"{where}.objectives")
        experiments[name] = runs
    return Plan(params, requests, experiments, file)


def _expand(name: str, experiment: Experiment, params: Params) -> Iterator[Run]:
    for index, entry in enumerate(experiment.grid):
        where = f"{name}.grid[{index}]"
        runs: set[Run] = set()
        for values in _combinations(entry, where):
            run = parse(Run, {**params.training.model_dump(), **values}, where)
            check_run(run, params, where)
            classes = classes_of(run.dataset, params)
            is_whole = run.classes in (None, classes)
            subset_seed = 0 if is_whole else run.subset_seed  # nothing is drawn from the whole
            run = run.model_copy(update={"classes": run.classes or classes, "subset_seed": subset_seed})
            if run in runs:  # counted twice, one seed would look like two
                raise SettingsError(f"{where}: expected each run once, got {run.name} twice")
            runs.add(run)
            yield run


def _combinations(entry: Mapping[str, Any], where: str) -> Iterator[dict[str, Any]]:
    choices = [value if isinstance(value, list) else [value] for value in entry.values()]
    empty = [key for key, value in entry.items() if value == []]
    if empty:
        raise SettingsError(f"{where}.{empty[0]}: expected one value or more, got an empty list")
    if (count := math.prod(map(len, choices))) > MAX_RUNS:
        raise SettingsError(f"{where}: expected at most {MAX_RUNS:,} runs, got {count:,}")
    for combination in itertools.product(*choices):
        yield dict(zip(entry, combination, strict=True))
