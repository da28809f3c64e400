"""Help pages (帮助) in Chinese: usage, description, parameters, commands in groups and examples, in the columns of a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any
from unicodedata import east_asian_width

EXAMPLES = "示例："
_NAMES = 26
"""Columns of the names of parameters and commands, before their descriptions."""
# What a line may be broken around: Latin runs stay whole, marks that open or close stay with what they enclose.
_PIECE = re.compile(r"[“（《〔〈]*(?:[!-~]+|[^“（《〔〈])[，。；：、！？）”》〕〉…]*\s*")

Row = tuple[str, str]


class Panel(StrEnum):
    """The groups of commands."""

    DATA = "数据"
    MATCHING = "匹配"
    LICENSING = "许可与交易"
    DOCKING = "供需对接"
    RUNNING = "运行"


def help_page(command: Any, ctx: Any, width: int) -> str:
    """The help of a command or group; no line is wider than `width` columns, none is cut."""
    about, examples = parts(command.help or "")
    commands = list(getattr(command, "commands", {}).values())
    examples = examples or [example for one in commands for example in parts(one.help or "")[1][:1]]
    blocks = [
        broken(_usage(command, ctx.command_path, bool(commands)), width),
        *(broken(paragraph, width) for paragraph in about),
        *(_block(title, rows, width) for title, rows in _tables(command, commands)),
        [EXAMPLES, *(f"  {example}" for example in examples)],
    ]
    return "\n\n".join("\n".join(lines) for lines in blocks) + "\n"


def parts(text: str) -> tuple[list[str], list[str]]:
    """The paragraphs of a description and the lines of its examples."""
    paragraphs = [block.splitlines() for block in text.split("\n\n")]
    about = ["".join(lines) for lines in paragraphs if lines and lines[0] != EXAMPLES]
    return about, [line for lines in paragraphs if lines and lines[0] == EXAMPLES for line in lines[1:]]


def broken(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns.

    >>> broken("匹配：按文本查找（--need 按需求）。", 16)
    ['匹配：按文本查找', '（--need 按需', '求）。']
    """
    lines = [""]
    for piece in _PIECE.findall(text):
        if lines[-1] and columns(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines]


def columns(text: str) -> int:
    """The number of columns of a terminal that a text takes; marks of ambiguous width count two.

    >>> columns("匹配 top"), columns("“A”")
    (8, 5)
    """
    return sum(2 if east_asian_width(character) in "WFA" else 1 for character in text)


def names_of(option: Any) -> str:
    """The spellings of an option, with what follows them."""
    value = "" if option.is_flag or option.secondary_opts else f" {option.metavar or '值'}"
    return " / ".join([", ".join(option.opts) + value, *option.secondary_opts])


def _usage(command: Any, path: str, has_commands: bool) -> str:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    names = [
        one.metavar if one.required or one.metavar.startswith("[") else f"[{one.metavar}]"
        for one in arguments
    ]
    return f"用法：{' '.join([path, '[选项]', *(['命令', '[参数]'] if has_commands else []), *names])}"


def _tables(command: Any, commands: Sequence[Any]) -> Iterator[tuple[str, list[Row]]]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option"]
    if arguments:
        yield "参数", [(one.metavar, _meaning(one)) for one in arguments]
    for panel in (*Panel, None):
        of_panel = [one for one in commands if (one.rich_help_panel or None) == panel]
        if of_panel:
            yield (
                panel or "命令",
                [(one.name, (one.help or "").partition("。")[0]) for one in of_panel],
            )
    yield "选项", [*((names_of(one), _meaning(one)) for one in options), ("--help, -h", "显示帮助后退出")]


def _meaning(parameter: Any) -> str:
    if parameter.required:
        return f"{parameter.help}（必填）"
    default = parameter.default
    if default in (None, False, [], ()) or callable(default) or not parameter.show_default:
        return parameter.help or ""
    return f"{parameter.help}（默认：{parameter.opts[0] if default is True else default}）"


def _block(title: str, rows: Iterable[Row], width: int) -> list[str]:
    lines = [f"{title}："]
    for name, text in rows:
        space = _NAMES - columns(name)
        beside = broken(text, width - _NAMES - 2)
        lines.append(f"  {name}{' ' * space}{beside.pop(0)}" if space >= 2 else f"  {name}")
        lines += [" " * (_NAMES + 2) + line for line in beside]
    return lines
