"""Create, change, publish, withdraw and import declarations of open licences, each with its history.

Contradictions with the law or within the declaration are refused with the rule named. Recording a declaration announced
elsewhere requires less than publishing a draft, which requires everything in 专利法 50 and 细则 85.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from catalog.imports.changes import KnownRows
from catalog.kit.base import id_of
from catalog.kit.errors import Conflict, InvalidInput, NotFound, RecordExists, WrongState
from catalog.kit.terms import (
    Conclusion,
    DeclarationAction,
    FactKind,
    LicenceStatus,
    OwnerConsent,
    PatentKind,
    PaymentForm,
)
from catalog.law.life import last_valid_day
from catalog.licences import history as licence_history
from catalog.licences import rules as licence_rules
from catalog.licences.licences import (
    CURRENT,
    REPORTED,
    RUNNING,
    Consent,
    Licence,
    LicenceBase,
    LicenceCreate,
    LicenceUpdate,
    get,
    newest_last,
    status_on,
)
from catalog.licences.rules import Rules
from catalog.licences.shown import consents_of
from catalog.supply import facts, patents
from catalog.supply.patents import NO_NUMBER, Patent

ART_50 = "专利法第五十条"
RULE_85 = "专利法实施细则第八十五条"
FOLLOWS: dict[LicenceStatus, tuple[LicenceStatus, ...]] = {
    LicenceStatus.DRAFT: (LicenceStatus.PUBLISHED, LicenceStatus.WITHDRAWN),
    LicenceStatus.PUBLISHED: (LicenceStatus.CHANGED, LicenceStatus.WITHDRAWN, LicenceStatus.EXPIRED),
    LicenceStatus.CHANGED: (LicenceStatus.WITHDRAWN, LicenceStatus.EXPIRED),
    LicenceStatus.WITHDRAWN: (),
    LicenceStatus.EXPIRED: (),
}
ACTIONS = {
    LicenceStatus.PUBLISHED: DeclarationAction.PUBLISHED,
    LicenceStatus.WITHDRAWN: DeclarationAction.WITHDRAWN,
    LicenceStatus.EXPIRED: DeclarationAction.EXPIRED,
}


def create(
    session: Session,
    data: LicenceCreate,
    *,
    today: date,
    actor: str = "",
    rules: Rules | None = None,
    import_id: int | None = None,
    is_demo: bool = False,
) -> Licence:
    """Store a declaration, without a status as announced. Raises NotFound, InvalidInput and Conflict.

    A current declaration whose period is over makes room for the new one.
    """
    patent = _patent_for(session, data, rules)
    status = data.status or LicenceStatus.PUBLISHED
    if status in CURRENT:
        _make_room(session, patent, today, actor, import_id)
    row = Licence(
        **_values(data), status=status, patent_id=id_of(patent), import_id=import_id, is_demo=is_demo
    )
    written = KnownRows(session, Licence, import_id)
    written.add(row)
    written.flush()
    _remember(session, row, DeclarationAction.CREATED, {}, _state(row), actor, import_id=import_id)
    return row


def stated(session: Session, row: Licence) -> LicenceUpdate:
    """The declaration as input of an update."""
    patent = patents.get(session, row.patent_id)
    consents = [Consent.model_validate(stored) for stored in row.consents]
    return LicenceUpdate.model_construct(
        **row.model_dump(include={*LicenceBase.model_fields, "status"} - {"consents"}),
        application_number=patent.application_number or "",
        consents=consents,
    )


def update(
    session: Session, licence_id: int, data: LicenceUpdate, *, actor: str = "", rules: Rules | None = None
) -> Licence:
    """Replace the state of a declaration; it stays with its patent. Raises as `create` does.

    A new content makes an announced declaration a changed one.
    """
    row = get(session, licence_id)
    patent = _patent_for(session, data, rules)
    if patent.id != row.patent_id:
        raise Conflict("开放许可声明不能改到另一件专利上", hint="请为另一件专利新建声明")
    if row.status == LicenceStatus.DRAFT and data.status == LicenceStatus.PUBLISHED:
        raise WrongState(
            "草稿不能以更新的方式转为已公告", hint="请用公告：公告时核对声明是否齐备、专利可否开放许可"
        )
    _change(session, row, _values(data), data.status, actor)
    return row


def publish(
    session: Session,
    licence_id: int,
    on: date,
    *,
    actor: str = "",
    rules: Rules | None = None,
    note: str = "",
) -> Licence:
    """Publishes a draft that meets all legal requirements; `note` is stored in the history.

    Raises Conflict and InvalidInput naming what is missing.
    """
    row = get(session, licence_id)
    if row.status != LicenceStatus.DRAFT:
        raise WrongState(f"声明的状态为“{LicenceStatus(row.status).label}”，只有草稿可以公告")
    patent = patents.get(session, row.patent_id)
    stated = LicenceCreate.model_validate(
        row.model_dump(exclude={"id", "patent_id", "import_id", "is_demo", "created_at", "updated_at"})
        | {"application_number": patent.application_number or "", "published_on": on}
    )
    _check(patent, stated, rules)
    if lacking := unmet(session, row, patent):
        raise InvalidInput(f"声明还不能公告：{'；'.join(lacking)}", hint="请补充后再公告")
    _move(session, row, {"status": LicenceStatus.PUBLISHED, "published_on": on}, actor, note=note)
    return row


def withdraw(session: Session, licence_id: int, on: date, *, actor: str = "", reason: str = "") -> Licence:
    """Withdraw a declaration; licences granted before stay valid (专利法 50). Raises Conflict and InvalidInput."""
    row = get(session, licence_id)
    if row.status not in CURRENT:
        raise WrongState(f"声明的状态为“{LicenceStatus(row.status).label}”，不能再撤回")
    first = max((day for day in (row.declared_on, row.published_on) if day), default=None)
    if first and on < first:
        raise InvalidInput(f"撤回日 {on} 早于声明或公告的日期 {first}")
    _move(session, row, {"status": LicenceStatus.WITHDRAWN, "withdrawn_on": on}, actor, note=reason)
    return row


def upsert(
    session: Session,
    data: LicenceCreate,
    *,
    today: date,
    import_id: int | None,
    actor: str = "",
    is_demo: bool = False,
) -> str:
    """Upserts a register record; returns "new", "changed" or "unchanged". Empty cells overwrite nothing."""
    patent = _patent_for(session, data, None)
    row = _existing(session, id_of(patent), data)
    if row is None:
        create(session, data, today=today, actor=actor, import_id=import_id, is_demo=is_demo)
        return "new"
    silent = {"region"} - data.model_fields_set
    stated = {
        name: value
        for name, value in _values(data).items()
        if value not in (None, "", []) and name not in silent
    }
    return "changed" if _change(session, row, stated, data.status, actor, import_id) else "unchanged"


def unmet(session: Session, row: Licence, patent: Patent) -> list[str]:
    """The fields that a declaration lacks for its announcement, with the rule."""
    owners = patents.holder_names(session, [row.patent_id]).get(row.patent_id, [])
    agreed = {c.holder for c in consents_of(row, owners) if c.consent == OwnerConsent.GIVEN}
    waiting = [owner for owner in owners if owner not in agreed] if len(owners) > 1 else []
    free = row.payment_form == PaymentForm.FREE
    gaps = {
        f"缺专利权人（{RULE_85}第二项）": not owners,
        f"缺许可使用费支付标准（{RULE_85}第三项）": not (
            free or row.fixed_fee or row.royalty_rate or row.fee_text
        ),
        f"缺许可期限（{RULE_85}第四项）": row.ends_on is None,
        f"共有人尚未同意：{'、'.join(waiting)}（{ART_50}）": bool(waiting),
        f"{_kind(patent)}须提供结论为符合授予条件的专利权评价报告（{ART_50}）": not _reported(
            session, row, patent
        ),
    }
    return [text for text, gap in gaps.items() if gap]


def _kind(patent: Patent) -> str:
    return PatentKind(patent.kind).label if patent.kind else "专利"


def _reported(session: Session, row: Licence, patent: Patent) -> bool:
    """Whether no report is needed, or a favourable one is stated or recorded."""
    if patent.kind not in REPORTED or row.report_conclusion == Conclusion.GRANTABLE:
        return True
    recorded = facts.of_patents(session, [row.patent_id], kinds=[FactKind.EVALUATION_REPORT])
    newest = facts.latest(recorded.get(row.patent_id, []), FactKind.EVALUATION_REPORT)
    return newest is not None and newest.value == Conclusion.GRANTABLE.value


def _patent_for(session: Session, data: LicenceCreate, rules: Rules | None) -> Patent:
    patent = patents.find(session, data.application_number)
    if patent is None:
        raise NotFound(
            f"没有申请号为 {data.application_number} 的专利",
            hint=f"请先导入该专利；{NO_NUMBER}的专利不能开放许可",
        )
    _check(patent, data, rules)
    return patent


def _check(patent: Patent, data: LicenceCreate, rules: Rules | None) -> None:
    """Refuses content that contradicts the law, in any status of the declaration. Raises InvalidInput."""
    number, granted = data.application_number, patent.grant_date
    if granted is None:
        raise InvalidInput(
            f"专利 {number} 没有授权公告日，不能声明开放许可",
            hint=f"{RULE_85}：应当在公告授予专利权后提出；请先补录授权公告日",
        )
    for day, words in ((data.declared_on, "声明日"), (data.published_on, "公告日")):
        if day and day < granted:
            raise InvalidInput(
                f"{words} {day} 早于授权公告日 {granted}", hint=f"{RULE_85}：应当在公告授予专利权后提出"
            )
    last = last_valid_day(patent.kind, patent.filing_date, patent.expiry_date)
    if data.ends_on and last and data.ends_on > last:
        raise InvalidInput(f"许可期限止 {data.ends_on} 超过专利权最后有效日 {last}", hint="请缩短许可期限")
    rules = rules or licence_rules.load()
    if places := licence_rules.places_abroad(rules, data.region):
        part = rules.territory
        raise InvalidInput(
            f"许可地域“{data.region}”含有中国境外的地方：{'、'.join(places)}",
            hint=f"{part.article}：{part.text}",
        )
    announced = (data.status or LicenceStatus.PUBLISHED) in RUNNING
    if announced and patent.kind in REPORTED and data.report_conclusion == Conclusion.NOT_GRANTABLE:
        raise InvalidInput(
            f"专利权评价报告的结论为“{Conclusion.NOT_GRANTABLE.label}”，不能声明开放许可", hint=ART_50
        )


def _values(data: LicenceCreate) -> dict[str, Any]:
    """The stated content as it is stored, without the status."""
    values = data.model_dump(exclude={"application_number", "status", "consents"})
    return values | {"consents": [consent.model_dump(mode="json") for consent in data.consents]}


def _state(row: Licence) -> dict[str, Any]:
    """The content that the history keeps."""
    return row.model_dump(exclude={"id", "import_id", "is_demo", "created_at", "updated_at"})


def _declarations(session: Session, patent_id: int) -> list[Licence]:
    query = select(Licence).where(col(Licence.patent_id) == patent_id).order_by(*newest_last())
    return list(session.execute(query).scalars())


def _make_room(session: Session, patent: Patent, today: date, actor: str, import_id: int | None) -> None:
    """Close a current declaration whose period is over. Raises Conflict where one still runs."""
    for row in _declarations(session, id_of(patent)):
        if row.status not in CURRENT:
            continue
        if status_on(row, today) != LicenceStatus.EXPIRED:
            raise RecordExists(
                f"专利 {patent.application_number} 已有开放许可声明（编号 {row.id}，{LicenceStatus(row.status).label}）",
                hint="请改用更新；须重新声明的，请先撤回原声明",
                existing_id=row.id,
            )
        _move(
            session, row, {"status": LicenceStatus.EXPIRED}, actor, import_id=import_id, note="许可期限届满"
        )


def _change(
    session: Session,
    row: Licence,
    values: dict[str, Any],
    wanted: LicenceStatus | None,
    actor: str,
    import_id: int | None = None,
) -> bool:
    """Sets a new content and status of a declaration; returns whether anything changed. Raises Conflict."""
    differs = any(getattr(row, name) != value for name, value in values.items())
    if wanted == LicenceStatus.PUBLISHED and row.status in RUNNING:
        wanted = None  # a register that lists it as announced does not take back that it was changed
    status = LicenceStatus(row.status)
    if wanted is None or wanted == status:
        wanted = LicenceStatus.CHANGED if differs and status in RUNNING else status
    elif wanted not in FOLLOWS[status]:
        raise WrongState(
            f"声明（编号 {row.id}）{status.label}，不能改为“{wanted.label}”",
            hint="撤回或届满之后可以重新声明：请新建声明并填写新的声明日",
        )
    return _move(session, row, values | {"status": wanted}, actor, import_id=import_id)


def _move(
    session: Session,
    row: Licence,
    values: dict[str, Any],
    actor: str,
    *,
    import_id: int | None = None,
    note: str = "",
) -> bool:
    before = _state(row)
    written = KnownRows(session, Licence, import_id)
    changed = written.change(row, values)
    written.flush()
    if changed:
        moved = LicenceStatus(row.status) if row.status != before["status"] else None
        action = ACTIONS.get(moved, DeclarationAction.EDITED) if moved else DeclarationAction.EDITED
        _remember(session, row, action, before, _state(row), actor, import_id=import_id, note=note)
    return changed


def _remember(
    session: Session,
    row: Licence,
    action: DeclarationAction,
    before: dict[str, Any],
    after: dict[str, Any],
    actor: str,
    *,
    import_id: int | None = None,
    note: str = "",
) -> None:
    licence_history.record(
        session, id_of(row), action, before, after, actor=actor, note=note, import_id=import_id
    )


def _existing(session: Session, patent_id: int, data: LicenceCreate) -> Licence | None:
    """The declaration that a register row refers to; None where it is not stored yet."""
    rows = _declarations(session, patent_id)
    last = rows[-1] if rows else None
    if last is None or data.declared_on is None:
        return last
    same = _declared_on(rows, data.declared_on)
    if same or last.declared_on is None:
        return same or last
    if last.status not in CURRENT:
        return None
    former = data.declared_on < last.declared_on and data.status not in (None, *CURRENT)
    later = last.ends_on is not None and last.ends_on < data.declared_on
    return None if former or later else last


def _declared_on(rows: Iterable[Licence], day: date) -> Licence | None:
    return next((row for row in rows if row.declared_on == day), None)
