"""Chinese for the validation errors of pydantic, by error type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_INTEGER = "应为整数"
_NUMBER = "应为数字"
_BOOLEAN = "应为 true 或 false"
_DATE = "应为日期，如 2026-01-31"
_OBJECT = "应为 JSON 对象"
UNSUITABLE = "取值不符合要求"

REASONS = {
    "missing": "缺少必填项",
    "extra_forbidden": "不支持此字段",
    "none_required": "应为空",
    "string_type": "应为文本",
    "string_sub_type": "应为文本",
    "string_unicode": "含有无法识别的字符",
    "string_too_short": "至少需要 {min_length} 个字符",
    "string_too_long": "最多 {max_length} 个字符",
    "string_pattern_mismatch": "格式不符，应符合 {pattern}",
    "int_type": _INTEGER,
    "int_parsing": _INTEGER,
    "int_parsing_size": "数值过大",
    "int_from_float": _INTEGER,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": "应为有限的数字",
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "decimal_max_digits": "最多 {max_digits} 位数字",
    "decimal_max_places": "小数最多 {decimal_places} 位",
    "decimal_whole_digits": "整数部分最多 {whole_digits} 位",
    "bool_type": _BOOLEAN,
    "bool_parsing": _BOOLEAN,
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "list_type": "应为列表",
    "tuple_type": "应为列表",
    "too_short": "至少需要 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": "应为日期，不带时刻，如 2026-01-31",
    "enum": "可用的取值：{expected}",
    "literal_error": "可用的取值：{expected}",
    "json_invalid": "请求内容不是有效的 JSON",
    "json_type": "应为 JSON",
}


def reason_of(error: Mapping[str, Any]) -> str:
    """The reason of one entry of `ValidationError.errors()` in Chinese."""
    context = dict(error.get("ctx") or {})
    if error["type"] == "value_error":
        return _reason_of_validator(str(context.get("error") or error["msg"]))
    if error["type"] == "json_invalid" and isinstance(error["loc"][-1], int):
        return f"{REASONS['json_invalid']}（第 {error['loc'][-1] + 1} 个字符处有误）"
    if error["loc"] == ("body",) and isinstance(error.get("input"), bytes):
        return "应为 JSON，并带请求头 Content-Type: application/json"
    if "expected" in context:
        context["expected"] = (
            str(context["expected"]).replace("'", "").replace(" or ", "、").replace(", ", "、")
        )
    template = REASONS.get(error["type"])
    return template.format(**context) if template else UNSUITABLE


def _reason_of_validator(reason: str) -> str:
    """The reason of a validator: ours speak Chinese, those of the libraries do not."""
    if reason.startswith("Expected UploadFile"):
        return "应为文件，以 multipart/form-data 上传"
    is_chinese = any("\u4e00" <= character <= "\u9fff" for character in reason)
    return reason if is_chinese else UNSUITABLE
