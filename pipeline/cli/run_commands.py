"""Commands on planned and finished runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.options import PATH, device_of, device_options, load, settings_options, threads_option
from pipeline.config.base import SettingsError
from pipeline.config.params import read_params
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout
from pipeline.planning.plan import Plan

if TYPE_CHECKING:
    import pandas as pd


@click.command()
@settings_options
def runs(**where: Any) -> None:
    """List the runs that the settings ask for."""
    for run, request in load(**where)[0].requests.items():
        epochs = ",".join(map(str, request.checkpoints))
        print(f"{run.name}\tobjectives={','.join(request.names)}\tcheckpoints={epochs}")


@click.command()
@settings_options
@click.option("--deep", is_flag=True, help="read all images and checkpoints too")
def verify(deep: bool, **where: Any) -> None:
    """Check every finished result against settings, code and bytes."""
    from pipeline.jobs.verify import verify as verify_results

    count = verify_results(*load(**where), deep=deep)
    print(f"{count} finished results, all as these settings and this code make them")


@click.command()
@settings_options
@click.argument("names", metavar="RUN...", nargs=-1, required=True)
def remake(names: tuple[str, ...], **where: Any) -> None:
    """Delete what a run was trained to, so that it is trained from the start."""
    from pipeline.jobs.runner import remake as forget
    from pipeline.jobs.task import task_of

    settings = load(**where)
    for planned in [task_of("twins", name, *settings) for name in names]:
        forget(planned)
        again = f"snakemake --cores all --forcerun {planned.place.digests}"
        print(f"{planned.subject}: deleted; `{again}` trains it again")


@click.command()
@settings_options
def thin(**where: Any) -> None:
    """Delete checkpoints before the last epoch that nothing reads any more."""
    from pipeline.jobs.pruning import prune
    from pipeline.jobs.task import task_of

    plan, layout = load(**where)
    print(f"{sum(prune(task_of('twins', name, plan, layout)) for name in plan.named) / 1e9:.2f} GB deleted")


def _share(_: click.Context, __: click.Parameter, value: float | None) -> float | None:
    if value is not None and not 0 < value < 1:
        raise click.BadParameter(f"expected a number between 0 and 1, such as 0.2, got {value}")
    return value


@click.command()
@click.argument("folder", type=PATH)
@click.option(
    "--test-share",
    type=float,
    callback=_share,
    help="of <class>/* without a split: share of the images for testing, such as 0.2",
)
def start(folder: Path, test_share: float | None) -> None:
    """Write settings for a FOLDER of images, and say what they will cost.

    FOLDER has train/<class>/* and test/<class>/*, or <class>/*, or is a zip of them.
    """
    import torch

    from pipeline.cli.checkout import require_checkout
    from pipeline.datasets.survey import survey
    from pipeline.jobs.cost import as_text, device_here
    from pipeline.jobs.cost import cost as cost_of
    from pipeline.jobs.start import CPU, GPU, file_for, found_text, settings_text
    from pipeline.system.files import write_text

    require_checkout("start")
    file = file_for(folder)
    images = survey(folder, test_share)
    machine = GPU if torch.cuda.is_available() else CPU
    write_text(file, settings_text(file.stem, folder, images, machine, test_share))
    params = read_params(file)
    layout = Layout(Path(params.results), Path(params.reports))
    print(
        f"{found_text(folder, images)}\nwritten for {machine.name}: {file}\n\nexpected cost:\n"
        f"{as_text(cost_of(plan(params), layout, 'all', device_here()))}\n\n"
        f"next: snakemake --cores all --configfile {file}"
    )


@click.command()
@settings_options
@click.argument("target")
def cost(target: str, **where: Any) -> None:
    """Show runs, epochs, hours and bytes of TARGET: an experiment, or all."""
    from pipeline.jobs.cost import as_text, device_here
    from pipeline.jobs.cost import cost as cost_of

    print(as_text(cost_of(*load(**where), target, device_here())))


@click.command()
@settings_options
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
def compare(first: str, second: str, **where: Any) -> None:
    """Show two runs, or the tables of two settings files (.yaml), next to each other."""
    from pipeline.reporting.side_by_side import report_values, run_values, side_by_side

    names = first, second
    of_files = [Path(name).suffix in (".yaml", ".yml") for name in names]
    if len(set(of_files)) > 1:
        raise SettingsError(f"compare: expected two runs or two settings files, got {first} and {second}")
    if all(of_files):
        values = [report_values(*_tables_of(Path(name), where)) for name in names]
    else:
        settings = load(**where)
        values = [run_values(*_measures_of(name, *settings)) for name in names]
    print(side_by_side(names, *values))


def _tables_of(params: Path, where: dict[str, Any]) -> list[pd.DataFrame]:
    """Tables 1 and 2 of a settings file."""
    from pipeline.reporting.measured_tables import finished

    _, layout = load(**{**where, "params": params})
    targets = [layout.reports / name for name in ("table1.csv", "table2.csv")]
    return [finished(path, f"snakemake --cores all {path} --configfile {params}") for path in targets]


def _measures_of(run: str, plan: Plan, layout: Layout) -> list[pd.DataFrame]:
    """Probes and alignment of a run."""
    from pipeline.jobs.task import task_of
    from pipeline.reporting.measured_tables import finished

    place = task_of("measure", run, plan, layout).place
    return [finished(place.outputs[kind], plan.command("measure", run), kind) for kind in ("probes", "alignment")]


@click.command()
@settings_options
@click.argument("name", metavar="RUN")
@click.option("--labels", multiple=True, help="groups in place of classes, as in settings: random/20, FILE.csv, ...")
@click.option("--constant", type=float, help="of the prediction; default: fitted on the run's own NSCL")
@click.option("--consistency", type=float, help="CKA of CL with its perturbed copy; default: as measured, or 1")
@click.option("--batches", type=int, default=32, show_default=True, help="for the mean of the gradients' differences")
@device_options
@threads_option
def predict(name: str, labels: tuple[str, ...], threads: int | None, batches: int, **options: Any) -> None:
    """Predict how far NSCL would end from the CL of RUN, from CL's checkpoints and labels alone."""
    from pipeline.jobs.prediction import predict_run

    where = {key: options.pop(key) for key in ("params", "results", "reports")}
    fixed = {key: options.pop(key) for key in ("constant", "consistency")}
    device = device_of(**options, threads=threads)
    print(predict_run(name, *load(**where), labels, batches, device, **fixed), end="")


@click.command()
@settings_options
def power(**where: Any) -> None:
    """Show how many seeds each claim would need, from the spread of finished runs."""
    import pandas as pd

    from pipeline.reporting.power import power_table, power_text

    path = load(**where)[1].reports / "claims.csv"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: missing; `snakemake --cores all {path}` makes it")
    print(power_text(power_table(pd.read_csv(path))), end="")
