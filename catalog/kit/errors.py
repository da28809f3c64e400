"""The errors that reach users.

    PatentDockError
    ├── NotFound          nothing is known under this id
    │   └── Gone          it was deleted or merged
    ├── Conflict          the record clashes with one that is already there
    ├── InvalidInput      a value cannot be accepted
    ├── NotReady          a part of the installation is missing
    └── Busy              others hold what is needed; another try will do

Packages derive their own errors from these; service/ turns them into problem details (RFC 9457) and exit codes.
"""

from __future__ import annotations

import errno

_SYSTEM_REASONS = {
    errno.ENOENT: "不存在",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EROFS: "所在磁盘为只读",
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "磁盘配额已用完",
    errno.EISDIR: "是文件夹，不是文件",
    errno.ENOTDIR: "上级路径不是文件夹",
    errno.EEXIST: "已存在同名文件",
    errno.ENAMETOOLONG: "名称过长",
    errno.EMFILE: "打开的文件过多",
    errno.EIO: "磁盘读写出错",
    errno.EADDRINUSE: "端口已被占用",
    errno.EADDRNOTAVAIL: "本机无此地址",
}


def system_reason(error: OSError) -> str:
    """The reason why the operating system refused, in Chinese where the reason is a common one."""
    known = _SYSTEM_REASONS.get(error.errno or 0)
    return known or error.strerror or str(error)


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
    """No record has the requested id; `record` is the name under which its kind is noted, and the id."""

    title = "未找到"
    status = 404

    def __init__(
        self, message: str, *, hint: str | None = None, record: tuple[str, int] | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.record = record


class Gone(NotFound):
    """The record was deleted, or merged into another."""

    title = "已删除"
    status = 410

    def __init__(
        self,
        message: str,
        *,
        hint: str,
        record: tuple[str, int] | None,
        deletion_id: int,
        merged_into: int | None,
    ) -> None:
        super().__init__(message, hint=hint, record=record)
        self.deletion_id, self.merged_into = deletion_id, merged_into


class Conflict(PatentDockError):
    """The record clashes with one that is already there, which `existing_id` names where it is one of the same kind."""

    title = "与已有记录冲突"
    status = 409

    def __init__(self, message: str, *, hint: str | None = None, existing_id: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.existing_id = existing_id


class InvalidInput(PatentDockError):
    """A value given by the user cannot be accepted."""

    title = "输入有误"
    status = 422


class NotReady(PatentDockError):
    """A part of the installation (model, index, database) is missing or unusable."""

    title = "服务尚未就绪"
    status = 503


class Busy(PatentDockError):
    """Others hold what is needed; `retry_after` seconds later it is worth another try."""

    title = "系统繁忙"
    status = 503

    def __init__(self, message: str, *, hint: str | None = None, retry_after: int) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
