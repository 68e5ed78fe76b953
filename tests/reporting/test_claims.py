import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipeline.config.base import SettingsError, parse
from pipeline.config.params import ClaimRule, Params
from pipeline.config.run import Run
from pipeline.jobs.chain import STAGES, stage_of
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout
from pipeline.reporting.claim_definition import setting_labels, settings_of
from pipeline.reporting.claims import CLAIMS, runs_of
from pipeline.reporting.learned import learned
from pipeline.reporting.measured import labelled
from pipeline.reporting.measured_tables import reader
from pipeline.reporting.seed_intervals import Interval
from pipeline.reporting.verdicts import by_claim, claims_table, verdict
from pipeline.stages.claims import run as claims_stage
from pipeline.system.files import write_csv
from tests.reporting.planted import of_run, swept, value_of
from tests.reporting.planted_claims import SOME, alignment, floored, movement, planted, probes, weights

SEEDS = (0, 1)


@pytest.mark.parametrize(
    ("mean", "rule", "p", "expected"),
    [
        (0.95, ClaimRule(above=0.9), 0.049, "holds"),
        (0.95, ClaimRule(above=0.99), 0.049, "fails"),
        (0.95, ClaimRule(above=0.9), 0.05, "undecided"),
        (0.95, ClaimRule(above=0.9), math.nan, "undecided"),  # one seed has no test
        (-1.0, ClaimRule(below=0.0), 0.001, "holds"),
        (1.0, ClaimRule(below=0.0), 0.001, "fails"),
        (math.nan, ClaimRule(above=0.0), math.nan, "undecided"),
        (0.3, ClaimRule(within=0.5), 0.049, "holds"),
        (0.4, ClaimRule(within=0.5), 0.051, "undecided"),
        (0.7, ClaimRule(within=0.5), 0.6, "undecided"),  # the interval below ends at 0.5
        (0.71, ClaimRule(within=0.5), 0.6, "fails"),
        (-0.71, ClaimRule(within=0.5), 0.6, "fails"),
    ],
)
def test_a_verdict_follows_its_rule(mean, rule, p, expected):
    assert verdict(Interval(mean, mean - 0.2, mean + 0.2, 5), rule, p) == expected


def tables(*runs, seeds=SEEDS):
    """kind -> rows of runs given as (fields, kind -> rows), alike for all seeds."""
    return planted(lambda seed: [(fields, dict(kinds)) for fields, kinds in runs], seeds)


def values(name, found, **options):
    """By data, as it stands in the table."""
    measured = CLAIMS[name].measure(found.__getitem__, **options)
    named = setting_labels(list(measured))
    return {named[data]: own for data, own in measured.items()}


def rows_of(names, found, late_path_length=1.0):
    """Rows of some claims, all measured on the same tables."""
    rules = {name: CLAIMS[name].rule for name in names}
    return claims_table(CLAIMS, rules, lambda claim: found.__getitem__, {"late_path_length": late_path_length})


def test_settings_of_one_dataset_do_not_count_as_seeds():
    found = tables(
        ({}, {"alignment": alignment(nscl=0.9, scl=0.7)}),
        ({"trust_coefficient": 0.05}, {"alignment": alignment(nscl=0.9, scl=0.8)}),
        ({"classes": 2}, {"alignment": alignment(nscl=0.9, scl=0.6)}),
    )
    expected = {
        "digits, C = 10, trust_coefficient = 0.001": 0.2,
        "digits, C = 10, trust_coefficient = 0.05": 0.1,
        "digits, C = 2": 0.3,
    }
    measured = values("nscl_closer_than_scl", found)
    assert {data: own == pytest.approx([expected[data]] * 2) for data, own in measured.items()} == dict.fromkeys(
        expected, True
    )
    table = rows_of(["nscl_closer_than_scl"], found)
    assert table["n"].tolist() == [2, 2, 2]
    assert by_claim(table)["verdict"].tolist() == ["undecided"]  # one claim, however many rows; of two seeds


def test_what_a_table_on_disk_says_of_a_setting_is_what_the_run_says(tmp_path):
    run = Run(dataset="digits", classes=None, shared=(), seed=1)
    labelled_here = labelled(run, pd.DataFrame({"x": [1.0]}))
    write_csv(tmp_path / "table.csv", labelled_here)
    ((here, _),) = settings_of(labelled_here)
    ((there, _),) = settings_of(pd.read_csv(tmp_path / "table.csv"))
    assert here == there
    assert len(here.rows(pd.read_csv(tmp_path / "table.csv"))) == 1


FAMILY = {  # twin -> its mean and spread over seeds; NSCL is compared with it, at 0.5
    "scl": (0.48, 0.03),
    "ce": (0.45, 0.03),
    "cl_independent": (0.47, 0.02),
    "nscl_shuffled": (0.52, 0.02),
    "cl_perturbed": (0.45, 0.001),
}
PAIRS = {
    "nscl_closer_than_scl": ("nscl", "scl"),
    "nscl_closer_than_ce": ("nscl", "ce"),
    "sharing_adds": ("cl_perturbed", "cl_independent"),
    "stays_aligned": ("nscl", "cl_independent"),
    "labels_have_own_effect": ("nscl", "nscl_shuffled"),
}
PRIMARY = ("nscl_closer_than_scl", "nscl_closer_than_ce", "sharing_adds")
SECONDARY = ("stays_aligned", "stays_aligned_rsa", "labels_have_own_effect", "labels_have_own_effect_rsa")


def family(seeds=range(5), spread=1.0):
    """Table of claims on made-up runs, whose similarities differ by seed; RSA has twice the spread of CKA."""
    rng = np.random.default_rng(7)
    found = tables(
        ({}, {"alignment": alignment(nscl=0.5, **{twin: mean for twin, (mean, _) in FAMILY.items()})}), seeds=seeds
    )
    rows = found["alignment"]
    scale = rows["second"].map({twin: noise for twin, (_, noise) in FAMILY.items()}).fillna(0.0)
    rows["value"] += spread * scale * rng.normal(size=len(rows)) * rows["measure"].map({"cka": 1, "rsa": 2})
    names = [f"{name}{end}" for name in PRIMARY for end in ("", "_rsa")]
    return rows_of([*names, *SECONDARY], found).set_index("claim"), rows.set_index(["measure", "second", "seed"])[
        "value"
    ]


def test_two_families_have_their_own_corrections_and_rsa_waits_for_cka():
    """By scipy's test, Bonferroni's of every set of the primary claims, and the rate's definition for the others."""
    table, values = family()

    def p_of(name):
        first, second = PAIRS[name.removesuffix("_rsa")]
        similarities = values["rsa" if name.endswith("_rsa") else "cka"]
        return stats.ttest_1samp(similarities[first] - similarities[second], 0).pvalue

    assert table["p_value"].to_dict() == pytest.approx({name: p_of(name) for name in table.index})
    p = {name: p_of(name) for name in PRIMARY}
    sets = [chosen for n in (1, 2, 3) for chosen in itertools.combinations(p, n)]
    for name in PRIMARY:
        bound = max(min(1.0, len(chosen) * min(p[other] for other in chosen)) for chosen in sets if name in chosen)
        assert table.loc[name, "p_adjusted"] == pytest.approx(bound)
    ranked = sorted(p_of(name) for name in SECONDARY)
    for name in SECONDARY:
        larger = [(rank, q) for rank, q in enumerate(ranked, start=1) if q >= p_of(name)]
        assert table.loc[name, "p_adjusted"] == pytest.approx(min(1.0, *(q * len(ranked) / rank for rank, q in larger)))
    assert set(table.loc[[*PRIMARY], "verdict"]) == {"holds", "undecided"}  # both cases are there
    for name in PRIMARY:
        by_rsa = table.loc[f"{name}_rsa"]
        if table.loc[name, "verdict"] == "undecided":
            assert (by_rsa["verdict"], math.isnan(by_rsa["p_adjusted"])) == ("undecided", True)
        else:
            assert by_rsa["p_adjusted"] == by_rsa["p_value"]
            assert by_rsa["verdict"] == ("holds" if by_rsa["p_value"] < 0.05 else "undecided")


@pytest.mark.parametrize("shift", [0.0, 0.004, -0.006, 0.02])
def test_a_mean_within_the_margin_is_equivalent_by_two_one_sided_tests(shift):
    values = 0.5 + shift + 0.004 * np.random.default_rng(3).normal(size=6)
    found = planted(lambda v: [({}, {"alignment": alignment(nscl=v, cl_independent=0.5, nscl_shuffled=0.5)})], values)
    (row,) = rows_of(["stays_aligned"], found).to_dict("records")
    sides = ((-0.01, "greater"), (0.01, "less"))
    expected = max(stats.ttest_1samp(values - 0.5, edge, alternative=side).pvalue for edge, side in sides)
    assert row["p_equivalent"] == pytest.approx(expected)
    assert (row["verdict"] == "equivalent") == (row["p_value"] >= 0.05 and expected < 0.05)
    (row,) = claims_table(
        CLAIMS, {"stays_aligned": ClaimRule(within=0.02)}, lambda claim: found.__getitem__, {}
    ).to_dict("records")
    expected = max(stats.ttest_1samp(values - 0.5, 2 * edge, alternative=side).pvalue for edge, side in sides)
    assert (row["p_value"], row["margin"], row["rule"]) == (pytest.approx(expected), 0.02, "mean within 0.02 of 0")


def test_few_seeds_have_no_interval_and_decide_no_primary_claim():
    for seeds in (2, 3, 4):
        table, _ = family(range(seeds), spread=0.1)
        assert (table["n"] == seeds).all()
        assert table["p_value"].notna().all()
        assert table[["ci_low", "ci_high"]].isna().all(axis=None) == (seeds < 4)
        assert table.loc[[*PRIMARY], "p_adjusted"].isna().all() == (seeds < 4)
        assert (set(table.loc[[*PRIMARY], "verdict"]) == {"undecided"}) == (seeds < 4)


def sweep(field, learned_at, name):
    """Row of a claim on runs at several values of a field, in which CL has these accuracies."""
    runs = [
        (
            {field: x},
            {
                "alignment": floored(x / 20, 0.4),
                "movement": movement(),
                "probes": probes(cl=cl) if isinstance(cl, float) else cl,
            },
        )
        for x, cl in learned_at.items()
    ]
    (row,) = rows_of([name], tables(*runs)).to_dict("records")
    return row


@pytest.mark.parametrize(("field", "name"), [("temperature", "higher_temperature"), ("classes", "more_classes_steps")])
def test_settings_that_did_not_learn_are_left_out_of_a_slope_and_named(field, name):
    """Raw pixels have 70 by both probes, the untrained network 60."""
    by_nccc, by_lp = (
        [{**r, "accuracy": 65.0} if r["probe"] == p else r for r in probes(cl=80.0)] for p in ("nccc", "lp")
    )
    row = sweep(field, {2: 80.0, 4: 80.0, 10: 80.0}, name)
    assert row["mean"] == pytest.approx(np.polyfit(np.log([2, 4, 10]), np.array([2, 4, 10]) / 20, 1)[0])
    assert (row["left_out"], row["verdict"]) == ("", "holds")
    for lost in (by_nccc, by_lp):
        row = sweep(field, {2: 80.0, 4: lost, 10: 80.0}, name)
        assert row["mean"] == pytest.approx((10 - 2) / 20 / math.log(5))
        assert "4" in row["left_out"].replace("10", "")
        assert sweep(field, {2: lost, 10: 80.0}, name)["verdict"] == "not learned"  # one point has no slope


@pytest.mark.parametrize("twin", ["scl", "ce"])
def test_a_supervised_network_has_learned_where_its_classes_are_closer_than_cl_s(twin):
    """By the nearest class centre, as it reads the labels; by the linear probe it need not beat CL."""
    for nccc, lp, expected in ((81.0, 75.0, "holds"), (79.0, 95.0, "not learned"), (81.0, 65.0, "not learned")):
        rows = [{**row, "accuracy": lp if row["probe"] == "lp" else nccc} for row in probes(**{twin: nccc})]
        kinds = {"alignment": alignment(nscl=0.9, **{twin: 0.5}), "probes": [*probes(cl=80.0), *rows[2:]]}
        (row,) = rows_of([f"nscl_closer_than_{twin}"], tables(({}, kinds), seeds=range(4))).to_dict("records")
        assert row["verdict"] == expected, (nccc, lp)


@pytest.mark.parametrize("probe", ["nccc", "lp"])
@pytest.mark.parametrize(
    ("untrained", "pixels", "expected"), [(79, 79, True), (81, 70, False), (60, 81, False), (80, 70, False)]
)
def test_both_baselines_are_to_be_beaten_by_both_probes(probe, untrained, pixels, expected):
    found = tables(({}, {"alignment": alignment(nscl=0.9, scl=0.5)}))
    for kind, baseline, accuracy in (("probes", "untrained", untrained), ("baselines", "raw_pixels", pixels)):
        rows = found[kind]
        rows.loc[(rows["objective"] == baseline) & (rows["probe"] == probe), "accuracy"] = accuracy
    (setting,) = CLAIMS["nscl_closer_than_scl"].measure(found.__getitem__)
    assert learned(found.__getitem__, setting) == expected


@pytest.mark.parametrize(("other", "expected"), [(65.0, True), (59.0, False)])
def test_accuracies_are_compared_as_means_over_seeds(other, expected):
    """CL is above raw pixels, 70, with one seed and below with the other."""
    found = planted(lambda cl: [({}, {"probes": probes(cl=cl)})], [80.0, other])
    ((setting, _),) = settings_of(found["probes"])
    assert learned(found.__getitem__, setting) == expected


def test_nothing_counts_as_learned_where_a_baseline_is_missing():
    found = tables(({}, {"alignment": alignment(nscl=0.9, scl=0.5)}))
    found["probes"] = found["probes"].query("objective != 'untrained'")
    assert rows_of(["nscl_closer_than_scl"], found)["verdict"].tolist() == ["not learned"]


def test_a_lead_at_every_epoch_is_tested_at_the_least_certain_one():
    """Berger's intersection-union test: the largest of the one-sided p, twice."""
    leads = {1: [0.05, 0.06, 0.07, 0.05, 0.06], 2: [0.02, 0.05, 0.01, 0.04, 0.03], 3: [0.2, 0.01, 0.1, 0.09, 0.05]}

    def plant(leads):
        def of_seed(seed):
            kept = [
                row
                for e, by_seed in leads.items()
                for row in alignment(e, nscl=0.8 + by_seed[seed], cl_independent=0.8)
            ]
            return [({"epochs": 3}, {"alignment": [*alignment(0, nscl=1.0, cl_independent=1.0), *kept]})]

        tables = planted(of_seed, range(5))
        (row,) = rows_of(["aligned_throughout"], tables).to_dict("records")
        return row

    p = {e: stats.ttest_1samp(values, 0, alternative="greater").pvalue for e, values in leads.items()}
    row = plant(leads)
    worst = max(p, key=p.__getitem__)
    assert worst == 3  # not that of the smallest mean
    assert row["p_value"] == pytest.approx(2 * p[worst])
    assert row["mean"] == pytest.approx(np.mean(leads[worst]))
    assert row["verdict"] == "holds"
    row = plant({**leads, 2: [-0.02, -0.05, -0.01, -0.04, -0.03]})
    assert (row["verdict"], row["p_value"]) == ("undecided", 1.0)
    assert row["mean"] == pytest.approx(-0.03)


@pytest.mark.parametrize(
    ("claim", "message"), [("of_nothing", "expected one of label_contrast"), ("aligned_throughout", "no other rule")]
)
def test_a_rule_of_no_claim_or_of_one_that_has_its_own_is_refused(claim, message):
    settings = {"experiments": {}, "claims": {claim: {"above": 0.1}}}
    with pytest.raises(SettingsError, match=message):
        STAGES["claims"].job(plan(parse(Params, settings, "settings")), "")


def test_a_sweep_without_its_floor_has_no_value():
    runs = [({"temperature": t}, {"alignment": alignment(nscl=t / 2)}) for t in (0.5, 1.0)]
    assert rows_of(["higher_temperature"], tables(*runs))["verdict"].tolist() == ["not run"]
    runs += [({"temperature": t}, {"alignment": floored(t, 0.2)}) for t in (0.1, 0.2)]
    (row,) = rows_of(["higher_temperature"], tables(*runs)).to_dict("records")
    assert row["mean"] == pytest.approx(0.1 / math.log(2))


def test_classes_are_compared_at_equal_steps_and_at_equal_epochs():
    def run(classes, epochs, steps, cka):
        kinds = {"alignment": floored(cka - 0.3, 0.3, epochs), "movement": movement(epochs, steps=steps)}
        return {"classes": classes, "epochs": epochs}, {**kinds, "loss_gap": [{"objective": "cl", "gap": cka}]}

    found = tables(run(100, 7, 546, 0.9), run(10, 7, 49, 0.8), run(10, 78, 546, 0.6), run(2, 500, 500, 0.5))
    (slopes,) = values("more_classes_epochs", found).values()
    assert slopes == pytest.approx([0.1 / math.log(10)] * 2)
    at_equal_steps = pd.Series({100: 0.9, 10: 0.6, 2: 0.5})  # 500 steps are as many as 546
    log = pd.Series(at_equal_steps.index, at_equal_steps.index).map(math.log)
    for name, measured in (
        ("more_classes_steps", at_equal_steps - 0.3),
        ("loss_gap_and_classes", at_equal_steps.map(math.log)),
    ):
        (slopes,) = values(name, found).values()
        assert slopes == pytest.approx([log.cov(measured) / log.var()] * 2)


def test_rules_are_compared_by_their_slopes_from_the_run_they_share():
    cells = (("linear", 64, 0.8), ("linear", 128, 0.1), ("linear", 256, 0.9), ("sqrt", 64, 0.85))
    runs = [
        ({"learning_rate_rule": rule, "batch_size": batch}, {"alignment": floored(cka - batch / 1024, batch / 1024)})
        for rule, batch, cka in cells
    ]
    (found,) = values("gentler_rules_normalised", tables(*runs)).values()
    above = {(rule, batch): cka - batch / 1024 for rule, batch, cka in cells}  # 128 has no counterpart
    by_rule = [above["linear", 256] - above[rule, 64] for rule in ("sqrt", "linear")]
    assert found == pytest.approx([(by_rule[0] - by_rule[1]) / math.log(4)] * 2)


def test_doses_of_true_labels_are_held_against_the_same_doses_of_shuffled_ones():
    twins = {"nscl_partial_25": 0.9, "nscl_partial_50": 0.8, "nscl_partial_75": 0.7, "nscl": 0.6}
    shuffled = {
        "nscl_shuffled_partial_25": 0.95,
        "nscl_shuffled_partial_50": 0.9,
        "nscl_shuffled_partial_75": 0.85,
        "nscl_shuffled": 0.8,
    }
    (found,) = values(
        "label_fraction_less_shuffled", tables(({}, {"alignment": alignment(**twins, **shuffled, cl_independent=0.1)}))
    ).values()
    assert found == pytest.approx([-0.4 + 0.2] * 2)


def test_what_is_not_promised_is_not_broken():
    row = {"cka": 0.9, "rsa": 0.8, "cka_corollary1": 0.5, "rsa_corollary2": 0.85, "rows": 50}
    promised = {**row, "theorem1_published_log": 1.0, "drift_log": 1.0, "nonexpansive_log": 2.0}
    nothing = {**row, **dict.fromkeys(("rsa_corollary2", "theorem1_published_log", "nonexpansive_log"), math.nan)}
    found = tables(({}, {"bounds": [promised, {**nothing, "drift_log": 1.0}]}), seeds=(0,))
    assert values("corollaries", found) == {"digits": pytest.approx([0.4, 0.4, -0.05])}
    (own,) = values("theorem1_informative", found).values()
    assert own == pytest.approx([1 - math.log(math.sqrt(2) * 50)])


def test_twins_that_were_not_trained_leave_a_claim_without_data():
    twins = {"nscl": 0.9, "mine.loss": 0.95}
    found = tables(({}, {"alignment": alignment(**twins), "weights": weights(nscl=(1, 50, 20))}))
    names = [
        "nscl_closer_than_scl",
        "order_kept_late",
        "stays_aligned",
        "label_fraction_less_shuffled",
        "chaos",
        "weights_turn_more",
    ]
    assert rows_of(names, found)["verdict"].tolist() == ["not run"] * 5 + ["holds"]


def test_late_training_begins_where_the_settings_say():
    rows = [row for epoch, above in ((0, 0.0), (1, 0.1), (2, 0.8)) for row in floored(above, 0.2 - epoch / 20, epoch)]
    moved = [row for epoch, path in ((0, 0.0), (1, 1.5), (2, 3.0)) for row in movement(epoch, path_length=path)]
    found = tables(({}, {"alignment": rows, "movement": moved}))
    (row,) = rows_of(["longer_training"], found, late_path_length=1.5).to_dict("records")
    assert row["mean"] == pytest.approx(0.7 / math.log(2))
    assert "from 1.5 on" in row["quantity"]
    assert rows_of(["longer_training"], found, late_path_length=2.0)["verdict"].tolist() == [
        "not run"
    ]  # one point has no slope


def test_the_table_says_what_was_measured_and_what_was_not():
    found = planted(lambda v: [({}, {"alignment": alignment(nscl=v, cl_independent=0.5)})], [0.6, 0.601, 0.602])
    rules = {name: CLAIMS[name].rule for name in ("stays_aligned", "share_batches", "published_tiny_imagenet")}
    there = {"trajectory"}  # but not on Tiny-ImageNet
    table = claims_table(CLAIMS, rules, lambda c: found.__getitem__ if set(c.experiments) <= there else None, {})
    table = table.set_index("claim")
    assert table.loc["stays_aligned", "verdict"] == "holds"
    assert table.loc["stays_aligned", "mean"] == pytest.approx(0.101, abs=1e-6)
    assert table.loc["stays_aligned", "rule"] == "mean above 0"
    assert table.loc["share_batches", ["verdict", "n", "data"]].tolist() == ["not run", 0, "none"]
    assert table.loc["published_tiny_imagenet", "verdict"] == "not run"


def test_a_claim_is_counted_once():
    rows = [("a", "holds"), ("a", "fails"), ("b", "holds"), ("b", "holds"), ("c", "not run")]
    table = pd.DataFrame([{"claim": c, "kind": "secondary", "source": "ours", "verdict": v} for c, v in rows])
    assert dict(by_claim(table)[["claim", "verdict"]].to_numpy()) == {
        "a": "differs by data",
        "b": "holds",
        "c": "not run",
    }


def test_every_claim_is_measured_on_its_own_runs_of_the_files_that_the_workflow_hands_over(tmp_path):
    grids = {
        "trajectory": {"seed": [0, 1, 2], "subset_seed": 0},
        "temperature": {"temperature": [1.0, 0.1]},
        "classes": {"classes": [10, 2]},
    }
    some = {"dataset": "digits", "epochs": 2, "warmup_epochs": 0, "seed": [1, 0]}
    experiments = {name: {"grid": [{**some, **grid}]} for name, grid in grids.items()}
    rules = {"published_tiny_imagenet": {"above": 0.5}}
    asked = plan(parse(Params, {"experiments": experiments, "claims": rules}, "settings"))
    job, layout = STAGES["claims"].job(asked, ""), Layout(tmp_path, tmp_path)
    inputs = {}
    for kind, subjects in STAGES["claims"].reads(job).items():
        inputs[kind] = [layout.place(stage_of(kind), subject).outputs[kind] for subject in subjects]
        for path, subject in zip(inputs[kind], subjects, strict=True):
            table = swept(kind, runs=asked.requests) if not subject else of_run(kind, _run_of(kind, subject))
            write_csv(path, table)
    claims_stage(job, inputs, {"claims": tmp_path / "found.csv"})
    table = pd.read_csv(tmp_path / "found.csv").set_index("claim")
    assert list(dict.fromkeys(table.index)) == list(CLAIMS)
    first, *_, last = map(value_of, asked.experiments["trajectory"])
    found = table.loc["aligned_beyond_initialisation", ["n", "smallest", "largest"]].tolist()
    # CL's likeness to its start is 0.9 after two epochs, and 0.005 less with every seed
    assert found == pytest.approx([3, first - 0.9, last - 0.89])
    assert table.loc["published_tiny_imagenet", "rule"] == "mean above 0.5"
    slope = table.loc["accuracy_gap_and_temperature", ["n", "mean"]].tolist()
    assert slope == pytest.approx([2, 0.9 / math.log(10)])
    assert table.loc["loss_gap_and_classes", "mean"] == pytest.approx(-1)
    without_runs_or_floor = ["smaller_batches", "merging", "transformers", "higher_temperature"]
    assert set(table.loc[without_runs_or_floor, "verdict"]) == {"not run"}
    theory = table.loc[["theorem1_informative", "corollaries", "sharper_corollaries"]]
    assert set(theory["data"].str.split(",").str[0]) == {"digits"}  # although there is no sweep of batches


def test_what_the_theory_promises_is_held_against_any_run_of_cl_and_nscl():
    """Of whichever experiments there are; where none trains both, nothing is bounded and nothing is asked for."""
    for objectives, bounded in ((["cl", "nscl"], True), (["cl", "scl"], False)):
        settings = {"trajectory": {"objectives": objectives, "grid": [{"dataset": "digits"}]}}
        asked = plan(parse(Params, {"experiments": settings}, "settings"))
        job = STAGES["claims"].job(asked, "")
        measured = runs_of(job.experiments, job.lacking)
        found = {claim in measured for claim in ("theorem1_informative", "corollaries", "drift_falls")}
        assert found == {bounded}
        assert ("bounds" in STAGES["claims"].reads(job)) == bounded
        assert "stays_aligned" in measured
        assert "higher_temperature" not in measured


def _run_of(kind, subject):
    return Run(dataset="digits") if stage_of(kind).subject == "subset" else Run.from_name(subject)


def test_runs_on_one_subset_share_its_file(tmp_path):
    runs = [
        Run(**SOME, subset_seed=0, seed=0),
        Run(**SOME, subset_seed=0, seed=1),
        Run(**SOME, subset_seed=None, seed=1),
    ]
    files = [tmp_path / "zero.csv", tmp_path / "one.csv"]
    for accuracy, file in enumerate(files):
        write_csv(file, pd.DataFrame([{"objective": "raw_pixels", "probe": "nccc", "accuracy": accuracy}]))
    read = reader({"baselines": files}, {"baselines": runs})(runs)
    assert read("baselines")[["seed", "accuracy"]].to_numpy().tolist() == [[0, 0], [1, 0], [1, 1]]
