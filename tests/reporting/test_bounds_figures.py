import math

import pandas as pd
import pytest

from pipeline.reporting.figures import plot_bounds_by_setting as bounds_by_setting
from pipeline.reporting.figures import plot_bounds_over_steps as bounds_over_steps
from pipeline.reporting.measured_tables import Reading
from tests.reporting.planted import PAPER, PUBLISHED_CLASSES, bound_rows, trajectory


def table_of(figure):
    return figure.table(Reading(trajectory, PAPER, PUBLISHED_CLASSES))


def titles(table):
    """Of every setting what stands over the bound, and below it over the similarity."""
    said = [axes.get_title() for axes in bounds_by_setting.draw(table).axes]
    return list(zip(said[:3], said[3:], strict=True))


def test_each_setting_says_of_both_ways_to_compare_whether_training_went_as_predicted():
    """The planted similarity falls where the bound rises, with classes and batch, and rises with the temperature."""
    rising = ("epochs: bound ↑\nsteps: bound ↑", "epochs: CKA ↓, as predicted\nsteps: CKA ↓, as predicted")
    falling = tuple(said.translate(str.maketrans("↑↓", "↓↑")) for said in rising)
    assert titles(table_of(bounds_by_setting)) == [rising, rising, falling]


@pytest.mark.parametrize(("trend", "said"), [("rises", "CKA ↑, contrary"), ("undecided", "CKA ?, undecided")])
def test_where_training_did_not_go_as_predicted_the_title_says_so(trend, said):
    table = table_of(bounds_by_setting)
    at_epochs = (table["measure"] == "cka") & (table["matched"] == "epochs")
    found = titles(table.assign(trend=table["trend"].mask(at_epochs, trend)))[0]
    assert found[1] == f"epochs: {said}\nsteps: CKA ↓, as predicted"


def rows_of(**fields):
    base = {"dataset": "digits", "classes": 10, "batch_size": 128, "temperature": 0.5, "learning_rate_rule": "linear"}
    logs = {"nonexpansive_log": 0.0, "certificate_log": 0.0, "rsa": 0.5}
    return {**base, "seed": 0, "split": "test", "epoch": fields["epochs"], **logs, **fields}


def test_classes_of_one_dataset_are_compared_with_as_many_epochs_or_as_many_steps():
    """Two classes were run for as many epochs as ten, and for as many steps; cka names the row."""
    pairs = [
        rows_of(dataset="digit_pairs", batch_size=100, classes=classes, epochs=epochs, steps=steps, cka=cka)
        for classes, epochs, steps, cka in ((2, 8, 16, 0.1), (2, 40, 80, 0.2), (10, 8, 80, 0.3))
    ]
    others = [rows_of(temperature=t, epochs=8, steps=88, cka=0.4) for t in (0.5, 1.0)]
    others += [rows_of(batch_size=256, epochs=8, steps=40, cka=0.5)]
    others += [rows_of(epochs=8, epoch=4, steps=44, cka=0.6), rows_of(batch_size=64, epochs=8, steps=170, cka=9.0)]
    others += [rows_of(batch_size=64, epochs=8, epoch=2, steps=42, cka=0.7)]
    reading = Reading(lambda kind: pd.DataFrame([*pairs, *others]), PAPER, PUBLISHED_CLASSES)
    found = bounds_by_setting.table(reading).query("measure == 'cka'")
    chosen = {key: own["mean"].tolist() for key, own in found.groupby(["swept", "matched"])}
    assert chosen == {
        ("classes", "epochs"): [0.1, 0.3],
        ("classes", "steps"): [0.2, 0.3],
        ("batch_size", "epochs"): [9.0, 0.4, 0.5],
        ("batch_size", "steps"): [0.7, 0.6, 0.5],
        ("temperature", "epochs"): [0.4, 0.4],
        ("temperature", "steps"): [0.4, 0.4],
    }
    assert set(found.query("swept == 'classes'")["dataset"]) == {"digit_pairs"}


def test_bounds_stand_above_and_similarities_below_over_the_same_values():
    axes = bounds_by_setting.draw(table_of(bounds_by_setting)).axes
    assert len(axes) == 6  # and none is laid over another
    for above, below in zip(axes[:3], axes[3:], strict=True):
        assert above.get_xlim() == below.get_xlim()
        assert {len(panel.containers) for panel in (above, below)} == {4}  # two quantities, compared in two ways
    bound, similarity = (panel.containers[0].lines[0].get_ydata().tolist() for panel in (axes[0], axes[3]))
    logs = [c / 10 + 0.5 - 0.5 + 0.2 for c in (2, 5, 10)]
    assert bound == pytest.approx([log / math.log(10) for log in logs])
    assert similarity == pytest.approx([1 - log / 9 for log in logs])


def test_the_line_that_no_bound_needs_to_reach_is_the_largest_distance_of_that_many_rows():
    drawn = bounds_over_steps.draw(table_of(bounds_over_steps))
    simulated, *training = (
        [line for line in axes.lines if "the largest distance" in line.get_label()] for axes in drawn.axes
    )
    assert not simulated  # its matrices are directed, and no cosines of rows
    assert bound_rows()["rows"].unique() == [100]
    for (line,) in training:
        assert list(line.get_ydata()) == pytest.approx([math.log10(100 * math.sqrt(2))] * 2)


def test_the_steps_table_is_the_mean_over_seeds():
    rows = bound_rows().query("split == 'train' and classes == 2")
    table = table_of(bounds_over_steps)
    found = table[(table["panel"] == "training, digits, C = 2") & (table["bound"] == "drift")]
    expected = rows.groupby("steps")["drift_log"].mean()
    assert dict(zip(found["steps"], found["log"], strict=True)) == pytest.approx(expected.to_dict())
