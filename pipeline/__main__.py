"""The command line: one subcommand a stage, made from its declaration. STAGE --help explains each."""

from __future__ import annotations

import argparse
import importlib.metadata
import io
import json
import os
import signal
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config.base import SettingsError
from pipeline.config.params import read_params
from pipeline.config.references import PROJECT
from pipeline.jobs.declared import STAGES, MeasureJob, TwinsJob
from pipeline.jobs.diverged import without_diverged
from pipeline.jobs.layout import Layout
from pipeline.jobs.plan import Plan, plan
from pipeline.system.gpu_locks import WANTED, choose_cards
from twin_alignment.errors import InputError
from twin_alignment.progress import say

if TYPE_CHECKING:
    import pandas as pd
    import torch

    from pipeline.jobs.task import Task

SCRIPT = "twin-alignment"  # the same, where the package is installed
OF_THE_REPORT = ("papermill", "jupytext", "nbformat", "nbconvert")  # what the extra `report` brings, and nothing else


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0, or 2 after one sentence on standard error for input that cannot be used."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that is ASCII shows ² as \xb2
            stream.reconfigure(errors="backslashreplace")
    parser = _parser()
    options = parser.parse_args(arguments)
    for name, value in vars(options).items():
        if value == []:  # argparse takes the value of `--steps=--` away
            parser.error(f"--{name.replace('_', '-')}: expected a value")
    try:
        options.command(options)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE if options.name in STAGES else 0  # a stage prints nothing: it was still at work
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:  # a full disk, a folder that may not be written, a file where a folder should be
        place = f"{error.filename}: " if error.filename else ""
        print(f"error: {place}{error.strerror.lower() if error.strerror else error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if error.name not in OF_THE_REPORT:
            raise
        print(
            f"error: {options.name} needs {error.name}, of the extra `report`: pip install '.[report]' in a checkout",
            file=sys.stderr,
        )
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    script = Path(sys.argv[0]).name == SCRIPT
    top = argparse.ArgumentParser(prog=SCRIPT if script else "python -m pipeline", description=__doc__)
    top.add_argument("--version", action="version", version=f"{SCRIPT} {_version()}")
    commands = top.add_subparsers(metavar="STAGE", required=True, dest="name")

    def command(name: str, run: Callable[[argparse.Namespace], None], help: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=help)
        sub.set_defaults(command=run)
        return sub

    for add in (_add_stages, _add_runs, _add_evidence, _add_files, _add_bound, _add_pages):
        add(command)
    return top


Command = Callable[[str, Callable[[argparse.Namespace], None], str], argparse.ArgumentParser]


def _add_stages(command: Command) -> None:
    for stage in STAGES.values():
        sub = command(stage.name, _stage, stage.help)
        _add_settings(sub)
        if stage.subject:
            sub.add_argument("subject", metavar=stage.subject.upper(), help=f"name of a {stage.subject}")
        sub.add_argument("--threads", type=_threads, help="CPU threads (default: all); of training they change no bit")
        if stage.computes:
            _add_device(sub)
        if stage.name == "twins":
            sub.add_argument(
                "--compile", action="store_true", help="compile the networks: minutes at first, then faster steps"
            )


def _add_runs(command: Command) -> None:
    """What is planned and finished, and what becomes of it."""
    _add_settings(command("runs", _runs, "list the runs that the settings ask for"))
    checks = command("verify", _verify, "check every finished result against settings, code and bytes")
    _add_settings(checks)
    checks.add_argument("--deep", action="store_true", help="read all images and checkpoints too")
    anew = command("remake", _remake, "forget what a run was trained from, so that it is trained from the start")
    _add_settings(anew)
    anew.add_argument("subject", metavar="RUN", nargs="+", help="names of runs")
    _add_settings(command("thin", _thin, "delete checkpoints before the last epoch, of which all is made"))
    starts = command("start", _start, "write settings for a folder of your own images, and say what they will cost")
    starts.add_argument(
        "folder", metavar="FOLDER", type=Path, help="train/<class>/* and test/<class>/*, or <class>/*, or a zip of it"
    )
    starts.add_argument(
        "--test-share", type=_share, help="of <class>/* without a split: share of the images for testing, such as 0.2"
    )
    costs = command("cost", _cost, "runs, epochs, hours and bytes of an experiment, and what of it is there already")
    _add_settings(costs)
    costs.add_argument("target", metavar="TARGET", help="an experiment, or all")
    compares = command("compare", _compare, "two runs, or the tables of two settings files, side by side")
    _add_settings(compares)
    compares.add_argument("first", metavar="A", help="name of a run, or a settings file (.yaml)")
    compares.add_argument("second", metavar="B", help="the same")
    _add_settings(command("power", _power, "how many seeds each claim would need, from the spread of finished runs"))


def _add_evidence(command: Command) -> None:
    """What is kept of finished results, pinned to its commit."""
    group = command("evidence", _evidence, "freeze finished results as evidence, check it, or train it again")
    group.epilog = "reports/evidence/NAME/ is written by `freeze` alone."
    actions = group.add_subparsers(metavar="ACTION", required=True, dest="action")

    def action(name: str, help: str, folder: str = "NAME") -> argparse.ArgumentParser:
        sub = actions.add_parser(name, help=help, description=help)
        sub.add_argument("folder", metavar=folder, help="name below reports/evidence, or a folder's path")
        return sub

    freezes = action("freeze", "keep finished tables, figures and measures, with the commit that made them")
    _add_settings(freezes)
    freezes.add_argument("--networks", metavar="RUN", nargs="+", help="runs to keep the last networks of")
    action("check", "compare the bytes of evidence with its manifest")
    again = action("replay", "train a run's first steps again and compare them with what it recorded")
    again.add_argument("subject", metavar="RUN", help="name of a run")
    again.add_argument("--steps", type=_steps, default=8, help="how many (default: 8), or all")
    again.add_argument("--own-commit", action="store_true", help="by the commit and locks that made it, in a worktree")
    keeps = action("networks", "write the networks that evidence keeps as checkpoints")
    keeps.add_argument("target", metavar="FOLDER", type=Path, help="where to")
    measures = action("measure", "measure the networks that evidence keeps again, beside what it says")
    for sub in (again, measures):
        _add_device(sub)
        sub.add_argument("--threads", type=_threads, help="CPU threads (default: all)")


def _add_files(command: Command) -> None:
    """Files of features."""
    embeds = command("features", _features, "write the features of a trained network, for `align` and other programs")
    _add_settings(embeds)
    _add_device(embeds)
    embeds.add_argument("--threads", type=_threads, help="CPU threads (default: all)")
    embeds.add_argument("subject", metavar="RUN", help="name of a run")
    embeds.add_argument("objective", metavar="OBJECTIVE", help="whose network")
    embeds.add_argument("epoch", metavar="EPOCH", type=_epoch, help="one that the run kept")
    embeds.add_argument("file", metavar="FILE", type=Path, help=".safetensors, with train, test and labels of both")
    align = command("align", _align, "how alike files of features are: CKA and RSA with intervals and chance level")
    align.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help=".npy, .npz, .safetensors, .pt, .mat, .csv or .tsv, a row an input; "
        "FILE:NAME for one of several arrays; two files, or more for every two of them",
    )
    align.add_argument("--labels", help="class of every row, numbers or words: adds how far classes have collapsed")
    align.add_argument(
        "--measures", help="comma-separated; after a + added to the default, those of N d² operations; or all"
    )
    align.add_argument("--key", help="column of text files that names the rows, by which they are joined")
    align.add_argument("--json", action="store_true", help="print JSON")
    align.add_argument("--csv", type=Path, help="write a row a pair and measure")
    align.add_argument("--plot", type=Path, help="draw a .png, .pdf or .svg")


def _add_bound(command: Command) -> None:
    bound = command("bound", _bound, "what the theorems promise: how far CL and NSCL can be apart after so many steps")
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


def _add_pages(command: Command) -> None:
    """Files of the project that follow from its declarations."""
    command("schema", _schema, "print the JSON schema of the settings")
    pages = command("reference", _reference, "write the documentation's pages of settings, stages and names")
    pages.add_argument("folder", metavar="FOLDER", type=Path, help="where to")


def _version() -> str:
    """Of the checkout, which need not be installed, or of the installed package."""
    file = PROJECT / "pyproject.toml"
    if file.is_file():
        return str(tomllib.loads(file.read_text(encoding="utf-8"))["project"]["version"])
    return importlib.metadata.version(SCRIPT)


def _add_settings(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--params", type=Path, default=Path("params.yaml"), help="settings (default: params.yaml)")
    sub.add_argument("--results", type=Path, help="folder of results (default: the settings' `results`)")
    sub.add_argument("--reports", type=Path, help="folder of tables (default: the settings' `reports`)")


def _add_device(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--device", default="auto", help="auto (default: an accelerator if there is one), cpu or cuda")
    sub.add_argument("--deterministic", action="store_true", help="on an accelerator: the same bits again, more slowly")


def _number(text: str, least: int, more: str = "") -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r}: allowed is a number from {least}{more}")
    return int(text)


def _threads(text: str) -> int:
    return _number(text, 1)


def _epoch(text: str) -> int:
    return _number(text, 0)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number between 0 and 1, such as 0.2")
    return value


def _steps(text: str) -> int | None:
    """A number of steps; None: all."""
    return None if text == "all" else _number(text, 1, ", or all")


def _settings(options: argparse.Namespace) -> tuple[Plan, Layout]:
    params = read_params(options.params)
    layout = Layout(options.results or Path(params.results), options.reports or Path(params.reports))
    return without_diverged(plan(params, options.params, rehearsed=options.name in STAGES), layout), layout


def _stage(options: argparse.Namespace) -> None:
    from pipeline.jobs.runner import make
    from pipeline.jobs.task import task

    one = task(options.name, getattr(options, "subject", ""), *_settings(options))
    if isinstance(one.job, TwinsJob):
        _train(one, one.job, options)
    elif one.stage.computes:
        make(one, _device(options, options.threads))
    else:
        os.environ.update({"OMP_NUM_THREADS": str(options.threads)} if options.threads else {})  # before torch is there
        make(one)


def _train(one: Task, job: TwinsJob, options: argparse.Namespace) -> None:
    """Alone, or as one of the processes that `torchrun` started, of which the first checks and records."""
    from pipeline.jobs.runner import make
    from pipeline.stages import twins
    from pipeline.train.ranks import processes

    with processes() as ranks:
        alone = ranks.count == 1
        if options.compile and not alone:
            raise SettingsError("--compile: allowed is a single process, torchrun started several")
        device = _device(options, threads=1 if alone else options.threads or 1)
        if device.type == "cuda" and not alone:
            device = ranks.card
        workers = _workers(options, device) if alone else 1  # several would talk across each other
        how = {"workers": workers, "compiled": options.compile, "ranks": ranks}
        if ranks.first:
            _say_what_is_slow(job.run.precision, device)
            make(one, device, **how)
        else:
            twins.run(job, one.inputs, one.place.outputs, device, Path(), "", **how)


def _device(options: argparse.Namespace, threads: int | None) -> torch.device:
    if options.device != "cpu" and (wanted := int(os.environ.get(WANTED, "0"))):
        choose_cards(wanted)  # before torch looks for them
    from pipeline.system.device import choose_device

    return choose_device(options.device, threads, options.deterministic)


def _say_what_is_slow(precision: str, device: torch.device) -> None:
    """An x86 processor without AVX-512 has no bfloat16 instructions. A twin's step (ResNet-10 of width 16, B = 256, 32
    pixels) took 1.05 s in bfloat16 and 0.18 s in float32 on one core of an AMD EPYC without them."""
    from torch.backends import cpu

    if precision == "bfloat16" and device.type == "cpu" and cpu.get_cpu_capability() == "AVX2":
        say("precision = bfloat16: this processor has no instructions for it, float32 is several times faster")


def _workers(options: argparse.Namespace, device: torch.device) -> int:
    """Twins that train side by side, a core or a card each; one after another on a single accelerator, where several at
    once take more memory and no less time (four of ResNet-18 on an H200: 19 GiB for 5.4, in 6.1 s an epoch for 6.1)."""
    from pipeline.system.device import cards

    return int(options.threads or os.cpu_count() or 1) if device.type == "cpu" else max(1, len(cards(device)))


def _runs(options: argparse.Namespace) -> None:
    for run, request in _settings(options)[0].requests.items():
        epochs = ",".join(map(str, request.checkpoints))
        print(f"{run.name}\tobjectives={','.join(request.names)}\tcheckpoints={epochs}")


def _verify(options: argparse.Namespace) -> None:
    from pipeline.jobs.verify import verify

    count = verify(*_settings(options), deep=options.deep)
    print(f"{count} finished results, all as these settings and this code make them")


def _evidence(options: argparse.Namespace) -> None:
    from pipeline.evidence.manifest import check, evidence_folder

    if options.action == "freeze":
        from pipeline.evidence.freeze import freeze

        frozen = freeze(options.folder, *_settings(options), options.networks or ())
        print(f"{frozen}: frozen; tell in README.md what was found")
        return
    folder = evidence_folder(options.folder)
    print(f"{folder}: {check(folder)} files as they were frozen", flush=True)
    if options.action == "replay":
        _replay(folder, options)
    elif options.action == "networks":
        from pipeline.evidence.networks import unpack

        for run, objectives in unpack(folder, options.target).items():
            print(f"{options.target}: {', '.join(objectives)} of {run}")
    elif options.action == "measure":
        from pipeline.evidence.networks import measure

        print(measure(folder, _device(options, options.threads)).to_string(index=False))


def _replay(folder: Path, options: argparse.Namespace) -> None:
    from pipeline.evidence.replay import replay_at_its_commit, replay_run

    if options.own_commit:
        if status := replay_at_its_commit(folder, options.subject, options.steps):
            raise SettingsError(
                f"{folder}: the replay of its own commit ended with exit status {status}, as said above"
            )
        return
    device = _device(options, threads=1)
    print(replay_run(folder, options.subject, device, options.steps, _workers(options, device)))


def _remake(options: argparse.Namespace) -> None:
    from pipeline.jobs.runner import remake
    from pipeline.jobs.task import task

    settings = _settings(options)
    for one in [task("twins", run, *settings) for run in options.subject]:
        remake(one)
        print(f"{one.subject}: forgotten; `snakemake --cores all --forcerun {one.place.digests}` trains it anew")


def _thin(options: argparse.Namespace) -> None:
    from pipeline.jobs.pruning import prune
    from pipeline.jobs.task import task

    plan, layout = _settings(options)
    print(f"{sum(prune(task('twins', name, plan, layout)) for name in plan.named) / 1e9:.2f} GB deleted")


def _start(options: argparse.Namespace) -> None:
    import torch

    from pipeline.datasets.survey import survey
    from pipeline.jobs.cost import as_text, cost, device_here
    from pipeline.jobs.start import CPU, GPU, file_for, found_text, settings_text
    from pipeline.system.files import write_text

    _refuse_outside_a_checkout(options.name)
    file = file_for(options.folder)
    found = survey(options.folder, options.test_share)
    machine = GPU if torch.cuda.is_available() else CPU
    write_text(file, settings_text(file.stem, options.folder, found, machine, options.test_share))
    params = read_params(file)
    layout = Layout(Path(params.results), Path(params.reports))
    print(
        f"{found_text(options.folder, found)}\nwritten for {machine.name}: {file}\n\nexpected cost:\n"
        f"{as_text(cost(plan(params), layout, 'all', device_here()))}\n\n"
        f"next: snakemake --cores all --configfile {file}"
    )


def _cost(options: argparse.Namespace) -> None:
    from pipeline.jobs.cost import as_text, cost, device_here

    print(as_text(cost(*_settings(options), options.target, device_here())))


def _compare(options: argparse.Namespace) -> None:
    from pipeline.reporting.side_by_side import report_values, run_values, side_by_side

    names = options.first, options.second
    of_files = [Path(name).suffix in (".yaml", ".yml") for name in names]
    if len(set(of_files)) > 1:
        raise SettingsError(f"compare: expected two runs or two settings files, got {names[0]} and {names[1]}")
    if all(of_files):
        found = [report_values(*_tables_of(Path(name), options)) for name in names]
    else:
        settings = _settings(options)
        found = [run_values(*_measures_of(name, *settings)) for name in names]
    print(side_by_side(names, *found))


def _tables_of(params: Path, options: argparse.Namespace) -> list[pd.DataFrame]:
    """Tables 1 and 2 of a settings file."""
    from pipeline.reporting.measured_tables import finished

    _, layout = _settings(argparse.Namespace(**{**vars(options), "params": params}))
    targets = [layout.reports / name for name in ("table1.csv", "table2.csv")]
    return [finished(path, f"snakemake --cores all {path} --configfile {params}") for path in targets]


def _measures_of(run: str, plan: Plan, layout: Layout) -> list[pd.DataFrame]:
    """Probes and alignment of a run."""
    from pipeline.jobs.task import task
    from pipeline.reporting.measured_tables import finished

    one = task("measure", run, plan, layout)
    return [finished(one.place.outputs[kind], plan.command("measure", run), kind) for kind in ("probes", "alignment")]


def _power(options: argparse.Namespace) -> None:
    import pandas as pd

    from pipeline.reporting.power import power_table, power_text

    path = _settings(options)[1].reports / "claims.csv"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: missing; `snakemake --cores all {path}` makes it")
    print(power_text(power_table(pd.read_csv(path))), end="")


def _features(options: argparse.Namespace) -> None:
    from pipeline.evaluate.run_features import embedder, save_features
    from pipeline.jobs.runner import check_inputs
    from pipeline.jobs.task import task

    if options.file.suffix != ".safetensors":
        raise SettingsError(f"{options.file}: allowed is a .safetensors file")
    one = task("measure", options.subject, *_settings(options))
    job = one.job
    assert isinstance(job, MeasureJob)
    for name, value, allowed in (
        ("objective", options.objective, job.objectives),
        ("epoch", options.epoch, job.checkpoints),
    ):
        if value not in allowed:
            raise SettingsError(f"{name} = {value}: {options.subject} has {', '.join(map(str, allowed))}")
    check_inputs(one)
    (store,), (subset,), (checkpoints,) = (one.inputs[kind] for kind in ("store", "subset", "checkpoints"))
    embedded = embedder(job.run, job.size, store, subset, _device(options, options.threads))
    save_features(options.file, embedded.features(checkpoints, options.objective, options.epoch), embedded.labels)


def _align(options: argparse.Namespace) -> None:
    from twin_alignment.features.comparison_text import as_json, as_table, as_text
    from twin_alignment.features.feature_files import check_written
    from twin_alignment.features.file_comparison import compare_files
    from twin_alignment.features.measure_choice import chosen

    if len(options.files) < 2:
        raise SettingsError(f"{options.files[0]}: one file, allowed is two or more")
    if options.plot and options.plot.suffix not in (".png", ".pdf", ".svg"):
        raise SettingsError(f"{options.plot}: allowed is a .png, .pdf or .svg")
    read = [*options.files, *([options.labels] if options.labels else [])]
    for written in filter(None, (options.csv, options.plot)):
        check_written(written, read)
    found = compare_files(options.files, options.labels, chosen(options.measures), options.key)
    if options.csv:
        as_table(found).to_csv(options.csv, index=False)
    if options.plot:
        from twin_alignment.features.comparison_plot import draw

        draw(found).savefig(options.plot, dpi=200, bbox_inches="tight")
    print(json.dumps(as_json(found), indent=2) if options.json else as_text(found))


def _bound(options: argparse.Namespace) -> None:
    from twin_alignment.theory.guarantee import as_json, as_text, promise

    setting = (options.classes, options.batch, options.temperature, options.learning_rate, options.steps, options.delta)
    found = promise(*setting)
    print(json.dumps(as_json(found), indent=2) if options.json else as_text(found))


def _schema(options: argparse.Namespace) -> None:
    from pipeline.config.schema import schema

    print(json.dumps(schema(), indent=2))


def _refuse_outside_a_checkout(command: str) -> None:
    """Of a command that is about the checkout's own files."""
    if not (PROJECT / "params.yaml").is_file():
        raise SettingsError(
            f"{command}: there is no params.yaml in {PROJECT}, where the package is: "
            "allowed is a checkout of the project"
        )
    if not Path.cwd().samefile(PROJECT):
        raise SettingsError(f"{command}: {Path.cwd()} is not the folder of the checkout: allowed is {PROJECT}")


def _reference(options: argparse.Namespace) -> None:
    from pipeline.documentation import write_pages

    _refuse_outside_a_checkout(options.name)
    write_pages(options.folder)


if __name__ == "__main__":
    sys.exit(main())
