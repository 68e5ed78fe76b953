"""Whether finished results are whole, and of these settings, this code and this data."""

from pipeline.config.base import SettingsError
from pipeline.jobs.records import format_differences, integrity_errors, record_of
from pipeline.jobs.task import Task, tasks
from pipeline.planning.layout import Layout
from pipeline.planning.plan import Plan


def verify(plan: Plan, layout: Layout, deep: bool = False) -> int:
    """Return the number of finished results, of every stage, all as they should be; `deep` reads every byte of images
    and checkpoints.

    Raises:
        SettingsError: names every result which other settings, code or data made, which is not whole or was altered,
            or which has no record.
    """
    count = 0
    wrong = []
    for one in tasks(plan, layout):
        name = " ".join(filter(None, (one.stage.name, one.subject)))
        count += one.place.record.is_file()
        wrong += [f"{name}: {fault}" for fault in _faults(one, deep)]
    if wrong:
        raise SettingsError("not what these settings, this code and this data make:\n" + "\n".join(wrong))
    return count


def _faults(one: Task, deep: bool) -> list[str]:
    if not one.place.record.is_file():
        return [f"{path} has no record" for path in one.place.declared.values() if path.is_file()]
    record = record_of(one.place)
    missing = [place.outputs[kind] for kind, place in one.reads if not place.record.is_file()]
    changes = one.changes_since(record, inputs=not missing)
    faults = [str(error) for error in integrity_errors(one.place, record, deep)]
    if "settings" not in changes:  # which would ask for other files than it was made from
        faults += [f"{path}, which it was made from, is missing" for path in missing]
    return faults + ([f"made from something else ({format_differences(changes)})"] if changes else [])
