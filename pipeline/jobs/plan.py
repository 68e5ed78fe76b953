"""The runs that the experiments of a settings file ask for."""

from __future__ import annotations

import itertools
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from pipeline.config.base import SettingsError, parse
from pipeline.config.dataset_settings import DatasetSpec
from pipeline.config.objective_settings import Objective
from pipeline.config.objectives import OBJECTIVES
from pipeline.config.objectives import resolve as objective_of
from pipeline.config.params import Experiment, Params
from pipeline.config.references import is_own
from pipeline.config.run import Run
from pipeline.datasets.catalog import KNOWN, facts
from pipeline.datasets.catalog import resolve as dataset_spec
from pipeline.datasets.class_folders import count_training
from pipeline.models.encoders import check_encoder, check_size
from pipeline.reporting.figures import FIGURES

MOST_RUNS = 10_000  # of one entry of a grid: Snakemake plans them in a minute and 1 GB, the paper's own has hundreds


TABLES = "table1"  # the experiment of tables 1 and 2
OF_THE_PAPER = {TABLES, *(name for figure in FIGURES.values() for name in figure.experiments)}  # the project knows them
LARGEST = 2**63 - 1  # whole number of a run, as tables hold 64 bits
LONGEST, LONGEST_PART = 1000, 255  # bytes of a folder's path, which a system limits, and of a name in it


@dataclass(frozen=True)
class Request:
    """What all experiments together want of one run."""

    objectives: tuple[Objective, ...]  # in the order of OBJECTIVES, then one's own
    checkpoints: tuple[int, ...]  # epochs, ascending; 0 is the initialisation

    def union(self, other: Request) -> Request:
        known = list(OBJECTIVES)
        every = dict.fromkeys((*self.objectives, *other.objectives))
        ordered = sorted(every, key=lambda o: known.index(o.name) if o.name in known else len(known))
        return Request(tuple(ordered), tuple(sorted({*self.checkpoints, *other.checkpoints})))

    @property
    def names(self) -> tuple[str, ...]:
        """Of the objectives."""
        return tuple(objective.name for objective in self.objectives)


@dataclass(frozen=True)
class Plan:
    """The runs that a `params.yaml` asks for; a run wanted by several experiments is there once."""

    params: Params
    requests: Mapping[Run, Request]
    experiments: Mapping[str, tuple[Run, ...]]
    file: Path = Path("params.yaml")  # the settings', for commands that messages name
    asked: Mapping[Run, Request] = field(default_factory=dict)  # where runs diverged: of those too
    diverged: Mapping[Run, str] = field(default_factory=dict)  # and why
    lost: Mapping[str, tuple[Run, ...]] = field(default_factory=dict)  # those of each experiment

    def command(self, *words: str) -> str:
        """A command of the pipeline by these settings, for a shell."""
        settings = () if self.file == Path("params.yaml") else ("--params", str(self.file))
        return shlex.join(["python", "-m", "pipeline", *words, *settings])

    def dataset(self, name: str) -> DatasetSpec:
        return dataset_spec(name, self.params.datasets)

    def request(self, name: str) -> tuple[Run, Request]:
        """The run of a name and what is wanted of it: of one that no experiment asks for, the paper's objectives."""
        run = self.named.get(name) or Run.from_name(name)
        return run, self.requests.get(run) or self.asked.get(run) or _alone(run)

    @cached_property
    def named(self) -> dict[str, Run]:
        return {run.name: run for run in self.requests}

    def runs_of(self, *experiments: str) -> tuple[Run, ...]:
        """All runs of the experiments that are in the settings, each once."""
        return tuple(dict.fromkeys(run for name in experiments for run in self.experiments.get(name, ())))


def _alone(run: Run) -> Request:
    usual = Experiment(grid=({},))
    return Request(tuple(map(objective_of, usual.objectives)), _kept(usual, run))


def plan(params: Params, file: Path = Path("params.yaml"), rehearsed: bool = False) -> Plan:
    """Expand every experiment; raises SettingsError for the first wrong combination, before any work. Code of the
    user's own is called once, unless it was `rehearsed` before."""
    requests: dict[Run, Request] = {}
    experiments: dict[str, tuple[Run, ...]] = {}
    _check_names(params)
    for name in params.datasets:
        dataset_spec(name, params.datasets)
    for name, experiment in params.experiments.items():
        where = f"experiments.{name}"
        for text in experiment.objectives:
            _check_file(text, f"{where}.objectives")
        objectives = tuple(objective_of(text, f"{where}.objectives") for text in experiment.objectives)
        runs = tuple(dict.fromkeys(_expand(where, experiment, params)))
        for run in runs:
            if not rehearsed and any(map(is_own, (run.encoder, *experiment.objectives))):
                _rehearse(run, objectives, params, where)
            request = Request((), ()).union(Request(objectives, _kept(experiment, run)))
            requests[run] = requests[run].union(request) if run in requests else request
        experiments[name] = runs
    return Plan(params, requests, experiments, file)


def _rehearse(run: Run, objectives: Sequence[Objective], params: Params, where: str) -> None:
    """Call encoder and losses of the user's own, where the images' shape is known before they are prepared."""
    from pipeline.train.rehearsal import rehearse  # noqa: PLC0415  (torch takes seconds, and most plans need none)

    shape = _image_shape(dataset_spec(run.dataset, params.datasets))
    if shape is None:
        return
    channels, *size = shape
    for objective in objectives:
        try:
            rehearse(run, objective, channels, (size[0], size[1]), run.classes or 2)
        except SettingsError as error:
            raise SettingsError(f"{where}: {error}") from None


@cache
def _image_shape(spec: DatasetSpec) -> tuple[int, int, int] | None:
    """(channels, height, width) of views, where the source's images are there, or published."""
    sizes = facts(spec.source).sizes
    if sizes is None or (spec.source not in KNOWN and not all(Path(path).exists() for path in spec.paths)):
        return None
    _, _, channels, *size = sizes(spec)
    height, width = spec.views.size or size
    return channels, height, width


def _check_names(params: Params) -> None:
    """That every name can be a folder's, and a wildcard's in Snakemake's rules, which know braces as such."""
    for folder in ("results", "reports", "downloads"):
        name = getattr(params, folder)
        if not re.fullmatch(r"[^-{}\s\ud800-\udfff][^{}\n\r\t\0\ud800-\udfff]*", name):
            raise SettingsError(
                f"{folder}: {name!r} is not a possible folder: allowed is a path without '{{', '}}' and line breaks "
                "that does not begin with '-' or a space"
            )
        if len(name.encode()) > LONGEST or max(len(part.encode()) for part in name.split("/")) > LONGEST_PART:
            raise SettingsError(
                f"{folder}: {name[:40]!r}... is too long for a folder: allowed are {LONGEST:,} bytes, and "
                f"{LONGEST_PART} from one '/' to the next"
            )
        if Path(name).parts[:2] == ("reports", "evidence"):
            raise SettingsError(
                f"{folder}: {name!r} is of evidence, which `python -m pipeline evidence freeze` alone writes: expected "
                "another folder"
            )
    for name in params.datasets:
        if not re.fullmatch(r"\w[\w.-]{,63}", name):
            raise SettingsError(
                f"datasets: {name!r} is not a possible name: allowed are up to 64 letters, digits, '_', '-' and '.', "
                "the first a letter, a digit or '_'"
            )
    for name in params.experiments:
        if name not in OF_THE_PAPER and (name in FIGURES or not re.fullmatch(r"\w[\w-]{,63}", name)):
            raise SettingsError(
                f"experiments: {name!r} is not a possible name: allowed are up to 64 letters, digits, '-' and '_', the "
                f"first not '-', but for the names of figures ({', '.join(FIGURES)})"
            )


def _kept(experiment: Experiment, run: Run) -> tuple[int, ...]:
    """Epochs of a run that an experiment wants; the initialisation, to which the rest is compared, and the last one
    always."""
    epochs: set[int] = {0, run.epochs}
    if experiment.checkpoints == "log_spaced":
        epochs |= {2**power for power in range(run.epochs.bit_length()) if 2**power < run.epochs}
    elif experiment.checkpoints != "last":
        epochs |= {epoch for epoch in experiment.checkpoints if 0 <= epoch < run.epochs}
    return tuple(sorted(epochs))


def _expand(name: str, experiment: Experiment, params: Params) -> list[Run]:
    runs = []
    for index, entry in enumerate(experiment.grid):
        where = f"{name}.grid[{index}]"
        choices = [value if isinstance(value, list) else [value] for value in entry.values()]
        if not all(choices):
            key = next(key for key, value in entry.items() if value == [])
            raise SettingsError(f"{where}.{key} is empty, so that it asks for no run: allowed is one value or more")
        if (count := math.prod(map(len, choices))) > MOST_RUNS:
            raise SettingsError(f"{where} asks for {count:,} runs: allowed are {MOST_RUNS:,}")
        of_this_entry = set()
        for combination in itertools.product(*choices):
            values = {**params.training.model_dump(), **dict(zip(entry, combination, strict=True))}
            run = parse(Run, values, where)
            _check_numbers(run, where)
            _check_warmup(run, where)
            _check_file(run.encoder, where)
            check_encoder(run.encoder, where)
            _check_views(run, params, where)
            known = classes_of(run.dataset, params)
            _check_batch(run, params, where)
            if run.classes is not None and run.classes > known:
                raise SettingsError(
                    f"{where}: classes = {run.classes}: {run.dataset} has {known} classes, allowed is 2 to {known}"
                )
            drawn = {"subset_seed": 0} if run.classes in (None, known) else {}  # nothing is drawn of the whole
            run = run.model_copy(update={"classes": run.classes or known, **drawn})
            if run in of_this_entry:  # counted twice, one seed would look like two
                raise SettingsError(f"{where} asks for {run.name} twice: allowed is once")
            of_this_entry.add(run)
            runs.append(run)
    return runs


def _check_file(reference: str, where: str) -> None:
    """That the file of a `FILE.py:FUNCTION` is there, seen from where the command is given."""
    file = Path.cwd() / reference.rpartition(":")[0]
    if file.suffix == ".py" and not file.is_file():
        raise SettingsError(f"{where}: {reference!r}: there is no file {file}, allowed is FILE.py:FUNCTION")


def _check_numbers(run: Run, where: str) -> None:
    for key, value in run:
        if isinstance(value, int) and value > LARGEST:
            raise SettingsError(f"{where}: {key} = {value}: allowed is at most {LARGEST}")


def _check_warmup(run: Run, where: str) -> None:
    """That training reaches its full learning rate, unless it is set to be the beginning of a longer course."""
    if run.epochs > 0 and run.horizon < run.warmup_epochs:
        length = "horizon_epochs" if run.horizon_epochs else "epochs"
        raise SettingsError(
            f"{where}: {length} = {run.horizon}, warmup_epochs = {run.warmup_epochs}: the learning rate would never "
            f"reach its peak: expected a warm-up of at most {run.horizon} epochs"
        )


def _check_views(run: Run, params: Params, where: str) -> None:
    """That the encoder can read the views, where their size is known before the images are."""
    spec = dataset_spec(run.dataset, params.datasets)
    sizes = facts(spec.source).sizes
    known = sizes(spec)[-2:] if sizes is not None and spec.source in KNOWN else (spec.size,) * 2 if spec.size else None
    size = spec.views.size or known
    if size is not None:
        try:
            check_size(run, size)
        except SettingsError as error:
            raise SettingsError(f"{where}: {error}") from None


def _check_batch(run: Run, params: Params, where: str) -> None:
    """That a dataset has one batch, where its number of images is known, or its files are counted for its classes
    anyway; the others, and subsets, are asked when they are trained on."""
    spec = dataset_spec(run.dataset, params.datasets)
    sizes = facts(spec.source).sizes
    if spec.source in KNOWN and sizes is not None:
        images = sizes(spec)[0]
    elif spec.source not in KNOWN and spec.classes is None:
        _, images = count_training(spec.paths, spec.test_share, f"datasets.{run.dataset}")
    else:
        return
    if run.batch_size > images:
        raise SettingsError(
            f"{where}: batch_size = {run.batch_size}: {run.dataset} has {images} training images, "
            "allowed is at most that"
        )


def classes_of(dataset: str, params: Params) -> int:
    """Of a dataset, from its settings; of one's own images without that number, counted by folders."""
    spec = dataset_spec(dataset, params.datasets)
    known = KNOWN[spec.source].classes if spec.source in KNOWN else None
    return spec.classes or known or count_training(spec.paths, spec.test_share, f"datasets.{dataset}")[0]


def check_one_setting(experiment: str, runs: Sequence[Run]) -> None:
    """Raises SettingsError where a table with one row per dataset and number of classes would mix several settings."""
    seen: dict[tuple[str, int | None], Run] = {}
    for setting in dict.fromkeys(run.setting for run in runs):
        other = seen.setdefault((setting.dataset, setting.classes), setting)
        if other != setting:
            raise SettingsError(
                f"experiments.{experiment}: {other.name} and {setting.name} differ in more than the seed: "
                "allowed in its tables is one setting for each dataset and number of classes"
            )
