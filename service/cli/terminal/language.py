"""Chinese for the command-line library's own texts: headings, usage lines, usage errors."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError
from typer import BadParameter, TyperException, rich_utils
from typer._click.exceptions import (  # the library exports no public names for these
    BadArgumentUsage,
    BadOptionUsage,
    MissingParameter,
    NoSuchOption,
)
from typer.core import TyperCommand, TyperGroup, TyperOption

from service.requests.field_problems import field_problems

rich_utils.ARGUMENTS_PANEL_TITLE = "参数"
rich_utils.OPTIONS_PANEL_TITLE = "选项"
rich_utils.COMMANDS_PANEL_TITLE = "命令"
rich_utils.DEFAULT_STRING = "[默认：{}]"
rich_utils.REQUIRED_LONG_STRING = "[必填]"

HELP = "显示帮助后退出"
_WORDS = {"[OPTIONS]": "[选项]", "COMMAND [ARGS]...": "命令 [参数]...", "Usage:": "用法："}


def _usage(text: str) -> str:
    for word, chinese in _WORDS.items():
        text = text.replace(word, chinese)
    return text


def _help_option(option: TyperOption | None) -> TyperOption | None:
    if option is not None:
        option.help = HELP
    return option


class Command(TyperCommand):
    """A command whose help is in Chinese throughout."""

    def get_usage(self, ctx: Any) -> str:
        """The usage line."""
        return _usage(super().get_usage(ctx))

    def get_help_option(self, ctx: Any) -> TyperOption | None:
        """The option --help."""
        return _help_option(super().get_help_option(ctx))


class ChineseGroup(TyperGroup):
    """A group of commands whose help is in Chinese throughout."""

    def get_usage(self, ctx: Any) -> str:
        """The usage line."""
        return _usage(super().get_usage(ctx))

    def get_help_option(self, ctx: Any) -> TyperOption | None:
        """The option --help."""
        return _help_option(super().get_help_option(ctx))


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
