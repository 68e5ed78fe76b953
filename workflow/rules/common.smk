# The settings as planned jobs, and what the rules of all stages take from them.
from functools import cache
from os.path import relpath
from pathlib import Path
from shlex import quote
from shutil import which

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from pipeline.config import base
from pipeline.config.params import Params
from pipeline.jobs import cluster_requests, diverged, notes
from pipeline.jobs.chain import STAGES
from pipeline.jobs.runs_table import list_runs
from pipeline.jobs.task import tasks_of
from pipeline.jobs.training_order import longest_first
from pipeline.planning.layout import Layout
from pipeline.planning.expansion import plan
from pipeline.planning.stage import FOR_READERS
from pipeline.system.files import write_text

try:
    FILE = workflow.configfiles[-1] if workflow.configfiles else DEFAULT
    PLAN = plan(base.parse(Params, config, "settings"), Path(relpath(FILE)))
    LAYOUT = Layout(Path(PLAN.params.results), Path(PLAN.params.reports))
    PLAN = diverged.without_diverged(PLAN, LAYOUT)
    TASKS = {
        (task.stage.name, task.place.name): task for task in tasks_of(PLAN, LAYOUT)
    }
except base.SettingsError as error:
    raise WorkflowError(str(error)) from None

if workflow.is_main_process:
    for sentence in (
        notes.retraining_notice(TASKS.values()),
        notes.edited_code_notice(TASKS.values()),
        diverged.divergence_notice(PLAN),
    ):
        if sentence:
            logger.warning(sentence)

# jobs read the settings as they are at the start: params.yaml may change while they run
SETTINGS_FILE = LAYOUT.results / "settings.json"
# GPUs that a job requests; profiles say how many there are
GPUS = int(which("nvidia-smi") is not None)
# True where this process submits jobs to a cluster; the jobs that it starts there have their resources
REMOTE = workflow.is_main_process and workflow.resource_settings.nodes is not None
CORES = workflow.resource_settings.cores or 1


def note_settings():
    write_text(SETTINGS_FILE, PLAN.params.model_dump_json(indent=2))
    list_runs(LAYOUT, [task for task in TASKS.values() if task.stage.is_training])


onstart:
    note_settings()


# as a module of another workflow, whose own `onstart` is the only one that Snakemake runs
if workflow.is_main_process and Path(workflow.main_snakefile).parent != CHECKOUT:
    note_settings()


def planned(stage, wildcards):
    name = next(iter(wildcards), "")
    try:
        return TASKS[stage, name]
    except KeyError:
        raise WorkflowError(
            f"{stage} of {name}: these settings ask for no such result; `python -m pipeline runs` lists "
            f"their runs, {LAYOUT.results}/runs.csv has the folder of each"
        ) from None


def wildcard_of(stage):
    return f"{{{STAGES[stage].subject}}}" if STAGES[stage].subject else ""


def reads(stage):
    """Files by which Snakemake sees that the inputs of a stage changed."""
    return lambda wildcards: planned(stage, wildcards).declared_inputs


def writes(stage):
    """Files that a stage's rule declares; marked for Snakemake's own report."""
    files = LAYOUT.place(STAGES[stage], wildcard_of(stage)).declared
    if STAGES[stage].in_report:
        kind, category = STAGES[stage].in_report
        subject = STAGES[stage].subject
        files[kind] = report(
            files[kind],
            caption=f"../report/{stage}.rst",
            category=category,
            labels={subject: f"{{{subject}}}"} if subject else {},
        )
    return list(files.values())


def log_of(stage):
    return LAYOUT.log(stage, wildcard_of(stage))


def job(stage):
    """All that decides a result besides files, so that its rule runs again when it changes; and the command's words."""

    @cache  # Snakemake asks many times
    def text(name):
        task = TASKS[stage, name]
        return task.told_to_snakemake(
            notes.code_note(task) if task.stage.records else ""
        )

    def subject(wildcards):
        """The whole name, as a person types it, for the shell."""
        name = planned(stage, wildcards).subject
        return quote(name) if name else ""

    return {
        "job": lambda wildcards: text(planned(stage, wildcards).place.name),
        "command": f"python -m pipeline {stage}",
        "subject": subject,
    }


def needs(stage):
    """A GPU where the stage computes on a device; memory and minutes where jobs are submitted to a cluster."""
    gpus = GPUS if STAGES[stage].uses_device else 0

    def request(part):
        def amount(wildcards, threads, attempt, rulename):
            # by the rule's name, which a workflow that has this one as a module may change
            gpu = bool(workflow.get_rule(rulename).resources["gpu"].value)
            task = planned(stage, wildcards)
            return getattr(
                cluster_requests.estimate_resources(task, gpu, threads, attempt), part
            )

        return amount if REMOTE else 0

    return {"gpu": gpus, "mem_mb": request("memory"), "runtime": request("minutes")}


TRAININGS = longest_first(task for task in TASKS.values() if task.stage.is_training)
RANKS = {task.place.name: rank for rank, task in enumerate(TRAININGS, start=1)}


def training_priority(wildcards):
    """Between 0 and 1, the longest run first: after all that reads a finished run."""
    return 1 - RANKS.get(wildcards.run, 0) / (len(RANKS) + 1)


def leftover(runs):
    """Runs to train that are left when the others are shared evenly among the cores: the shortest."""
    todo = [
        task.place.name
        for task in TRAININGS
        if task.subject in runs and not task.place.record.is_file()
    ]
    return todo[len(todo) - len(todo) % CORES :]


LAST = [
    leftover({run.name for run in runs})
    for runs in (PLAN.requests, PLAN.runs_of("table1"))
]


def training_threads(wildcards):
    """Cores that would be idle train the twins of the last runs next to each other, which changes no bit; else one, as
    two runs in parallel take less time than one after the other.
    """
    shares = [CORES // len(last) for last in LAST if wildcards.run in last]
    twins = len(planned("twins", wildcards).job.objectives)
    return min(twins, max(shares, default=1))


def declared(chosen):
    """Files that the rules of the chosen stages declare, of the whole plan."""
    return [
        path
        for task in TASKS.values()
        if chosen(task.stage)
        for path in task.place.declared.values()
    ]


# Names of results, as they are in paths.
wildcard_constraints:
    dataset="[^/]+",
    subset="[^/]+/[^/]+",
    run="[^/]+/[^/]+",
    setting="[^/]+/[^/]+",
    figure="[^/.]+",
    experiment="[^/.]+",
