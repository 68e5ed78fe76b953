"""Where every table and figure comes from, out of the records of all stages."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.system.files import digest_of

Record = Mapping[str, Any]
Makers = Mapping[tuple[str, str], Record]


def provenance(records: Sequence[Record]) -> dict[str, Any]:
    """files: of every table and figure its digest, source state, digest of its settings, and the data behind it;
    runs: cost, source state and digests of what each twin was shown; environments.

    Raises ValueError where a record does not fit one it builds on, or the chain to the data is broken.
    """
    makers = {(kind, record["subject"]): record for record in records for kind in record["outputs"]}
    files: dict[str, Any] = {}
    runs: dict[str, Any] = {}
    environments: dict[str, Any] = {}
    for record in records:
        made = record["made"]
        state = {"commit": made["commit"], "dirty": made["dirty"]}
        where = {part: made[part] for part in ("python", "packages", "machine")}
        environments.setdefault(_digest(where), {**where, "stages": {}})["stages"][record["stage"]] = None
        if record["stage"] == "twins":
            runs[record["subject"]] = {**state, "seconds": made["seconds"], "digests": record["found"]["digests"]}
        for kind, name in _shown(record).items():
            settings, data = _digest(record["settings"]), _data_behind(record, makers)
            files[name] = {"sha256": digest_of(record["outputs"][kind]), **state, "settings": settings, "data": data}
    listed = [{**one, "stages": list(one["stages"])} for one in environments.values()]
    return {"files": files, "runs": runs, "environments": listed}


def _shown(record: Record) -> dict[str, str]:
    """kind -> file below the reports' folder, of tables and figures; what their readable forms say is the same."""
    if record["stage"] == "figure":
        return {"figure": f"figures/{record['subject']}.csv", "png": f"figures/{record['subject']}.png"}
    if record["stage"] == "comparison":
        return {kind: f"comparisons/{record['subject']}/{kind}.csv" for kind in record["outputs"]}
    if record["subject"] or record["stage"] == "metrics":
        return {}
    return {kind: f"{kind}.csv" for kind in record["outputs"] if not kind.endswith("_text")}


def _data_behind(record: Record, makers: Makers) -> dict[str, str]:
    """{dataset: digest of its store}, by following what was read to the records of what made it.

    What was measured of a run, and has no record here, rests on the run's training.
    """
    found: dict[str, str] = {}
    waiting, seen = [record], set()
    while waiting:
        reader = waiting.pop()
        for kind, subjects in reader["inputs"].items():
            for subject, digest in subjects.items():
                maker = makers.get((kind, subject))
                if maker and digest_of(maker["outputs"][kind]) != digest:
                    raise ValueError(f"{kind} {subject} was made again since {_name(reader)} read it")
                maker = maker or makers.get(("checkpoints", subject))
                if kind == "store":
                    found[subject] = digest
                elif maker and (maker["stage"], subject) not in seen:
                    seen.add((maker["stage"], subject))
                    waiting.append(maker)
    if record["inputs"] and not found:  # what is computed from settings alone has no data
        raise ValueError(f"{_name(record)}: no record tells what data it was made from")
    return dict(sorted(found.items()))


def _name(record: Record) -> str:
    return f"{record['stage']} {record['subject']}".strip()


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
