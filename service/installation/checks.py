"""Problems of the installation: shared by `/readyz` and `patentdock doctor`."""

from __future__ import annotations

from collections.abc import Callable

from catalog.kit.base import now
from catalog.kit.errors import NotReady, PatentDockError
from catalog.segments import segments
from catalog.webhooks import shown as webhooks_shown
from service.installation.runtime import Runtime

RESTORING = ".restoring"
"""The folder in the data directory that is there while a backup is being restored."""


class LostDatabase(NotReady):
    """The data directory holds what only a database accounts for, and the database is not there or empty."""


def check_not_lost(runtime: Runtime) -> None:
    """Raises LostDatabase where an index or evidence has no database: a new one would hide that it is gone."""
    data = runtime.settings.data
    if (data / RESTORING).exists() and runtime.database.revisions()[0] is None:
        raise LostDatabase(
            f"数据目录 {data} 的上一次恢复没有完成", hint="请再次运行 patentdock restore 备份文件夹，从头恢复"
        )
    left = [
        label
        for label, there in (
            ("索引", runtime.store.names()),
            ("证明材料", any(runtime.settings.evidence_dir.glob("*/*"))),
        )
        if there
    ]
    if left and runtime.database.revisions()[0] is None:
        raise LostDatabase(
            f"数据目录 {data} 中有{'和'.join(left)}，而数据库不在或是空的：可能被删除、移走或换了地址",
            hint="请放回原来的数据库，或把数据目录中的其余内容移走后用 patentdock restore 从备份恢复",
        )


def check_schema(runtime: Runtime) -> str:
    """Revision of the database. Raises NotReady when it is missing or old."""
    current, newest = runtime.database.revisions()
    if current is None:
        check_not_lost(runtime)
    if current != newest:
        raise NotReady(
            f"数据库结构版本为 {current or '空'}，程序需要 {newest}", hint="请运行 patentdock init 升级数据库"
        )
    return f"结构版本 {current}"


def check_segments(runtime: Runtime) -> str:
    """Segment catalogue in use. Raises NotReady."""
    with runtime.database.read() as session:
        row = segments.catalogue(session)
        count = len(segments.segments_of(session, row))
    unfinished = f"；重新分类未完成，请运行 patentdock segments use {row.version}"
    return f"{row.version}（{row.title}，{count} 个细分领域）" + (
        unfinished if row.reclassified_to is not None else ""
    )


def check_model(runtime: Runtime) -> str:
    """The model that will be used. Raises NotReady when it cannot be found."""
    from index.model.files import local_model_folder

    folder = local_model_folder(runtime.model_path)
    return str(folder)


def check_generation(runtime: Runtime) -> str:
    """The generation in use. Raises NotReady when there is none or it belongs to another model."""
    built = runtime.matcher.generation().manifest
    return f"{built.name}（专利 {built.patents} 件，需求 {built.needs} 条）"


def pending(runtime: Runtime) -> list[str]:
    """The parts that work but depend on something that has changed since; empty when nothing does."""
    from matching.answers.segment_names import notices

    generation = runtime.store.latest()
    if generation is None:
        return []
    with runtime.database.read() as session:
        return notices(session, generation)


def failing_webhooks(runtime: Runtime) -> list[str]:
    """The receivers of events that are disabled or have failed for long; empty when all is well."""
    with runtime.database.read() as session:
        return webhooks_shown.problems(session, now())


READINESS: tuple[Callable[[Runtime], str], ...] = (
    check_schema,
    check_segments,
    check_model,
    check_generation,
)


def missing_parts(runtime: Runtime) -> list[PatentDockError]:
    """The missing parts that keep the service from answering match requests; empty when it is ready."""
    for check in READINESS:
        try:
            check(runtime)
        except PatentDockError as error:
            return [error]
    return []
