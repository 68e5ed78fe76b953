"""One typed value a stage: everything it reads beside the files of the stages before it.

Snakemake passes a job to the stage's command as JSON, so that a changed setting reruns just the stages that read it;
a person who types the command leaves it out and the job is taken from `params.yaml`.
"""

from pydantic import Field

from pipeline.params import (
    SHARED,
    ClaimRule,
    DatasetSpec,
    Objective,
    ProbeSettings,
    Settings,
    SettingsError,
    ViewRecipe,
)
from pipeline.reporting.registry import CLAIMS, FIGURES
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


class NetworksJob(Settings):
    """Of stages that load trained networks and show them images: curvature, loss_gap."""

    runs: tuple[str, ...]
    views: dict[str, ViewRecipe]  # by dataset


class MergingJob(NetworksJob):
    probes: ProbeSettings


class ReportJob(Settings):
    figures: tuple[str, ...]


class ClaimsJob(Settings):
    claims: dict[str, ClaimRule]
    experiments: dict[str, tuple[str, ...]]  # the runs of each


class FigureJob(Settings):
    figure: str
    runs: tuple[str, ...]


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
    """All runs that train both CL and NSCL for at least one epoch and share all randomness, as the theory has it."""
    both = (run for run, request in plan.requests.items() if {"cl", "nscl"} <= set(request.objectives))
    return BoundsJob(runs=tuple(run.name for run in both if run.epochs and set(run.shared) == set(SHARED)))


def curvature_job(plan: Plan) -> NetworksJob:
    """Of table 1's runs that train both CL and NSCL."""
    asked = {run.name for run in plan.experiments["table1"]}
    return _networks_job(plan, tuple(name for name in bounds_job(plan).runs if name in asked))


def loss_gap_job(plan: Plan) -> NetworksJob:
    """Of the runs over the number of classes and the temperature."""
    return _networks_job(plan, _runs_of(plan, *FIGURES["loss_gap"].experiments))


def merging_job(plan: Plan) -> MergingJob:
    networks = _networks_job(plan, _runs_of(plan, *FIGURES["merging"].experiments))
    return MergingJob(**networks.model_dump(), probes=plan.params.probes)


def claims_job(plan: Plan) -> ClaimsJob:
    """Raises SettingsError for a rule of no known claim."""
    unknown = [name for name in plan.params.claims if name not in CLAIMS]
    if unknown:
        raise SettingsError(f"claims: {unknown[0]!r} is not known: allowed is one of {', '.join(CLAIMS)}")
    experiments = {name: tuple(run.name for run in runs) for name, runs in plan.experiments.items()}
    return ClaimsJob(claims=plan.params.claims, experiments=experiments)


def figure_job(plan: Plan, name: str) -> FigureJob:
    """Raises SettingsError for a figure that is not known or whose experiment is not in the settings."""
    if name not in FIGURES:
        raise SettingsError(f"figure {name!r}: allowed is one of {', '.join(FIGURES)}")
    for experiment in FIGURES[name].experiments:
        if experiment not in plan.experiments:
            raise SettingsError(f"experiments: {experiment} is missing, and {name} shows its runs")
    return FigureJob(figure=name, runs=_runs_of(plan, *FIGURES[name].experiments))


def figures_of(plan: Plan) -> list[str]:
    """Figures whose experiment is in the settings."""
    return [name for name, figure in FIGURES.items() if set(figure.experiments) <= set(plan.experiments)]


def tables_of(plan: Plan) -> list[str]:
    """Tables of the theory and of merged weights that some run fills."""
    found = {
        "bounds": bounds_job(plan).runs,
        "curvature": curvature_job(plan).runs,
        "loss_gap": loss_gap_job(plan).runs,
        "merging": merging_job(plan).runs,
    }
    return [name for name, runs in found.items() if runs]


def report_job(plan: Plan) -> ReportJob:
    return ReportJob(figures=tuple(figures_of(plan)))


def probed(plan: Plan) -> list[str]:
    """Runs whose probes a table or a figure reads."""
    figures = [FIGURES[name] for name in figures_of(plan) if "probes" in FIGURES[name].reads]
    return list(dict.fromkeys(name for figure in figures for name in _runs_of(plan, *figure.experiments)))


def table2_job(plan: Plan) -> Table2Job:
    """Raises SettingsError where Table 1's runs are missing or cannot stand in one table."""
    if "table1" not in plan.experiments:
        raise SettingsError("experiments: table1 is missing, and tables 1 and 2 show its runs")
    runs = plan.experiments["table1"]
    by_setting(runs)
    return Table2Job(runs=tuple(run.name for run in runs), objectives=plan.params.experiments["table1"].objectives)


def table1_job(plan: Plan) -> Table1Job:
    return Table1Job(**table2_job(plan).model_dump(), params_sha256=plan.params.sha256)


def _runs_of(plan: Plan, *experiments: str) -> tuple[str, ...]:
    """Names of all runs of the experiments that are in the settings, each once."""
    found = (run.name for name in experiments for run in plan.experiments.get(name, ()))
    return tuple(dict.fromkeys(found))


def _networks_job(plan: Plan, runs: tuple[str, ...]) -> NetworksJob:
    datasets = dict.fromkeys(Run.from_name(name).dataset for name in runs)
    return NetworksJob(runs=runs, views={name: plan.dataset(name).views for name in datasets})


def subset_of(run: Run) -> tuple[str, str, str]:
    """(dataset, classes, seed) of a run's subset, as in its path."""
    return run.dataset, str(run.classes or "all"), str(run.subset_seed)
