"""Records of needs and enterprises from the cells of a row."""

from __future__ import annotations

import re

from catalog.demand.enterprises import EnterpriseCreate
from catalog.demand.needs import NeedCreate
from catalog.kit.terms import Cooperation, NeedStatus
from ingestion.identifiers import credit_code
from ingestion.identifiers.errors import InvalidIdentifier
from ingestion.records.classification import NO_SEGMENT, Classifier
from ingestion.records.fields import Fields, build
from ingestion.values.places import Place
from ingestion.values.values import parse_count, parse_month

TITLE_LENGTH = 60
MAX_NAME, MAX_ADDRESS = 300, 500
_OPEN_COOPERATION = re.compile(r"不限|均可|都可|皆可|任意|面议|面谈|洽谈|协商|其他|多种|灵活|待定")

_COOPERATION = (
    ("开发", Cooperation.JOINT), ("研发", Cooperation.JOINT), ("攻关", Cooperation.JOINT), ("转让", Cooperation.TRANSFER),
    ("购买", Cooperation.TRANSFER), ("许可", Cooperation.LICENCE), ("股", Cooperation.EQUITY),
)  # fmt: skip


def need(fields: Fields, classifier: Classifier) -> NeedCreate:
    """A need (技术需求). Raises RowError."""
    title, text = fields.line("title"), fields.text("text")
    if not (title or text):
        raise fields.error("text", "", "缺少需求名称和需求描述")
    place = fields.place(fields.line("address"))
    industries = fields.industries("industry")
    firm = _firm(fields, place)
    fields.keep("requirements")
    return build(
        NeedCreate,
        fields,
        {
            "code": fields.line("code") or None,
            "external_id": fields.line("external_id") or None,
            "title": title or _first_sentence(text),
            "text": text or title,
            "enterprise_name": firm.name if firm else None,
            "firm": firm,
            "industry": industries[0] if industries else None,
            "province": place.province,
            "prefecture": place.prefecture,
            "county": place.county,
            "budget": fields.amount("budget"),
            "cooperation": _cooperation(fields),
            "status": _need_status(fields),
            "published_on": fields.day("published_on", future=True),
            "closes_on": fields.deadline("closes_on"),
            "contact": fields.joined("contact") or None,
            "remark": fields.joined("remark") or None,
            "classes": classifier.classify(
                [], industries, fields.codes("segments", classifier.segment_code, NO_SEGMENT)
            ),
        },
    )


def _firm(fields: Fields, place: Place) -> EnterpriseCreate | None:
    """The enterprise that states the need, with the details of it in the form."""
    name = fields.line("enterprise")[:MAX_NAME]
    if not name:
        for role in ("credit_code", "titles", "address"):
            fields.keep(role, is_read=role == "address" and place.depth > 0)
        return None
    return EnterpriseCreate(
        name=name,
        credit_code=_credit_code(fields),
        titles=fields.items("titles"),
        province=place.province,
        prefecture=place.prefecture,
        county=place.county,
        address=fields.line("address")[:MAX_ADDRESS] or None,
    )


def _first_sentence(text: str) -> str:
    return re.split(r"[。；！？\n]", text, maxsplit=1)[0][:TITLE_LENGTH]


def _cooperation(fields: Fields) -> Cooperation:
    """The one form of cooperation that is named; several, or none, leave it open."""
    stated = fields.line("cooperation")
    exact = next((form for form in Cooperation if stated in (form.label, form.value)), None)
    found = {form for word, form in _COOPERATION if word in stated}
    if stated and not (exact or found or _OPEN_COOPERATION.search(stated)):
        fields.unread("cooperation", f"“{stated[:40]}”：合作方式无法识别")
    return exact or (found.pop() if len(found) == 1 else Cooperation.ANY)


def _need_status(fields: Fields) -> NeedStatus:
    stated = fields.line("status")
    if not stated:
        return NeedStatus.OPEN
    if re.search(r"关闭|结束|终止|撤|过期|已解决", stated):
        return NeedStatus.CLOSED
    if re.search(r"已对接|对接成功|已匹配", stated):
        return NeedStatus.MATCHED
    exact = next((status for status in NeedStatus if stated in (status.label, status.value)), None)
    if exact is None and not re.search(r"征集|发布|有效|进行|开放|未解决|待", stated):
        fields.unread("status", f"“{stated[:40]}”：需求状态无法识别，按征集中保存")
    return exact or NeedStatus.OPEN


def enterprise(fields: Fields) -> EnterpriseCreate:
    """An enterprise (企业). Raises RowError; a doubtful credit code is noted, not rejected."""
    name = fields.line("name")
    if not name:
        raise fields.error("name", "", "缺少企业名称")
    place = fields.place(fields.line("address"))
    industries = fields.industries("industry")
    if len(industries) > 1:  # an enterprise has one
        fields.keep("industry", is_read=True)
    return build(
        EnterpriseCreate,
        fields,
        {
            "name": name,
            "credit_code": _credit_code(fields),
            "former_names": fields.items("former_names"),
            "titles": fields.items("titles"),
            "province": place.province,
            "prefecture": place.prefecture,
            "county": place.county,
            "address": fields.line("address") or None,
            "industry": industries[0] if industries else None,
            "staff": fields.parsed("staff", parse_count),
            "revenue": fields.amount("revenue"),
            "founded_on": fields.parsed("founded_on", parse_month),
            "products": fields.text("products") or None,
            "contact": fields.joined("contact") or None,
            "remark": fields.joined("remark") or None,
        },
    )


def _credit_code(fields: Fields) -> str | None:
    stated = fields.line("credit_code")
    if not stated:
        return None
    try:
        code, warnings = credit_code.check(stated)
    except InvalidIdentifier as error:
        fields.unread("credit_code", str(error))
        return None
    for warning in warnings:
        fields.note("统一社会信用代码有疑点，请核对", warning)
    return code
