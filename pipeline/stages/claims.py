"""Give every claim its verdict."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from pipeline.config.base import Settings, SettingsError
from pipeline.config.params import ClaimRule
from pipeline.config.run import Run
from pipeline.planning.plan import Plan
from pipeline.planning.stage import Stage
from pipeline.stages.measured_kinds import MEASURED, measured
from pipeline.system.files import Inputs, Outputs

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from pipeline.reporting.claim_definition import Claim, Read


class ClaimsJob(Settings):
    rules: dict[str, ClaimRule]
    experiments: dict[str, tuple[Run, ...]]  # the runs of each
    lacking: tuple[str, ...]  # kinds of measures that the plan has none of
    late_path_length: float  # from which training counts as late


def registry() -> ModuleType:
    """Import the claims, which import pandas: half a second that jobs of other stages do without."""
    return importlib.import_module("pipeline.reporting.claims")


def job_of(plan: Plan, _: str) -> ClaimsJob:
    """Return the job; raises SettingsError for the rule of an unknown claim, or one that cannot have another rule."""
    claims = registry().CLAIMS
    for name, rule in plan.params.claims.items():
        if name not in claims:
            raise SettingsError(f"claims: {name!r} is not known: expected one of {', '.join(claims)}")
        if claims[name].is_intersection and rule != claims[name].rule:
            raise SettingsError(f"claims.{name}: expected no other rule, as each of its epochs is compared with 0")
    rules = {name: plan.params.claims.get(name, claim.rule) for name, claim in claims.items()}
    kinds = dict.fromkeys(kind for claim in claims.values() for kind in claim.kinds)
    return ClaimsJob(
        rules=rules,
        experiments=dict(plan.experiments),
        lacking=tuple(kind for kind in kinds if not MEASURED[kind].subjects(plan)),
        late_path_length=plan.params.late_path_length,
    )


def reads_of(job: ClaimsJob) -> dict[str, Sequence[str]]:
    """Return the kinds that measured claims need, of their runs."""
    claims = registry()
    kinds: dict[tuple[Run, ...], dict[str, None]] = {}  # by runs: many claims are about the same
    for name, runs in claims.runs_of(job.experiments, job.lacking).items():
        kinds.setdefault(tuple(runs), {}).update(dict.fromkeys(claims.CLAIMS[name].kinds))
    subjects: dict[str, dict[str, None]] = {}
    for of_claims, its_kinds in kinds.items():
        for kind, names in measured(tuple(its_kinds), of_claims).items():
            subjects.setdefault(kind, {}).update(dict.fromkeys(names))
    return {kind: list(names) for kind, names in subjects.items()}


def measured_runs(job: ClaimsJob) -> dict[str, list[Run]]:
    """Return kind -> the runs of all claims that need it."""
    claims = registry()
    runs: dict[str, list[Run]] = {}
    for name, of_claim in claims.runs_of(job.experiments, job.lacking).items():
        for kind in claims.CLAIMS[name].kinds:
            runs.setdefault(kind, []).extend(of_claim)
    return runs


def table_of(job: ClaimsJob, measures: Callable[[Sequence[Run]], Read]) -> pd.DataFrame:
    """Return the table of claims.

    Args:
        job: rules and runs.
        measures: reads the measures of some runs.
    """
    from pipeline.reporting.claims import CLAIMS, runs_of
    from pipeline.reporting.verdicts import claims_table

    runs = runs_of(job.experiments, job.lacking)

    def read(claim: Claim) -> Read | None:
        return measures(runs[claim.name]) if claim.name in runs else None

    return claims_table(CLAIMS, job.rules, read, {"late_path_length": job.late_path_length})


def run(job: ClaimsJob, inputs: Inputs, outputs: Outputs) -> None:
    from pipeline.reporting.measured_tables import reader
    from pipeline.system.files import write_csv

    write_csv(outputs["claims"], table_of(job, reader(inputs, measured_runs(job))))


STAGE = Stage(
    "claims",
    job_of,
    {"claims": "claims.csv"},
    reads=reads_of,
    modules=lambda job: registry().TOPICS,
    in_report=("claims", "Claims"),
)
