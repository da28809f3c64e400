"""Chinese for the command-line library's own texts: help pages and usage errors."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError
from typer import BadParameter, TyperException
from typer._click.exceptions import (  # the library exports no public names for these
    BadArgumentUsage,
    BadOptionUsage,
    MissingParameter,
    NoSuchOption,
)
from typer.core import TyperCommand, TyperGroup

from service.cli.terminal.help import help_page
from service.requests.field_problems import field_problems


class Command(TyperCommand):
    """A command whose help is in Chinese throughout."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The whole help page."""
        formatter.write(help_page(self, ctx, formatter.width))


class ChineseGroup(TyperGroup):
    """A group of commands whose help is in Chinese throughout."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The whole help page."""
        formatter.write(help_page(self, ctx, formatter.width))


def _name(error: BadParameter) -> str:
    return "/".join(error.param.opts) if error.param is not None else str(error.param_hint or "")


def _bad_parameter(error: BadParameter) -> str:
    choices = re.findall(r"'([^']+)'", error.message)
    if "is not one of" in error.message and len(choices) > 1:
        return f"{_name(error)} 的值“{choices[0]}”不可用，可用：{'、'.join(choices[1:])}"
    if isinstance(error.__cause__, ValidationError):
        problem = field_problems(error.__cause__.errors())[0]
        return f"{_name(error)} {problem.reason}" + (f"（现为 {problem.value}）" if problem.value else "")
    return f"{_name(error)}：{error.message}"


def explain(error: TyperException) -> str:
    """The usage error in Chinese."""
    if isinstance(error, MissingParameter):
        return f"缺少 {getattr(error.param, 'metavar', None) or _name(error)}"
    if isinstance(error, BadParameter):
        return _bad_parameter(error)
    if isinstance(error, NoSuchOption):
        near = "、".join(sorted(error.possibilities or []))
        return f"没有选项 {error.option_name}" + (f"，是否应为 {near}" if near else "")
    if isinstance(error, BadOptionUsage):
        return f"选项 {error.option_name} 的用法有误：" + (
            "需要一个值" if "requires" in error.message else "不需要值"
        )
    if isinstance(error, BadArgumentUsage):
        return f"参数个数有误：{error.message}"
    if error.message.startswith("No such command"):
        return "没有命令 " + re.sub(
            r"^No such command '?([^']*)'?\..*", r"\1", error.message, flags=re.DOTALL
        )
    if error.message.startswith("Missing command"):
        return "缺少命令"
    if error.message.startswith("Got unexpected extra argument"):
        return "多出了参数：" + error.message.partition("(")[2].rstrip(")")
    return error.message
