"""A run resumes from any step to the bits of one that never stopped, and never from a damaged state."""

import os
import shutil
import signal

import pytest

from pipeline.config.objectives import resolve
from pipeline.train import twin_training
from pipeline.train.checkpoints import checkpoint_path
from pipeline.train.divergence import DivergenceError
from pipeline.train.state import StateError, load_state, previous_path
from pipeline.train.stopping import SIGNALS, graceful_shutdown
from pipeline.train.twin_training import train_twins
from tests.train.interruption import Interruption

OBJECTIVES = tuple(map(resolve, ("cl", "ce")))
KEPT = (0, 1, 3)
KEPT_STEPS = (1, 2)  # single steps; the shortest run here has three
STEPS = 12


@pytest.fixture(autouse=True, scope="module")
def _save_after_every_step():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(twin_training, "MAX_SHARE_OF_SAVES", float("inf"))
        yield


@pytest.fixture(scope="module")
def train(images, recipe, small_run):
    def trained(folder, until=None, origin="mine", run=small_run, **options):
        """Train the whole run, or until Ctrl-C at the batch after `until` batches."""
        shown = images if until is None else Interruption(images, until)
        arguments = (run, OBJECTIVES, KEPT, shown, recipe, folder, folder.with_suffix(".pt"), origin)
        if until is None:
            return train_twins(*arguments, seconds_between_saves=0.0, checkpoint_steps=KEPT_STEPS, **options)
        with pytest.raises(KeyboardInterrupt):
            train_twins(*arguments, seconds_between_saves=0.0, checkpoint_steps=KEPT_STEPS, **options)
        return None

    return trained


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".safetensors"}


@pytest.fixture(scope="module")
def whole(train, tmp_path_factory):
    """Rows, digests and checkpoints of the run without a stop."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    return repr(train(folder)), bytes_of(folder)


@pytest.fixture(scope="module")
def cut_once(train, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cut") / "run"
    train(folder, 6)
    return folder


@pytest.fixture
def cut(cut_once, tmp_path):
    """Folder of a run that stopped after 6 steps; its state is `run.pt`."""
    shutil.copytree(cut_once.parent, tmp_path / "cut")
    return tmp_path / "cut" / "run"


@pytest.mark.parametrize("until", range(1, STEPS))
def test_it_resumes_after_any_step(until, train, whole, tmp_path, capsys):
    folder = tmp_path / "run"
    train(folder, until)
    state = load_state(folder.with_suffix(".pt"))
    assert (state["epoch"], state["step"]) == divmod(until, 4)
    assert not checkpoint_path(folder, "cl", 3).exists()
    capsys.readouterr()
    assert (repr(train(folder)), bytes_of(folder)) == whole
    assert f"resuming after epoch {until // 4}" in capsys.readouterr().err


def test_it_stops_again_and_again(train, whole, tmp_path):
    for _ in range(STEPS - 1):
        train(tmp_path / "run", 1)
    assert (repr(train(tmp_path / "run")), bytes_of(tmp_path / "run")) == whole


@pytest.mark.parametrize(
    "options",
    [
        {"batches": "class_weighted"},
        {"batches": "2_classes"},
        {"shared": ()},
        {"shared": ("augmentations",)},
        {"optimiser": "sgd"},
        {"schedule": "released_code"},
        {"batch_size": 128},  # one step an epoch
    ],
)
def test_other_settings_resume_too(options, train, small_run, tmp_path):
    run = small_run.model_copy(update=options)
    whole = train(tmp_path / "whole", run=run)
    batches_a_step = 1 if "batches" in run.shared else 2
    train(tmp_path / "cut", min(6 * batches_a_step, 2 * 128 // run.batch_size * batches_a_step), run=run)
    assert repr(train(tmp_path / "cut", run=run)) == repr(whole)
    assert bytes_of(tmp_path / "cut") == bytes_of(tmp_path / "whole")


@pytest.mark.parametrize(("workers", "batch_size"), [(2, 32), (3, 32), (2, 128)])
def test_it_resumes_with_prefetched_batches(workers, batch_size, train, small_run, tmp_path):
    """With one step an epoch the digest of a prefetched epoch must not be noted before its time."""
    run = small_run.model_copy(update={"batch_size": batch_size})
    whole = train(tmp_path / "whole", run=run)
    train(tmp_path / "cut", 2 * 128 // batch_size - 1, run=run, workers=workers)
    assert repr(train(tmp_path / "cut", run=run, workers=workers)) == repr(whole)
    assert bytes_of(tmp_path / "cut") == bytes_of(tmp_path / "whole")


def flip(path, place):
    """Flip one bit, at a share of the file."""
    data = bytearray(path.read_bytes())
    data[int(place * (len(data) - 1))] ^= 1
    path.write_bytes(data)


def is_refused(path):
    try:
        return load_state(path) is None
    except StateError:
        return True


def test_a_flipped_bit_is_found_or_changes_no_value(cut):
    """An archive has bytes that nobody reads: dates, and padding."""
    path = cut.with_suffix(".pt")
    valid, values = path.read_bytes(), repr(load_state(path))
    places = [place / 100 for place in range(101)]
    refused = 0
    for place in places:
        flip(path, place)
        refused += is_refused(path)
        assert is_refused(path) or repr(load_state(path)) == values, place
        path.write_bytes(valid)
    assert refused > 0.8 * len(places)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: flip(path, 0.5),
        lambda path: path.write_bytes(path.read_bytes()[:-200]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"no state"),
    ],
)
def test_it_returns_from_a_damaged_state_to_the_previous_one(damage, train, whole, cut, capsys):
    path = cut.with_suffix(".pt")
    damage(path)
    damaged = path.read_bytes()
    assert (repr(train(cut)), bytes_of(cut)) == whole
    log = capsys.readouterr().err
    assert f"{path}: damaged" in log
    assert "moved to run.pt.set_aside" in log
    assert "resuming after epoch 1, step 1 of the next" in log
    assert path.with_name("run.pt.set_aside").read_bytes() == damaged


@pytest.mark.parametrize("reason", ["both are damaged", "both are of another run"])
def test_without_a_valid_state_it_starts_from_scratch(reason, train, whole, cut, tmp_path, capsys):
    folder = cut
    if reason == "both are damaged":
        for path in (cut.with_suffix(".pt"), previous_path(cut.with_suffix(".pt"))):
            flip(path, 0.5)
    else:
        folder = tmp_path / "run"
        train(folder, 6, origin="other data")
        capsys.readouterr()
    assert (repr(train(folder)), bytes_of(folder)) == whole
    log = capsys.readouterr().err
    assert log.count("moved to") == 2
    assert log.count("of another run, other settings or other data") == 2 * (reason != "both are damaged")
    assert "resuming" not in log


@pytest.mark.parametrize("damage", ["flipped", "missing", "replaced"])
def test_a_checkpoint_that_is_not_as_it_was_is_made_again(damage, train, whole, cut, capsys):
    path = checkpoint_path(cut, "ce", 1)
    if damage == "flipped":
        flip(path, 0.5)
    elif damage == "missing":
        path.unlink()
    else:
        shutil.copy(checkpoint_path(cut, "ce", 0), path)
    found = path.read_bytes() if path.exists() else None
    assert (repr(train(cut)), bytes_of(cut)) == whole
    assert ("missing" if found is None else "was altered") in capsys.readouterr().err
    if found is not None:
        assert path.with_name(f"{path.name}.set_aside").read_bytes() == found


@pytest.fixture
def ctrl_c():
    """As in a terminal: a shell lets its background processes ignore Ctrl-C, tests too."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.mark.usefixtures("ctrl_c")
def test_a_second_signal_stops_at_once():
    with graceful_shutdown() as received:
        assert received() == 0
        os.kill(os.getpid(), signal.SIGINT)
        assert received() == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_stops_it_with_its_state(number, train, whole, images, recipe, small_run, tmp_path, capsys):
    """With a state every minute there would be none yet."""
    handlers = [signal.getsignal(number) for number in SIGNALS]
    folder, state = tmp_path / "run", tmp_path / "run.pt"
    shown = Interruption(images, 6, lambda: os.kill(os.getpid(), number))
    with pytest.raises(SystemExit) as stopped:
        train_twins(small_run, OBJECTIVES, KEPT, shown, recipe, folder, state, "mine", checkpoint_steps=KEPT_STEPS)
    assert stopped.value.code == 128 + number
    assert (load_state(state)["epoch"], load_state(state)["step"]) == (1, 3)
    assert "stopped after epoch 1, step 3 of the next; re-run to resume" in capsys.readouterr().err
    assert (repr(train(folder)), bytes_of(folder)) == whole
    assert [signal.getsignal(number) for number in SIGNALS] == handlers


def test_the_state_before_a_divergence_is_finite_and_named(train, small_run, tmp_path, monkeypatch):
    """From the third step the rate is far too high."""
    monkeypatch.setattr("pipeline.train.twin_trainer.rate_of", lambda run, epoch, step, steps: 1e30 * (step > 2) + 0.1)
    run = small_run.model_copy(update={"trust_coefficient": 1e8})
    path = tmp_path / "run.pt"
    with pytest.raises(
        DivergenceError, match=rf"epoch 1, step 4 of 4.*; the state after epoch 0, step 2 of the next is kept in {path}"
    ):
        train(tmp_path / "run", run=run)
    networks = load_state(path)["networks"]
    assert all(bool(weights.isfinite().all()) for network in networks.values() for weights in network.values())
