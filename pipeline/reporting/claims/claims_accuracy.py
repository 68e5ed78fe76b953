"""How good the features of CL and NSCL are: with labels, with temperature, and with merged weights."""

import pandas as pd

from pipeline.config.params import ClaimRule
from pipeline.reporting.claim import NEGATIVE, POSITIVE, Claim, Read, Values, by_data, difference, wide
from pipeline.reporting.slopes import slopes

PLACE = 4
PROBES = {"nccc": "nearest-class-centre", "lp": "linear-probe"}


def _gain(name: str, better: str, statement: str, control: str, rule: ClaimRule, paper: dict[str, str]) -> list[Claim]:
    """Accuracy of one twin less that of CL, by either probe."""

    def claim(probe: str) -> Claim:
        def gain(read: Read) -> Values:
            rows = read("probes")
            return by_data(
                rows[rows["probe"] == probe], lambda own: difference(own, better, "cl", "objective", "accuracy")
            )

        return Claim(
            name if probe == "nccc" else f"{name}_{probe}",
            f"{statement} ({probe.upper()}).",
            f"{PROBES[probe]} accuracy of {better} less that of cl, percentage points",
            control,
            gain,
            rule=rule,
            experiments=("table1",),
            reads=("probes",),
            evidence="table1.csv",
            source="paper" if paper else "ours",
            paper=paper.get(probe, "no number"),
        )

    return [claim(probe) for probe in PROBES]


def _gap(read: Read) -> Values:
    def of_seeds(rows: pd.DataFrame) -> list[float]:
        found = rows.pivot_table(index=["seed", "temperature"], columns="objective", values="accuracy").reset_index()
        if not {"cl", "nscl"} <= set(found):
            return []
        return slopes(found.assign(gap=(found["nscl"] - found["cl"]).abs()), "temperature", "gap")

    return by_data(read("probes").query("probe == 'lp'"), of_seeds, swept=("temperature",))


def _of_cl(read: Read) -> Values:
    rows = read("probes").query("probe == 'lp' and objective == 'cl'")
    return by_data(rows, lambda own: slopes(own, "temperature", "accuracy"), swept=("temperature",))


def _merging(read: Read) -> Values:
    def of_seeds(rows: pd.DataFrame) -> list[float]:
        found = wide(rows, "share", (0.0, 0.5, 1.0), "accuracy")
        return (found[0.5] - (found[0.0] + found[1.0]) / 2).tolist()

    return by_data(read("merging").query("probe == 'lp' and batch_norm == 'reestimated'"), of_seeds)


CLAIMS = (
    *_gain(
        "labels_help",
        "nscl",
        "NSCL's features are better than CL's",
        "shuffled_labels_do_not_help: the same gain from labels in another order",
        POSITIVE,
        {"nccc": "6.1 on CIFAR-10", "lp": "no number"},
    ),
    *_gain(
        "shuffled_labels_do_not_help",
        "nscl_shuffled",
        "With labels in another order NSCL's features gain less than one percentage point over CL's",
        "labels_help, of which this is the control",
        ClaimRule(below=1),
        {},
    ),
    Claim(
        "accuracy_gap_and_temperature",
        "The accuracy gap of CL and NSCL shrinks as temperature rises.",
        "slope in log temperature of the linear probe's absolute gap, percentage points",
        "accuracy_and_temperature: a gap also shrinks where both lose what they had",
        _gap,
        rule=NEGATIVE,
        experiments=("temperature",),
        reads=("probes",),
        evidence="accuracy_by_temperature",
    ),
    Claim(
        "accuracy_and_temperature",
        "CL's linear probe loses accuracy as temperature rises.",
        "slope of CL's linear-probe accuracy in log temperature, percentage points",
        "the gate, at every temperature: no accuracy is lost where none was gained",
        _of_cl,
        rule=NEGATIVE,
        experiments=("temperature",),
        reads=("probes",),
        evidence="accuracy_by_temperature",
    ),
    Claim(
        "merging",
        "The mean of CL's and NSCL's weights is as good an encoder as either, within two percentage points.",
        "linear-probe accuracy at the middle less the mean of both ends, batch norm estimated anew, percentage points",
        "the gate; and batch norm estimated anew at every share, so that no merged statistics stand in the way",
        _merging,
        rule=ClaimRule(above=-2),
        experiments=("merging",),
        reads=("merging",),
        evidence="merging",
    ),
)
