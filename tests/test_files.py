"""Files are whole or absent, and equal content gives equal bytes."""

import gzip
import time

import pandas as pd
import pytest

from pipeline.files import write_atomically, write_csv

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
