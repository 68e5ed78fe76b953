"""Every stage, declared once. See `Stage` for what each part means; a job is a value, compared as such."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from pydantic import Field

from pipeline.config.base import Settings, SettingsError
from pipeline.config.dataset_settings import SourceSettings
from pipeline.config.objective_settings import Objective
from pipeline.config.objectives import resolve as objective_of
from pipeline.config.params import ClaimRule
from pipeline.config.probe_settings import ProbeSettings
from pipeline.config.references import project_file
from pipeline.config.run import Run
from pipeline.config.theory_settings import DescentSettings, SurrogateSettings
from pipeline.config.training_settings import SHARED
from pipeline.config.view_settings import ViewRecipe
from pipeline.datasets.catalog import KNOWN
from pipeline.jobs.plan import OF_THE_PAPER, TABLES, Plan, Request, check_one_setting
from pipeline.jobs.stage import Stage, Subject
from pipeline.models.encoders import reference
from pipeline.reporting.figures import FIGURES, FigureFacts
from pipeline.reporting.paper_values import read_paper_values
from twin_alignment.measures.registry import MEASURES

PAPER_VALUES = {"paper_values": "reports/reference/paper_values.csv"}
EVIDENCE = "reports/evidence/cifar_two_cores"  # what was measured on photographs, which stands in every report
PHOTOGRAPHS = {
    "photographs": f"{EVIDENCE}/claims.csv",
    "photographs_controls": f"{EVIDENCE}/figures/controls.csv",
    "photographs_figure": f"{EVIDENCE}/figures/controls.png",
}
FACTS = ("probes", "baselines", "movement")  # of every figure's runs: whether they learned, and how far they went
TRAINING = (
    "twin_alignment/losses",
    "pipeline/augment",
    "pipeline/models",
    "pipeline/models/encoders",
    "pipeline/train",
)
MEASURING = ("twin_alignment/measures", "pipeline/models", "pipeline/models/encoders", "pipeline/evaluate/probing.py")
THEORY = (
    "twin_alignment/theory",
    "pipeline/models",
    "pipeline/models/encoders",
    "twin_alignment/losses",
    "pipeline/evaluate/probing.py",
)
ONCE = ("",)  # the subject of a stage of the whole plan
SHOWN = ("", "figure", "experiment")  # subjects of what a reader looks at


# -- data -------------------------------------------------------------------------------------------------------------


class PrepareJob(Settings):
    dataset: str
    spec: SourceSettings
    downloads: str


class SubsetJob(Settings):
    dataset: str
    classes: int | None
    seed: int = Field(ge=0)

    @property
    def subject(self) -> str:
        return f"{self.dataset}/classes={self.classes or 'all'},seed={self.seed}"


def _prepare_job(plan: Plan, dataset: str) -> PrepareJob:
    spec = SourceSettings(**plan.dataset(dataset).model_dump(exclude={"views"}))  # views do not change the store
    return PrepareJob(dataset=dataset, spec=spec, downloads=plan.params.downloads)


def _subset_job(plan: Plan, subject: str) -> SubsetJob:
    """`dataset/classes=C,seed=S`, where C is a number or `all`: a run's name without what is not of the subset."""
    dataset, _, rest = subject.partition("/")
    plan.dataset(dataset)
    parts = dict(part.partition("=")[::2] for part in rest.split(","))
    try:
        classes = None if parts["classes"] == "all" else int(parts["classes"])
        job = SubsetJob(dataset=dataset, classes=classes, seed=int(parts["seed"]))
    except (KeyError, ValueError):
        raise SettingsError(f"subset {subject!r}: expected dataset/classes=C,seed=S, C a number or all") from None
    return job


# -- runs -------------------------------------------------------------------------------------------------------------


class TwinsJob(Settings):
    run: Run
    objectives: tuple[Objective, ...] = Field(min_length=1)
    checkpoints: tuple[int, ...]
    views: ViewRecipe


class MeasureJob(Settings):
    run: Run
    objectives: tuple[str, ...]
    checkpoints: tuple[int, ...]
    size: tuple[int, int] | None  # of what the encoder reads
    probes: ProbeSettings


class BaselinesJob(SubsetJob):
    probes: ProbeSettings


class LayersJob(Settings):
    run: Run
    objectives: tuple[str, ...]
    epochs: tuple[int, ...]
    size: tuple[int, int] | None  # of what the encoder reads


class BetweenSeedsJob(Settings):
    runs: tuple[Run, ...]  # that differ only in their seed
    checkpoints: tuple[int, ...]
    size: tuple[int, int] | None  # of what the encoder reads


def _twins_job(plan: Plan, name: str) -> TwinsJob:
    run, request = plan.request(name)
    views = plan.dataset(run.dataset).views
    return TwinsJob(run=run, objectives=request.objectives, checkpoints=request.checkpoints, views=views)


def _measure_job(plan: Plan, name: str) -> MeasureJob:
    run, request = plan.request(name)
    return MeasureJob(
        run=run,
        objectives=request.names,
        checkpoints=request.checkpoints,
        size=plan.dataset(run.dataset).views.size,
        probes=plan.params.probes,
    )


def _baselines_job(plan: Plan, subject: str) -> BaselinesJob:
    return BaselinesJob(**_subset_job(plan, subject).model_dump(), probes=plan.params.probes)


def _layers_job(plan: Plan, name: str) -> LayersJob:
    """At every kept epoch but the first, where twins that share their start are one network."""
    run, request = plan.request(name)
    epochs = tuple(epoch for epoch in request.checkpoints if epoch or not run.epochs)
    size = plan.dataset(run.dataset).views.size
    return LayersJob(run=run, objectives=request.names, epochs=epochs, size=size)


def _layers_runs(plan: Plan) -> list[str]:
    """Runs of the experiments that ask where in a network its twins are alike."""
    return _names_of(plan, "trajectory", "plain_sgd")


def _between_seeds_job(plan: Plan, name: str) -> BetweenSeedsJob:
    """Of the plan's runs of a setting that train CL, those that keep as many epochs as any of them."""
    setting = Run.from_name(name).setting
    found = {
        run: request.checkpoints
        for run, request in plan.requests.items()
        if run.setting == setting and _compares_seeds(run, request)
    }
    if not found:
        raise SettingsError(
            f"{name}: no experiment trains cl in this setting on classes that seeds share, so none compare"
        )
    most = max(found.values(), key=len)
    runs = tuple(run for run, kept in found.items() if kept == most)
    return BetweenSeedsJob(runs=runs, checkpoints=most, size=plan.dataset(setting.dataset).views.size)


def _compares_seeds(run: Run, request: Request) -> bool:
    """Whether CL is trained, on images that other seeds have too."""
    return "cl" in request.names and run.subset_seed is not None


def _measures() -> list[str]:
    return sorted({measure.function.rpartition(":")[0] for measure in MEASURES.values()})


def _settings_of(runs: Sequence[Run]) -> list[str]:
    return list(dict.fromkeys(run.setting.name for run in runs))


# -- theory -----------------------------------------------------------------------------------------------------------


class BoundsJob(Settings):
    runs: tuple[Run, ...]
    delta: float
    simulation: DescentSettings


class PromisedJob(Settings):
    delta: float


class CurvatureJob(Settings):
    run: Run
    checkpoints: tuple[int, ...]
    views: ViewRecipe
    surrogate: SurrogateSettings


class LossGapJob(Settings):
    run: Run
    views: ViewRecipe


class MergingJob(Settings):
    run: Run
    size: tuple[int, int] | None  # of what the encoder reads
    probes: ProbeSettings
    shares: tuple[float, ...]


def _bound_runs(plan: Plan) -> tuple[Run, ...]:
    """All runs that train both CL and NSCL for at least one epoch and share all randomness, as the theory has it."""
    both = (run for run, request in plan.requests.items() if {"cl", "nscl"} <= set(request.names))
    return tuple(run for run in both if run.epochs and set(run.shared) == set(SHARED))


def _bounds_job(plan: Plan, _: str) -> BoundsJob:
    theory = plan.params.theory
    return BoundsJob(runs=_bound_runs(plan), delta=theory.delta, simulation=theory.simulation)


def _names_of(plan: Plan, *experiments: str) -> list[str]:
    return [run.name for run in plan.runs_of(*experiments)]


def _trains(plan: Plan, name: str, *needed: str) -> tuple[Run, Request]:
    """A run with these objectives; raises SettingsError where one of them is not trained."""
    run, request = plan.request(name)
    for objective in needed:
        if objective not in request.names:
            raise SettingsError(f"{name}: does not train {objective}, which is needed here")
    return run, request


def _curvature_job(plan: Plan, name: str) -> CurvatureJob:
    run, request = _trains(plan, name, "cl")
    views, surrogate = plan.dataset(run.dataset).views, plan.params.theory.surrogate
    return CurvatureJob(run=run, checkpoints=request.checkpoints, views=views, surrogate=surrogate)


def _loss_gap_job(plan: Plan, name: str) -> LossGapJob:
    run, _ = _trains(plan, name, "cl", "nscl")
    return LossGapJob(run=run, views=plan.dataset(run.dataset).views)


def _merging_job(plan: Plan, name: str) -> MergingJob:
    run, _ = _trains(plan, name, "cl", "nscl")
    size, theory = plan.dataset(run.dataset).views.size, plan.params.theory
    return MergingJob(run=run, size=size, probes=plan.params.probes, shares=theory.merging_shares)


def _of_network(job: Any) -> dict[str, Sequence[str]]:
    """What is read to show a run's networks its images."""
    return {"store": [job.run.dataset], "subset": [job.run.subset], "checkpoints": [job.run.name]}


def _encoder(run: Run) -> str:
    return reference(run.encoder).rpartition(":")[0]


# -- tables, claims, figures, report ----------------------------------------------------------------------------------


class TableJob(Settings):
    runs: tuple[Run, ...]
    objectives: tuple[str, ...]
    published_classes: dict[str, int]  # of the paper's datasets
    diverged: dict[str, str]  # runs that are asked for too, and why they cannot be had


class ClaimsJob(Settings):
    rules: dict[str, ClaimRule]
    experiments: dict[str, tuple[Run, ...]]  # the runs of each
    lacking: tuple[str, ...]  # kinds of measures that the plan has none of
    late_path_length: float  # path length from which training counts as late


class MetricsJob(Settings):
    runs: tuple[Run, ...]  # of the trajectory


class FigureJob(Settings):
    figure: str
    runs: tuple[Run, ...]
    objectives: tuple[str, ...]  # of its experiments; their runs may have more for others
    published_classes: dict[str, int]


class ReportJob(Settings):
    figures: tuple[str, ...]
    captions: dict[str, str]  # of those that were not run too
    tables: bool  # whether there are tables 1 and 2
    own: tuple[str, ...]  # experiments of one's own
    diverged: dict[str, str]  # runs that are asked for too, with their experiments, and why they cannot be had


def published_classes() -> dict[str, int]:
    """Classes of the paper's datasets, which tell whether a run has a dataset's whole."""
    values = read_paper_values(project_file(PAPER_VALUES["paper_values"]))
    published = sorted({value.dataset for value in values} & set(KNOWN))
    return {name: spec.classes for name in published if (spec := KNOWN[name]).classes is not None}


def own_experiments(plan: Plan) -> list[str]:
    """Names that no table or figure of the project is made for."""
    return [name for name in plan.experiments if name not in OF_THE_PAPER]


def _tables(plan: Plan) -> Sequence[str]:
    """The whole plan, where it has tables 1 and 2; settings that ask for nothing are told so."""
    return ONCE if TABLES in plan.experiments or not (plan.experiments or plan.lost) else ()


def _table_job(plan: Plan, _: str) -> TableJob:
    """Raises SettingsError where Table 1's runs are missing or cannot stand in one table."""
    if TABLES not in plan.experiments:
        raise SettingsError(f"experiments: {TABLES} is missing, and tables 1 and 2 show its runs")
    return _of_experiment(plan, TABLES, published_classes())


def _runs_behind(_: Plan, job: TableJob) -> list[tuple[str, str]]:
    return [("twins", run.name) for run in job.runs]


def _comparison_job(plan: Plan, name: str) -> TableJob:
    """Beside the paper's values of the data that it has, without the paper's other data."""
    if name not in own_experiments(plan):
        raise SettingsError(f"experiment {name!r}: allowed is one of {', '.join(own_experiments(plan)) or 'none'}")
    data = {(run.dataset, run.classes) for run in plan.experiments[name]}
    return _of_experiment(plan, name, dict(both for both in published_classes().items() if both in data))


def _of_experiment(plan: Plan, name: str, published: dict[str, int]) -> TableJob:
    runs = plan.experiments[name]
    check_one_setting(name, runs)
    lost = {run.name: plan.diverged[run] for run in plan.lost.get(name, ())}
    return TableJob(runs=runs, objectives=_objectives(plan, name), published_classes=published, diverged=lost)


def _objectives(plan: Plan, *experiments: str) -> tuple[str, ...]:
    """Names that these experiments list, each once."""
    texts = [text for name in experiments for text in plan.params.experiments[name].objectives]
    return tuple(dict.fromkeys(objective_of(text).name for text in texts))


def _claims() -> ModuleType:
    """The room of the claims. It imports pandas: half a second that jobs of other stages do without."""
    return importlib.import_module("pipeline.reporting.claims")


def _claims_job(plan: Plan, _: str) -> ClaimsJob:
    """Raises SettingsError for a rule of no known claim."""
    claims = _claims().CLAIMS
    unknown = [name for name in plan.params.claims if name not in claims]
    if unknown:
        raise SettingsError(f"claims: {unknown[0]!r} is not known: allowed is one of {', '.join(claims)}")
    rules = {name: plan.params.claims.get(name, claim.rule) for name, claim in claims.items()}
    kinds = dict.fromkeys(kind for claim in claims.values() for kind in claim.kinds)
    lacking = tuple(kind for kind in kinds if not stage_of(kind).subjects(plan))
    return ClaimsJob(
        rules=rules, experiments=dict(plan.experiments), lacking=lacking, late_path_length=plan.params.late_path_length
    )


def _claims_read(job: ClaimsJob) -> dict[str, Sequence[str]]:
    """Of every claim that is measured: its kinds, of its runs."""
    claims = _claims()
    kinds: dict[tuple[Run, ...], dict[str, None]] = {}  # by runs: many claims are about the same
    for name, runs in claims.runs_of(job.experiments, job.lacking).items():
        kinds.setdefault(tuple(runs), {}).update(dict.fromkeys(claims.CLAIMS[name].kinds))
    found: dict[str, dict[str, None]] = {}
    for of_these, measured in kinds.items():
        for kind, subjects in kinds_of(tuple(measured), of_these).items():
            found.setdefault(kind, {}).update(dict.fromkeys(subjects))
    return {kind: list(subjects) for kind, subjects in found.items()}


def kinds_of(kinds: Sequence[str], runs: Sequence[Run]) -> dict[str, Sequence[str]]:
    """kind -> subjects of what is measured of runs: a file a run, a setting, or one for all."""
    subjects = {subject: _SUBJECTS[subject](runs) for subject in {stage_of(kind).subject for kind in kinds}}
    return {kind: subjects[stage_of(kind).subject] for kind in kinds}


_SUBJECTS: Mapping[Subject, Callable[[Sequence[Run]], Sequence[str]]] = {
    "run": lambda runs: list(dict.fromkeys(run.name for run in runs)),
    "setting": _settings_of,
    "subset": lambda runs: list(dict.fromkeys(run.subset for run in runs)),
    "": lambda _: ONCE,
}


TRAJECTORY = "fig2_trajectory"  # the figure that an experiment of one's own has too, under its own name


def figures_of(plan: Plan) -> list[str]:
    """Figures whose experiments are in the settings and have the twins that it shows, and one of each of one's own
    experiments that compares CL with other twins, on classes that seeds share."""
    known = [
        name
        for name, figure in FIGURES.items()
        if set(figure.experiments) <= set(plan.experiments) and not _without_twins(plan, figure, figure.experiments)
    ]
    own = [
        name
        for name in own_experiments(plan)
        if not _without_twins(plan, FIGURES[TRAJECTORY], [name])
        and all(_compares_seeds(run, plan.requests[run]) for run in plan.experiments[name])
    ]
    return [*known, *own]


def _without_twins(plan: Plan, figure: FigureFacts, experiments: Sequence[str]) -> list[str]:
    """Those of the experiments that do not have the figure's twins, or only one, with which nothing is compared."""
    listed = {name: _objectives(plan, name) for name in experiments}
    return [name for name, found in listed.items() if len(found) < 2 or not set(figure.twins) <= set(found)]


def _figure_job(plan: Plan, name: str) -> FigureJob:
    """Raises SettingsError for a figure that is not known or whose experiment is not in the settings."""
    if name in figures_of(plan) and name not in FIGURES:
        return _figure_of(plan, TRAJECTORY, name)
    if name not in FIGURES:
        allowed = dict.fromkeys((*FIGURES, *figures_of(plan)))
        raise SettingsError(f"figure {name!r}: allowed is one of {', '.join(allowed)}")
    figure = FIGURES[name]
    for experiment in figure.experiments:
        if experiment not in plan.experiments:
            raise SettingsError(f"experiments: {experiment} is missing, and {name} shows its runs")
    for experiment in _without_twins(plan, figure, figure.experiments):
        wanted = figure.twins if len(figure.twins) > 1 else (*figure.twins, "another")
        raise SettingsError(f"experiments.{experiment}.objectives: {name} needs {' and '.join(wanted)}")
    return _figure_of(plan, name, *figure.experiments)


def _figure_of(plan: Plan, figure: str, *experiments: str) -> FigureJob:
    return FigureJob(
        figure=figure,
        runs=plan.runs_of(*experiments),
        objectives=_objectives(plan, *experiments),
        published_classes=published_classes(),
    )


def _report_job(plan: Plan, _: str) -> ReportJob:
    captions = {name: figure.caption for name, figure in FIGURES.items()}
    own = tuple(own_experiments(plan))
    return ReportJob(
        figures=tuple(figures_of(plan)),
        captions=captions,
        tables=bool(_tables(plan)),
        own=own,
        diverged={_missing(plan, run): why for run, why in plan.diverged.items()},
    )


def _missing(plan: Plan, run: Run) -> str:
    """A run that is not there, with its experiments: one of which none is left has no table that could say so."""
    return f"{run.name} (of {', '.join(name for name, runs in plan.lost.items() if run in runs)})"


def _datasets(plan: Plan) -> list[str]:
    return list(dict.fromkeys(run.dataset for run in plan.requests))


def _subsets(plan: Plan) -> list[str]:
    return list(dict.fromkeys(run.subset for run in plan.requests))


def _run_names(plan: Plan) -> list[str]:
    return list(plan.named)


def _if(runs: Sequence[Run]) -> Sequence[str]:
    """The whole plan, where it has such runs."""
    return ONCE if runs else ()


_DECLARED: tuple[Stage, ...] = (
    Stage(
        "prepare",
        _prepare_job,
        {"store": "images/"},
        folder="data",
        facts=lambda job: [f"pipeline/datasets/sources/{job.spec.source}.py"],
        watches=["pipeline/datasets"],
        resumes=True,
        subject="dataset",
        subjects=_datasets,
    ),
    Stage(
        "subset",
        _subset_job,
        {"subset": "subset.json"},
        folder="subsets",
        reads=lambda job: {"store": [job.dataset]},
        subject="subset",
        subjects=_subsets,
    ),
    Stage(
        "twins",
        _twins_job,
        {"checkpoints": "checkpoints/", "steps": "steps.csv.gz"},
        folder="runs",
        reads=lambda job: {"store": [job.run.dataset], "subset": [job.run.subset]},
        modules=lambda job: [_encoder(job.run), *(o.function.rpartition(":")[0] for o in job.objectives)],
        watches=TRAINING,
        computes=True,
        resumes=True,
        lasts=True,
        subject="run",
        subjects=_run_names,
    ),
    Stage(
        "measure",
        _measure_job,
        {kind: f"{kind}.csv" for kind in ("probes", "alignment", "weights", "collapse", "movement")},
        folder="measures/twins",
        reads=lambda job: {**_of_network(job), "steps": [job.run.name]},
        modules=lambda job: [_encoder(job.run), *_measures()],
        watches=MEASURING,
        computes=True,
        subject="run",
        subjects=_run_names,
    ),
    Stage(
        "baselines",
        _baselines_job,
        {"baselines": "baselines.csv"},
        folder="measures/baselines",
        reads=lambda job: {"store": [job.dataset], "subset": [job.subject]},
        computes=True,
        subject="subset",
        subjects=_subsets,
    ),
    Stage(
        "layers",
        _layers_job,
        {"layers": "layers.csv"},
        folder="measures/layers",
        reads=_of_network,
        modules=lambda job: [_encoder(job.run)],
        watches=MEASURING,
        computes=True,
        subject="run",
        subjects=_layers_runs,
    ),
    Stage(
        "between_seeds",
        _between_seeds_job,
        {"between_seeds": "between_seeds.csv"},
        folder="measures/between_seeds",
        reads=lambda job: {
            "store": [job.runs[0].dataset],
            "subset": [job.runs[0].subset],
            "checkpoints": [run.name for run in job.runs],
        },
        modules=lambda job: [_encoder(job.runs[0]), *_measures()],
        watches=MEASURING,
        computes=True,
        subject="setting",
        subjects=lambda plan: _settings_of([run for run, r in plan.requests.items() if _compares_seeds(run, r)]),
    ),
    Stage(
        "bounds",
        _bounds_job,
        {kind: f"{kind}.csv" for kind in ("bounds", "descent")},
        reads=lambda job: {
            "store": [run.dataset for run in job.runs],
            "subset": [run.subset for run in job.runs],
            "steps": [run.name for run in job.runs],
            "alignment": [run.name for run in job.runs],
        },
        subjects=lambda plan: _if(_bound_runs(plan)),
    ),
    Stage(
        "promised",
        lambda plan, _: PromisedJob(delta=plan.params.theory.delta),
        {"promised": "promised.csv"},
    ),
    Stage(
        "curvature",
        _curvature_job,
        {kind: f"{kind}.csv" for kind in ("curvature", "surrogate")},
        folder="measures/curvature",
        reads=lambda job: {**_of_network(job), "steps": [job.run.name]},
        modules=lambda job: [_encoder(job.run)],
        watches=THEORY,
        computes=True,
        subject="run",
        subjects=lambda plan: _names_of(plan, "trajectory"),
    ),
    Stage(
        "loss_gap",
        _loss_gap_job,
        {"loss_gap": "loss_gap.csv"},
        folder="measures/loss_gap",
        reads=_of_network,
        modules=lambda job: [_encoder(job.run)],
        watches=THEORY,
        computes=True,
        subject="run",
        subjects=lambda plan: _names_of(plan, "classes", "temperature"),
    ),
    Stage(
        "merging",
        _merging_job,
        {"merging": "merging.csv"},
        folder="measures/merging",
        reads=_of_network,
        modules=lambda job: [_encoder(job.run)],
        watches=THEORY,
        computes=True,
        subject="run",
        subjects=lambda plan: _names_of(plan, "merging"),
    ),
    Stage(
        "table1",
        _table_job,
        {"table1": "table1.csv", "table1_text": "table1.md"},
        reads=lambda job: kinds_of(("probes", "movement", "baselines"), job.runs),
        records=_runs_behind,
        notes=True,
        files=PAPER_VALUES,
        subjects=_tables,
        shown=("table1", "Tables"),
    ),
    Stage(
        "table2",
        _table_job,
        {"table2": "table2.csv", "table2_text": "table2.md"},
        reads=lambda job: {"alignment": [run.name for run in job.runs]},
        records=_runs_behind,
        notes=True,
        files=PAPER_VALUES,
        subjects=_tables,
        shown=("table2", "Tables"),
    ),
    Stage(
        "comparison",
        _comparison_job,
        {kind: f"comparisons/{{subject}}/{kind}.csv" for kind in ("accuracy", "agreement")},
        reads=lambda job: kinds_of(("probes", "movement", "baselines", "alignment"), job.runs),
        files=PAPER_VALUES,
        shown=("accuracy", "Tables"),
        subject="experiment",
        subjects=own_experiments,
    ),
    Stage(
        "claims",
        _claims_job,
        {"claims": "claims.csv"},
        reads=_claims_read,
        modules=lambda job: _claims().TOPICS,
        shown=("claims", "Claims"),
    ),
    Stage(
        "metrics",
        lambda plan, _: MetricsJob(runs=plan.runs_of("trajectory")),
        {"metrics": "metrics.json", "plots": "plots/"},
        reads=lambda job: {
            **dict.fromkeys(("table1", "table2", "claims"), ONCE),
            "alignment": [run.name for run in job.runs],
        },
        subjects=_tables,
    ),
    Stage(
        "figure",
        _figure_job,
        {
            "figure": "figures/{subject}.csv",
            "facts": "facts/{subject}.csv",
            "png": "figures/{subject}.png",
            "pdf": "figures/{subject}.pdf",
        },
        reads=lambda job: kinds_of(tuple(dict.fromkeys((*FIGURES[job.figure].reads, *FACTS))), job.runs),
        files=PAPER_VALUES,
        modules=lambda job: [f"pipeline.reporting.figures.plot_{job.figure}"],
        shown=("png", "Figures"),
        subject="figure",
        subjects=figures_of,
    ),
    Stage(
        "report",
        _report_job,
        {"page": "report.html", "provenance": "provenance.json"},
        reads=lambda job: {
            "png": job.figures,
            "figure": job.figures,
            **dict.fromkeys(("accuracy", "agreement"), job.own),
            **dict.fromkeys(("table1", "table2"), ONCE if job.tables else ()),
            **dict.fromkeys(("claims", "promised"), ONCE),
        },
        files={"source": "reports/report.py", "template": "reports/page.html", **PHOTOGRAPHS},
        records=lambda plan, _: [
            (stage.name, subject)
            for stage in _DECLARED
            if stage.name in ("prepare", "twins") or (stage.subject in SHOWN and stage.name != "report")
            for subject in stage.subjects(plan)
        ],
        notes=True,
        modules=lambda job: ["pipeline.reporting.report_parts"],
        shown=("page", "Report"),
    ),
)

STAGES: dict[str, Stage] = {stage.name: stage for stage in _DECLARED}
_MAKERS = {kind: stage for stage in _DECLARED for kind in stage.writes}


def stage_of(kind: str) -> Stage:
    """The stage that writes a kind."""
    return _MAKERS[kind]
