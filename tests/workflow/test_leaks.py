"""Nothing stale passes: every way in which a result and what it was made from can part is named or made good."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from pipeline.settings.base import SettingsError
from pipeline.settings.experiments import read_params
from pipeline.workflow.layout import Layout
from pipeline.workflow.plan import plan
from pipeline.workflow.records import left_out, tasks, write_sums
from pipeline.workflow.stages import STAGES
from pipeline.workflow.verify import verify
from tests.workflow.conftest import RUN

TEMPERED = ("return (own / temperature) @ rows.T", "return (own / (2 * temperature)) @ rows.T")
NEUTRAL = ("rows = torch.cat([z1, z2])\n    own", "both = torch.cat([z1, z2])\n    rows = both\n    own")
COMMENT = ("    own = rows if", "\n    # why\n    own = rows if")


def refused(project):
    """What a dry run says when it refuses a run."""
    output = project.run("snakemake", "--dry-run", "--quiet", "host", check=False)
    assert "Job stats" not in output
    return output


def verified(project, *words):
    """Lines of `verify` that name a result, without the first."""
    output = project.pipeline("verify", *words, check=False)
    return [] if "finished results, all as" in output else output.strip().splitlines()[1:]


def stages_of(lines):
    return {line.split(":")[0].split()[0] for line in lines}


def test_what_was_made_is_verified_to_the_last_byte(finished):
    assert verified(finished) == []
    assert verified(finished, "--deep") == []
    for record in (finished.path / "results" / "records").rglob("*.json"):
        found = json.loads(record.read_text())
        assert {"job", "code", "inputs", "outputs", "made"} <= found.keys(), record


def test_a_changed_default_is_named_and_retrains_nothing_by_itself(project):
    project.edit("pipeline/settings/training.py", "decay: float = Field(1e-6", "decay: float = Field(1e-5")
    named = verified(project)
    assert any(line.startswith(f"twins {RUN}") and "run.weight_decay was 1e-06, is 1e-05" in line for line in named)
    output = refused(project)
    assert f"{RUN} was finished from something else (settings: run.weight_decay was 1e-06, is 1e-05" in output
    assert "replay" not in output  # other settings cannot be kept
    project.pipeline("remake", RUN)
    assert (project.path / "results" / "checkpoints" / RUN).is_dir()  # until the new ones are there


def test_words_and_layout_change_nothing(project):
    project.edit("pipeline/losses/contrastive.py", '"""CL: negatives are', '"""CL (edited): negatives are')
    project.edit("pipeline/losses/contrastive.py", *COMMENT)
    project.edit("pipeline/settings/training.py", '"""dimension of z"""', '"""number of columns of z"""')
    assert verified(project) == []
    assert project.planned() == set()


def test_changed_code_of_a_run_is_named_with_the_choice(project):
    project.edit("pipeline/losses/contrastive.py", *TEMPERED)
    output = refused(project)
    both = f"{RUN} {RUN.replace('seed=0', 'seed=1')}"
    assert f"{RUN} was finished from something else (code: pipeline.losses.contrastive)" in output
    assert ", and so was one more run: keep them by" in output
    assert f"`python -m pipeline replay {both}`" in output
    assert f"make them again after `python -m pipeline remake {both}`" in output
    answer = project.pipeline("replay", RUN, check=False)
    assert "today's code does not make this run" in answer
    assert "twins" in stages_of(verified(project))
    project.pipeline("remake", *both.split())
    assert {"twins", "measure", "table1", "claims", "report"} <= project.planned()


def test_a_run_that_is_to_be_made_again_is_planned_by_that_alone(project):
    project.pipeline("remake", RUN)
    assert {"twins", "measure", "table1", "report"} <= project.planned()


def test_a_refusal_names_commands_of_its_own_settings_file(project):
    (project.path / "params.yaml").rename(project.path / "my settings.yaml")
    project.edit("pipeline/losses/contrastive.py", *TEMPERED)
    output = project.run("snakemake", "--dry-run", "all", "--configfile", "my settings.yaml", check=False)
    replayed, made_again = re.findall(r"`python -m pipeline (replay|remake) [^`]* --params 'my settings.yaml'`", output)
    assert (replayed, made_again) == ("replay", "remake")


@pytest.mark.long
def test_code_that_makes_the_same_bits_can_be_kept(project):
    project.edit("pipeline/losses/contrastive.py", *NEUTRAL)
    assert "code: pipeline.losses.contrastive" in refused(project)
    answer = project.pipeline("replay", RUN, RUN.replace("seed=0", "seed=1"), "--threads", "1")
    assert answer.count("2 steps of 2 twins after epoch 0: equal to the bit, 2 checkpoints reached again; kept") == 2
    record = json.loads((project.path / "results" / "records" / "twins" / f"{RUN}.json").read_text())
    (kept,) = record["kept"]
    assert kept["compared"][0]["equal"] is True
    assert kept["was"] != kept["is"]
    # the loss is also in the code of the theory's tables, which are made again; the page tells what was kept
    assert not project.planned() & {"prepare", "subset", "twins", "measure", "table1", "table2"}
    project.run("snakemake", "--cores", "2", "--quiet", "all")
    made = json.loads((project.path / "reports" / "provenance.json").read_text())
    assert "equal" in json.dumps(made["runs"][RUN]["kept"])
    assert verified(project) == []


def test_a_strangers_audit_of_a_run_that_is_as_recorded(finished):
    answer = finished.pipeline("replay", RUN)
    assert "equal to the bit" in answer
    assert "kept" not in answer


@pytest.mark.parametrize(
    ("file", "old", "new", "stale"),
    [
        ("pipeline/reporting/claims/alignment.py", "all twins are as alike", "all twins are alike", {"claims"}),
        ("pipeline/settings/experiments.py", "late: float = Field(1.0", "late: float = Field(2.0", {"claims"}),
        ("reports/reference/paper_values.csv", "88.37", "88.38", {"table1", "table2", "figure"}),
        ("pipeline/reporting/figures/collapse.py", '"Class-distance', '"Changed class-distance', {"figure"}),
        ("pipeline/settings/theory.py", "failure: float = Field(0.01", "failure: float = Field(0.02", {"bounds"}),
    ],
)
def test_a_changed_word_value_or_constant_makes_its_results_again(project, file, old, new, stale):
    project.edit(file, old, new)
    assert stale <= stages_of(verified(project))
    planned = project.planned()
    assert stale <= planned
    assert not planned & {"prepare", "twins", "measure"}


def test_another_jitter_prepares_nothing_again(project):
    project.edit("params.yaml", "flip: 0.0", "flip: 0.5")
    named = verified(project)
    assert any("settings: views.flip was 0.0, is 0.5" in line for line in named)
    assert stages_of(named) == {"twins", "curvature", "loss_gap"}
    assert "views.flip was 0.0, is 0.5" in refused(project)
    assert project.planned("prepared") == set()


def test_tables_that_were_altered_are_not_blessed(project):
    table = project.path / "reports" / "table1.csv"
    table.write_text(table.read_text().replace("cl,nccc", "cl,nccd", 1))
    named = verified(project)
    assert "table1: reports/table1.csv was altered" in named
    assert stages_of(named) == {"table1", "metrics", "report"}  # those that read it, too
    (project.path / "results" / "records" / "claims.json").unlink()
    assert "claims: reports/claims.csv has no record" in verified(project)


def test_of_other_settings_it_says_which_and_not_what_they_would_read(project):
    project.edit("params.yaml", "temperature: 0.5", "temperature: 0.4")
    named = verified(project)
    assert "table1: made from something else (settings: runs.0.temperature was 0.5, is 0.4" in "\n".join(named)
    assert [line for line in named if line.startswith("table1: ") and "is not there" in line] == []


def test_an_altered_byte_of_any_kind_of_result_is_found(project, monkeypatch):
    monkeypatch.chdir(project.path)
    settings, layout = plan(read_params(Path("params.yaml"))), Layout(Path("results"), Path("reports"))
    kinds = set()
    for one in tasks(settings, layout):
        for kind, path in one.outputs.items():
            file = max(path.rglob("*"), key=lambda found: found.stat().st_size) if path.is_dir() else path
            whole = file.read_bytes()
            altered = bytearray(whole)
            altered[len(altered) // 2] ^= 1
            file.write_bytes(altered)
            with pytest.raises(SettingsError, match=re.escape(str(file))):
                verify(settings, layout, deep=True)
            file.write_bytes(whole)
            kinds.add(kind)
    assert kinds == {kind for stage in STAGES.values() for kind in stage.writes}
    assert verify(settings, layout, deep=True).results > 0


def test_a_run_whose_inputs_were_altered_is_not_made(project):
    store = project.path / "results" / "data" / "digits" / "train_images.npy"
    data = bytearray(store.read_bytes())
    data[5000] ^= 1
    store.write_bytes(data)
    output = project.pipeline("measure", RUN, check=False)
    assert "train_images.npy was altered since `python -m pipeline prepare digits` made it, and is set aside" in output
    assert store.with_name("train_images.npy.set_aside").read_bytes() == bytes(data)
    assert "prepare" in stages_of(verified(project))
    project.pipeline("prepare", "digits")
    project.pipeline("measure", RUN)
    assert verified(project, "--deep") == []


@pytest.mark.long
def test_results_without_their_bulk_are_verified_used_and_replayed(project):
    """As committed: digests of images and checkpoints in the place of the files themselves."""
    results = project.path / "results"
    bulk = [path for room in ("data", "checkpoints") for path in (results / room).rglob("*.*")]
    for path in bulk:
        path.unlink()
    shutil.rmtree(results / "state")
    shutil.rmtree(project.path / ".snakemake")
    output = project.pipeline("verify")
    assert "3 folders of images or checkpoints are not here: of these the digests agree" in output
    deep = verified(project, "--deep")
    assert stages_of(deep) == {"prepare", "twins"}
    assert len(deep) == len(bulk)
    project.run("snakemake", "--touch", "--cores", "1", "all")
    assert project.planned() == set()
    assert "`python -m pipeline prepare digits`" in project.pipeline("replay", RUN, check=False)
    project.pipeline("prepare", "digits")
    answer = project.pipeline("replay", RUN, "--steps", "all")
    assert "2 steps of 2 twins after epoch 0: equal to the bit, 2 checkpoints reached again" in answer
    assert verified(project) == []
    sums = results / "checkpoints" / RUN / "SHA256SUMS"
    sums.write_text(sums.read_text().replace("a", "b"))
    (altered,) = [line for line in verified(project) if line.startswith(f"twins {RUN}:")]
    assert altered.endswith("SHA256SUMS was altered")


def test_only_what_a_folder_had_can_be_left_out_of_it(tmp_path):
    for name in ("empty", "whole", "bulk_gone"):
        (tmp_path / name).mkdir()
        if name != "empty":
            (tmp_path / name / "digits.csv").write_text("epoch\n")
        write_sums(tmp_path / name)
    (tmp_path / "bulk_gone" / "digits.csv").unlink()
    assert {path.name for path in tmp_path.iterdir() if left_out(path)} == {"bulk_gone"}


def test_a_data_set_made_again_with_the_same_bytes_retrains_nothing(project):
    project.run("snakemake", "--cores", "2", "--forcerun", "prepare", "--", "prepared")
    assert "twins" not in project.planned()


def test_records_name_the_whole_run(finished):
    record = json.loads((finished.path / "results" / "records" / "twins" / f"{RUN}.json").read_text())
    assert record["job"]["run"]["weight_decay"] == 1e-6  # a default, in no name
    assert record["found"]["digests"]["cl"] == record["found"]["digests"]["nscl"]  # shared randomness, as recorded
    steps = pd.read_csv(finished.path / "results" / "steps" / f"{RUN}.csv.gz")
    assert set(steps["objective"]) == {"cl", "nscl"}


def test_what_a_newer_version_made_is_neither_used_nor_made_anew(project):
    project.edit("pipeline/workflow/records.py", "FORMAT = 2", "FORMAT = 3")
    project.pipeline("prepare", "digits", "--results", "newer")
    project.edit("pipeline/workflow/records.py", "FORMAT = 3", "FORMAT = 2")
    record = project.path / "newer" / "records" / "prepare" / "digits.json"
    before = record.read_bytes()
    for command in (("prepare", "digits"), ("subset", "digits/classes=4,seed=0"), ("verify",)):
        assert f"{record.relative_to(project.path)}: a record of format 3, this version knows 2" in project.pipeline(
            *command, "--results", "newer", check=False
        )
    assert record.read_bytes() == before
