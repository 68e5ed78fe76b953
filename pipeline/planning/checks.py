"""Checks of settings that need more than one of them. All raise SettingsError, before any work starts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import ARRAYS, DatasetSpec
from pipeline.config.label_groups import check_groups as check_label_groups
from pipeline.config.objective_settings import Objective
from pipeline.config.params import Params
from pipeline.config.references import check
from pipeline.config.run import Run
from pipeline.config.training_settings import classes_of_batch
from pipeline.config.view_settings import CustomViews
from pipeline.datasets.catalog import KNOWN, facts
from pipeline.datasets.catalog import resolve as dataset_spec
from pipeline.models.encoders import check_encoder, check_size
from pipeline.planning.plan import PAPER_EXPERIMENTS
from pipeline.planning.view_shape import view_shape
from pipeline.reporting.figures import FIGURES

MAX_NUMBER = 2**63 - 1  # of a run's settings, as tables hold 64 bits
MAX_PATH_BYTES, MAX_NAME_BYTES = 1000, 255  # that file systems allow


def check_names(params: Params) -> None:
    """Check that every name can be a folder's and a Snakemake wildcard's."""
    for folder in ("results", "reports", "downloads"):
        _check_folder(folder, getattr(params, folder))
    for name in params.datasets:
        if not re.fullmatch(r"\w[\w.-]{,63}", name):
            raise SettingsError(
                f"datasets: expected a name of up to 64 letters, digits, '_', '-' and '.', the first a letter, a digit "
                f"or '_', got {name!r}"
            )
    for name in params.experiments:
        if name not in PAPER_EXPERIMENTS and (name in FIGURES or not re.fullmatch(r"\w[\w-]{,63}", name)):
            raise SettingsError(
                f"experiments: expected a name of up to 64 letters, digits, '-' and '_', the first not '-', and not "
                f"that of a figure ({', '.join(FIGURES)}), got {name!r}"
            )


def _check_folder(key: str, name: str) -> None:
    if not re.fullmatch(r"[^-{}\s\ud800-\udfff][^{}\n\r\t\0\ud800-\udfff]*", name):
        raise SettingsError(
            f"{key}: expected a path without '{{', '}}' and line breaks that does not begin with '-' or a space, "
            f"got {name!r}"
        )
    if len(name.encode()) > MAX_PATH_BYTES or max(len(part.encode()) for part in name.split("/")) > MAX_NAME_BYTES:
        raise SettingsError(
            f"{key}: expected at most {MAX_PATH_BYTES:,} bytes, and {MAX_NAME_BYTES} from one '/' to the next, "
            f"got {name[:40]!r}..."
        )
    if Path(name).parts[:2] == ("reports", "evidence"):
        raise SettingsError(
            f"{key}: expected a folder outside of reports/evidence, which only `python -m pipeline evidence freeze` "
            f"writes, got {name!r}"
        )


def check_file(reference: str, where: str) -> None:
    """Check that the file of a `FILE.py:FUNCTION` exists, seen from the current folder."""
    file = Path.cwd() / reference.rpartition(":")[0]
    if file.suffix == ".py" and not file.is_file():
        raise SettingsError(f"{where}: expected FILE.py:FUNCTION, got {reference!r}: there is no file {file}")


def check_groups(run: Run, objectives: Sequence[Objective], params: Params, where: str) -> None:
    """Check that groups fit the number of a dataset's classes, where it is sure; names are compared before training."""
    spec = dataset_spec(run.dataset, params.datasets)
    unsure = facts(spec.source).may_lack_classes and spec.classes is not None
    classes = None if unsure else classes_of(run.dataset, params)
    for objective in objectives:
        if objective.groups is not None:
            check_label_groups(objective.groups, classes, f"{where}: {objective.name}")


def check_unique_names(objectives: Sequence[Objective], where: str) -> None:
    """Check that no two groupings have one name, under which their networks would be saved."""
    named: dict[str, Objective] = {}
    for objective in objectives:
        first = named.setdefault(objective.name, objective)
        if first != objective and (first.groups or objective.groups):
            raise SettingsError(f"{where}: {objective.name} has two meanings: expected another `name` for one of them")


def check_run(run: Run, params: Params, where: str) -> None:
    """Check a run's settings against each other and against its dataset."""
    for key, value in run:
        if isinstance(value, int) and value > MAX_NUMBER:
            raise SettingsError(f"{where}: {key}: expected at most {MAX_NUMBER}, got {value}")
    _check_warmup(run, where)
    check_file(run.encoder, where)
    check_encoder(run, where)
    _check_views(run, params, where)
    _check_batch(run, params, where)
    classes = classes_of(run.dataset, params)
    if run.classes is not None and run.classes > classes:
        raise SettingsError(f"{where}: classes: expected 2 to {classes}, as {run.dataset} has, got {run.classes}")
    most = min(run.classes or classes, run.batch_size)
    if (classes_of_batch(run.batches) or 1) > most:
        raise SettingsError(
            f"{where}: batches: expected at most {most}_classes for {run.classes or classes} classes and a batch of "
            f"{run.batch_size}, got {run.batches}"
        )


def _check_warmup(run: Run, where: str) -> None:
    """Check that training reaches its full learning rate, unless it is the beginning of a longer schedule."""
    if run.epochs > 0 and run.horizon < run.warmup_epochs:
        length = "horizon_epochs" if run.horizon_epochs else "epochs"
        raise SettingsError(
            f"{where}: warmup_epochs: expected at most {run.horizon}, as {length} is: the rate has to reach its "
            f"peak, got {run.warmup_epochs}"
        )


def _check_views(run: Run, params: Params, where: str) -> None:
    """Check that the encoder can read the views, where their size is known before the images are."""
    spec = dataset_spec(run.dataset, params.datasets)
    for file in spec.views.files:
        check_file(f"{file}:", f"datasets.{run.dataset}.views")
    if isinstance(spec.views, CustomViews):
        check(spec.views.function, f"datasets.{run.dataset}.views")
    size = _size_of_views(spec)
    if size is not None:
        try:
            check_size(run, size)
        except SettingsError as error:
            raise SettingsError(f"{where}: {error}") from None


def _size_of_views(spec: DatasetSpec) -> tuple[int, ...] | None:
    """(height, width) of views, or what follows the first axis of a row; None: not known without reading an image."""
    if spec.source in KNOWN or spec.source == ARRAYS:
        shape = view_shape(spec)
        return None if shape is None else shape[1:]
    return spec.views.size or ((spec.size,) * 2 if spec.size else None)


def _check_batch(run: Run, params: Params, where: str) -> None:
    """Check that a dataset has a batch, where its images are counted at planning; others are checked in training."""
    spec = dataset_spec(run.dataset, params.datasets)
    sizes = facts(spec.source).sizes
    if spec.source in KNOWN and sizes is not None:
        images = sizes(spec)[0]
    elif (counts := facts(spec.source).counts) is not None and spec.classes is None:
        _, images = counts(spec, f"datasets.{run.dataset}")
    else:
        return
    if run.batch_size > images:
        raise SettingsError(
            f"{where}: batch_size: expected at most {images}, the training images of {run.dataset}, got "
            f"{run.batch_size}"
        )


def classes_of(dataset: str, params: Params) -> int:
    """Return the number of classes of a dataset; the user's data without that setting is counted."""
    spec = dataset_spec(dataset, params.datasets)
    published = KNOWN[spec.source].classes if spec.source in KNOWN else None
    counts = facts(spec.source).counts
    return spec.classes or published or (counts(spec, f"datasets.{dataset}")[0] if counts else 0)
