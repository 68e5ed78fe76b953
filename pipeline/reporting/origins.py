"""Provenance of every table and figure, from the records of all stages."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.system.files import digest_of

Record = Mapping[str, Any]
Makers = Mapping[tuple[str, str], Record]


def provenance(records: Sequence[Record]) -> dict[str, Any]:
    """Collect what all tables and figures were made from.

    Args:
        records: of all stages, in the order of the workflow.

    Returns:
        files: digest, source state, digest of the settings, and data of every table and figure; runs: cost, source
        state and digests of what each twin was shown; environments.

    Raises:
        ValueError: a record does not match one that it builds on, or the chain to the data is broken.
    """
    makers = {(kind, record["subject"]): record for record in records for kind in record["outputs"]}
    files: dict[str, Any] = {}
    runs: dict[str, Any] = {}
    environments: dict[str, Any] = {}
    for record in records:
        made = record["made"]
        state = {"commit": made["commit"], "dirty": made["dirty"]}
        where = {part: made[part] for part in ("python", "packages", "machine")}
        environment = environments.setdefault(_digest(where), {**where, "stages": []})
        if record["stage"] not in environment["stages"]:
            environment["stages"].append(record["stage"])
        if record["stage"] == "twins":
            runs[record["subject"]] = {**state, "seconds": made["seconds"], "digests": record["found"]["digests"]}
        for kind, name in _tables_and_figures(record).items():
            settings, data = _digest(record["settings"]), _data_behind(record, makers)
            files[name] = {"sha256": digest_of(record["outputs"][kind]), **state, "settings": settings, "data": data}
    return {"files": files, "runs": runs, "environments": list(environments.values())}


def _tables_and_figures(record: Record) -> dict[str, str]:
    """Kind -> file below the reports' folder; without readable forms, which say the same."""
    if record["stage"] == "figure":
        return {"figure": f"figures/{record['subject']}.csv", "png": f"figures/{record['subject']}.png"}
    if record["stage"] == "comparison":
        return {kind: f"comparisons/{record['subject']}/{kind}.csv" for kind in record["outputs"]}
    if record["subject"] or record["stage"] == "metrics":
        return {}
    return {kind: f"{kind}.csv" for kind in record["outputs"] if not kind.endswith("_text")}


def _data_behind(record: Record, makers: Makers) -> dict[str, str]:
    """Dataset -> digest of its store, by following inputs to the records that made them.

    Measures of a run without a record here rest on the run's training.
    """
    data: dict[str, str] = {}
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
                    data[subject] = digest
                elif maker and (maker["stage"], subject) not in seen:
                    seen.add((maker["stage"], subject))
                    waiting.append(maker)
    if record["inputs"] and not data:  # tables computed from settings alone have no data
        raise ValueError(f"{_name(record)}: no record names the data that it was made from")
    return dict(sorted(data.items()))


def _name(record: Record) -> str:
    return f"{record['stage']} {record['subject']}".strip()


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
