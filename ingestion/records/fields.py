"""The cells of one record by role, as the record builders read them, and what they note on the way."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from catalog.reference import lists as reference
from ingestion.columns.headers import vocabulary
from ingestion.errors import RowError
from ingestion.identifiers import application_number, industry_code
from ingestion.identifiers.errors import InvalidIdentifier
from ingestion.values.cells import Cell, flat, is_blank, said
from ingestion.values.text import unwrapped
from ingestion.values.values import parse_date

ModelT = TypeVar("ModelT", bound=BaseModel)
ValueT = TypeVar("ValueT", date, Decimal, int)

LIST_SEPARATORS = re.compile(r"[;；,，、|\r\n\t]+")
_FIRST_YEAR = 1900
_LONG_RUN = re.compile(r"\?{4,}|？{4,}")


class Fields:
    """Cells by role. `notes` gathers what was mended or left out: (message, example)."""

    def __init__(
        self, kind: str, cells: Mapping[str, Cell | Sequence[Cell]], *, units: Mapping[str, int] | None = None
    ) -> None:
        self.kind = kind
        self.units = units or {}
        self.notes: list[tuple[str, str]] = []
        self._cells: dict[str, list[Cell]] = {}
        self._said: dict[str, str] = {}
        for role, value in cells.items():
            # Tables give lists; asking for a Sequence takes longer than all the rest.
            one = not isinstance(value, list) and (isinstance(value, str) or not isinstance(value, Sequence))
            found = cast("Sequence[Cell]", [value] if one else value)
            kept = [cell for cell in found if not is_blank(cell)]
            if kept:
                self._refuse_nul(role, kept)
                self._cells[role] = kept

    def _refuse_nul(self, role: str, cells: list[Cell]) -> None:
        for cell in cells:
            if isinstance(cell, str) and "\x00" in cell:
                raise self.error(role, "…", "含有空字符（NUL），请删除后重新导入")

    def note(self, message: str, example: object) -> None:
        """Note what was mended or left out."""
        self.notes.append((message, str(example)[:80]))

    def error(self, role: str, value: object, reason: str) -> RowError:
        """A RowError for a role."""
        known = vocabulary(self.kind).roles
        return RowError(known[role].label if role in known else role, value, reason)

    def all(self, role: str) -> list[Cell]:
        """The cells of a role that hold something."""
        return self._cells.get(role, [])

    def get(self, role: str) -> Cell:
        """The first cell of a role, None where there is none."""
        cells = self._cells.get(role)
        return cells[0] if cells else None

    def put(self, role: str, value: Cell) -> None:
        """Give a role a cell that it does not have yet."""
        if not is_blank(value) and role not in self._cells:
            self._cells[role] = [value]
            self._said.pop(role, None)

    def said(self, role: str) -> str:
        """What the first cell of a role says, worked out once."""
        found = self._said.get(role)
        if found is None:
            cells = self._cells.get(role)
            found = self._said[role] = said(cells[0]) if cells else ""
        return found

    def text(self, role: str) -> str:
        """The text of a role, breaks inside sentences joined, runs of `?` that an encoding left made a space."""
        found = unwrapped(self.said(role))
        return _LONG_RUN.sub(" ", found) if "??" in found or "？？" in found else found

    def line(self, role: str) -> str:
        """The text of a role on one line."""
        found = self.said(role)
        return flat(found) if found else ""

    def items(self, role: str) -> list[str]:
        """The items of a list in a cell."""
        if not (raw := self.said(role)):
            return []
        return list(dict.fromkeys(part.strip() for part in LIST_SEPARATORS.split(raw) if part.strip()))

    def parsed(self, role: str, parse: Callable[..., ValueT | None], *args: int) -> ValueT | None:
        """The value of a role by `parse`. Raises RowError with its reason."""
        value = self.get(role)
        if value is None:
            return None
        try:
            return parse(value, *args)
        except ValueError as error:
            raise self.error(role, value, str(error)) from error

    def day(self, role: str, *, future: bool = False) -> date | None:
        """The date of a role. Raises RowError for no date, and for one to come unless `future`."""
        found = self.parsed(role, parse_date)
        if found is None:
            return None
        if found.year < _FIRST_YEAR or (not future and found > date.today()):
            raise self.error(role, self.get(role), f"日期 {found} 不合理（早于 {_FIRST_YEAR} 年或晚于今天）")
        return found

    def application_number(self) -> str:
        """The application number that every row of the register has to name. Raises RowError."""
        role = "application_number"
        stated = self.get(role)
        if stated is None:
            raise self.error(role, "", "缺少申请号或专利号")
        try:
            return application_number.validate(
                stated if isinstance(stated, (str, float, int)) else str(stated)
            )
        except InvalidIdentifier as error:
            raise self.error(role, stated, str(error)) from error

    def industries(self, role: str) -> list[str]:
        """Codes of GB/T 4754 in a cell, by code or by name; what is neither is noted and left out."""
        codes = []
        for item in self.items(role):
            code = industry(item)
            if code:
                codes.append(code)
            else:
                self.note("国民经济行业无法识别，已略去", item)
        return list(dict.fromkeys(codes))


def industry(stated: str) -> str | None:
    """Code of an industry stated by code, by name or by both ("C3562 半导体器件专用设备制造")."""
    head = re.match(r"[A-Ta-t]?\d{2,4}(?=\D|$)|[A-Ta-t]$", stated)
    try:
        return industry_code.validate(head[0] if head else stated)
    except InvalidIdentifier:
        name = re.sub(r"^[A-Ta-t]?\d*[\s.、-]*", "", stated)
        return next((i.code for i in reversed(reference.industries().values()) if i.name == name), None)


_REASONS: dict[str, Callable[[Any], str]] = {
    "string_too_long": lambda ctx: f"超过 {ctx['max_length']} 个字",
    "string_too_short": lambda ctx: "不能为空",
    "missing": lambda ctx: "不能为空",
    "greater_than_equal": lambda ctx: f"不能小于 {ctx['ge']}",
    "less_than_equal": lambda ctx: f"不能大于 {ctx['le']}",
    "greater_than": lambda ctx: f"应大于 {ctx['gt']}",
    "value_error": lambda ctx: str(ctx["error"]),
}


def build(model: type[ModelT], fields: Fields, values: dict[str, Any]) -> ModelT:
    """The validated record. Raises RowError that names the field in Chinese."""
    try:
        return model(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        reason = _REASONS.get(first["type"], lambda ctx: "取值不符合要求")(first.get("ctx", {}))
        shown = "" if name == "" else first.get("input", "")
        raise fields.error(name, shown, reason) from error
