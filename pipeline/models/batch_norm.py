"""Batch norm whose statistics are of the whole batch, also where several processes share it."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

Gather = Callable[[Tensor], Tensor]  # rows of all processes from those of one; gradients summed


class SharedBatchNorm(_BatchNorm):
    """A batch norm, with mean and variance over the images of all processes. PyTorch's own is for accelerators only."""

    def __init__(self, own: _BatchNorm, gather: Gather) -> None:
        super().__init__(own.num_features, own.eps, own.momentum, own.affine, own.track_running_stats)
        self.weight, self.bias = own.weight, own.bias
        self.running_mean, self.running_var = own.running_mean, own.running_var
        self.num_batches_tracked = own.num_batches_tracked
        self.gather = gather

    def forward(self, input: Tensor) -> Tensor:
        """As that of PyTorch on the batches of all processes, one after another: their shares have the same size."""
        if not self.training:
            return super().forward(input)
        values = input.float()
        over = [0, *range(2, input.ndim)]
        variances, means = torch.var_mean(values, over, correction=0)
        of_all = self.gather(torch.stack([means, variances])[None])  # [processes, 2, channels]
        mean = of_all[:, 0].mean(0)
        variance = (of_all[:, 1] + (of_all[:, 0] - mean).square()).mean(0)
        self._note(mean.detach(), variance.detach(), len(of_all) * input.numel() // len(mean))
        shape = (1, -1, *[1] * (input.ndim - 2))
        scale = self.weight * (variance + self.eps).rsqrt()
        return ((values - mean.view(shape)) * scale.view(shape) + self.bias.view(shape)).to(input.dtype)

    def _note(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Running statistics, for evaluation; the variance without bias, as PyTorch keeps it."""
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum or 0.0)
        self.running_var.lerp_(variance * (count / (count - 1)), self.momentum or 0.0)

    def _check_input_dim(self, input: Tensor) -> None:
        pass


def share_batch_norm(module: nn.Module, gather: Gather) -> nn.Module:
    """The module with such batch norms in place of its own, which keep their weights, buffers and names."""
    if any(p.is_cuda for p in module.parameters()):
        converted: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(module)
        return converted
    for name, child in module.named_children():
        shared = SharedBatchNorm(child, gather) if isinstance(child, _BatchNorm) else share_batch_norm(child, gather)
        setattr(module, name, shared)
    return module
