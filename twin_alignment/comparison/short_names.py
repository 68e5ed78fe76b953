"""Short names of files, for pictures and matrices."""

from collections.abc import Sequence
from pathlib import PurePath


def short_names(sources: Sequence[str]) -> list[str]:
    """Return the shortest parts of the paths, at the same place from their ends, that differ; the paths if none do.

    Example:
        >>> short_names(["run1/features.npy", "run2/features.npy"])
        ['run1', 'run2']
    """
    parts = [PurePath(source).parts for source in sources]
    depth = max(map(len, parts))
    for length in range(1, depth + 1):
        for end in range(depth):
            names = [
                "/".join(path[max(len(path) - end - length, 0) : len(path) - end]) for path in parts if len(path) > end
            ]
            if all(names) and len(set(names)) == len(sources):
                return names
    return list(sources)
