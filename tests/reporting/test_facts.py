"""What stands under every figure: what its runs learned, and how far they moved."""

import pandas as pd
import pytest

from pipeline.config.run import Run
from pipeline.reporting.run_facts import run_facts, sentences
from tests.reporting.planted import moved


def table_of(runs, cl, raw=40.0):
    """Runs whose CL has a nearest-centre accuracy by `cl(run)`; the linear probe, one above, is not what is shown."""

    def rows(**accuracies):
        return pd.DataFrame(
            [
                {"objective": o, "probe": p, "accuracy": a + more, "converged": True}
                for o, a in accuracies.items()
                for p, more in (("nccc", 0), ("lp", 1))
            ]
        )

    probes = {run: rows(cl=cl(run), untrained=30.0) for run in runs}
    baselines = {run.subset: rows(raw_pixels=raw) for run in runs}
    movement = {run: pd.DataFrame([moved(run, e, o) for e in (0, 1, 2) for o in ("cl", "nscl")]) for run in runs}
    return run_facts(probes, baselines, movement, ("cl", "nscl"))


def runs_of(**fields):
    return [Run(**{"dataset": "digits", "classes": 10, "epochs": 2, **fields, "seed": seed}) for seed in (0, 1)]


def test_a_row_is_the_mean_over_seeds_at_the_last_epoch():
    (row,) = table_of(runs_of(batch_size=512), lambda run: 80.0 + run.seed).to_dict("records")
    assert (row["cl"], row["untrained"], row["raw_pixels"]) == (80.5, 30.0, 40.0)
    assert (row["path_length"], row["displacement"]) == (1.0, 1.0)  # planted: CL moves half an epoch's count


def test_a_sentence_spans_the_settings_of_a_dataset():
    runs = [*runs_of(batch_size=256), *runs_of(batch_size=512)]
    (sentence,) = sentences(table_of(runs, lambda run: run.batch_size / 8))
    assert sentence == (
        "digits, C = 10: nearest class centre (%) CL 32.0 to 64.0, untrained 30.0, raw pixels 40.0 "
        "(nothing learned beyond them in 1 of 2 settings); of CL: path length 0.500 to 1.000, displacement 1.000"
    )


@pytest.mark.parametrize(("accuracy", "said"), [(41.0, False), (40.0, True), (35.0, True)])
def test_that_nothing_was_learned_is_said(accuracy, said):
    (sentence,) = sentences(table_of(runs_of(), lambda run: accuracy))
    assert ("(nothing learned beyond them);" in sentence) is said


def test_encoders_and_data_have_a_sentence_each_and_what_is_missing_is_named():
    runs = [*runs_of(), *runs_of(encoder="vit_micro"), *runs_of(dataset="flowers", classes=None)]
    table = table_of(runs, lambda run: 50.0).assign(path_length=float("nan"))
    found = sentences(table)
    assert [text.split(":")[0] for text in found] == [
        "digits, C = 10, resnet50",
        "digits, C = 10, vit_micro",
        "flowers, resnet50",
    ]
    assert all("path length not measured" in text for text in found)
