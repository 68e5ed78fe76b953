import math

import pandas as pd
import pytest

from pipeline.files import write_csv
from pipeline.reporting.claims import CLAIMS
from pipeline.reporting.figures import FIGURES
from pipeline.reporting.measured import labelled
from pipeline.reporting.reading import reader
from pipeline.reporting.verdicts import claims, verdict
from pipeline.settings.base import parse
from pipeline.settings.experiments import ClaimRule, Params
from pipeline.settings.run import Run
from pipeline.stages.claims import run as claims_stage
from pipeline.workflow.layout import Layout
from pipeline.workflow.plan import plan
from pipeline.workflow.stages import STAGES, stage_of
from tests.reporting.planted import of_run, swept, value_of


@pytest.mark.parametrize(
    ("values", "rule", "expected"),
    [
        ([0.95, 0.96, 0.97], ClaimRule(above=0.9), "holds"),
        ([0.95, 0.96, 0.97], ClaimRule(above=0.99), "fails"),
        ([0.5, 0.96, 0.99], ClaimRule(above=0.9), "undecided"),  # one seed far away
        ([0.95], ClaimRule(above=0.9), "undecided"),  # one seed has no interval
        ([0.95], ClaimRule(above=0.9, each=True), "holds"),
        ([0.95, 0.8], ClaimRule(above=0.9, each=True), "fails"),
        ([-1.0, -1.1, -0.9], ClaimRule(below=0.0), "holds"),
        ([1.0, 1.1, 0.9], ClaimRule(below=0.0), "fails"),
        ([0.9, math.nan], ClaimRule(above=0.0), "undecided"),
    ],
)
def test_a_verdict_follows_its_rule(values, rule, expected):
    assert verdict(values, rule) == expected


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_a_claim_reads_what_it_says_and_rests_on_evidence_that_exists(claim):
    asked = []
    found = claim.measure(lambda kind: asked.append(kind) or swept(kind), **dict.fromkeys(claim.options, 1))
    assert set(asked) == set(claim.reads)
    assert any(found.values()) or claim.name == "published_tiny_imagenet"  # of which nothing is planted
    assert claim.evidence in FIGURES or claim.evidence in ("table1.csv", "bounds.csv")


def frame(*rows):
    """Rows of (fields of the run, measures)."""
    return pd.concat([labelled(Run(dataset="digits", **run), pd.DataFrame([values])) for run, values in rows])


def pairs(seeds=(0, 1, 2), **values):
    """CL with each twin at the last epoch; `values[twin]` is a function of the seed."""
    rows = []
    for seed in seeds:
        for second, of in values.items():
            pair = {"first": "cl", "second": second, "split": "test", "epoch": 2}
            run = {"classes": 10, "epochs": 2, "seed": seed}
            rows += [(run, {**pair, "measure": "cka", "value": of(seed), "weight_gap": 1 - of(seed)})]
            rows += [(run, {**pair, "measure": "rsa", "value": of(seed) - 0.1})]
    return frame(*rows)


def cka(run, value):
    """CL and NSCL at the end of a run of two epochs."""
    pair = {"first": "cl", "second": "nscl", "split": "test", "epoch": 2}
    return {"classes": 10, "epochs": 2, **run}, {**pair, "measure": "cka", "value": value}


def measured(name, **tables):
    return CLAIMS[name].measure(lambda kind: tables[kind])


def test_differences_are_taken_seed_by_seed():
    alignment = pairs(nscl=lambda s: 0.9 + s / 100, scl=lambda s: 0.7 - s / 100, ce=lambda s: 0.8)
    (found,) = measured("nscl_closer_than_scl", alignment=alignment).values()
    assert found == pytest.approx([0.2, 0.22, 0.24])
    (found,) = measured("order_kept_late", alignment=alignment).values()
    assert found == pytest.approx([0.1, 0.11, 0.12])  # CE is the closest rival
    weights = alignment.query("measure == 'cka'").drop(columns="split")
    (found,) = measured("weights_of_scl_further", weights=weights).values()
    assert found == pytest.approx([0.2, 0.22, 0.24])


def test_another_seed_is_the_mean_of_a_seeds_own_pairs():
    alignment = pairs(nscl=lambda s: 0.9)
    both = [(0, 1, 0.6), (0, 2, 0.7), (1, 2, 0.5)]
    where = {"split": "test", "epoch": 2, "measure": "cka"}
    between_seeds = frame(
        *(
            ({"classes": 10, "epochs": 2}, {**where, "first_seed": first, "second_seed": second, "value": value})
            for first, second, value in both
        )
    )
    (found,) = measured("closer_than_another_seed", alignment=alignment, between_seeds=between_seeds).values()
    assert found == pytest.approx([0.9 - 0.65, 0.9 - 0.55, 0.9 - 0.6])


def test_classes_at_equal_steps_are_compared_where_their_steps_agree():
    rows = []
    for classes in (2, 10):
        for seed in (0, 1):
            for epoch in (1, 5):
                run = {"classes": classes, "epochs": 5, "seed": seed}
                # similarity falls by 0.01 a step, whatever the classes
                values = {"epoch": epoch, "steps": epoch * classes, "split": "test", "cka": 1 - epoch * classes / 100}
                rows.append((run, values))
    bounds = frame(*rows)
    (found,) = measured("more_classes_steps", bounds=bounds).values()
    assert found == pytest.approx([0.0, 0.0])  # 10 steps each: two classes after 5 epochs, ten after 1
    alignment = bounds.assign(first="cl", second="nscl", measure="cka", value=bounds["cka"])
    (found,) = measured("more_classes_epochs", alignment=alignment).values()
    assert found == pytest.approx([-0.4 / math.log(5)] * 2)


def test_rules_are_compared_by_their_slopes_from_the_run_they_share():
    values = (("linear", 64, 0.8), ("linear", 128, 0.1), ("linear", 256, 0.9), ("sqrt", 64, 0.85))
    alignment = frame(
        *(
            cka({"seed": seed, "learning_rate_rule": rule, "batch_size": batch}, value)
            for seed in (0, 1)
            for rule, batch, value in values
        )
    )
    (found,) = measured("gentler_rules_normalised", alignment=alignment).values()
    assert found == pytest.approx([(0.05 - 0.1) / math.log(4)] * 2)  # 128 has no counterpart


def test_what_is_not_shared_is_held_against_everything_shared():
    every = ("initialisation", "batches", "augmentations")
    values = ((every, 0.95), (every[1:], 0.5), (every[:2], 0.9))
    alignment = frame(*(cka({"seed": s, "shared": shared}, value) for s in (0, 1) for shared, value in values))
    (found,) = measured("share_initialisation", alignment=alignment).values()
    assert found == pytest.approx([0.45, 0.45])
    (found,) = measured("share_augmentations", alignment=alignment).values()
    assert found == pytest.approx([0.05, 0.05])


def test_bounds_are_held_against_every_row():
    run = {"classes": 10, "epochs": 2}
    loss_gap = frame(
        (run, {"objective": "cl", "gap": 0.2, "bound": 0.5}), (run, {"objective": "nscl", "gap": 0.6, "bound": 0.5})
    )
    (found,) = measured("loss_gap_bound", loss_gap=loss_gap).values()
    assert found == pytest.approx([0.2, -0.1])
    bounds = frame((run, {"cka": 0.9, "rsa": 0.8, "cka_corollary1": 0.5, "rsa_corollary2": 0.85}))
    (found,) = measured("corollaries", bounds=bounds).values()
    assert found == pytest.approx([0.4, -0.05])
    informative = frame((run, {"theorem1_published_log": 1.0, "rows": 50}))
    (found,) = measured("theorem1_informative", bounds=informative).values()
    assert found == pytest.approx([1 - math.log(100)])


def test_accuracies_and_merged_weights():
    probes = frame(
        *(
            ({"classes": 10, "seed": seed, "temperature": t}, {"objective": o, "probe": "lp", "accuracy": a})
            for seed in (0, 1)
            for t, gap in ((0.1, -2.0), (1.0, 1.0))
            for o, a in (("cl", 90.0 - t), ("nscl", 90.0 - t + gap))
        )
    )
    (found,) = measured("accuracy_gap_and_temperature", probes=probes).values()
    assert found == pytest.approx([-1 / math.log(10)] * 2)  # from 2 to 1, in absolute value
    (found,) = measured("accuracy_and_temperature", probes=probes).values()
    assert found == pytest.approx([-0.9 / math.log(10)] * 2)
    merging = frame(
        *(({"classes": 10}, {"share": s, "probe": "lp", "accuracy": a}) for s, a in ((0.0, 80), (0.5, 85), (1.0, 84)))
    )
    (found,) = measured("merging", merging=merging).values()
    assert found == pytest.approx([3.0])


def test_data_that_was_run_at_one_value_has_no_slope_and_no_row():
    swept_here = [cka({"seed": s, "batch_size": b}, 0.9) for s in (0, 1) for b in (64, 128)]
    alignment = frame(*swept_here, cka({"seed": 0, "batch_size": 64, "classes": 2}, 0.9))
    table = claims(CLAIMS, {"smaller_batches": ClaimRule(below=0)}, lambda claim: lambda kind: alignment, {})
    assert table["data"].tolist() == ["digits, C = 10"]


def test_twins_that_were_not_trained_leave_a_claim_without_data():
    alignment = pairs(nscl=lambda s: 0.9 + s / 100, **{"mine.loss": lambda s: 0.95})
    rules = {name: ClaimRule(above=0) for name in ("nscl_closer_than_scl", "order_kept_late", "stays_aligned")}
    table = claims(CLAIMS, rules, lambda claim: lambda kind: alignment, {})
    assert table["verdict"].tolist() == ["not run", "not run", "holds"]


def test_late_training_begins_where_the_settings_say():
    values = [(1, 0.5), (2, 0.9), (4, 0.8), (8, 0.7)]
    pair = {"first": "cl", "second": "nscl", "split": "test", "measure": "cka"}
    rows = [({"classes": 10, "epochs": 8}, {**pair, "epoch": epoch, "value": value}) for epoch, value in values]
    alignment = frame(*rows)
    rules = {"longer_training": ClaimRule(below=0)}
    (row,) = claims(CLAIMS, rules, lambda claim: lambda kind: alignment, {"late": 2}).to_dict("records")
    assert row["mean"] == pytest.approx(-0.1 / math.log(2))
    assert row["quantity"] == "slope of CKA in log epoch, from epoch 2 on"


def test_the_table_says_what_was_measured_and_what_was_not():
    alignment = pairs(nscl=lambda s: 0.95 + s / 1000)
    rules = {
        "stays_aligned": ClaimRule(above=0.9),
        "share_batches": ClaimRule(above=0),
        "published_tiny_imagenet": ClaimRule(above=0.8),  # the experiment is there, the dataset is not
    }
    there = {"trajectory"}
    table = claims(CLAIMS, rules, lambda c: (lambda kind: alignment) if set(c.experiments) <= there else None, {})
    table = table.set_index("claim")
    assert table.loc["stays_aligned", "verdict"] == "holds"
    assert table.loc["stays_aligned", "mean"] == pytest.approx(0.951)
    assert table.loc["stays_aligned", "rule"] == "interval above 0.9"
    assert table.loc["share_batches", ["verdict", "n", "data"]].tolist() == ["not run", 0, "none"]
    assert table.loc["published_tiny_imagenet", "verdict"] == "not run"


def test_every_claim_is_measured_on_its_own_runs_of_the_files_that_the_workflow_hands_over(tmp_path):
    grids = {
        "trajectory": {"seed": [0, 1, 2]},
        "temperature": {"temperature": [1.0, 0.1]},
        "classes": {"classes": [10, 2]},
    }
    some = {"dataset": "digits", "epochs": 2, "seed": [1, 0]}
    experiments = {name: {"grid": [{**some, **grid}]} for name, grid in grids.items()}
    rules = {"stays_aligned": {"above": 0.5}}
    asked = plan(parse(Params, {"experiments": experiments, "claims": rules}, "settings"))
    job, layout = STAGES["claims"].job(asked, ""), Layout(tmp_path, tmp_path)
    inputs = {}
    for kind, subjects in STAGES["claims"].reads(job).items():
        inputs[kind] = [layout.path(stage_of(kind).writes[kind], subject) for subject in subjects]
        for path, subject in zip(inputs[kind], subjects, strict=True):
            write_csv(path, of_run(kind, Run.from_name(subject)) if subject else swept(kind, runs=asked.requests))
    claims_stage(job, inputs, {"claims": tmp_path / "found.csv"})
    table = pd.read_csv(tmp_path / "found.csv").set_index("claim")
    assert list(dict.fromkeys(table.index)) == list(CLAIMS)
    first, *_, last = map(value_of, asked.experiments["trajectory"])
    assert table.loc["stays_aligned", ["n", "smallest", "largest"]].tolist() == pytest.approx([3, first, last])
    assert table.loc["stays_aligned", "rule"] == "interval above 0.5"
    assert table.loc["higher_temperature", ["n", "mean"]].tolist() == pytest.approx([2, 0.09 / math.log(10)])
    assert table.loc["loss_gap_and_classes", "mean"] == pytest.approx(-0.4 / math.log(5))
    assert set(table.loc[["smaller_batches", "merging", "transformers"], "verdict"]) == {"not run"}


def test_files_of_other_runs_than_asked_are_refused(tmp_path):
    run = Run(dataset="digits")
    with pytest.raises(ValueError, match="zip"):
        reader({"alignment": [tmp_path / "a.csv", tmp_path / "b.csv"]}, {"alignment": [run]})
