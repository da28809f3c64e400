"""Saved mappings (列对应关系): which columns of a source play which roles, kept as TOML that an operator edits.

One file a source. Columns are named by the text above them, or by place ("第 3 列") where nothing stands above them.
A role without any of its columns makes the file one of another source, unless the role is said to be optional:

    source = "示例台账"
    kind = "patents"
    optional = ["legal_status"]

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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catalog.imports.columns import FileColumn
from catalog.kit.errors import InvalidInput, NotFound, system_reason
from ingestion.columns.headers import kinds, spellings, vocabulary
from ingestion.columns.recognition import HEADER_ROWS, Mapping, find_header
from ingestion.readers.sheets import Row
from ingestion.values.cells import flat

_PLACE = re.compile(r"第\s*(\d{1,4})\s*列.*")
_SAFE_NAME = re.compile(r"[^\w\u4e00-\u9fff（）()-]+")
MAX_NAME = 60
REASON = "拒绝原因"
"""The column that marks a workbook of rejected rows."""


@dataclass(frozen=True)
class SavedMapping:
    """The columns of a source by role, in the order in which they are tried, and the roles that may be missing."""

    source: str
    kind: str
    columns: Dict[str, Sequence[str]]
    optional: tuple[str, ...] = ()


def from_columns(source: str, kind: str, found: Sequence[FileColumn]) -> SavedMapping:
    """The mapping that reads the columns of a file as they were read; a role that not all sheets have is optional."""
    order = list(vocabulary(kind).roles)
    known = [column for column in found if column.field]
    columns: dict[str, list[str]] = {}
    for column in sorted(known, key=lambda column: (order.index(column.field), column.rank)):
        named = columns.setdefault(column.field, [])
        if column.column not in named:
            named.append(column.column)
    sheets = {column.sheet for column in known}
    optional = [
        role for role in columns if sheets - {column.sheet for column in known if column.field == role}
    ]
    return SavedMapping(source, kind, columns, tuple(optional))


def save(folder: Path, mapping: SavedMapping) -> Path:
    """Write the mapping of a source, replacing an earlier one. Raises InvalidInput for a name of no use."""
    path = path_of(folder, mapping.source)
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    partial.write_text(as_toml(mapping), encoding="utf-8")
    partial.replace(path)
    return path


def as_toml(mapping: SavedMapping) -> str:
    """The mapping as an operator edits it.

    >>> print(as_toml(SavedMapping("甲", "needs", {"title": ["名称"]})).split("[columns]")[1].strip())
    title = ["名称"]  # 需求名称
    """
    known = vocabulary(mapping.kind)
    lines = [
        "# 列对应关系：左边是含义，右边是文件中的列名（或“第 N 列”），可增删、调整先后；保存后导入时选用此来源即可",
        f"source = {_quoted(mapping.source)}",
        f"kind = {_quoted(mapping.kind)}",
        f"optional = {_listed(mapping.optional)}  # 文件中可以没有的含义；其余的含义缺列时拒绝导入",
        "",
        "[columns]",
    ]
    lines += [f"{role} = {_listed(names)}  # {known.label(role)}" for role, names in mapping.columns.items()]
    return "\n".join(lines) + "\n"


def load(folder: Path, source: str) -> SavedMapping:
    """The mapping of a source. Raises NotFound, and InvalidInput when the file was edited into something else."""
    path = path_of(folder, source)
    if not path.is_file():
        raise _unknown(folder, source)
    return read(path)


def changed_at(folder: Path, source: str) -> datetime | None:
    """The time at which the mapping of a source was last written, None where there is none."""
    path = path_of(folder, source)
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.is_file() else None


def read(path: Path) -> SavedMapping:
    """The mapping in a file. Raises InvalidInput when it cannot be read or is none."""
    try:
        return parse(path.read_text(encoding="utf-8-sig"), path.name, source=path.stem)
    except UnicodeDecodeError as error:
        raise _badly_written(path.name, error) from error
    except OSError as error:
        raise InvalidInput(f"列对应关系文件 {path} 无法打开：{system_reason(error)}") from error


def parse(text: str, name: str, *, source: str, kind: str = "") -> SavedMapping:
    """The mapping in TOML or JSON; `source` and `kind` are defaults for missing entries. Raises InvalidInput."""
    try:
        data = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise _badly_written(name, error) from error
    return _checked({"source": source, "kind": kind} | data, name)


def remove(folder: Path, source: str) -> Path:
    """Deletes the mapping of a source; returns its file. Raises NotFound."""
    path = path_of(folder, source)
    if not path.is_file():
        raise _unknown(folder, source)
    path.unlink()
    return path


def _unknown(folder: Path, source: str) -> NotFound:
    saved = names(folder)
    return NotFound(
        f"没有名为“{source}”的列对应关系",
        hint="已保存的有：" + "、".join(saved) if saved else "请先试导入并保存",
    )


def _badly_written(name: str, error: Exception) -> InvalidInput:
    return InvalidInput(
        f"列对应关系 {name} 的写法有误：{error}",
        hint='列名和中文含义要写在引号里，例如 "专利名称" = ["名称"]',
    )


def names(folder: Path) -> list[str]:
    """The sources that have a mapping."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def apply(saved: SavedMapping, rows: Sequence[Row], keys: Sequence[str] | None = None) -> tuple[Mapping, int]:
    """The saved mapping on a table, and how many of its first rows stand before the first record."""
    if keys is not None:
        start, height, header = 0, 0, list(map(flat, keys))
    else:
        start, height, header = _find_header(saved, rows)
    width = max([len(header), *(len(row.cells) for row in rows[start:])], default=0)
    headers = header + [""] * (width - len(header))
    found = {role: _places(saved.kind, role, columns, headers) for role, columns in saved.columns.items()}
    mapping = Mapping(
        saved.kind,
        {role: places for role, places in found.items() if places},
        headers,
        header_rows=height,
        width=width,
        source=saved.source,
    )
    label = vocabulary(saved.kind).label
    for role in (role for role, places in found.items() if not places):
        missing = f"{'或'.join(saved.columns[role])}（{label(role)}）"
        if role not in saved.optional:
            mapping.absent.append(missing)
        else:
            mapping.notes.append(f"列对应关系“{saved.source}”中可以没有的列，此文件没有：{missing}")
    return mapping, start


def _find_header(saved: SavedMapping, rows: Sequence[Row]) -> tuple[int, int, list[str]]:
    """Number of rows up to and including the header, its height and names: the first rows with enough of the names."""
    wanted = {
        _folded(name) for columns in saved.columns.values() for name in columns if not _PLACE.fullmatch(name)
    }
    # What recognition takes for the header serves where it spreads over two rows, or all columns are given by place.
    found = [find_header(saved.kind, rows)]
    found += [(place, 1, list(map(flat, row.cells))) for place, row in enumerate(rows[:HEADER_ROWS], start=1)]
    same = [len(wanted & {_folded(name) for name in names if name}) for _, _, names in found]
    # Another header further down may have more of them.
    return next(header for header, count in zip(found, same, strict=True) if count * 2 >= max(same))


def _places(kind: str, role: str, columns: Sequence[str], headers: Sequence[str]) -> list[int]:
    places: list[int] = []
    for name in columns:
        if match := _PLACE.fullmatch(name):
            places += [int(match[1]) - 1] if 0 < int(match[1]) <= len(headers) else []
        else:
            places += _named(_folded(name), headers)
    if not places and REASON in headers:
        # There columns are named by their role where their own name does not lead to it.
        places = _named(_folded(vocabulary(kind).label(role)), headers)
    return list(dict.fromkeys(places))


def _named(folded: str, headers: Sequence[str]) -> list[int]:
    return [place for place, header in enumerate(headers) if folded in (spellings(header) or [header])]


def _folded(name: str) -> str:
    return (spellings(name) or [name])[0]


def _checked(data: dict[str, Any], name: str) -> SavedMapping:
    kind, columns, optional = data.get("kind"), data.get("columns"), data.get("optional", [])
    if kind not in kinds() or not isinstance(columns, dict) or not columns:
        raise InvalidInput(
            f"列对应关系 {name} 缺少 kind 或 [columns]", hint="可用的类别：" + "、".join(kinds())
        )
    found: dict[str, list[str]] = {}
    for stated, names_of_role in columns.items():
        given = [names_of_role] if isinstance(names_of_role, str) else names_of_role
        if not isinstance(given, list) or not given or not all(isinstance(item, str) for item in given):
            raise InvalidInput(f"列对应关系 {name} 中“{stated}”应为列名的列表", hint='例如 title = ["名称"]')
        found[_role(kind, stated, name)] = given
    if not isinstance(optional, list):
        raise InvalidInput(f"列对应关系 {name} 中 optional 应为含义的列表", hint='例如 optional = ["摘要"]')
    may_be_missing = tuple(_role(kind, str(stated), name) for stated in optional)
    return SavedMapping(str(data["source"]).strip(), kind, found, may_be_missing)


def _role(kind: str, stated: str, name: str) -> str:
    """A role stated by name or by label. Raises InvalidInput."""
    roles = vocabulary(kind).roles.values()
    for role in roles:
        if stated in (role.name, role.label):
            return role.name
    allowed = "、".join(f"{role.name}（{role.label}）" for role in roles)
    raise InvalidInput(f"列对应关系 {name} 中的“{stated}”不是可用的含义", hint=f"可用：{allowed}")


def path_of(folder: Path, source: str) -> Path:
    """The path of the mapping of a source. Raises InvalidInput for a name of no use."""
    name = _SAFE_NAME.sub("_", source.strip())[:MAX_NAME].strip("_")
    if not name:
        raise InvalidInput("列对应关系需要一个来源名称", hint="例如 教育厅台账")
    return folder / f"{name}.toml"


def _listed(values: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, values))}]"


def _quoted(value: str) -> str:
    # The one control character that JSON leaves as it is and TOML refuses.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
