"""Counts and removes what a job left in a folder, whatever names and modes it gave."""

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from shared.errors import Rejected

log = logging.getLogger(__name__)

_BLOCK = 512
"""Unit of `st_blocks`, see inode(7)."""

_LEVELS = 64
"""How deep folders may be nested: each level that is looked at holds a descriptor."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_TOO_DEEP = f"le traitement a créé plus de {_LEVELS} dossiers les uns dans les autres"
_HIDDEN = "le traitement a créé un dossier que la plateforme ne peut pas lire"


def bytes_of(status: os.stat_result) -> int:
    """Return the bytes on the disk, which are fewer than the size of a file with holes."""
    return status.st_blocks * _BLOCK


def written(folder: Path) -> Iterator[int]:
    """Return the bytes on the disk of all below `folder`, whatever its mode; a file counts once.

    Each further name of a file yields 0. The job may still be at work there. Raises Rejected, in
    French, when it nests folders too deep or keeps one closed.
    """
    return _below(str(folder), None, _LEVELS, set())


def entered(name: str, parent: int | None = None) -> int:
    """Open a folder, which its owner may then read, write and search.

    Raises OSError when it is no folder, or not one of this user.
    """
    try:
        folder = os.open(name, _FOLDER, dir_fd=parent)
    except PermissionError:
        _open_to_owner(name, parent)
        folder = os.open(name, _FOLDER, dir_fd=parent)
    try:
        if os.fstat(folder).st_mode & stat.S_IRWXU != stat.S_IRWXU:
            os.fchmod(folder, stat.S_IRWXU)
    except OSError:
        os.close(folder)
        raise
    return folder


def remove(path: Path) -> None:
    """Remove a folder, however deep its folders are nested and whatever modes they have.

    What cannot be removed is logged and left.
    """
    try:
        top = entered(str(path))
        try:
            _empty(top)
        finally:
            os.close(top)
        path.rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        log.warning("a folder stays", extra={"folder": str(path), "error": str(error)})


def _below(name: str, parent: int | None, levels: int, seen: set[tuple[int, int]]) -> Iterator[int]:
    try:
        folder = entered(name, parent)
    except PermissionError as error:
        raise Rejected(_HIDDEN) from error
    except OSError:
        return
    try:
        names = []
        with os.scandir(folder) as entries:
            for entry in entries:
                status = _status(entry)
                if status is None:
                    continue
                if stat.S_ISDIR(status.st_mode):
                    names.append(entry.name)
                    yield bytes_of(status)
                else:
                    yield _once(status, seen)
        if names and not levels:
            raise Rejected(_TOO_DEEP)
        for name_below in names:
            yield from _below(name_below, folder, levels - 1, seen)
    finally:
        os.close(folder)


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except PermissionError as error:
        raise Rejected(_HIDDEN) from error
    except OSError:
        return None


def _once(status: os.stat_result, seen: set[tuple[int, int]]) -> int:
    file = (status.st_dev, status.st_ino)
    if file in seen:
        return 0
    if status.st_nlink > 1:
        seen.add(file)
    return bytes_of(status)


def _open_to_owner(name: str, parent: int | None) -> None:
    # By its descriptor: the job may put a link in its place, that leads to what is not its own.
    folder = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    try:
        Path(f"/proc/self/fd/{folder}").chmod(stat.S_IRWXU)
    except FileNotFoundError:
        # A sandbox has no /proc, and nothing that may be changed in it but what is the job's.
        os.chmod(name, stat.S_IRWXU, dir_fd=parent)
    finally:
        os.close(folder)


def _empty(top: int) -> None:
    """Remove all in a folder; nested folders move up first, so that no path gets long."""
    left = _without_files(top)
    while left:
        name = left.pop()
        with suppress(OSError):
            left += _moved_up(name, top)
            os.rmdir(name, dir_fd=top)


def _moved_up(name: str, top: int) -> list[str]:
    """Move the folders of a folder of `top` into `top`; returns their names there."""
    moved = []
    folder = entered(name, top)
    try:
        for inner in _without_files(folder):
            with suppress(OSError):
                # Only who may write to a folder can move it.
                os.close(entered(inner, folder))
                os.rename(inner, above := uuid4().hex, src_dir_fd=folder, dst_dir_fd=top)
                moved.append(above)
    finally:
        os.close(folder)
    return moved


def _without_files(folder: int) -> list[str]:
    """Remove everything but folders; returns the names of the folders."""
    with os.scandir(folder) as scan:
        entries = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in scan]
    for name in (name for name, is_folder in entries if not is_folder):
        with suppress(OSError):
            os.unlink(name, dir_fd=folder)
    return [name for name, is_folder in entries if is_folder]
