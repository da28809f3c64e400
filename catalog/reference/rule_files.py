"""Rule files (规则文件): tables in TOML that an operator may replace.

The shipped file stands in matching/; a file of the same name in the data directory replaces it as a whole. What rests on it
names its version.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TypeVar, cast

from pydantic import BaseModel, ValidationError

from catalog.kit.errors import InvalidInput
from catalog.kit.validation_messages import reason_of

TableT = TypeVar("TableT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A rule file as it stands: its name, where it comes from with a digest, its text."""

    name: str
    version: str
    text: str


def read(name: str, data_dir: Path | None = None) -> RuleFile:
    """The rule file `name` of the data directory or, without one, the shipped one. Raises InvalidInput."""
    own = data_dir / name if data_dir else None
    return _rule_file(name, own.read_bytes(), "自定义") if own and own.is_file() else _shipped(name)


@cache
def _shipped(name: str) -> RuleFile:
    return _rule_file(name, files("matching").joinpath(name).read_bytes(), "内置")


def _rule_file(name: str, raw: bytes, origin: str) -> RuleFile:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"规则文件 {name} 不是 UTF-8 编码", hint="请另存为 UTF-8 文本") from error
    return RuleFile(name, f"{origin}-{hashlib.sha256(raw).hexdigest()[:8]}", text)


_RESTORE = "可从内置的同名文件复制后修改；删除该文件即恢复内置规则"


def load(name: str, table: type[TableT], data_dir: Path | None = None) -> TableT:
    """The rules in force, of a table that has a field `version`. Raises InvalidInput."""
    file = read(name, data_dir)
    return parse(file, table).model_copy(update={"version": file.version})


def parse(file: RuleFile, table: type[TableT], hint: str = _RESTORE) -> TableT:
    """The checked content of a rule file, for reading only. Raises InvalidInput naming the place that cannot be used."""
    return cast(TableT, _parsed(file, table, hint))


# Requests ask for the same few files again and again.
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
