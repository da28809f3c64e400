"""Parties of deals from what is written of them: their kind by name, their place by address, their credit code checked."""

from __future__ import annotations

from catalog.deals import CHINA, PartyRef
from ingestion import names, places
from ingestion.identifiers import credit_code as credit_codes


def party_of(
    name: str,
    *,
    credit_code: str | None = None,
    country: str = CHINA,
    address: str = "",
    province: str = "",
    prefecture: str = "",
) -> PartyRef:
    """A party to a deal; the place is that of the register, for parties abroad there is none.

    Raises InvalidIdentifier for a credit code that cannot be one; a doubtful check digit is accepted.
    """
    place = places.combine(province, prefecture, address) if country == CHINA else places.NOWHERE
    return PartyRef(
        name=names.normalise(name),
        kind=names.kind_of(names.normalise(name))[0],
        credit_code=credit_codes.check(credit_code)[0] if credit_code else None,
        country=country,
        address=address,
        province=place.province,
        prefecture=place.prefecture,
    )
