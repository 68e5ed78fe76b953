"""What an experiment will cost: runs, epochs, hours and bytes, from finished runs or from stated assumptions."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import torch
from torch.utils.flop_counter import FlopCounterMode

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import DatasetSpec
from pipeline.config.run import Run
from pipeline.config.training_settings import TrainingSettings
from pipeline.datasets.catalog import facts
from pipeline.datasets.store import SPLITS, load_manifest
from pipeline.jobs.declared import STAGES
from pipeline.jobs.layout import Layout
from pipeline.jobs.plan import Plan, classes_of
from pipeline.jobs.task import Task, task
from pipeline.models.network import Network, ProjectionHead, build_encoder, feature_dimension

BACKWARD = 2  # times the forward pass
BYTES = 4  # of a weight or a feature
PACKED = 0.45  # of their pixels, that images stored as files are assumed to take: photographs of 224 pixels with much
# detail take 0.44 (see pipeline/datasets/file_store.py), those of Tiny-ImageNet 0.14


@dataclass(frozen=True)
class Device:
    """What trains, and the floating-point operations a second that are assumed of it where nothing is measured."""

    name: str
    rate: float


GPU = Device("an H100", 1e14)  # a tenth of its bfloat16 peak
CORE = Device("a CPU core", 4e10)  # measured: 3.7e10 on 8 pixels in float32, 7e10 on 32 pixels in either precision


def device_here() -> Device:
    return GPU if torch.cuda.is_available() else CORE


def rate_here() -> float:
    """Operations a second that are assumed of this machine's device."""
    return device_here().rate


@dataclass(frozen=True)
class Size:
    """Of a whole dataset; height and width as stored."""

    train: int
    test: int
    classes: int | None
    channels: int
    height: int
    width: int

    @property
    def bytes(self) -> int:
        return (self.train + self.test) * self.channels * self.height * self.width


@dataclass(frozen=True)
class RunCost:
    """Of one run; operations and bytes for all its objectives."""

    run: Run
    finished: bool
    epochs: int  # times objectives
    operations: float
    checkpoint_bytes: float
    last_bytes: float  # of the last epoch's checkpoints
    state_bytes: float  # weights and momenta, kept while it trains
    feature_bytes: float  # of all twins at one epoch, in memory while they are measured
    step_bytes: float  # that a step of one twin keeps for its backward pass


@dataclass(frozen=True)
class Cost:
    """Of a target; `rates` are operations a second by encoder, measured on finished runs where there are any."""

    target: str
    device: Device
    runs: tuple[RunCost, ...]
    rates: dict[str, float]
    store_bytes: float
    present: tuple[str, ...]  # datasets that are prepared
    thinned: bool  # whether earlier checkpoints go when nothing reads them any more

    def hours(self, todo_only: bool) -> float:
        chosen = [run for run in self.runs if not (todo_only and run.finished)]
        return sum(run.operations / self.rates.get(run.run.encoder, self.device.rate) for run in chosen) / 3600

    @property
    def checkpoint_bytes(self) -> float:
        """That stay."""
        return sum(run.last_bytes if self.thinned else run.checkpoint_bytes for run in self.runs)

    @property
    def passing_bytes(self) -> float:
        """Of the setting that keeps most until all of its seeds are measured, which are then compared."""
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
    """Of an experiment, or of `all`; raises SettingsError for another target. Reads records, starts nothing."""
    if target != "all" and target not in plan.experiments:
        raise SettingsError(f"target = {target!r}: allowed is all or one of {', '.join(plan.experiments)}")
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
    """Of a single run, which need not be of the plan."""
    return _of_run(plan, layout, run, size_of(plan, layout, run.dataset))


def as_text(found: Cost) -> str:
    """For a person who decides whether to start it."""
    todo = [run for run in found.runs if not run.finished]
    lines = [
        f"{found.target}: {len(found.runs)} runs, {len(found.runs) - len(todo)} of them finished by these settings and "
        "this code",
        f"to train: {sum(run.epochs for run in todo)} epochs (a twin's epoch each), "
        f"{sum(run.operations for run in todo):.2g} operations",
        f"time: {_hours(found.hours(todo_only=True))} to go, {_hours(found.hours(todo_only=False))} from nothing; of "
        f"{found.device.name}, one run at a time, training alone",
        f"disk: {found.bytes / 1e9:.2f} GB (images {found.store_bytes / 1e9:.2f}, checkpoints "
        f"{found.checkpoint_bytes / 1e9:.2f})"
        + (f"; up to {found.passing_bytes / 1e9:.2f} more until a setting is measured" if found.thinned else ""),
        f"datasets prepared: {', '.join(found.present) or 'none'}",
    ]
    for encoder in dict.fromkeys(run.run.encoder for run in found.runs):
        if encoder in found.rates:
            lines.append(f"{encoder}: {found.rates[encoder]:.2g} operations a second, as finished runs of it took here")
        else:
            operations = sum(run.operations for run in todo if run.run.encoder == encoder)
            (other,) = {GPU, CORE} - {found.device}
            lines.append(
                f"{encoder}: no finished run; assumed {found.device.rate:.0e} operations a second; {other.name} does "
                f"about {other.rate:.0e}: {_hours(operations / other.rate / 3600)}"
            )
    return "\n".join(lines)


def _hours(hours: float) -> str:
    return f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.1f} minutes"


def _twins(plan: Plan, layout: Layout, run: Run) -> Task:
    return task("twins", run.name, plan, layout)


def size_of(plan: Plan, layout: Layout, dataset: str) -> Size:
    """Counted where it is prepared, else as published; raises SettingsError where it is neither."""
    store = task("prepare", dataset, plan, layout).place.outputs["store"]
    if (store / "manifest.json").is_file():
        manifest = load_manifest(store)
        train, test = (sum(manifest.counts[split]) for split in SPLITS)
        return Size(train, test, len(manifest.class_names), *manifest.shape)
    spec = plan.dataset(dataset)
    counted = _counted(spec)
    if counted is None:
        raise SettingsError(f"{dataset}: its images are not counted yet; `python -m pipeline prepare {dataset}` does")
    train, test, *shape = counted
    return Size(train, test, classes_of(dataset, plan.params), *shape)


def _stored(plan: Plan, layout: Layout, dataset: str, size: Size) -> float:
    """Bytes of a dataset's store; where it is not prepared and will be files, by an assumption."""
    store = task("prepare", dataset, plan, layout).place.outputs["store"]
    if (store / "manifest.json").is_file():
        return sum(path.stat().st_size for path in store.iterdir())
    return size.bytes * (PACKED if plan.dataset(dataset).stored == "files" else 1)


@cache  # a folder may have millions of files, and a plan thousands of runs on it
def _counted(spec: DatasetSpec) -> tuple[int, ...] | None:
    sizes = facts(spec.source).sizes
    return None if sizes is None else sizes(spec)


def _of_run(plan: Plan, layout: Layout, run: Run, size: Size) -> RunCost:
    share = run.classes / size.classes if size.classes and run.classes else 1.0
    one = _twins(plan, layout, run)
    _, request = plan.request(run.name)
    height, width = plan.dataset(run.dataset).views.size or (size.height, size.width)
    operations, weights, features, kept = _network(_training(run), size.channels, height, width)
    steps = int(size.train * share) // run.batch_size
    twins = len(request.objectives)
    seen = steps * run.batch_size * 2 * run.epochs  # two views
    images = (size.train + size.test) * share
    embedded = images * len(request.checkpoints)
    return RunCost(
        run,
        _finished(one),
        run.epochs * twins,
        twins * operations * (seen * (1 + BACKWARD) + embedded),
        twins * weights * BYTES * len(request.checkpoints),
        twins * weights * BYTES,
        twins * weights * BYTES * 2 if run.epochs > 1 else 0.0,
        twins * images * features * BYTES,
        2 * run.batch_size * kept,
    )


def _training(run: Run) -> TrainingSettings:
    return TrainingSettings(**run.model_dump(include=set(TrainingSettings.model_fields)))


def _finished(one: Task) -> bool:
    """By these settings and this code; whether the data is the same is `verify`'s to say."""
    record = one.recorded()
    return bool(record) and not one.changes_since(record)


@cache
def _network(settings: TrainingSettings, channels: int, height: int, width: int) -> tuple[float, int, int, float]:
    """(operations of one image's forward pass, weights, columns of h, bytes of one image that the backward pass needs),
    counted on a network without memory."""
    with torch.device("meta"):
        encoder = build_encoder(settings, channels, (height, width)).eval()
        features = feature_dimension(encoder, channels, (height, width))
        network = Network(encoder, ProjectionHead(features, settings.projection).eval(), None, settings.ce_head)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(torch.zeros(1, channels, height, width))
        network.train()
        two, four = (_kept(network, torch.zeros(count, channels, height, width)) for count in (2, 4))
    return float(counter.get_total_flops()), sum(p.numel() for p in network.parameters()), features, (four - two) / 2


def _kept(network: Network, images: torch.Tensor) -> int:
    """Bytes that a forward pass keeps for its backward pass; what two layers keep together counts once."""
    kept: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        kept[storage._cdata] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        z = network(images)  # held, and so all that is kept: no two storages are one
    del z
    return sum(kept.values())


def _rates(costs: Iterable[RunCost], plan: Plan, layout: Layout) -> dict[str, float]:
    """Operations a second by encoder."""
    operations: defaultdict[str, float] = defaultdict(float)
    seconds: defaultdict[str, float] = defaultdict(float)
    for found in costs:
        operations[found.run.encoder] += found.operations
        seconds[found.run.encoder] += _twins(plan, layout, found.run).recorded()["made"]["seconds"]
    return {name: operations[name] / seconds[name] for name in operations if seconds[name] > 0}
