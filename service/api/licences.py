"""Open-licence declarations (专利开放许可声明): list, terms, history, publishing and withdrawing, documents."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response, status
from pydantic import Field

from assessment.eligibility.gate import JudgedEligibility
from catalog.accounts import permissions
from catalog.db import Session
from catalog.kit.base import Schema, id_of
from catalog.kit.days import beijing_today
from catalog.kit.paging import ListPage, Page
from catalog.licences import edits as licence_edits
from catalog.licences import history as licence_history
from catalog.licences import licences
from catalog.licences import lists as licence_lists
from catalog.licences import rules as licence_rules
from catalog.licences import shown as licences_shown
from catalog.licences.history import LicenceChangePublic
from catalog.licences.licences import RUNNING, Licence
from catalog.licences.lists import LicenceFilter
from catalog.licences.rules import Rules
from catalog.supply import patents
from service.requests.dealings.declarations import (
    Announcement,
    LicenceShown,
    described,
    every,
    publish,
    shown,
    withdrawal_effect,
)
from service.requests.filters import Day
from service.requests.lists import MainListQuery, facets_field, sort_field
from service.requests.records import LicenceInput
from service.requests.single import licences as single
from service.requests.single.patches import Patch, merge_patch_of, patched
from service.requests.types import LicenceState, Names, PaymentState
from service.sheets import declarations as declaration_sheets
from service.sheets.documents import DOCX_TYPE, XLSX_TYPE, to_docx, to_xlsx
from service.web.dependencies import Caller, Reading, RecordId, RuntimeDep, Strict, Writing
from service.web.errors import responses
from service.web.files.attachments import DocumentFormat, attachment
from service.web.repeats import Made
from service.web.rights import may
from service.web.shaped import Shaped, shaped
from service.web.versions import Tagged, Versioned, created, patch_body, read, unchanged, written

router = APIRouter(
    prefix="/licences",
    tags=["licences"],
    dependencies=[may(permissions.LICENCES_READ, permissions.LICENCES_WRITE)],
)


def _rules(runtime: RuntimeDep) -> Rules:
    return licence_rules.load(runtime.settings.data)


RulesDep = Annotated[Rules, Depends(_rules)]


LicencePatch = Annotated[Patch, patch_body(), merge_patch_of(LicenceInput, "LicencePatch")]


class LicenceConditions(LicenceFilter):
    """Conditions of a list of declarations, by value or Chinese name."""

    status: LicenceState = Field(default=None, description="声明状态（按今日，期满的为已届满）")
    payment_form: PaymentState = Field(default=None, description="许可使用费支付方式")
    since: Day = Field(default=None, description="声明日不早于")
    until: Day = Field(default=None, description="声明日不晚于")


class LicenceQuery(MainListQuery, LicenceConditions):
    """Page and conditions of a list of declarations."""

    sort: str | None = sort_field(licence_lists.SORTS)
    facets: Names = facets_field(licence_lists.FACETS)


class LicenceSaved(LicenceShown):
    """The stored declaration and what was mended or left out of what was submitted."""

    notes: list[str] = Field(description="保存时改动、略去或存疑的内容")


class PublishInput(Schema):
    """The announcement of a draft."""

    published_on: Day = Field(default=None, description="公告日；缺省为今日", examples=["2026-03-01"])
    confirmed: bool = Field(
        default=False, strict=True, description="判定为资料不足时，确认已另行核实、仍然公告"
    )
    reason: str = Field(default="", max_length=300, description="确认的理由，记入变动记录")


class WithdrawInput(Schema):
    """The withdrawal of a declaration."""

    withdrawn_on: Day = Field(default=None, description="撤回声明公告日；缺省为今日", examples=["2026-09-01"])
    reason: str = Field(default="", max_length=500, description="撤回理由")


class WithdrawResult(LicenceShown):
    """The withdrawn declaration and what becomes of licences given before."""

    effect: str = Field(description="撤回对在先许可的效力")


class PublishResult(LicenceShown):
    """The announced declaration and the verdict on its patent on that day."""

    eligibility: JudgedEligibility = Field(description="公告当日能否开放许可")


class DocumentQuery(Schema):
    """Form of a document."""

    format: DocumentFormat = Field(default=DocumentFormat.DOCX, description="docx（Word）或 xlsx（Excel）")


def _saved(session: Session, row: Licence, rules: Rules, notes: list[str]) -> LicenceSaved:
    lacking = licence_edits.unmet(session, row, patents.get(session, row.patent_id))
    gaps = [f"已公告的声明{gap}" for gap in lacking] if row.status in RUNNING else []
    return LicenceSaved(**shown(session, [row], rules)[0].model_dump(), notes=[*notes, *gaps])


@router.get("", summary="开放许可声明列表", operation_id="list_licences", responses=responses(422))
def list_licences(
    session: Reading, rules: RulesDep, wanted: Annotated[LicenceQuery, Query()]
) -> ListPage[LicenceShown]:
    """按状态、支付方式、专利、专利权人、声明日筛选，分页返回。一件专利可先后有多份声明，现行的至多一份。"""
    found = licence_lists.page(session, wanted, wanted, today=beijing_today())
    items = shown(session, found.rows, rules)
    return shaped(wanted, found.listed(wanted, items), LicenceShown)


@router.get(
    "/export.xlsx",
    summary="导出开放许可声明清单",
    operation_id="export_licences",
    response_class=Response,
    responses={200: {"content": {XLSX_TYPE: {}}}, **responses(422)},
)
def export_licences(
    session: Reading, rules: RulesDep, where: Annotated[LicenceConditions, Query()]
) -> Response:
    """符合条件的全部声明及其条件、状态、提醒，为一个 Excel 工作簿。"""
    found = [(licence, licence.warnings) for licence in every(session, where, rules)]
    document = declaration_sheets.listing(found, described(where))
    return attachment(to_xlsx(document), f"开放许可声明清单-{beijing_today():%Y%m%d}.xlsx", XLSX_TYPE)


@router.get("/{id:int}", summary="一份开放许可声明", operation_id="get_licence", responses=read(404, 422))
def get_licence(
    session: Reading, version: Versioned, shape: Shaped, rules: RulesDep, id: RecordId
) -> LicenceShown:
    """返回一份声明及其许可条件、各专利权人的同意情况与提醒。"""
    row = licences.get(session, id)
    return shaped(
        shape, version.of(row, shown(session, [row], rules)[0]), LicenceShown, version.response.headers
    )


@router.get(
    "/{id:int}/history",
    summary="声明的变动记录",
    operation_id="list_licence_changes",
    responses=responses(404, 422),
)
def list_licence_changes(session: Reading, id: RecordId) -> Page[LicenceChangePublic]:
    """声明的每次登记、变更、公告、撤回、届满：时间、办理人、变动前后的内容。"""
    return Page.whole(licence_history.of_licence(session, id_of(licences.get(session, id))))


@router.get(
    "/{id:int}/announcement",
    summary="声明公告单",
    operation_id="get_licence_announcement",
    response_class=Response,
    responses={200: {"content": {DOCX_TYPE: {}, XLSX_TYPE: {}}}, **responses(404, 422)},
)
def get_licence_announcement(
    session: Reading, id: RecordId, wanted: Annotated[DocumentQuery, Query()]
) -> Response:
    """对外公告用的声明公告单（撤回的为撤回公告），为 Word 或 Excel 文件。"""
    licence = licences_shown.publics(session, [licences.get(session, id)], today=beijing_today())[0]
    document = declaration_sheets.announcement(licence, [])
    name = f"{document.title}-{licence.application_number}.{wanted.format}"
    if wanted.format == DocumentFormat.DOCX:
        return attachment(to_docx(document), name, DOCX_TYPE)
    return attachment(to_xlsx(document), name, XLSX_TYPE)


@router.post(
    "",
    summary="登记开放许可声明",
    operation_id="create_licence",
    status_code=status.HTTP_201_CREATED,
    responses=created(400, 404, 409, 413, 422, 503),
)
def create_licence(
    session: Writing,
    circumstances: Strict,
    rules: RulesDep,
    caller: Caller,
    made: Made,
    data: LicenceInput,
) -> LicenceSaved:
    """为一件已授权的专利登记声明，须写状态：准备声明的写“草稿”，登记已公告的写“已公告”，其缺少的内容列在 `notes` 中。

    专利不存在返回 404；已有现行声明返回 409；未授权、超出专利期限、许可地域在境外、条件自相矛盾的返回 422 并指明条款。
    """
    saved = single.create(session, circumstances, rules, data, actor=caller)
    answer = _saved(session, saved.row, rules, saved.notes)
    return made.at(f"/licences/{saved.row.id}", saved.row, answer, LicenceShown)


@router.put(
    "/{id:int}",
    summary="更新开放许可声明",
    operation_id="update_licence",
    responses=written(400, 404, 409, 413, 422, 503),
    dependencies=[unchanged(Licence)],
)
def update_licence(
    session: Writing,
    circumstances: Strict,
    rules: RulesDep,
    caller: Caller,
    tagged: Tagged,
    id: RecordId,
    data: LicenceInput,
) -> LicenceSaved:
    """以提交的内容整体替换；声明不能改到另一件专利上，已撤回或已届满的不能恢复。每次改动都留有记录。"""
    saved = single.replace(session, circumstances, rules, id, data, actor=caller)
    return tagged.of(saved.row, _saved(session, saved.row, rules, saved.notes), LicenceShown)


@router.patch(
    "/{id:int}",
    summary="修改开放许可声明的部分内容",
    operation_id="patch_licence",
    responses=written(400, 404, 409, 413, 422, 503),
    dependencies=[unchanged(Licence)],
)
def patch_licence(
    session: Writing,
    circumstances: Strict,
    rules: RulesDep,
    caller: Caller,
    tagged: Tagged,
    id: RecordId,
    patch: LicencePatch,
) -> LicenceSaved:
    """只改提交的字段（JSON Merge Patch，RFC 7396），`null` 为清空；其余不变。每次改动都留有记录。"""
    data = patched(LicenceInput, single.form(session, licences.get(session, id)), patch)
    saved = single.replace(session, circumstances, rules, id, data, actor=caller)
    return tagged.of(saved.row, _saved(session, saved.row, rules, saved.notes), LicenceShown)


@router.post(
    "/{id:int}/publish",
    summary="公告开放许可声明",
    operation_id="publish_licence",
    responses=written(400, 404, 409, 413, 422, 503),
    dependencies=[unchanged(Licence)],
)
def publish_licence(
    session: Writing,
    runtime: RuntimeDep,
    rules: RulesDep,
    caller: Caller,
    tagged: Tagged,
    id: RecordId,
    data: PublishInput,
) -> PublishResult:
    """把草稿转为已公告。声明须齐备（细则第八十五条），专利在公告日不得有阻却事由（细则第八十六条），否则返回 422 并逐条列出。

    资料不足的专利须确认（`confirmed`）并写明理由才能公告，确认人、时间和理由记入变动记录。
    """
    on = data.published_on or beijing_today()
    wanted = Announcement(id, on, caller, data.confirmed, data.reason)
    row, verdict = publish(session, wanted, runtime.settings.data)
    announced = tagged.of(row, shown(session, [row], rules)[0])
    return PublishResult(**announced.model_dump(), eligibility=verdict)


@router.post(
    "/{id:int}/withdraw",
    summary="撤回开放许可声明",
    operation_id="withdraw_licence",
    responses=written(400, 404, 409, 413, 422, 503),
    dependencies=[unchanged(Licence)],
)
def withdraw_licence(
    session: Writing, rules: RulesDep, caller: Caller, tagged: Tagged, id: RecordId, data: WithdrawInput
) -> WithdrawResult:
    """撤回现行声明（含草稿）；在先给予的开放许可继续有效。撤回后可以为同一专利重新声明。"""
    on = data.withdrawn_on or beijing_today()
    row = licence_edits.withdraw(session, id, on, actor=caller, reason=data.reason)
    result = tagged.of(row, shown(session, [row], rules)[0])
    return WithdrawResult(**result.model_dump(), effect=withdrawal_effect(result))
