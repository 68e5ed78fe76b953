import io
import sys

from twin_alignment.progress import track


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_there_is_a_bar_with_rate_and_time_left(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert list(track(range(3), 3, "counting")) == [0, 1, 2]
    shown = sys.stderr.getvalue()
    assert "\r" in shown
    assert "counting" in shown
    assert "it/s" in shown


def test_in_a_log_there_are_plain_lines(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert list(track(range(4), 6, "counting", done=2)) == [0, 1, 2, 3]
    shown = sys.stderr.getvalue()
    assert "\r" not in shown
    assert shown.count("\n") == 1
    assert "6/6" in shown
