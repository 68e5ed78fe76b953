"""Names of the blocks of a network, from its modules alone."""

from collections.abc import Iterator

from torch import nn

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
PASSING = (nn.Identity, nn.Dropout, nn.Flatten)  # modules whose output has the numbers of their input


def block_names(module: nn.Module) -> Iterator[str]:
    """Yield the names of direct children and of blocks of stages; not of a `Sequential` whose members are among them.

    Args:
        module: network.
    """
    for name, child in module.named_children():
        if isinstance(child, CONTAINERS) and len(child):
            yield from _members(child, name)
        else:
            yield from _named(child, name)


def _members(container: nn.Module, prefix: str) -> Iterator[str]:
    for name, child in container.named_children():
        path = f"{prefix}.{name}"
        yield from _members(child, path) if _is_stage(child) else _named(child, path)
    if not isinstance(container, nn.Sequential) or type(container).forward is not nn.Sequential.forward:
        yield prefix  # its output is not that of its last member


def _named(module: nn.Module, path: str) -> Iterator[str]:
    """A module, and the stages within it."""
    if not isinstance(module, PASSING):
        yield path
    yield from _stages_within(module, path)


def _stages_within(module: nn.Module, prefix: str) -> Iterator[str]:
    for name, child in module.named_children():
        path = f"{prefix}.{name}"
        yield from _members(child, path) if _is_stage(child) else _stages_within(child, path)


def _is_stage(module: nn.Module) -> bool:
    """Return True for a container of blocks, or of stages: a block has parts and is no container."""
    if not isinstance(module, CONTAINERS) or not len(module):
        return False
    return all(_is_stage(child) or _is_block(child) for child in module.children())


def _is_block(module: nn.Module) -> bool:
    return not isinstance(module, CONTAINERS) and any(True for _ in module.children())
