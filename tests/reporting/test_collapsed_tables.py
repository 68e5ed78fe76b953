"""Tables, facts and page where networks have collapsed: rows that say which and when, and means of the others."""

import math

import pandas as pd
import pytest

from pipeline.config.run import Run
from pipeline.reporting import report_parts as parts
from pipeline.reporting.accuracy_table import table1, table1_markdown
from pipeline.reporting.agreement_table import table2, table2_markdown
from pipeline.reporting.headline_metrics import short_metrics
from pipeline.reporting.run_facts import run_facts, sentences
from pipeline.reporting.tables import with_numbers
from pipeline.system.files import write_csv
from tests.reporting.planted import moved
from tests.reporting.planted_tables import probes

RUNS = [Run(dataset="digits", classes=10, epochs=2, seed=seed) for seed in (0, 1, 2)]
RAW = pd.DataFrame({"objective": "raw_pixels", "probe": p, "accuracy": 40.0, "converged": True} for p in ("nccc", "lp"))
PRINTED = pd.DataFrame(columns=["dataset", "split", "epoch", "objective", "measure", "value"])
MEASURED = {(0, "nscl"): (1, 2), (1, "nscl"): (1,)}  # seed and objective -> epochs at which it has collapsed
EVERYWHERE = {(seed, "nscl"): (0, 1, 2) for seed in (0, 1, 2)}
PAIR = ("cl", "nscl")


def measures(collapsed):
    """Probes, baselines and movement of the runs, as the stage `measure` writes them, and their alignment."""
    accuracies, movement, alignment = {}, {}, {}
    for run in RUNS:
        rows = [
            {**moved(run, e, o), "collapsed": e in collapsed.get((run.seed, o), ())} for e in (0, 1, 2) for o in PAIR
        ]
        movement[run] = pd.DataFrame(rows)
        if not movement[run]["collapsed"].any():
            movement[run] = movement[run].drop(columns="collapsed")
        lost = [o for (seed, o), epochs in collapsed.items() if seed == run.seed and 2 in epochs]
        accuracies[run] = probes(run)[lambda rows, lost=lost: ~rows["objective"].isin(lost)]
        nan = {e for (seed, _), epochs in collapsed.items() if seed == run.seed for e in epochs}
        alignment[run] = pd.DataFrame(
            {"epoch": e, "split": "test", "first": "cl", "second": "nscl", "measure": m}
            | {"value": math.nan if e in nan else 0.9 + 0.01 * run.seed}
            for e in (0, 1, 2)
            for m in ("cka", "cka_raw", "cka_debiased", "rsa")
        )
    return accuracies, {RUNS[0].subset: RAW}, movement, alignment


def both(collapsed):
    *learning, alignment = measures(collapsed)
    return table1(PAIR, *learning, PRINTED, {}, {}), table2(PAIR, alignment, PRINTED, {}, {})


def statuses(table):
    return table.loc[table["status"].str.startswith("collapsed"), "status"].tolist()


def test_each_has_a_row_with_its_epochs_and_is_in_no_mean_of_the_last():
    one, two = both(MEASURED)
    assert statuses(one) == ["collapsed, seed 0: nscl at epochs 1, 2", "collapsed, seed 1: nscl at epoch 1"]
    assert statuses(two) == [
        "collapsed, seed 0: cl and nscl at epochs 1, 2",
        "collapsed, seed 1: cl and nscl at epoch 1",
    ]
    seeds = with_numbers(one).query("probe == 'lp'").set_index("objective")["n_seeds"]
    assert seeds[["cl", "nscl"]].tolist() == [3, 2]
    cka = with_numbers(two).query("measure == 'cka'")
    assert (cka["n_seeds"].item(), cka["mean"].item()) == (2, pytest.approx(0.915))
    for text in (table1_markdown(one), table2_markdown(two)):
        assert "In no mean of that epoch: digits, C = 10, collapsed, seed 0:" in text


def test_where_all_seeds_collapsed_the_cells_say_so_and_nothing_is_called_not_run():
    one, two = both(EVERYWHERE)
    assert "| collapsed |" in " ".join(table1_markdown(one).split())
    assert "not run" not in table1_markdown(one)
    assert with_numbers(two).empty
    assert ">collapsed</td>" in parts.accuracy_tables(one)
    assert "collapsed, seed 2: cl and nscl at epochs 0, 1, 2" in parts.similarity_table(two)
    metrics = short_metrics(one, two, pd.DataFrame(columns=["claim", "kind", "source", "verdict"]))
    assert "nscl" not in metrics["accuracy"]["digits-10"]
    assert metrics["similarity_with_cl"] == {}


def test_nothing_is_said_where_nothing_collapsed():
    one, two = both({})
    assert statuses(one) == statuses(two) == []
    *learning, _ = measures({})
    assert "collapsed" not in run_facts(*learning, PAIR)


def test_figures_and_the_page_name_them_once(tmp_path):
    *learning, _ = measures(MEASURED)
    table = run_facts(*learning, PAIR)
    *_, sentence = sentences(table)
    assert sentence.endswith("seed 0: nscl at epochs 1, 2; seed 1: nscl at epoch 1")
    assert "collapsed" not in run_facts(*learning, ("cl",))
    assert parts.collapsed_networks_of(tmp_path) == []
    for name in ("controls", "fig1_angles"):
        write_csv(tmp_path / "facts" / f"{name}.csv", table)
    assert parts.collapsed_networks_of(tmp_path) == [sentence]
