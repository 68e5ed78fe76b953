"""The claims: a file a topic, and beside every claim the function that measures it.

A topic has its PLACE in the table and its CLAIMS in their order; the files of this folder are the list of topics.
"""

import importlib

from pipeline.references import names_in
from pipeline.reporting.claim import Claim

TOPICS = [f"{__name__}.{topic}" for topic in names_in("pipeline/reporting/claims")]

CLAIMS: dict[str, Claim] = {
    claim.name: claim
    for topic in sorted(map(importlib.import_module, TOPICS), key=lambda module: module.PLACE)
    for claim in topic.CLAIMS
}
