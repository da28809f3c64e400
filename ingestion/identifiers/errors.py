"""The faults of an identifier.

    InvalidIdentifier
    ├── InvalidLength          too few or too many characters
    ├── InvalidFormat          characters or an order that the identifier does not have
    ├── InvalidCheckDigit      the check character is not the one computed from the rest
    ├── InvalidComponent       well formed, but a part (year, type, region, class) does not exist
    ├── ScientificNotation     a spreadsheet rounded the number away, its digits are lost
    └── IsPublicationNumber    a publication number stands where an application number is needed

Messages are in Chinese and name the value and the reason.
"""

from __future__ import annotations

from catalog.kit.errors import InvalidInput


class InvalidIdentifier(InvalidInput):
    """An identifier that cannot be accepted; the base of all errors of this package."""


class InvalidLength(InvalidIdentifier):
    """Too few or too many characters."""


class InvalidFormat(InvalidIdentifier):
    """Characters that the identifier cannot contain, or in an order that it does not have."""


class InvalidCheckDigit(InvalidIdentifier):
    """The check character is wrong; `expected` is the one computed from the other characters."""

    def __init__(self, message: str, *, expected: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.expected = expected


class InvalidComponent(InvalidIdentifier):
    """A part of a well-formed identifier (year, type, region, class) does not exist."""


class ScientificNotation(InvalidIdentifier):
    """A spreadsheet turned the number into scientific notation; the lost digits cannot be restored."""


class IsPublicationNumber(InvalidIdentifier):
    """A publication number (公开号/公告号) where an application number (申请号) is needed."""
