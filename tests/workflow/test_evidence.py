"""Committed evidence is as it was frozen, is trained again by today's code, and only `freeze` writes it."""

import gzip
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from pipeline.__main__ import main
from pipeline.config.base import SettingsError, parse
from pipeline.config.earlier_names import current_table
from pipeline.config.params import Params, read_params
from pipeline.evidence.manifest import FOLDER, MANIFEST, check, file_digests, read_manifest
from pipeline.planning.expansion import plan
from tests.workflow.conftest import ROOT, RUN

NAMES = sorted(path.parent.name for path in (ROOT / FOLDER).glob(f"*/{MANIFEST}"))
MAX_FILES = 190  # of all evidence


@pytest.mark.parametrize("name", NAMES)
def test_committed_evidence_is_as_it_was_frozen_and_names_no_module(name):
    assert check(ROOT / FOLDER / name) > 0
    assert "pipeline." not in (ROOT / FOLDER / name / MANIFEST).read_text()


def test_every_folder_of_evidence_has_a_manifest_and_all_together_are_few_files():
    assert [path.name for path in sorted((ROOT / FOLDER).iterdir())] == NAMES
    assert sum(path.is_file() for path in (ROOT / FOLDER).rglob("*")) <= MAX_FILES


@pytest.mark.parametrize("name", ["cifar_two_cores", "tiny_imagenet_two_cores"])
def test_its_settings_ask_for_its_runs_and_its_measures_are_of_all_of_them(name):
    folder = ROOT / FOLDER / name
    manifest = read_manifest(folder)
    wanted = plan(read_params(folder / "settings.yaml"))
    assert set(wanted.named) == set(manifest.runs)
    for kind in ("steps", "probes", "alignment", "weights", "collapse", "movement"):
        rows = current_table(pd.read_csv(folder / "measures" / f"{kind}.csv.gz"))
        assert set(rows["run"]) == set(manifest.runs), kind
    for run, origin in manifest.runs.items():
        _, request = wanted.request(run)
        assert set(origin.shown) == set(request.names)
        assert len(origin.checkpoints) == len(request.names) * len(request.checkpoints)


@pytest.fixture(scope="module")
def frozen(finished, tmp_path_factory):
    """A finished tiny project with evidence that keeps the networks of a run."""
    project = finished.copy(tmp_path_factory.mktemp("frozen") / "twins")
    project.pipeline("evidence", "freeze", "tiny", "--networks", RUN)
    return project


def test_it_is_checked_replayed_and_its_networks_are_unpacked(frozen):
    assert "files as they were frozen" in frozen.pipeline("evidence", "check", "tiny")
    output = frozen.pipeline("evidence", "replay", "tiny", RUN, "--steps", "all")
    assert "2 twins, equal to the bit through step 2, 4 checkpoints reached again" in output
    frozen.pipeline("evidence", "networks", "tiny", "networks")
    for objective in ("cl", "nscl"):
        name = f"{objective}-epoch0001.safetensors"
        ours, kept = frozen.path / "networks" / name, frozen.folder("twins", RUN) / "checkpoints" / name
        assert ours.read_bytes() == kept.read_bytes()
    table = pd.read_csv(frozen.path / FOLDER / "tiny" / "measures" / "alignment.csv.gz")
    for run, rows in table.groupby("run"):
        own = pd.read_csv(frozen.folder("measure", run) / "alignment.csv")
        pd.testing.assert_frame_equal(rows.drop(columns="run").reset_index(drop=True), own)


@pytest.mark.long
def test_its_networks_are_measured_again(frozen):
    table = frozen.pipeline("evidence", "measure", "tiny", "--threads", "1").splitlines()[1:]
    rows = [line.split() for line in table[1:]]
    assert {row[3] for row in rows} >= {"cka", "rsa"}
    assert all(float(row[4]) == pytest.approx(float(row[5]), abs=1e-6) for row in rows)


def test_code_that_gives_other_numbers_is_found_by_replay_and_not_by_check(frozen):
    with frozen.edited(("twin_alignment/losses/contrastive.py", "/ temperature)", "/ (1.1 * temperature))")):
        assert "files as they were frozen" in frozen.pipeline("evidence", "check", "tiny")
        output = frozen.pipeline("evidence", "replay", "tiny", RUN, check=False)
    assert "from step 1 on apart by up to" in output
    assert "more than rounding does" in output


@pytest.mark.long
def test_rounding_is_named_and_does_not_fail(frozen, tmp_path):
    project = frozen.copy(tmp_path / "twins")
    steps = project.path / FOLDER / "tiny" / "measures" / "steps.csv.gz"
    text = gzip.decompress(steps.read_bytes()).decode()
    loss = next(line for line in text.splitlines() if line.startswith(f'"{RUN}"')).split(",")[-3]
    steps.write_bytes(gzip.compress(text.replace(loss, f"{float(loss) * (1 + 1e-6):.9g}", 1).encode()))
    manifest = project.path / FOLDER / "tiny" / MANIFEST
    values = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**values, "files": file_digests(manifest.parent)}))
    output = project.pipeline("evidence", "replay", "tiny", RUN)
    assert "equal to the bit through step 0, from step 1 on apart by up to 1" in output


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda file: file.write_text(file.read_text().replace("cl", "cL", 1)), "table1.csv was"),
        (lambda file: file.unlink(), "table1.csv is"),
        (lambda file: file.with_name("more.csv").write_text("a\n"), "more.csv is not"),
    ],
)
def test_a_file_that_is_not_as_it_was_is_named(frozen, tmp_path, damage, named):
    folder = tmp_path / "tiny"
    shutil.copytree(frozen.path / FOLDER / "tiny", folder)
    (folder / "README.md").write_text("what was found may be written down again")
    assert check(folder) > 0
    damage(folder / "table1.csv")
    with pytest.raises(SettingsError, match=named):
        check(folder)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tiny", "exists; expected a new name, as evidence is never overwritten"),
        pytest.param("another", "uncommitted changes", marks=pytest.mark.long),
    ],
)
def test_nothing_is_frozen_from_changes_or_over_what_is_there(frozen, name, message):
    with frozen.edited(("README.md", "\n", "\n\n", 1)):
        assert message in frozen.pipeline("evidence", "freeze", name, check=False)
    assert not (frozen.path / FOLDER / "another").exists()


@pytest.mark.parametrize("folder", ["results", "reports"])
def test_no_settings_write_below_evidence(folder):
    settings = parse(Params, {folder: "reports/evidence/mine/made", "experiments": {}}, "settings")
    with pytest.raises(SettingsError, match=f"{folder}: expected a folder outside of reports/evidence"):
        plan(settings)


def test_what_is_missing_is_named(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    run = next(iter(read_manifest(Path(FOLDER) / "cifar_two_cores").runs))
    for words, message in (
        (("check", "nothing"), "expected one of cifar100_gpu, cifar_two_cores"),
        (("replay", "cifar_two_cores", "digits/seed=0"), "expected a run of"),
        (("replay", "cifar100_gpu", "digits/seed=0"), "cifar100_gpu: has no losses of single steps"),
        (("replay", "cifar_two_cores", run), "`python -m pipeline prepare cifar100 --params"),
    ):
        assert main(["evidence", *words]) == 2
        assert message in capsys.readouterr().err


@pytest.mark.long  # it makes an environment
def test_it_is_trained_again_at_its_own_commit(frozen):
    output = frozen.pipeline("evidence", "replay", "tiny", RUN, "--own-commit", "--steps", "2")
    assert "equal to the bit through step 2" in output
