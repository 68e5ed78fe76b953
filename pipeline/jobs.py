"""One typed value a stage: everything it reads beside the files of the stages before it.

Snakemake passes a job to the stage's command as JSON, so that a changed setting reruns just the stages that read it;
a person who types the command leaves it out and the job is taken from `params.yaml`.
"""

from pydantic import Field

from pipeline.params import DatasetSpec, Objective, ProbeSettings, Settings, SettingsError, ViewRecipe
from pipeline.reporting.registry import FIGURES
from pipeline.runs import Plan, Run, by_setting, setting_of


class PrepareJob(Settings):
    dataset: str
    spec: DatasetSpec
    downloads: str


class SubsetJob(Settings):
    dataset: str
    classes: int | None
    seed: int


class TwinsJob(Settings):
    run: str
    objectives: tuple[Objective, ...] = Field(min_length=1)
    checkpoints: tuple[int, ...]
    views: ViewRecipe


class EmbedJob(Settings):
    run: str
    objectives: tuple[Objective, ...]
    checkpoints: tuple[int, ...]
    views: ViewRecipe


class ProbeJob(Settings):
    run: str
    objectives: tuple[Objective, ...]
    probes: ProbeSettings


class AlignmentJob(Settings):
    run: str
    objectives: tuple[Objective, ...]
    checkpoints: tuple[int, ...]


class CeilingJob(Settings):
    run: str  # of seed 0, as the name of the setting
    runs: tuple[str, ...]  # that differ only in their seed
    checkpoints: tuple[int, ...]


class BoundsJob(Settings):
    runs: tuple[str, ...]


class CurvatureJob(Settings):
    runs: tuple[str, ...]
    views: dict[str, ViewRecipe]  # by dataset


class FigureJob(Settings):
    figure: str
    runs: tuple[str, ...]
    objectives: tuple[Objective, ...]


class Table2Job(Settings):
    runs: tuple[str, ...]
    objectives: tuple[Objective, ...]


class Table1Job(Table2Job):
    params_sha256: str  # of all settings, for the provenance


def prepare_job(plan: Plan, dataset: str) -> PrepareJob:
    return PrepareJob(dataset=dataset, spec=plan.dataset(dataset), downloads=plan.params.downloads)


def subset_job(dataset: str, classes: str, seed: str) -> SubsetJob:
    """`classes` is a number or the text `all`, as in a subset's path."""
    return SubsetJob(dataset=dataset, classes=None if classes == "all" else int(classes), seed=int(seed))


def twins_job(plan: Plan, name: str) -> TwinsJob:
    run, request = plan.request(name)
    views = plan.dataset(run.dataset).views
    return TwinsJob(run=name, objectives=request.objectives, checkpoints=request.checkpoints, views=views)


def embed_job(plan: Plan, name: str) -> EmbedJob:
    return EmbedJob(**twins_job(plan, name).model_dump())


def probe_job(plan: Plan, name: str) -> ProbeJob:
    _, request = plan.request(name)
    return ProbeJob(run=name, objectives=request.objectives, probes=plan.params.probes)


def alignment_job(plan: Plan, name: str) -> AlignmentJob:
    _, request = plan.request(name)
    return AlignmentJob(run=name, objectives=request.objectives, checkpoints=request.checkpoints)


def ceiling_job(plan: Plan, name: str) -> CeilingJob:
    """Of all the plan's runs of a setting that train CL, at the epochs that all of them keep."""
    setting = setting_of(Run.from_name(name))
    found = {run: r for run, r in plan.requests.items() if setting_of(run) == setting and "cl" in r.objectives}
    if not found:
        raise SettingsError(f"{name}: no experiment trains cl in this setting, so it has no ceiling")
    epochs = set.intersection(*(set(request.checkpoints) for request in found.values()))
    return CeilingJob(run=setting.name, runs=tuple(run.name for run in found), checkpoints=tuple(sorted(epochs)))


def bounds_job(plan: Plan) -> BoundsJob:
    """All runs that train both CL and NSCL for at least one epoch."""
    both = (run for run, request in plan.requests.items() if {"cl", "nscl"} <= set(request.objectives))
    return BoundsJob(runs=tuple(run.name for run in both if run.epochs))


def curvature_job(plan: Plan) -> CurvatureJob:
    """Of table 1's runs that train both CL and NSCL."""
    asked = {run.name for run in plan.experiments["table1"]}
    runs = tuple(name for name in bounds_job(plan).runs if name in asked)
    datasets = dict.fromkeys(Run.from_name(name).dataset for name in runs)
    return CurvatureJob(runs=runs, views={name: plan.dataset(name).views for name in datasets})


def figure_job(plan: Plan, name: str) -> FigureJob:
    """Raises SettingsError for a figure that is not known or whose experiment is not in the settings."""
    if name not in FIGURES:
        raise SettingsError(f"figure {name!r}: allowed is one of {', '.join(FIGURES)}")
    experiment = FIGURES[name].experiment
    if experiment not in plan.experiments:
        raise SettingsError(f"experiments: {experiment} is missing, and {name} shows its runs")
    runs = tuple(run.name for run in plan.experiments[experiment])
    return FigureJob(figure=name, runs=runs, objectives=plan.params.experiments[experiment].objectives)


def figures_of(plan: Plan) -> list[str]:
    """Figures whose experiment is in the settings."""
    return [name for name, figure in FIGURES.items() if figure.experiment in plan.experiments]


def table2_job(plan: Plan) -> Table2Job:
    """Raises SettingsError where Table 1's runs are missing or cannot stand in one table."""
    if "table1" not in plan.experiments:
        raise SettingsError("experiments: table1 is missing, and tables 1 and 2 show its runs")
    runs = plan.experiments["table1"]
    by_setting(runs)
    return Table2Job(runs=tuple(run.name for run in runs), objectives=plan.params.experiments["table1"].objectives)


def table1_job(plan: Plan) -> Table1Job:
    return Table1Job(**table2_job(plan).model_dump(), params_sha256=plan.params.sha256)


def subset_of(run: Run) -> tuple[str, str, str]:
    """(dataset, classes, seed) of a run's subset, as in its path."""
    return run.dataset, str(run.classes or "all"), str(run.subset_seed)
