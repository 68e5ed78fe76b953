"""Short names of files, for pictures and matrices."""

from collections.abc import Sequence
from pathlib import PurePath


def short_names(sources: Sequence[str]) -> list[str]:
    """Shortest parts of the paths, at the same place from their ends, that tell them apart; the paths where none do."""
    parts = [PurePath(source).parts for source in sources]
    longest = max(map(len, parts))
    for length in range(1, longest + 1):
        for end in range(longest):
            names = [
                "/".join(path[max(len(path) - end - length, 0) : len(path) - end]) for path in parts if len(path) > end
            ]
            if all(names) and len(set(names)) == len(sources):
                return names
    return list(sources)
