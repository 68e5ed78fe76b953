import pandas as pd
import pytest
from matplotlib.figure import Figure

from pipeline.jobs import figure_job, figures_of
from pipeline.params import Params, SettingsError, parse
from pipeline.reporting.figures import MODULES
from pipeline.reporting.figures.style import save
from pipeline.reporting.measured import labelled, summarise
from pipeline.reporting.reference import paper_values
from pipeline.reporting.registry import FIGURES
from pipeline.runs import Run, plan

RUNS = [
    Run(dataset=dataset, classes=classes, epochs=2, seed=seed)
    for dataset, classes in (("digits", 10), ("cifar100", 100))
    for seed in (0, 1, 2)
]


def read(kind):
    """Made-up measures: every value is known from epoch, seed and objective."""
    parts = []
    for run in RUNS:
        rows = []
        for epoch in (0, 1, 2):
            value = 0.9 - 0.1 * epoch + 0.01 * run.seed
            for split in ("train", "test"):
                for second in ("nscl", "scl", "ce"):
                    pair = {"epoch": epoch, "first": "cl", "second": second}
                    if kind == "alignment":
                        rows.append({**pair, "split": split, "cka": value, "rsa": value - 0.1})
                    elif kind == "weights" and split == "test":
                        angles = {"weight_angle": 80 * value, "representation_angle": 30 * value}
                        rows.append({**pair, "weight_gap": value, **angles})
                if kind == "collapse":
                    measures = {"cdnv": value, "directional_cdnv": value / 9}
                    rows += [{"epoch": epoch, "objective": o, "split": split, **measures} for o in ("cl", "nscl")]
                if kind == "ceiling" and run.seed == 0:
                    rows += [{"epoch": epoch, "split": split, "cka": c, "rsa": c / 2} for c in (0.7, 0.8, 0.9)]
        parts.append(labelled(run, pd.DataFrame(rows)))
    return pd.concat(parts)


def test_every_figure_that_the_workflow_knows_can_be_drawn():
    assert set(MODULES) == set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_from_its_table_alone(name, tmp_path):
    asked = []
    table = MODULES[name].table(lambda kind: asked.append(kind) or read(kind))
    assert set(asked) == set(FIGURES[name].reads)
    table.to_csv(tmp_path / "table.csv", index=False)
    drawn = MODULES[name].draw(pd.read_csv(tmp_path / "table.csv"))
    assert isinstance(drawn, Figure)
    for axes in drawn.axes:
        assert axes.get_xlabel()
        assert axes.get_title()
    for suffix in ("png", "pdf"):
        save(drawn, tmp_path / f"a.{suffix}")
        save(MODULES[name].draw(table), tmp_path / f"b.{suffix}")
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_lines_show_the_means_of_the_seeds():
    table = MODULES["fig6_weight_gap"].table(read)
    row = table.query("dataset == 'digits' and second == 'scl' and epoch == 2").iloc[0]
    assert (row["mean"], row["n_seeds"]) == (pytest.approx(0.71), 3)
    (first, *_) = MODULES["fig6_weight_gap"].draw(table).axes
    drawn = first.lines[0].get_xydata()
    assert drawn.ravel() == pytest.approx([1, 0.91, 2, 0.81, 3, 0.71])  # epoch + 1 on the logarithmic axis


def test_the_trajectory_has_a_ceiling_and_the_papers_points_where_its_data_was_run():
    table = MODULES["fig2_trajectory"].table(read)
    ceiling = table.query("source == 'ceiling' and measure == 'cka' and epoch == 1 and dataset == 'digits'").iloc[0]
    assert (ceiling["ci_low"], ceiling["mean"], ceiling["ci_high"]) == pytest.approx((0.7, 0.8, 0.9))
    points = table[table["source"] == "paper"]
    assert set(points["dataset"]) == {"cifar100"}
    published = paper_values("fig2").query("dataset == 'cifar100'")
    assert sorted(points["mean"]) == sorted(published["value"])


def test_the_first_figure_carries_the_papers_angles():
    table = MODULES["fig1_angles"].table(read)
    assert set(table.query("measure == 'weight_angle'")["paper"]) == {85.7}
    assert set(table.query("measure == 'representation_angle'")["paper"]) == {27.8}


def test_a_summary_keeps_groups_apart():
    frame = pd.DataFrame({"a": [1, 1, 2], "seed": [0, 1, 0], "x": [1.0, 3.0, 5.0], "y": [0.0, 0.0, 1.0]})
    found = summarise(frame, ("a",), ("x", "y")).set_index(["a", "measure"])["mean"]
    assert found.to_dict() == {(1, "x"): 2.0, (1, "y"): 0.0, (2, "x"): 5.0, (2, "y"): 1.0}


def test_a_figure_without_its_experiment_is_refused_by_name():
    only = parse(Params, {"experiments": {"table1": {"grid": [{"dataset": "digits"}]}}}, "settings")
    assert figures_of(plan(only)) == []
    with pytest.raises(SettingsError, match="trajectory is missing, and collapse shows its runs"):
        figure_job(plan(only), "collapse")
    with pytest.raises(SettingsError, match="figure 'fig9': allowed is one of fig1_angles"):
        figure_job(plan(only), "fig9")
