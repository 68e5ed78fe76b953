from pathlib import Path
from shutil import which

from snakemake.exceptions import WorkflowError

from pipeline import jobs, params, runs
from pipeline.code import code_hash
from pipeline.layout import Layout
from pipeline.reporting.registry import FIGURES, TABLES

try:
    PLAN = runs.plan(params.parse(params.Params, config, "settings"))
    jobs.table2_job(PLAN)
    jobs.claims_job(PLAN)
except params.SettingsError as error:
    raise WorkflowError(str(error)) from None

LAYOUT = Layout(Path(PLAN.params.results), Path(PLAN.params.reports))
FOLDERS = f"--results {LAYOUT.results} --reports {LAYOUT.reports}"
GPUS = int(
    which("nvidia-smi") is not None
)  # a job's claim; profiles say how many there are


wildcard_constraints:
    dataset="[^/]+",
    classes=r"all|\d+",
    seed=r"\d+",
    run="[^/]+/[^/]+",
    figure="[^/.]+",


def subset_path(wildcards):
    return LAYOUT.subset(*jobs.subset_of(runs.Run.from_name(wildcards.run)))


def manifest_path(wildcards):
    return LAYOUT.manifest(runs.Run.from_name(wildcards.run).dataset)


def job_of(build):
    """The job of a run as JSON: a parameter of its rule, so that the rule runs again where the job changes."""
    return lambda wildcards: build(PLAN, wildcards.run).model_dump_json()


def ceilings(names):
    """Of every setting among the runs."""
    settings = {runs.setting_of(runs.Run.from_name(name)).name for name in names}
    return [LAYOUT.ceiling(setting) for setting in sorted(settings)]


def figure_inputs(wildcards):
    """Measures of all runs that a figure shows."""
    names = jobs.figure_job(PLAN, wildcards.figure).runs
    files = []
    for kind in FIGURES[wildcards.figure].reads:
        if kind == "ceiling":
            files += ceilings(names)
        elif kind in TABLES:
            files.append(LAYOUT.reports / f"{kind}.csv")
        elif kind == "probes":
            files += [LAYOUT.probes(name) for name in names]
        else:
            files += [LAYOUT.measures(name, kind) for name in names]
    return files
