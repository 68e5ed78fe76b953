"""No interval that a reader sees passes what is possible; the CSV files have it as it was computed."""

import math
from types import SimpleNamespace

import pandas as pd
import pytest
from matplotlib.figure import Figure

from pipeline.config.run import Run
from pipeline.reporting import report_parts as parts
from pipeline.reporting.accuracy_table import table1_markdown
from pipeline.reporting.agreement_table import table2_markdown
from pipeline.reporting.figures import FigureFacts
from pipeline.reporting.interval_limits import CLIPPED, clip_intervals, clipping_note
from pipeline.reporting.panels import spread
from pipeline.reporting.style import INTERVALS
from pipeline.stages import figure as stage
from pipeline.stages.figure import FigureJob
from tests.reporting.planted_figures import MODULES, table_of
from tests.reporting.planted_tables import tables


def rows(**columns):
    return pd.DataFrame([{"measure": "cka", "mean": 0.99, "ci_low": 0.95, "ci_high": 1.03, **columns}])


@pytest.mark.parametrize(
    ("measure", "mean", "low", "high", "shown"),
    [
        ("cka", 0.99, 0.95, 1.03, (0.95, 1.0)),
        ("cka", 0.5, -0.2, 1.2, (0.0, 1.0)),
        ("rsa", -0.5, -1.2, 0.2, (-1.0, 0.2)),
        ("accuracy", 99.0, 97.0, 101.0, (97.0, 100.0)),
        ("representation_angle", 5.0, -1.0, 11.0, (0.0, 11.0)),
        ("cdnv", 0.1, -0.1, 0.3, (0.0, 0.3)),
        ("drift_log", -5.0, -7.0, -3.0, (-7.0, -3.0)),  # has no limits
        ("cka", 1.0 + 1e-7, 0.9, 1.1, (0.9, 1.0 + 1e-7)),  # rounding: never on the mean's other side
    ],
)
def test_an_interval_ends_at_the_limits_of_its_measure(measure, mean, low, high, shown):
    found = clip_intervals(rows(measure=measure, mean=mean, ci_low=low, ci_high=high))
    assert (found["ci_low"].item(), found["ci_high"].item()) == shown
    assert found["mean"].item() == mean
    below, above = spread(found)
    assert (below.item(), above.item()) == pytest.approx((mean - shown[0], shown[1] - mean))


def test_a_difference_and_one_seed_stay_as_they_are():
    for table in (rows(less="cl_independent"), rows(ci_low=math.nan, ci_high=math.nan)):
        pd.testing.assert_frame_equal(clip_intervals(table), table)
        assert clipping_note(table, clip_intervals(table)) == []
    assert clipping_note(rows(), clip_intervals(rows())) == [CLIPPED]
    rounded = rows(mean=1.0, ci_high=1.0 + 1e-8)
    assert clipping_note(rounded, clip_intervals(rounded)) == []


def test_tables_for_readers_end_at_the_limit_and_say_so():
    one, two = tables([Run(dataset="digits", classes=10, epochs=2, seed=seed) for seed in (0, 1, 2)])
    cl = one["objective"] == "cl"
    one.loc[cl & (one["n_seeds"] > 0), ["mean", "ci_low", "ci_high"]] = 99.0, 97.4, 100.6
    near = (two["first"] == "cl") & (two["n_seeds"] > 0)
    two.loc[near, ["mean", "ci_low", "ci_high"]] = 0.99, 0.95, 1.03
    for text in (table1_markdown(one), parts.accuracy_tables(one)):
        assert "99.0 [97.4, 100.0]" in text
        assert CLIPPED in text
    for text in (table2_markdown(two), parts.similarity_table(two)):
        assert "0.990 [0.950, 1.000]" in text
        assert CLIPPED in text


def test_a_figure_is_drawn_within_the_limits_from_a_table_as_computed(tmp_path, monkeypatch):
    drawn, notes = [], []
    module = SimpleNamespace(READS=(), table=lambda reading: rows(), draw=lambda table: drawn.append(table) or Figure())
    monkeypatch.setattr(stage, "importlib", SimpleNamespace(import_module=lambda name: module))
    monkeypatch.setitem(stage.FIGURES, "mine", FigureFacts("", (), (), ()))
    monkeypatch.setattr("pipeline.reporting.measured_tables.load_learning_evidence", lambda inputs, runs: ())
    monkeypatch.setattr("pipeline.reporting.run_facts.run_facts", lambda objectives: pd.DataFrame())
    monkeypatch.setattr("pipeline.reporting.run_facts.sentences", lambda table: ["learned"])
    monkeypatch.setattr("pipeline.reporting.style.note", lambda figure, sentences: notes.extend(sentences))
    outputs = {kind: tmp_path / f"mine.{kind}" for kind in ("figure", "facts", "png", "pdf")}
    job = FigureJob(figure="mine", runs=(), objectives=(), published_classes={})
    stage.run(job, {"paper_values": [tmp_path]}, outputs)
    assert pd.read_csv(outputs["figure"])["ci_high"].item() == 1.03
    assert drawn[0]["ci_high"].item() == 1.0
    assert notes == ["learned", INTERVALS, CLIPPED]


def test_a_logarithmic_axis_has_no_band_where_an_interval_reaches_nothing():
    low = [0.2, -0.1, 0.1, 0.1, 0.1]
    table = pd.DataFrame({"epoch": range(5), "mean": 0.3, "ci_low": low, "ci_high": 0.6, "n_seeds": 4})
    table = table.assign(dataset="digits", classes=10, objective="cl", split="test", measure="cdnv")
    panel = MODULES["collapse"].draw(pd.concat([table, table.assign(measure="directional_cdnv")])).axes[0]
    drawn = {float(x) for path in panel.collections[0].get_paths() for x in path.vertices[:, 0]}
    assert drawn == {1, 3, 4, 5}  # epoch + 1


def test_few_seeds_are_drawn_without_intervals():
    table = table_of("fig2_trajectory")  # of three seeds
    own = table["source"] == "twins"
    assert own.any()
    assert table.loc[own, ["ci_low", "ci_high"]].isna().all(axis=None)
    panel = MODULES["collapse"].draw(table_of("collapse").assign(ci_low=math.nan, ci_high=math.nan)).axes[0]
    assert len(panel.lines) > 0
    assert not any(len(path.vertices) for band in panel.collections for path in band.get_paths())
