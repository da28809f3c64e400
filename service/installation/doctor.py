"""Diagnoses an installation (自检): problems and their remedies."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

from catalog.accounts import keys as access_keys
from catalog.kit.base import now
from catalog.kit.errors import NotReady, PatentDockError
from catalog.supply import patent_lists
from service.installation.checks import (
    check_generation,
    check_model,
    check_not_lost,
    check_schema,
    check_segments,
    failing_webhooks,
    pending,
)
from service.installation.runtime import Runtime

MIN_FREE_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class DoctorFinding:
    """The finding of one check; `next_step` where nothing is wrong, but something is still to be done."""

    name: str
    ok: bool
    message: str
    hint: str | None = None
    next_step: bool = False

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


def _check_python(_runtime: Runtime) -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] != (3, 11):
        raise NotReady(f"当前为 Python {version}", hint="请用 Python 3.11 重新安装 patentdock")
    return f"Python {version}"


def _check_data(runtime: Runtime) -> str:
    folder = runtime.settings.data.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise NotReady(f"{folder} 不可写", hint="请修改该目录的权限，或用 PATENTDOCK_DATA 指定可写的目录")
    return f"{folder} 可写"


def _check_disk(runtime: Runtime) -> str:
    free = shutil.disk_usage(runtime.settings.data).free
    text = f"剩余 {free / 1024**3:.1f} GB"
    if free < MIN_FREE_BYTES:
        raise NotReady(f"数据目录所在磁盘{text}", hint="请清理磁盘；索引、模型与数据库至少需要 2 GB")
    return text


class NextStep(NotReady):
    """A part that no new installation has yet."""


def _needs_database(runtime: Runtime) -> None:
    if runtime.database.revisions()[0] is None:
        raise NextStep("待数据库建立后检查", hint="先运行 patentdock init")


def _check_database(runtime: Runtime) -> str:
    check_not_lost(runtime)
    if runtime.database.revisions()[0] is None:
        raise NextStep("尚未建立", hint="运行 patentdock init 建立数据库")
    return check_schema(runtime)


def _check_segments(runtime: Runtime) -> str:
    _needs_database(runtime)
    return check_segments(runtime)


def _check_index(runtime: Runtime) -> str:
    _needs_database(runtime)
    if not runtime.store.names() and runtime.store.current_name() is None:
        with runtime.database.read() as session:
            patents_known = patent_lists.count(session)
        if patents_known:
            raise NextStep(f"尚未建立（系统中有专利 {patents_known} 件）", hint="运行 patentdock reindex")
        hint = "运行 patentdock import patents 文件 导入专利（或 patentdock demo load 载入演示数据），再运行 patentdock reindex"
        raise NextStep("尚未建立：系统中尚无专利", hint=hint)
    description = check_generation(runtime)
    generation = runtime.store.current()
    if generation is not None:
        runtime.store.verify(generation.name)
    return "；".join([f"{description}，校验无误", *pending(runtime)])


def _check_webhooks(runtime: Runtime) -> str:
    _needs_database(runtime)
    check_schema(runtime)
    if found := failing_webhooks(runtime):
        raise NextStep("；".join(found), hint="请用 patentdock webhooks test 名称 试发，并与接收方核对")
    return "正常"


def _check_keys(runtime: Runtime) -> str:
    _needs_database(runtime)
    with runtime.database.read() as session:
        rows = access_keys.keys(session)
    valid = [row for row in rows if access_keys.is_valid(row, now())]
    wide = [row.name for row in valid if access_keys.is_wide(row, now())]
    if wide:
        few = "、".join(wide[:3]) + (" 等" if len(wide) > 3 else "")
        raise NextStep(
            f"{len(wide)} 个有全部权限：{few}",
            hint=f"按需要收窄：patentdock keys rights {wide[0]} --scope 权限",
        )
    return f"有效 {len(valid)} 个"


CHECKS: tuple[tuple[str, Callable[[Runtime], str]], ...] = (
    ("Python 版本", _check_python),
    ("数据目录", _check_data),
    ("磁盘空间", _check_disk),
    ("数据库", _check_database),
    ("接口密钥", _check_keys),
    ("产业目录", _check_segments),
    ("语义模型", check_model),
    ("索引", _check_index),
    ("事件通知", _check_webhooks),
)


def _examine(name: str, check: Callable[[Runtime], str], runtime: Runtime) -> DoctorFinding:
    try:
        return DoctorFinding(name, True, check(runtime))
    except NextStep as step:
        return DoctorFinding(name, True, step.message, step.hint, next_step=True)
    except PatentDockError as error:
        return DoctorFinding(name, False, error.message, error.hint)
    except (
        Exception
    ) as error:  # a broken installation fails in ways that nobody foresaw; the other checks go on
        hint = "请先修复上面的问题；仍未解决时，请将本行内容反馈给维护人员"
        return DoctorFinding(name, False, f"{type(error).__name__}：{error}"[:300], hint)


def examine(runtime: Runtime) -> list[DoctorFinding]:
    """The findings of all checks, in the order in which they should be resolved."""
    return [_examine(name, check, runtime) for name, check in CHECKS]
