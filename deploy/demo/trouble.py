"""Why a story may have stopped: services that are not ready, a disk that is nearly full."""

import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deploy.cli.api_client import CallError
from deploy.demo.story import StoryError
from deploy.local.preflight import LEAST_FREE_BYTES

_PATIENCE_SECONDS = 5


@contextmanager
def explained(
    urls: Mapping[str, str], home: Path, least_free_bytes: int = LEAST_FREE_BYTES
) -> Iterator[None]:
    """Add to what stops the story what is wrong with the lab at `urls`, with its state in `home`.

    Raises StoryError in its place.
    """
    try:
        yield
    except (StoryError, CallError) as error:
        told = [str(error), *_not_ready(urls), *_nearly_full(home, least_free_bytes)]
        raise StoryError("; ".join(told)) from error


def _not_ready(urls: Mapping[str, str]) -> Iterator[str]:
    for service, url in urls.items():
        try:
            urllib.request.urlopen(f"{url}/readyz", timeout=_PATIENCE_SECONDS).close()  # noqa: S310
        except urllib.error.HTTPError as answer:
            yield f"{service} is not ready{_red(answer.read())}"
        except OSError:
            yield f"{service} does not answer"


def _red(body: bytes) -> str:
    """The checks of a `/readyz` answer that are red."""
    try:
        checks = json.loads(body)["checks"]
        return f" ({', '.join(name for name, green in checks.items() if not green)})"
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


def _nearly_full(home: Path, least_free_bytes: int) -> Iterator[str]:
    if home.exists():
        free = shutil.disk_usage(home).free
        if free < least_free_bytes:
            yield f"only {free // 1_000_000} MB are free at {home}"
