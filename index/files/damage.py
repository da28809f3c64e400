"""The errors of generations whose files are not what they should be, or not known to be."""

from __future__ import annotations

from catalog.kit.errors import NotReady


class GenerationDamaged(NotReady):
    """The files of a generation contradict its manifest or one another."""

    title = "索引版本已损坏"


class GenerationUnread(NotReady):
    """The large files of a generation have not been read yet since they were written; that is on its way."""

    title = "索引版本正在校验"


def damaged(name: str, problem: str) -> GenerationDamaged:
    """The error that generation `name` has this `problem`, with what to do."""
    return GenerationDamaged(
        f"索引版本 {name} 已损坏：{problem}",
        hint="请运行 patentdock reindex 重建索引，或用 patentdock generations rollback 退回上一版本",
    )
