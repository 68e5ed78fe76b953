import itertools

import pandas as pd
import pytest
from matplotlib.figure import Figure

from pipeline.files import write_csv
from pipeline.jobs import figure_job, figures_of
from pipeline.params import Params, SettingsError, parse
from pipeline.reporting.figures import MODULES
from pipeline.reporting.figures.style import save
from pipeline.reporting.measured import labelled, rows_of, summarise
from pipeline.reporting.reference import paper_values
from pipeline.reporting.registry import FIGURES
from pipeline.reporting.trends import trend
from pipeline.runs import Run, plan

RUNS = [
    Run(dataset=dataset, classes=classes, epochs=2, seed=seed)
    for dataset, classes in (("digits", 10), ("cifar100", 100))
    for seed in (0, 1, 2)
]


def bound_rows():
    """Three sweeps that meet at C = 10, B = 128, tau = 0.5; similarity falls where the bound rises."""
    rows = []
    for classes, batch, tau in (
        (2, 128, 0.5),
        (5, 128, 0.5),
        (10, 128, 0.5),
        (10, 64, 0.5),
        (10, 256, 0.5),
        (10, 128, 1.0),
        (10, 128, 0.1),
    ):
        for seed, split, epoch in itertools.product((0, 1, 2), ("train", "test"), (1, 2)):
            log = classes / 10 + batch / 256 - tau + epoch / 10
            logs = dict.fromkeys(
                (f"{n}_log" for n in ("drift", "certificate", "nonexpansive", "telescoped", "theorem1")), log
            )
            run = {
                "dataset": "digits",
                "classes": classes,
                "batch_size": batch,
                "temperature": tau,
                "learning_rate_rule": "linear",
                "seed": seed,
                "epochs": 2,
            }
            rows.append(
                {
                    **run,
                    "split": split,
                    "epoch": epoch,
                    "steps": epoch * 1280 // batch,
                    "rows": 100,
                    **logs,
                    "cka": 1 - log / 9,
                    "rsa": 1 - log / 8,
                }
            )
    return pd.DataFrame(rows)


def read(kind):
    """Made-up measures: every value is known from epoch, seed and objective."""
    if kind == "bounds":
        return bound_rows()
    if kind == "descent":
        logs = {f"{n}_log": [0.1, 0.2] for n in ("drift", "certificate", "nonexpansive", "telescoped", "theorem1")}
        return pd.DataFrame({"step": [1, 2], **logs})
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


SWEPT = [  # CKA, RSA, gap and accuracy are known from the setting
    *(Run(dataset="digits", classes=10, epochs=2, batch_size=256, seed=s) for s in (0, 1, 2)),
    *(
        Run(dataset="digits", classes=10, epochs=2, batch_size=256, temperature=t, seed=s)
        for t in (0.1, 1.0)
        for s in (0, 1)
    ),
    *(
        Run(dataset="digits", classes=10, epochs=2, batch_size=b, learning_rate_rule=rule, seed=s)
        for b, rule in ((64, "linear"), (64, "sqrt"), (64, "sqrt_published"), (256, "sqrt_published"))
        for s in (0, 1)
    ),
    *(
        Run(dataset="digits", classes=10, epochs=2, batch_size=256, shared=shared, seed=s)
        for shared in ((), ("initialisation",), ("batches", "augmentations"))
        for s in (0, 1)
    ),
    *(Run(dataset="digits", classes=c, epochs=2, batch_size=256, seed=s) for c in (2, 5) for s in (0, 1)),
]


def value_of(run):
    return 0.5 + run.temperature / 10 + run.batch_size / 1024 + len(run.shared) / 100 + run.seed / 1000


def read_swept(kind):
    parts = []
    for run in SWEPT:
        value = value_of(run)
        if kind in ("alignment", "weights"):
            pairs = [{"first": "cl", "second": second, "epoch": e} for second in ("nscl", "scl") for e in (0, 1, 2)]
            rows = [
                {**pair, "split": "test", "cka": value, "rsa": value - 0.1, "weight_gap": 1 - value} for pair in pairs
            ]
        elif kind == "collapse":
            rows = [
                {"objective": o, "epoch": e, "split": "test", "cdnv": value} for o in ("cl", "scl") for e in (0, 1, 2)
            ]
        elif kind == "ceiling":
            rows = [{"epoch": 2, "split": "test", "cka": c, "rsa": c / 2} for c in (0.7, 0.8)] if run.seed == 0 else []
        elif kind == "bounds":
            rows = [{"epoch": e, "steps": e * run.classes, "split": "test", "cka": value, "rsa": value} for e in (1, 2)]
        elif kind == "loss_gap":
            gap = 1 / run.classes
            rows = [{"objective": o, "gap": gap, "bound": 2 * gap} for o in ("cl", "nscl")]
        elif kind == "merging":
            rows = [{"share": s, "probe": p, "accuracy": 90 - s} for s in (0.0, 0.5, 1.0) for p in ("nccc", "lp")]
        else:
            accuracies = {"cl": 80.0, "nscl": 80 + run.temperature}
            rows = [{"objective": o, "probe": p, "accuracy": a} for o, a in accuracies.items() for p in ("nccc", "lp")]
        parts.append(labelled(run, pd.DataFrame(rows)))
    return pd.concat(parts)


OF_SWEEPS = {
    *("fig3_classes", "fig4_temperature", "fig5_batch", "duration", "accuracy_by_temperature"),
    *("merging", "encoders", "loss_gap", "randomness"),
}


def test_every_figure_that_the_workflow_knows_can_be_drawn():
    assert set(MODULES) == set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_from_its_table_alone(name, tmp_path):
    asked = []
    source = read_swept if name in OF_SWEEPS else read
    table = MODULES[name].table(lambda kind: asked.append(kind) or source(kind))
    assert set(asked) == set(FIGURES[name].reads)
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


def test_the_bounds_figure_says_whether_theory_and_training_agree():
    table = MODULES["bounds_by_setting"].table(read)
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
    table = MODULES["fig3_classes"].table(read_swept)
    cells = table.query("measure == 'cka' and epoch == 2").set_index("classes")
    assert cells["steps"].to_dict() == {10: 20, 2: 4, 5: 10}
    left, right, *_ = MODULES["fig3_classes"].draw(table).axes
    assert [text.get_text() for text in left.get_yticklabels()] == ["10", "5", "2"]
    drawn = {container.get_label(): container.lines[0].get_xdata().tolist() for container in right.containers}
    assert drawn == {"C' = 2": [2, 4], "C' = 5": [5, 10], "C' = 10": [10, 20]}


def test_normalised_rules_share_their_point_at_256():
    axes = MODULES["fig5_batch"].draw(MODULES["fig5_batch"].table(read_swept)).axes
    shown = {c.get_label(): c.lines[0].get_xdata().tolist() for c in axes[1].containers}
    assert shown["rate ~ square root"] == shown["rate ~ B"] == [64, 256]
    published = {c.get_label(): c.lines[0].get_ydata().tolist() for c in axes[0].containers}
    assert len(published["rate ~ square root"]) == 2


def test_the_gap_of_accuracies_is_taken_seed_by_seed():
    table = MODULES["accuracy_by_temperature"].table(read_swept)
    gaps = table.query("objective == 'gap' and probe == 'lp'").set_index("temperature")["mean"]
    assert gaps.to_dict() == pytest.approx({0.1: 0.1, 0.5: 0.5, 1.0: 1.0})


def test_what_is_shared_is_drawn_with_the_likeness_of_another_seed():
    table = MODULES["randomness"].table(read_swept)
    cka = table.query("measure == 'cka' and classes == 10").set_index("shared")
    assert set(cka.index) == {
        "nothing",
        "initialisation",
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
    only = parse(Params, {"experiments": {"table1": {"grid": [{"dataset": "digits"}]}}}, "settings")
    assert figures_of(plan(only)) == []
    with pytest.raises(SettingsError, match="trajectory is missing, and collapse shows its runs"):
        figure_job(plan(only), "collapse")
    with pytest.raises(SettingsError, match="figure 'fig9': allowed is one of fig1_angles"):
        figure_job(plan(only), "fig9")
