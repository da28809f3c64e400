"""Validation errors of request fields in Chinese; shared by REST, command line and search page."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from catalog.kit.errors import InvalidInput
from catalog.kit.validation_messages import reason_of

SHOWN_LENGTH = 100
ModelT = TypeVar("ModelT", bound=BaseModel)


class FieldProblem(BaseModel):
    """A validation error of one field of the request."""

    field: str = Field(
        description="字段在请求中的名称，各层以 . 相隔；问题不在一个字段的为空", examples=["filters.region"]
    )
    label: str = Field(default="", description="字段的中文名称", examples=["返回多少件专利"])
    value: str = Field(description="提交的值（过长时截断）", examples=["0"])
    reason: str = Field(description="原因", examples=["应不小于 1"])


class InvalidFields(InvalidInput):
    """Several fields cannot be accepted, each for its own reason."""

    code = "invalid-fields"

    def __init__(self, fields: Sequence[FieldProblem], *, hint: str | None = None) -> None:
        super().__init__("；".join(sentence(field) for field in fields), hint=hint)
        self.fields = list(fields)


def labels_of(model: type[BaseModel]) -> dict[str, str]:
    """The Chinese names of the fields of a model: the first words of their descriptions."""
    return {
        name: re.split(r"[，；：（。]", field.description)[0]
        for name, field in model.model_fields.items()
        if field.description
    }


def validated(model: type[ModelT], raw: Any) -> ModelT:
    """The model of raw values that a caller wrote. Raises InvalidFields with the Chinese names of its fields."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise InvalidFields(field_problems(error.errors(), labels_of(model))) from error


def sentence(problem: FieldProblem) -> str:
    """The problem of one field in one line."""
    # The importer's reasons already contain the value.
    is_shown = not problem.value or f"“{problem.value}”" in problem.reason
    received = "" if is_shown else f"（现为 {problem.value}）"
    names = [name for name in dict.fromkeys((problem.label, problem.field)) if name]
    name = "（".join(names) + "）" * (len(names) - 1)
    return f"{name}：{problem.reason}{received}"


def shown(value: object) -> str:
    """A received value as it can be shown: printable, short, never a whole document."""
    if value is None or isinstance(value, dict | list | bytes):
        return ""
    text = str(value).encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}…（共 {len(text)} 字符）"


def field_problems(
    errors: Iterable[Mapping[str, Any]], labels: Mapping[str, str] | None = None
) -> list[FieldProblem]:
    """The errors of pydantic in Chinese, by field; `labels` are the Chinese names of fields."""
    found = []
    for error in errors:
        path = [str(part) for part in error["loc"] if part not in ("body", "query", "path", "header")]
        if error["type"] == "json_invalid":  # the place in the text, not a field
            path = []
        value = "" if error["type"] == "missing" else shown(error.get("input"))
        label = (labels or {}).get(path[0], "") if path else ""
        found.append(
            FieldProblem(
                field=".".join(path), label=label if path else "请求", value=value, reason=reason_of(error)
            )
        )
    return found
