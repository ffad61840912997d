"""Files of a repository on the hub: from the local cache where they lie there, else downloaded into it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import httpx2
from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
)

from frostline.errors import WeightsFault
from frostline.spec.weights_facts import shards_of


def hub_weights(repository: str, names: Sequence[str]) -> Path:
    """The first of the files ``names`` that ``repository`` holds; where it is an index, its shards lie beside it.

    Shards are those of the version that the index is of, whatever the main branch has become since.

    Raises:
        WeightsFault: as ``hub_file``; the index is damaged. A shard that is not to be had is named.
    """
    found = hub_file(repository, names)
    for shard in shards_of(found):
        hub_file(repository, (shard,), found.parent.name)
    return found


def hub_file(repository: str, names: Sequence[str], revision: str = "main") -> Path:
    """The first of the files ``names`` that the branch or version ``revision`` of ``repository`` holds.

    A file in the local cache is taken as it lies there, without a question to the hub: its digest tells versions apart.
    Else it is downloaded from ``HF_ENDPOINT`` into the cache below ``HF_HOME``, whole or not at all, with a progress
    bar where a terminal watches.

    Raises:
        WeightsFault: the hub cannot be reached and no file is cached; it has no such repository, does not show it to
            everyone, or it holds none of the files; the download broke off. Names the remedies.
    """
    try:
        for name in names:
            cached = try_to_load_from_cache(repository, name, revision=revision)
            if isinstance(cached, str):
                return Path(cached)
        for name in names:
            if _is_there(repository, name, revision):
                return Path(hf_hub_download(repository, name, revision=revision))
    except (HFValidationError, HfHubHTTPError, httpx2.HTTPError, OSError) as error:
        raise WeightsFault(_told(repository, names, error)) from None
    raise WeightsFault(f"{repository} on {constants.ENDPOINT} holds none of {', '.join(names)}; give a file")


def _is_there(repository: str, name: str, revision: str) -> bool:
    """True where the hub has the file; a hub that cannot be reached is told at once, without the library's retries."""
    try:
        get_hf_file_metadata(hf_hub_url(repository, name, revision=revision))
    except RemoteEntryNotFoundError:
        return False
    return True


def _told(repository: str, names: Sequence[str], error: Exception) -> str:
    """What ``error`` means for people, with the remedies."""
    hub = constants.ENDPOINT
    absent = f"the cache {constants.HF_HUB_CACHE} holds none of {', '.join(names)} of it"
    elsewhere = "set HF_HOME to a folder that holds them, or give a file"
    match error:
        case HFValidationError():
            return f"{repository} cannot be the name of a repository: {_first_line(error)}"
        case OfflineModeIsEnabled():
            return f"{repository} is not at hand: HF_HUB_OFFLINE is set, and {absent}; unset it, {elsewhere}"
        case httpx2.ConnectError() | httpx2.TimeoutException():
            reason = f"{hub} cannot be reached ({_first_line(error)})"
            return f"{repository} is not at hand: {reason}, and {absent}; connect to the hub, {elsewhere}"
        case GatedRepoError():
            return (
                f"{hub} shows {repository} only to those who agreed to its terms: agree, set HF_TOKEN, or give a file"
            )
        case RepositoryNotFoundError():
            return f"{hub} shows no repository {repository}: it is misspelt, gone, or private (then set HF_TOKEN)"
        case _:
            return (
                f"{repository} could not be fetched from {hub} ({_first_line(error)}); "
                "nothing half-written is left: try again, or give a file"
            )


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
