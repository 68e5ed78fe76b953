"""Measures of this library and of other tools on the same features: value, interval, chance level, memory and seconds.

python -m benchmarks.other_tools [--sizes] [--quick] [--out benchmarks/other_tools.json] [--page docs/measures.md]

Every measure of every tool is taken in a process of its own, which may have four fifths of the memory. rsatoolbox is
used where it is installed. The other tools are written from their formulas (benchmarks/formulas.py). The option --sizes
takes CKA and RSA alone, from 1,000 x 512 to 50,000 x 2,048, and writes tool_sizes.json. The option --page writes the
tables of both JSON files into the page, and measures nothing.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import math
import os
import platform
import resource
import time
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import formulas
from benchmarks.alignment import pair
from benchmarks.measure import markdown, run_in_subprocess
from twin_alignment.progress import say

FOLDER = Path(__file__).parent
ALL, SEVERAL = "other_tools", "tool_sizes"  # files of results: all measures, and some at several sizes
MEMORY = 0.8  # share of the machine's memory that a process may have
SIZED = ("cka", "cka_raw", "cka_debiased", "rsa_correlation")  # measures that are taken at several sizes
SIZES = [(rows, columns) for rows in (1_000, 10_000, 50_000) for columns in (512, 2_048)]
OURS = "twin-alignment"
Function = Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True)
class Comparison:
    """Our measure, and the functions of other tools that give its value.

    Attributes:
        name: our name.
        tools: function by tool.
        centre_rows: rows are centred first, which makes cosine distances correlation distances.
        different: tools whose definition is another one, and in what.
    """

    name: str
    tools: dict[str, Function]
    centre_rows: bool = False
    different: dict[str, str] | None = None


def rsatoolbox(method: str, distance: str = "correlation") -> Function:
    """Return the comparison of distances by rsatoolbox."""

    def function(x: np.ndarray, y: np.ndarray) -> float:
        from rsatoolbox.data import Dataset  # noqa: PLC0415  (it need not be installed)
        from rsatoolbox.rdm import calc_rdm, compare  # noqa: PLC0415

        first, second = (calc_rdm(Dataset(z.astype(np.float64)), method=distance) for z in (x, y))
        return float(compare(first, second, method=method)[0, 0])

    return function


COMPARISONS = (
    Comparison("cka", {"platonic-rep": formulas.platonic_cka}),
    Comparison("cka_raw", {"netrep": formulas.netrep_cka, "ReSi": formulas.resi_cka}),
    Comparison(
        "cka_debiased",
        {"platonic-rep": formulas.platonic_debiased_cka, "torch_cka": formulas.torch_cka},
        different={"torch_cka": "lengths of rows kept, batches of 256"},
    ),
    Comparison("cka_rbf", {"platonic-rep": formulas.platonic_rbf_cka}),
    Comparison("rsa_correlation", {"rsatoolbox": rsatoolbox("corr")}),
    Comparison("rsa_spearman", {"rsatoolbox": rsatoolbox("spearman"), "ReSi": formulas.resi_rsa}, centre_rows=True),
    Comparison("rsa_rho_a", {"rsatoolbox": rsatoolbox("rho-a")}, centre_rows=True),
    Comparison("rsa_tau_a", {"rsatoolbox": rsatoolbox("tau-a")}, centre_rows=True),
    Comparison("shape_distance", {"netrep": formulas.netrep_shape, "ReSi": formulas.resi_shape}),
    Comparison("cca", {"netrep": formulas.netrep_cca}),
    Comparison(
        "svcca",
        {"ReSi": formulas.resi_svcca, "platonic-rep": formulas.platonic_svcca},
        different={"platonic-rep": "ten directions"},
    ),
    Comparison("predictivity", {"ReSi": formulas.resi_regression}, different={"ReSi": "on the fitted rows"}),
    Comparison("mutual_knn", {"platonic-rep": formulas.platonic_mutual_knn}),
    Comparison("cknna", {"platonic-rep": formulas.platonic_cknna}),
)


@dataclass(frozen=True)
class Row:
    """One measure by one tool.

    Attributes:
        rows: N.
        columns: d.
        measure: our name of it.
        tool: the tool.
        source: version, or that it is written from the formula.
        value: the measure; NaN where the process got no more memory.
        interval: it comes with an interval.
        chance: it comes with a chance level.
        seconds: wall seconds of one call, after a call on few rows.
        peak: peak memory of the process in MiB, less that of the imports and the features.
        different: in what the definition is another one.
    """

    rows: int
    columns: int
    measure: str
    tool: str
    source: str
    value: float
    interval: bool
    chance: bool
    seconds: float
    peak: float
    different: str = ""


def take(name: str, tool: str, rows: int, columns: int) -> tuple[float, bool, bool, float]:
    """Return value, whether it has an interval and a chance level, and the seconds."""
    comparison = next(item for item in COMPARISONS if item.name == name)
    x, y = (features.numpy() for features in pair(rows, columns))
    if comparison.centre_rows:
        x, y = (z - z.mean(1, keepdims=True) for z in (x, y))
    if tool == OURS:
        from twin_alignment import compare  # noqa: PLC0415  (so that other tools do not carry it)

        compare(x[:50], y[:50], [name])
        start = time.perf_counter()
        estimate = compare(x, y, [name])[name]
        took = time.perf_counter() - start
        return estimate.value, not math.isnan(estimate.low), not math.isnan(estimate.null), took
    function = comparison.tools[tool]
    few = 2 * min(50, rows // 2)
    function(x[:few, : few // 5], y[:few, : few // 5])
    start = time.perf_counter()
    value = function(x, y)
    return value, False, False, time.perf_counter() - start


def take_in_memory(name: str, tool: str, rows: int, columns: int, limit: int) -> tuple[float, bool, bool, float]:
    """Return what `take` returns; NaN for value and seconds where the process needs more bytes of memory."""
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    try:
        return take(name, tool, rows, columns)
    except MemoryError:
        return math.nan, False, False, math.nan
    except RuntimeError as error:
        if "allocate memory" not in str(error):
            raise
        return math.nan, False, False, math.nan


def memory_bytes() -> int:
    """Memory of the machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def idle(rows: int, columns: int, tool: str) -> None:
    """Import what a tool needs and draw the features, for the memory that both take."""
    pair(rows, columns)
    if tool == "rsatoolbox":
        importlib.import_module("rsatoolbox")
    importlib.import_module("twin_alignment.comparison.array_comparison")


def measure_all(rows: int, columns: int, measures: Collection[str]) -> list[Row]:
    """Take some measures with every tool that there is, one process after another."""
    rows_measured = []
    limit = int(MEMORY * memory_bytes())
    bases: dict[str, float] = {}
    for comparison in (item for item in COMPARISONS if item.name in measures):
        for tool in (OURS, *comparison.tools):
            if tool == "rsatoolbox" and importlib.util.find_spec("rsatoolbox") is None:
                say("rsatoolbox is not installed, and is left out")
                continue
            say(f"{rows:,} x {columns:,}: {comparison.name}, {tool}")
            if tool not in bases:
                bases[tool] = run_in_subprocess(idle, rows, columns, tool)[1]
            taken, peak = run_in_subprocess(take_in_memory, comparison.name, tool, rows, columns, limit)
            different = (comparison.different or {}).get(tool, "")
            memory = max(0.0, peak - bases[tool])
            rows_measured.append(Row(rows, columns, comparison.name, tool, _source(tool), *taken, memory, different))
    return rows_measured


def _source(tool: str) -> str:
    if tool == OURS:
        return "this checkout"
    return importlib.metadata.version(tool) if tool == "rsatoolbox" else "from its formula"


def page_table(result: dict[str, Any]) -> str:
    """Return the table of the page, in Markdown."""
    sizes = list(dict.fromkeys((row["rows"], row["columns"]) for row in result["rows"]))
    rows = [
        {
            **({"N": f"{row['rows']:,}", "d": f"{row['columns']:,}"} if len(sizes) > 1 else {}),
            "measure": f"`{row['measure']}`",
            "tool": row["tool"] if row["source"] != "from its formula" else f"{row['tool']} (formula)",
            **_outcome(row, result["memory"]),
        }
        for row in result["rows"]
    ]
    versions = ", ".join(
        sorted({f"{row['tool']} {row['source']}" for row in result["rows"] if row["source"][0].isdigit()})
    )
    size = f"{sizes[0][0]:,} rows of {sizes[0][1]:,} columns, float32, " if len(sizes) == 1 else "float32, "
    return f"{result['date']}, {size}{result['machine']}{f', {versions}' if versions else ''}.\n\n{markdown(rows)}"


def _outcome(row: dict[str, Any], memory: int) -> dict[str, str]:
    """Cells of what came out."""
    if math.isnan(row["value"]):
        return {"value": f"needs more than {memory} GiB", "interval": "", "chance": "", "seconds": "", "peak MiB": ""}
    return {
        "value": f"{row['value']:.4f}" + (f", {row['different']}" if row["different"] else ""),
        "interval": "yes" if row["interval"] else "no",
        "chance": "yes" if row["chance"] else "no",
        "seconds": f"{row['seconds']:.2g}" if row["seconds"] < 10 else f"{row['seconds']:.0f}",
        "peak MiB": f"{row['peak']:,.0f}",
    }


def with_table(page: str, name: str, result: dict[str, Any]) -> str:
    """Return the page with the table of a file of results between its marks."""
    start, end = f"<!-- {name}: start -->", f"<!-- {name}: end -->"
    before, rest = page.split(start)
    _, after = rest.split(end)
    return f"{before}{start}\n\n{page_table(result)}\n\n{end}{after}"


def write_page(page: Path) -> None:
    """Write the tables of both files of results into a page."""
    text = page.read_text(encoding="utf-8")
    for name in (ALL, SEVERAL):
        text = with_table(text, name, json.loads((FOLDER / f"{name}.json").read_text()))
    page.write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.other_tools", description=__doc__)
    parser.add_argument("--sizes", action="store_true", help="CKA and RSA alone, at several sizes")
    parser.add_argument("--quick", action="store_true", help="small sizes, a minute or two in all")
    parser.add_argument("--out", type=Path, help="JSON file to write; by default one of this folder")
    parser.add_argument("--page", type=Path, help="page that gets the tables of both files; measures nothing")
    options = parser.parse_args()
    if options.page:
        write_page(options.page)
        return
    measures = SIZED if options.sizes else [item.name for item in COMPARISONS]
    sizes = SIZES if options.sizes else [(10_000, 2_048)]
    rows = [row for size in ([(1_000, 128)] if options.quick else sizes) for row in measure_all(*size, measures)]
    result = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{torch.get_num_threads()} thread(s), {platform.machine()}, torch {torch.__version__}",
        "memory": int(MEMORY * memory_bytes() / 2**30),
        "rows": [asdict(row) for row in rows],
    }
    out = options.out or FOLDER / f"{SEVERAL if options.sizes else ALL}.json"
    out.write_text(json.dumps(result, indent=2) + "\n")
    print(page_table(result))


if __name__ == "__main__":
    main()
