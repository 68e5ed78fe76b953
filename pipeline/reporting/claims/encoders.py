"""Does the architecture matter?"""

from pipeline.reporting.claim import Claim, Read, Values, by_data, difference, last, with_cl

PLACE = 5


def _closer_than_scl(read: Read) -> Values:
    return by_data(last(with_cl(read)), lambda rows: difference(rows, "nscl", "scl"))


CLAIMS = (
    Claim(
        "transformers",
        "With a vision transformer, too, NSCL follows CL better than SCL does.",
        "CKA of NSCL less that of SCL, similarity with CL on test images at the last epoch",
        _closer_than_scl,
        experiments=("encoders",),
        evidence="encoders",
    ),
)
