"""Whether what is on disk is what these settings and this code would make, and whole."""

from pipeline.settings.base import SettingsError
from pipeline.workflow.layout import Layout
from pipeline.workflow.plan import Plan
from pipeline.workflow.records import differences, missing_or_altered, read_record, said, tasks


def verify(plan: Plan, layout: Layout, deep: bool = False) -> int:
    """Number of finished results, of every stage, all as they should be. `deep` reads every byte of the bulk too.

    Raises SettingsError that names every result which other settings, data or code made, which is not whole or was
    altered, or which has no record.
    """
    count = 0
    wrong = []
    for one in tasks(plan, layout):
        name = " ".join(filter(None, (one.stage.name, one.subject)))
        if not one.record.is_file():
            wrong += [f"{name}: {path} has no record" for path in one.output_handles.values() if path.is_file()]
            continue
        count += 1
        record = read_record(one.record)
        wrong += [f"{name}: {text}" for text in missing_or_altered(one, record, deep)]
        absent = [path for path in one.input_handles if not path.is_file()]
        found = differences(record, one.but_for_inputs(record) if absent else one.begun_from())
        wrong += [f"{name}: {path}, which it was made from, is not there" for path in absent]
        if found:
            wrong.append(f"{name}: made from something else ({said(found)})")
    if wrong:
        raise SettingsError("not what these settings, this code and this data make:\n" + "\n".join(wrong))
    return count
