"""Finished runs that settings now ask for something else: they train again, and whoever pays should hear it first."""

from collections.abc import Iterable

from pipeline.workflow.records import Record, Task, read_record

MOST = 6  # changes that are named


def trained_again(tasks: Iterable[Task]) -> str:
    """A sentence on those that are asked for other objectives or epochs than they have; the empty text: there are
    none."""
    changes: dict[str, None] = {}
    count = twins = 0
    for one in tasks:
        if one.stage.resumes and one.record.is_file():
            found = _changes(read_record(one.record)["job"], one.job.model_dump(mode="json"))
            changes.update(dict.fromkeys(found))
            count += bool(found)
            twins += len(one.job.model_dump()["objectives"]) if found else 0
    if not count:
        return ""
    named = ", ".join([*list(changes)[:MOST], *(["..."] if len(changes) > MOST else [])])
    return (
        f"{count} finished {'run trains' if count == 1 else 'runs train'} again from the start, all {twins} twins, "
        f"as the settings ask for something else of them ({named}); on a CPU twins that were there come out the same "
        "to the bit. To keep what is there, undo the change, or give it an experiment with seeds of its own"
    )


def _changes(then: Record, now: Record) -> list[str]:
    """With or without which objectives and kept epochs."""
    found = []
    for key, label in (("objectives", ""), ("checkpoints", "epoch ")):
        before, after = (
            [str(item["name"] if isinstance(item, dict) else item) for item in job[key]] for job in (then, now)
        )
        found += [f"with {label}{name}" for name in after if name not in before]
        found += [f"without {label}{name}" for name in before if name not in after]
    return found
