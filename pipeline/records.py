"""Records: a small file beside every result that says what it was made from.

Equal fingerprints promise equal results. The next stage reads the record, not the bulk behind it, so that a result
made again with the same content makes nothing after it run again.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline import jobs
from pipeline.code import code_hash
from pipeline.files import read_json, sha256, write_json
from pipeline.layout import Layout
from pipeline.params import Settings, SettingsError
from pipeline.runs import Plan, Run, setting_of


def stage_of(job: Settings, layout: Layout) -> tuple[str, Path, list[Path]]:
    """(stage, path of its record, files it reads from the stages before)."""
    match job:
        case jobs.PrepareJob():
            return "prepare", layout.data_record(job.dataset), []
        case jobs.SubsetJob():
            record = layout.subset(job.dataset, job.classes or "all", job.seed)
            return "subset", record, [layout.manifest(job.dataset)]
        case jobs.TwinsJob():
            run = Run.from_name(job.run)
            inputs = [layout.manifest(run.dataset), layout.subset(*jobs.subset_of(run))]
            return "twins", layout.checkpoints_record(job.run), inputs
        case jobs.EmbedJob():
            return "embed", layout.features_record(job.run), [layout.checkpoints_record(job.run)]
        case jobs.ProbeJob():
            return "probe", layout.probes_record(job.run), [layout.features_record(job.run)]
        case jobs.AlignmentJob():
            return "alignment", layout.alignment_record(job.run), [layout.features_record(job.run)]
        case jobs.CeilingJob():
            return "ceiling", layout.ceiling_record(job.run), [layout.features_record(run) for run in job.runs]
    raise TypeError(f"{type(job).__name__} belongs to no stage with a record")


def fingerprint(job: Settings, layout: Layout) -> str:
    """SHA-256 over a job's settings, its stage's code and the bytes of the files it reads."""
    stage, _, inputs = stage_of(job, layout)
    value = {"job": job.model_dump(mode="json"), "code": code_hash(stage), "inputs": [sha256(path) for path in inputs]}
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def write_record(job: Settings, layout: Layout, **more: Any) -> None:
    """To be written last: where a record is, the whole result is."""
    write_json(stage_of(job, layout)[1], {"fingerprint": fingerprint(job, layout), **more})


def jobs_of(plan: Plan) -> Iterator[Settings]:
    """Every job of a plan, in the order of the stages."""
    datasets = dict.fromkeys(run.dataset for run in plan.requests)
    subsets = dict.fromkeys(jobs.subset_of(run) for run in plan.requests)
    yield from (jobs.prepare_job(plan, dataset) for dataset in datasets)
    yield from (jobs.subset_job(*subset) for subset in subsets)
    for build in (jobs.twins_job, jobs.embed_job, jobs.probe_job, jobs.alignment_job):
        yield from (build(plan, run.name) for run in plan.requests)
    settings = dict.fromkeys(setting_of(run) for run, request in plan.requests.items() if "cl" in request.objectives)
    yield from (jobs.ceiling_job(plan, setting.name) for setting in settings)


def verify(plan: Plan, layout: Layout) -> int:
    """Number of finished results, all of which these settings and this code made.

    Raises SettingsError that names every result which something else made.
    """
    count = 0
    stale = []
    for job in jobs_of(plan):
        _, record, inputs = stage_of(job, layout)
        if record.is_file():
            missing = [path for path in inputs if not path.is_file()]
            if missing or read_json(record)["fingerprint"] != fingerprint(job, layout):
                stale.append(str(record))
            count += 1
    if stale:
        raise SettingsError("other settings, data or code made these results:\n" + "\n".join(stale))
    return count
