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
    """Median wall seconds of each, all run once before and then in turns, so that a slow moment meets all of them."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for turn in range(repeats + 1):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            if device == "cuda":
                torch.cuda.synchronize()
            if turn:
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(found) for name, found in times.items()}


def alone(function: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    """(result, peak resident MiB) of a function in a process of its own."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_report, args=(there, function, arguments))
    process.start()
    there.close()
    result: tuple[Any, float] = here.recv()
    process.join()
    return result


def _report(pipe: Any, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    value = function(*arguments)
    pipe.send((value, peak_bytes() / 2**20))


def peak_bytes() -> int:
    """Memory that this process had at most; `getrusage` would count what its parent had."""
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024


def markdown(rows: list[Row]) -> str:
    return tabulate([list(row.values()) for row in rows], list(rows[0]), tablefmt="github", disable_numparse=True)
