"""Every claim with its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.config.run import Run
from pipeline.reporting.claim_definition import Claim, Read
from pipeline.reporting.claims import CLAIMS, runs_of
from pipeline.reporting.measured_tables import reader
from pipeline.reporting.verdicts import claims_table
from pipeline.stages import Inputs, Outputs
from pipeline.system.files import write_csv

if TYPE_CHECKING:
    from pipeline.jobs.declared import ClaimsJob


def run(job: ClaimsJob, inputs: Inputs, outputs: Outputs) -> None:
    """Measure and test all claims."""
    measured = runs_of(job.experiments, job.lacking)
    covered: dict[str, list[Run]] = {}  # by kind: the runs of all claims that need it
    for name, runs in measured.items():
        for kind in CLAIMS[name].kinds:
            covered.setdefault(kind, []).extend(runs)
    measures = reader(inputs, covered)

    def reader_of(claim: Claim) -> Read | None:
        return measures(measured[claim.name]) if claim.name in measured else None

    write_csv(outputs["claims"], claims_table(CLAIMS, job.rules, reader_of, {"late_path_length": job.late_path_length}))
