"""Undo of imports (撤销导入)."""

from fastapi import APIRouter

from catalog.registers import undo
from catalog.registers.undo import Undone
from service.web.dependencies import Caller, RecordId, Writing
from service.web.errors import responses

router = APIRouter(prefix="/imports", tags=["导入"])


@router.post(
    "/{id}/undo", summary="撤销一次导入", operation_id="undo_import", responses=responses(404, 409, 422)
)
def undo_import(session: Writing, caller: Caller, id: RecordId) -> Undone:
    """删去这次导入新增的记录，恢复它更新的记录；要么全部撤销，要么什么也不动。

    有后来的导入或修改动过同样的记录，或此后已重建索引时，返回 409 并说明原因。
    """
    return undo.undo(session, id, actor=caller)
