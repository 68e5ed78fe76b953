"""Earlier names in published evidence are read as today's, and today's stay as they are."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from pipeline.config.base import SettingsError
from pipeline.config.earlier_names import OBJECTIVES, current_settings, current_table, current_text
from pipeline.config.objectives import OBJECTIVES as KNOWN
from pipeline.config.params import read_params
from pipeline.config.run import Run
from pipeline.evidence.current_claims import current_claims
from pipeline.evidence.manifest import FOLDER, published_run, read_manifest
from pipeline.evidence.replay import run_task
from pipeline.reporting import report_parts as parts
from pipeline.reporting.claims import CLAIMS
from pipeline.stages import report
from tests.docs.pages import ROOT

EVIDENCE = ROOT / FOLDER
NAMES = ["cifar_two_cores", "tiny_imagenet_two_cores"]


@pytest.mark.parametrize(
    ("earlier", "today"),
    [
        ("cl_replica", "cl_independent"),
        ("cl_nudged-epoch0008.safetensors", "cl_perturbed-epoch0008.safetensors"),
        ("nscl_25", "nscl_partial_25"),
        ("nscl_shuffled_75", "nscl_shuffled_partial_75"),
        ("CKA of NSCL less that of cl_replica, with CL", "CKA of NSCL less that of cl_independent, with CL"),
        (
            "cifar100/epochs=8,trust=0.01,clip=1.0,seed=0",
            "cifar100/epochs=8,trust_coefficient=0.01,max_grad_norm=1.0,seed=0",
        ),
        ("a/trust=0.01,seed=0|cl_replica|encoder.w", "a/trust_coefficient=0.01,seed=0|cl_independent|encoder.w"),
        ("cifar100, C = 100, trust = 0.05", "cifar100, C = 100, trust_coefficient = 0.05"),
        ("dose", "label_fraction"),
        ("dose_rsa", "label_fraction_rsa"),
        ("dose_of_labels_rsa", "label_fraction_less_shuffled_rsa"),
        ("weights_turn_more_replica", "weights_turn_more_independent"),
    ],
)
def test_an_earlier_name_is_read_as_today_s(earlier, today):
    assert current_text(earlier) == today
    assert current_text(today) == today


@pytest.mark.parametrize(
    "text",
    [
        *KNOWN,
        *CLAIMS,
        "nscl_250",
        "mine_cl_replica",
        "dose response",
        "a dose",
        "clip and keep",
        Run(dataset="digits", trust_coefficient=0.1, max_grad_norm=1.0).name,
    ],
)
def test_other_words_stay(text):
    assert current_text(text) == text


def test_settings_of_custom_views_keep_their_names():
    views = {"function": "views.py:view", "settings": {"keep": 0.5, "trust": 0.1}}
    values = {"training": {"trust": 0.1}, "datasets": {"rows": {"views": views}}}
    assert current_settings(values) == {"training": {"trust_coefficient": 0.1}, "datasets": values["datasets"]}


def test_every_earlier_objective_is_one_of_today():
    assert set(OBJECTIVES.values()) <= set(KNOWN)
    assert not set(OBJECTIVES) & set(KNOWN)


def test_tables_have_today_s_columns_and_cells_and_numbers_as_they_were():
    table = pd.DataFrame(
        {
            "second": ["cl_replica", "nscl", None],
            "trust": [0.1, 0.2, 0.3],
            "value": [1, 2, 3],
            "seen": [True, False, True],
        }
    )
    before = table.copy()
    found = current_table(table)
    pd.testing.assert_frame_equal(table, before)
    assert found.columns.tolist() == ["second", "trust_coefficient", "value", "seen"]
    assert found["second"].fillna("").tolist() == ["cl_independent", "nscl", ""]
    pd.testing.assert_frame_equal(found[["value", "seen"]], table[["value", "seen"]])
    assert found["trust_coefficient"].tolist() == [0.1, 0.2, 0.3]


def test_settings_have_today_s_keys_where_a_key_is_a_setting():
    earlier = """
keep: last
late: 2.0
training: {trust: 0.01, clip: 1.0}
theory: {failure: 0.1}
claims: {dose_of_labels: {above: 0}, late: {above: 1}}
experiments:
  dose:
    objectives: [cl, nscl_25, cl_replica, {objective: nscl, labels: random/2}]
    grid: [{dataset: digits, trust: [0.1, 0.2]}]
  late: {grid: [{dataset: keep}]}
"""
    assert current_settings(yaml.safe_load(earlier)) == {
        "checkpoint_retention": "last",
        "late_path_length": 2.0,
        "training": {"trust_coefficient": 0.01, "max_grad_norm": 1.0},
        "theory": {"delta": 0.1},
        "claims": {"label_fraction_less_shuffled": {"above": 0}, "late": {"above": 1}},
        "experiments": {
            "label_fraction": {
                "objectives": ["cl", "nscl_partial_25", "cl_independent", {"objective": "nscl", "labels": "random/2"}],
                "grid": [{"dataset": "digits", "trust_coefficient": [0.1, 0.2]}],
            },
            "late": {"grid": [{"dataset": "keep"}]},
        },
    }
    assert current_settings([1]) == [1]
    today = yaml.safe_load((ROOT / "params" / "cifar_two_cores.yaml").read_text())
    assert current_settings(today) == today


def test_earlier_settings_are_read_beside_a_manifest_alone(tmp_path):
    text = (EVIDENCE / "cifar_two_cores" / "settings.yaml").read_text()
    (tmp_path / "settings.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"unknown key 'training\.trust'"):
        read_params(tmp_path / "settings.yaml")
    (tmp_path / "MANIFEST.json").write_text("{}")
    assert read_params(tmp_path / "settings.yaml").training.trust_coefficient == 0.01


@pytest.mark.parametrize("name", NAMES)
def test_runs_of_evidence_are_known_by_either_name(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    folder = FOLDER / name
    run, origin = next(iter(read_manifest(folder).runs.items()))
    assert Run.from_name(run).name == run
    earlier = published_run(folder, run)
    assert "trust=" in earlier
    assert run_task(folder, earlier).subject == run_task(folder, run).subject == run
    assert {file.rpartition("-")[0] for file in origin.checkpoints} == set(origin.shown) <= set(KNOWN)


@pytest.mark.parametrize("name", NAMES)
def test_the_report_shows_evidence_by_today_s_names(name):
    folder = EVIDENCE / name
    claims, controls = current_claims(folder), parts.read_table(folder, "figures/controls.csv")
    shown = parts.verdicts_compared(claims, claims) + parts.claims_html_table(claims) + parts.controls_table(controls)
    assert "CL on independent batches" in shown or "independent" in shown
    for earlier in ("replica", "nudged", "trust ="):
        assert earlier not in shown.lower(), earlier
    assert list(dict.fromkeys(claims["claim"])) == list(CLAIMS)


def test_the_report_declares_all_files_that_its_verdicts_on_evidence_are_computed_from(tmp_path):
    declared = [file for file in report.CIFAR_EVIDENCE.values() if "figures" not in file]
    for file in declared:
        target = tmp_path / Path(file).relative_to(report.EVIDENCE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, target)
    assert len(current_claims(tmp_path).query("verdict != 'not run'")) > 40
    pd.testing.assert_frame_equal(current_claims(tmp_path), current_claims(EVIDENCE / "cifar_two_cores"))


def test_evidence_without_measures_of_runs_has_no_verdicts_of_today():
    with pytest.raises(SettingsError, match="expected measures of single runs in measures/, got none"):
        current_claims(EVIDENCE / "cifar100_gpu")


def test_the_evidence_itself_keeps_its_names():
    assert "cl_replica" in Path(EVIDENCE / "cifar_two_cores" / "settings.yaml").read_text()
