"""Writes the parts of the documentation that the code itself knows: `python docs/generate.py`.

data-dictionary.md  every table and column, from the SQLModel metadata; what the models do not say in Chinese stands in
                    data-dictionary.toml
cli.md              every command with its arguments and options, and every setting
api-problems.md     every kind of problem that the interface answers with
security.md         the table of roles and permissions between its marks

A test compares the files with what is generated, so neither can fall behind the code.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import typer
from sqlalchemy import Column, Enum, Table, UniqueConstraint
from sqlalchemy.dialects import sqlite
from sqlmodel import SQLModel

import catalog.tables  # noqa: F401 - completes the metadata
from catalog.accounts.roles import UserRole, rights_table
from catalog.kit.terms import Term
from service.cli.main import app
from service.cli.terminal.help import parts
from service.installation.settings import Settings
from service.web.problems import KINDS

FOLDER = Path(__file__).resolve().parent
NOTICE = "<!-- 由 docs/generate.py 生成，请勿手工修改 -->"
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def documents() -> dict[Path, str]:
    """The generated files and what they should hold."""
    return {
        FOLDER / "data-dictionary.md": data_dictionary(),
        FOLDER / "cli.md": command_reference(),
        FOLDER / "api-problems.md": problem_reference(),
        FOLDER / "security.md": with_rights(FOLDER / "security.md"),
    }


def problem_reference() -> str:
    """The kinds of problems, as their pages in the service show them."""
    lines = [
        "# 接口的问题种类",
        NOTICE,
        "",
        "接口出错时返回 `application/problem+json`（RFC 9457）。`type` 的末段是下列代码，不会改变，程序应据此判断，",
        "不要比对 `detail` 的文字。服务运行时，`/problems` 也列出本页的内容，不需要密钥。",
        "",
        "| 代码 | 状态码 | 名称 |",
        "| --- | --- | --- |",
    ]
    lines += [
        f"| [`{kind.code}`](#{kind.code}) | {kind.error.status} | {kind.error.title} |" for kind in KINDS
    ]
    for kind in KINDS:
        example = json.dumps(kind.example, ensure_ascii=False, indent=2)
        lines += ["", f"## {kind.code}", "", f"{kind.error.title}（{kind.error.status}）。{kind.meaning}", ""]
        lines += [kind.remedy, "", "```json", example, "```"]
    return "\n".join(lines) + "\n"


_RIGHTS = re.compile(r"(?<=<!-- rights -->\n).*?(?=\n<!-- /rights -->)", re.DOTALL)


def with_rights(path: Path) -> str:
    """The security guide with the table of roles and permissions between its marks as it is declared."""
    lines = [
        _row(("权限", *(role.label for role in UserRole))),
        _row(["---"] * (len(UserRole) + 1)),
        *(
            _row((f"{one.title}<br>`{one.name}`", *("●" if role in held else "" for role in UserRole)))
            for one, held in rights_table()
        ),
    ]
    return _RIGHTS.sub(lambda _: "\n".join(lines), path.read_text(encoding="utf-8"))


def data_dictionary() -> str:
    """The tables of the catalogue in alphabetical order."""
    words = _words()
    lines = [
        "# 数据字典",
        NOTICE,
        "",
        "目录数据库（缺省为数据目录下的 `catalog.db`）中的表，类型为 SQLite 中的类型。",
        "时间一律为 UTC；金额单位为元；日期为 `YYYY-MM-DD`；枚举列存英文值，括号内为界面上显示的中文。",
        "",
    ]
    tables = dict(sorted(SQLModel.metadata.tables.items()))
    lines += [f"- [`{name}`](#{name})：{words[name].get('table', '')}" for name in tables]
    for table in tables.values():
        lines += _table(table, words)
    return "\n".join(lines) + "\n"


def undescribed() -> list[str]:
    """Tables and columns that nothing explains in Chinese, as `table` and `table.column`."""
    words = _words()
    missing = [name for name in SQLModel.metadata.tables if not words[name].get("table")]
    for table in SQLModel.metadata.tables.values():
        missing += [f"{table.name}.{c.name}" for c in table.columns if not _meaning(c, words)]
    return missing


def unknown_words() -> list[str]:
    """Names in data-dictionary.toml that are no table or column."""
    columns = {
        name: {"table", *(c.name for c in table.columns)} for name, table in SQLModel.metadata.tables.items()
    }
    columns["common"] = set().union(*columns.values())
    return [
        f"{name}.{key}" for name, keys in _words().items() for key in keys if key not in columns.get(name, ())
    ]


def _words() -> dict[str, dict[str, str]]:
    text = (FOLDER / "data-dictionary.toml").read_text(encoding="utf-8")
    return {name: {} for name in ("common", *SQLModel.metadata.tables)} | tomllib.loads(text)


def _table(table: Table, words: dict[str, dict[str, str]]) -> Iterator[str]:
    yield from ("", f"## {table.name}", "", words[table.name].get("table", ""), "")
    yield from ("| 列 | 类型 | 可空 | 键 | 含义 |", "| --- | --- | --- | --- | --- |")
    for column in table.columns:
        kind = column.type.compile(dialect=sqlite.dialect())
        cells = (
            f"`{column.name}`",
            kind,
            "是" if column.nullable else "",
            _keys(column),
            _meaning(column, words),
        )
        yield _row(cells)
    if several := _keys_of_several(table):
        yield from ("", "；".join(several) + "。")


def _keys(column: Column[Any]) -> str:
    keys = ["主键"] if column.primary_key else []
    for key in column.foreign_keys:
        name = key.column.table.name
        keys.append(f"→ [`{name}.{key.column.name}`](#{name})")
    keys += ["唯一"] if column.unique or _alone(column, unique=True) else []
    keys += ["索引"] if column.index and not column.unique else []
    return "，".join(keys)


def _alone(column: Column[Any], *, unique: bool) -> bool:
    constraints = [c for c in column.table.constraints if isinstance(c, UniqueConstraint)]
    return unique and any(list(c.columns) == [column] for c in constraints)


def _keys_of_several(table: Table) -> list[str]:
    unique = [c.columns for c in table.constraints if isinstance(c, UniqueConstraint) and len(c.columns) > 1]
    indexes = [index.columns for index in table.indexes if len(index.columns) > 1]
    found = [("合起来唯一", columns) for columns in unique] + [("联合索引", columns) for columns in indexes]
    return sorted(f"{label}：" + "、".join(f"`{c.name}`" for c in columns) for label, columns in found)


def _meaning(column: Column[Any], words: dict[str, dict[str, str]]) -> str:
    own = (
        words[column.table.name].get(column.name)
        or _described(column)
        or words["common"].get(column.name, "")
    )
    values = _values(column)
    return f"{own}：{values}" if own and values else own


def _described(column: Column[Any]) -> str:
    """The description of the model's field, if it is for users."""
    models = [m.class_ for m in SQLModel._sa_registry.mappers if m.local_table is column.table]
    fields = (model.model_fields.get(column.name) for model in models)
    described = next((field.description for field in fields if field and field.description), "")
    return described if _CHINESE.search(described) else ""


def _values(column: Column[Any]) -> str:
    if not isinstance(column.type, Enum) or column.type.enum_class is None:
        return ""
    members = cast(type[Term], column.type.enum_class)
    return "、".join(f"`{member.value}`（{member.label}）" for member in members)


def command_reference() -> str:
    """Every command in the order in which the help lists them, then the settings."""
    lines = ["# 命令行参考", NOTICE, "", "退出码：0 完成，1 失败，2 用法有误。每个命令都有 `--help`。"]
    for path, command in _commands(("patentdock",), typer.main.get_command(app)):
        lines += _command(path, command)
    lines += ["", "## 设置（环境变量）", "", "| 变量 | 默认值 | 含义 |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = f"`{field.default}`" if str(field.default) else "（空）"
        lines.append(_row((f"`PATENTDOCK_{name.upper()}`", default, field.description or "")))
    return "\n".join(lines) + "\n"


def _commands(path: tuple[str, ...], group: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            if command.invoke_without_command:
                yield (*path, name), command
            yield from _commands((*path, name), command)
        else:
            yield (*path, name), command


def _command(path: Sequence[str], command: Any) -> Iterator[str]:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    shown = [a.metavar or a.name for a in arguments]
    yield from ("", f"## {' '.join(path)}", "")
    yield from ("```", " ".join([*path, *(["[选项]"] if options else []), *shown]), "```", "")
    about, examples = parts(command.help or "")
    yield from about
    yield from ("", "示例：", "", "```", *examples, "```")
    if arguments or options:
        yield from ("", "| 参数与选项 | 含义 | 默认值 |", "| --- | --- | --- |")
    for argument in arguments:
        yield _row((f"`{argument.metavar or argument.name}`", _flat(argument.help or ""), _default(argument)))
    for option in options:
        yield _row((_option_names(option), _flat(option.help or ""), _default(option)))


def _option_names(option: Any) -> str:
    value = "" if option.is_flag or option.secondary_opts else f" {option.metavar or '值'}"
    return "、".join(f"`{name}{value}`" for name in (*option.opts, *option.secondary_opts))


def _default(parameter: Any) -> str:
    if parameter.required:
        return "必填"
    default = parameter.default
    return "" if default in (None, False, [], ()) or callable(default) else f"`{default}`"


def _flat(text: str) -> str:
    return "".join(line.strip() for line in text.splitlines())


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    for path, text in documents().items():
        path.write_text(text, encoding="utf-8")
        print(f"docs/{path.name}")
    for name in undescribed():
        print(f"data-dictionary.toml: {name} has no description")
