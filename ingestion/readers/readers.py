"""Readers: any file that a register is exported as becomes sheets of rows.

What a file is, is judged from its first bytes, never from its name: registers save HTML pages and csv text as .xls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from catalog.kit.errors import system_reason
from ingestion.errors import UnreadableFile
from ingestion.readers import citations, delimited, json_records, markup, workbooks
from ingestion.readers.encodings import UNDECODED, open_text
from ingestion.readers.sheets import Row, Sheet

__all__ = ["Row", "Sheet", "read"]

_FOREIGN = {
    b"%PDF": "PDF 文档",
    b"\x89PNG": "图片",
    b"\xff\xd8\xff": "图片",
    b"GIF8": "图片",
    b"Rar!": "RAR 压缩包",
    b"7z\xbc\xaf": "7z 压缩包",
    b"\x1f\x8b": "gzip 压缩包",
    b"SQLite format 3": "数据库文件",
    b"{\\rtf": "RTF 文档",
    b"MZ": "可执行文件",
    b"\x7fELF": "可执行文件",
}
NEEDED = "请提供 xlsx、xls、csv、jsonl 或 json 格式的清单"


_PAGE, _JSON, _LIST = (".html", ".htm", ".xml", ".mht"), (".json", ".jsonl", ".ndjson"), (".txt", ".text")
_TEXT = (".csv", ".tsv", ".tab", ".txt", ".text")
_WORKBOOK = (".xls", ".xlt", ".et", ".xlsx", ".xlsm", ".xltx", ".xltm", ".xlsb", ".ods")
_KNOWN = {*_PAGE, *_JSON, *_TEXT, *_WORKBOOK}


def read(path: Path) -> Iterator[Sheet]:
    """The sheets of a file, streamed; rows of one sheet are read before the next sheet is requested.

    A file under the suffix of another format is read as what it is, with a remark. Raises UnreadableFile when the file is
    missing, empty, damaged or of a type that holds no table.
    """
    head = _head(path)
    for magic, name in _FOREIGN.items():
        if head.startswith(magic):
            raise UnreadableFile(f"文件 {path.name} 是{name}，不是清单", hint=NEEDED)
    if head.startswith((workbooks.ZIP_MAGIC, workbooks.OLE_MAGIC)):
        fits = workbooks.suffixes(path)
        return _named(path, workbooks.read(path), f" {fits[0][1:] if fits else '损坏'} 格式的工作簿", fits)
    start = _start_of_text(path)
    if start.lower().startswith(
        ("<!doctype html", "<html", "<table", "<meta", "<?xml", "<head", "<body", "<div", "<style")
    ):
        return _named(path, markup.read(path), "网页或 XML 表格", _PAGE)
    if citations.looks_like(start):
        return _named(path, citations.read(path), "题录", _LIST)
    if start.startswith(("{", "[{", "[\n", "[\r", "[]", "[ ")):
        return _named(path, json_records.read(path), "JSON 记录", _JSON)
    return _named(path, delimited.read(path), "文本表格", _TEXT)


def _named(path: Path, sheets: Iterator[Sheet], content: str, suffixes: Sequence[str]) -> Iterator[Sheet]:
    """The sheets, the first with a remark where the suffix of the file is that of another format."""
    suffix = path.suffix.lower()
    is_misnamed = suffix in _KNOWN and suffix not in suffixes
    for sheet in sheets:
        if is_misnamed:
            sheet.remarks.insert(0, f"文件扩展名为 {suffix}，内容是{content}，已按内容读取")
            is_misnamed = False
        yield sheet


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            head = stream.read(4096)
    except OSError as error:
        raise UnreadableFile(
            f"文件 {path.name} 无法打开：{system_reason(error)}", hint="请检查路径和权限"
        ) from error
    if not head.strip(b"\x00\xef\xbb\xbf\xff\xfe \t\r\n"):
        raise UnreadableFile(f"文件 {path.name} 是空的", hint=NEEDED)
    return head


def _start_of_text(path: Path) -> str:
    """The first characters of a text file. Raises UnreadableFile when they are no text."""
    with open_text(path) as stream:
        start = stream.read(8192).lstrip("\ufeff \t\r\n")
    controls = sum(1 for c in start if c < " " and c not in "\t\r\n\x00")
    if controls > len(start) // 20 or start.count(UNDECODED) > len(start) // 3:
        raise UnreadableFile(f"文件 {path.name} 不是文本或表格文件", hint=NEEDED)
    return start
