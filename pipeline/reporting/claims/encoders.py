"""Does the architecture matter?"""

from pipeline.reporting.claim import Claim, by_data, difference, last, with_cl
from pipeline.reporting.claims.alignment import AT_THE_END, SCALES, both, named

PLACE = 5


def _closer_than_scl(measure: str) -> Claim:
    label = measure.upper()
    return Claim(
        named("transformers", measure),
        f"With a vision transformer, too, NSCL follows CL better than SCL does (by {label}).",
        f"{label} of NSCL less that of SCL, similarity {AT_THE_END}",
        "the gate: a transformer that learned nothing keeps all twins alike",
        lambda read: by_data(last(with_cl(read, measure)), lambda rows: difference(rows, "nscl", "scl")),
        experiments=("encoders",),
        evidence="encoders",
        scale=SCALES[measure],
    )


CLAIMS = both(_closer_than_scl)
