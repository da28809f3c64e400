"""The tables of the law in force as users see them: which years and amounts they know; shared by REST and command line."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from catalog.kit.money import Money
from catalog.law import tables
from catalog.law.tables import ANNUITIES, COMPENSATION, HOLIDAYS, Holidays, LawTables

ANNOUNCED_FROM = 11
"""The month in which the notice for the next year is out."""


class HolidayYear(BaseModel):
    """The known non-working days of a year."""

    year: int = Field(description="年份")
    source: str = Field(description="国务院办公厅通知的文号")
    days_off: int = Field(description="该年放假的天数（含其间的周末）")
    days_worked: int = Field(description="该年调休上班的周末天数")


class LawShown(BaseModel):
    """The tables that due days and annuities rest on, and what they lack."""

    holidays_version: str = Field(description="节假日表的版本")
    holidays: list[HolidayYear] = Field(description="各年的非工作日")
    annuities_version: str = Field(description="年费表的版本")
    compensation_amount: Money | None = Field(description="专利权补偿期的年费（元/年）；空为尚未录入")
    missing: list[str] = Field(description="尚缺的内容")


def shown(found: LawTables, today: date) -> LawShown:
    """The tables as shown to users."""
    amounts = [amount for (kind, _), amount in found.amounts.items() if kind == COMPENSATION]
    return LawShown(
        holidays_version=found.files[HOLIDAYS].version,
        holidays=[_year(found.holidays, year) for year in sorted(found.holidays.notices)],
        annuities_version=found.files[ANNUITIES].version,
        compensation_amount=next(iter(amounts), None),
        missing=_missing(found, today),
    )


def name_of(stated: str) -> str:
    """The file of a table named by file or by its Chinese name."""
    return next((name for name, label in tables.LABELS.items() if stated in (name, label)), stated)


def _year(holidays: Holidays, year: int) -> HolidayYear:
    return HolidayYear(
        year=year,
        source=holidays.notices[year],
        days_off=sum(day.year == year for day in holidays.rest),
        days_worked=sum(day.year == year for day in holidays.work),
    )


def _missing(found: LawTables, today: date) -> list[str]:
    years = [today.year] if today.month < ANNOUNCED_FROM else [today.year, today.year + 1]
    gaps = [f"{year} 年的放假与调休安排" for year in years if year not in found.holidays.notices]
    unknown = any(kind == COMPENSATION and amount is None for (kind, _), amount in found.amounts.items())
    return [*gaps, "专利权补偿期的年费标准（财税〔2024〕23号）"] if unknown else gaps
