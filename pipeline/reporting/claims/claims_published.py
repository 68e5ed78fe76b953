"""Single values that the paper prints."""

from pipeline.config.params import ClaimRule
from pipeline.reporting.claim import Claim, Read, Values, by_data, last, nscl, with_cl

PLACE = 9


def _tiny_imagenet(read: Read) -> Values:
    rows = last(nscl(with_cl(read))).query("dataset == 'tiny_imagenet' and classes == 200")
    return by_data(rows, lambda own: own["value"].tolist())


CLAIMS = (
    Claim(
        "published_tiny_imagenet",
        "On Tiny-ImageNet NSCL stays at a CKA of 0.87 with CL.",
        "CKA on test images at the last epoch",
        "stays_aligned, which takes off the CKA of a CL on batches and views of its own",
        _tiny_imagenet,
        rule=ClaimRule(above=0.8),
        experiments=("trajectory",),
        evidence="fig2_trajectory",
        paper="0.87",
        scale="fisher",
    ),
)
