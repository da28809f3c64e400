"""The errors that reach users.

    PatentDockError
    ├── NotFound          nothing is known under this id
    │   └── Gone          it was deleted
    │       └── Merged    it was merged into another
    ├── Conflict          the request clashes with what is already there
    │   ├── RecordExists  a record has the same number or content
    │   ├── WrongState    the record is in a state that does not allow it
    │   ├── Referenced    other records refer to it
    │   └── InProgress    another task is at work on the same
    ├── InvalidInput      a value cannot be accepted
    ├── Forbidden         the caller lacks a permission
    ├── NotReady          a part of the installation is missing
    ├── Busy              others hold what is needed; another try will do
    └── DiskFull          the disk takes no more

Packages derive their own errors from these; service/ turns them into problem details (RFC 9457) and exit codes. `code` is what
programs go by: it never changes, one without its own has that of its parent, and service/web/problems.py explains each.
"""

from __future__ import annotations

import errno
from typing import Any

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

    code = "request-failed"
    title = "操作未能完成"
    status = 400

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.members: dict[
            str, Any
        ] = {}  # what programs are told beside the message, as members of the problem details

    def __str__(self) -> str:
        return f"{self.message}（{self.hint}）" if self.hint else self.message


class NotFound(PatentDockError):
    """No record has the requested id; `record` is the name under which its kind is noted, and the id."""

    code = "not-found"
    title = "未找到"
    status = 404

    def __init__(
        self, message: str, *, hint: str | None = None, record: tuple[str, int] | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.record = record


class Gone(NotFound):
    """The record was deleted, or merged into another."""

    code = "gone"
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
        self.members = {"deletion_id": deletion_id, "merged_into": merged_into}


class Merged(Gone):
    """The record was merged into another, `merged_into`."""

    code = "merged"
    title = "已并入其他记录"


class Conflict(PatentDockError):
    """The request clashes with what is already there."""

    code = "conflict"
    title = "与现有内容冲突"
    status = 409


class RecordExists(Conflict):
    """A record has the same number or content: `existing_id`, where it is one of the same kind."""

    code = "record-exists"
    title = "与已有记录冲突"

    def __init__(self, message: str, *, hint: str | None = None, existing_id: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.existing_id = existing_id
        self.members = {"existing_id": existing_id}


class WrongState(Conflict):
    """The record is in a state that does not allow the request."""

    code = "wrong-state"
    title = "记录的状态不允许此操作"


class Referenced(Conflict):
    """Other records refer to the one that is to be removed."""

    code = "referenced"
    title = "已被其他记录引用"


class InProgress(Conflict):
    """Another task is at work on the same."""

    code = "in-progress"
    title = "另一项操作正在进行"


class InvalidInput(PatentDockError):
    """A value given by the user cannot be accepted."""

    code = "invalid-input"
    title = "输入有误"
    status = 422


class Forbidden(PatentDockError):
    """The caller may not do this; `missing` names the permission that it would take, where there is one."""

    code = "forbidden"
    title = "权限不足"
    status = 403

    def __init__(self, message: str, *, hint: str | None = None, missing: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.members = {"missing": missing}


class NotReady(PatentDockError):
    """A part of the installation (model, index, database) is missing or unusable."""

    code = "not-ready"
    title = "服务尚未就绪"
    status = 503


class Busy(PatentDockError):
    """Others hold what is needed; `retry_after` seconds later it is worth another try."""

    code = "busy"
    title = "系统繁忙"
    status = 503

    def __init__(self, message: str, *, hint: str | None = None, retry_after: int) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class DiskFull(PatentDockError):
    """The disk, or what this user may have of it, is full (磁盘已满)."""

    code = "disk-full"
    title = "磁盘已满"
    status = 507

    def __init__(self) -> None:
        super().__init__("磁盘已满，未能写入", hint="请联系管理员清理服务器的磁盘，然后重新提交")


def is_full(error: BaseException | None) -> bool:
    """Whether the operating system refused because the disk or a quota of it is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
