"""Options of commands, and problems of values under the names that the command line gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import typer

from service.field_problems import FieldProblem, InvalidFields


def option(text: str, metavar: str = "值") -> Any:
    """An option without a default that would be worth showing."""
    return typer.Option(help=text, metavar=metavar, show_default=False)


def as_options(problems: Sequence[FieldProblem], names: Mapping[str, str] | None = None) -> InvalidFields:
    """The problems under the names of the options; `names` are those that do not follow from the field's."""
    fields = [problem.field.partition(".")[0] for problem in problems]
    options = [(names or {}).get(field) or "--" + field.replace("_", "-") for field in fields]
    return InvalidFields(
        [problem.model_copy(update={"field": name}) for problem, name in zip(problems, options, strict=True)]
    )
