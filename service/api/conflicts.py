"""Conflicts (冲突) under a number: rows of imports that wait for a decision."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from catalog.accounts import permissions
from catalog.conflicts import edits as conflict_edits
from catalog.conflicts import shown as conflicts_shown
from catalog.conflicts.edits import DecidedTogether
from catalog.conflicts.shown import ConflictPublic
from catalog.db import Session
from catalog.imports import conflicts, imports
from catalog.imports.conflicts import ConflictFilter, NumberConflict
from catalog.kit.paging import Page, PageQuery
from service.requests.conflicts import ConflictConditions, DecisionInput, filter_of
from service.requests.filters import described
from service.requests.lists import sort_field
from service.requests.types import ConflictState
from service.sheets import conflicts as conflict_sheets
from service.sheets.documents import CSV_TYPE, XLSX_TYPE
from service.sheets.lists import MOST_EXPORTED, Listing, to_csv
from service.web.dependencies import Caller, Reading, RecordId, Writing
from service.web.errors import responses
from service.web.files.attachments import attachment, workbook
from service.web.rights import may
from service.web.versions import Tagged, Versioned, read, unchanged, written

router = APIRouter(
    tags=["conflicts"], dependencies=[may(permissions.CONFLICTS_READ, permissions.CONFLICTS_DECIDE)]
)


class ConflictQuery(PageQuery, ConflictConditions):
    """Page and conditions of a list of conflicts."""

    sort: str | None = sort_field(conflicts.SORTS)


class ImportConflictQuery(PageQuery):
    """Page and conditions of the conflicts of one import."""

    sort: str | None = sort_field(conflicts.SORTS)
    status: ConflictState = Field(default=None, description="处理情况")


def _public(session: Session, row: NumberConflict) -> ConflictPublic:
    return conflicts_shown.publics(session, [row])[0]


def _page(session: Session, wanted: PageQuery, where: ConflictFilter) -> Page[ConflictPublic]:
    found = conflicts.page(session, wanted, where)
    items = conflicts_shown.publics(session, found.rows)
    return Page(total=found.total, page=wanted.page, size=wanted.size, items=items)


def _listing(session: Session, wanted: ConflictQuery) -> Listing:
    ids = conflicts.listed(session, wanted, filter_of(wanted), at_most=MOST_EXPORTED)
    return conflict_sheets.conflicts_list(session, ids, described(wanted))


@router.get("/conflicts", summary="冲突列表", operation_id="list_conflicts", responses=responses(422))
def list_conflicts(session: Reading, wanted: Annotated[ConflictQuery, Query()]) -> Page[ConflictPublic]:
    """号码已属于名称不同的另一件专利或另一家企业的行：未写入，待决定；附现在的记录与不同之处。"""
    return _page(session, wanted, filter_of(wanted))


@router.get(
    "/conflicts/export.xlsx",
    summary="导出冲突列表（Excel）",
    operation_id="export_conflicts",
    response_class=Response,
    responses={200: {"content": {XLSX_TYPE: {}}}, **responses(422)},
)
def export_conflicts(session: Reading, wanted: Annotated[ConflictQuery, Query()]) -> Response:
    """与列表相同的条件与次序，全部写入一份 Excel。"""
    return workbook(_listing(session, wanted), "冲突清单")


@router.get(
    "/conflicts/export.csv",
    summary="导出冲突列表（CSV）",
    operation_id="export_conflicts_csv",
    response_class=Response,
    responses={200: {"content": {CSV_TYPE: {}}}, **responses(422)},
)
def export_conflicts_csv(session: Reading, wanted: Annotated[ConflictQuery, Query()]) -> Response:
    """与列表相同的条件与次序，全部写入一份 CSV（UTF-8）。"""
    return attachment(to_csv(_listing(session, wanted)), "冲突清单.csv", CSV_TYPE)


# Only digits: otherwise the address of the export would count as one of a conflict too.
@router.get("/conflicts/{id:int}", summary="一个冲突", operation_id="get_conflict", responses=read(404, 422))
def get_conflict(session: Reading, version: Versioned, id: RecordId) -> ConflictPublic:
    """原记录与新记录的对照；已决定的附决定人、时间与说明。"""
    row = conflicts.get(session, id)
    return version.of(row, _public(session, row))


@router.post(
    "/conflicts/{id:int}/decision",
    summary="决定一个冲突",
    operation_id="decide_conflict",
    responses=written(400, 404, 409, 413, 422),
    dependencies=[unchanged(NumberConflict)],
)
def decide_conflict(
    session: Writing, caller: Caller, tagged: Tagged, id: RecordId, data: DecisionInput
) -> ConflictPublic:
    """采用新记录时，专利整体取代原记录，企业更名（原名称记入曾用名）；撤销该行所属的导入即恢复。保留原记录时不作改动。已决定的返回 409。"""
    row = conflict_edits.decide(session, id, data.decision, actor=caller, note=data.note)
    return tagged.of(row, _public(session, row))


@router.get(
    "/imports/{id}/conflicts",
    summary="一次导入中的冲突",
    operation_id="list_import_conflicts",
    responses=responses(404, 422),
)
def list_import_conflicts(
    session: Reading, id: RecordId, wanted: Annotated[ImportConflictQuery, Query()]
) -> Page[ConflictPublic]:
    """这次导入中待决定和已决定的冲突。"""
    imports.get(session, id)
    return _page(session, wanted, ConflictFilter(status=wanted.status, import_id=id))


@router.post(
    "/imports/{id}/conflicts/decision",
    summary="一并决定一次导入中的冲突",
    operation_id="decide_import_conflicts",
    responses=responses(400, 404, 409, 413, 422),
)
def decide_import_conflicts(
    session: Writing, caller: Caller, id: RecordId, data: DecisionInput
) -> DecidedTogether:
    """对这次导入中全部待定的冲突作同一决定；不能照此决定的仍为待定，附原因。"""
    return conflict_edits.decide_all(session, id, data.decision, actor=caller, note=data.note)
