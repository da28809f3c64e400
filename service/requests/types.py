"""Types of fields that several requests share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from catalog.kit.money import cents
from catalog.kit.terms import (
    Band,
    Conclusion,
    ConflictStatus,
    Cooperation,
    Decision,
    FactKind,
    LegalStatus,
    LicenceStatus,
    NeedStatus,
    OwnerConsent,
    PatentKind,
    PaymentForm,
    RoyaltyBase,
    Term,
)
from ingestion.identifiers import ipc, locarno
from ingestion.identifiers.errors import InvalidIdentifier
from ingestion.kinds.kinds import KIND_NAMES


class ImportKind(Term):
    """Kinds of records that can be imported, as a choice."""

    vars().update({name.upper(): (name, label) for name, label in KIND_NAMES.items()})


class BulkMode(Term):
    """The ways in which a record is taken whose key a stored one has: that is brought up to date, or it is refused."""

    UPSERT = "upsert", "已有的更新"
    CREATE = "create", "已有的退回"


def term(terms: type[Term]) -> BeforeValidator:
    """Reads a stored value or its Chinese label."""
    return BeforeValidator(lambda value: terms.parse(value) if isinstance(value, str) else value)


def either(terms: type[Term], *, optional: bool = True) -> WithJsonSchema:
    """The form of `term` in the document of the interface."""
    allowed: list[str | None] = [text for member in terms for text in (member.value, member.label)]
    return WithJsonSchema({"enum": [*allowed, None] if optional else allowed})


def _amount(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("应为数字")
    return value


def _identifier(validate: Callable[[str], str]) -> AfterValidator:
    def check(value: str) -> str:
        try:
            return validate(value)
        except InvalidIdentifier as error:
            raise ValueError(error.message) from error

    return AfterValidator(check)


Kind = Annotated[PatentKind | None, term(PatentKind), either(PatentKind)]


Status = Annotated[LegalStatus | None, term(LegalStatus), either(LegalStatus)]


Wanted = Annotated[Cooperation | None, term(Cooperation), either(Cooperation)]


NeedState = Annotated[NeedStatus | None, term(NeedStatus), either(NeedStatus)]


Payment = Annotated[PaymentForm, term(PaymentForm), either(PaymentForm, optional=False)]


PaymentState = Annotated[PaymentForm | None, term(PaymentForm), either(PaymentForm)]


Base = Annotated[RoyaltyBase | None, term(RoyaltyBase), either(RoyaltyBase)]


Report = Annotated[Conclusion | None, term(Conclusion), either(Conclusion)]


Agreement = Annotated[OwnerConsent, term(OwnerConsent), either(OwnerConsent, optional=False)]


LicenceState = Annotated[LicenceStatus | None, term(LicenceStatus), either(LicenceStatus)]


ConflictState = Annotated[ConflictStatus | None, term(ConflictStatus), either(ConflictStatus)]


Chosen = Annotated[Decision, term(Decision), either(Decision, optional=False)]


Event = Annotated[FactKind, term(FactKind), either(FactKind, optional=False)]


Yuan = (
    Annotated[
        Decimal, Field(ge=0, lt=10**15, decimal_places=2), BeforeValidator(_amount), AfterValidator(cents)
    ]
    | None
)


LeastBand = Annotated[
    Band | None,
    term(Band),
    either(Band),
    Field(default=None, description="匹配程度不低于：high 高、medium 中、low 低"),
]


Percent = Annotated[Decimal, Field(gt=0, le=100, decimal_places=3), BeforeValidator(_amount)] | None


Name = Annotated[str, Field(min_length=1, max_length=300)]


Symbol = Annotated[str, Field(max_length=40), _identifier(ipc.validate)]


Design = Annotated[str, Field(max_length=40), _identifier(locarno.validate)]


def _parts(value: Any) -> Any:
    """Several values as a list, or parted by commas in one text."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, Sequence) or not all(isinstance(text, str) for text in texts):
        return value
    return [part.strip() for text in texts for part in text.split(",") if part.strip()]


Names = Annotated[list[str], BeforeValidator(_parts)]
"""Names of properties or counts, as a list or parted by commas."""
