"""The claims, one file a topic.

Each topic declares its PLACE in the table and its CLAIMS in their order; the topics are the files of this folder.
"""

import importlib
from collections.abc import Collection, Mapping, Sequence

from pipeline.config.references import names_in
from pipeline.config.run import Run
from pipeline.reporting.claim_definition import Claim

TOPICS = [f"{__name__}.{topic}" for topic in names_in("pipeline/reporting/claims")]

CLAIMS: dict[str, Claim] = {
    claim.name: claim
    for topic in sorted(map(importlib.import_module, TOPICS), key=lambda module: module.PLACE)
    for claim in topic.CLAIMS
}


def runs_of(experiments: Mapping[str, Sequence[Run]], lacking: Collection[str]) -> dict[str, list[Run]]:
    """Claim -> runs that it is measured on; without claims that have no run or read a kind that is lacking."""
    runs = {name: claim.runs(experiments) for name, claim in CLAIMS.items() if not set(claim.kinds) & set(lacking)}
    return {name: of_claim for name, of_claim in runs.items() if of_claim}
