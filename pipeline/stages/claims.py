"""Every claim with its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.files import write_csv
from pipeline.reporting.claim import Claim, Read
from pipeline.reporting.claims import CLAIMS
from pipeline.reporting.reading import reader
from pipeline.reporting.verdicts import claims
from pipeline.settings.run import Run
from pipeline.stages import Inputs, Outputs

if TYPE_CHECKING:
    from pipeline.workflow.stages import ClaimsJob


def run(job: ClaimsJob, inputs: Inputs, outputs: Outputs) -> None:
    runs_of = {
        claim.name: [run for experiment in claim.experiments for run in job.experiments[experiment]]
        for claim in CLAIMS.values()
        if set(claim.experiments) <= set(job.experiments)
    }
    covered: dict[str, list[Run]] = {}  # by kind: the runs of all claims that need it
    for name, runs in runs_of.items():
        for kind in CLAIMS[name].kinds:
            covered.setdefault(kind, []).extend(runs)
    measures = reader(inputs, covered)

    def read(claim: Claim) -> Read | None:
        return measures(list(dict.fromkeys(runs_of[claim.name]))) if claim.name in runs_of else None

    write_csv(outputs["claims"], claims(CLAIMS, job.rules, read, {"late": job.late}))
