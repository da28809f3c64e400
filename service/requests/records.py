"""Single records as callers of the interface write them; they pass the same door as the rows of a file."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from catalog.db import Session
from catalog.demand.needs import MAX_TEXT
from catalog.kit.base import MAX_REMARK, Schema
from catalog.kit.ids import StrictId
from catalog.licences.licences import Consent
from catalog.segments import segments
from ingestion.columns.headers import vocabulary
from ingestion.errors import RowError
from ingestion.kinds import kind as record_kinds
from ingestion.kinds.kind import RecordT
from ingestion.records.classification import Classifier
from ingestion.records.fields import Circumstances, Fields
from service.requests.field_problems import FieldProblem, InvalidFields, shown
from service.requests.filters import Day
from service.requests.types import (
    Agreement,
    Base,
    Design,
    Event,
    Kind,
    LicenceState,
    Name,
    NeedState,
    Payment,
    Percent,
    Report,
    Status,
    Symbol,
    Wanted,
    Yuan,
)


class RecordInput(Schema):
    """Base of the records that callers write; `cells` hands them to the door of the files."""

    def cells(self) -> dict[str, str | list[str] | None]:
        """The values by role, as a file would hold them."""
        return {name: _cell(getattr(self, name)) for name in type(self).model_fields}


def _cell(value: Any) -> str | list[str] | None:
    if value is None or value == []:
        return None
    if isinstance(value, list):
        return ";".join(str(item) for item in value)
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


class PatentInput(RecordInput):
    """A patent with everything that belongs to it."""

    model_config = {  # noqa: RUF012 - read once by the library
        "json_schema_extra": {
            "examples": [
                {
                    "application_number": "202119900008.0",
                    "title": "一种锂离子电池低温自加热装置",
                    "kind": "发明",
                    "abstract": "本发明公开了一种锂离子电池低温自加热装置，包括电芯、加热膜与控制器……",
                    "holders": ["示例理工大学"],
                    "ipc": ["H01M10/615"],
                    "filing_date": "2021-03-12",
                    "grant_date": "2023-08-18",
                    "address": "湖北省武汉市洪山区示例路1号",
                }
            ]
        }
    }

    title: str = Field(min_length=1, max_length=1000, description="专利名称")
    application_number: str | None = Field(
        default=None, max_length=40, description="申请号，可带 CN/ZL 前缀、可缺校验位；缺省则保存为草稿"
    )
    publication_number: list[Annotated[str, Field(min_length=1, max_length=40)]] = Field(
        default_factory=list, max_length=20, description="公开（公告）号"
    )
    kind: Kind = Field(default=None, description="专利类型；缺省时由号码推断")
    abstract: str = Field(default="", max_length=20_000, description="摘要")
    first_claim: str = Field(default="", max_length=50_000, description="权利要求 1")
    holders: list[Name] = Field(default_factory=list, max_length=50, description="专利权人，第一位在前")
    inventors: list[Name] = Field(default_factory=list, max_length=100, description="发明人")
    ipc: list[Symbol] = Field(default_factory=list, max_length=100, description="IPC 分类号，主分类号在前")
    locarno: Design | None = Field(default=None, description="洛迦诺分类号（外观设计）")
    filing_date: Day = Field(default=None, description="申请日")
    publication_date: Day = Field(default=None, description="公开日")
    grant_date: Day = Field(default=None, description="授权公告日")
    expiry_date: Day = Field(default=None, description="届满日（期限补偿时登记）")
    legal_status: Status = Field(default=None, description="法律状态")
    legal_status_date: Day = Field(default=None, description="法律状态日期")
    annuity_paid_until: Day = Field(default=None, description="年费缴至日（已缴年费所及的最后一日）")
    annuity_checked_on: Day = Field(default=None, description="缴费情况查询日（登记簿何时如此记载）")
    agency: str | None = Field(default=None, max_length=300, description="代理机构")
    address: str | None = Field(default=None, max_length=500, description="申请人地址；地区由此推断")
    province: str | None = Field(default=None, max_length=50, description="省级行政区划的代码或名称")
    prefecture: str | None = Field(default=None, max_length=50, description="地级行政区划的代码或名称")
    county: str | None = Field(default=None, max_length=50, description="县级行政区划的代码或名称")
    industries: list[Name] = Field(
        default_factory=list, max_length=20, description="国民经济行业的代码或名称；缺省时由 IPC 推断"
    )
    segments: list[Name] = Field(
        default_factory=list, max_length=20, description="产业细分领域的代码或名称；缺省时由 IPC 推断"
    )
    contact: str | None = Field(default=None, max_length=500, description="联系人与联系方式")
    remark: str | None = Field(default=None, max_length=MAX_REMARK, description="备注")

    def cells(self) -> dict[str, str | list[str] | None]:
        """The values by role; each publication number is a cell of its own."""
        return super().cells() | {"publication_number": self.publication_number or None}


class NeedInput(RecordInput):
    """A need of a firm."""

    model_config = {  # noqa: RUF012 - read once by the library
        "json_schema_extra": {
            "examples": [
                {
                    "title": "动力电池低温快速充电",
                    "text": "零下二十度时充电时间是常温的三倍，希望不损伤电池又能快速充电。",
                    "enterprise": "示例新能源有限公司",
                    "industry": "3841",
                    "budget": 600000,
                    "cooperation": "许可",
                }
            ]
        }
    }

    title: str = Field(min_length=1, max_length=500, description="需求名称")
    text: str = Field(min_length=1, max_length=MAX_TEXT, description="需求描述")
    code: str | None = Field(
        default=None, min_length=1, max_length=64, description="需求编号；缺省时自动编号"
    )
    external_id: str | None = Field(
        default=None, min_length=1, max_length=100, description="外部编号：报送需求的平台所用的编号，不重复"
    )
    enterprise: str | None = Field(
        default=None, max_length=300, description="企业名称；尚未登记的企业会自动登记"
    )
    enterprise_id: StrictId | None = Field(default=None, description="企业编号；优先于企业名称")
    industry: str | None = Field(default=None, max_length=100, description="国民经济行业的代码或名称")
    segments: list[Name] = Field(
        default_factory=list, max_length=20, description="产业细分领域；缺省时由行业推断"
    )
    address: str | None = Field(default=None, max_length=500, description="地址；地区由此推断")
    province: str | None = Field(default=None, max_length=50, description="省级行政区划的代码或名称")
    prefecture: str | None = Field(default=None, max_length=50, description="地级行政区划的代码或名称")
    county: str | None = Field(default=None, max_length=50, description="县级行政区划的代码或名称")
    budget: Yuan = Field(default=None, description="预算（元）")
    cooperation: Wanted = Field(default=None, description="合作方式；缺省为不限")
    status: NeedState = Field(default=None, description="状态；缺省为征集中")
    published_on: Day = Field(default=None, description="发布日期")
    closes_on: Day = Field(default=None, description="截止日期")
    contact: str | None = Field(default=None, max_length=500, description="联系人与联系方式")
    remark: str | None = Field(default=None, max_length=MAX_REMARK, description="备注")


class EnterpriseInput(RecordInput):
    """An enterprise."""

    model_config = {  # noqa: RUF012 - read once by the library
        "json_schema_extra": {
            "examples": [
                {
                    "name": "示例储能装备有限公司",
                    "titles": ["省级专精特新"],
                    "address": "湖北省宜昌市示例路18号",
                    "industry": "3841",
                    "staff": 126,
                    "revenue": 86000000,
                }
            ]
        }
    }

    name: Name = Field(description="企业名称")
    credit_code: str | None = Field(default=None, max_length=40, description="统一社会信用代码")
    former_names: list[Name] = Field(default_factory=list, max_length=20, description="曾用名")
    titles: list[Name] = Field(default_factory=list, max_length=20, description="资质，如 省级专精特新")
    address: str | None = Field(default=None, max_length=500, description="地址；地区由此推断")
    province: str | None = Field(default=None, max_length=50, description="省级行政区划的代码或名称")
    prefecture: str | None = Field(default=None, max_length=50, description="地级行政区划的代码或名称")
    county: str | None = Field(default=None, max_length=50, description="县级行政区划的代码或名称")
    industry: str | None = Field(default=None, max_length=100, description="国民经济行业的代码或名称")
    staff: int | None = Field(default=None, ge=0, lt=10**9, strict=True, description="从业人员数")
    revenue: Yuan = Field(default=None, description="营业收入（元）")
    founded_on: Day = Field(default=None, description="成立日期")
    products: str | None = Field(default=None, max_length=2000, description="主要产品")
    contact: str | None = Field(default=None, max_length=500, description="联系人与联系方式")
    remark: str | None = Field(default=None, max_length=MAX_REMARK, description="备注")


class ConsentInput(Schema):
    """Whether a patentee agrees to the open licence."""

    holder: Name = Field(description="专利权人名称，或“全体专利权人”")
    consent: Agreement = Field(description="是否同意")
    on: Day = Field(default=None, description="表示同意或不同意的日期")


class FactInput(RecordInput):
    """A fact of use or evaluation of a patent."""

    model_config = {  # noqa: RUF012 - read once by the library
        "json_schema_extra": {
            "examples": [
                {
                    "kind": "许可",
                    "value": "普通",
                    "party": "示例储能装备有限公司",
                    "happened_on": "2025-03-18",
                    "ends_on": "2028-03-17",
                }
            ]
        }
    }

    kind: Event = Field(description="记录种类")
    happened_on: Day = Field(default=None, description="发生日、登记日或填报日")
    ends_on: Day = Field(default=None, description="约定的期满日")
    ended_on: Day = Field(default=None, description="实际终止日（注销、解除）；优先于期满日")
    value: str = Field(
        default="", max_length=100, description="取值：许可方式、质权人是否同意、报告结论、次数等"
    )
    party: str = Field(default="", max_length=300, description="相对方：被许可人、受让人、质权人等")
    note: str = Field(default="", max_length=2000, description="备注")
    source: str = Field(default="", max_length=300, description="来源，如登记簿名称")


class LicenceInput(RecordInput):
    """An open-licence declaration with its terms."""

    model_config = {  # noqa: RUF012 - read once by the library
        "json_schema_extra": {
            "examples": [
                {
                    "application_number": "202119900008.0",
                    "payment_form": "入门费加提成",
                    "fixed_fee": 30000,
                    "royalty_rate": 3,
                    "royalty_base": "净销售额",
                    "starts_on": "2026-01-01",
                    "ends_on": "2028-12-31",
                    "consents": [{"holder": "示例理工大学", "consent": "已同意", "on": "2025-11-20"}],
                    "contact": "示例理工大学技术转移中心，027-00000000",
                    "status": "草稿",
                }
            ]
        }
    }

    application_number: str = Field(min_length=1, max_length=40, description="申请号或专利号")
    payment_form: Payment = Field(description="许可使用费支付方式")
    fixed_fee: Yuan = Field(default=None, description="固定费用或入门费（元）")
    royalty_rate: Percent = Field(default=None, description="提成比例（%）")
    royalty_base: Base = Field(default=None, description="提成基数")
    instalments: int | None = Field(default=None, ge=2, le=120, strict=True, description="分期支付的期数")
    use_first_months: int | None = Field(
        default=None, ge=1, le=240, strict=True, description="先使用后付费：先使用的期限（月）"
    )
    fee_text: str = Field(default="", max_length=2000, description="许可使用费支付方式、标准（原文）")
    starts_on: Day = Field(default=None, description="许可期限起")
    ends_on: Day = Field(default=None, description="许可期限止")
    term_months: int | None = Field(
        default=None, ge=1, le=240, strict=True, description="许可期限的长度（月），未写明起止日期时填写"
    )
    region: str | None = Field(default=None, max_length=100, description="许可地域；缺省为全国")
    know_how: str = Field(default="", max_length=1000, description="技术指导或服务")
    contact: str = Field(default="", max_length=500, description="联系人与联系方式")
    consents: list[ConsentInput] = Field(
        default_factory=list, max_length=100, description="各专利权人是否同意；没有写到的按未知计"
    )
    report_number: str = Field(default="", max_length=100, description="专利权评价报告编号")
    report_on: Day = Field(default=None, description="专利权评价报告作出日")
    report_conclusion: Report = Field(default=None, description="专利权评价报告结论")
    declared_on: Day = Field(default=None, description="声明日")
    published_on: Day = Field(default=None, description="开放许可公告日")
    withdrawn_on: Day = Field(default=None, description="撤回声明公告日")
    remark: str = Field(default="", max_length=MAX_REMARK, description="备注")
    status: LicenceState = Field(
        default=None,
        description="声明状态；新登记的须填写，更新时缺省为不变（已公告的内容有改动即为已变更）",
    )

    def cells(self) -> dict[str, str | list[str] | None]:
        """The values by role; consents go beside them."""
        return {name: cell for name, cell in super().cells().items() if name != "consents"}

    def stated_consents(self) -> list[Consent]:
        """The consents as the catalogue takes them."""
        return [Consent.model_validate(consent.model_dump()) for consent in self.consents]


def classifier_of(session: Session) -> Classifier:
    """The classifier by the segment catalogue in use. Raises NotReady."""
    return Classifier(segments.segments_of(session, segments.catalogue(session)))


def record_of(
    kind: record_kinds.Kind[RecordT], data: RecordInput, classifier: Classifier, circumstances: Circumstances
) -> tuple[RecordT, list[str]]:
    """The validated record and what was corrected or left out. Raises InvalidFields."""
    fields = Fields(kind.name, data.cells(), circumstances)
    try:
        record = kind.build(fields, classifier)
    except RowError as error:
        raise InvalidFields([problem_of_cell(kind.name, error.field, error.value, error.reason)]) from error
    return record, [f"{note}：{example}" for note, example in fields.notes]


def problem_of_cell(kind: str, label: str, value: object, reason: str) -> FieldProblem:
    """The problem of a cell with the label of its role, under the field name of the request."""
    roles = vocabulary(kind).roles.values()
    name = next((role.name for role in roles if role.label == label), "")
    return FieldProblem(field=name, label=label or "记录", value=shown(value), reason=reason)
