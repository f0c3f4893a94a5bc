"""Files of the operator's, read as if a server had answered them: ``upload:NAME``.

Only a plain name in the folder ``uploads`` of the data folder, and no ``file:``: an address may be
changed by an editor on the web, who could otherwise publish any file that this service can read.
"""

from __future__ import annotations

import os
import re
import secrets
import stat

from service.config import settings
from service.sources.fetch import MOST_BYTES, Ask, Fetched, FetchFailed

SCHEME = "upload:"
_ADDRESS = re.compile(r"upload:(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,99})")


def keep_upload(name: str, body: bytes) -> str:
    """Put *body* into the folder in place of what was called so; its address.

    ValueError when *name* cannot be one, or the file is too long.
    """
    address = f"{SCHEME}{name}"
    if not _ADDRESS.fullmatch(address):
        raise ValueError("the file's name may hold letters, digits, '.', '_' and '-' only")
    if len(body) > MOST_BYTES:
        raise ValueError(f"the file is longer than {MOST_BYTES / 2**20:g} MiB")
    folder = settings().data_dir / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{name}.{secrets.token_hex(4)}"
    draft.write_bytes(body)
    draft.replace(folder / name)  # whoever reads meanwhile has the old file, whole
    return address


def is_upload(url: str) -> bool:
    return url.startswith(SCHEME)


def read_upload(ask: Ask) -> Fetched:
    """The file that ``ask.url`` names; raises :class:`FetchFailed`, as a fetch does."""
    address = _ADDRESS.fullmatch(ask.url)
    if address is None:
        raise FetchFailed(
            "An uploaded file is named like upload:posts.json: letters, digits, '.', '_' and '-'.",
            "address",
        )
    folder = settings().data_dir / "uploads"
    try:
        body = _read(os.fspath(folder / address["name"]))
    except OSError as error:
        reason = "is not there" if isinstance(error, FileNotFoundError) else "cannot be read"
        raise FetchFailed(f"The file {address['name']} {reason} in {folder}.", "address") from error
    if len(body) > MOST_BYTES:
        raise FetchFailed(
            f"The file {address['name']} is longer than {MOST_BYTES / 2**20:g} MiB.", "size"
        )
    return Fetched("new", body, ask.url)


def _read(path: str) -> bytes:
    """The beginning of a regular file, by which its length can be judged; follows no link."""
    # Without O_NONBLOCK a named pipe would wait for a writer for ever.
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(f"{path} is no file")
        return file.read(MOST_BYTES + 1)
