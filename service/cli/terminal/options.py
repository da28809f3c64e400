"""Options of commands, and problems of values under the names that the command line gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from service.requests.field_problems import FieldProblem, InvalidFields, field_problems

if TYPE_CHECKING:
    from pydantic import BaseModel

ModelT = TypeVar("ModelT", bound="BaseModel")


def option(text: str, metavar: str = "值") -> Any:
    """An option without a default that would be worth showing."""
    return typer.Option(help=text, metavar=metavar, show_default=False)


def checked(model: type[ModelT], names: Mapping[str, str] | None, values: Mapping[str, Any]) -> ModelT:
    """The model of these values. Raises InvalidFields under the names of the options (see `as_options`)."""
    from pydantic import ValidationError

    try:
        return model(**values)
    except ValidationError as error:
        raise as_options(field_problems(error.errors()), names) from error


def as_options(problems: Sequence[FieldProblem], names: Mapping[str, str] | None = None) -> InvalidFields:
    """The problems under the names of the options; `names` are those that do not follow from the field's."""
    fields = [problem.field.partition(".")[0] for problem in problems]
    options = [(names or {}).get(field) or (field and "--" + field.replace("_", "-")) for field in fields]
    return InvalidFields(
        [problem.model_copy(update={"field": name}) for problem, name in zip(problems, options, strict=True)]
    )
