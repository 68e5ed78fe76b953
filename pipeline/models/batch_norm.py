"""Batch norm over the images of all processes that share a batch.

`torch.nn.SyncBatchNorm` does this on GPUs. It refuses CPU tensors, hence `CpuSyncBatchNorm` for gloo.
"""

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from pipeline.config.base import SettingsError
from pipeline.system.gather import gather_rows


class CpuSyncBatchNorm(_BatchNorm):
    """A batch norm with the mean and variance over equally large shares of several processes."""

    def forward(self, input: Tensor) -> Tensor:
        """Normalise [b, C, ...] as PyTorch normalises the whole batch."""
        if not self.training or not self.track_running_stats:
            return super().forward(input)
        values = input.float()
        variances, means = torch.var_mean(values, [0, *range(2, input.ndim)], correction=0)
        shares = gather_rows(torch.stack([means, variances])[None])  # [processes, 2, C]
        mean = shares[:, 0].mean(0)
        variance = (shares[:, 1] + (shares[:, 0] - mean).square()).mean(0)
        self._update_running(mean.detach(), variance.detach(), len(shares) * input.numel() // len(mean))
        shape = (1, -1, *[1] * (input.ndim - 2))
        scale = self.weight * (variance + self.eps).rsqrt()
        return ((values - mean.view(shape)) * scale.view(shape) + self.bias.view(shape)).to(input.dtype)

    def _update_running(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Update the statistics for evaluation; PyTorch keeps the unbiased variance."""
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum or 0.0)
        self.running_var.lerp_(variance * (count / (count - 1)), self.momentum or 0.0)

    def _check_input_dim(self, input: Tensor) -> None:
        """Accept any number of dimensions."""


def synchronise_batch_norm(module: nn.Module) -> None:
    """Replace all batch norms of a module, in place; their weights, buffers and names stay.

    Raises:
        SettingsError: a batch norm does more than that, as timm's with an activation does.
    """
    on_gpu = any(p.is_cuda for p in module.parameters())
    for name, child in module.named_children():
        if not isinstance(child, _BatchNorm):
            synchronise_batch_norm(child)
        elif type(child).forward is not _BatchNorm.forward:
            raise SettingsError(
                f"{name}: expected torch's batch norm, to share a batch among processes, got {type(child).__name__}"
            )
        elif on_gpu:
            setattr(module, name, nn.SyncBatchNorm.convert_sync_batchnorm(child))
        else:
            replacement = CpuSyncBatchNorm(child.num_features, child.eps, child.momentum, child.affine)
            replacement.load_state_dict(child.state_dict())
            for parameter, given in zip(replacement.parameters(), child.parameters(), strict=True):
                parameter.requires_grad_(given.requires_grad)
            setattr(module, name, replacement)
