"""Screening (盘点筛选): which patents are dormant (沉睡专利), and the potential of each.

Every patent that a university, institute, hospital or state-owned holder owns or co-owns is screened. A patent is dormant if
it is in force, was granted longer ago than the set age and has no recorded implementation, licence, transfer, equity
contribution, pledge or product filing. A missing record is no proof of non-use: the reason states whether use was searched for
and not found (核查无记录), or never recorded at all. The potential (潜力分, 0-100) is the sum of points by a published table
(`assessment.screening.weights`); an unknown factor scores no points and is marked as unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from assessment.screening.weights import LABELS, ScreeningWeights
from catalog.db import Database
from catalog.kit.progress import RowProgress
from catalog.kit.terms import FactKind, LegalStatus, PatentKind, Prospect, StatusBasis
from catalog.law.life import LegalLife, legal_life
from catalog.law.years import DAYS_A_YEAR, anniversary
from catalog.supply import screening_candidates, screenings
from catalog.supply.facts import EXPLOITATION
from catalog.supply.screening_candidates import ScreeningCandidate
from catalog.supply.screenings import PointRow, Result

MISSING = "数据缺失"
UNITS = {
    "term": " 年",
    "claims": " 项",
    "citations": " 次",
    "family": " 件",
    "co_patentee": " 家",
    "match": "",
}
NOTHING_RECORDED = (
    "系统中没有任何实施、许可、转让、作价入股、质押或专利产品备案记录，沉睡与否仅依据法律状态和授权年限"
)
UNRECORDED = "未登记任何运用情况（未登记≠未实施）"
NO_MATCHES = "未提供需求匹配度，该项均按数据缺失计 0 分"

BLOCK = 2000
"""Patents that are screened in one transaction."""


@dataclass(slots=True)
class ScreenReport:
    """The result of a screening: counts of patents, and for each factor how many lack it.

    `unrecorded` are those of the dormant of which neither a use nor a search for one is recorded.
    """

    as_of: date
    weights_version: str
    screened: int = 0
    dormant: int = 0
    awake: int = 0
    undecided: int = 0
    unrecorded: int = 0
    missing: dict[str, int] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)


def screen(
    database: Database,
    as_of: date,
    weights: ScreeningWeights,
    match_strength: Mapping[int, float],
    progress: RowProgress | None = None,
    *,
    block: int = BLOCK,
) -> ScreenReport:
    """Screen all patents as of that day and store the results in place of earlier ones.

    `match_strength` is the best match with a current need by patent id, 0 to 1. Works in blocks of patents, one
    transaction each: memory stays bounded, and a run that was broken off leaves complete results, older beyond the break.
    """
    report = ScreenReport(as_of, weights.version)
    with database.read() as session:
        total = screening_candidates.count(session)
        recorded = screening_candidates.exploitation_recorded(session)
    if total and not recorded:
        report.messages.append(NOTHING_RECORDED)
    if total and not match_strength:
        report.messages.append(NO_MATCHES)
    missing: Counter[str] = Counter()
    after = 0
    while True:
        with database.read() as session:
            candidates = screening_candidates.block(session, after, as_of, block)
        rows = [screen_one(candidate, as_of, weights, match_strength) for candidate in candidates]
        upto = candidates[-1].patent_id if candidates else None
        with database.write() as session:
            screenings.replace(session, after, upto, rows)
        if upto is None:
            break
        _count(report, rows, missing)
        after = upto
        if progress:
            progress(report.screened, total)
    report.missing = {LABELS[factor]: missing[factor] for factor in LABELS if missing[factor]}
    return report


def _count(report: ScreenReport, rows: Iterable[Result], missing: Counter[str]) -> None:
    for row in rows:
        report.screened += 1
        report.dormant += row.dormant is True
        report.awake += row.dormant is False
        report.undecided += row.dormant is None
        report.unrecorded += row.dormant is True and UNRECORDED in row.reason
        missing.update(point.factor for point in row.points if point.missing)


def screen_one(
    candidate: ScreeningCandidate, as_of: date, weights: ScreeningWeights, match_strength: Mapping[int, float]
) -> Result:
    """The screening of one patent. A right that is no longer in force has no potential."""
    life = legal_life(candidate.legal, as_of)
    dormant, reason = judge(candidate, life, as_of, weights.min_age_years)
    points = []
    if life.in_force is not False:
        strength = match_strength.get(candidate.patent_id)
        points = [
            _point(factor, value, weights) for factor, value in _values(candidate, life, as_of, strength)
        ]
    return Result(
        patent_id=candidate.patent_id,
        holder_id=candidate.holder_id,
        as_of=as_of,
        dormant=dormant,
        reason=reason,
        points=points,
        weights_version=weights.version,
    )


def judge(
    candidate: ScreeningCandidate, life: LegalLife, as_of: date, min_age: int
) -> tuple[bool | None, str]:
    """Whether a patent is dormant, None where the data do not suffice, and the reason."""
    if life.in_force is False:
        return False, f"权利不在有效期内：{life.status.label}"
    used = [(kind, on) for kind, on, _ in candidate.facts if kind in EXPLOITATION]
    if used:
        return False, "已有运用记录：" + "、".join(_uses(used))
    if life.in_force is None:
        return None, "法律状态不明，缺：" + "、".join(life.missing_names or ["最新登记状态"])
    granted = candidate.legal.granted
    if granted is None:
        return None, "缺授权公告日，无法计算授权年限"
    if anniversary(granted, min_age) > as_of:
        return False, f"授权未满 {min_age} 年（授权公告日 {granted}）"
    return True, f"有效，授权已满 {min_age} 年，{_looked_for(candidate)}" + _caution(life)


def _looked_for(candidate: ScreeningCandidate) -> str:
    """The uses that were looked for and not found; any other use may have happened."""
    looked = {FactKind(value): on for kind, on, value in candidate.facts if kind is FactKind.NO_RECORD}
    if not looked:
        return UNRECORDED
    uses = [kind for kind in FactKind if kind in EXPLOITATION]
    days = [on for on in looked.values() if on]
    day = f"（{max(days)} 核查）" if days else ""
    none = f"核查无{'、'.join(kind.label for kind in uses if kind in looked)}记录{day}"
    open_ones = "、".join(kind.label for kind in uses if kind not in looked)
    return f"{none}；{open_ones}未登记" if open_ones else none


def _uses(used: list[tuple[FactKind, date | None]]) -> list[str]:
    newest = dict(used)
    return [f"{kind.label}（{on}）" if on else kind.label for kind, on in newest.items()]


def _caution(life: LegalLife) -> str:
    if life.status == LegalStatus.GRACE:
        return f"；欠费宽限期，至 {life.grace_until}" if life.grace_until else "；欠费宽限期"
    return "；缴费情况未登记，有效为推定" if life.status_basis == StatusBasis.PRESUMED else ""


def _values(
    candidate: ScreeningCandidate, life: LegalLife, as_of: date, strength: float | None
) -> list[tuple[str, Decimal | str | None]]:
    """The value of every factor, None where unknown."""
    latest = {kind: value for kind, _, value in candidate.facts}
    counts = {kind: Decimal(latest[kind]) if kind in latest else None for kind in _COUNTED}
    last = life.last_valid_day
    return [
        ("term", Decimal((last - as_of).days + 1) / DAYS_A_YEAR if last else None),
        ("kind", candidate.legal.kind),
        *((kind.value, counts[kind]) for kind in _COUNTED),
        ("co_patentee", Decimal(candidate.firms)),
        ("match", None if strength is None else Decimal(str(strength))),
        ("self_rating", latest.get(FactKind.SELF_RATING)),
    ]


_COUNTED = (FactKind.CLAIMS, FactKind.CITATIONS, FactKind.FAMILY)


def _point(factor: str, value: Decimal | str | None, weights: ScreeningWeights) -> PointRow:
    step = None if value is None else weights.step(factor, value)
    if value is None:
        reason = MISSING
    else:
        shown = _shown(factor, value)
        reason = f"{step.text}（{shown}）" if step else f"未达到计分标准（{shown}）"
    return PointRow(
        factor=factor,
        label=LABELS[factor],
        points=step.points if step else 0,
        maximum=weights.maximum(factor),
        reason=reason,
        missing=value is None,
    )


def _shown(factor: str, value: Decimal | str) -> str:
    if isinstance(value, str):
        return (PatentKind if factor == "kind" else Prospect)(value).label
    rounded = {"term": "0.1", "match": "0.01"}.get(factor)
    return f"{value.quantize(Decimal(rounded)) if rounded else value}{UNITS[factor]}"
