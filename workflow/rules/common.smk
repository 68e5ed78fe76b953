from functools import cache
from os.path import relpath
from pathlib import Path
from shlex import quote
from shutil import which

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from pipeline.system.files import write_text
from pipeline.config import base
from pipeline.config.params import Params
from pipeline.jobs import diverged, notes
from pipeline.jobs.layout import Layout
from pipeline.jobs.plan import plan
from pipeline.jobs.runs_table import list_runs
from pipeline.jobs.stage import SUBJECT_PATTERNS
from pipeline.jobs.declared import SHOWN, STAGES
from pipeline.jobs.task import tasks

try:
    FILE = workflow.configfiles[-1] if workflow.configfiles else DEFAULT
    PLAN = plan(base.parse(Params, config, "settings"), Path(relpath(FILE)))
    LAYOUT = Layout(Path(PLAN.params.results), Path(PLAN.params.reports))
    PLAN = diverged.without_diverged(PLAN, LAYOUT)
    TASKS = list(tasks(PLAN, LAYOUT))
except base.SettingsError as error:
    raise WorkflowError(str(error)) from None

if workflow.is_main_process:
    for sentence in (
        notes.retraining_notice(TASKS),
        notes.edited_code_notice(TASKS),
        diverged.divergence_notice(PLAN),
    ):
        if sentence:
            logger.warning(sentence)

# what the jobs read: the settings as they are at the start, whatever becomes of params.yaml while they run
SETTINGS_FILE = LAYOUT.results / "settings.json"
GPUS = int(
    which("nvidia-smi") is not None
)  # a job's request; profiles say how many there are


def note_settings():
    write_text(SETTINGS_FILE, PLAN.params.model_dump_json(indent=2))
    list_runs(LAYOUT, [one for one in TASKS if one.stage.lasts])


onstart:
    note_settings()


if workflow.is_main_process and Path(workflow.main_snakefile).parent != CHECKOUT:
    note_settings()  # as a module of another workflow, whose own `onstart` is all that Snakemake runs


PLANNED = {(one.stage.name, one.place.name): one for one in TASKS}


def task(stage, wildcards):
    name = wildcards.get("subject", "")
    try:
        return PLANNED[stage.name, name]
    except KeyError:
        raise WorkflowError(
            f"{stage.name} of {name}: these settings ask for no such result; `python -m pipeline runs` lists "
            f"their runs, {LAYOUT.results}/runs.csv has the folder of each"
        ) from None


def inputs(stage):
    return lambda wildcards: task(stage, wildcards).declared_inputs


def outputs(stage):
    """Files that a stage's rule declares; marked for Snakemake's own report."""
    found = LAYOUT.place(stage, "{subject}" if stage.subject else "").declared
    if stage.shown:
        kind, category = stage.shown
        found[kind] = report(
            found[kind],
            caption=f"../report/{stage.name}.rst",
            category=category,
            labels={stage.subject: "{subject}"} if stage.subject else {},
        )
    return list(found.values())


def job(stage):
    """All that decides a result beside files, so that its rule runs again where it changes."""

    @cache  # Snakemake asks many times
    def found(name):
        one = PLANNED[stage.name, name]
        return one.told_to_snakemake(notes.code_note(one) if stage.notes else "")

    return lambda wildcards: found(task(stage, wildcards).place.name)


def quoted_subject(stage):
    """The whole name, as a person types it, for the shell."""

    def found(wildcards):
        subject = task(stage, wildcards).subject
        return quote(subject) if subject else ""

    return found


def declared(chosen):
    """What the rules of the chosen stages declare, of the whole plan."""
    return [
        path
        for one in TASKS
        if chosen(one.stage)
        for path in one.place.declared.values()
    ]


def leftover(runs):
    """Of the runs that are not trained yet, those that are left when the others are shared evenly among the cores."""
    todo = [
        one.place.name
        for one in TASKS
        if one.stage.lasts and one.subject in runs and not one.place.record.is_file()
    ]
    return todo[len(todo) - len(todo) % CORES :]


CORES = workflow.resource_settings.cores or 1
LAST = [
    leftover({run.name for run in runs})
    for runs in (PLAN.requests, PLAN.runs_of("table1"))
]


def threads(stage):
    """Cores that would stay idle train the twins of the last runs side by side, which changes no bit; else one, as two
    runs beside each other take less time than one after the other.
    """

    def found(wildcards):
        shares = [CORES // len(last) for last in LAST if wildcards.subject in last]
        twins = len(task(stage, wildcards).job.objectives)
        return min(twins, max(shares, default=1))

    return found if stage.lasts else 1
