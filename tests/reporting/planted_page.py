"""A whole report from made-up values: every figure, every claim with every verdict in turn, all tables."""

import itertools
import math
from pathlib import Path

import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg

from pipeline.config.references import PROJECT
from pipeline.config.run import Run
from pipeline.reporting.claims import CLAIMS
from pipeline.reporting.figures import FIGURES
from pipeline.reporting.page_size import DPI
from pipeline.reporting.style import note
from pipeline.reporting.tables import EQUIVALENT, FAILS, HOLDS, NOT_LEARNED, UNDECIDED
from pipeline.reporting.verdicts import COLUMNS, rule_text
from pipeline.stages import promised, report
from pipeline.stages.promised import PromisedJob
from pipeline.stages.report import ReportJob
from pipeline.system.files import write_csv, write_json
from tests.reporting.planted import CONTROLLED, DOSED
from tests.reporting.planted_figures import MODULES, table_of
from tests.reporting.planted_tables import tables

NOTE = "digits, C = 10: nearest class centre (%) CL 89.1 to 93.3, untrained 69.8, raw pixels 89.2; of CL: path length 2"
NOTES = ["The runs of this table were made by different torch 2.9.0 (2), 2.10.0 (3) (number of runs)."]
MACHINE = {"system": "Linux", "processor": "x86_64", "cores": 2, "memory_gib": 8}
RUN = "digits/classes=10,encoder=resnet10,width=16,batch_size=128,epochs=24,warmup_epochs=6,trust_coefficient=0.1,seed="


def page(folder: Path) -> Path:
    """report.html in the folder, with all that it shows beside it."""
    for name in FIGURES:
        table = table_of(name, twins=DOSED if name == "label_fraction" else CONTROLLED)
        table = table[table["classes"] == 10] if "classes" in table and "fig3" not in name else table
        write_csv(folder / "figures" / f"{name}.csv", table)
        drawn = MODULES[name].draw(table)
        note(drawn, [NOTE])
        drawn.set_layout_engine("none")  # which takes most of the time; sizes are those of the report
        drawn.set_dpi(DPI)
        FigureCanvasAgg(drawn).print_png(folder / "figures" / f"{name}.png")
    write_csv(folder / "claims.csv", _claims())
    one, two = tables([Run(dataset="digits", classes=10, epochs=2, seed=seed) for seed in (0, 1, 2)])
    write_csv(folder / "table1.csv", one)
    write_csv(folder / "table2.csv", two)
    promised.run(PromisedJob(delta=0.01), {}, {"promised": folder / "promised.csv"})
    records = []
    for index, record in enumerate(_records()):
        write_json(folder / "records" / f"{index}.json", record)
        records.append(folder / "records" / f"{index}.json")
    sources = {"source": [PROJECT / "reports/report.py"], "template": [PROJECT / "reports/page.html"]}
    outputs = {"page": folder / "report.html", "provenance": folder / "provenance.json"}
    job = ReportJob(figures=tuple(FIGURES), captions={}, tables=True, custom=(), diverged={})
    report.run(job, {**sources, "records": records, "claims": [folder / "claims.csv"]}, outputs, NOTES)
    return outputs["page"]


def _claims() -> pd.DataFrame:
    """A row a claim, of one data."""
    verdicts = itertools.cycle((HOLDS, FAILS, EQUIVALENT, UNDECIDED, NOT_LEARNED))
    rows = []
    for claim in CLAIMS.values():
        texts = {
            "claim": claim.name,
            "kind": claim.kind,
            "statement": claim.statement,
            "source": claim.source,
            "data": "digits, C = 10",
            "quantity": claim.quantity.format(late_path_length=1.0),
            "rule": rule_text(claim.rule),
            "control": claim.control,
            "paper": claim.paper,
            "evidence": claim.evidence,
        }
        tests = {"margin": claim.margin, "p_value": 0.001, "p_adjusted": 0.04, "p_equivalent": 0.5, "left_out": ""}
        numbers = {"n": 5, "mean": 0.1, "ci_low": 0.05, "ci_high": 0.15, "smallest": 0.04, "largest": 0.16}
        rows.append({**texts, **numbers, **tests, "verdict": next(verdicts)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _records():
    made = {"commit": "0123456789abcdef", "dirty": False, "python": "3.12.1", "seconds": math.pi, "machine": MACHINE}
    made["packages"] = {"torch": "2.9.0+cpu", "numpy": "2.3.1", "snakemake": "9.27.0"}
    digests = {"found": {"digests": {}}, "settings": {}, "made": made}
    yield {
        "stage": "prepare",
        "subject": "digits",
        "inputs": {},
        "outputs": {"store": {"images.npy": "s" * 64}},
        **digests,
    }
    for seed in range(5):
        read = {"store": {"digits": "s" * 64}}
        yield {
            **{
                "stage": "twins",
                "subject": f"{RUN}{seed}",
                "inputs": read,
                "outputs": {"checkpoints": {"cl": f"c{seed}"}},
            },
            **digests,
        }
    trained = {"checkpoints": {f"{RUN}0": "c0"}}
    for name in ("table1", "table2", "claims"):
        yield {"stage": name, "subject": "", "inputs": trained, "outputs": {name: {name: "t"}}, **digests}
    drawn = {"figure": {"a.csv": "f"}, "png": {"a.png": "g"}}
    for name in FIGURES:
        yield {"stage": "figure", "subject": name, "inputs": trained, "outputs": drawn, **digests}
