"""Which parts of their randomness must CL and NSCL share?"""

from pipeline.reporting.claim import Claim, Read, Values, by_data, difference, last, nscl, with_cl

PLACE = 7
PARTS = ("initialisation", "batches", "augmentations")


def _must_be_shared(part: str) -> Claim:
    everything = "+".join(PARTS)
    without = "+".join(name for name in PARTS if name != part)

    def loss(read: Read) -> Values:
        return by_data(last(nscl(with_cl(read))), lambda rows: difference(rows, everything, without, "shared"))

    return Claim(
        f"share_{part}",
        f"The {part} must be shared.",
        "CKA of fully shared twins, less CKA of twins that draw it each for itself and share the rest",
        loss,
        experiments=("randomness",),
        evidence="randomness",
        source="ours",
    )


CLAIMS = tuple(map(_must_be_shared, PARTS))
