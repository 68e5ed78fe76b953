"""A run goes on from any step to the bits of one that never stopped, and never from what is damaged."""

import os
import shutil
import signal

import pytest

from pipeline.config.objectives import resolve
from pipeline.train import twin_training as twins
from pipeline.train.checkpoints import checkpoint_path
from pipeline.train.divergence import DivergenceError
from pipeline.train.state import KEYS, StateError, before, load_state
from pipeline.train.stopping import SIGNALS, asked_to_stop
from pipeline.train.twin_training import train_twins
from tests.train.interruption import Interruption

OBJECTIVES = tuple(map(resolve, ("cl", "ce")))
KEPT = (0, 1, 3)
STEPS = 12


@pytest.fixture(autouse=True)
def _kept_after_every_step(monkeypatch):
    monkeypatch.setattr(twins, "SHARE_OF_SAVES", float("inf"))


@pytest.fixture
def train(images, recipe, small_run):
    def trained(folder, until=None, origin="mine", run=small_run, **options):
        """All of a run, or as far as the batch after `until` steps, made by itself."""
        shown = images if until is None else Interruption(images, until)
        state = folder.with_suffix(".pt")
        given = (run, OBJECTIVES, KEPT, shown, recipe, folder, state, origin)
        if until is None:
            return train_twins(*given, seconds_between_saves=0.0, **options)
        with pytest.raises(KeyboardInterrupt):
            train_twins(*given, seconds_between_saves=0.0, **options)
        return None

    return trained


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".safetensors"}


@pytest.fixture
def whole(train, tmp_path):
    found = train(tmp_path / "whole")
    return repr(found), bytes_of(tmp_path / "whole")


@pytest.mark.parametrize("until", range(1, STEPS))
def test_it_goes_on_after_any_step(until, train, whole, tmp_path, capsys):
    folder = tmp_path / "cut"
    train(folder, until)
    state = load_state(folder.with_suffix(".pt"))
    assert (state["epoch"], state["step"]) == divmod(until, 4)
    capsys.readouterr()
    assert (repr(train(folder)), bytes_of(folder)) == whole
    assert f"going on after epoch {until // 4}" in capsys.readouterr().err


def test_it_stops_again_and_again(train, whole, tmp_path):
    for _ in range(STEPS - 1):
        train(tmp_path / "cut", 1)
    assert (repr(train(tmp_path / "cut")), bytes_of(tmp_path / "cut")) == whole


@pytest.mark.parametrize(
    "options", [{"batches": "class_weighted"}, {"shared": ()}, {"optimiser": "sgd"}, {"schedule": "released_code"}]
)
def test_so_do_other_ways_to_train(options, train, small_run, tmp_path):
    run = small_run.model_copy(update=options)
    whole = train(tmp_path / "whole", run=run)
    apart = 1 if "batches" in run.shared else 2  # batches a step
    train(tmp_path / "cut", 6 * apart, run=run)
    assert repr(train(tmp_path / "cut", run=run)) == repr(whole)
    assert bytes_of(tmp_path / "cut") == bytes_of(tmp_path / "whole")


@pytest.mark.parametrize("workers", [2, 3])
def test_with_batches_made_ahead_too(workers, train, whole, tmp_path):
    train(tmp_path / "cut", 7, workers=workers)
    assert load_state(tmp_path / "cut.pt")["step"] > 0
    assert (repr(train(tmp_path / "cut", workers=workers)), bytes_of(tmp_path / "cut")) == whole


def flip(path, place):
    """One bit, at a share of the file."""
    data = bytearray(path.read_bytes())
    data[int(place * (len(data) - 1))] ^= 1
    path.write_bytes(data)


def refused(path):
    try:
        return load_state(path) is None
    except StateError:
        return True


def test_a_flipped_bit_is_found_or_changes_no_value(train, tmp_path):
    """An archive has bytes that nobody reads: dates, and what fills rows up."""
    train(tmp_path / "cut", 6)
    path = tmp_path / "cut.pt"
    sound, values = path.read_bytes(), repr(load_state(path))
    places = [place / 200 for place in range(201)]
    found = 0
    for place in places:
        flip(path, place)
        found += refused(path)
        assert refused(path) or repr(load_state(path)) == values, place
        path.write_bytes(sound)
    assert found > 0.8 * len(places)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: flip(path, 0.5),
        lambda path: path.write_bytes(path.read_bytes()[:-200]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"no state"),
    ],
)
def test_from_a_damaged_state_it_goes_back_to_the_one_before(damage, train, whole, tmp_path, capsys):
    folder, path = tmp_path / "cut", tmp_path / "cut.pt"
    train(folder, 6)
    damage(path)
    bad = path.read_bytes()
    assert (repr(train(folder)), bytes_of(folder)) == whole
    said = capsys.readouterr().err
    assert f"{path}: damaged" in said
    assert "set aside as cut.pt.set_aside" in said
    assert "going on after epoch 1, step 1 of the next" in said
    assert (tmp_path / "cut.pt.set_aside").read_bytes() == bad


def test_where_both_are_damaged_it_begins_anew(train, whole, tmp_path, capsys):
    train(tmp_path / "cut", 6)
    for path in (tmp_path / "cut.pt", before(tmp_path / "cut.pt")):
        flip(path, 0.5)
    assert (repr(train(tmp_path / "cut")), bytes_of(tmp_path / "cut")) == whole
    said = capsys.readouterr().err
    assert said.count("set aside as") == 2
    assert "going on" not in said


@pytest.mark.parametrize(
    ("damage", "why"),
    [(lambda path: flip(path, 0.5), "was altered"), (lambda path: path.unlink(), "is not there")],
)
def test_a_kept_network_that_is_not_as_it_was_is_made_again(damage, why, train, whole, tmp_path, capsys):
    folder = tmp_path / "cut"
    train(folder, 6)
    damage(checkpoint_path(folder, "ce", 1))
    assert (repr(train(folder)), bytes_of(folder)) == whole
    assert why in capsys.readouterr().err


def test_what_lay_in_the_place_of_a_kept_network_is_set_aside(train, tmp_path):
    folder = tmp_path / "cut"
    train(folder, 6)
    kept = checkpoint_path(folder, "cl", 1)
    shutil.copy(checkpoint_path(folder, "cl", 0), kept)  # whole, and another
    other = kept.read_bytes()
    train(folder)
    assert kept.read_bytes() != other
    assert kept.with_name(f"{kept.name}.set_aside").read_bytes() == other


def test_a_state_of_another_origin_is_not_gone_on_from(train, whole, tmp_path, capsys):
    train(tmp_path / "cut", 6, origin="other data")
    assert (repr(train(tmp_path / "cut")), bytes_of(tmp_path / "cut")) == whole
    assert capsys.readouterr().err.count("of another run, other settings or other data; set aside") == 2


@pytest.fixture
def ctrl_c():
    """As in a terminal: a shell has what it starts in the background ignore Ctrl-C, tests too."""
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, earlier)


@pytest.mark.usefixtures("ctrl_c")
def test_a_second_signal_stops_at_once():
    with asked_to_stop() as stop:
        assert stop() == 0
        os.kill(os.getpid(), signal.SIGINT)
        assert stop() == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_signals_are_as_before_where_none_came(train, tmp_path):
    before_training = [signal.getsignal(number) for number in SIGNALS]
    train(tmp_path / "whole")
    assert [signal.getsignal(number) for number in SIGNALS] == before_training


def test_a_state_has_all_its_parts(train, tmp_path):
    train(tmp_path / "cut", 2)
    assert load_state(tmp_path / "cut.pt").keys() == KEYS


def test_the_state_before_a_divergence_is_finite_and_named(train, small_run, tmp_path, monkeypatch):
    """From the third step on the rate is far too high."""
    monkeypatch.setattr(twins, "rate_of", lambda run, epoch, step, steps: 1e30 if step > 2 else 0.1)
    run = small_run.model_copy(update={"trust_coefficient": 1e8})
    path = tmp_path / "far.pt"
    with pytest.raises(
        DivergenceError, match=rf"epoch 1, step 4 of 4.*; the state after epoch 0, step 2 of the next is kept in {path}"
    ):
        train(tmp_path / "far", run=run)
    networks = load_state(path)["networks"]
    assert all(bool(weights.isfinite().all()) for network in networks.values() for weights in network.values())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_keeps_what_it_has(number, train, whole, images, recipe, small_run, tmp_path, capsys):
    """With a state a minute, none would be there yet."""
    handlers = signal.getsignal(number)
    folder, state = tmp_path / "cut", tmp_path / "cut.pt"
    shown = Interruption(images, 6, lambda: os.kill(os.getpid(), number))
    with pytest.raises(SystemExit) as stopped:
        train_twins(small_run, OBJECTIVES, KEPT, shown, recipe, folder, state, "mine")
    assert stopped.value.code == 128 + number
    assert signal.getsignal(number) is handlers
    assert (load_state(state)["epoch"], load_state(state)["step"]) == (1, 3)
    assert "stopped after epoch 1, step 3 of the next; trained again, it goes on" in capsys.readouterr().err
    assert (repr(train(folder)), bytes_of(folder)) == whole
