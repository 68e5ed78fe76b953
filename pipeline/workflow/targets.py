"""A job's subject, as a cluster's machine is told it."""

from collections.abc import Mapping


def whole(wildcards: Mapping[str, str]) -> dict[str, str]:
    """The one wildcard of a job, as given. Snakemake cuts its value at commas, which subjects have, and takes every
    part for a wildcard (its issue 2366); what is whole stays as it is."""
    name, equals, value = ",".join(f"{key}={value}" for key, value in wildcards.items()).partition("=")
    return {name: value} if equals else {}
