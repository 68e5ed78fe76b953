"""The claims: a file a topic, and beside every claim the function that measures it.

A topic has its PLACE in the table and its CLAIMS in their order; the files of this folder are the list of topics.
"""

import importlib
from collections.abc import Collection, Mapping, Sequence

from pipeline.config.references import names_in
from pipeline.config.run import Run
from pipeline.reporting.claim import Claim

TOPICS = [f"{__name__}.{topic}" for topic in names_in("pipeline/reporting/claims")]

CLAIMS: dict[str, Claim] = {
    claim.name: claim
    for topic in sorted(map(importlib.import_module, TOPICS), key=lambda module: module.PLACE)
    for claim in topic.CLAIMS
}


def runs_of(experiments: Mapping[str, Sequence[Run]], lacking: Collection[str]) -> dict[str, list[Run]]:
    """Claim -> the runs that it is measured on, of claims that have some and read no kind of measures that lacks."""
    found = {name: claim.runs(experiments) for name, claim in CLAIMS.items() if not set(claim.kinds) & set(lacking)}
    return {name: runs for name, runs in found.items() if runs}
