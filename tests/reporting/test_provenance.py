import pytest

from pipeline.reporting.origins import provenance

RUN = "digits/seed=0"


def record(stage, subject, inputs, outputs, commit="abc", job=None, **more):
    made = {"commit": commit, "dirty": False, "python": "3.11", "packages": {"numpy": "2"}, "machine": {"cores": 2}}
    files = {kind: {f"{kind}.csv": digest} for kind, digest in outputs.items()}
    values = {"settings": job or {}, "inputs": inputs, "outputs": files, "found": {}, "made": {**made, "seconds": 3.5}}
    return {"stage": stage, "subject": subject, **values, **more}


@pytest.fixture
def records():
    digests = {"cl": {"batches": "b", "views": "v"}}
    return [
        record("prepare", "digits", {}, {"store": "s1"}),
        record(
            *("twins", RUN, {"store": {"digits": "s1"}}, {"checkpoints": "c1", "steps": "t1"}, "old"),
            found={"digests": digests},
        ),
        record("table1", "", {"probes": {RUN: "p1"}, "paper_values": {"": "v"}}, {"table1": "1", "table1_text": "2"}),
        record("bounds", "", {"steps": {RUN: "t1"}}, {"bounds": "3", "descent": "4"}, job={"delta": 0.01}),
        record("claims", "", {"bounds": {"": "3"}}, {"claims": "5"}),
        record("metrics", "", {"claims": {"": "5"}}, {"metrics": "6", "plots": "7"}),
        record("figure", "collapse", {"collapse": {RUN: "k1"}}, {"figure": "8", "png": "9", "pdf": "10"}),
    ]


def test_every_table_and_figure_is_followed_to_its_data(records):
    files = provenance(records)["files"]
    assert {name: one["sha256"] for name, one in files.items()} == {
        "table1.csv": "1",
        "bounds.csv": "3",
        "descent.csv": "4",
        "claims.csv": "5",
        "figures/collapse.csv": "8",
        "figures/collapse.png": "9",
    }
    assert all(one["data"] == {"digits": "s1"} for one in files.values())
    assert {one["commit"] for one in files.values()} == {"abc"}
    assert files["bounds.csv"]["settings"] != files["claims.csv"]["settings"]


def test_every_run_has_its_cost_and_what_its_twins_were_shown(records):
    found = provenance(records)
    assert found["runs"] == {
        RUN: {
            **{"commit": "old", "dirty": False, "seconds": 3.5},
            "digests": {"cl": {"batches": "b", "views": "v"}},
        }
    }
    (place,) = found["environments"]
    assert place["stages"] == ["prepare", "twins", "table1", "bounds", "claims", "metrics", "figure"]


def test_a_record_that_does_not_fit_what_it_read_is_named(records):
    records[1]["outputs"]["steps"] = {"steps.csv.gz": "t2"}
    with pytest.raises(ValueError, match="steps digits/seed=0 was made again since bounds read it"):
        provenance(records)
    with pytest.raises(ValueError, match="table1: no record names the data that it was made from"):
        provenance([records[2]])
