"""Whatever is damaged on the disk is named before it is used: over 1,000 cases in the long tests.

Every file of a finished project, in turn truncated, emptied, altered by a bit, exchanged for another of its kind, and
removed: `verify --deep` names it, and a stage that reads it does not start.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.config.base import SettingsError
from pipeline.config.params import read_params
from pipeline.jobs.runner import check_inputs
from pipeline.jobs.task import task, tasks
from pipeline.jobs.verify import verify
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout
from tests.workflow.artefacts import artefacts
from tests.workflow.faults.fuzz import sentence


def truncated(path, other, rng):
    data = path.read_bytes()
    path.write_bytes(data[: int(rng.integers(len(data)))])


def flipped(path, other, rng):
    data = bytearray(path.read_bytes())
    data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
    path.write_bytes(data)


def exchanged(path, other, rng):
    path.write_bytes(other.read_bytes())


def emptied(path, other, rng):
    path.write_bytes(b"")


def removed(path, other, rng):
    path.unlink()


DAMAGES = (truncated, flipped, exchanged, emptied, removed)


def damages(folder, rng, times):
    """(file, kind of damage, what it is exchanged for), `times` of each kind that changes a file."""
    files = artefacts(folder)
    for path in files:
        others = [o for o in files if o.suffix == path.suffix and o.read_bytes() != path.read_bytes()]
        for damage in DAMAGES * times:
            if path.stat().st_size and (others or damage is not exchanged):
                yield path, damage, others[int(rng.integers(len(others)))] if others else None


@pytest.fixture
def settings(project, monkeypatch):
    monkeypatch.chdir(project.path)
    return plan(read_params(Path("params.yaml"))), Layout(Path("results"), Path("reports"))


@pytest.mark.parametrize(
    ("times", "share"), [pytest.param(1, 0.15, id="few"), pytest.param(2, 1.0, id="many", marks=pytest.mark.long)]
)
def test_every_damage_is_named_by_verify(times, share, project, settings):
    rng, count = np.random.default_rng(0), 0
    kept = project.path.with_name("kept")
    for path, damage, other in damages(project.path, rng, times):
        if rng.random() > share:
            continue
        shutil.copy2(path, kept)
        damage(path, other, rng)
        changed = not path.is_file() or path.read_bytes() != kept.read_bytes()
        named = sentence(lambda: verify(*settings, deep=True))
        inside = path.relative_to(project.path)
        blank = path.suffix == ".json" and not named  # a record's space for another: it says the same
        assert str(inside) in named or blank or not changed or beside(path, named), (inside, damage.__name__, named)
        shutil.copy2(kept, path)
        count += 1
    assert verify(*settings, deep=True) > 0
    assert count >= 1000 * share * times / 2, count


def beside(path, named):
    """Whether what is named is the result of a record that is gone, or the folder of digests that are."""
    return not path.is_file() and ("has no record" in named or "is missing" in named)


def test_no_stage_starts_from_what_is_damaged(project, settings):
    """Of every stage one task, and every file that it reads."""
    rng, count = np.random.default_rng(1), 0
    kept = project.path.with_name("kept")
    found = {one.stage.name: one for one in tasks(*settings)}
    for one in found.values():
        check_inputs(one)
        for path in read_by(one):
            for damage in (truncated, flipped, removed):
                shutil.copy2(path, kept)
                damage(path, None, rng)
                refused = sentence(lambda one=one: check_inputs(one))
                assert str(path) in refused, (one.stage.name, path, damage.__name__, refused)
                for aside in path.parent.glob("*.set_aside"):
                    assert damage is not removed
                    aside.unlink()
                shutil.copy2(kept, path)
                count += 1
        check_inputs(one)
    assert count > 300


def read_by(one):
    """Files of results; in folders of bulk each of them."""
    for kind, place in one.reads:
        path = place.outputs[kind]
        yield from sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


def test_what_was_set_aside_is_made_again_by_the_named_command(project, settings):
    run = next(iter(settings[0].requests)).name
    one = task("measure", run, *settings)
    flipped(next(one.inputs["checkpoints"][0].glob("nscl-*")), None, np.random.default_rng(2))
    with pytest.raises(SettingsError, match=r"altered since `python -m pipeline twins .*` made it, and is set aside"):
        check_inputs(one)
    project.pipeline("twins", run)
    check_inputs(one)
    assert verify(*settings, deep=True) > 0
