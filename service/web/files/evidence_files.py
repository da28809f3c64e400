"""Files of evidence under their hash (<data>/evidence/ab/ab12…): their type is judged by content, they are only ever handed out.

Accepted are what contracts, invoices and bank records come as: PDF, OFD, JPEG, PNG, Word and Excel without macros.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import zipfile
from dataclasses import dataclass
from pathlib import Path

from catalog.kit.errors import InvalidInput, NotFound
from service.sheets.documents import DOCX_TYPE, XLSX_TYPE

MAX_SIZE = 20 * 1024 * 1024
BLOCK = 1024 * 1024
PDF_TYPE, OFD_TYPE = "application/pdf", "application/ofd"
_SIGNATURES = (
    (b"%PDF-", PDF_TYPE),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
_PARTS = (
    ("OFD.xml", OFD_TYPE),
    ("word/document.xml", DOCX_TYPE),
    ("xl/workbook.xml", XLSX_TYPE),
)
ALLOWED = "PDF、OFD、JPG、PNG、DOCX、XLSX"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that was accepted."""

    sha256: str
    size: int
    media_type: str


def media_type_of(path: Path) -> str | None:
    """The type of an acceptable file by its content; None for any other."""
    with path.open("rb") as file:
        head = file.read(16)
    for signature, media_type in _SIGNATURES:
        if head.startswith(signature):
            return media_type
    return _packed_type(path) if head.startswith(b"PK\x03\x04") else None


def _packed_type(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as packed:
            names = set(packed.namelist())
    except (zipfile.BadZipFile, OSError):
        return None
    # Macros would run when the file is opened.
    if any(name.endswith("vbaProject.bin") for name in names):
        return None
    return next((media_type for part, media_type in _PARTS if part in names), None)


def store(folder: Path, source: Path) -> StoredFile:
    """Keep a copy of `source` under its hash. Raises InvalidInput for a file that is empty, too large or of another type."""
    size = source.stat().st_size
    if size == 0:
        raise InvalidInput("证明材料是空文件", hint="请检查后重新上传")
    if size > MAX_SIZE:
        raise InvalidInput(
            f"证明材料 {size / 1024 / 1024:.1f} MB，超过上限 {MAX_SIZE // 1024 // 1024} MB",
            hint="请压缩扫描件或分成几份上传",
        )
    media_type = media_type_of(source)
    if media_type is None:
        raise InvalidInput(
            f"证明材料“{source.name}”的内容不是可接受的类型", hint=f"可以上传：{ALLOWED}（不含宏）"
        )
    digest = _hash(source)
    target = path_of(folder, digest)
    if not target.is_file():
        _copy(source, target)
    return StoredFile(digest, size, media_type)


def path_of(folder: Path, sha256: str) -> Path:
    """The path of the file of that hash."""
    return folder / sha256[:2] / sha256


def found(folder: Path, sha256: str) -> Path:
    """The file with that hash. Raises NotFound when it is missing or its content has changed."""
    path = path_of(folder, sha256)
    if not path.is_file() or _hash(path) != sha256:
        raise NotFound(
            f"证明材料文件 {sha256[:12]}… 已丢失或损坏", hint="请从备份恢复数据目录下的 evidence 文件夹"
        )
    return path


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy(source: Path, target: Path) -> None:
    """Copy whole or not at all; the copy may be read, never run."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    try:
        with source.open("rb") as read, part.open("xb") as write:
            while block := read.read(BLOCK):
                write.write(block)
            write.flush()
            os.fsync(write.fileno())
        part.chmod(0o440)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
