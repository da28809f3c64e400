"""The output of commands: results on standard output, progress and errors on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from catalog.kit.progress import StepProgress

if TYPE_CHECKING:
    from catalog.reference.rule_files import RuleFile


@cache
def _stderr() -> Console:
    return Console(stderr=True, highlight=False)


def print_error(message: str, hint: str | None = None) -> None:
    """Prints an error and the next step for the user."""
    print(f"错误：{message}", file=sys.stderr)
    if hint:
        print(f"建议：{hint}", file=sys.stderr)


def note(text: str) -> None:
    """A remark beside the result, on standard error."""
    print(text, file=sys.stderr)


def export_rules(file: RuleFile, data_dir: Path, target: Path, more: str = "") -> None:
    """Writes the rule file in force to `target` and prints how to apply a changed one."""
    target.write_text(file.text, encoding="utf-8")
    note(f"已写入 {target}；修改后存为 {data_dir / file.name} 即生效{more}")


def print_json(value: Any) -> None:
    """One JSON value on standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table on standard output, as wide as the terminal."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console(highlight=False, markup=False).print(table)


@contextmanager
def step_progress() -> Iterator[StepProgress]:
    """A progress bar for each step on standard error."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=_stderr()) as bar:
        tasks: dict[str, Any] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step, total=total)
            bar.update(tasks[step], completed=done, total=total)

        yield report
