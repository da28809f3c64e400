"""Records of needs, enterprises and open-licence declarations from the cells of a row."""

from __future__ import annotations

import re
from datetime import date

from catalog.enterprises import EnterpriseCreate
from catalog.licences import LicenceCreate
from catalog.needs import NeedCreate
from catalog.terms import Cooperation, LicenceStatus, NeedStatus, PaymentForm, RoyaltyBase
from ingestion import places
from ingestion.classification import Classifier
from ingestion.fields import Fields, build
from ingestion.identifiers import application_number, credit_code
from ingestion.identifiers.errors import InvalidIdentifier
from ingestion.values import parse_amount, parse_count, parse_date, parse_month, parse_rate

TITLE_LENGTH = 60

_COOPERATION = (
    ("开发", Cooperation.JOINT), ("研发", Cooperation.JOINT), ("攻关", Cooperation.JOINT), ("转让", Cooperation.TRANSFER),
    ("购买", Cooperation.TRANSFER), ("许可", Cooperation.LICENCE), ("股", Cooperation.EQUITY),
)  # fmt: skip
_PAYMENT = (
    ("免费", PaymentForm.FREE), ("无偿", PaymentForm.FREE), ("先使用", PaymentForm.USE_FIRST), ("先用", PaymentForm.USE_FIRST),
    ("入门费", PaymentForm.ENTRY_AND_ROYALTY), ("提成", PaymentForm.ROYALTY), ("分期", PaymentForm.INSTALMENTS),
    ("一次", PaymentForm.LUMP_SUM), ("固定", PaymentForm.LUMP_SUM),
)  # fmt: skip
_PERIOD = re.compile(r"(.*\d.*?)\s*(?:至|到|~|～|—+|–|\s-\s)\s*(.*\d.*)")


def need(fields: Fields, classifier: Classifier) -> NeedCreate:
    """A need (技术需求). Raises RowError."""
    title, text = fields.line("title"), fields.text("text")
    if not (title or text):
        raise fields.error("text", "", "缺少需求名称和需求描述")
    place = places.combine(fields.line("province"), fields.line("prefecture"), fields.line("address"))
    industries = fields.industries("industry")
    return build(
        NeedCreate,
        fields,
        {
            "code": fields.line("code") or None,
            "title": title or _first_sentence(text),
            "text": text or title,
            "enterprise_name": fields.line("enterprise") or None,
            "industry": industries[0] if industries else None,
            "province": place.province,
            "prefecture": place.prefecture,
            "budget": fields.parsed("budget", parse_amount, fields.units.get("budget", 1)),
            "cooperation": _cooperation(fields),
            "status": _need_status(fields),
            "published_on": fields.parsed("published_on", parse_date),
            "closes_on": fields.parsed("closes_on", parse_date),
            "classes": classifier.classify([], industries, _segments(fields, classifier)),
        },
    )


def _first_sentence(text: str) -> str:
    return re.split(r"[。；！？\n]", text, maxsplit=1)[0][:TITLE_LENGTH]


def _segments(fields: Fields, classifier: Classifier) -> list[str]:
    codes = []
    for item in fields.items("segments"):
        code = classifier.segment_code(item)
        if code:
            codes.append(code)
        else:
            fields.note("产业细分领域不在产业目录中，已略去", item)
    return codes


def _cooperation(fields: Fields) -> Cooperation:
    """The one form of cooperation that is named; several, or none, leave it open."""
    stated = fields.line("cooperation")
    exact = next((form for form in Cooperation if stated in (form.label, form.value)), None)
    found = {form for word, form in _COOPERATION if word in stated}
    return exact or (found.pop() if len(found) == 1 else Cooperation.ANY)


def _need_status(fields: Fields) -> NeedStatus:
    stated = fields.line("status")
    if not stated:
        return NeedStatus.OPEN
    if re.search(r"关闭|结束|终止|撤|过期|已解决", stated):
        return NeedStatus.CLOSED
    if re.search(r"已对接|对接成功|已匹配", stated):
        return NeedStatus.MATCHED
    return next((status for status in NeedStatus if stated in (status.label, status.value)), NeedStatus.OPEN)


def enterprise(fields: Fields) -> EnterpriseCreate:
    """An enterprise (企业). Raises RowError; a doubtful credit code is noted, not rejected."""
    name = fields.line("name")
    if not name:
        raise fields.error("name", "", "缺少企业名称")
    place = places.combine(fields.line("province"), fields.line("prefecture"), fields.line("address"))
    industries = fields.industries("industry")
    return build(
        EnterpriseCreate,
        fields,
        {
            "name": name,
            "credit_code": _credit_code(fields),
            "titles": fields.items("titles"),
            "province": place.province,
            "prefecture": place.prefecture,
            "address": fields.line("address") or None,
            "industry": industries[0] if industries else None,
            "staff": fields.parsed("staff", parse_count),
            "revenue": fields.parsed("revenue", parse_amount, fields.units.get("revenue", 1)),
            "founded_on": fields.parsed("founded_on", parse_month),
            "products": fields.text("products") or None,
        },
    )


def _credit_code(fields: Fields) -> str | None:
    stated = fields.line("credit_code")
    if not stated:
        return None
    try:
        code, warnings = credit_code.check(stated)
    except InvalidIdentifier as error:
        raise fields.error("credit_code", stated, str(error)) from error
    for warning in warnings:
        fields.note("统一社会信用代码有疑点，请核对", warning)
    return code


def licence(fields: Fields) -> LicenceCreate:
    """An open-licence declaration (开放许可声明). Raises RowError."""
    starts_on, ends_on = _period(fields)
    return build(
        LicenceCreate,
        fields,
        {
            "application_number": _number(fields),
            "payment_form": _payment(fields),
            "fixed_fee": fields.parsed("fixed_fee", parse_amount, fields.units.get("fixed_fee", 1)),
            "royalty_rate": fields.parsed("royalty_rate", parse_rate),
            "royalty_base": _royalty_base(fields),
            "fee_text": fields.text("fee_text"),
            "starts_on": starts_on,
            "ends_on": ends_on,
            "region": fields.line("region") or "全国",
            "know_how": fields.text("know_how"),
            "declared_on": fields.day("declared_on"),
            "status": _licence_status(fields),
        },
    )


def _number(fields: Fields) -> str:
    stated = fields.get("application_number")
    if stated is None:
        raise fields.error("application_number", "", "缺少申请号或专利号")
    try:
        return application_number.validate(stated if isinstance(stated, (str, float, int)) else str(stated))
    except InvalidIdentifier as error:
        raise fields.error("application_number", stated, str(error)) from error


def _payment(fields: Fields) -> PaymentForm:
    """The form stated in its own column, else in the text of the fee."""
    stated = fields.line("payment_form")
    exact = next((form for form in PaymentForm if stated in (form.label, form.value)), None)
    said = stated or fields.line("fee_text")
    found = exact or next((form for word, form in _PAYMENT if word in said), None)
    if found is None:
        raise fields.error(
            "payment_form", said, "支付方式无法识别，可填：" + "、".join(form.label for form in PaymentForm)
        )
    return found


def _royalty_base(fields: Fields) -> RoyaltyBase | None:
    stated = fields.line("royalty_base") or (
        fields.line("fee_text") if fields.get("royalty_rate") is not None else ""
    )
    if "利润" in stated:
        return RoyaltyBase.PROFIT
    return RoyaltyBase.NET_SALES if re.search(r"销售|营业收入|net_sales", stated) else None


def _period(fields: Fields) -> tuple[date | None, date | None]:
    """Start and end of the licence, from two columns or from one ("2025-01-01 至 2027-12-31")."""
    starts_on, ends_on = fields.parsed("starts_on", parse_date), fields.parsed("ends_on", parse_date)
    stated = fields.line("period")
    if stated and not (starts_on and ends_on):
        match = _PERIOD.fullmatch(stated)
        if match is None:
            raise fields.error("period", stated, "许可期限应写成 2025-01-01 至 2027-12-31")
        try:
            return starts_on or parse_date(match[1]), ends_on or parse_date(match[2])
        except ValueError as error:
            raise fields.error("period", stated, str(error)) from error
    return starts_on, ends_on


def _licence_status(fields: Fields) -> LicenceStatus:
    stated = fields.line("status")
    if not stated:
        return LicenceStatus.PUBLISHED
    for word, status in (("撤", LicenceStatus.WITHDRAWN), ("届满", LicenceStatus.EXPIRED), ("草", LicenceStatus.DRAFT),
                         ("变更", LicenceStatus.CHANGED), ("公告", LicenceStatus.PUBLISHED)):  # fmt: skip
        if word in stated:
            return status
    exact = next((status for status in LicenceStatus if stated == status.value), None)
    if exact is None:
        raise fields.error(
            "status", stated, "状态无法识别，可填：" + "、".join(status.label for status in LicenceStatus)
        )
    return exact
