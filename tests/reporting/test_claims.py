import math

import pandas as pd
import pytest

from pipeline.config.base import parse
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
from pipeline.reporting.verdicts import by_claim, claims_table, verdict
from pipeline.stages.claims import run as claims_stage
from pipeline.system.files import write_csv
from tests.reporting.planted import of_run, swept, value_of
from tests.reporting.planted_claims import SOME, alignment, movement, planted, probes, weights

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
    ],
)
def test_a_verdict_follows_its_rule(mean, rule, p, expected):
    assert verdict(mean, rule, p) == expected


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
    assert by_claim(table)["verdict"].tolist() == ["holds"]  # one claim, however many rows


def test_what_a_table_on_disk_says_of_a_setting_is_what_the_run_says(tmp_path):
    run = Run(dataset="digits", classes=None, shared=(), seed=1)
    labelled_here = labelled(run, pd.DataFrame({"x": [1.0]}))
    write_csv(tmp_path / "table.csv", labelled_here)
    (here,) = values_by_setting(labelled_here, lambda own: own["x"].tolist())
    (there,) = values_by_setting(pd.read_csv(tmp_path / "table.csv"), lambda own: own["x"].tolist())
    assert here == there
    assert len(here.rows(pd.read_csv(tmp_path / "table.csv"))) == 1


def test_p_values_are_adjusted_for_all_claims_that_are_tested():
    rows = [(run, {"alignment": alignment(nscl=0.5, scl=0.4, ce=0.3)}) for run in ({}, {"classes": 2})]
    found = tables(*rows, seeds=(0, 1, 2))
    noise = found["alignment"]["seed"] * found["alignment"]["second"].map({"nscl": 0.0, "scl": 0.02, "ce": 0.03})
    found["alignment"]["value"] += noise
    found["baselines"].loc[found["baselines"]["classes"] == 2, "accuracy"] = 99.0
    table = rows_of(["nscl_closer_than_scl", "nscl_closer_than_ce"], found).set_index(["claim", "data"])
    by_scl, by_ce = (table.loc[f"nscl_closer_than_{name}", :].loc["digits, C = 10"] for name in ("scl", "ce"))
    assert by_ce["p_value"] < by_scl["p_value"]
    # two tests of data on which something was learned: the smaller p counts twice, the larger once but is no smaller
    assert by_ce["p_holm"] == pytest.approx(2 * by_ce["p_value"])
    assert by_scl["p_holm"] == pytest.approx(max(2 * by_ce["p_value"], by_scl["p_value"]))
    assert table["verdict"].tolist()[1] == "not learned"
    assert table["p_holm"].isna().sum() == 2


def test_learning_is_asked_for_at_every_temperature_but_only_of_most_classes():
    def of(field, learned_at):
        runs = [
            ({field: x}, {"alignment": alignment(nscl=0.5 + x / 20), "movement": movement(), "probes": probes(cl=a)})
            for x, a in learned_at.items()
        ]
        return tables(*runs)  # raw pixels 70, untrained 60

    name = {"temperature": "higher_temperature", "classes": "more_classes_steps"}
    for field, accuracies, expected in (
        ("temperature", {1: 80.0, 2: 80.0}, True),
        ("temperature", {1: 80.0, 2: 65.0}, False),
        ("classes", {2: 65.0, 10: 80.0}, True),
        ("classes", {2: 80.0, 10: 65.0}, False),
    ):
        read = of(field, accuracies).__getitem__
        (data,) = CLAIMS[name[field]].measure(read)
        assert learned(read, data) == expected, (field, accuracies)


@pytest.mark.parametrize(
    ("untrained", "pixels", "expected"), [(79, 79, True), (81, 70, False), (60, 81, False), (80, 70, False)]
)
def test_both_baselines_are_to_be_beaten(untrained, pixels, expected):
    found = tables(({}, {"alignment": alignment(nscl=0.9, scl=0.5), "probes": probes(cl=80.0, untrained=untrained)}))
    found["baselines"]["accuracy"] = pixels
    (data,) = CLAIMS["nscl_closer_than_scl"].measure(found.__getitem__)
    assert learned(found.__getitem__, data) == expected


def test_nothing_counts_as_learned_where_a_baseline_is_missing():
    found = tables(({}, {"alignment": alignment(nscl=0.9, scl=0.5)}))
    found["probes"] = found["probes"].query("objective != 'untrained'")
    assert rows_of(["nscl_closer_than_scl"], found)["verdict"].tolist() == ["not learned"]


def test_the_lowest_lead_of_any_epoch_after_the_start_counts():
    epochs = {0: (1.0, 1.0), 1: (0.85, 0.8), 2: (0.9, 0.7)}
    rows = [row for epoch, (nscl, cl) in epochs.items() for row in alignment(epoch, nscl=nscl, cl_independent=cl)]
    (found,) = values("aligned_throughout", tables(({}, {"alignment": rows}))).values()
    assert found == pytest.approx([0.05, 0.05])


def test_classes_are_compared_at_equal_steps_and_at_equal_epochs():
    def run(classes, epochs, steps, cka):
        kinds = {"alignment": alignment(epochs, nscl=cka), "movement": movement(epochs, steps=steps)}
        return {"classes": classes, "epochs": epochs}, {**kinds, "loss_gap": [{"objective": "cl", "gap": cka}]}

    found = tables(run(100, 7, 546, 0.9), run(10, 7, 49, 0.8), run(10, 78, 546, 0.6), run(2, 500, 500, 0.5))
    (slopes,) = values("more_classes_epochs", found).values()
    assert slopes == pytest.approx([0.1 / math.log(10)] * 2)
    at_equal_steps = pd.Series({100: 0.9, 10: 0.6, 2: 0.5})  # 500 steps are as many as 546
    log = pd.Series(at_equal_steps.index, at_equal_steps.index).map(math.log)
    for name in ("more_classes_steps", "loss_gap_and_classes"):
        (slopes,) = values(name, found).values()
        assert slopes == pytest.approx([log.cov(at_equal_steps) / log.var()] * 2)


def test_rules_are_compared_by_their_slopes_from_the_run_they_share():
    cells = (("linear", 64, 0.8), ("linear", 128, 0.1), ("linear", 256, 0.9), ("sqrt", 64, 0.85))
    runs = [
        ({"learning_rate_rule": rule, "batch_size": batch}, {"alignment": alignment(nscl=cka)})
        for rule, batch, cka in cells
    ]
    (found,) = values("gentler_rules_normalised", tables(*runs)).values()
    assert found == pytest.approx([(0.05 - 0.1) / math.log(4)] * 2)  # 128 has no counterpart


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
    (own,) = values("similarity_descent", found).values()
    assert own == pytest.approx([-1.0])
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
    rows = [row for epoch, cka in ((0, 1.0), (1, 0.2), (2, 0.9)) for row in alignment(epoch, nscl=cka)]
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
    table = pd.DataFrame([{"claim": c, "kind": "claim", "source": "ours", "verdict": v} for c, v in rows])
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
    assert table.loc["higher_temperature", ["n", "mean"]].tolist() == pytest.approx([2, 0.09 / math.log(10)])
    assert table.loc["loss_gap_and_classes", "mean"] == pytest.approx(-0.4 / math.log(5))
    assert set(table.loc[["smaller_batches", "merging", "transformers"], "verdict"]) == {"not run"}
    theory = table.loc[["theorem1_informative", "corollaries", "sharper_corollaries"]]
    assert set(theory["data"].str.split(",").str[0]) == {"digits"}  # although there is no sweep of batches


def test_what_the_theory_promises_is_held_against_any_run_of_cl_and_nscl():
    """Of whichever experiments there are; where none trains both, nothing is bounded and nothing is asked for."""
    for objectives, bounded in ((["cl", "nscl"], True), (["cl", "scl"], False)):
        settings = {"trajectory": {"objectives": objectives, "grid": [{"dataset": "digits"}]}}
        asked = plan(parse(Params, {"experiments": settings}, "settings"))
        job = STAGES["claims"].job(asked, "")
        measured = runs_of(job.experiments, job.lacking)
        found = {claim in measured for claim in ("theorem1_informative", "corollaries", "similarity_descent")}
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
