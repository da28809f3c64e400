"""One patent record from the cells of a row: identity first, then dates, classes, holders, places."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Any

from catalog.kit.base import ClassRef
from catalog.kit.terms import LegalStatus, PatentKind
from catalog.supply.holders import HolderRef
from catalog.supply.patents import PatentCreate
from ingestion.errors import RowError
from ingestion.identifiers import application_number, ipc, locarno, publication_number
from ingestion.identifiers.errors import InvalidIdentifier, ScientificNotation
from ingestion.readers import citations
from ingestion.records import patent_facts
from ingestion.records.classification import NO_SEGMENT, Classifier, ipc_refs
from ingestion.records.fields import Fate, Fields, build
from ingestion.values import names
from ingestion.values.cells import Cell, content

RUINED = "申请号已被电子表格改写为科学计数法（如 2.02E+12），按公开（公告）号保存为缺申请号的草稿"
NO_CITATION = "不是专利题录，或缺少题名、专利号；应如：[1]示例大学. 题名[P]. 湖北：CN108467855A,2018-08-31."
_ADDRESS = re.compile(r"\d{6}(?=[\u4e00-\u9fff])([^()（）]*)")
_UNDEFINED = re.compile(r"[(（]undefined[)）]")
_BETWEEN_NUMBERS = re.compile(r"[;；,，、|\s]+(?=[A-Z]{2})")
_FOREIGN = re.compile(r"(?!CN|ZL|NO)[A-Z]{2}[\s.:-]*\d")
_CHINESE_OFFICE = re.compile(r"CN|中国|CHINA|国家知识产权局|CNIPA|SIPO")
FOREIGN = "不是中国专利文献，本系统只收中国专利"
_GRANTED_STAGES = {"grant", "partly_invalid"}
_SAYS_PUBLISHED = re.compile(r"申请|公布|公开")
# Statuses that only a granted patent can have; 失效 and 无权 are used for applications too.
_SAYS_GRANTED = re.compile(r"专利权|授权|授予|有权|有效|届满|年费")
APPLICATION_ONLY = "公开（公告）号为发明专利申请公布（A），所填授权日按公开日保存，不作为授权公告日"
_LETTER = re.compile(r"[A-DSUY]\d?")
_OF_GRANT = re.compile(r"授权|(?<![A-Z0-9])[BCUSY]\d?(?![A-Z0-9])")
_INTERNATIONAL = re.compile(r"\D*\d{4}\s?[89]")
_PUBLISHED_BY = 20 * 31
"""Days after filing by which an application is published: 18 months, and some time to print it."""
_SECOND_CLAIM = re.compile(r"(?<=[。；;\n])\s*2\s*[.．、]\s*(?=[一根如按权所])")
_KIND_WORDS = (
    ("外观", PatentKind.DESIGN),
    ("新型", PatentKind.UTILITY_MODEL),
    ("发明", PatentKind.INVENTION),
)
_KIND_CODES = {
    "1": PatentKind.INVENTION, "8": PatentKind.INVENTION, "a": PatentKind.INVENTION, "b": PatentKind.INVENTION,
    "2": PatentKind.UTILITY_MODEL, "9": PatentKind.UTILITY_MODEL, "u": PatentKind.UTILITY_MODEL,
    "3": PatentKind.DESIGN, "s": PatentKind.DESIGN,
    "invention": PatentKind.INVENTION, "utility_model": PatentKind.UTILITY_MODEL, "design": PatentKind.DESIGN,
}  # fmt: skip
# The first word that a status contains decides; the words of an end go before those of a right.
_STATUS_WORDS: tuple[tuple[str, LegalStatus], ...] = (
    ("部分无效", LegalStatus.PARTLY_INVALID), ("无效", LegalStatus.INVALIDATED),
    ("质押合同登记的注销", LegalStatus.IN_FORCE), ("质押登记注销", LegalStatus.IN_FORCE), ("质押", LegalStatus.PLEDGED),
    ("中止", LegalStatus.SUSPENDED), ("保全", LegalStatus.SUSPENDED), ("放弃", LegalStatus.ABANDONED),
    ("撤回", LegalStatus.WITHDRAWN),
    ("专利权的转移", LegalStatus.IN_FORCE), ("专利权授予", LegalStatus.IN_FORCE), ("实施许可合同备案", LegalStatus.IN_FORCE),
    ("撤销", LegalStatus.INVALIDATED), ("驳回", LegalStatus.REJECTED), ("届满", LegalStatus.EXPIRED),
    ("终止", LegalStatus.TERMINATED), ("失效", LegalStatus.TERMINATED), ("无权", LegalStatus.TERMINATED),
    ("宽限", LegalStatus.GRACE), ("欠费", LegalStatus.GRACE), ("滞纳", LegalStatus.GRACE), ("未缴年费", LegalStatus.TERMINATED),
    ("等待", LegalStatus.PENDING), ("授权", LegalStatus.IN_FORCE), ("有效", LegalStatus.IN_FORCE), ("有权", LegalStatus.IN_FORCE),
    ("维持", LegalStatus.IN_FORCE), ("审", LegalStatus.PENDING), ("公开", LegalStatus.PENDING), ("公布", LegalStatus.PENDING),
    ("受理", LegalStatus.PENDING), ("申请", LegalStatus.PENDING),
    # Lens, Derwent and the like
    ("inactive", LegalStatus.TERMINATED), ("lapsed", LegalStatus.TERMINATED), ("expired", LegalStatus.EXPIRED),
    ("discontinued", LegalStatus.WITHDRAWN), ("withdrawn", LegalStatus.WITHDRAWN), ("pending", LegalStatus.PENDING),
    ("active", LegalStatus.IN_FORCE), ("granted", LegalStatus.IN_FORCE),
)  # fmt: skip


def patent(fields: Fields, classifier: Classifier) -> PatentCreate:
    """The record. Raises RowError for invalid values; `fields.notes` lists what was corrected or left out."""
    _apply_citation(fields)
    title = fields.line("title")
    if not title:
        raise fields.error("title", "", "缺少专利名称")
    numbers = _publications(fields)
    number = _application_number(fields, numbers)
    kind = _kind(fields, number, numbers)
    dates = _dates(fields, kind, numbers)
    symbols, design_class = _symbols(fields)
    holders = _holders(fields)
    address = _address(fields)
    place = fields.place(address)
    for role in ("conversion", "asked_fee"):
        fields.keep(role)
    values = {
        "application_number": number,
        "title": title,
        "kind": kind,
        "abstract": fields.text("abstract"),
        "first_claim": _first_claim(fields.text("first_claim")),
        **dates,
        "expiry_date": fields.day("expiry_date", future=True),
        "legal_status": _status(fields),
        "legal_status_date": fields.day("legal_status_date"),
        "annuity_paid_until": fields.day("annuity_paid_until", future=True),
        "annuity_checked_on": fields.day("annuity_checked_on"),
        "locarno": design_class,
        "inventors": _people(fields),
        "agency": fields.line("agency") or None,
        "address": address or None,
        "province": place.province,
        "prefecture": place.prefecture,
        "county": place.county,
        "contact": fields.joined("contact") or None,
        "remark": fields.joined("remark") or None,
        "holders": holders,
        "publications": _references(numbers, dates),
        "classes": _classes(fields, classifier, symbols),
        "facts": patent_facts.of_patent(fields),
    }
    # An empty value takes as long to check as any other.
    return build(PatentCreate, fields, {name: value for name, value in values.items() if value})


def _first_claim(claims: str) -> str:
    """The claims up to the second one."""
    return _SECOND_CLAIM.split(claims, maxsplit=1)[0] if claims else ""


def _apply_citation(fields: Fields) -> None:
    """Take the parts of a citation for the roles that have no cell of their own."""
    if fields.get("citation") is None or not (cited := fields.text("citation")):
        return
    parts = citations.parse(cited)
    if parts is None:
        if fields.get("title") is None:
            raise fields.error("citation", cited, NO_CITATION)
        fields.leave("citation", "引文无法识别，已略去", cited)
        return
    for role, value in parts.items():
        fields.put(role, value)


def _publications(fields: Fields) -> list[str]:
    """Canonical publication numbers of the row; those that are none are noted, foreign ones reject the row."""
    found: list[str] = []
    cells = fields.all("publication_number")
    for item in (item for cell in cells for item in _BETWEEN_NUMBERS.split(content(cell)) if item):
        if _FOREIGN.match(item.upper()):
            raise fields.error("publication_number", item, f"“{item[:30]}”{FOREIGN}")
        try:
            number, warnings = publication_number.check(_lettered(fields, item))
        except InvalidIdentifier as error:
            fields.leave("publication_number", "公开（公告）号无法识别，已略去", error.message)
            continue
        found.append(number)
        for warning in warnings:
            fields.note("公开（公告）号有疑点，请核对", warning)
    if found:
        fields.fates.pop("publication_number", None)
    return list(dict.fromkeys(found))


def _lettered(fields: Fields, stated: str) -> str:
    """A publication number with the kind code that stands in a column of its own."""
    code = fields.line("kind").upper() if stated[-1].isdigit() else ""
    return f"{stated}{code}" if _LETTER.fullmatch(code) else stated


def _application_number(fields: Fields, publications: list[str]) -> str | None:
    """The canonical application number, None for a draft; a publication number in its place is moved."""
    valid, wrong = _numbers(fields, publications)
    if len(set(valid)) > 1:
        raise fields.error("application_number", "、".join(valid), "同一行的申请号与专利号不一致")
    if valid:
        if wrong:
            fields.note("同一行的另一个申请号有误，采用正确的一个", wrong.message)
        return valid[0]
    if isinstance(wrong, ScientificNotation) and publications:
        fields.leave("application_number", RUINED, fields.get("application_number"))
    elif wrong:
        _refuse_foreign(fields, "application_number")
        raise fields.error("application_number", fields.get("application_number"), str(wrong))
    elif not publications:
        _refuse_foreign(fields, "office")
    return None


def _numbers(fields: Fields, publications: list[str]) -> tuple[list[str], InvalidIdentifier | None]:
    """The valid application numbers of the row, and the fault of an invalid one."""
    valid: list[str] = []
    wrong: InvalidIdentifier | None = None
    for cell in fields.all("application_number"):
        if not content(cell):
            continue
        stated = cell if isinstance(cell, (str, float, int)) else str(cell)
        try:
            valid.append(application_number.validate(stated, today=fields.today))
        except InvalidIdentifier as error:
            ruined = isinstance(error, ScientificNotation)
            if ruined or not _moved(fields, str(cell), publications):
                wrong = error if wrong is None or isinstance(wrong, ScientificNotation) else wrong
    return valid, wrong


def _moved(fields: Fields, stated: str, publications: list[str]) -> bool:
    """Whether the number is that of a publication; then it goes to the others."""
    if not publication_number.is_valid(stated):
        return False
    publications.append(publication_number.validate(stated))
    fields.note("申请号一栏填的是公开（公告）号，按公开号保存", stated)
    return True


def _refuse_foreign(fields: Fields, role: str) -> None:
    """Refuse the document of another office (US 16/123456, Jurisdiction: US). Raises RowError."""
    stated = fields.line(role)
    if _FOREIGN.match(stated.upper()) or (
        role == "office" and stated and not _CHINESE_OFFICE.search(stated.upper())
    ):
        raise fields.error(role, stated, f"“{stated[:30]}”{FOREIGN}")


def _kind(fields: Fields, number: str | None, publications: list[str]) -> PatentKind | None:
    by_number = PatentKind(application_number.kind_of(number)) if number else None
    if by_number is None:
        kinds = map(publication_number.kind_of, publications)
        by_number = next((PatentKind(kind) for kind in kinds if kind), None)
    stated = _stated_kind(fields)
    if by_number and stated and stated is not by_number:
        fields.note("专利类型与号码不符，以号码为准", f"{fields.line('kind')}：{number or publications[0]}")
    return by_number or stated


def _stated_kind(fields: Fields) -> PatentKind | None:
    stated = fields.line("kind").lower()
    if not stated:
        return None
    found = _KIND_CODES.get(stated if len(stated) > 2 else stated[:1]) or next(
        (kind for word, kind in _KIND_WORDS if word in stated), None
    )
    if found is None:
        fields.leave("kind", "专利类型无法识别，已略去", stated)
    return found


def _dates(fields: Fields, kind: PatentKind | None, publications: list[str]) -> dict[str, date | None]:
    """Filing, publication and grant; kind of patent, kind code and status decide which event a date belongs to."""
    filed, published, granted = (
        fields.day(role) for role in ("filing_date", "publication_date", "grant_date")
    )
    either = fields.day("publication_or_grant_date")
    if either:
        if _tells_of_grant(fields, kind, publications, either):
            granted = granted or either
        else:
            published = published or either
    if granted and not published and _stages(publications, granted) == {"application"}:
        fields.note(APPLICATION_ONLY, f"{publications[0]}，{granted}")
        granted, published = None, granted
    elif published and not granted and _is_of_grant(fields, publications, published, filed):
        granted, published = published, None
    if kind in (PatentKind.UTILITY_MODEL, PatentKind.DESIGN):
        # They are published only once, with the grant.
        published, granted = published or granted, granted or published
    dates = {"filing_date": filed, "publication_date": published, "grant_date": granted}
    for role, day in dates.items():
        if filed and day and day < filed:
            fields.keep(role, str(day))
            fields.unread(role, f"{fields.label(role)} {day} 早于申请日 {filed}")
            dates[role] = None
    return dates


def _tells_of_grant(fields: Fields, kind: PatentKind | None, publications: list[str], day: date) -> bool:
    """Whether a date of publication or grant is that of the grant; an invention without more is taken as published."""
    if kind in (PatentKind.UTILITY_MODEL, PatentKind.DESIGN):
        return True
    if stages := _stages(publications, day) - {"unknown"}:
        return bool(stages & _GRANTED_STAGES)
    if _SAYS_PUBLISHED.search(fields.joined("kind")):
        return False
    return bool(_SAYS_GRANTED.search(f"{fields.joined('kind')} {fields.line('legal_status')}"))


def _is_of_grant(fields: Fields, publications: list[str], published: date, filed: date | None) -> bool:
    """Whether what is called a date of publication is that of the grant: the number is, and the row is of that document.

    It is where the kind code says so, or where the application must have been published before (专利法 34; international
    ones are published later).
    """
    stages = _stages(publications, published)
    if not stages or stages - _GRANTED_STAGES:
        return False
    is_international = _INTERNATIONAL.match(fields.line("application_number"))
    late = filed is not None and not is_international and (published - filed).days > _PUBLISHED_BY
    return late or bool(_OF_GRANT.search(fields.joined("kind").upper()))


def _stages(publications: list[str], day: date) -> set[str]:
    return {publication_number.stage_of(number, day) for number in publications}


def _references(numbers: list[str], dates: dict[str, date | None]) -> list[dict[str, Any]]:
    """The publications; made with the record they take half the time that they take alone."""
    grant, published = dates["grant_date"], dates["publication_date"]
    return [
        {
            "number": number,
            "body": publication_number.body_of(number),
            "published_on": grant
            if grant and publication_number.stage_of(number, grant) in _GRANTED_STAGES
            else published,
        }
        for number in dict.fromkeys(numbers)
    ]


def _symbols(fields: Fields) -> tuple[list[str], str | None]:
    """Canonical IPC symbols, main one first, and the Locarno class; anything else is reported and left out."""
    symbols: list[str] = []
    classes: list[str] = []
    for role in ("main_ipc", "ipc", "locarno"):
        known = len(symbols) + len(classes)
        wrong = [item for cell in fields.all(role) for item in _not_taken(cell, symbols, classes)]
        for item in wrong:
            fields.note("分类号无法识别，已略去", item)
        if wrong and known == len(symbols) + len(classes):
            fields.fates[role] = Fate.UNREAD
    return list(dict.fromkeys(symbols)), ";".join(dict.fromkeys(classes))[:11].strip(";") or None


def _not_taken(cell: Cell, symbols: list[str], classes: list[str]) -> list[str]:
    """The part of a cell that is no class; the classes are added to their lists."""
    raw = cell if isinstance(cell, str) else content(cell)
    wrong = []
    for item in ipc.split(_UNDEFINED.sub(";", raw) if "undefined" in raw else raw):
        if symbol := _symbol(item):
            symbols.append(symbol)
        elif found := [locarno.validate(part) for part in locarno.split(item) if locarno.is_valid(part)]:
            classes += found
        else:
            wrong.append(item)
    return wrong


@lru_cache(maxsize=131_072)
def _symbol(item: str) -> str | None:
    """The canonical IPC symbol, None for an invalid one."""
    try:
        return ipc.validate(item)
    except InvalidIdentifier:
        return None


def _classes(fields: Fields, classifier: Classifier, symbols: list[str]) -> list[ClassRef]:
    stated = fields.codes("segments", classifier.segment_code, NO_SEGMENT)
    return [*ipc_refs(symbols), *classifier.classify(symbols, fields.industries("industries"), stated)]


def _holders(fields: Fields) -> list[HolderRef]:
    refs = []
    for role in ("holders", "co_holders"):
        try:
            refs += names.holders(fields.get(role))
        except RowError as error:
            fields.unread(role, error.reason)
    return list({ref.name: ref for ref in refs}.values())


def _people(fields: Fields) -> list[str]:
    """Names of inventors in their order; what is too long for a name is left out."""
    found = names.split(fields.get("inventors"))
    short = [name for name in found if len(name) <= names.MAX_NAME]
    if found and not short:
        fields.leave("inventors", f"发明人名称超过 {names.MAX_NAME} 个字，已略去", found[0])
    return short


def _address(fields: Fields) -> str:
    """The address; failing that, the one that some databases append to the name of the holder."""
    stated = fields.line("address")
    if stated:
        return stated
    tails = (_ADDRESS.search(content(cell)) for cell in fields.all("holders"))
    return next((tail[0].strip() for tail in tails if tail), "")


def _status(fields: Fields) -> LegalStatus | None:
    for cell in fields.all("legal_status"):
        stated = content(cell)
        folded = stated.lower()
        found = next((status for word, status in _STATUS_WORDS if word in folded), None)
        found = next((member for member in LegalStatus if stated in (member.label, member.value)), found)
        if found:
            return found
        if stated:
            fields.keep("legal_status", stated)
            fields.note("法律状态无法识别，原文记入备注", stated)
    return None
