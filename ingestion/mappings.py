"""Saved mappings (列对应关系): which columns of a source play which roles, kept as TOML that an operator edits.

One file a source. Columns are named by the text above them, or by place ("第 3 列") where nothing stands above them:

    source = "示例台账"
    kind = "patents"

    [columns]
    application_number = ["申请号", "专利号"]    # 申请号
    title = ["第 3 列"]                          # 专利名称
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.errors import InvalidInput, NotFound
from ingestion.cells import flat
from ingestion.columns import HEADER_ROWS, Mapping
from ingestion.headers import KINDS, spellings, vocabulary
from ingestion.sheets import Row

_PLACE = re.compile(r"第\s*(\d{1,4})\s*列.*")
_SAFE_NAME = re.compile(r"[^\w\u4e00-\u9fff（）()-]+")
MAX_NAME = 60


@dataclass(frozen=True)
class SavedMapping:
    """The columns of a source by role, in the order in which they are tried."""

    source: str
    kind: str
    columns: Dict[str, Sequence[str]]


def save(folder: Path, mapping: SavedMapping) -> Path:
    """Write the mapping of a source, replacing an earlier one. Raises InvalidInput for a name of no use."""
    path = _path(folder, mapping.source)
    known = vocabulary(mapping.kind)
    lines = [
        "# 列对应关系：左边是含义，右边是文件中的列名（或“第 N 列”），可增删、调整先后；保存后导入时选用此来源即可",
        f"source = {_quoted(mapping.source)}",
        f"kind = {_quoted(mapping.kind)}",
        "",
        "[columns]",
    ]
    for role, names in mapping.columns.items():
        lines.append(f"{role} = [{', '.join(map(_quoted, names))}]  # {known.label(role)}")
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
    partial.replace(path)
    return path


def load(folder: Path, source: str) -> SavedMapping:
    """The mapping of a source. Raises NotFound, and InvalidInput when the file was edited into something else."""
    path = _path(folder, source)
    if not path.is_file():
        saved = names(folder)
        raise NotFound(
            f"没有名为“{source}”的列对应关系",
            hint="已保存的有：" + "、".join(saved) if saved else "请先试导入并保存",
        )
    try:
        return _checked(tomllib.loads(path.read_text(encoding="utf-8-sig")), path)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"列对应关系文件 {path.name} 的写法有误：{error}",
            hint='列名和中文含义要写在引号里，例如 "专利名称" = ["名称"]',
        ) from error


def names(folder: Path) -> list[str]:
    """The sources that have a mapping."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def apply(saved: SavedMapping, rows: Sequence[Row], keys: Sequence[str] | None = None) -> tuple[Mapping, int]:
    """The saved mapping on a table, and how many of its first rows stand before the first record."""
    if keys is not None:
        header, start = list(map(flat, keys)), 0
    else:
        start, header = _find_header(saved, rows)
    width = max([len(header), *(len(row.cells) for row in rows[start:])], default=0)
    headers = header + [""] * (width - len(header))
    found = {role: _places(columns, headers, width) for role, columns in saved.columns.items()}
    mapping = Mapping(
        saved.kind,
        {role: places for role, places in found.items() if places},
        headers,
        header_rows=int(bool(header) and keys is None),
        width=width,
    )
    absent = [
        name for columns in saved.columns.values() for name in columns if not _places([name], headers, width)
    ]
    if absent:
        mapping.notes.append(f"列对应关系“{saved.source}”中的这些列不在文件里：{'、'.join(absent)}")
    return mapping, start


def _find_header(saved: SavedMapping, rows: Sequence[Row]) -> tuple[int, list[str]]:
    """The first row that holds most of the named columns; none where all columns are given by place."""
    wanted = {
        _folded(name) for columns in saved.columns.values() for name in columns if not _PLACE.fullmatch(name)
    }
    best, start, header = 0, 0, list[str]()
    for place, row in enumerate(rows[:HEADER_ROWS]):
        names = list(map(flat, row.cells))
        same = len(wanted & {_folded(name) for name in names if name})
        if same > best:
            best, start, header = same, place + 1, names
    return start, header


def _places(columns: Sequence[str], headers: Sequence[str], width: int) -> list[int]:
    places: list[int] = []
    for name in columns:
        if match := _PLACE.fullmatch(name):
            places += [int(match[1]) - 1] if 0 < int(match[1]) <= width else []
        else:
            places += [
                place for place, header in enumerate(headers) if header and _folded(header) == _folded(name)
            ]
    return list(dict.fromkeys(places))


def _folded(name: str) -> str:
    return (spellings(name) or [name])[0]


def _checked(data: dict[str, Any], path: Path) -> SavedMapping:
    kind, columns = data.get("kind"), data.get("columns")
    if kind not in KINDS or not isinstance(columns, dict):
        raise InvalidInput(
            f"列对应关系文件 {path.name} 缺少 kind 或 [columns]", hint="可用的类别：" + "、".join(KINDS)
        )
    known = vocabulary(kind)
    by_label = {role.label: name for name, role in known.roles.items()}
    found: dict[str, list[str]] = {}
    for role, names_of_role in columns.items():
        name = by_label.get(role, role)
        if name not in known.roles:
            allowed = "、".join(f"{r.name}（{r.label}）" for r in known.roles.values())
            raise InvalidInput(
                f"列对应关系文件 {path.name} 中的“{role}”不是可用的含义", hint=f"可用：{allowed}"
            )
        given = [names_of_role] if isinstance(names_of_role, str) else names_of_role
        if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
            raise InvalidInput(
                f"列对应关系文件 {path.name} 中“{role}”应为列名的列表", hint='例如 title = ["名称"]'
            )
        found[name] = given
    return SavedMapping(str(data.get("source") or path.stem), kind, found)


def _path(folder: Path, source: str) -> Path:
    name = _SAFE_NAME.sub("_", source.strip())[:MAX_NAME].strip("_")
    if not name:
        raise InvalidInput("列对应关系需要一个来源名称", hint="例如 教育厅台账")
    return folder / f"{name}.toml"


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
