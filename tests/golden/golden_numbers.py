"""The numbers of every stage with a VERSION, on digits and fixed networks.

`python -m tests.golden.golden_numbers` writes them. Networks are initialisations of several seeds, which any processor
makes to the bit; twins are trained for twenty steps.
"""

import hashlib
import sys
import tempfile
from pathlib import Path

import pandas as pd
import torch

import twin_alignment.torchvision_shim  # noqa: F401  (before libraries that import torchvision)
from pipeline.config.dataset_settings import SourceSettings
from pipeline.config.objectives import resolve
from pipeline.config.probe_settings import ProbeSettings
from pipeline.config.run import Run
from pipeline.config.theory_settings import ForcingSettings, SurrogateSettings
from pipeline.config.view_settings import ViewRecipe
from pipeline.datasets.images import load_images
from pipeline.evidence.manifest import file_digests
from pipeline.jobs.chain import STAGES
from pipeline.jobs.provenance import processor
from pipeline.stages import (
    between_seeds,
    curvature,
    early,
    forcing,
    layers,
    loss_gap,
    measure,
    merging,
    prepare,
    subset,
)
from pipeline.train.checkpoints import checkpoint_path, save_checkpoint, step_checkpoint_path
from pipeline.train.twin import initial_network
from pipeline.train.twin_trainer import TwinTrainer

FOLDER = Path(__file__).parent
TWINS = ("cl", "nscl", "scl", "ce", "nscl_shuffled", "cl_independent", "cl_perturbed")
STEPS = 20
SMALL = {"dataset": "digits", "encoder": "resnet10", "width": 4, "projection": 8, "warmup_epochs": 0}
TRAINED = Run(**SMALL, batch_size=128, epochs=2, trust_coefficient=0.1)
FIXED = Run(**SMALL, batch_size=128, epochs=1, classes=4)
VIEWS = ViewRecipe(flip=0.0, crop_scale=(0.4, 1.0))
CPU = torch.device("cpu")


def made_on() -> str:
    """Kind of processor and version of torch that numbers are of."""
    return f"{processor()}, {torch.backends.cpu.get_cpu_capability()}, torch {torch.__version__}"


def numbers() -> dict[str, str]:
    """{stage: CSV of its numbers}"""
    with tempfile.TemporaryDirectory() as folder:
        return {**_data(Path(folder)), **_networks(Path(folder))}


def _data(folder: Path) -> dict[str, str]:
    """Bytes of the prepared images, class subsets, and losses of trained twins."""
    spec = SourceSettings(source="digits")
    prepare.run(prepare.PrepareJob(dataset="digits", spec=spec, downloads=""), {}, {"store": folder / "images"})
    for classes in (None, 4):
        job = subset.SubsetJob(dataset="digits", classes=classes, seed=0)
        subset.run(job, {"store": [folder / "images"]}, {"subset": folder / f"{classes}.json"})
    files = "".join(f"{name},{digest}\n" for name, digest in file_digests(folder / "images").items())
    training = TwinTrainer(TRAINED, list(map(resolve, TWINS)), _images(folder, None), VIEWS)
    for _, _ in zip(range(STEPS), training.steps(), strict=False):
        pass
    rows = training.all_rows()
    table = pd.DataFrame([(r.epoch, r.step, r.objective, r.loss, r.mean_mass, r.mean_square_mass) for r in rows])
    return {"prepare": f"file,sha256\n{files}", "twins": _csv(table, "epoch,step,objective,loss,mass,square_mass")}


def _images(folder: Path, classes: int | None):
    return load_images(folder / "images", folder / f"{classes}.json", CPU)["train"]


def _networks(folder: Path) -> dict[str, str]:
    """What is measured of fixed networks."""
    images = _images(folder, FIXED.classes)
    for number, (run, objective, epoch) in enumerate(
        (run, objective, epoch) for run in (0, 1) for objective in ("cl", "nscl") for epoch in (0, 1)
    ):
        other = FIXED.model_copy(update={"seed": number})
        network = initial_network(other, resolve(objective), images.channels, images.size, images.classes)
        save_checkpoint(checkpoint_path(folder / f"run{run}", objective, epoch), network)
        if (run, epoch) == (0, 1):
            save_checkpoint(step_checkpoint_path(folder / "run0", objective, 1), network)
    steps = pd.DataFrame(
        {"epoch": 1, "step": [1, 2], "objective": "cl", "learning_rate": [0.1, 0.2], "loss": [3.0, 2.0]}
    )
    steps.to_csv(folder / "steps.csv", index=False)
    inputs = {
        "store": [folder / "images"],
        "subset": [folder / f"{FIXED.classes}.json"],
        "checkpoints": [folder / "run0"],
        "steps": [folder / "steps.csv"],
    }
    both = {**inputs, "checkpoints": [folder / "run0", folder / "run1"]}
    names, epochs, probes = ("cl", "nscl"), (0, 1), ProbeSettings()
    runs = (FIXED, FIXED.model_copy(update={"seed": 1}))
    surrogate = SurrogateSettings(iterations=4, steps=2)
    of = {"run": FIXED, "size": None}
    jobs = {
        measure: (measure.MeasureJob(**of, objectives=names, checkpoints=epochs, probes=probes), inputs),
        early: (early.EarlyJob(**of, objectives=names, checkpoints=epochs, checkpoint_steps=(1,)), inputs),
        forcing: (
            forcing.ForcingJob(
                run=FIXED,
                objectives=tuple(map(resolve, names)),
                checkpoints=epochs,
                checkpoint_steps=(),
                views=VIEWS,
                forcing=ForcingSettings(batches=4, images=50),
            ),
            inputs,
        ),
        layers: (layers.LayersJob(**of, objectives=names, epochs=(1,)), inputs),
        between_seeds: (
            between_seeds.BetweenSeedsJob(runs=runs, objectives=names, checkpoints=epochs, size=None),
            both,
        ),
        curvature: (curvature.CurvatureJob(run=FIXED, checkpoints=epochs, views=VIEWS, surrogate=surrogate), inputs),
        loss_gap: (loss_gap.LossGapJob(run=FIXED, views=VIEWS), inputs),
        merging: (merging.MergingJob(**of, probes=probes, shares=(0.0, 0.5, 1.0)), inputs),
    }
    found = {}
    for module, (job, read) in jobs.items():
        stage = STAGES[module.__name__.rpartition(".")[2]]
        outputs = {kind: folder / stage.name / f"{kind}.csv" for kind in stage.writes}
        module.run(job, read, outputs, CPU)
        found[stage.name] = "\n".join(outputs[kind].read_text() for kind in sorted(outputs))
    return found


def _csv(table: pd.DataFrame, header: str) -> str:
    return f"{header}\n{table.to_csv(index=False, header=False, float_format='%.9g', na_rep='NA')}"


def changelog_line(stage: str, text: str) -> str:
    """What CHANGELOG.md says of a stage's golden numbers."""
    version, digest = STAGES[stage].version, hashlib.sha256(text.encode()).hexdigest()[:12]
    return f"`{stage}` VERSION {version}: golden numbers `{digest}`"


def read(stage: str) -> tuple[str, str]:
    """(kind of processor, numbers) as they are kept."""
    head, _, text = (FOLDER / f"{stage}.csv").read_text(encoding="utf-8").partition("\n")
    return head.removeprefix("# "), text


def main() -> None:
    """Write all numbers, and say what the changelog has to say."""
    torch.set_num_threads(1)  # as tests have it
    for stage, text in numbers().items():
        (FOLDER / f"{stage}.csv").write_text(f"# {made_on()}\n{text}", encoding="utf-8")
        print(changelog_line(stage, text), file=sys.stdout)


if __name__ == "__main__":
    main()
