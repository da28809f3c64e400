"""What a request for an import may ask for."""

from enum import StrEnum


class ImportKind(StrEnum):
    """Kinds of records that can be imported."""

    PATENTS = "patents"
    NEEDS = "needs"
    ENTERPRISES = "enterprises"
    LICENCES = "licences"
    FACTS = "facts"
    DEALS = "deals"
