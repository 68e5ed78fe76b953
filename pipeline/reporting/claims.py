"""Each claim's quantity, measured once for every seed, and the verdict by a rule that was fixed before."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from pipeline.params import ClaimRule
from pipeline.reporting.intervals import over_seeds
from pipeline.reporting.reading import Read
from pipeline.reporting.registry import CLAIMS
from pipeline.reporting.tables import NOT_RUN
from pipeline.reporting.trends import at_equal_steps, slopes

HOLDS, FAILS, UNDECIDED = "holds", "fails", "undecided"
COLUMNS = (
    *("claim", "statement", "source", "data", "quantity", "n", "mean", "ci_low", "ci_high"),
    *("smallest", "largest", "rule", "verdict", "paper", "evidence"),
)
LATE = 8  # epochs: past the dip in which twins leave their common initialisation
Values = dict[str, list[float]]  # data -> one value a seed


def claims(rules: Mapping[str, ClaimRule], read: Callable[[Sequence[str]], Read], run: Sequence[str]) -> pd.DataFrame:
    """One row per claim that has a rule, and data; `read` takes names of experiments, `run` lists those there are."""
    rows: list[dict[str, Any]] = []
    for name, rule in rules.items():
        spec = CLAIMS[name]
        shared = {
            "claim": name,
            "statement": spec.statement,
            "source": spec.source,
            "quantity": spec.quantity,
            "rule": rule_text(rule),
            "paper": spec.paper or "no number",
            "evidence": spec.evidence,
        }
        found = QUANTITIES[name](read(spec.experiments)) if set(spec.experiments) <= set(run) else {}
        for data, values in found.items():
            interval = over_seeds(values)
            rows.append(
                {
                    **shared,
                    "data": data,
                    "n": interval.n,
                    "mean": interval.mean,
                    "ci_low": math.nan if rule.each else interval.low,
                    "ci_high": math.nan if rule.each else interval.high,
                    "smallest": min(values),
                    "largest": max(values),
                    "verdict": verdict(values, rule),
                }
            )
        if not found:
            rows.append({**shared, "data": "none", "n": 0, "verdict": NOT_RUN})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def verdict(values: Sequence[float], rule: ClaimRule) -> str:
    """By the 95 % interval of the mean over seeds, or by every single value; one seed alone decides nothing."""
    if any(math.isnan(value) for value in values):
        return UNDECIDED
    sign, limit = (1.0, rule.above) if rule.above is not None else (-1.0, rule.below)
    assert limit is not None  # a rule has one side
    if rule.each:
        return HOLDS if all(sign * (value - limit) >= 0 for value in values) else FAILS
    interval = over_seeds(values)
    low, high = sorted((sign * (interval.low - limit), sign * (interval.high - limit)))
    return HOLDS if low > 0 else FAILS if high < 0 else UNDECIDED


def rule_text(rule: ClaimRule) -> str:
    side = f"above {rule.above:g}" if rule.above is not None else f"below {rule.below:g}"
    return f"every value {side}" if rule.each else f"interval {side}"


def _by_data(rows: pd.DataFrame, values: Callable[[pd.DataFrame], list[float]]) -> Values:
    groups = rows.groupby(["dataset", "classes"], sort=False, dropna=False)
    return {f"{dataset}, C = {classes}": values(group) for (dataset, classes), group in groups}


def _by_dataset(rows: pd.DataFrame, values: Callable[[pd.DataFrame], list[float]]) -> Values:
    """Where the number of classes is what is swept."""
    return {str(dataset): values(group) for dataset, group in rows.groupby("dataset", sort=False)}


def _last(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["epoch"] == rows["epochs"]]


def _with_cl(read: Read, kind: str = "alignment") -> pd.DataFrame:
    rows = read(kind).query("first == 'cl'")
    return rows.query("split == 'test'") if "split" in rows else rows


def _nscl(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["second"] == "nscl"]


def _wide(rows: pd.DataFrame, measure: str, names: str = "second") -> pd.DataFrame:
    """One row a seed, one column an objective."""
    return rows.pivot_table(index="seed", columns=names, values=measure)


def _stays(measure: str) -> Callable[[Read], Values]:
    return lambda read: _by_data(_last(_nscl(_with_cl(read))), lambda rows: rows[measure].tolist())


def _throughout(read: Read) -> Values:
    return _by_data(_nscl(_with_cl(read)), lambda rows: rows.groupby("seed")["cka"].min().tolist())


def _less(measure: str, first: str, second: str, kind: str = "alignment") -> Callable[[Read], Values]:
    def difference(rows: pd.DataFrame) -> list[float]:
        wide = _wide(rows, measure)
        return (wide[first] - wide[second]).tolist()

    return lambda read: _by_data(_last(_with_cl(read, kind)), difference)


def _closer_than_another_seed(read: Read) -> Values:
    """Of each seed: its twin, less the mean over the pairs that it takes part in."""
    ceiling = read("ceiling").query("split == 'test'")

    def difference(rows: pd.DataFrame) -> list[float]:
        run = rows.iloc[0]
        pairs = ceiling[(ceiling["dataset"] == run["dataset"]) & (ceiling["classes"] == run["classes"])]
        pairs = pairs[pairs["epoch"] == run["epochs"]]
        found = []
        for seed, cka in zip(rows["seed"], rows["cka"], strict=True):
            own = pairs[(pairs["first_seed"] == seed) | (pairs["second_seed"] == seed)]
            found.append(float(cka - own["cka"].mean()))
        return found

    return _by_data(_last(_nscl(_with_cl(read))), difference)


def _weights_turn_more(read: Read) -> Values:
    rows = _last(_nscl(_with_cl(read, "weights")))
    return _by_data(rows, lambda own: (own["weight_angle"] - own["representation_angle"]).tolist())


def _weights_drift(read: Read) -> Values:
    def growth(rows: pd.DataFrame) -> list[float]:
        wide = _wide(rows[rows["epoch"] > 0], "weight_gap", "epoch")
        return (wide[wide.columns[-1]] - wide[wide.columns[0]]).tolist()

    return _by_data(_nscl(_with_cl(read, "weights")), growth)


def _labels_help(read: Read) -> Values:
    def difference(rows: pd.DataFrame) -> list[float]:
        wide = _wide(rows, "accuracy", "objective")
        return (wide["nscl"] - wide["cl"]).tolist()

    return _by_data(read("probes").query("probe == 'nccc'"), difference)


def _slope_of_cka(swept: str) -> Callable[[Read], Values]:
    return lambda read: _by_dataset(_last(_nscl(_with_cl(read))), lambda rows: slopes(rows, swept, "cka"))


def _more_classes_steps(read: Read) -> Values:
    rows = read("bounds").query("split == 'test'")
    return _by_dataset(rows, lambda own: slopes(at_equal_steps(own, "classes"), "classes", "cka"))


def _smaller_batches(read: Read) -> Values:
    rows = _last(_nscl(_with_cl(read))).query("learning_rate_rule == 'linear'")
    return _by_data(rows, lambda own: slopes(own, "batch_size", "cka"))


def _gentler_published(read: Read) -> Values:
    def difference(rows: pd.DataFrame) -> list[float]:
        wide = _wide(rows, "cka", "learning_rate_rule")
        return (wide["sqrt_published"] - wide["linear"]).tolist()

    return _by_data(_last(_nscl(_with_cl(read))).query("batch_size == 256"), difference)


def _gentler_normalised(read: Read) -> Values:
    def difference(rows: pd.DataFrame) -> list[float]:
        linear = rows.query("learning_rate_rule == 'linear'")
        at_256 = linear.query("batch_size == 256")  # where both rules are one
        sqrt = pd.concat([rows.query("learning_rate_rule == 'sqrt'"), at_256])
        linear = linear[linear["batch_size"].isin(sqrt["batch_size"])]
        pairs = zip(slopes(sqrt, "batch_size", "cka"), slopes(linear, "batch_size", "cka"), strict=True)
        return [gentle - full for gentle, full in pairs]

    return _by_data(_last(_nscl(_with_cl(read))), difference)


def _longer_training(read: Read) -> Values:
    late = _nscl(_with_cl(read)).query(f"epoch >= {LATE}")
    return _by_data(late, lambda rows: slopes(rows, "epoch", "cka"))


def _order_kept_late(read: Read) -> Values:
    def difference(rows: pd.DataFrame) -> list[float]:
        wide = _wide(rows, "cka")
        return (wide["nscl"] - wide[["scl", "ce"]].max(axis=1)).tolist()

    return _by_data(_last(_with_cl(read)), difference)


def _accuracy_gap(read: Read) -> Values:
    def slope(rows: pd.DataFrame) -> list[float]:
        wide = rows.pivot_table(index=["seed", "temperature"], columns="objective", values="accuracy").reset_index()
        return slopes(wide.assign(gap=(wide["nscl"] - wide["cl"]).abs()), "temperature", "gap")

    return _by_data(read("probes").query("probe == 'lp'"), slope)


def _accuracy(read: Read) -> Values:
    rows = read("probes").query("probe == 'lp' and objective == 'cl'")
    return _by_data(rows, lambda own: slopes(own, "temperature", "accuracy"))


def _merging(read: Read) -> Values:
    def difference(rows: pd.DataFrame) -> list[float]:
        wide = _wide(rows, "accuracy", "share")
        return (wide[0.5] - (wide[0.0] + wide[1.0]) / 2).tolist()

    return _by_data(read("merging").query("probe == 'lp'"), difference)


def _loss_gap_bound(read: Read) -> Values:
    rows = read("loss_gap")
    slack = pd.concat([rows["gap"], rows["bound"] - rows["gap"]], axis=1).min(axis=1)
    return _by_dataset(rows.assign(slack=slack), lambda own: own["slack"].tolist())


def _loss_gap_and_classes(read: Read) -> Values:
    rows = read("loss_gap").query("objective == 'cl'")
    return _by_dataset(rows, lambda own: slopes(own, "classes", "gap"))


def _sharing(part: str) -> Callable[[Read], Values]:
    everything = "initialisation+batches+augmentations"
    without = "+".join(name for name in everything.split("+") if name != part)

    def difference(rows: pd.DataFrame) -> list[float]:
        wide = _wide(rows, "cka", "shared")
        return (wide[everything] - wide[without]).tolist()

    return lambda read: _by_data(_last(_nscl(_with_cl(read))), difference)


def _theorem1(read: Read) -> Values:
    rows = read("bounds")
    beyond = rows["theorem1_published_log"] - (2 * rows["rows"]).map(math.log)
    return _by_dataset(rows.assign(beyond=beyond), lambda own: own["beyond"].tolist())


def _similarity_descent(read: Read) -> Values:
    rows = read("bounds").dropna(subset="nonexpansive_log")
    return _by_data(rows, lambda own: (own["drift_log"] - own["nonexpansive_log"]).tolist())


def _corollaries(first: str, second: str) -> Callable[[Read], Values]:
    def slack(rows: pd.DataFrame) -> list[float]:
        return [*(rows["cka"] - rows[f"cka_{first}"]), *(rows["rsa"] - rows[f"rsa_{second}"])]

    return lambda read: _by_dataset(read("bounds"), slack)


def _published_tiny_imagenet(read: Read) -> Values:
    rows = _last(_nscl(_with_cl(read))).query("dataset == 'tiny_imagenet' and classes == 200")
    return _by_data(rows, lambda own: own["cka"].tolist())


QUANTITIES: dict[str, Callable[[Read], Values]] = {
    "stays_aligned": _stays("cka"),
    "stays_aligned_rsa": _stays("rsa"),
    "aligned_throughout": _throughout,
    "nscl_closer_than_scl": _less("cka", "nscl", "scl"),
    "nscl_closer_than_ce": _less("cka", "nscl", "ce"),
    "nscl_closer_than_scl_rsa": _less("rsa", "nscl", "scl"),
    "nscl_closer_than_ce_rsa": _less("rsa", "nscl", "ce"),
    "closer_than_another_seed": _closer_than_another_seed,
    "weights_turn_more": _weights_turn_more,
    "weights_drift": _weights_drift,
    "weights_of_scl_further": _less("weight_gap", "scl", "nscl", "weights"),
    "labels_help": _labels_help,
    "more_classes_epochs": _slope_of_cka("classes"),
    "more_classes_steps": _more_classes_steps,
    "higher_temperature": _slope_of_cka("temperature"),
    "smaller_batches": _smaller_batches,
    "gentler_rules_published": _gentler_published,
    "gentler_rules_normalised": _gentler_normalised,
    "longer_training": _longer_training,
    "order_kept_late": _order_kept_late,
    "accuracy_gap_and_temperature": _accuracy_gap,
    "accuracy_and_temperature": _accuracy,
    "merging": _merging,
    "transformers": _less("cka", "nscl", "scl"),
    "loss_gap_bound": _loss_gap_bound,
    "loss_gap_and_classes": _loss_gap_and_classes,
    "share_initialisation": _sharing("initialisation"),
    "share_batches": _sharing("batches"),
    "share_augmentations": _sharing("augmentations"),
    "theorem1_informative": _theorem1,
    "similarity_descent": _similarity_descent,
    "corollaries": _corollaries("corollary1", "corollary2"),
    "sharper_corollaries": _corollaries("sharp", "sharp"),
    "published_tiny_imagenet": _published_tiny_imagenet,
}
