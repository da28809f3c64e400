"""The errors that reach users.

    PatentDockError
    ├── NotFound          nothing is known under this id
    ├── Conflict          the record clashes with one that is already there
    ├── InvalidInput      a value cannot be accepted
    └── NotReady          a part of the installation is missing

Packages derive their own errors from these; service/ turns them into problem details (RFC 9457) and exit codes.
"""

from __future__ import annotations


class PatentDockError(Exception):
    """An error with a Chinese message for the user and, where there is one, a hint what to do next."""

    title = "操作未能完成"
    status = 400

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}（{self.hint}）" if self.hint else self.message


class NotFound(PatentDockError):
    """Nothing is known under the id asked for."""

    title = "未找到"
    status = 404


class Conflict(PatentDockError):
    """The record clashes with one that is already there."""

    title = "与已有记录冲突"
    status = 409


class InvalidInput(PatentDockError):
    """A value given by the user cannot be accepted."""

    title = "输入有误"
    status = 422


class NotReady(PatentDockError):
    """A part of the installation (model, index, database) is missing or unusable."""

    title = "服务尚未就绪"
    status = 503
