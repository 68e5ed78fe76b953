"""Cost of an experiment: runs, epochs, hours and bytes, from finished runs or from stated assumptions."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import torch
from torch.utils.flop_counter import FlopCounterMode

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import ARRAYS, DatasetSpec
from pipeline.config.run import Run
from pipeline.config.training_settings import TrainingSettings
from pipeline.datasets.catalog import facts
from pipeline.datasets.store import SPLITS, load_manifest
from pipeline.jobs.chain import STAGES
from pipeline.jobs.task import Task, task_of
from pipeline.models.network import Network, ProjectionHead, build_encoder, feature_dimension
from pipeline.planning.checks import classes_of
from pipeline.planning.layout import Layout
from pipeline.planning.plan import Plan

BACKWARD = 2  # times the forward pass
BYTES = 4  # of a weight or a feature
PACKED = 0.45  # of their pixels, that images stored as files are assumed to take: photographs of 224 pixels with much
# detail take 0.44 (see pipeline/datasets/file_store.py), those of Tiny-ImageNet 0.14


@dataclass(frozen=True)
class Device:
    """A kind of device, with the floating-point operations per second assumed where none were measured."""

    name: str
    rate: float


GPU = Device("an H100", 1e14)  # a tenth of its bfloat16 peak
CORE = Device("a CPU core", 4e10)  # measured: 3.7e10 on 8 pixels in float32, 7e10 on 32 pixels in either precision


def device_here() -> Device:
    return GPU if torch.cuda.is_available() else CORE


def rate_here() -> float:
    """Return the operations per second assumed of this machine's device."""
    return device_here().rate


@dataclass(frozen=True)
class Size:
    """Size of a whole dataset, and the shape of an image or row as stored."""

    train: int
    test: int
    classes: int | None
    shape: tuple[int, ...]
    item_bytes: int  # of a pixel's channel, or of a number of a row

    @property
    def bytes(self) -> int:
        return (self.train + self.test) * math.prod(self.shape) * self.item_bytes


@dataclass(frozen=True)
class RunCost:
    """Cost of one run, with operations and bytes for all of its objectives."""

    run: Run
    finished: bool
    epochs: int  # times objectives
    operations: float
    checkpoint_bytes: float
    last_bytes: float  # of the last epoch's checkpoints
    state_bytes: float  # weights and momenta, checkpoints while it trains
    feature_bytes: float  # of all twins at one epoch, in memory while they are measured
    step_bytes: float  # that a step of one twin keeps for its backward pass


@dataclass(frozen=True)
class Cost:
    """Cost of a target; `rates` are operations per second by encoder, measured on finished runs."""

    target: str
    device: Device
    runs: tuple[RunCost, ...]
    rates: dict[str, float]
    store_bytes: float
    present: tuple[str, ...]  # datasets that are prepared
    thinned: bool  # True: earlier checkpoints are deleted after use

    def hours(self, todo_only: bool) -> float:
        chosen = [run for run in self.runs if not (todo_only and run.finished)]
        return sum(run.operations / self.rates.get(run.run.encoder, self.device.rate) for run in chosen) / 3600

    @property
    def checkpoint_bytes(self) -> float:
        """Bytes of checkpoints that are checkpoints."""
        return sum(run.last_bytes if self.thinned else run.checkpoint_bytes for run in self.runs)

    @property
    def passing_bytes(self) -> float:
        """Largest bytes that a setting keeps until all of its seeds are measured and compared."""
        if not self.thinned:
            return 0.0
        of_setting: defaultdict[str, float] = defaultdict(float)
        for run in self.runs:
            of_setting[run.run.setting.name] += run.checkpoint_bytes - run.last_bytes
        return max(of_setting.values(), default=0.0)

    @property
    def bytes(self) -> float:
        return self.store_bytes + self.checkpoint_bytes


def cost(plan: Plan, layout: Layout, target: str, device: Device) -> Cost:
    """Return the cost of an experiment, or of `all`, from records. Raises SettingsError for another target."""
    if target != "all" and target not in plan.experiments:
        raise SettingsError(f"target: expected all or one of {', '.join(plan.experiments)}, got {target!r}")
    runs = tuple(plan.requests) if target == "all" else tuple(dict.fromkeys(plan.experiments[target]))
    datasets = dict.fromkeys(run.dataset for run in runs)
    images = {name: size_of(plan, layout, name) for name in datasets}
    costs = tuple(_of_run(plan, layout, run, images[run.dataset]) for run in runs)
    trained = [run for run in plan.requests if _twins(plan, layout, run).place.record.is_file()]
    rates = _rates((_of_run(plan, layout, run, size_of(plan, layout, run.dataset)) for run in trained), plan, layout)
    store = sum(_stored(plan, layout, name, size) for name, size in images.items())
    present = tuple(name for name in datasets if layout.place(STAGES["prepare"], name).record.is_file())
    return Cost(target, device, costs, rates, store, present, plan.params.checkpoint_retention == "last")


def run_cost(plan: Plan, layout: Layout, run: Run) -> RunCost:
    """Return the cost of a single run, of the plan or not."""
    return _of_run(plan, layout, run, size_of(plan, layout, run.dataset))


def as_text(cost: Cost) -> str:
    """Return the cost as text for a person who decides whether to start."""
    todo = [run for run in cost.runs if not run.finished]
    lines = [
        f"{cost.target}: {len(cost.runs)} runs, {len(cost.runs) - len(todo)} of them finished by these settings and "
        "this code",
        f"to train: {sum(run.epochs for run in todo)} epochs (a twin's epoch each), "
        f"{sum(run.operations for run in todo):.2g} operations",
        f"time: {_hours(cost.hours(todo_only=True))} to go, {_hours(cost.hours(todo_only=False))} from nothing; of "
        f"{cost.device.name}, one run at a time, training alone",
        f"disk: {cost.bytes / 1e9:.2f} GB (images {cost.store_bytes / 1e9:.2f}, checkpoints "
        f"{cost.checkpoint_bytes / 1e9:.2f})"
        + (f"; up to {cost.passing_bytes / 1e9:.2f} more until a setting is measured" if cost.thinned else ""),
        f"datasets prepared: {', '.join(cost.present) or 'none'}",
    ]
    for encoder in dict.fromkeys(run.run.encoder for run in cost.runs):
        if encoder in cost.rates:
            lines.append(f"{encoder}: {cost.rates[encoder]:.2g} operations a second, as finished runs of it took here")
        else:
            operations = sum(run.operations for run in todo if run.run.encoder == encoder)
            (second,) = {GPU, CORE} - {cost.device}
            lines.append(
                f"{encoder}: no finished run; assumed {cost.device.rate:.0e} operations a second; {second.name} does "
                f"about {second.rate:.0e}: {_hours(operations / second.rate / 3600)}"
            )
    return "\n".join(lines)


def _hours(hours: float) -> str:
    return f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.1f} minutes"


def _twins(plan: Plan, layout: Layout, run: Run) -> Task:
    return task_of("twins", run.name, plan, layout)


def size_of(plan: Plan, layout: Layout, dataset: str) -> Size:
    """Return the size of a prepared dataset, or its published size. Raises SettingsError where both are missing."""
    store = task_of("prepare", dataset, plan, layout).place.outputs["store"]
    spec = plan.dataset(dataset)
    item_bytes = BYTES if spec.source == ARRAYS else 1
    if (store / "manifest.json").is_file():
        manifest = load_manifest(store)
        train, test = (sum(manifest.counts[split]) for split in SPLITS)
        return Size(train, test, len(manifest.class_names), manifest.shape, item_bytes)
    counted = _counted(spec)
    if counted is None:
        raise SettingsError(f"{dataset}: its images are not counted yet; `python -m pipeline prepare {dataset}` does")
    train, test, *shape = counted
    return Size(train, test, classes_of(dataset, plan.params), tuple(shape), item_bytes)


def _stored(plan: Plan, layout: Layout, dataset: str, size: Size) -> float:
    """Bytes of a dataset's store; assumed where it will be files and is not prepared."""
    store = task_of("prepare", dataset, plan, layout).place.outputs["store"]
    if (store / "manifest.json").is_file():
        return sum(path.stat().st_size for path in store.iterdir())
    return size.bytes * (PACKED if plan.dataset(dataset).stored == "files" else 1)


@cache  # a folder may have millions of files, and a plan thousands of runs on it
def _counted(spec: DatasetSpec) -> tuple[int, ...] | None:
    sizes = facts(spec.source).sizes
    return None if sizes is None else sizes(spec)


def _of_run(plan: Plan, layout: Layout, run: Run, size: Size) -> RunCost:
    share = run.classes / size.classes if size.classes and run.classes else 1.0
    _, request = plan.request(run.name)
    shape = (size.shape[0], *(plan.dataset(run.dataset).views.size or size.shape[1:]))
    operations, weights, features, saved = _network(_training(run), shape)
    steps = int(size.train * share) // run.batch_size
    twins = len(request.objectives)
    seen = steps * run.batch_size * 2 * run.epochs  # two views
    images = (size.train + size.test) * share
    checkpoints = len(request.checkpoints) + len(request.steps)
    embedded = images * checkpoints
    return RunCost(
        run,
        _is_finished(_twins(plan, layout, run)),
        run.epochs * twins,
        twins * operations * (seen * (1 + BACKWARD) + embedded),
        twins * weights * BYTES * checkpoints,
        twins * weights * BYTES,
        twins * weights * BYTES * 2 if run.epochs > 1 else 0.0,
        twins * images * features * BYTES,
        2 * run.batch_size * saved,
    )


def _training(run: Run) -> TrainingSettings:
    return TrainingSettings(**run.model_dump(include=set(TrainingSettings.model_fields)))


def _is_finished(task: Task) -> bool:
    """True where a run is finished with these settings and this code; `verify` compares the data."""
    record = task.recorded()
    return bool(record) and not task.changes_since(record)


@cache
def _network(settings: TrainingSettings, shape: tuple[int, ...]) -> tuple[float, int, int, float]:
    """(operations of one image's forward pass, weights, columns of h, bytes of one image that the backward pass needs),
    counted on a network without memory."""
    with torch.device("meta"):
        encoder = build_encoder(settings, shape[0], shape[1:]).eval()
        features = feature_dimension(encoder, shape[0], shape[1:])
        network = Network(encoder, ProjectionHead(features, settings.projection).eval(), None, settings.ce_head)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(torch.zeros(1, *shape))
        network.train()
        two, four = (_saved_bytes(network, torch.zeros(count, *shape)) for count in (2, 4))
    return float(counter.get_total_flops()), sum(p.numel() for p in network.parameters()), features, (four - two) / 2


def _saved_bytes(network: Network, images: torch.Tensor) -> int:
    """Bytes that a forward pass saves for its backward pass; what two layers share counts once."""
    saved: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        saved[storage._cdata] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        z = network(images)  # while it lives, no storage is reused
    del z
    return sum(saved.values())


def _rates(costs: Iterable[RunCost], plan: Plan, layout: Layout) -> dict[str, float]:
    """Operations a second by encoder."""
    operations: defaultdict[str, float] = defaultdict(float)
    seconds: defaultdict[str, float] = defaultdict(float)
    for cost in costs:
        operations[cost.run.encoder] += cost.operations
        seconds[cost.run.encoder] += _twins(plan, layout, cost.run).recorded()["made"]["seconds"]
    return {name: operations[name] / seconds[name] for name in operations if seconds[name] > 0}
