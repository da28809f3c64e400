"""Detectors: recognise a column by its values, independent of its name.

Each detector tests one value; a column is rated by the share of its values that a detector accepts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from catalog.kit.terms import HolderKind
from catalog.reference.places import shipped
from ingestion.identifiers import application_number, publication_number
from ingestion.readers.citations import looks_like
from ingestion.values import names, places
from ingestion.values.cells import Cell, is_blank, text
from ingestion.values.values import parse_date

_APPLICATION = re.compile(
    r"(?:CN|ZL)?-?(?:(?:19|20)\d{2}[12389]\d{7}|(?:8[5-9]|9\d|0[0-3])[12389]\d{5})(?:\.?[0-9X])?(?:\.0)?(?:-?[A-Z])?|\d(?:\.\d+)?E\+?1[0-3]"
)
# Of any office: foreign documents are refused one by one, under the column that they belong to.
_PUBLICATION = re.compile(r"CN-?\d{7,9}-?[A-DSUY]\d?|(?!CN|ZL)[A-Z]{2}-?\d{4,}-?[A-Z]\d?")
_DIGITS = re.compile(r"\d{4}")
_IPC = re.compile(r"[A-H]\d{2}[A-Z]\s*\d{1,4}/\d{2,6}")
_LOCARNO = re.compile(r"(?:LOC\S*?)?[0-3]\d-\d{2}(?:\D.*)?")
_CREDIT = re.compile(r"[0-9A-HJ-NP-RTUWXY]{2}\d{6}[0-9A-HJ-NP-RTUWXY]{10}")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_KINDS = re.compile(r"(?:中国)?(?:发明|实用新型|外观设计|外观|新型)(?:专利|申请|授权|公开)?(?:专利)?")
_STATUS = re.compile(
    r"有权|有效|授权|无权|失效|审中|实审|实质审查|公开|终止|届满|驳回|撤回|放弃|质押|专利权维持|申请|未缴年费|在审|权利终止|受理"
)
_SENTENCE = re.compile(r"[。；！？]")
_ORGANISATIONS = {
    HolderKind.UNIVERSITY,
    HolderKind.INSTITUTE,
    HolderKind.HOSPITAL,
    HolderKind.STATE_OWNED,
    HolderKind.COMPANY,
}


def _compact(value: Cell) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text(value))).upper()


def is_application_number(value: Cell) -> bool:
    """An application number, possibly with a wrong check digit or ruined by a spreadsheet; no compact date."""
    found = _compact(value)
    if _APPLICATION.fullmatch(found):
        return not (_PUBLICATION.fullmatch(found) or (len(found) == 8 and is_date(found)))
    return bool(_DIGITS.search(found)) and len(found) <= 60 and application_number.is_valid(found)


def is_publication_number(value: Cell) -> bool:
    """A publication number with kind code, of any office."""
    found = _compact(value)
    if not _DIGITS.search(found) or len(found) > 60:
        return False
    return bool(_PUBLICATION.fullmatch(found)) or (found[-1:] > "9" and publication_number.is_valid(found))


def is_date(value: Cell) -> bool:
    """A day between 1900 and 2100."""
    if isinstance(value, bool):
        return False
    try:
        day = parse_date(value)
    except ValueError:
        return False
    return day is not None and 1900 <= day.year <= 2100


def is_ipc(value: Cell) -> bool:
    """A cell that begins with an IPC symbol."""
    return bool(_IPC.match(_compact(value)))


def is_locarno(value: Cell) -> bool:
    """A cell that begins with a Locarno class; no date."""
    return bool(_LOCARNO.fullmatch(text(value).upper())) and not is_date(value)


def is_credit_code(value: Cell) -> bool:
    """A unified social credit code."""
    return bool(_CREDIT.fullmatch(_compact(value)))


def is_kind(value: Cell) -> bool:
    """A kind of patent."""
    return bool(_KINDS.fullmatch(text(value)))


def is_status(value: Cell) -> bool:
    """A legal status: one of its words in a short cell."""
    found = text(value)
    return len(found) <= 12 and bool(_STATUS.match(found))


def is_organisation(value: Cell) -> bool:
    """Names of organisations, first one decides."""
    found = names.split(value)
    return bool(found) and len(found[0]) <= 60 and names.kind_of(found[0])[0] in _ORGANISATIONS


def is_people(value: Cell) -> bool:
    """Names of persons and nothing else."""
    found = [name for part in names.split(value) for name in part.split()]
    return bool(found) and all(names.kind_of(name)[0] is HolderKind.PERSON for name in found)


def is_address(value: Cell) -> bool:
    """An address in a known region."""
    found = text(value)
    return (
        6 <= len(found) <= 120
        and not is_organisation(found)
        and places.locate(found, shipped()).province is not None
    )


def is_place(value: Cell) -> bool:
    """The name of a prefecture or county, and nothing else."""
    found = text(value)
    return (
        2 <= len(found) <= 20
        and bool(_CHINESE.match(found))
        and not is_organisation(found)
        and places.locate(found, shipped()).prefecture is not None
    )


def is_claim(value: Cell) -> bool:
    """The text of a claim."""
    found = text(value)
    return len(found) >= 20 and "特征" in found and not found.startswith("本")


def is_long_text(value: Cell) -> bool:
    """A paragraph."""
    found = text(value)
    return (len(found) >= 40 and "。" in found) or (
        len(found) >= 60 and bool(_SENTENCE.search(found) or "，" in found)
    )


def is_title(value: Cell) -> bool:
    """A short Chinese phrase that is no name, date, number or sentence."""
    found = text(value)
    return (
        4 <= len(found) <= 100
        and len(_CHINESE.findall(found)) >= 2
        and not _SENTENCE.search(found)
        and not (
            is_people(found)
            or is_organisation(found)
            or is_status(found)
            or is_kind(found)
            or is_address(found)
        )
    )


def is_number(value: Cell) -> bool:
    """A bare number."""
    return not is_blank(value) and bool(re.fullmatch(r"-?\d+(?:\.\d+)?%?", text(value)))


def is_citation(value: Cell) -> bool:
    """A citation of a patent."""
    return looks_like(text(value))


def share(detector: Callable[[Cell], bool], values: Sequence[Cell]) -> float:
    """The share of the values that are not blank and that the detector accepts; 0 where all are blank."""
    found = [value for value in values if not is_blank(value)]
    return sum(map(detector, found)) / len(found) if found else 0.0
