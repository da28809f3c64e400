"""Uploaded files: on the disk while they are imported, and between the preview of an import and its confirmation."""

import hashlib
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi import Request, UploadFile

from catalog.kit.base import now
from catalog.kit.errors import NotFound
from ingestion.columns import mappings
from ingestion.columns.mappings import SavedMapping
from service.requests.field_problems import FieldProblem, InvalidFields, shown

KEPT = timedelta(hours=1)
FORGOTTEN = timedelta(days=1)
_PREVIEWS, _MAPPING, _KIND = "previews", "mapping.toml", "kind"
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]")


@dataclass(frozen=True)
class Preview:
    """A file that was looked at and may be imported just so until `expires_at`."""

    id: str
    path: Path
    kind: str
    mapping: SavedMapping | None
    expires_at: datetime


class KnownFields:
    """Refuses a form with fields of other names, or with one field twice: a slip must not import for real."""

    def __init__(self, *names: str) -> None:
        self.names = names

    async def __call__(self, request: Request) -> None:
        """Look at the form, which has been read by now. Raises InvalidFields naming the fields."""
        given = [name for name, _ in (await request.form()).multi_items()]
        allowed = "、".join(self.names)
        problems = [
            FieldProblem(field=shown(name), value="", reason=f"不支持此字段，可用：{allowed}")
            for name in dict.fromkeys(given)
            if name not in self.names
        ]
        problems += [
            FieldProblem(field=name, value="", reason=f"只能有一个（现为 {given.count(name)} 个）")
            for name in self.names
            if given.count(name) > 1
        ]
        if problems:
            raise InvalidFields(problems)


def _safe_name(name: str | None) -> str:
    """The name of an uploaded file without path and control characters, no longer than a file system takes."""
    last = re.split(r"[/\\]", name or "")[-1]
    cleaned = _UNSAFE.sub("", last.encode("utf-8", "replace").decode("utf-8")).strip(". ")
    stem, dot, suffix = cleaned.rpartition(".")
    return f"{stem[:60]}.{suffix[:10]}" if dot and stem else cleaned[:60]


@contextmanager
def stored_upload(upload: UploadFile, folder: Path) -> Iterator[Path]:
    """The uploaded file on the disk under its own name, removed at the end."""
    name = _safe_name(upload.filename)
    if not name:
        raise InvalidFields([FieldProblem(field="file", value="", reason="上传的文件没有文件名")])
    own = folder / secrets.token_hex(8)
    own.mkdir(parents=True)
    try:
        with (own / name).open("wb") as out:
            shutil.copyfileobj(upload.file, out, 1024 * 1024)
        yield own / name
    finally:
        shutil.rmtree(own, ignore_errors=True)


def keep(path: Path, folder: Path, kind: str, mapping: SavedMapping | None) -> Preview:
    """Keep a file that was looked at; the same file looked at in the same way is kept once."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
    written = mappings.as_toml(mapping) if mapping else ""
    for part in (kind, path.name, written):
        digest.update(b"\0" + part.encode())
    own = folder / _PREVIEWS / digest.hexdigest()[:32]
    (own / "file").mkdir(parents=True, exist_ok=True)
    path.replace(own / "file" / path.name)
    (own / _MAPPING).write_text(written, encoding="utf-8")
    (own / _KIND).write_text(kind, encoding="utf-8")  # written last: its time is that of the preview
    return _preview(own)


def find(folder: Path, preview_id: str) -> Preview:
    """The file that was looked at under this id. Raises NotFound when it is unknown or has expired."""
    own = folder / _PREVIEWS / preview_id
    if not (own / _KIND).is_file() or _preview(own).expires_at < now():
        raise NotFound(
            f"没有编号为 {preview_id} 的预览，或已过期",
            hint=f"预览保留 {KEPT.seconds // 60} 分钟；请以 dry_run=true 重新上传文件",
        )
    return _preview(own)


def sweep(folder: Path) -> None:
    """Remove previews that have expired, and what killed processes left of uploads long ago."""
    for own in folder.glob("*"):
        if own.name != _PREVIEWS and _age(own) > FORGOTTEN:
            shutil.rmtree(own, ignore_errors=True) if own.is_dir() else own.unlink(missing_ok=True)
    for own in (folder / _PREVIEWS).glob("*"):
        # Twice the time: a preview that was confirmed at its last moment is still being read.
        if _age(own / _KIND) > 2 * KEPT:
            shutil.rmtree(own, ignore_errors=True)


def _preview(own: Path) -> Preview:
    written = (own / _MAPPING).read_text(encoding="utf-8")
    [path] = (own / "file").iterdir()
    return Preview(
        own.name,
        path,
        (own / _KIND).read_text(encoding="utf-8"),
        mappings.parse(written, _MAPPING, source="") if written else None,
        _moment(own / _KIND) + KEPT,
    )


def _moment(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _age(path: Path) -> timedelta:
    """The age of a file since it was written; nothing for one that is not there (yet, or any more)."""
    try:
        return now() - _moment(path)
    except FileNotFoundError:
        return timedelta(0)
