"""A plain implementation for comparison: the same computations, written from the formulas as such code usually is."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from pipeline.config.view_settings import ViewRecipe
from twin_alignment.torchvision_shim import torchvision

transforms = torchvision.transforms


def contrastive_loss(z1: Tensor, z2: Tensor, labels: Tensor, temperature: float, supervised: bool) -> Tensor:
    """Loss of CL, or of NSCL if supervised: cosine similarity of all pairs by broadcasting, shape [2B, 2B, d]."""
    z = torch.cat([z1, z2])
    similarity = F.cosine_similarity(z[:, None], z[None], dim=2) / temperature
    n = len(z1)
    groups = (labels if supervised else torch.arange(n, device=z.device)).repeat(2)
    negatives = groups[:, None] != groups[None]
    positive = similarity[torch.arange(2 * n, device=z.device), torch.arange(2 * n, device=z.device).roll(n)]
    return (torch.log((similarity.exp() * negatives).sum(1)) - positive).mean()


def supervised_contrastive_loss(z1: Tensor, z2: Tensor, labels: Tensor, temperature: float) -> Tensor:
    z = torch.cat([z1, z2])
    similarity = F.cosine_similarity(z[:, None], z[None], dim=2) / temperature
    not_self = ~torch.eye(len(z), dtype=torch.bool, device=z.device)
    log_prob = similarity - torch.log((similarity.exp() * not_self).sum(1, keepdim=True))
    both = labels.repeat(2)
    positives = (both[:, None] == both[None]) & not_self
    return -((log_prob * positives).sum(1) / positives.sum(1)).mean()


class LARS(torch.optim.Optimizer):
    """LARS with a loop over parameters, and norms read on the host."""

    def __init__(self, params, lr: float, momentum: float = 0.9, weight_decay: float = 1e-6, trust: float = 1e-3):  # type: ignore[no-untyped-def]
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "trust": trust})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                update, scale = p.grad, 1.0
                if p.ndim > 1:
                    update = p.grad + group["weight_decay"] * p
                    size, slope = p.norm().item(), p.grad.norm().item()
                    if size > 0 and slope > 0:
                        scale = group["trust"] * size / (slope + group["weight_decay"] * size)
                state = self.state[p]
                velocity = state.setdefault("velocity", torch.zeros_like(p))
                velocity.mul_(group["momentum"]).add_(update, alpha=scale)
                p.add_(velocity, alpha=-group["lr"])


class TwoViews(Dataset[tuple[Tensor, Tensor, int]]):
    """Two views of an image, each by per-image transforms."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, recipe: ViewRecipe, mean: list[float], std: list[float]):
        jitter = (recipe.brightness, recipe.contrast, recipe.saturation, recipe.hue)
        self.images, self.labels = images, labels
        self.transform = transforms.Compose(
            [
                transforms.ToPILImage(),
                transforms.RandomResizedCrop(images.shape[2:], recipe.crop_scale, recipe.crop_ratio),
                transforms.RandomHorizontalFlip(recipe.flip),
                transforms.RandomApply([transforms.ColorJitter(*jitter)], recipe.jitter),
                transforms.RandomGrayscale(recipe.grey),
                transforms.ToTensor(),
                transforms.Normalize(mean, std),
            ]
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, int]:
        image = torch.from_numpy(self.images[index])
        return self.transform(image), self.transform(image), int(self.labels[index])


def loader(dataset: TwoViews, batch: int, workers: int) -> DataLoader[tuple[Tensor, Tensor, Tensor]]:
    return DataLoader(dataset, batch, shuffle=True, drop_last=True, num_workers=workers)


def train(
    networks: dict[str, nn.Module],
    dataset: TwoViews,
    batch: int,
    temperature: float,
    workers: int,
    device: torch.device | None = None,
    half: bool = False,
) -> None:
    """Train each model for one epoch, one after the other, each with its own pass over the data.

    `half`: bfloat16 autocast.
    """
    device = device or torch.device("cpu")
    for name, network in networks.items():
        optimiser = LARS(network.parameters(), 0.1)
        for *views, given in loader(dataset, batch, workers):
            labels = given.to(device)
            with torch.autocast(device.type, torch.bfloat16, enabled=half):
                z1, z2 = (network(view.to(device)) for view in views)
            if name == "ce":
                value = F.cross_entropy(torch.cat([z1, z2]), labels.repeat(2))
            elif name == "scl":
                value = supervised_contrastive_loss(z1, z2, labels, temperature)
            else:
                value = contrastive_loss(z1, z2, labels, temperature, supervised=name == "nscl")
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            value.item()
