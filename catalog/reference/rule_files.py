"""Rule files (规则文件): tables that an operator may replace. The one loader of all of them.

The shipped file stands beside the module that reads it; a file of the same name in the data directory replaces it as a whole.
What rests on a rule file names its version: where it comes from and a digest of its content.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, TypeVar, cast

from pydantic import AfterValidator, BaseModel, ValidationError

from catalog.kit.errors import InvalidInput
from catalog.kit.validation_messages import reason_of

TableT = TypeVar("TableT", bound=BaseModel)


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"正则表达式有误（{error}）：{value}") from error
    return value


Pattern = Annotated[str, AfterValidator(_pattern)]
"""A regular expression in a rule file."""


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A rule file as it stands: its name, where it comes from with a digest, its text."""

    name: str
    version: str
    text: str


def read(module: str, name: str, data_dir: Path | None = None) -> RuleFile:
    """The rule file `name` of the data directory or, without one, the one shipped beside `module` (its `__name__`).

    Raises InvalidInput.
    """
    own = data_dir / name if data_dir else None
    return of_operator(name, own.read_bytes()) if own and own.is_file() else shipped(module, name)


@cache
def shipped(module: str, name: str) -> RuleFile:
    """The rule file `name` in the folder of `module`."""
    return _rule_file(name, files(module.rpartition(".")[0]).joinpath(name).read_bytes(), "默认")


def of_operator(name: str, raw: bytes) -> RuleFile:
    """The rule file `name` as an operator wrote it. Raises InvalidInput."""
    return _rule_file(name, raw, "自定义")


def _rule_file(name: str, raw: bytes, origin: str) -> RuleFile:
    """Spreadsheets save text tables in GB18030; the version is computed from the content, independent of the encoding."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError as error:
            raise InvalidInput(
                f"规则文件 {name} 既不是 UTF-8 也不是 GB18030 编码", hint="请另存为 UTF-8 编码"
            ) from error
    content = text.replace("\r\n", "\n").encode()
    return RuleFile(name, f"{origin}-{hashlib.sha256(content).hexdigest()[:8]}", text)


def adopt(data_dir: Path, name: str, raw: bytes) -> None:
    """Put a checked file of the operator in force; what stood there before stays until the new one is whole."""
    data_dir.mkdir(parents=True, exist_ok=True)
    partial = data_dir / f"{name}.part"
    partial.write_bytes(raw)
    partial.replace(data_dir / name)


def reset(data_dir: Path, name: str) -> None:
    """Put the shipped file in force again."""
    (data_dir / name).unlink(missing_ok=True)


def export_table(file: RuleFile, path: Path) -> None:
    """Write a table in CSV to a file that an operator edits."""
    path.write_text(file.text, "utf-8-sig", newline="")  # Excel needs the mark


def table_rows(file: RuleFile, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a table in CSV, each with its place as an error names it. Raises InvalidInput for other columns."""
    reader = csv.DictReader(io.StringIO(file.text, newline=""))
    if list(reader.fieldnames or ()) != list(columns):
        raise InvalidInput(
            f"{file.name} 的表头应为 {','.join(columns)}", hint="可从系统自带的同名文件复制后修改"
        )
    for row in reader:
        yield f"{file.name} 第 {reader.line_num} 行", {name: (row[name] or "").strip() for name in columns}


_RESTORE = "可从系统自带的同名文件复制后修改；删除该文件即恢复默认规则"


def load(module: str, name: str, table: type[TableT], data_dir: Path | None = None) -> TableT:
    """The rules in force, of a table that has a field `version`. Raises InvalidInput."""
    file = read(module, name, data_dir)
    return parse(file, table).model_copy(update={"version": file.version})


def parse(file: RuleFile, table: type[TableT], hint: str = _RESTORE) -> TableT:
    """The checked content of a rule file, for reading only. Raises InvalidInput naming the place that cannot be used."""
    return cast(TableT, _parsed(file, table, hint))


# Requests read the same few files again and again.
@lru_cache(32)
def _parsed(file: RuleFile, table: type[BaseModel], hint: str) -> BaseModel:
    try:
        return table.model_validate(tomllib.loads(file.text))
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"规则文件 {file.name} 无法读取：{error}", hint="请检查 TOML 语法") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(
            f"规则文件 {file.name} 的 {place} 无法使用：{reason_of(first)}",
            hint=hint,
        ) from error
