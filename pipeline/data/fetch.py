"""Archives of datasets: looked for before they are fetched, checked before they are used."""

from pathlib import Path

import pooch

_TIMEOUT = 30  # seconds without an answer


def fetch(url: str, md5: str, path: Path) -> Path:
    """`path` with the published contents, downloaded where it is missing or damaged.

    The download goes to a temporary neighbour and replaces `path` only after its digest was checked, so that what is
    there is whole; a broken download starts afresh. Raises FileNotFoundError: what to put where.
    """
    downloader = pooch.HTTPDownloader(progressbar=True, timeout=_TIMEOUT)
    try:
        pooch.retrieve(url, f"md5:{md5}", path.name, path.parent, downloader=downloader)
    except (OSError, ValueError) as error:  # pooch: ValueError for a wrong digest
        state = "damaged" if path.exists() else "not there"
        raise FileNotFoundError(
            f"{path.name}: {state} in {path.parent}, and it could not be fetched ({type(error).__name__}); "
            f"put the file from {url} (md5 {md5}) there by hand"
        ) from error
    return path
