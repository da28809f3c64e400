"""Changes of records (变更), for systems that keep a copy."""

from typing import Annotated

from fastapi import APIRouter, Query

from catalog.accounts import permissions
from service.requests.changes import ChangeConditions, ChangesPublic, changes_of
from service.web.dependencies import Reading
from service.web.errors import responses
from service.web.rights import may

router = APIRouter(prefix="/changes", tags=["changes"], dependencies=[may(permissions.CHANGES_READ)])


@router.get("", summary="变更", operation_id="list_changes", responses=responses(422))
def list_changes(session: Reading, wanted: Annotated[ChangeConditions, Query()]) -> ChangesPublic:
    """全部记录的新增、改动、删除和恢复，按先后次序，不漏不重；导入、合并、撤销也在其中。

    首次不带 after 从头读取，以后用应答中的 next 续读；没有新的变更时 items 为空。
    一条记录只列最近一次变更，created 与 updated 都请重新读取该记录。
    """
    return changes_of(session, wanted)
