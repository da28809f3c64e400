"""Deletion and merging of records, of all kinds alike, and the list of what was deleted (删除记录)."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from catalog.accounts import permissions
from catalog.kit.paging import Page, PageQuery
from catalog.mending import merging, removal, restoring, tombstones
from catalog.mending.merging import MergeResult
from catalog.mending.restoring import RestorationReport
from catalog.mending.tombstones import TombstonePublic, Why
from catalog.registers.register import Register
from catalog.registers.registers import REMOVABLE, register_named
from service.requests.deletions import (
    DeletionConditions,
    DeletionListQuery,
    DeletionQuery,
    DeletionReport,
    DeletionRequest,
    MergeRequest,
    deleted,
)
from service.requests.filters import described
from service.sheets import lists as list_sheets
from service.sheets.documents import XLSX_TYPE
from service.web.dependencies import Caller, Reading, RecordId, Writing
from service.web.errors import responses
from service.web.files.attachments import workbook
from service.web.rights import may
from service.web.versions import removed, unchanged

router = APIRouter(
    tags=["deletions"], dependencies=[may(permissions.RECORDS_READ_DELETED, permissions.RECORDS_DELETE)]
)


def _deleting(register: Register) -> Callable[..., Any]:
    def delete_record(
        session: Writing, caller: Caller, id: RecordId, wanted: Annotated[DeletionQuery, Query()]
    ) -> TombstonePublic:
        """删除后不再出现在列表、匹配与统计中，可凭返回的编号恢复；重新导入同一记录会被退回。

        有其他记录引用时返回 409 并指明；`cascade` 为真时可以一并删除的随之删除。
        """
        return deleted(session, register, id, caller, wanted)

    return delete_record


def _merging(register: Register) -> Callable[..., Any]:
    def merge_records(session: Writing, caller: Caller, id: RecordId, data: MergeRequest) -> MergeResult:
        """把 `other_id` 并入地址中的记录：引用改为指向它，空缺的字段由对方补齐，不同的内容以它为准并列出。

        被合并的编号此后返回 410，并给出保留的编号；可凭返回的编号撤销合并。
        """
        return merging.merge(session, register, id, data.other_id, Why(caller, data.reason))

    return merge_records


for _register in filter(lambda register: register.kind, REMOVABLE):
    _noun, _path = _register.kind.removesuffix("s"), f"/{_register.kind}/{{id:int}}"
    router.add_api_route(
        _path,
        _deleting(_register),
        methods=["DELETE"],
        summary=f"删除{_register.label}",
        operation_id=f"delete_{_noun}",
        responses=removed(404, 409, 422, 503),
        dependencies=[unchanged(_register.model)],
    )
    router.add_api_route(
        f"{_path}/merge",
        _merging(_register),
        methods=["POST"],
        summary=f"合并{_register.label}",
        operation_id=f"merge_{_noun}",
        responses=removed(400, 404, 409, 413, 422, 503),
        dependencies=[unchanged(_register.model)],
    )


@router.get("/deletions", summary="删除记录列表", operation_id="list_deletions", responses=responses(422))
def list_deletions(session: Reading, wanted: Annotated[DeletionListQuery, Query()]) -> Page[TombstonePublic]:
    """被删除、被合并的记录，何人何时以何理由，最新的在前。"""
    found = tombstones.page(session, wanted, wanted.where)
    items = [tombstones.public(row) for row in found.rows]
    return Page(total=found.total, page=wanted.page, size=wanted.size, items=items)


@router.get(
    "/deletions/export.xlsx",
    summary="导出删除记录",
    operation_id="export_deletions",
    response_class=Response,
    responses={200: {"content": {XLSX_TYPE: {}}}, **responses(422)},
)
def export_deletions(session: Reading, wanted: Annotated[DeletionConditions, Query()]) -> Response:
    """符合条件的全部删除记录，为一个 Excel 工作簿。"""
    ids = tombstones.listed(session, PageQuery(), wanted.where, at_most=list_sheets.MOST_EXPORTED)
    return workbook(list_sheets.deletions_list(session, ids, described(wanted)), "删除记录")


@router.get(
    "/deletions/{id:int}", summary="一条删除记录", operation_id="get_deletion", responses=responses(404, 422)
)
def get_deletion(session: Reading, id: RecordId) -> TombstonePublic:
    """返回一条删除记录。"""
    return tombstones.public(tombstones.get(session, id))


@router.post(
    "/deletions",
    summary="成批删除",
    operation_id="create_deletions",
    responses=responses(400, 413, 422, 503),
)
def create_deletions(session: Writing, caller: Caller, data: DeletionRequest) -> DeletionReport:
    """逐条删除一类记录：能删的删除，不能删的保留并说明原因。"""
    register, why = register_named(data.kind), Why(caller, data.reason)
    results = removal.delete_all(session, register, data.ids, why, cascade=data.cascade)
    return DeletionReport.of(results)


@router.post(
    "/deletions/{id:int}/restore",
    summary="恢复删除的记录",
    operation_id="restore_deletion",
    responses=responses(404, 409, 422, 503),
)
def restore_deletion(session: Writing, caller: Caller, id: RecordId) -> RestorationReport:
    """按原编号恢复，连同当时一并删除的；被合并的同时撤销合并。号码已被其他记录使用时返回 409 并指明。"""
    return restoring.restore(session, id, actor=caller)
