"""The tables of the law (法律参数): holidays and annuities in force."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from catalog.accounts import permissions
from catalog.kit.days import beijing_today
from catalog.law import tables
from service.requests.dealings.law import LawShown, name_of, shown
from service.sheets.documents import CSV_TYPE
from service.web.dependencies import Reading, RuntimeDep
from service.web.errors import responses
from service.web.files.attachments import attachment
from service.web.rights import may

router = APIRouter(prefix="/law", tags=["law"], dependencies=[may(permissions.REFERENCE_READ)])


@router.get("", summary="法律参数", operation_id="get_law", responses=responses(422))
def get_law(_session: Reading) -> LawShown:
    """推算应缴日、宽限期与年费所依据的放假安排（逐年文号）和年费标准的版本，以及尚缺的内容。"""
    return shown(tables.current(), beijing_today())


@router.get(
    "/tables/{name}",
    summary="下载一张参数表",
    operation_id="get_law_table",
    response_class=Response,
    responses={200: {"content": {CSV_TYPE: {}}}, **responses(404, 422)},
)
def get_law_table(
    runtime: RuntimeDep,
    name: Annotated[
        str, Path(description="表名：holidays（放假安排）或 annuities（年费标准）", examples=["holidays"])
    ],
) -> Response:
    """正在使用的 holidays.csv 或 annuities.csv；修改后用 patentdock law import 启用。"""
    file = tables.text(runtime.settings.data, name_of(name))
    return attachment(file.text.encode("utf-8-sig"), file.name, CSV_TYPE)
