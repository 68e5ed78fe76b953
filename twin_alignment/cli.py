"""Command `twin-alignment`: compare features and networks, and bound the distance of CL and NSCL."""

import io
import sys
from pathlib import Path

import click

from twin_alignment.errors import InputError
from twin_alignment.model_commands import extract, models


@click.group()
@click.version_option(package_name="twin-alignment", message="twin-alignment %(version)s")
def cli() -> None:
    """Compare representations, and bound the distance of contrastive and supervised contrastive learning."""


@cli.command()
@click.argument("files", metavar="FILES...", nargs=-1, required=True)
@click.option("--labels", help="Class of every row, numbers or words: adds class-distance-normalised variances.")
@click.option("--measures", help="Comma-separated names; after a + added to the default, those of N d²; or all.")
@click.option("--key", help="Column of tables that names the rows, by which they are joined.")
@click.option("--pool", type=click.Choice(["mean", "max", "cls", "flatten"]), help="Pool tokens and maps to rows.")
@click.option("--rows", type=click.Path(path_type=Path), help="Compare only the rows named in this file, one a line.")
@click.option("--drop-missing", is_flag=True, help="Leave out and list rows with missing values, by name.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", type=click.Path(path_type=Path), help="Write a row a pair and measure.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw a .png, .pdf or .svg.")
def align(
    files: tuple[str, ...],
    labels: str | None,
    measures: str | None,
    key: str | None,
    pool: str | None,
    rows: Path | None,
    drop_missing: bool,
    as_json: bool,
    csv: Path | None,
    plot: Path | None,
) -> None:
    """Compare files of features: CKA and RSA with intervals and chance level.

    FILES are .npy, .npz, .safetensors, .pt, .mat, .csv, .tsv, .parquet, .feather, .arrow or .h5, with a row an input;
    FILE:NAME for one of several arrays, FILE:* for all. Two files, or more for every two of them.
    """
    from twin_alignment.comparison.file_comparison import check_output, compare_files  # noqa: PLC0415  (loads torch)
    from twin_alignment.measures.measure_choice import parse_measures  # noqa: PLC0415

    if plot and plot.suffix not in (".png", ".pdf", ".svg"):
        raise InputError(f"{plot}: expected a .png, .pdf or .svg")
    for output in filter(None, (csv, plot)):
        check_output(output, [*files, *([labels] if labels else []), *([str(rows)] if rows else [])])
    comparison = compare_files(files, labels, parse_measures(measures), key, pool, rows, drop_missing)
    if csv:
        comparison.table.to_csv(csv, index=False)
    if plot:
        comparison.plot().savefig(plot, dpi=200, bbox_inches="tight")
    print(comparison.to_json() if as_json else str(comparison))


@cli.command()
@click.option("--classes", type=int, required=True, help="Number of classes, of equal size.")
@click.option("--batch", type=int, required=True, help="Anchors a step.")
@click.option("--temperature", type=float, required=True, help="Temperature of the softmax.")
@click.option("--learning-rate", type=float, required=True, help="Constant rate of similarity descent.")
@click.option("--steps", type=int, required=True, help="Number of steps.")
@click.option("--delta", type=float, required=True, help="Probability that the bound fails.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def bound(
    classes: int, batch: int, temperature: float, learning_rate: float, steps: int, delta: float, as_json: bool
) -> None:
    """Bound the distance of CL and NSCL after a number of steps (Theorem 1 and sharper forms)."""
    from twin_alignment.theory.guarantee import bound as bound_of  # noqa: PLC0415

    bounds = bound_of(classes, batch, temperature, learning_rate, steps, delta)
    print(bounds.to_json() if as_json else str(bounds))


cli.add_command(extract)
cli.add_command(models)


def main(arguments: list[str] | None = None) -> None:
    """Run the command and exit; wrong input or a file that cannot be used is one sentence and status 2.

    Args:
        arguments: words of the command line. None: those of the process.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that is ASCII shows ² as \xb2
            stream.reconfigure(errors="backslashreplace")
    try:
        cli(arguments, prog_name="twin-alignment")
    except InputError as error:
        sys.exit(_refuse(str(error)))
    except OSError as error:  # a full disk, or a folder that may not be written
        place = f"{error.filename}: " if error.filename else ""
        sys.exit(_refuse(f"{place}{error.strerror.lower() if error.strerror else error}"))


def _refuse(sentence: str) -> int:
    print(f"error: {sentence}", file=sys.stderr)
    return 2
