"""Deals as callers of the interface write them, completed as a register's row would be: places, kinds of parties, numbers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationError

from catalog.deals.deals import CHINA, DealCreate, PartyRef
from catalog.kit.base import Schema
from catalog.kit.terms import DealKind, EvidenceKind, LicenceType, PaymentForm, PledgeConsent, StateLevel
from catalog.reference.places import PlaceNames
from ingestion.identifiers import application_number
from ingestion.identifiers.errors import InvalidIdentifier
from ingestion.records.deals import code_of, party_of
from ingestion.records.fields import Circumstances
from service.requests.field_problems import FieldProblem, InvalidFields, field_problems
from service.requests.filters import Day
from service.requests.types import Base, Name, Percent, Yuan, either, term

Kind = Annotated[DealKind, term(DealKind), either(DealKind, optional=False)]
Type = Annotated[LicenceType | None, term(LicenceType), either(LicenceType)]
Form = Annotated[PaymentForm | None, term(PaymentForm), either(PaymentForm)]
Consent = Annotated[PledgeConsent | None, term(PledgeConsent), either(PledgeConsent)]
Level = Annotated[StateLevel | None, term(StateLevel), either(StateLevel)]
Proof = Annotated[EvidenceKind, term(EvidenceKind), either(EvidenceKind, optional=False)]


class PartyInput(Schema):
    """A party as a caller writes it."""

    name: Name = Field(description="名称", examples=["示例理工大学"])
    credit_code: str | None = Field(default=None, max_length=40, description="统一社会信用代码")
    country: str = Field(default=CHINA, pattern="^[A-Z]{2}$", description="国家或地区代码（ISO 3166）")
    address: str = Field(default="", max_length=500, description="专利登记簿记载的地址；地区由此推断")
    province: str = Field(default="", max_length=50, description="省级行政区划的代码或名称")
    prefecture: str = Field(default="", max_length=50, description="地级行政区划的代码或名称")


class DealInput(Schema):
    """A deal as a caller writes it."""

    model_config = {  # noqa: RUF012 - read once by the library
        "json_schema_extra": {
            "examples": [
                {
                    "kind": "许可",
                    "licence_type": "普通",
                    "application_numbers": ["202119900008.0"],
                    "givers": [{"name": "示例理工大学", "address": "湖北省武汉市洪山区示例路1号"}],
                    "takers": [{"name": "示例新能源有限公司", "address": "湖北省宜昌市示例路2号"}],
                    "payment_form": "一次总付",
                    "contract_amount": 300000,
                    "signed_on": "2026-03-02",
                    "ends_on": "2029-03-01",
                    "three_party": True,
                    "broker": "示例知识产权服务有限公司",
                }
            ]
        }
    }

    code: str | None = Field(
        default=None, min_length=1, max_length=64, description="合同编号；缺省时自动编号"
    )
    kind: Kind = Field(description="交易种类")
    licence_type: Type = Field(default=None, description="许可方式；仅用于许可")
    application_numbers: list[Annotated[str, Field(min_length=1, max_length=40)]] = Field(
        min_length=1, max_length=500, description="专利申请号"
    )
    givers: list[PartyInput] = Field(
        min_length=1, max_length=50, description="出让方（许可方、出资方、出质人），第一专利权人在前"
    )
    takers: list[PartyInput] = Field(
        min_length=1, max_length=50, description="受让方（被许可方、被投资企业、质权人），第一专利权人在前"
    )
    payment_form: Form = Field(default=None, description="支付方式")
    contract_amount: Yuan = Field(default=None, description="合同金额（元）；质押为融资金额")
    royalty_rate: Percent = Field(default=None, description="提成比例（%）")
    royalty_base: Base = Field(default=None, description="提成基数")
    signed_on: Day = Field(description="签约日")
    starts_on: Day = Field(default=None, description="生效日；缺省为签约日")
    ends_on: Day = Field(default=None, description="许可或质押期限止")
    territory: str = Field(default="全国", max_length=100, description="许可地域")
    giver_level: Level = Field(default=None, description="出让方（第一位）为国有企业的，其层级")
    pledge_consent: Consent = Field(default=None, description="质权人是否同意开放许可；仅用于质押")
    three_party: bool = Field(default=False, strict=True, description="是否有专利服务机构参加的三方合同")
    broker: str = Field(default="", max_length=300, description="促成交易的专利服务机构")
    broker_credit_code: str | None = Field(
        default=None, max_length=40, description="专利服务机构的统一社会信用代码；资助上限按同一代码累计"
    )
    filing_number: str = Field(default="", max_length=64, description="国家知识产权局备案号或公告号")
    filed_on: Day = Field(default=None, description="备案日或公告日")
    note: str = Field(default="", max_length=2000, description="备注")


def deal_of(data: DealInput, circumstances: Circumstances) -> DealCreate:
    """The checked deal. Raises InvalidFields."""
    problems = []
    numbers = []
    for place, stated in enumerate(data.application_numbers):
        try:
            numbers.append(application_number.validate(stated, today=circumstances.today))
        except InvalidIdentifier as error:
            field = f"application_numbers.{place}"
            problems.append(FieldProblem(field=field, value=stated, reason=error.message))
    if data.signed_on is None:
        problems.append(FieldProblem(field="signed_on", value="", reason="缺少必填项"))
    if problems:
        raise InvalidFields(problems)
    values = data.model_dump(exclude={"application_numbers", "givers", "takers"})
    try:
        values["broker_credit_code"] = code_of(data.broker_credit_code)
    except InvalidIdentifier as error:
        stated = data.broker_credit_code or ""
        problem = FieldProblem(field="broker_credit_code", value=stated, reason=error.message)
        raise InvalidFields([problem]) from error
    try:
        return DealCreate(
            **values,
            application_numbers=numbers,
            givers=[_party(party, circumstances.places) for party in data.givers],
            takers=[_party(party, circumstances.places) for party in data.takers],
        )
    except ValidationError as error:
        raise InvalidFields(field_problems(error.errors())) from error


def _party(data: PartyInput, known: PlaceNames) -> PartyRef:
    try:
        return party_of(known=known, **data.model_dump())
    except InvalidIdentifier as error:
        problem = FieldProblem(field="credit_code", value=data.credit_code or "", reason=error.message)
        raise InvalidFields([problem]) from error
