"""Whatever is damaged on the disk is named before it is used: over 1,000 cases in the long tests.

Every file of a finished project, in turn truncated, emptied, altered by a bit, exchanged for another of its kind, and
removed: `verify --deep` names it, and a stage that reads it does not start.
"""

import shutil

import numpy as np
import pytest

from pipeline.config.base import SettingsError
from pipeline.jobs.runner import check_inputs
from pipeline.jobs.task import task_of, tasks_of
from pipeline.jobs.verify import verify
from tests.workflow.artefacts import artefacts
from tests.workflow.conftest import RUN, planned_here
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
def here(project, monkeypatch):
    monkeypatch.chdir(project.path)
    return project


@pytest.mark.long
def test_every_damage_is_named_by_verify(here):
    settings, rng, count = planned_here(), np.random.default_rng(0), 0
    kept = here.path.with_name("kept")
    for path, damage, other in damages(here.path, rng, 2):
        shutil.copy2(path, kept)
        damage(path, other, rng)
        changed = not path.is_file() or path.read_bytes() != kept.read_bytes()
        named = sentence(lambda: verify(*settings, deep=True))
        inside = path.relative_to(here.path)
        blank = path.suffix == ".json" and not named  # a record's space for another: it says the same
        # the result of a record that is gone, or the folder of digests that are
        gone = not path.is_file() and ("has no record" in named or "is missing" in named)
        assert str(inside) in named or blank or not changed or gone, (inside, damage.__name__, named)
        shutil.copy2(kept, path)
        count += 1
    assert verify(*settings, deep=True) > 0
    assert count >= 1000


def test_no_stage_starts_from_what_is_damaged(here):
    """One task of every stage, and every file that it reads."""
    rng, count = np.random.default_rng(1), 0
    kept = here.path.with_name("kept")
    for reader in {one.stage.name: one for one in tasks_of(*planned_here())}.values():
        check_inputs(reader)
        for path in read_by(reader):
            for damage in (truncated, flipped, removed):
                shutil.copy2(path, kept)
                damage(path, None, rng)
                refused = sentence(lambda reader=reader: check_inputs(reader))
                assert str(path) in refused, (reader.stage.name, path, damage.__name__, refused)
                for aside in path.parent.glob("*.set_aside"):
                    assert damage is not removed
                    aside.unlink()
                shutil.copy2(kept, path)
                count += 1
        check_inputs(reader)
    assert count > 200


def read_by(reader):
    """Files of results; in folders of bulk each of them."""
    for kind, place in reader.reads:
        path = place.outputs[kind]
        yield from sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


def test_an_altered_input_is_set_aside_and_made_again_by_the_named_command(here):
    measure = task_of("measure", RUN, *planned_here())
    store = measure.inputs["store"][0] / "train_images.npy"
    before = store.read_bytes()
    flipped(store, None, np.random.default_rng(2))
    with pytest.raises(SettingsError, match=r"altered since `python -m pipeline prepare digits` made it; moved to"):
        check_inputs(measure)
    assert store.with_name("train_images.npy.set_aside").read_bytes() != before
    assert "prepare" in here.planned("prepared")  # by Snakemake too
    here.pipeline("prepare", "digits")
    check_inputs(measure)
    assert store.read_bytes() == before
