"""Files are whole or absent, and equal content gives equal bytes."""

import gzip
import os
import socket
import subprocess
import time

import pandas as pd
import pytest

from pipeline.system.files import clear_leftovers, write_atomically, write_csv

HOST = socket.gethostname().replace(".", "-")
TABLE = pd.DataFrame({"epoch": [1, 2], "loss": [0.1234567891, None], "objective": ["cl", "ä"]})


def test_a_packed_table_is_the_plain_one_whenever_it_was_written(tmp_path, monkeypatch):
    write_csv(tmp_path / "a.csv", TABLE)
    write_csv(tmp_path / "a.csv.gz", TABLE)
    first = (tmp_path / "a.csv.gz").read_bytes()
    assert gzip.decompress(first) == (tmp_path / "a.csv").read_bytes()
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == "epoch,loss,objective\n1,0.123456789,cl\n2,NA,ä\n"
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "a.csv.gz"), pd.read_csv(tmp_path / "a.csv"))
    monkeypatch.setattr(time, "time", lambda: 2e9)
    write_csv(tmp_path / "b.csv.gz", TABLE)
    assert (tmp_path / "b.csv.gz").read_bytes() == first


def test_a_crash_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "a.csv"
    write_csv(path, TABLE)
    before = path.read_bytes()

    def half(temporary):
        temporary.write_bytes(before[:3])
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, half)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_content_is_on_the_disk_before_it_has_its_name_and_the_name_after(tmp_path, monkeypatch):
    """As a power cut would find them: calls to the system, in their order."""
    calls = []
    for name in ("fsync", "replace"):
        usual = getattr(os, name)

        def watched(*arguments, name=name, usual=usual):
            place = os.readlink(f"/proc/self/fd/{arguments[0]}") if name == "fsync" else str(arguments[0])
            calls.append((name, place))
            return usual(*arguments)

        monkeypatch.setattr(os, name, watched)
    write_csv(tmp_path / "a.csv", TABLE)
    temporary = str(tmp_path / f".a.csv.{HOST}.{os.getpid()}")
    assert calls == [("fsync", temporary), ("replace", temporary), ("fsync", str(tmp_path))]


def test_leftovers_of_killed_processes_are_cleared_and_those_of_living_ones_and_of_other_machines_stay(tmp_path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    gone = [f".a.csv.{HOST}.{ended.pid}", f".a.csv.{HOST}.99999999999999999999"]
    stay = [f".a.csv.{HOST}.{os.getpid()}", f".a.csv.another.{ended.pid}", ".hidden", "a.csv.7"]
    (tmp_path / "below").mkdir()
    for name in (*gone, *stay):
        (tmp_path / "below" / name).touch()
    clear_leftovers(tmp_path)
    assert {path.name for path in (tmp_path / "below").iterdir()} == set(stay)
