"""CKA and RSA on the same arrays: the plain N x N way, ours, and ours with intervals. Also the cost of a stream.

python -m benchmarks.alignment [--quick] [--out benchmarks/alignment.json]
"""

import argparse
import json
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.measure import markdown, run_in_subprocess, seconds
from benchmarks.rates import references
from twin_alignment.measures.feature_set import FeatureSet, Pair
from twin_alignment.measures.jackknife import cka, rsa
from twin_alignment.measures.streaming import Accumulator

STREAM_BATCH = 4096
STREAMED, STREAM_COLUMNS = (100_000, 300_000, 1_000_000), 1024


def pair(n: int, d: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two float32 representations that share some structure."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, d, generator=generator)
    return x + 0.5, x + torch.randn(n, d, generator=generator)


def plain_cka(a: np.ndarray, b: np.ndarray) -> float:
    """CKA as the definition is usually typed: N x N kernels, centred by a matrix product."""
    n = len(a)
    h = np.eye(n, dtype=a.dtype) - np.ones((n, n), dtype=a.dtype) / n
    kernels = [
        x @ x.T for x in (a / np.linalg.norm(a, axis=1, keepdims=True), b / np.linalg.norm(b, axis=1, keepdims=True))
    ]
    k, m = (h @ kernel @ h for kernel in kernels)
    return float((k * m).sum() / (np.linalg.norm(k) * np.linalg.norm(m)))


def plain_rsa(a: np.ndarray, b: np.ndarray) -> float:
    pairs = np.triu_indices(len(a), 1)
    unit = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
    return float(np.corrcoef(*((1 - u @ u.T)[pairs] for u in unit))[0, 1])


def ours(a: torch.Tensor, b: torch.Tensor) -> tuple[float, float]:
    similarity = Pair(FeatureSet(a, "a"), FeatureSet(b, "b")).similarity
    return similarity.cka, similarity.rsa


def ours_with_intervals(a: torch.Tensor, b: torch.Tensor) -> tuple[float, float]:
    both = Pair(FeatureSet(a, "a"), FeatureSet(b, "b"))
    return cka(both).value, rsa(both).value


def compare_with_plain(n: int, d: int, repeats: int) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Rows of one size, and the deviation of our values from the plain ones. The plain way runs once."""
    a, b = pair(n, d)
    arrays = a.numpy(), b.numpy()
    start = time.perf_counter()
    cka = plain_cka(*arrays)
    middle = time.perf_counter()
    rsa = plain_rsa(*arrays)
    plain = {"CKA, plain": middle - start, "RSA, plain": time.perf_counter() - middle}
    ways = {"CKA + RSA": lambda: ours(a, b), "CKA + RSA with intervals": lambda: ours_with_intervals(a, b)}
    reference = references(a.device)
    took = seconds({**ways, **reference.ways}, repeats)
    rate = reference.rates(took).operations
    floors = {"CKA + RSA": 2 * 2 * n * d * d / rate, "CKA + RSA with intervals": 5 * 2 * n * d * d / rate}
    both = sum(plain.values())
    rows = [
        {"N": n, "d": d, "what": name, "seconds": took, "floor": floors.get(name), "plain / this": both / took}
        for name, took in {**plain, "CKA and RSA, plain": both, **{name: took[name] for name in ways}}.items()
    ]
    our_cka, our_rsa = ours(a, b)
    return rows, {"cka": abs(our_cka - cka), "rsa": abs(our_rsa - rsa)}


def stream(n: int, d: int) -> float:
    """Seconds for one pass over n rows, drawn batch by batch; drawing is not counted."""
    total, took = Accumulator(("a", "b")), 0.0
    generator = torch.Generator().manual_seed(0)
    for start in range(0, n, STREAM_BATCH):
        x = torch.randn(min(STREAM_BATCH, n - start), d, generator=generator)
        batch = {"a": x, "b": x.square() + x}
        begin = time.perf_counter()
        total.update(batch)
        took += time.perf_counter() - begin
    total.similarity("a", "b")
    return took


def time_streams(sizes: tuple[int, ...], d: int) -> list[dict[str, Any]]:
    """Rows of one stream for each size, with the peak memory of its process.

    Beside them are the seconds that a copy of the features takes, and that the three products in float64 take, by the
    rates of this moment.
    """
    reference = references(torch.device("cpu"), dtype=torch.float64, shapes=((64, 8),))
    rates = reference.rates(seconds(reference.ways, 3))
    rows = []
    for n in sizes:
        took, peak = run_in_subprocess(stream, n, d)
        rows.append(
            {
                "N": n,
                "d": d,
                "seconds": took,
                "microseconds a row": 1e6 * took / n,
                "to copy its bytes": 2 * 2 * 4 * n * d / rates.copy,
                "its products": 3 * 2 * n * d * d / rates.operations,
                "peak MiB": peak,
            }
        )
    return rows


def format_rows(rows: list[dict[str, Any]]) -> str:
    """Format rows as a Markdown table, numbers with three digits."""
    texts = [
        {
            key: "" if v is None else f"{v:,.3g}" if isinstance(v, float) else f"{v:,}" if isinstance(v, int) else v
            for key, v in row.items()
        }
        for row in rows
    ]
    return markdown(texts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, seconds in all")
    parser.add_argument("--out", type=Path, help="write the numbers as JSON")
    options = parser.parse_args()
    n, d = (1000, 256) if options.quick else (10_000, 2048)
    sizes = (2_000, 4_000) if options.quick else STREAMED
    rows, deviation = compare_with_plain(n, d, 3 if options.quick else 5)
    streams = time_streams(sizes, STREAM_COLUMNS)
    machine = f"{torch.get_num_threads()} threads, {platform.machine()}, torch {torch.__version__}"
    result = {"date": datetime.now(UTC).date().isoformat(), "machine": machine, "rows": rows, "stream": streams}
    print(
        f"{result['date']}, {machine}\n\n{format_rows(rows)}\n\nlargest deviation from the plain values: {deviation}\n"
    )
    print(format_rows(streams))
    if options.out:
        options.out.write_text(json.dumps({**result, "deviation": deviation}, indent=2) + "\n")
        print(f"written to {options.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
