"""Whether what is on disk is what these settings and this code would make, and whole."""

from dataclasses import dataclass

from pipeline.settings.base import SettingsError
from pipeline.workflow.layout import SUMS, Layout
from pipeline.workflow.plan import Plan
from pipeline.workflow.records import differences, faults, left_out, recorded, said, tasks, thinned


@dataclass(frozen=True)
class Verified:
    """Numbers of finished results, and of their folders of bulk (images, checkpoints, features) that are not here."""

    results: int
    left_out: int
    thinned: int  # runs whose last checkpoints alone are kept


def verify(plan: Plan, layout: Layout, deep: bool = False) -> Verified:
    """Finished results, of every stage, all as they should be. Of bulk that is not here the digests are looked at;
    `deep` asks for all of it, and reads every byte.

    Raises SettingsError that names every result which other settings, data or code made, which is not whole or was
    altered, or which has no record.
    """
    count = without_bulk = thin = 0
    wrong = []
    for one in tasks(plan, layout):
        name = " ".join(filter(None, (one.stage.name, one.subject)))
        if not one.record.is_file():
            wrong += [f"{name}: {path} has no record" for path in one.output_handles.values() if path.is_file()]
            continue
        count += 1
        record = recorded(one)
        bad = faults(one, record, deep, bulk_may_lack=not deep)
        wrong += [f"{name}: {fault}" for fault in bad]
        if not bad:  # a list of digests that was altered may be no list
            folders = [path.parent for path in one.output_handles.values() if path.name == SUMS]
            without_bulk += sum(map(left_out, folders))
            thin += sum(map(bool, map(thinned, folders)))
        absent = [path for path in one.input_handles if not path.is_file()]
        found = differences(record, one.but_for_inputs(record) if absent else one.begun_from())
        if "settings" not in found:  # which would ask for other files than it was made from
            wrong += [f"{name}: {path}, which it was made from, is not there" for path in absent]
        if found:
            wrong.append(f"{name}: made from something else ({said(found)})")
    if wrong:
        raise SettingsError("not what these settings, this code and this data make:\n" + "\n".join(wrong))
    return Verified(count, without_bulk, thin)
