"""CIFAR-100 on a GPU in a given time: four objectives and two controls, by the project's stages."""

import tarfile
from pathlib import Path
from typing import Any

import yaml
from safetensors.torch import save_file

from pipeline.__main__ import main
from pipeline.config.params import read_params
from pipeline.datasets.catalog import KNOWN
from pipeline.evaluate.run_features import embedder
from pipeline.jobs.task import task_of
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout
from pipeline.planning.plan import Plan
from pipeline.system.device import choose_device
from pipeline.system.files import write_json

TWINS = ("cl", "nscl", "scl", "ce", "nscl_shuffled", "cl_independent")
BASE = Path("params/cifar100_gpu_hour.yaml")
LEARNING_RATE = 1.0  # at a batch of 256, within what SimCLR tried for CIFAR-10 (Chen et al. 2020, B.9)
WARMUP = 0.1  # share of the epochs
CHECKPOINTS = (0.0, 0.1, 0.35, 1.0)  # as shares of the epochs
TARGETS = ("table2", "table1", "claims")
ARCHIVED = ("measures", "subsets")  # folders of the results; runs have their records and steps archived


def params(archives: list[Path], work: Path, epochs: int, training: dict[str, Any]) -> dict[str, Any]:
    """Settings of params/cifar100_gpu_hour.yaml with another number of epochs, and images from archives."""
    base = yaml.safe_load(BASE.read_text())
    spec = KNOWN["cifar100"].model_dump(mode="json", exclude={"classes"}, exclude_defaults=True)
    source = {**spec, "source": "folder", "paths": [str(path.resolve()) for path in archives]}
    warmup = max(1, round(WARMUP * epochs))
    checkpoints = sorted({round(share * epochs) for share in CHECKPOINTS})
    experiment = {"objectives": list(TWINS), "grid": [{"dataset": "cifar100"}]}
    return {
        **base,
        "results": str(work / "results"),
        "reports": str(work / "reports"),
        "datasets": {"cifar100": source},
        "training": {
            **base["training"],
            "epochs": epochs,
            "warmup_epochs": warmup,
            "learning_rate": LEARNING_RATE,
            **training,
        },
        "experiments": {
            "table1": experiment,
            "trajectory": {**experiment, "checkpoints": checkpoints},
        },
    }


def make(stage: str, subject: str, settings: Path, device: str, training: list[str]) -> None:
    """Make a result, and first all results that it reads. Those with a record exist. `training`: flags of `twins`."""
    plan, layout = _read(settings)
    task = task_of(stage, subject, plan, layout)
    if task.place.record.is_file():
        return
    for _, place in task.reads:
        make(place.stage.name, place.subject, settings, device, training)
    flags = ["--device", device] if task.stage.uses_device else []
    flags += training if stage == "twins" else []
    code = main([stage, *filter(None, [subject]), "--params", str(settings), *flags])
    if code:
        raise SystemExit(code)


def archive_results(settings: Path, out: Path, features_of: tuple[str, ...] = ("cl", "nscl")) -> None:
    """Write all small files into one archive, and test features of the last epoch, float16, one file per objective."""
    plan, layout = _read(settings)
    with tarfile.open(out / "cifar100.tar.gz", "w:gz") as archive:
        archive.add(settings, settings.name)
        for folder in (*(layout.results / name for name in ARCHIVED), layout.reports):
            if folder.is_dir():
                archive.add(folder, folder.name)
        for pattern in ("record.json", "steps.csv.gz"):
            for file in (layout.results / "runs").rglob(pattern):
                archive.add(file, file.relative_to(layout.results))
    (run,) = plan.requests
    measured = task_of("measure", run.name, plan, layout)
    if not measured.place.record.is_file():
        return
    job: Any = measured.job
    (store,), (subset,), (checkpoints,) = (measured.inputs[kind] for kind in ("store", "subset", "checkpoints"))
    embedded = embedder(run, job.size, store, subset, choose_device("auto", None))
    for name in features_of:
        test = embedded.features(checkpoints, name, run.epochs)["test"]
        values = {"features": test.half().cpu().contiguous(), "labels": embedded.labels["test"].cpu()}
        save_file(values, out / f"test_features_{name}.safetensors")


def train_and_measure(
    archives: list[Path], work: Path, out: Path, epochs: int, device: str, training: dict[str, Any], flags: list[str]
) -> None:
    """Make the tables from images. A later call resumes, with the number of epochs of the first call."""
    settings = work / "params.json"
    if not settings.is_file():
        write_json(settings, params(archives, work, epochs, training))
    for target in TARGETS:
        make(target, "", settings, device, flags)
        archive_results(settings, out)


def _read(settings: Path) -> tuple[Plan, Layout]:
    values = read_params(settings)
    return plan(values), Layout(Path(values.results), Path(values.reports))
