"""Check of finished results: complete, and of these settings, this code and this data."""

from pipeline.config.base import SettingsError
from pipeline.jobs.records import format_differences, integrity_errors, record_of
from pipeline.jobs.task import Task, tasks_of
from pipeline.planning.layout import Layout
from pipeline.planning.plan import Plan


def verify(plan: Plan, layout: Layout, deep: bool = False) -> int:
    """Check the results of every stage and return their number; `deep` reads every byte of images and checkpoints.

    Raises:
        SettingsError: names every result that has other settings, code or data, is incomplete or altered, or has no
            record.
    """
    count = 0
    wrong = []
    for task in tasks_of(plan, layout):
        name = " ".join(filter(None, (task.stage.name, task.subject)))
        count += task.place.record.is_file()
        wrong += [f"{name}: {fault}" for fault in _faults(task, deep)]
    if wrong:
        raise SettingsError(
            "expected results of these settings, this code and this data, got others:\n" + "\n".join(wrong)
        )
    return count


def _faults(task: Task, deep: bool) -> list[str]:
    if not task.place.record.is_file():
        return [f"{path} has no record" for path in task.place.declared.values() if path.is_file()]
    record = record_of(task.place)
    missing = [place.outputs[kind] for kind, place in task.reads if not place.record.is_file()]
    changes = task.changes_since(record, inputs=not missing)
    faults = [str(error) for error in integrity_errors(task.place, record, deep)]
    if "settings" not in changes:  # which would ask for other files than it was made from
        faults += [f"{path}, which it was made from, is missing" for path in missing]
    return faults + ([f"made from something else ({format_differences(changes)})"] if changes else [])
