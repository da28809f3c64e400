"""The cells of one record by role, as the record builders read them, and what they note on the way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from catalog.kit.base import MAX_REMARK
from catalog.reference import lists as reference
from catalog.reference.places import PlaceNames
from ingestion.columns.headers import vocabulary
from ingestion.errors import RowError
from ingestion.identifiers import application_number, industry_code
from ingestion.identifiers.errors import InvalidIdentifier
from ingestion.values import places
from ingestion.values.cells import Cell, content, flat, is_blank, on_one_line
from ingestion.values.periods import Period, is_unending, parse_last_day, parse_period, says_only_period
from ingestion.values.places import Place
from ingestion.values.text import unwrapped
from ingestion.values.values import parse_amount, parse_date, parse_rate, says_only_amount, unit_name

ModelT = TypeVar("ModelT", bound=BaseModel)
ValueT = TypeVar("ValueT", date, Decimal, int, Period)

LIST_SEPARATORS = re.compile(r"[;；,，、|\r\n\t]+")
_FIRST_YEAR = 1900
_LONG_RUN = re.compile(r"\?{4,}|？{4,}")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The circumstances of reading a record besides its cells: the day in Beijing, and what the operator calls places.

    A `strict` reader, that of a single record whose writer is at hand, refuses what cannot be read.
    """

    today: date
    places: PlaceNames
    strict: bool = False


class Fate(Enum):
    """The outcome of a cell that was not simply read."""

    REMARKED = "remarked"
    UNREAD = "unread"


class Fields:
    """Cells by role, with the sheet that they stand in and the names of its columns.

    `units` says in what bare numbers count, by role. `notes` gathers what was mended or left out: (message, example),
    `fates` the roles whose wording went to the remark or that were left out.
    An optional field that cannot be read never refuses a record: its wording goes to the remark of the record and is noted,
    unless the reader is strict.
    """

    def __init__(
        self,
        kind: str,
        cells: Mapping[str, Cell | Sequence[Cell]],
        circumstances: Circumstances,
        *,
        units: Mapping[str, int] | None = None,
        sheet: str = "",
        headers: Sequence[str] = (),
    ) -> None:
        self.kind, self.sheet, self.headers = kind, sheet, headers
        self.units = units or {}
        self.today, self.places, self.strict = (
            circumstances.today,
            circumstances.places,
            circumstances.strict,
        )
        self._kept: dict[str, None] = {}
        self.notes: list[tuple[str, str]] = []
        self.fates: dict[str, Fate] = {}
        self._cells: dict[str, list[Cell]] = {}
        self._contents: dict[str, str] = {}
        for role, value in cells.items():
            # Tables give lists, mostly of one text; asking for a Sequence takes longer than all the rest.
            if value.__class__ is list and len(value) == 1 and value[0].__class__ is str:
                if value[0] and not value[0].isspace():
                    self._cells[role] = value
                    if "\x00" in value[0]:
                        self._refuse_nul(role, value)
                continue
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
        """Records what was corrected or left out."""
        self.notes.append((message, str(example)[:80]))

    def leave(self, role: str, message: str, example: object) -> None:
        """Records that nothing of a role was read."""
        self.note(message, example)
        self.fates.setdefault(role, Fate.UNREAD)

    def error(self, role: str, value: object, reason: str) -> RowError:
        """A RowError for a role."""
        return RowError(self.label(role), value, reason)

    def label(self, role: str) -> str:
        """The Chinese label of a role."""
        known = vocabulary(self.kind).roles
        return known[role].label if role in known else role

    def all(self, role: str) -> list[Cell]:
        """The cells of a role that hold something."""
        return self._cells.get(role, [])

    def has_any(self, roles: Iterable[str]) -> bool:
        """Whether one of the roles has a cell that holds something."""
        return not self._cells.keys().isdisjoint(roles)

    def get(self, role: str) -> Cell:
        """The first cell of a role, None where there is none."""
        cells = self._cells.get(role)
        return cells[0] if cells else None

    def put(self, role: str, value: Cell) -> None:
        """Give a role a cell that it does not have yet."""
        if not is_blank(value) and role not in self._cells:
            self._cells[role] = [value]
            self._contents.pop(role, None)

    def content(self, role: str) -> str:
        """The parsed value of the first cell of a role, computed once."""
        found = self._contents.get(role)
        if found is None:
            cells = self._cells.get(role)
            found = self._contents[role] = content(cells[0]) if cells else ""
        return found

    def text(self, role: str) -> str:
        """The text of a role, breaks inside sentences joined, runs of `?` that an encoding left made a space."""
        found = unwrapped(self.content(role))
        return _LONG_RUN.sub(" ", found) if "??" in found or "？？" in found else found

    def line(self, role: str) -> str:
        """The text of a role on one line."""
        found = self.content(role)
        return on_one_line(found) if found else ""

    def items(self, role: str) -> list[str]:
        """The items of a list in a cell."""
        if not (raw := self.content(role)):
            return []
        return list(dict.fromkeys(part.strip() for part in LIST_SEPARATORS.split(raw) if part.strip()))

    def joined(self, role: str) -> str:
        """The values of the cells of a role, in order."""
        return (
            ""
            if role not in self._cells
            else "，".join(dict.fromkeys(flat(cell) for cell in self.all(role) if content(cell)))
        )

    def keep(self, role: str, wording: str = "", *, is_read: bool = False) -> None:
        """Keep the wording of a role for the remark, in place of its value or, where that `is_read`, beside it."""
        if stated := wording or self.joined(role):
            if not (is_read or vocabulary(self.kind).is_kept(role)):
                self.fates[role] = Fate.REMARKED
            unit = unit_name(self.units.get(role, 1))
            if unit and not re.search("[元万亿]", stated):
                stated = f"{stated}（{unit}）"
            self._kept[f"{self.label(role)}：{stated}"] = None

    def unread(self, role: str, reason: str) -> None:
        """Keep the wording of an optional field that cannot be read, and note it. Raises RowError where `strict`."""
        if self.strict:
            raise self.error(role, self.get(role), reason)
        self.keep(role)
        self.note(f"{self.label(role)}无法识别，未采用，原文记入备注", reason)

    def remark(self) -> str:
        """The wordings kept so far."""
        return "；".join(self._kept)

    def parsed(self, role: str, parse: Callable[..., ValueT | None], *args: int) -> ValueT | None:
        """The value of a role parsed by `parse`; an unreadable value is kept as a remark."""
        cells = self._cells.get(role)
        if cells is None:
            return None
        try:
            return parse(cells[0], *args)
        except ValueError as error:
            self.unread(role, str(error))
            return None

    def amount(self, role: str) -> Decimal | None:
        """The amount of money of a role; words beside it are kept as a remark."""
        found = self.parsed(role, parse_amount, self.units.get(role, 1))
        if self.line(role) and not says_only_amount(self.get(role)):
            self.keep(role, is_read=found is not None)
        return found

    def rate(self, role: str) -> Decimal | None:
        """The rate in percent of a role; words that leave it open are kept as a remark."""
        found = self.parsed(role, parse_rate)
        if found is None and role not in self.fates:
            self.keep(role)
        return found

    def day(self, role: str, *, future: bool = False) -> date | None:
        """The date of a role, none for words that say there is no end; no date, and one to come unless `future`, is kept as a remark."""
        if role not in self._cells:
            return None
        found = self.parsed(role, _parse_day)
        if found is None:
            if self.get(role) is not None and is_unending(self.line(role)):
                self.keep(role)
            return None
        if found.year < _FIRST_YEAR or (not future and found > self.today):
            self.unread(role, f"日期 {found} 不合理（早于 {_FIRST_YEAR} 年或晚于今天）")
            return None
        return found

    def deadline(self, role: str) -> date | None:
        """The last day of a role, none for words that say there is no end; of a month, a quarter or a year the last day.

        Whatever is no plain date is kept as a remark too.
        """
        found = self.parsed(role, parse_last_day)
        if found is not None and found.year < _FIRST_YEAR:
            self.unread(role, f"日期 {found} 不合理（早于 {_FIRST_YEAR} 年）")
            return None
        is_plain = self.get(role) is None or _is_date(self.get(role))
        if not is_plain and (found or is_unending(self.line(role))):
            self.keep(role, is_read=found is not None)
        return found

    def period(self, role: str) -> Period:
        """The period of a role, empty for one without an end; what stands beside it is kept as a remark."""
        found = self.parsed(role, parse_period) or Period()
        if role not in self.fates and self.line(role) and not says_only_period(self.get(role)):
            self.keep(role, is_read=found != Period())
        return found

    def place(self, address: str, roles: Sequence[str] = ("province", "prefecture", "county")) -> Place:
        """The place that the columns of regions and the address name; a region that cannot be read is kept as a remark."""
        stated = places.NOWHERE
        for role in roles:
            if role not in self._cells:
                continue
            said_of_it = self.line(role)
            found = places.narrowed(stated, said_of_it, self.places)
            if said_of_it and (found is None or said_of_it in self.places.groups):
                self._keep_region(role, said_of_it, found is None)
            stated = found or stated
        return places.completed(stated, address, self.places)

    def _keep_region(self, role: str, stated: str, unknown: bool) -> None:
        if unknown and self.places.is_abroad(stated):
            return
        self.keep(role, is_read=not unknown)
        known = "无法识别，未采用" if unknown else "是城市组合，只能识别到省"
        self.note(f"{self.label(role)}{known}，原文记入备注", stated)

    def application_number(self) -> str:
        """The application number that every row of the register has to name. Raises RowError."""
        role = "application_number"
        stated = self.get(role)
        if stated is None:
            raise self.error(role, "", "缺少申请号或专利号")
        try:
            return application_number.validate(
                stated if isinstance(stated, (str, float, int)) else str(stated), today=self.today
            )
        except InvalidIdentifier as error:
            raise self.error(role, stated, str(error)) from error

    def codes(self, role: str, code_of: Callable[[str], str | None], message: str) -> list[str]:
        """The codes of the items of a cell; an item without one is reported with the message and left out."""
        if role not in self._cells:
            return []
        found = [(item, code_of(item)) for item in self.items(role)]
        for item in (item for item, code in found if not code):
            self.note(message, item)
        codes = [code for _, code in found if code]
        if found and not codes:
            self.fates.setdefault(role, Fate.UNREAD)
        return list(dict.fromkeys(codes))

    def industries(self, role: str) -> list[str]:
        """Codes of GB/T 4754 in a cell, by code or by name; anything else is reported and left out."""
        return self.codes(role, industry, "国民经济行业无法识别，已略去")


def _is_date(value: Cell) -> bool:
    try:
        return parse_date(value) is not None
    except ValueError:
        return False


def _parse_day(value: Cell) -> date | None:
    try:
        return parse_date(value)
    except ValueError:
        if is_unending(content(value)):
            return None
        raise


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
    """The validated record with the wordings kept as its remark. Raises RowError that names the field in Chinese.

    An optional value that the record cannot take is kept in the remark too; a text that is too long is cut.
    """
    remark = "remark" if "remark" in model.model_fields else "note"
    own = values.get(remark) or ""
    while True:
        stated = fields.remark()
        kept = f"{own}；{stated}" if own and stated else own or stated
        try:
            record = model(**(values | {remark: kept[:MAX_REMARK]} if kept else values))
            if len(kept) > MAX_REMARK:
                fields.note(f"备注超过 {MAX_REMARK} 个字，只保留前面部分", kept)
            return record
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]) if first["loc"] else ""
            if fields.strict or name not in values or model.model_fields[name].is_required():
                raise _refusal(fields, name, first) from error
            _mend(fields, name, first, values)


def _reason(first: Any) -> str:
    return _REASONS.get(first["type"], lambda ctx: "取值不符合要求")(first.get("ctx", {}))


def _refusal(fields: Fields, name: str, first: Any) -> RowError:
    return fields.error(name, "" if name == "" else first.get("input", ""), _reason(first))


def _mend(fields: Fields, name: str, first: Any, values: dict[str, Any]) -> None:
    """Cut a text that is too long, take any other value out of the record; both are noted."""
    if first["type"] == "string_too_long" and isinstance(values[name], str):
        longest = first["ctx"]["max_length"]
        values[name] = values[name][:longest]
        fields.note(f"{fields.label(name)}超过 {longest} 个字，只保留前面部分", values[name])
        return
    stated = values.pop(name)
    if not fields.all(name):
        fields.keep(name, str(stated))
    fields.unread(name, f"{stated}：{_reason(first)}")
