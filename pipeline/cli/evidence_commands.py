"""Commands on evidence: finished results that are kept with the commit that made them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipeline.cli.options import PATH, device_of, device_options, load, settings_options, threads_option
from pipeline.cli.stage_commands import parallel_twins
from pipeline.config.base import SettingsError


@click.group()
def evidence() -> None:
    """Freeze finished results as evidence, check it, or train it again.

    NAME is a folder below reports/evidence, or a path. `freeze` alone writes there.
    """


def _checked(name: str) -> Path:
    from pipeline.evidence.manifest import check as check_files
    from pipeline.evidence.manifest import evidence_folder

    folder = evidence_folder(name)
    print(f"{folder}: {check_files(folder)} files as they were frozen", flush=True)
    return folder


@evidence.command()
@settings_options
@click.argument("name")
@click.option("--networks", metavar="RUN", multiple=True, help="a run to keep the last networks of; can be repeated")
def freeze(name: str, networks: tuple[str, ...], **where: Any) -> None:
    """Keep finished tables, figures and measures, with the commit that made them."""
    from pipeline.evidence.freeze import freeze as freeze_results

    print(f"{freeze_results(name, *load(**where), networks)}: frozen; describe in README.md what was found")


@evidence.command()
@click.argument("name")
def check(name: str) -> None:
    """Compare the bytes of evidence with its manifest."""
    _checked(name)


@evidence.command()
@click.argument("name")
def claims(name: str) -> None:
    """Print the verdicts of claims on evidence by today's rules, from its measures."""
    from pipeline.evidence.current_claims import claims_text, current_claims

    print(claims_text(current_claims(_checked(name))))


@evidence.command()
@click.argument("name")
@click.argument("figure")
@click.argument("folder", type=PATH)
def figure(name: str, figure: str, folder: Path) -> None:
    """Draw FIGURE by today's code from the measures of evidence, and write its table and picture to FOLDER."""
    from pipeline.evidence.current_figures import draw_figure

    for file in draw_figure(_checked(name), figure, folder):
        print(file)


def _steps(_: click.Context, __: click.Parameter, text: str) -> int | None:
    """Number of steps; None: all."""
    if text == "all":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise click.BadParameter(f"expected a number from 1, or all, got {text!r}")
    return int(text)


@evidence.command()
@device_options
@threads_option
@click.argument("name")
@click.argument("run")
@click.option("--steps", default="8", callback=_steps, help="how many (default: 8), or all")
@click.option("--own-commit", is_flag=True, help="by the commit and locks that made it, in a worktree")
def replay(name: str, run: str, steps: int | None, own_commit: bool, threads: int | None, **device_choice: Any) -> None:
    """Train the first steps of RUN again and compare them with what it recorded."""
    from pipeline.evidence.replay import replay_at_its_commit, replay_run

    folder = _checked(name)
    if own_commit:
        if status := replay_at_its_commit(folder, run, steps):
            raise SettingsError(f"{folder}: the replay at its commit ended with exit status {status}, see above")
        return
    device = device_of(**device_choice, threads=1)
    print(replay_run(folder, run, device, steps, parallel_twins(threads, device)))


@evidence.command()
@click.argument("name")
@click.argument("folder", type=PATH)
def networks(name: str, folder: Path) -> None:
    """Write the networks that evidence keeps to FOLDER, as checkpoints."""
    from pipeline.evidence.networks import unpack

    for run, objectives in unpack(_checked(name), folder).items():
        print(f"{folder}: {', '.join(objectives)} of {run}")


@evidence.command()
@device_options
@threads_option
@click.argument("name")
def measure(name: str, threads: int | None, **device_choice: Any) -> None:
    """Measure the networks that evidence keeps again, next to what it says."""
    from pipeline.evidence.networks import measure as measure_networks

    print(measure_networks(_checked(name), device_of(**device_choice, threads=threads)).to_string(index=False))
