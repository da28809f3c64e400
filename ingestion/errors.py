"""The errors that stop an import as a whole, and those that reject a single row.

InvalidInput (catalog)
├── UnreadableFile     the file is empty, damaged, encrypted, too large or of no known type
├── NotARegister       the file can be read but does not hold records of the kind asked for
└── RowError           one record cannot be accepted: field, value, reason
"""

from __future__ import annotations

from catalog.kit.errors import InvalidInput

__all__ = ["NotARegister", "RowError", "UnreadableFile"]

SHOWN = 200


class UnreadableFile(InvalidInput):
    """The file is empty, damaged, encrypted, too large or of no known type."""

    code = "unreadable-file"
    title = "文件无法读取"


class NotARegister(InvalidInput):
    """The file can be read but does not hold records of the requested kind."""

    code = "not-a-register"
    title = "文件内容不符"


class RowError(InvalidInput):
    """One record cannot be accepted: the role of the cell, its value (shortened) and the reason in Chinese.

    `also` are the labels of other cells that may be the wrong ones.
    """

    title = "记录有误"

    def __init__(
        self, field: str, value: object, reason: str, *, hint: str | None = None, also: tuple[str, ...] = ()
    ) -> None:
        super().__init__(reason, hint=hint)
        self.field, self.also = field, also
        self.value = str(value)[:SHOWN]
        self.reason = str(self)
