"""Medians of alternating runs, and peak memory."""

import multiprocessing
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from tabulate import tabulate

Row = Mapping[str, Any]


def seconds(functions: Mapping[str, Callable[[], object]], repeats: int, device: str = "cpu") -> dict[str, float]:
    """Median wall seconds of each function.

    All run once first, which is not counted, and then in turns, so that a slow moment affects all of them.
    """
    times: dict[str, list[float]] = {name: [] for name in functions}
    for turn in range(repeats + 1):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            if device == "cuda":
                torch.cuda.synchronize()
            if turn:
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def run_in_subprocess(function: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    """Run a function in a new process; return its result and the peak resident memory in MiB."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_report, args=(sender, function, arguments))
    process.start()
    sender.close()
    result: tuple[Any, float] = receiver.recv()
    process.join()
    return result


def _report(pipe: Any, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    value = function(*arguments)
    pipe.send((value, peak_bytes() / 2**20))


def peak_bytes() -> int:
    """Peak memory of this process; `getrusage` would include that of its parent."""
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024


def markdown(rows: list[Row]) -> str:
    return tabulate([list(row.values()) for row in rows], list(rows[0]), tablefmt="github", disable_numparse=True)
