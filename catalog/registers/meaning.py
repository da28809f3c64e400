"""The meaning of a register record for a known patent: whether it speaks of it, and what it changes. No SQL here.

A record that differs in title and holder from the patent under its number is of another patent, whatever its dates: a
copied number brings its own. Within one file two rows of which neither is newer must agree on title, holder and filing
date; on anything else the first one stays, which is noted. Otherwise a record of an older publication (the application of
a patent whose grant is known) only fills gaps: what the newer publication says stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from catalog.imports.conflicts import Subject
from catalog.kit.base import ClassRef, fold
from catalog.supply.patents import PatentBase, PatentCreate

FIELDS = tuple(PatentBase.model_fields)
STATUS_FIELDS = ("legal_status", "legal_status_date")
ANNUITY_FIELDS = ("annuity_paid_until", "annuity_checked_on")
SAME_TEXT = 0.6

LABELS = {"title": "专利名称", "holders": "专利权人", "filing_date": "申请日"}
IDENTITY = {"title", "holders"}
OTHER_LABELS = {
    "abstract": "摘要", "first_claim": "权利要求", "address": "地址", "inventors": "发明人", "agency": "代理机构", "classes": "分类号",
    "grant_date": "授权公告日", "publication_date": "公开日", "legal_status": "法律状态", "kind": "专利类型", "holders": "共同专利权人",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Statement:
    """The statement of a row of a file under the number of a patent; rows count from 1 over all sheets, 0 is the stored patent."""

    row: int
    subject: Subject
    holder_ids: frozenset[int]

    def differs(self, other: Statement) -> set[str]:
        """Whether title and holder, where both state one, differ from those of another statement."""
        found = set() if self.subject.has_name_of(other.subject) else {"title"}
        stated = self.subject.owners and other.subject.owners
        if stated and not (self.holder_ids & other.holder_ids or self.subject.has_owner_of(other.subject)):
            found.add("holders")
        return found


@dataclass(slots=True)
class Contest:
    """Rows of one file that contradict the patent under their number, or each other (冲突).

    `waiting` are rows of another record than the stored one. Once two rows of the file contradict each other (`pair`, by
    the labels in `differs`), nothing that the file states under the number is stored.
    """

    label: str
    number: str
    waiting: list[Statement] = field(default_factory=list)
    pair: tuple[Statement, Statement] | None = None
    differs: list[str] = field(default_factory=list)

    def rival(self, stated: Statement) -> Statement | None:
        """The other row of the file that a statement contradicts; one of the pair where it takes no side."""
        rows = [row for row in self.pair or self.waiting if row.row != stated.row]
        other = next((row for row in rows if stated.differs(row) >= IDENTITY), None)
        if other is None and self.pair:
            other = next((row for row in rows if stated.differs(row)), rows[0])
        return other


@dataclass(slots=True)
class KnownPatent:
    """A patent as the batch knows it so far.

    `row` is the row of this file that was stored into it before, 0 for none; `stamp` the time of its last change, None for
    a new one; `contest` rows of this file that were not stored into it.
    """

    id: int
    values: dict[str, Any]
    fingerprint: str
    stamp: datetime | None = None
    bodies: set[str] = field(default_factory=set)
    publications: dict[str, date | None] = field(default_factory=dict)
    holder_ids: list[int] = field(default_factory=list)
    classes: dict[str, list[tuple[str, float, str]]] = field(default_factory=dict)
    dirty: set[str] = field(default_factory=set)
    row: int = 0
    contest: Contest | None = None

    @property
    def newest_publication(self) -> date | None:
        """The day of the newest publication."""
        days = [*self.publications.values(), self.values["publication_date"], self.values["grant_date"]]
        return max((day for day in days if day), default=None)

    def is_named_by(self, record: PatentCreate) -> bool:
        """Whether the record has a number of this patent."""
        number = record.application_number
        if number and number == self.values["application_number"]:
            return True
        return any(publication.body in self.bodies for publication in record.publications)


def new(record: PatentCreate, key: str, holder_ids: list[int]) -> KnownPatent:
    """A patent that nobody spoke of before, as the record has it."""
    stated = record.__dict__
    known = KnownPatent(0, {name: stated[name] or None for name in FIELDS}, key)
    known.publications = {}
    for publication in record.publications:
        known.publications[publication.number] = publication.published_on or known.publications.get(
            publication.number
        )
        known.bodies.add(publication.body)
    known.holder_ids = holder_ids
    known.classes = by_scheme(record.classes)
    known.dirty = {"values", "publications", "holders", "classes"}
    return known


def newest_publication(record: PatentCreate) -> date | None:
    """The day of the newest publication that a record knows."""
    days = [*(p.published_on for p in record.publications), record.publication_date, record.grant_date]
    return max((day for day in days if day), default=None)


def may_be_same(known: KnownPatent, record: PatentCreate) -> bool:
    """Whether two patents of one title and first applicant can be the same: no distinguishing field differs.

    The fingerprint is of the title that the patent had at first.
    """
    if fold(known.values["title"]) != fold(record.title):
        return False
    bodies = {p.body for p in record.publications}
    if bodies and known.bodies and not bodies & known.bodies:
        return False
    filed = known.values["filing_date"]
    if filed and record.filing_date and filed != record.filing_date:
        return False
    abstract = known.values["abstract"]
    return not (abstract and record.abstract) or similarity(abstract, record.abstract) >= SAME_TEXT


def similarity(one: str, other: str) -> float:
    """Shared part of the character pairs of two texts (Jaccard), 1 for equal texts.

    >>> similarity("一种离心泵", "一种 离心泵"), similarity("一种泵", "某个阀")
    (1.0, 0.0)
    """
    first, second = fold(one), fold(other)
    if first == second:
        return 1.0
    pairs, others = ({text[i : i + 2] for i in range(len(text) - 1)} for text in (first, second))
    return len(pairs & others) / len(pairs | others) if pairs | others else 0.0


def agrees(known: KnownPatent, record: PatentCreate, holder_ids: Sequence[int]) -> bool:
    """Whether a record states, letter for letter, what identifies the patent; nearly all records do."""
    return (
        record.title == known.values["title"]
        and (not (holder_ids and known.holder_ids) or not set(holder_ids).isdisjoint(known.holder_ids))
        and not filed_otherwise(known, record)
    )


def filed_otherwise(known: KnownPatent, record: PatentCreate) -> bool:
    """Whether both have a filing date, and not the same."""
    return bool(record.filing_date) and known.values["filing_date"] not in (None, record.filing_date)


def same_day(known: KnownPatent, record: PatentCreate) -> bool:
    """Whether neither of the two is known to be the newer publication."""
    newest, published = known.newest_publication, newest_publication(record)
    return newest is None or published is None or newest == published


def merge(known: KnownPatent, record: PatentCreate, holder_ids: list[int]) -> list[str]:
    """Applies the record, marking changed parts in `dirty`; returns labels of fields where an earlier row of the file prevailed."""
    newest, published = known.newest_publication, newest_publication(record)
    older = bool(newest and published and published < newest)
    repeats = known.row > 0 and not (newest and published and published > newest)
    kept = _merge_values(known, record, fill_only=older or repeats)
    _merge_publications(known, record)
    if holder_ids and holder_ids != known.holder_ids:
        if known.holder_ids and (older or repeats):
            kept.append("holders")
        else:
            known.holder_ids = holder_ids
            known.dirty.add("holders")
    for scheme, rows in by_scheme(record.classes).items():
        if rows == known.classes.get(scheme):
            continue
        if known.classes.get(scheme) and (older or repeats):
            kept.append("classes")
        else:
            known.classes[scheme] = rows
            known.dirty.add("classes")
    return [] if older else [OTHER_LABELS[name] for name in dict.fromkeys(kept) if name in OTHER_LABELS]


def _merge_values(known: KnownPatent, record: PatentCreate, *, fill_only: bool) -> list[str]:
    kept = []
    stale: tuple[str, ...] = STATUS_FIELDS if _older(known, record, "legal_status_date") else ()
    stale += ANNUITY_FIELDS if _older(known, record, "annuity_checked_on") else ()
    stated = record.__dict__
    for name in FIELDS:
        value, stored = stated[name], known.values[name]
        if not value or stored == value or name in stale:
            continue
        if fill_only and stored:
            kept.append(name)
            continue
        known.values[name] = value
        known.dirty.add("values")
        if name == "legal_status" and record.legal_status_date is None and known.values["legal_status_date"]:
            # The stored day belongs to the status that is now replaced.
            known.values["legal_status_date"] = None
        if name == "annuity_paid_until" and record.annuity_checked_on is None:
            known.values["annuity_checked_on"] = None
    return kept


def _older(known: KnownPatent, record: PatentCreate, day: str) -> bool:
    """Whether the record describes an earlier day than the stored data."""
    stored, stated = known.values[day], getattr(record, day)
    return bool(stored and stated and stated < stored)


def _merge_publications(known: KnownPatent, record: PatentCreate) -> None:
    for publication in record.publications:
        stored = known.publications.get(publication.number)
        differs = publication.published_on and stored != publication.published_on
        if publication.number not in known.publications or (differs and not (stored and known.row)):
            known.publications[publication.number] = publication.published_on
            known.bodies.add(publication.body)
            known.dirty.add("publications")


def by_scheme(classes: Iterable[ClassRef]) -> dict[str, list[tuple[str, float, str]]]:
    """Codes with weight and basis of each scheme, each code once."""
    schemes: defaultdict[str, dict[str, tuple[str, float, str]]] = defaultdict(dict)
    for ref in classes:
        schemes[ref.scheme].setdefault(ref.code, (ref.code, ref.weight, ref.basis))
    return {scheme: list(rows.values()) for scheme, rows in schemes.items()}
