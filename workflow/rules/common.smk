from functools import cache
from os.path import relpath
from pathlib import Path
from shlex import quote
from shutil import which

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from pipeline.files import write_text
from pipeline.settings import base
from pipeline.settings.experiments import Params
from pipeline.workflow import diverged, records, runner
from pipeline.workflow.code import code_digest
from pipeline.workflow.grown import trained_again
from pipeline.workflow.layout import Layout, handle, unfolded
from pipeline.workflow.plan import plan
from pipeline.workflow.stage import SUBJECT_PATTERNS
from pipeline.workflow.stages import SHOWN, STAGES

try:
    PLAN = plan(
        base.parse(Params, config, "settings"), Path(relpath(workflow.configfiles[-1]))
    )
    LAYOUT = Layout(Path(PLAN.params.results), Path(PLAN.params.reports))
    PLAN = diverged.without_diverged(PLAN, LAYOUT)
    TASKS = list(records.tasks(PLAN, LAYOUT))
except base.SettingsError as error:
    raise WorkflowError(str(error)) from None

if workflow.is_main_process:
    for sentence in filter(None, (trained_again(TASKS), diverged.named(PLAN))):
        logger.warning(sentence)

# what the jobs read: the settings as they are at the start, whatever becomes of params.yaml while they run
SETTINGS_FILE = LAYOUT.results / "settings.json"
GPUS = int(
    which("nvidia-smi") is not None
)  # a job's claim; profiles say how many there are


onstart:
    write_text(SETTINGS_FILE, PLAN.params.model_dump_json(indent=2))


PLANNED = {(one.stage.name, one.subject): one for one in TASKS}


@cache  # Snakemake asks for a job's files and parameters many times
def task_of(name, subject):
    return PLANNED.get((name, subject)) or records.task(name, subject, PLAN, LAYOUT)


def subject(wildcards):
    return unfolded(wildcards.get("subject", ""))


def task(stage, wildcards):
    try:
        return task_of(stage.name, subject(wildcards))
    except base.SettingsError as error:
        raise WorkflowError(str(error)) from None


def inputs(stage):
    """Files that a stage's job reads. Training is not planned for data made again: with other content it is refused."""
    found = lambda wildcards: task(stage, wildcards).input_handles
    return ancient(found) if stage.resumes else found


def outputs(stage):
    """Files that a stage's rule makes, its record last; marked for Snakemake's own report."""
    subject = "{subject}" if stage.subject else ""
    found = {
        kind: LAYOUT.path(handle(pattern), subject)
        for kind, pattern in stage.writes.items()
    }
    if stage.shown:
        kind, category = stage.shown
        found[kind] = report(
            found[kind],
            caption=f"../report/{stage.name}.rst",
            category=category,
            labels={stage.subject: "{subject}"} if stage.subject else {},
        )
    return [*found.values(), LAYOUT.record(stage.name, subject)]


def job(stage):
    """All that decides a result beside files, so that its rule runs again where it changes. Code that a run was
    trained by is not part of it: a run that other settings or code made is refused here, before any job starts.
    """

    def found(wildcards):
        one = task(stage, wildcards)
        if not stage.resumes:
            return f"{one.job.model_dump_json()} {code_digest(one.code)}"
        try:
            runner.refuse_before_the_start(one, PLANNED)
        except base.SettingsError as error:
            raise WorkflowError(str(error)) from None
        again = runner.remade(one)
        return f"{one.job.model_dump_json()}{f' {again}' if again else ''}"

    return found


def word(wildcards):
    """The subject, for the shell."""
    return quote(subject(wildcards)) if subject(wildcards) else ""


def handles(chosen):
    """What the stages make that are chosen, of the whole plan."""
    return [
        path
        for one in TASKS
        if chosen(one.stage)
        for path in one.output_handles.values()
    ]


def leftover(runs):
    """Of the runs that are not trained yet, those that are left when the others are shared evenly among the cores."""
    todo = [
        one.subject
        for one in TASKS
        if one.stage.resumes and one.subject in runs and not one.record.is_file()
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
        shares = [CORES // len(last) for last in LAST if subject(wildcards) in last]
        twins = len(task(stage, wildcards).job.objectives)
        return min(twins, max(shares, default=1))

    return found if stage.resumes else 1
