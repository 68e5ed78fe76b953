import importlib
import itertools
import subprocess
import sys

import pandas as pd
import pytest
from matplotlib.figure import Figure

from pipeline.files import write_csv
from pipeline.reporting.figures import FIGURES, facts_of
from pipeline.reporting.measured import labelled, rows_of, summarise
from pipeline.reporting.reading import Reading
from pipeline.reporting.style import save
from pipeline.reporting.trends import trend
from pipeline.settings.base import SettingsError, parse
from pipeline.settings.experiments import Params
from pipeline.settings.run import Run
from pipeline.workflow.plan import plan
from pipeline.workflow.stages import STAGES, figures_of
from tests.reporting.planted import PAPER, PUBLISHED_CLASSES, swept, trajectory

MODULES = {name: importlib.import_module(f"pipeline.reporting.figures.{name}") for name in FIGURES}

OF_SWEEPS = {
    *("fig3_classes", "fig4_temperature", "fig5_batch", "duration", "accuracy_by_temperature"),
    *("merging", "encoders", "loss_gap", "randomness"),
}
OF_OBJECTIVES = {"fig2_trajectory", "fig6_weight_gap", "duration", "collapse", "encoders"}


def table_of(name, **options):
    source = swept if name in OF_SWEEPS else trajectory
    return MODULES[name].table(Reading(lambda kind: source(kind, **options), PAPER, PUBLISHED_CLASSES))


def test_what_figures_and_claims_there_are_is_known_without_what_draws_and_computes():
    loads = "import sys, pipeline.reporting.claims, pipeline.reporting.figures; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "matplotlib", "seaborn", "scipy.stats"} & set(found)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_from_its_table_alone(name, tmp_path):
    asked = []
    source = swept if name in OF_SWEEPS else trajectory
    table = MODULES[name].table(Reading(lambda kind: asked.append(kind) or source(kind), PAPER, PUBLISHED_CLASSES))
    facts, module = FIGURES[name], MODULES[name]
    assert set(asked) == set(facts.reads)
    assert (facts.caption, facts.experiments, facts.reads) == (module.CAPTION, module.EXPERIMENTS, module.READS)
    table.to_csv(tmp_path / "table.csv", index=False)
    drawn = MODULES[name].draw(pd.read_csv(tmp_path / "table.csv"))
    assert isinstance(drawn, Figure)
    for axes in drawn.axes:
        assert axes.get_xlabel() or axes.get_ylabel()  # a second axis of a panel has a y label alone
    again = MODULES[name].draw(table)
    for suffix in ("png", "pdf"):
        save(drawn, tmp_path / f"a.{suffix}")
        save(again, tmp_path / f"b.{suffix}")
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


@pytest.mark.parametrize("name", FIGURES)
def test_an_objective_of_ones_own_is_drawn_with_a_look_of_its_own(name):
    drawn = MODULES[name].draw(table_of(name, twins=("nscl", "mine.loss", "yours.loss")))
    if name in OF_OBJECTIVES:
        lines = [line for axes in drawn.axes for line in axes.lines if line.get_linestyle() == "-"]
        looks = {
            line.get_label().removeprefix("CL–").split(",")[0]: (line.get_color(), line.get_marker()) for line in lines
        }
        assert {"NSCL", "MINE.LOSS", "YOURS.LOSS"} <= set(looks)
        assert len(set(looks.values())) == len(looks)


def test_lines_show_the_means_of_the_seeds():
    table = table_of("fig6_weight_gap")
    row = table.query("dataset == 'digits' and second == 'scl' and epoch == 2").iloc[0]
    assert (row["mean"], row["n_seeds"]) == (pytest.approx(0.71), 3)
    (first, *_) = MODULES["fig6_weight_gap"].draw(table).axes
    drawn = first.lines[0].get_xydata()
    assert drawn.ravel() == pytest.approx([1, 0.91, 2, 0.81, 3, 0.71])  # epoch + 1 on the logarithmic axis


def test_the_trajectory_has_other_seeds_and_the_papers_points_where_its_data_was_run():
    table = table_of("fig2_trajectory")
    between = table.query("source == 'ceiling' and measure == 'cka' and epoch == 1 and dataset == 'digits'").iloc[0]
    assert (between["ci_low"], between["mean"], between["ci_high"]) == pytest.approx((0.7, 0.8, 0.9))
    points = table[table["source"] == "paper"]
    assert set(points["dataset"]) == {"cifar100"}
    published = PAPER("fig2").query("dataset == 'cifar100'")
    assert sorted(points["mean"]) == sorted(published["value"])


def test_the_first_figure_carries_the_papers_angles():
    table = table_of("fig1_angles")
    assert set(table.query("measure == 'weight_angle'")["paper"]) == {85.7}
    assert set(table.query("measure == 'representation_angle'")["paper"]) == {27.8}


def test_the_bounds_figure_says_whether_theory_and_training_agree():
    table = table_of("bounds_by_setting")
    assert set(zip(table["swept"], table["matched"], strict=True)) == set(
        itertools.product(("classes", "batch_size", "temperature"), ("epochs", "steps"))
    )
    at_epochs = table.query("swept == 'classes' and matched == 'epochs' and measure == 'cka'")
    assert at_epochs["value"].tolist() == [2, 5, 10]
    assert at_epochs["mean"].tolist() == pytest.approx([1 - (c / 10 + 0.5 - 0.5 + 0.2) / 9 for c in (2, 5, 10)])
    batches = table.query("swept == 'batch_size' and matched == 'steps' and measure == 'cka'")
    # at B = 256 two epochs are 10 steps; B = 64 has 20 after one, B = 128 has 10
    assert batches["mean"].tolist() == pytest.approx(
        [1 - (1 + b / 256 - 0.5 + e / 10) / 9 for b, e in ((64, 1), (128, 1), (256, 2))]
    )
    drawn = MODULES["bounds_by_setting"].draw(table)
    titles = [axes.get_title() for axes in drawn.axes if axes.get_title()]
    assert titles[:3] == ["at equal epochs: agree"] * 3
    flipped = table.assign(trend=table["trend"].where(table["measure"] != "cka", "rises"))
    assert "at equal epochs: disagree" in {axes.get_title() for axes in MODULES["bounds_by_setting"].draw(flipped).axes}


def test_classes_are_compared_at_equal_epochs_and_at_equal_steps():
    table = table_of("fig3_classes")
    cells = table.query("measure == 'cka' and epoch == 2").set_index("classes")
    assert cells["steps"].to_dict() == {10: 20, 2: 4, 5: 10}
    left, right, *_ = MODULES["fig3_classes"].draw(table).axes
    assert [text.get_text() for text in left.get_yticklabels()] == ["10", "5", "2"]
    drawn = {container.get_label(): container.lines[0].get_xdata().tolist() for container in right.containers}
    assert drawn == {"C' = 2": [2, 4], "C' = 5": [5, 10], "C' = 10": [10, 20]}


def test_normalised_rules_share_their_point_at_256():
    axes = MODULES["fig5_batch"].draw(table_of("fig5_batch")).axes
    shown = {c.get_label(): c.lines[0].get_xdata().tolist() for c in axes[1].containers}
    assert shown["rate ~ square root"] == shown["rate ~ B"] == [64, 256]
    published = {c.get_label(): c.lines[0].get_ydata().tolist() for c in axes[0].containers}
    assert len(published["rate ~ square root"]) == 2


def test_the_gap_of_accuracies_is_taken_seed_by_seed():
    table = table_of("accuracy_by_temperature")
    gaps = table.query("objective == 'gap' and probe == 'lp'").set_index("temperature")["mean"]
    assert gaps.to_dict() == pytest.approx({0.1: 0.1, 0.5: 0.5, 1.0: 1.0})


def test_what_is_shared_is_drawn_with_the_likeness_of_another_seed():
    table = table_of("randomness")
    cka = table.query("measure == 'cka' and classes == 10").set_index("shared")
    assert set(cka.index) == {
        "nothing",
        "initialisation",
        "initialisation+batches",
        "initialisation+augmentations",
        "batches+augmentations",
        "initialisation+batches+augmentations",
        "another seed",
    }
    assert cka.loc["nothing", "mean"] == pytest.approx(0.5 + 0.05 + 0.25 + 0.0005)
    assert cka.loc["another seed", ["ci_low", "mean", "ci_high"]].tolist() == pytest.approx([0.7, 0.75, 0.8])


@pytest.mark.parametrize(
    ("slopes", "expected"), [((1.0, 1.1, 0.9), "rises"), ((-1.0, -1.1, -0.9), "falls"), ((1.0, -1.0, 0.2), "undecided")]
)
def test_a_trend_is_one_that_all_seeds_bear_out(slopes, expected):
    rows = [{"seed": s, "classes": c, "cka": slope * c} for s, slope in enumerate(slopes) for c in (2, 4, 8)]
    assert trend(pd.DataFrame(rows), "classes", "cka") == expected


def test_a_runs_rows_are_found_again_after_a_file(tmp_path):
    runs = [
        Run(dataset="digits", classes=10, temperature=1.0, seed=0),
        Run(dataset="digits", temperature=1.0, seed=0),
        Run(dataset="digits", classes=10, temperature=1.0, seed=0, shared=()),
    ]
    rows = pd.concat([labelled(run, pd.DataFrame({"x": [i]})) for i, run in enumerate(runs)])
    write_csv(tmp_path / "rows.csv", rows)
    found = pd.read_csv(tmp_path / "rows.csv")
    assert [rows_of(run, found)["x"].tolist() for run in runs] == [[0], [1], [2]]


def test_a_summary_keeps_groups_apart():
    frame = pd.DataFrame({"a": [1, 1, 2], "seed": [0, 1, 0], "x": [1.0, 3.0, 5.0], "y": [0.0, 0.0, 1.0]})
    found = summarise(frame, ("a",), ("x", "y")).set_index(["a", "measure"])["mean"]
    assert found.to_dict() == {(1, "x"): 2.0, (1, "y"): 0.0, (2, "x"): 5.0, (2, "y"): 1.0}


def test_a_figure_without_its_experiment_is_refused_by_name():
    only = plan(parse(Params, {"experiments": {"table1": {"grid": [{"dataset": "digits"}]}}}, "settings"))
    assert figures_of(only) == []
    with pytest.raises(SettingsError, match="trajectory is missing, and collapse shows its runs"):
        STAGES["figure"].job(only, "collapse")
    with pytest.raises(SettingsError, match="figure 'fig9': allowed is one of accuracy_by_temperature"):
        STAGES["figure"].job(only, "fig9")


def test_a_figure_that_does_not_say_what_it_reads_is_named(tmp_path):
    (tmp_path / "mine.py").write_text('CAPTION = "Mine."\nEXPERIMENTS = ("trajectory",)\n')
    with pytest.raises(SettingsError, match=r"mine.py: a figure says at its top, as a literal: READS"):
        facts_of(tmp_path / "mine.py")
