"""Archives of datasets: looked for before they are fetched, checked before they are used."""

import sys
from pathlib import Path

_TIMEOUT = 30  # seconds without an answer


def fetch(url: str, md5: str, path: Path, alternative: str = "") -> Path:
    """Download a published file where it is missing or damaged.

    The download goes to a temporary neighbour and replaces `path` only after its digest was checked.

    Args:
        url: address of the file.
        md5: its digest, in hex.
        path: where it is kept.
        alternative: other files that may be there instead, for the message.

    Returns:
        `path`.

    Raises:
        FileNotFoundError: what to put where.
    """
    import pooch  # noqa: PLC0415  # only for who fetches: training on images that are there goes without

    downloader = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), timeout=_TIMEOUT)
    try:
        pooch.retrieve(url, f"md5:{md5}", path.name, path.parent, downloader=downloader)
    except (OSError, ValueError) as error:  # pooch: ValueError for a wrong digest
        state = "damaged" if path.exists() else "missing"
        failure = (error.strerror or type(error).__name__) if isinstance(error, OSError) else "it has another digest"
        raise FileNotFoundError(
            f"{path.name}: {state} in {path.parent}, and it could not be fetched ({failure}); "
            f"put the file from {url} (md5 {md5}) there by hand{alternative and f', or {alternative}'}, "
            "or set `downloads` to where it is"
        ) from error
    return path
