"""Which figures and claims there are, whose runs each shows and which measures it reads.

Apart from the drawing: the workflow reads this to know what a figure needs, and plotting libraries take seconds.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["alignment", "weights", "collapse", "ceiling", "probes", "bounds", "descent", "loss_gap", "merging"]
TABLES: tuple[Kind, ...] = ("bounds", "descent", "loss_gap", "merging")  # one file for all runs


@dataclass(frozen=True)
class FigureSpec:
    experiments: tuple[str, ...]  # whose runs it shows
    reads: tuple[Kind, ...]
    caption: str


FIGURES = {
    "fig1_angles": FigureSpec(
        ("trajectory",),
        ("weights",),
        "Angle between the encoder weights of CL and NSCL, and angle whose cosine is their CKA on test images.",
    ),
    "fig2_trajectory": FigureSpec(
        ("trajectory",),
        ("alignment", "ceiling"),
        "CKA and RSA of each supervised twin with CL over training. The grey band is the range of CKA and RSA between "
        "CL runs that differ only in their seed.",
    ),
    "fig3_classes": FigureSpec(
        ("classes",),
        ("bounds",),
        "CKA of CL and NSCL against the number of classes, over epochs and over steps: with fewer classes an epoch has "
        "fewer images and so fewer steps.",
    ),
    "fig4_temperature": FigureSpec(
        ("temperature",), ("alignment",), "CKA and RSA of CL and NSCL over training at three temperatures."
    ),
    "fig5_batch": FigureSpec(
        ("batch",),
        ("alignment",),
        "CKA of CL and NSCL against the batch size under rules that scale the learning rate with it: as published, "
        "where gentler rules also start from smaller rates, and normalised to one rate at B = 256.",
    ),
    "fig6_weight_gap": FigureSpec(
        ("trajectory",), ("weights",), "Mean relative difference of the encoder's weight tensors from CL's."
    ),
    "duration": FigureSpec(
        ("duration",),
        ("alignment", "collapse"),
        "Longer training: similarity with CL, and how far each twin's classes have collapsed.",
    ),
    "collapse": FigureSpec(
        ("trajectory",), ("collapse",), "Class-distance-normalised variance (CDNV) of every twin; 0 is collapse."
    ),
    "accuracy_by_temperature": FigureSpec(
        ("temperature",), ("probes",), "Accuracy of frozen features of CL and NSCL, and its gap, against temperature."
    ),
    "merging": FigureSpec(
        ("merging",), ("merging",), "Accuracy of encoders whose weights lie on the line between CL's and NSCL's."
    ),
    "encoders": FigureSpec(
        ("trajectory", "encoders"),
        ("alignment",),
        "CKA of each supervised twin with CL over training, for each encoder.",
    ),
    "loss_gap": FigureSpec(
        ("classes", "temperature"),
        ("loss_gap",),
        "CL's loss less NSCL's loss on the same network, against its bound.",
    ),
    "randomness": FigureSpec(
        ("randomness",),
        ("alignment", "weights", "ceiling"),
        "CL and NSCL that share some of their randomness and draw the rest each for itself, at the last epoch. The "
        "grey band is what two CL runs of different seeds have in common.",
    ),
    "bounds_over_steps": FigureSpec(
        ("trajectory",),
        ("bounds", "descent"),
        "Drift of the similarity matrices and its bounds: in simulated similarity descent, and along training.",
    ),
    "bounds_by_setting": FigureSpec(
        ("classes", "temperature", "batch"),
        ("bounds",),
        "What the bound says about a setting, and what training did: agree where similarity falls as the bound rises.",
    ),
}


@dataclass(frozen=True)
class ClaimSpec:
    statement: str
    quantity: str  # what is measured, once for each seed
    experiments: tuple[str, ...]
    evidence: str  # the figure, or the file under the reports' folder
    source: str = "paper"  # or ours: a check that the paper does not make
    paper: str = ""  # what it says in numbers


_CLOSER = "similarity with CL on test images at the last epoch"
_SHARED = "CKA of fully shared twins, less CKA of twins that draw it each for itself and share the rest"

CLAIMS = {
    "stays_aligned": ClaimSpec(
        "CL and NSCL end with nearly the same representation geometry.",
        "CKA on test images at the last epoch",
        ("trajectory",),
        "fig2_trajectory",
    ),
    "stays_aligned_rsa": ClaimSpec(
        "The same by RSA.", "RSA on test images at the last epoch", ("trajectory",), "fig2_trajectory"
    ),
    "aligned_throughout": ClaimSpec(
        "They are aligned throughout training.",
        "lowest CKA on test images of all kept epochs",
        ("trajectory",),
        "fig2_trajectory",
    ),
    "nscl_closer_than_scl": ClaimSpec(
        "NSCL follows CL better than SCL does.",
        f"CKA of NSCL less that of SCL, {_CLOSER}",
        ("trajectory",),
        "fig2_trajectory",
    ),
    "nscl_closer_than_ce": ClaimSpec(
        "NSCL follows CL better than CE does.",
        f"CKA of NSCL less that of CE, {_CLOSER}",
        ("trajectory",),
        "fig2_trajectory",
    ),
    "nscl_closer_than_scl_rsa": ClaimSpec(
        "The same against SCL by RSA.", f"RSA of NSCL less that of SCL, {_CLOSER}", ("trajectory",), "fig2_trajectory"
    ),
    "nscl_closer_than_ce_rsa": ClaimSpec(
        "The same against CE by RSA.", f"RSA of NSCL less that of CE, {_CLOSER}", ("trajectory",), "fig2_trajectory"
    ),
    "closer_than_another_seed": ClaimSpec(
        "NSCL is closer to its CL twin than CL of another seed is.",
        "CKA of CL and NSCL less the mean CKA of CL with CL of the other seeds",
        ("trajectory",),
        "fig2_trajectory",
        source="ours",
    ),
    "weights_turn_more": ClaimSpec(
        "Weights turn further apart than representations.",
        "angle of weights less angle of representations at the last epoch, degrees",
        ("trajectory",),
        "fig1_angles",
        paper="85.7 - 27.8",
    ),
    "weights_drift": ClaimSpec(
        "The weights of CL and NSCL drift apart as training goes on.",
        "weight gap at the last epoch less that of the first",
        ("trajectory",),
        "fig6_weight_gap",
    ),
    "weights_of_scl_further": ClaimSpec(
        "SCL's weights are further from CL's than NSCL's are.",
        "weight gap of SCL less that of NSCL at the last epoch",
        ("trajectory",),
        "fig6_weight_gap",
    ),
    "labels_help": ClaimSpec(
        "NSCL's features are better than CL's.",
        "nearest-class-centre accuracy of NSCL less that of CL, percentage points",
        ("table1",),
        "table1.csv",
        paper="6.1 on CIFAR-10",
    ),
    "more_classes_epochs": ClaimSpec(
        "Alignment rises with the number of classes (at equal epochs).",
        "slope of CKA in log C'",
        ("classes",),
        "fig3_classes",
    ),
    "more_classes_steps": ClaimSpec(
        "Alignment rises with the number of classes (at equal steps).",
        "slope of CKA in log C', each run at its kept epoch with the step count nearest to the smallest run's",
        ("classes",),
        "fig3_classes",
        source="ours",
    ),
    "higher_temperature": ClaimSpec(
        "Alignment rises with temperature.",
        "slope of CKA in log temperature",
        ("temperature",),
        "fig4_temperature",
        paper="0.853, 0.951, 0.966 on CIFAR-100",
    ),
    "smaller_batches": ClaimSpec(
        "Under the linear rule alignment falls as the batch grows.",
        "slope of CKA in log B",
        ("batch",),
        "fig5_batch",
        paper="0.941, 0.914, 0.858 on Mini-ImageNet",
    ),
    "gentler_rules_published": ClaimSpec(
        "Square-root scaling as published keeps CL and NSCL closer at B = 256 than linear scaling.",
        "CKA with the square-root rule less CKA with the linear rule",
        ("batch",),
        "fig5_batch",
        paper="0.977 - 0.941 on Mini-ImageNet",
    ),
    "gentler_rules_normalised": ClaimSpec(
        "The gentler rule keeps its advantage when rules agree at B = 256.",
        "slope of CKA in log B with the square-root rule less that with the linear rule",
        ("batch",),
        "fig5_batch",
        source="ours",
    ),
    "longer_training": ClaimSpec(
        "Alignment of CL and NSCL declines late in training.",
        "slope of CKA in log epoch, from epoch 8 on",
        ("duration",),
        "duration",
    ),
    "order_kept_late": ClaimSpec(
        "Late in training NSCL is still closest to CL.",
        "CKA of NSCL less the higher one of SCL and CE at the last epoch",
        ("duration",),
        "duration",
        source="ours",
        paper="0.555 - 0.608 on Mini-ImageNet near epoch 1,200",
    ),
    "accuracy_gap_and_temperature": ClaimSpec(
        "The accuracy gap of CL and NSCL shrinks as temperature rises.",
        "slope in log temperature of the linear probe's absolute gap, percentage points",
        ("temperature",),
        "accuracy_by_temperature",
    ),
    "accuracy_and_temperature": ClaimSpec(
        "CL's linear probe loses accuracy as temperature rises.",
        "slope of CL's linear-probe accuracy in log temperature, percentage points",
        ("temperature",),
        "accuracy_by_temperature",
    ),
    "merging": ClaimSpec(
        "The mean of CL's and NSCL's weights is as good an encoder as either.",
        "linear-probe accuracy at the middle less the mean of both ends, percentage points",
        ("merging",),
        "merging",
    ),
    "transformers": ClaimSpec(
        "With a vision transformer, too, NSCL follows CL better than SCL does.",
        f"CKA of NSCL less that of SCL, {_CLOSER}",
        ("encoders",),
        "encoders",
    ),
    "loss_gap_bound": ClaimSpec(
        "CL's loss exceeds NSCL's by no more than the predecessor's bound, and never falls below it.",
        "the smaller one of gap and bound less gap, over networks",
        ("classes", "temperature"),
        "loss_gap",
    ),
    "loss_gap_and_classes": ClaimSpec(
        "The loss gap falls with the number of classes.",
        "slope in log C' of CL's loss less NSCL's loss on the CL network",
        ("classes",),
        "loss_gap",
    ),
    "share_initialisation": ClaimSpec(
        "The initialisation must be shared.", _SHARED, ("randomness",), "randomness", source="ours"
    ),
    "share_batches": ClaimSpec("The batches must be shared.", _SHARED, ("randomness",), "randomness", source="ours"),
    "share_augmentations": ClaimSpec(
        "The augmentations must be shared.", _SHARED, ("randomness",), "randomness", source="ours"
    ),
    "theorem1_informative": ClaimSpec(
        "Theorem 1 as published is below what any two similarity matrices differ by.",
        "logarithm of the bound less that of 2N, over all runs and epochs",
        ("classes", "temperature", "batch"),
        "bounds.csv",
        source="ours",
    ),
    "similarity_descent": ClaimSpec(
        "Training stays within what similarity descent at its rates may drift.",
        "logarithm of the measured drift of features less that of the non-expansive bound",
        ("trajectory",),
        "bounds_over_steps",
        source="ours",
    ),
    "corollaries": ClaimSpec(
        "CKA and RSA are at least what corollaries 1 and 2 make of the measured drift.",
        "measured less promised, over all runs and epochs",
        ("trajectory", "classes", "temperature", "batch"),
        "bounds.csv",
    ),
    "sharper_corollaries": ClaimSpec(
        "They are at least the square roots of 1 - rho^2 and 1 - r^2.",
        "measured less promised, over all runs and epochs",
        ("trajectory", "classes", "temperature", "batch"),
        "bounds.csv",
        source="ours",
    ),
    "published_tiny_imagenet": ClaimSpec(
        "On Tiny-ImageNet NSCL stays at a CKA of 0.87 with CL.",
        "CKA on test images at the last epoch",
        ("trajectory",),
        "fig2_trajectory",
        paper="0.87",
    ),
}
