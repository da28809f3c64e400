"""Declarations shown, listed and published alike for REST and command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import Field

from assessment.eligibility import gate as eligibility_gate
from assessment.eligibility.gate import Eligibility, JudgedEligibility
from assessment.eligibility.table import Effect
from catalog.db import Session
from catalog.kit.days import beijing_today
from catalog.kit.errors import InvalidInput
from catalog.kit.paging import MAX_PAGE_SIZE, ListQuery
from catalog.licences import edits as licence_edits
from catalog.licences import licences
from catalog.licences import lists as licence_lists
from catalog.licences import rules as licence_rules
from catalog.licences import shown as licences_shown
from catalog.licences.licences import Licence
from catalog.licences.lists import LicenceFilter
from catalog.licences.rules import VALID, Rules, TermsWarning
from catalog.licences.shown import LicencePublic

MOST_EXPORTED = 100_000
LONGEST_NOTE = 500


@dataclass(frozen=True, slots=True)
class Announcement:
    """A draft to be published on a day, by a named person; unknown facts of its patent may be confirmed with a reason."""

    licence_id: int
    on: date
    actor: str
    confirmed: bool = False
    reason: str = ""


class LicenceShown(LicencePublic):
    """A declaration with what should be looked at again."""

    warnings: list[TermsWarning] = Field(description="提醒：商业宣传用语、超过一般上限等；不影响登记")


def shown(session: Session, rows: Sequence[Licence], rules: Rules) -> list[LicenceShown]:
    """The declarations with their warnings, in the order given."""
    return [
        LicenceShown(**licence.model_dump(), warnings=licence_rules.warnings(rules, licence))
        for licence in licences_shown.publics(session, rows, today=beijing_today())
    ]


def every(session: Session, where: LicenceFilter, rules: Rules) -> Iterator[LicenceShown]:
    """All declarations that meet the conditions. Raises InvalidInput for more than a workbook should hold."""
    page = 1
    while True:
        found = licence_lists.page(
            session, ListQuery(page=page, size=MAX_PAGE_SIZE), where, today=beijing_today()
        )
        if found.total > MOST_EXPORTED:
            raise InvalidInput(
                f"共 {found.total} 份声明，超过一次可导出的 {MOST_EXPORTED} 份", hint="请缩小条件"
            )
        yield from shown(session, found.rows, rules)
        if page * MAX_PAGE_SIZE >= found.total:
            return
        page += 1


def described(where: LicenceFilter) -> list[str]:
    """The conditions in Chinese."""
    labels = {name: field.description or name for name, field in LicenceFilter.model_fields.items()}
    return [
        f"{labels[name]}：{getattr(value, 'label', value)}"
        for name in LicenceFilter.model_fields
        if (value := getattr(where, name)) is not None
    ]


def publish(session: Session, wanted: Announcement, data_dir: Path) -> tuple[Licence, JudgedEligibility]:
    """Publishes a draft whose patent is not blocked on that day; also returns the verdict.

    Facts that the verdict leaves unknown must be confirmed with a reason, which is stored in the history. Raises
    NotFound, Conflict and InvalidInput naming every ground or gap.
    """
    row = licences.get(session, wanted.licence_id)
    verdict = eligibility_gate.check(session, row.patent_id, wanted.on, eligibility_gate.load_table(data_dir))
    if verdict.verdict == Eligibility.BLOCKED:
        raise InvalidInput(
            f"专利不得开放许可：{_grounds(verdict, Effect.BLOCKS)}", hint="；".join(verdict.todo) or None
        )
    note = _confirmation(wanted, verdict) if verdict.verdict == Eligibility.UNKNOWN else ""
    rules = licence_rules.load(data_dir)
    row = licence_edits.publish(
        session, wanted.licence_id, wanted.on, actor=wanted.actor, rules=rules, note=note
    )
    return row, verdict


def _confirmation(wanted: Announcement, verdict: JudgedEligibility) -> str:
    """The note that keeps why a patent was announced that may or may not be licensed. Raises InvalidInput without one."""
    unknown, reason = _grounds(verdict, Effect.UNKNOWN), wanted.reason.strip()
    if not (wanted.confirmed and reason):
        raise InvalidInput(
            f"资料不足，不能确定专利可以开放许可：{unknown}",
            hint="请补录资料；已另行核实的，公告时确认并写明理由（确认人、时间与理由记入变动记录）",
        )
    return f"资料不足，经确认公告。理由：{reason}。待核实：{unknown}"[:LONGEST_NOTE]


def _grounds(verdict: JudgedEligibility, effect: Effect) -> str:
    return "；".join(
        f"{ground.text}（{ground.article}）" for ground in verdict.grounds if ground.effect == effect
    )


def withdrawal_effect(licence: LicencePublic) -> str:
    """The effect of a withdrawal on licences given before."""
    return f"在先给予的开放许可 {licence.granted_licences} 件，继续有效。{VALID}"
