"""Uploaded files: kept under numbers of our own in a folder that is removed afterwards, so that no
name a client gives ever becomes a path. The name is still checked, since it becomes a source's."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
import unicodedata
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import fastapi
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from rag.sources import SUFFIXES
from ui.serve.problems import Refused
from ui.serve.settings import ServeSettings
from ui.serve.work import Upload

_MOST_NAME = 400  # bytes of UTF-8; file systems take 255 a folder
_MOST_FOLDERS = 8
_BLOCK = 1 << 20  # bytes copied at a time
_DEVICES = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])", re.I)
_FIELDS = 20  # of a form besides its files


def checked_source(name: str) -> str:
    """Return a name that would be one of a file inside a folder, on any system.

    Raises Refused for anything else: absolute, `..`, a drive, a device, a control character.
    """
    parts = name.split("/")
    if not name.strip() or len(name.encode("utf-8", "replace")) > _MOST_NAME:
        raise Refused(400, f"file name {name[:60]!r}: give one of 1 to {_MOST_NAME} bytes")
    if len(parts) > _MOST_FOLDERS:
        raise Refused(400, f"file name {name[:60]!r}: more than {_MOST_FOLDERS} folders deep")
    for part in parts:
        if reason := _wrong(part):
            raise Refused(400, f"file name {name[:60]!r} {reason}: rename the file")
    return name


def checked_file(name: str) -> str:
    """Return such a name if it is also of a kind that can be indexed, else raise Refused."""
    if not checked_source(name).lower().endswith(SUFFIXES):
        known = " ".join(SUFFIXES)
        raise Refused(400, f"file name {name[:60]!r}: unknown kind of file; give one of {known}")
    return name


def _wrong(part: str) -> str:
    """Return what is wrong with one part of a path, "" when nothing is."""
    if part in ("", ".", ".."):
        return "leaves its folder"
    if any(c in '\\:*?"<>|' or unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in part):
        return "holds a character that file names do not"
    if part[0] in ".~" or part[-1] in ". " or part[0] == " ":
        return "is a hidden one, or ends in a dot or space"
    if _DEVICES.fullmatch(part.split(".")[0].rstrip(" ")):
        return "is a device's on Windows"
    return ""


@asynccontextmanager
async def received(
    request: fastapi.Request, settings: ServeSettings
) -> AsyncIterator[tuple[list[Upload], str]]:
    """Give the files of a form, and its field `collection`; remove them afterwards.

    Raises Refused when there are too many or one has a name it may not have.
    """
    try:
        form = await request.form(
            max_files=settings.max_upload_files, max_fields=_FIELDS, max_part_size=1000
        )
    except MultiPartException as error:
        raise Refused(400, f"the form cannot be read: {error.message}") from error
    except fastapi.HTTPException as error:
        raise Refused(error.status_code, f"the form cannot be read: {error.detail}") from error
    with tempfile.TemporaryDirectory(prefix="youju-upload-") as folder:
        try:
            files = [f for f in form.getlist("files") if isinstance(f, UploadFile)]
            if not files:
                raise Refused(400, "no files: send them as form fields named `files`")
            uploads = [await _kept(f, Path(folder), n) for n, f in enumerate(files)]
            _distinct(uploads)
            yield uploads, str(form.get("collection") or "shared")
        finally:
            await form.close()


async def _kept(file: UploadFile, folder: Path, number: int) -> Upload:
    name = checked_file(file.filename or "")
    suffix = next(s for s in sorted(SUFFIXES, key=len, reverse=True) if name.lower().endswith(s))
    path = folder / f"{number:05}{suffix}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(path, flags, 0o600), "wb") as kept:
        while block := await file.read(_BLOCK):
            await asyncio.to_thread(kept.write, block)
    return Upload(name, path)


def _distinct(uploads: Sequence[Upload]) -> None:
    names = [upload.name for upload in uploads]
    if doubled := next((n for n in names if names.count(n) > 1), None):
        raise Refused(400, f"two files are named {doubled[:60]!r}: rename one of them")
