import math

import pandas as pd
import pytest

from pipeline.params import ClaimRule
from pipeline.reporting.claims import QUANTITIES, claims, verdict
from pipeline.reporting.measured import labelled
from pipeline.reporting.registry import CLAIMS, FIGURES
from pipeline.runs import Run


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


def test_every_claim_has_a_quantity_and_evidence_that_exists():
    assert set(QUANTITIES) == set(CLAIMS)
    for spec in CLAIMS.values():
        assert spec.evidence in FIGURES or spec.evidence in ("table1.csv", "bounds.csv")


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
            rows.append((run, {**pair, "cka": of(seed), "rsa": of(seed) - 0.1, "weight_gap": 1 - of(seed)}))
    return frame(*rows)


def measured(name, **tables):
    return QUANTITIES[name](lambda kind: tables[kind])


def test_differences_are_taken_seed_by_seed():
    alignment = pairs(nscl=lambda s: 0.9 + s / 100, scl=lambda s: 0.7 - s / 100, ce=lambda s: 0.8)
    (found,) = measured("nscl_closer_than_scl", alignment=alignment).values()
    assert found == pytest.approx([0.2, 0.22, 0.24])
    (found,) = measured("order_kept_late", alignment=alignment).values()
    assert found == pytest.approx([0.1, 0.11, 0.12])  # CE is the closest rival
    (found,) = measured("weights_of_scl_further", weights=alignment.drop(columns="split")).values()
    assert found == pytest.approx([0.2, 0.22, 0.24])


def test_the_ceiling_of_a_seed_is_the_mean_of_its_own_pairs():
    alignment = pairs(nscl=lambda s: 0.9)
    both = [(0, 1, 0.6), (0, 2, 0.7), (1, 2, 0.5)]
    ceiling = frame(
        *(
            ({"classes": 10, "epochs": 2}, {"first_seed": a, "second_seed": b, "cka": c, "split": "test", "epoch": 2})
            for a, b, c in both
        )
    )
    (found,) = measured("closer_than_another_seed", alignment=alignment, ceiling=ceiling).values()
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
    alignment = bounds.assign(first="cl", second="nscl")
    (found,) = measured("more_classes_epochs", alignment=alignment).values()
    assert found == pytest.approx([-0.4 / math.log(5)] * 2)


def test_rules_are_compared_by_their_slopes_from_the_run_they_share():
    rows = []
    for seed in (0, 1):
        for rule, batch, cka in (("linear", 64, 0.8), ("linear", 128, 0.1), ("linear", 256, 0.9), ("sqrt", 64, 0.85)):
            run = {"classes": 10, "epochs": 2, "seed": seed, "learning_rate_rule": rule, "batch_size": batch}
            rows.append((run, {"first": "cl", "second": "nscl", "split": "test", "epoch": 2, "cka": cka}))
    (found,) = measured("gentler_rules_normalised", alignment=frame(*rows)).values()
    assert found == pytest.approx([(0.05 - 0.1) / math.log(4)] * 2)  # 128 has no counterpart


def test_what_is_not_shared_is_held_against_everything_shared():
    every = ("initialisation", "batches", "augmentations")
    rows = []
    for seed in (0, 1):
        for shared, cka in ((every, 0.95), (every[1:], 0.5), (every[:2], 0.9)):
            run = {"classes": 10, "epochs": 2, "seed": seed, "shared": shared}
            rows.append((run, {"first": "cl", "second": "nscl", "split": "test", "epoch": 2, "cka": cka}))
    alignment = frame(*rows)
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


def test_the_table_says_what_was_measured_and_what_was_not():
    alignment = pairs(nscl=lambda s: 0.95 + s / 1000)
    rules = {"stays_aligned": ClaimRule(above=0.9), "share_batches": ClaimRule(above=0)}
    table = claims(rules, lambda experiments: lambda kind: alignment, ["trajectory"]).set_index("claim")
    assert table.loc["stays_aligned", "verdict"] == "holds"
    assert table.loc["stays_aligned", "mean"] == pytest.approx(0.951)
    assert table.loc["stays_aligned", "rule"] == "interval above 0.9"
    assert table.loc["share_batches", ["verdict", "n", "data"]].tolist() == ["not run", 0, "none"]
    published = claims(
        {"published_tiny_imagenet": ClaimRule(above=0.8)}, lambda e: lambda kind: alignment, ["trajectory"]
    )
    assert published["verdict"].tolist() == ["not run"]  # the experiment is there, the dataset is not
