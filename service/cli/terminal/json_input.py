"""JSON that a command is given, as a file or on standard input."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from catalog.kit.errors import InvalidInput

STANDARD_INPUT = "-"


def read_json(source: str) -> Any:
    """The value in the file of this name, `-` for standard input. Raises InvalidInput, and OSError for an unreadable file."""
    from pydantic_core import from_json

    is_piped = source == STANDARD_INPUT
    content = sys.stdin.buffer.read() if is_piped else Path(source).read_bytes()
    name = "标准输入" if is_piped else source
    try:
        return from_json(content.removeprefix(b"\xef\xbb\xbf"), allow_inf_nan=False)
    except ValueError as error:
        place = re.search(r"line (\d+) column (\d+)", str(error))
        near = f"（第 {place[1]} 行第 {place[2]} 个字符附近）" if place else ""
        raise InvalidInput(
            f"{name} 不是有效的 JSON{near}", hint="请核对引号、逗号和括号，文件用 UTF-8 编码保存"
        ) from error
