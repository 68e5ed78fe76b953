"""Which parts of their randomness matter to the alignment of CL and NSCL?"""

from pipeline.reporting.claim import Claim, Read, Values, by_data, difference, last, nscl, with_cl
from pipeline.reporting.claims.claims_alignment import SCALES, named

PLACE = 7
PARTS = ("initialisation", "batches", "augmentations")


def _sharing_raises(part: str, measure: str) -> Claim:
    everything = "+".join(PARTS)
    without = "+".join(name for name in PARTS if name != part)

    def gain(read: Read) -> Values:
        rows = last(nscl(with_cl(read, measure)))
        return by_data(rows, lambda own: difference(own, everything, without, "shared"), swept=("shared",))

    label = measure.upper()
    return Claim(
        named(f"share_{part}", measure),
        f"Sharing the {part} raises {label}.",
        f"{label} of fully shared twins, less that of twins that draw the {part} each for itself and share the rest, "
        "on test images at the last epoch",
        "twins that share the rest: what they have in common is taken off",
        gain,
        experiments=("randomness",),
        evidence="randomness",
        scale=SCALES[measure],
        source="ours",
    )


CLAIMS = tuple(_sharing_raises(part, measure) for part in PARTS for measure in SCALES)
