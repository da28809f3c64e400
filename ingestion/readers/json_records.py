"""Records in JSON: one object a line (jsonl) or one array of objects, possibly inside an object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from ingestion.errors import UnreadableFile
from ingestion.readers.delimited import TOO_LONG, UNDECODABLE
from ingestion.readers.encodings import REPLACED, UNDECODED, open_text, shown
from ingestion.readers.sheets import Row, Sheet
from ingestion.values.cells import MAX_CELL_BYTES, Cell

PEEK = 1000
MAX_ARRAY_BYTES = 100_000_000
KEPT = 1000


def read(path: Path) -> Iterator[Sheet]:
    """The records of the file as one sheet whose keys are the names of the cells.

    Raises UnreadableFile for an array that is malformed or larger than what can be held in memory.
    """
    keys: list[str] = []
    rows = _rows(path, keys)
    # Looking ahead gathers the keys of records that differ; those of later ones are added as they come.
    ahead = list(islice(rows, PEEK))
    yield Sheet(path.stem, chain(ahead, rows), keys)


def _rows(path: Path, keys: list[str]) -> Iterator[Row]:
    known: dict[str, int] = {}
    records = _items(path) if _is_array(path) else _lines(path)
    for line, record in records:
        if isinstance(record, Row):
            yield record
            continue
        for key in record:
            if key not in known:
                known[key] = len(keys)
                keys.append(shown(key))
        cells: list[Cell] = [None] * len(keys)
        for key, value in record.items():
            cells[known[key]] = _cell(value)
        text = "".join([cell for cell in cells if isinstance(cell, str)])
        # Escapes of JSON can write half a surrogate pair (\ud800), which no database stores.
        storable = shown(text)
        if storable != text:
            cells = [shown(cell) if isinstance(cell, str) else cell for cell in cells]
        yield Row(line, cells, UNDECODABLE if UNDECODED in text else "", replaced=REPLACED in storable)


def _is_array(path: Path) -> bool:
    """Whether the file is one JSON value rather than one object a line."""
    with open_text(path) as stream:
        lines = (line.strip("\ufeff \t\r\n") for line in iter(lambda: stream.readline(MAX_CELL_BYTES), ""))
        first, second = [*islice((line for line in lines if line), 2), "", ""][:2]
    if first.startswith("["):
        return True
    # An object over several lines, against a broken or overlong first line of jsonl.
    return not first.endswith("}") and len(first) < MAX_CELL_BYTES - 10 and not second.startswith("{")


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any] | Row]]:
    number = 0
    with open_text(path, newline="\n") as stream:
        while line := stream.readline(MAX_CELL_BYTES):
            number += 1
            if len(line) == MAX_CELL_BYTES and not line.endswith("\n"):
                while (rest := stream.readline(MAX_CELL_BYTES)) and not rest.endswith("\n"):
                    pass
                yield number, Row(number, [shown(line[:KEPT])], TOO_LONG)
            elif line.strip():
                yield number, _record(number, line)


def _record(number: int, line: str) -> dict[str, Any] | Row:
    if UNDECODED in line:
        return Row(number, [shown(line.strip())], UNDECODABLE)
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        return Row(number, [line.strip()], f"该行不是有效的 JSON（第 {error.pos + 1} 个字符处有误）")
    except (ValueError, RecursionError):
        return Row(number, [line.strip()], "该行不是有效的 JSON（嵌套过深或数字过长）")
    if not isinstance(record, dict):
        return Row(number, [line.strip()], "该行不是 JSON 对象（应为 {列名: 值, …}）")
    return record


def _items(path: Path) -> Iterator[tuple[int, dict[str, Any] | Row]]:
    if path.stat().st_size > MAX_ARRAY_BYTES:
        raise UnreadableFile(
            f"JSON 数组文件 {path.name} 超过 {MAX_ARRAY_BYTES // 1_000_000} MB",
            hint="请改用 jsonl 格式（每行一个对象）",
        )
    try:
        with open_text(path) as stream:
            value = json.loads(stream.read())
    except (ValueError, RecursionError) as error:
        where = f"（第 {error.lineno} 行处有误）" if isinstance(error, json.JSONDecodeError) else ""
        raise UnreadableFile(f"文件 {path.name} 不是有效的 JSON{where}", hint="请检查文件是否完整") from error
    for number, item in enumerate(_list_in(value, path), start=1):
        if isinstance(item, dict):
            yield number, item
        else:
            yield number, Row(number, [str(item)[:KEPT]], "该项不是 JSON 对象（应为 {列名: 值, …}）")


def _list_in(value: Any, path: Path) -> list[Any]:
    """The records of a JSON value: itself, the longest list in it, or the one object."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        lists = [
            v for v in value.values() if isinstance(v, list) and all(isinstance(x, dict) for x in v) and v
        ]
        return max(lists, key=len) if lists else [value]
    raise UnreadableFile(f"文件 {path.name} 中没有记录", hint="应为对象的数组，或每行一个对象")


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, list):
        return ";".join(str(_cell(item)) for item in value if item is not None)
    return json.dumps(value, ensure_ascii=False)
