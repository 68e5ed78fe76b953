import math
import subprocess
import sys

import pandas as pd
import pytest
from matplotlib.figure import Figure

from pipeline.config.base import SettingsError, parse
from pipeline.config.objectives import OBJECTIVES
from pipeline.config.params import Params
from pipeline.config.references import PROJECT
from pipeline.config.run import Run
from pipeline.jobs.chain import STAGES
from pipeline.planning.expansion import plan
from pipeline.reporting.figures import FIGURES, facts_of
from pipeline.reporting.measured import labelled, rows_of
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.paper_values import PAPER_VALUES
from pipeline.reporting.style import OBJECTIVE_STYLES, note, save, styles
from pipeline.reporting.trends import trend
from pipeline.stages import figure
from pipeline.stages.figure import FigureJob, figures_of
from pipeline.system.files import write_csv
from tests.reporting.planted import (
    CONTROLLED,
    DOSED,
    PAPER,
    PUBLISHED_CLASSES,
    TRAJECTORY,
    of_run,
    swept,
    trajectory,
)
from tests.reporting.planted_figures import MODULES, pixels, source_of, table_of

OF_OBJECTIVES = {"fig2_trajectory", "fig6_weight_gap", "duration", "collapse", "encoders", "layers"}


def test_what_figures_and_claims_there_are_is_known_without_what_draws_and_computes():
    loads = "import sys, pipeline.reporting.claims, pipeline.reporting.figures; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "matplotlib", "scipy.stats"} & set(found)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_from_its_table_alone(name, tmp_path):
    asked = []
    source = source_of(name)
    table = MODULES[name].table(Reading(lambda kind: asked.append(kind) or source(kind), PAPER, PUBLISHED_CLASSES))
    facts, module = FIGURES[name], MODULES[name]
    assert set(asked) == set(facts.reads)
    stated = (module.CAPTION, module.EXPERIMENTS, module.READS, module.TWINS)
    assert (facts.caption, facts.experiments, facts.reads, facts.twins) == stated
    table.to_csv(tmp_path / "table.csv", index=False)
    drawn = MODULES[name].draw(pd.read_csv(tmp_path / "table.csv"))
    assert isinstance(drawn, Figure)
    for axes in drawn.axes:
        assert axes.get_xlabel() or axes.get_ylabel()  # a second axis of a panel has a y label alone
    assert pixels(drawn) == pixels(MODULES[name].draw(table))


def test_equal_tables_give_equal_files(tmp_path):
    table = table_of("fig2_trajectory")
    for name in "ab":
        save(MODULES["fig2_trajectory"].draw(table), tmp_path / f"{name}.png", tmp_path / f"{name}.pdf")
    for suffix in ("png", "pdf"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


@pytest.mark.parametrize("name", sorted(OF_OBJECTIVES))
def test_a_custom_objective_is_drawn_with_its_own_style(name):
    drawn = MODULES[name].draw(table_of(name, twins=("nscl", "mine.loss", "yours.loss")))
    solid = [(line, line.get_label()) for axes in drawn.axes for line in axes.lines if line.get_linestyle() == "-"]
    bars = [(bar.lines[0], bar.get_label()) for axes in drawn.axes for bar in axes.containers]
    found = {
        label.removeprefix("CL–"): (line.get_color(), line.get_marker())
        for line, label in (*solid, *bars)
        if label[0] != "_"
    }
    assert {"NSCL", "MINE.LOSS", "YOURS.LOSS"} <= set(found)
    assert len(set(found.values())) == len(found)


def test_every_objective_has_its_own_colour_and_marker():
    assert set(OBJECTIVE_STYLES) == set(OBJECTIVES)
    for of_all in zip(*OBJECTIVE_STYLES.values(), strict=True):
        assert len(set(of_all)) == len(OBJECTIVES)


def test_no_two_twins_of_a_figure_look_alike():
    """Markers differ among all that are known and the first six others; and the look among 24 others."""
    others = [f"mine.loss{n}" for n in range(24)]
    found = styles(("cl", *CONTROLLED, *others[:6]))
    assert len({marker for _, marker in found.values()}) == len(found)
    colours = {name: colour for name, (colour, _) in found.items()}
    assert not {colours[name] for name in others[:6]} & {colours[name] for name in ("cl", *CONTROLLED)}
    assert len(set(styles(("cl", *CONTROLLED, *others)).values())) == 1 + len(CONTROLLED) + len(others)


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


def test_classes_are_compared_at_equal_epochs_and_at_equal_steps():
    """Two classes with as many epochs as ten, and with as many steps: planted steps are epoch times classes."""
    runs = [
        Run(dataset="digits", classes=classes, epochs=epochs, seed=seed)
        for classes, epochs in ((2, 2), (2, 10), (5, 2), (10, 2))
        for seed in (0, 1)
    ]
    longer = [run.model_copy(update={"batch_size": 512}) if run.epochs == 10 else run for run in runs]  # another value

    def read(kind):
        parts = [
            of_run(kind, other).assign(epoch=lambda rows, f=run.epochs // 2: rows["epoch"] * f)
            for run, other in zip(runs, longer, strict=True)
        ]
        parts = [part.assign(steps=part["epoch"] * run.classes) for part, run in zip(parts, runs, strict=True)]
        return pd.concat([labelled(run, part) for run, part in zip(runs, parts, strict=True)])

    table = MODULES["fig3_classes"].table(Reading(read, PAPER, PUBLISHED_CLASSES))
    ends = table.query("measure == 'cka' and epoch == epochs").set_index(["matched", "classes"])
    assert ends.loc["epochs", "steps"].to_dict() == {2: 4, 5: 10, 10: 20}
    assert ends.loc["steps", "steps"].to_dict() == {2: 20, 10: 20}
    assert ends.loc["steps"].loc[2, "mean"] - ends.loc["epochs"].loc[2, "mean"] == pytest.approx((512 - 1024) / 1024)
    left, right, *_ = MODULES["fig3_classes"].draw(table).axes
    assert [text.get_text() for text in left.get_yticklabels()] == ["10", "5", "2"]
    assert [float(text.get_text()) for text in left.get_xticklabels()] == [1, 2]
    drawn = {container.get_label(): container.lines[0].get_xdata().tolist() for container in right.containers}
    assert drawn == {"C' = 2": [10, 20], "C' = 10": [10, 20]}


def test_colours_of_the_heat_map_reach_its_largest_number_where_other_cells_are_empty():
    """Ten classes were kept at an epoch at which two were not, and a rounded CKA is above 1."""
    rows = [(2, 1, 0.5), (10, 1, 1.0 + 1e-6), (10, 2, 0.7)]
    table = pd.DataFrame(rows, columns=["classes", "epoch", "mean"])
    table = table.assign(dataset="digits", measure="cka", matched="epochs", source="twins", epochs=2, steps=9)
    axes = MODULES["fig3_classes"].draw(table.assign(ci_high=math.nan, ci_low=math.nan)).axes[0]
    assert axes.collections[0].get_clim()[1] == pytest.approx(1.0 + 1e-6, abs=1e-9)


def test_an_eigenvalue_below_zero_is_seen():
    table = table_of("assumptions").query("classes == 10")
    below = (table["measure"] == "beta") & (table["epoch"] == 0)
    left, _ = MODULES["assumptions"].draw(table.assign(mean=table["mean"].mask(below, -5.0))).axes
    assert left.get_yscale() == "linear"
    assert left.get_ylim()[0] < -5


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


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_a_figure_is_drawn_from_one_seed_of_a_dataset_without_declared_classes(name):
    """Neither an interval nor a number of classes: where classes are swept, they are known."""
    source = source_of(name)
    unknown = math.nan if name not in ("fig3_classes", "loss_gap", "bounds_by_setting") else 10

    def one_seed(kind):
        rows = source(kind, twins=DOSED if name == "label_fraction" else CONTROLLED)
        return rows.query("seed == 0 and classes == 10").assign(classes=unknown) if "seed" in rows else rows

    table = MODULES[name].table(Reading(one_seed, PAPER, PUBLISHED_CLASSES))
    assert len(table)
    drawn = MODULES[name].draw(table)
    note(drawn, ["digits: nothing is known of it"])
    assert not any("C = nan" in axes.get_title() for axes in drawn.axes)
    pixels(drawn)


def test_controls_have_angles_likeness_and_differences_from_nscl():
    table = table_of("controls", twins=CONTROLLED).query("dataset == 'digits'").set_index(["second", "measure"])
    plain, less = table[table["less"].isna()], table[table["less"].notna()]
    assert set(plain.index.get_level_values("second")) == {*CONTROLLED, "cl, another seed"}
    assert plain.loc[("cl_independent", "weight_angle"), "mean"] == pytest.approx(80 * 0.71)
    assert plain.loc[("cl, another seed", "cka"), ["ci_low", "mean", "ci_high"]].tolist() == pytest.approx(
        [0.7, 0.8, 0.9]
    )
    between = plain.loc[("cl, another seed", "representation_angle"), "mean"]
    assert between == pytest.approx(sum(math.degrees(math.acos(c)) for c in (0.7, 0.8, 0.9)) / 3)
    assert set(less["less"]) == {"nscl_shuffled", "cl_independent", "cl_perturbed"}


def test_differences_from_a_control_are_taken_seed_by_seed():
    """The shuffled twin lags 0.1 behind in seed 0, 0.2 in seed 1, 0.3 in seed 2."""

    def read(kind):
        rows = trajectory(kind, CONTROLLED)
        if kind == "alignment":
            rows["value"] -= (rows["second"] == "nscl_shuffled") * 0.1 * (rows["seed"] + 1)
        return rows

    table = MODULES["controls"].table(Reading(read, PAPER, PUBLISHED_CLASSES))
    row = table.query("less == 'nscl_shuffled' and measure == 'cka' and dataset == 'digits'").iloc[0]
    assert row["mean"] == pytest.approx(0.2)
    assert row[["ci_low", "ci_high"]].isna().all()  # of three seeds


def test_doses_stand_at_their_shares_and_controls_at_none():
    table = table_of("label_fraction", twins=DOSED).query("measure == 'cka' and classes == 2").set_index("second")
    assert table["share"].dropna().to_dict() == {
        **{"nscl_partial_25": 0.25, "nscl_partial_50": 0.5, "nscl_partial_75": 0.75, "nscl": 1.0},
        **{"nscl_shuffled_partial_25": 0.25, "nscl_shuffled": 1.0},
    }
    assert pd.isna(table.loc["cl_independent", "labels"])
    (panel, *_) = MODULES["label_fraction"].draw(table.reset_index()).axes
    drawn = {bar.get_label(): bar.lines[0].get_xdata().tolist() for bar in panel.containers}
    assert drawn == {"true labels": [0.25, 0.5, 0.75, 1.0], "shuffled labels": [0.25, 1.0]}


def test_layers_have_every_part_at_every_depth():
    table = table_of("layers").query(
        "dataset == 'digits' and split == 'test' and second == 'nscl' and measure == 'cka'"
    )
    found = table.set_index(["part", "layer"])["mean"]
    assert len(found) == 3 * 4
    assert found["within", "h"] == pytest.approx(0.71 - 0.2 - 0.1)
    panel = MODULES["layers"].draw(table).axes[2]
    assert panel.containers[0].lines[0].get_ydata().tolist() == pytest.approx([0.51, 0.41, 0.31, 0.21])


def test_likeness_stands_over_the_path_and_settings_are_told_apart():
    table = table_of("path_length").query("measure == 'cka' and second == 'nscl' and classes == 10")
    of = table.set_index(["family", "temperature", "batch_size", "learning_rate_rule"])
    assert of.loc[("batch size", 0.5, 64, "linear"), "path_length"] == pytest.approx(2 * 64 / 1024)
    assert set(of.loc["temperature"].index.get_level_values("temperature")) == {0.1, 1.0}
    assert set(of.loc["rate rule"].index.get_level_values("learning_rate_rule")) == {"sqrt", "sqrt_published"}
    assert len(of.loc["usual setting"]) == 1


def of_paper(name, **fields):
    """The figure's table of twins at one epoch, as if the planted runs were of a dataset of the paper."""
    runs = [Run(epochs=2, **fields, seed=seed) for seed in (0, 1)]
    return (
        MODULES[name]
        .table(
            Reading(
                lambda kind: pd.concat([labelled(run, of_run(kind, run)) for run in runs]), PAPER, PUBLISHED_CLASSES
            )
        )
        .query("source == 'paper' and measure == 'cka'")
    )


def test_published_points_stand_at_their_epochs_where_the_data_is_the_papers():
    found = of_paper("fig4_temperature", dataset="cifar100", classes=100, temperature=0.1)
    assert found[["epoch", "mean"]].values.tolist() == [[300, 0.853]]
    assert of_paper("fig4_temperature", dataset="cifar100", classes=5, temperature=0.1).empty
    assert of_paper("fig4_temperature", dataset="cifar100", classes=100, temperature=0.2).empty
    batch = {"dataset": "mini_imagenet", "classes": 100, "batch_size": 512}
    found = of_paper("fig5_batch", learning_rate_rule="sqrt_published", **batch)
    assert found[["epoch", "batch_size", "mean"]].values.tolist() == [[200, 512, 0.981]]
    assert of_paper("fig5_batch", learning_rate_rule="sqrt", **batch).empty  # not the rule of the paper


@pytest.mark.parametrize("classes", [10, 100])
def test_a_published_number_of_classes_stands_on_its_row(classes):
    runs = [Run(dataset="mini_imagenet", classes=c, epochs=2, seed=seed) for c in (classes, 50) for seed in (0, 1)]
    reading = Reading(
        lambda kind: pd.concat([labelled(run, of_run(kind, run)) for run in runs]), PAPER, PUBLISHED_CLASSES
    )
    table = MODULES["fig3_classes"].table(reading)
    points = table.query("source == 'paper'").set_index("classes")["mean"].to_dict()
    assert points == {10: {10: 0.69, 50: 0.78}, 100: {50: 0.78, 100: 0.67}}[classes]
    labels = [text.get_text() for text in MODULES["fig3_classes"].draw(table).axes[0].get_yticklabels()]
    assert "50\n(0.78 at 1000)" in labels


def test_what_the_theory_assumes_is_shown_by_epoch_and_by_step():
    table = table_of("assumptions").query("classes == 10").set_index(["measure", "epoch"])
    own = swept("curvature").query("classes == 10 and epoch == 2")["beta"]
    row = table.loc["beta"].loc[2]
    assert (row["mean"], row["n_seeds"]) == (pytest.approx(own.mean()), len(own))
    own = swept("surrogate").query("classes == 10 and epoch == 2 and step == 1")["cosine"]
    assert table.loc["cosine"].loc[2].query("step == 1")["mean"].item() == pytest.approx(own.mean())
    left, right = MODULES["assumptions"].draw(table_of("assumptions").query("classes == 10")).axes
    assert left.get_yscale() == "log"
    assert [line.get_label() for line in right.containers] == [f"from the weights of epoch {e}" for e in (0, 2)]


def test_plain_steps_have_drift_in_features_and_likeness_in_both_layers():
    table = (
        table_of("plain_sgd").query("classes == 10 and dataset == 'digits'").set_index(["layer", "measure", "epoch"])
    )
    table = table.sort_index()
    assert set(table.index.get_level_values("layer")) == {"h", "z"}
    assert table.loc[("z", "cka", 2), "mean"] == pytest.approx(0.71 - 0.3)
    assert table.loc[("h", "cka", 2), "mean"] == pytest.approx(0.71 - 0.2)
    left, right = MODULES["plain_sgd"].draw(table.reset_index()).axes
    logs = table.loc[("h", "drift_log")]
    assert left.containers[0].lines[0].get_ydata() == pytest.approx(logs["mean"] / math.log(10))
    assert [bar.get_label() for bar in right.containers] == ["CKA of features h", "CKA of projections z"]


@pytest.mark.parametrize(
    ("slopes", "expected"),
    [
        ((1.0, 1.1, 0.9, 1.0), "rises"),
        ((-1.0, -1.1, -0.9, -1.0), "falls"),
        ((1.0, -1.0, 0.2, 0.1), "undecided"),
        ((1.0, 1.1, 0.9), "undecided"),
    ],
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


def test_a_figure_without_its_experiment_is_refused_by_name():
    only = plan(parse(Params, {"experiments": {"table1": {"grid": [{"dataset": "digits"}]}}}, "settings"))
    assert figures_of(only) == []
    with pytest.raises(SettingsError, match="trajectory is missing, and collapse shows its runs"):
        STAGES["figure"].job(only, "collapse")
    with pytest.raises(SettingsError, match="figure 'fig9': expected one of accuracy_by_temperature"):
        STAGES["figure"].job(only, "fig9")


@pytest.mark.parametrize(
    ("objectives", "drawn"),
    [(["cl", "scl"], {"fig2_trajectory", "collapse"}), (["cl"], set()), (["nscl", "scl"], set())],
)
def test_a_figure_is_made_where_its_experiment_has_the_twins_that_it_shows(objectives, drawn):
    grid = [{"dataset": "digits"}]
    every = {"grid": grid, "objectives": ["cl", "nscl", "scl"]}  # the same run, of which trajectory asks for less
    settings = {
        "table1": every,
        "trajectory": {**every, "objectives": objectives},
        "mine": {**every, "objectives": objectives},
    }
    found = plan(parse(Params, {"experiments": settings}, "settings"))
    assert set(figures_of(found)) & {"fig1_angles", "fig2_trajectory", "collapse"} == drawn
    assert ("mine" in figures_of(found)) == bool(drawn)
    with pytest.raises(SettingsError, match=r"trajectory.objectives: fig1_angles needs cl and nscl"):
        STAGES["figure"].job(found, "fig1_angles")


@pytest.mark.parametrize("steps", [[], [3]])
def test_single_steps_are_drawn_where_they_are_kept(steps):
    trajectory = {"objectives": ["cl", "nscl"], "checkpoint_steps": steps, "grid": [{"dataset": "digits"}]}
    found = plan(parse(Params, {"experiments": {"trajectory": trajectory}}, "settings"))
    assert ("early" in figures_of(found)) == bool(steps)
    if not steps:
        with pytest.raises(SettingsError, match=r"experiments.trajectory: early needs checkpoint_steps, got none"):
            STAGES["figure"].job(found, "early")


def test_groups_are_compared_with_the_perturbed_cl_seed_by_seed():
    """Seeds differ by much more than twins do, so that only pairs give the planted differences of 0.02 and 0.05."""
    twins = {"nscl": 0.02, "nscl_two": 0.05, "cl_perturbed": 0.0}
    run = TRAJECTORY[0]
    rows = [
        {"epoch": run.epochs, "split": "test", "first": "cl", "second": twin, "measure": "cka", "value": start - less}
        | {"seed": seed}
        for seed, start in enumerate((0.6, 0.8, 0.9, 0.7))
        for twin, less in twins.items()
    ]
    alignment = pd.concat([labelled(run, pd.DataFrame([row])).assign(seed=row["seed"]) for row in rows])
    table = MODULES["granularity"].table(Reading(lambda kind: alignment, PAPER, PUBLISHED_CLASSES))
    cka = table[table["measure"] == "cka"]
    below = cka[cka["less"] == "cl_perturbed"].set_index("second")
    assert set(below.index) == {"nscl", "nscl_two"}
    for twin in below.index:
        assert below.loc[twin, "mean"] == pytest.approx(-twins[twin])
        assert below.loc[twin, "ci_high"] - below.loc[twin, "ci_low"] == pytest.approx(0, abs=1e-9)
    plain = cka[cka["less"] == ""].set_index("second")["mean"]
    assert plain.to_dict() == pytest.approx({twin: 0.75 - less for twin, less in twins.items()})


def test_a_figure_shows_the_twins_of_its_own_experiment(tmp_path):
    """Whatever else its runs were trained with for another experiment: as if the others were not there."""
    run = TRAJECTORY[0]

    def drawn(twins, objectives):
        folder = tmp_path / "+".join((*twins, *objectives))
        inputs = {"paper_values": [PROJECT / PAPER_VALUES["paper_values"]]}
        for kind in ("alignment", "between_seeds", "movement", "probes", "baselines"):
            rows = of_run(kind, run, twins)
            inputs[kind] = [folder / f"{kind}.csv"]
            write_csv(*inputs[kind], rows)
        outputs = {kind: folder / f"mine.{kind}" for kind in ("figure", "facts", "png", "pdf")}
        job = FigureJob(figure="fig2_trajectory", runs=(run,), objectives=objectives, published_classes={})
        figure.run(job, inputs, outputs)
        return {kind: path.read_bytes() for kind, path in outputs.items()}

    assert drawn(("nscl", "scl", "ce"), ("cl", "nscl")) == drawn(("nscl",), ("cl", "nscl"))


def test_a_figure_that_does_not_say_what_it_reads_is_named(tmp_path):
    (tmp_path / "mine.py").write_text('CAPTION = "Mine."\nEXPERIMENTS = ("trajectory",)\n')
    with pytest.raises(
        SettingsError, match=r"mine.py: expected literals at the top of a figure, got none for READS, TWINS"
    ):
        facts_of(tmp_path / "mine.py")
