"""Time that Snakemake needs to plan many runs of this project, and to plan as many jobs and files of nothing else.

python -m benchmarks.planning [--runs 10000] [--repeats 2]

Both Snakefiles have rules with the same patterns of outputs and the same inputs of every job. The bare one has nothing
else: its inputs are looked up in a table, and it has no parameters, notes, resources or logs.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipeline.config.params import read_params
from pipeline.config.references import PROJECT
from pipeline.jobs.task import tasks_of
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout

SETTINGS = "experiments:\n  table1:\n    objectives: [cl, nscl]\n    grid:\n      - {dataset: digits, seed: SEEDS}\n"
TARGET = "reports/table1.csv"


def bare_snakefile(settings: Path) -> tuple[str, dict[str, dict[str, list[str]]]]:
    """Return a Snakefile with the patterns of this project's rules, and the inputs of each job by rule and wildcard."""
    planned = plan(read_params(settings), settings)
    layout = Layout(Path(planned.params.results), Path(planned.params.reports))
    inputs: dict[str, dict[str, list[str]]] = {}
    rules = ["import json", "INPUTS = json.load(open('inputs.json'))"]
    for task in tasks_of(planned, layout):
        stage = task.stage
        if stage.name not in inputs:
            pattern = f"{{{stage.subject}}}" if stage.subject else ""
            outputs = list(map(str, layout.place(stage, pattern).declared.values()))
            rules += [
                f"rule {stage.name}:",
                f"    input: lambda wildcards: INPUTS[{stage.name!r}][next(iter(wildcards), '')]",
                f"    output: {outputs!r}",
                "    shell: 'true'",
            ]
        inputs.setdefault(stage.name, {})[task.place.name] = list(map(str, task.declared_inputs))
    return "\n".join(rules) + "\n", inputs


def plan_seconds(folder: Path, *options: str) -> tuple[float, float]:
    """Return seconds of a core and peak MiB of one dry run."""
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "all", "--cores", "2", TARGET, *options]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planning", description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=2, help="in turns")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        ours, bare = Path(name, "ours"), Path(name, "bare")
        for folder in (ours, bare):
            folder.mkdir()
        settings = ours / "many.yaml"
        settings.write_text(SETTINGS.replace("SEEDS", json.dumps(list(range(options.runs)))))
        os.chdir(ours)  # paths in plans are relative
        start = time.perf_counter()
        text, inputs = bare_snakefile(settings)
        planned = time.perf_counter() - start
        (bare / "Snakefile").write_text(text)
        (bare / "inputs.json").write_text(json.dumps(inputs))
        project = ("--snakefile", str(PROJECT / "Snakefile"), "--configfile", str(settings))
        turns = [(plan_seconds(ours, *project), plan_seconds(bare)) for _ in range(options.repeats)]
    seconds = []
    for which, measured in zip(("this project", "Snakemake alone"), zip(*turns, strict=True), strict=True):
        seconds.append(statistics.median(taken for taken, _ in measured))
        print(f"{which}: {seconds[-1]:.1f} s of a core, {max(peak for _, peak in measured):,.0f} MiB")
    print(f"ratio of the times: {seconds[0] / seconds[1]:.2f}; of ours, to expand the settings: {planned:.1f} s")


if __name__ == "__main__":
    main()
