"""Where every stage writes. Each stage owns one folder, so that no two of DVC's outputs nest.

Bulky results (arrays, checkpoints, features) lie in a folder with a `record.json`, written last.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """Paths under the folders of results and reports. Names may be Snakemake wildcards such as `{run}`."""

    results: Path
    reports: Path

    def data(self, dataset: str) -> Path:
        return self.results / "data" / dataset

    def manifest(self, dataset: str) -> Path:
        return self.data(dataset) / "manifest.json"

    def data_record(self, dataset: str) -> Path:
        return self.data(dataset) / "record.json"

    def subset(self, dataset: str, classes: int | str, seed: int | str) -> Path:
        """A subset is small: the file is its own record."""
        return self.results / "subsets" / dataset / f"classes={classes},seed={seed}.json"

    def checkpoints(self, run: str) -> Path:
        return self.results / "checkpoints" / run

    def checkpoints_record(self, run: str) -> Path:
        return self.checkpoints(run) / "record.json"

    def steps(self, run: str) -> Path:
        return self.checkpoints(run) / "steps.csv"

    def timing(self, run: str) -> Path:
        """Apart from the record: times differ from machine to machine, results do not."""
        return self.checkpoints(run) / "timing.json"

    def features(self, run: str) -> Path:
        return self.results / "features" / run

    def features_record(self, run: str) -> Path:
        return self.features(run) / "record.json"

    def probes(self, run: str) -> Path:
        return self.results / "probes" / f"{run}.csv"

    def probes_record(self, run: str) -> Path:
        return self.results / "probes" / f"{run}.json"

    def measures(self, run: str, kind: str) -> Path:
        """Along a run's kept epochs; kind: alignment, weights or collapse."""
        return self.results / "alignment" / run / f"{kind}.csv"

    def alignment_record(self, run: str) -> Path:
        return self.results / "alignment" / run / "record.json"

    def ceiling(self, run: str) -> Path:
        """Of a setting, named by its run of seed 0."""
        return self.results / "ceiling" / f"{run}.csv"

    def ceiling_record(self, run: str) -> Path:
        return self.results / "ceiling" / f"{run}.json"

    def plot(self, dataset: str) -> Path:
        """Lines for `dvc plots`."""
        return self.reports / "plots" / f"{dataset}.csv"

    @property
    def report(self) -> Path:
        return self.reports / "report.html"

    @property
    def report_notebook(self) -> Path:
        """Executed; kept where a cell failed, as its log."""
        return self.results / "report" / "report.ipynb"

    def figure(self, name: str, suffix: str) -> Path:
        return self.reports / "figures" / f"{name}.{suffix}"

    def log(self, stage: str, name: str) -> Path:
        return self.results / "logs" / stage / f"{name}.log"

    def benchmark(self, stage: str, name: str) -> Path:
        return self.results / "benchmarks" / stage / f"{name}.tsv"
