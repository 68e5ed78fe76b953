"""The command line: one subcommand a stage. `python -m pipeline STAGE --help`"""

import argparse
import importlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline import jobs
from pipeline.layout import Layout
from pipeline.params import Params, Settings, SettingsError, parse, read_params
from pipeline.runs import Plan, plan


@dataclass(frozen=True)
class Stage:
    """A command that makes results: what it is for, what it reads, and how its job follows from the settings."""

    help: str
    job: type[Settings]
    build: Callable[[Plan, argparse.Namespace], Settings]
    argument: str | None = None  # what the command is called with: a dataset, a run or a figure
    computes: bool = False  # with torch, on a device


STAGES = {
    "prepare": Stage(
        "turn a dataset's images into an array store",
        jobs.PrepareJob,
        lambda plan, options: jobs.prepare_job(plan, options.dataset),
        "dataset",
    ),
    "subset": Stage(
        "draw the classes of a subset, nested in their number",
        jobs.SubsetJob,
        lambda plan, options: jobs.subset_job(options.dataset, options.classes, options.seed),
        "dataset",
    ),
    "twins": Stage(
        "train all objectives of a run on one stream of batches and views",
        jobs.TwinsJob,
        lambda plan, options: jobs.twins_job(plan, options.run),
        "run",
        computes=True,
    ),
    "embed": Stage(
        "compute the features of a run's checkpoints",
        jobs.EmbedJob,
        lambda plan, options: jobs.embed_job(plan, options.run),
        "run",
        computes=True,
    ),
    "probe": Stage(
        "nearest class centre and linear probe of a run's last epoch",
        jobs.ProbeJob,
        lambda plan, options: jobs.probe_job(plan, options.run),
        "run",
        computes=True,
    ),
    "alignment": Stage(
        "CKA, RSA, weight gap and collapse of a run's twins at every kept epoch",
        jobs.AlignmentJob,
        lambda plan, options: jobs.alignment_job(plan, options.run),
        "run",
        computes=True,
    ),
    "ceiling": Stage(
        "CKA and RSA between CL runs of different seeds; the run is that of seed 0",
        jobs.CeilingJob,
        lambda plan, options: jobs.ceiling_job(plan, options.run),
        "run",
        computes=True,
    ),
    "table1": Stage(
        "accuracy of every objective, beside the paper's", jobs.Table1Job, lambda plan, options: jobs.table1_job(plan)
    ),
    "table2": Stage("CKA and RSA of every pair of twins", jobs.Table2Job, lambda plan, options: jobs.table2_job(plan)),
    "bounds": Stage(
        "the theory's bounds along every run, beside what was measured",
        jobs.BoundsJob,
        lambda plan, options: jobs.bounds_job(plan),
    ),
    "curvature": Stage(
        "what the theory assumes of networks, measured: smoothness, and similarity descent as a surrogate",
        jobs.NetworksJob,
        lambda plan, options: jobs.curvature_job(plan),
        computes=True,
    ),
    "loss_gap": Stage(
        "CL's loss less NSCL's loss on trained networks, beside its bound",
        jobs.NetworksJob,
        lambda plan, options: jobs.loss_gap_job(plan),
        computes=True,
    ),
    "merging": Stage(
        "accuracy of encoders on the line between CL's and NSCL's weights",
        jobs.MergingJob,
        lambda plan, options: jobs.merging_job(plan),
        computes=True,
    ),
    "claims": Stage(
        "every claim with its measured quantity and its verdict",
        jobs.ClaimsJob,
        lambda plan, options: jobs.claims_job(plan),
    ),
    "report": Stage(
        "one page with every figure, table and verdict",
        jobs.ReportJob,
        lambda plan, options: jobs.report_job(plan),
    ),
    "figure": Stage(
        "a figure as PNG, PDF and the table it is drawn from",
        jobs.FigureJob,
        lambda plan, options: jobs.figure_job(plan, options.figure),
        "figure",
    ),
}


_ALIGN = "how alike two files of features are: CKA, RSA, their intervals and what unrelated rows would give"


_BOUND = "what the theorems promise for a setting: how far CL and NSCL can be apart after so many steps"


_COST = "runs, epochs, hours and bytes of an experiment, and what of it is there already"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0, or 2 after one sentence on standard error for input that cannot be used."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except (SettingsError, FileNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m pipeline", description=__doc__)
    commands = top.add_subparsers(metavar="STAGE", required=True, dest="name")
    for name, stage in STAGES.items():
        sub = commands.add_parser(name, help=stage.help, description=stage.help)
        _add_settings(sub)
        sub.add_argument("--job", help="what the stage reads, as JSON (default: taken from the settings)")
        if stage.argument:
            sub.add_argument(stage.argument, help=f"name of a {stage.argument}")
        if name == "subset":
            sub.add_argument("--classes", default="all", help="number of classes, or all (default)")
            sub.add_argument("--seed", default="0", help="of the draw (default: 0)")
        if stage.computes:
            sub.add_argument(
                "--device", default="auto", help="auto (default: an accelerator if there is one), cpu or cuda"
            )
            sub.add_argument(
                "--deterministic", action="store_true", help="on an accelerator: the same bits again, more slowly"
            )
            sub.add_argument(
                "--threads", type=int, help="CPU threads (default: all); their number can change last bits"
            )
        if name == "twins":
            sub.add_argument(
                "--compile", action="store_true", help="compile the networks: minutes at first, then faster steps"
            )
        sub.set_defaults(command=_run_stage)
    for name, help, command in (
        ("runs", "list the runs that the settings ask for", _list_runs),
        ("verify", "check that all finished results were made by these settings and this code", _verify),
    ):
        sub = commands.add_parser(name, help=help, description=help)
        _add_settings(sub)
        sub.set_defaults(command=command)
    costs = commands.add_parser("cost", help=_COST, description=_COST)
    _add_settings(costs)
    costs.add_argument("target", metavar="TARGET", help="an experiment, or all")
    costs.set_defaults(command=_cost)
    align = commands.add_parser("align", help=_ALIGN, description=_ALIGN)
    align.add_argument("first", metavar="A", help=".npy, .npz, .safetensors or .csv; FILE:NAME for one of several")
    align.add_argument("second", metavar="B", help="features of the same inputs in the same order")
    align.add_argument("--labels", help="class of every row: adds the neural-collapse measures of both")
    align.add_argument("--json", action="store_true", help="print JSON")
    align.set_defaults(command=_align)
    bound = commands.add_parser("bound", help=_BOUND, description=_BOUND)
    for name, kind, help in (
        ("classes", int, "number of classes, of equal size"),
        ("batch", int, "anchors a step"),
        ("temperature", float, "of the softmax"),
        ("learning-rate", float, "constant rate of similarity descent"),
        ("steps", int, "number of steps"),
        ("delta", float, "probability that the promise fails"),
    ):
        bound.add_argument(f"--{name}", type=kind, required=True, help=help)
    bound.add_argument("--json", action="store_true", help="print JSON")
    bound.set_defaults(command=_bound)
    schema = commands.add_parser("schema", help="print the JSON schema of the settings")
    schema.set_defaults(command=lambda options: print(json.dumps(Params.model_json_schema(), indent=2)))
    return top


def _add_settings(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--params", type=Path, default=Path("params.yaml"), help="settings (default: params.yaml)")
    sub.add_argument("--results", type=Path, help="folder of results (default: the settings' `results`)")
    sub.add_argument("--reports", type=Path, help="folder of tables (default: the settings' `reports`)")


def _plan(options: argparse.Namespace) -> Plan:
    return plan(read_params(options.params))


def _layout(options: argparse.Namespace) -> Layout:
    if options.results and options.reports:
        return Layout(options.results, options.reports)
    params = _plan(options).params
    return Layout(options.results or Path(params.results), options.reports or Path(params.reports))


def _run_stage(options: argparse.Namespace) -> None:
    stage = STAGES[options.name]
    job = parse(stage.job, _json(options.job), "--job") if options.job else stage.build(_plan(options), options)
    layout = _layout(options)
    module = importlib.import_module(f"pipeline.stages.{options.name}")  # torch takes seconds: only where needed
    if stage.computes:
        from pipeline.device import choose_device

        device = choose_device(options.device, options.threads, options.deterministic)
        more = {"compiled": options.compile} if options.name == "twins" else {}
        module.run(job, layout, device, **more)
    else:
        module.run(job, layout)


def _json(text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise SettingsError(f"--job: not JSON: {error}") from None
    if not isinstance(value, dict):
        raise SettingsError("--job: expected a JSON object")
    return value


def _list_runs(options: argparse.Namespace) -> None:
    for run, request in _plan(options).requests.items():
        epochs = ",".join(map(str, request.checkpoints))
        print(f"{run.name}\tobjectives={','.join(request.objectives)}\tcheckpoints={epochs}")


def _cost(options: argparse.Namespace) -> None:
    from pipeline.cost import as_text, cost

    print(as_text(cost(_plan(options), _layout(options), options.target)))


def _align(options: argparse.Namespace) -> None:
    from pipeline.feature_files import as_json, as_text, compare_files

    found = compare_files(options.first, options.second, options.labels)
    print(json.dumps(as_json(found), indent=2) if options.json else as_text(found))


def _bound(options: argparse.Namespace) -> None:
    from pipeline.theory.promise import as_json, as_text, promise

    setting = (options.classes, options.batch, options.temperature, options.learning_rate, options.steps, options.delta)
    found = promise(*setting)
    print(json.dumps(as_json(found), indent=2) if options.json else as_text(found))


def _verify(options: argparse.Namespace) -> None:
    from pipeline.records import verify

    print(f"{verify(_plan(options), _layout(options))} finished results, all made by these settings and this code")


if __name__ == "__main__":
    sys.exit(main())
