"""The drop folder (待导入文件夹): files placed in `<data>/inbox/<kind>/` are imported at night and then moved away.

Imported files go to `inbox/imported/`, files refused as a whole to `inbox/refused/`. A file that was imported but not
moved before a kill is imported again, which changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from catalog.kit.days import beijing_today
from catalog.kit.errors import InvalidInput, NotReady, system_reason
from catalog.reference import places
from ingestion.kinds.lookup import in_turn

if TYPE_CHECKING:
    from catalog.reference.places import PlaceNames
    from service.installation.runtime import Runtime

_IMPORTED, _REFUSED = "imported", "refused"
_UNFINISHED = (".tmp", ".part", ".crdownload", ".filepart")
ACTOR = "夜间批处理"


class FileResult(BaseModel):
    """The outcome of one file; `refused` is the reason why nothing of it was imported."""

    kind: str
    file: str
    import_id: int | None = None
    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    waiting: int = 0
    refused: str = ""


def folder_of(runtime: Runtime) -> Path:
    """The drop folder of an installation."""
    return runtime.settings.data / "inbox"


def waiting(inbox: Path) -> Iterator[tuple[str, Path]]:
    """The files that wait, by kind in the order of import, then by name; hidden and unfinished ones are left alone."""
    for kind in in_turn():
        folder = inbox / kind
        files = sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
        yield from (
            (kind, path)
            for path in files
            if not path.name.startswith((".", "~$")) and path.suffix.lower() not in _UNFINISHED
        )


def prepare(inbox: Path) -> None:
    """Creates the inbox folders. Raises NotReady when the disk refuses."""
    try:
        for kind in in_turn():
            (inbox / kind).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotReady(
            f"待导入文件夹 {inbox} 无法建立：{system_reason(error)}", hint="请检查数据目录的写权限"
        ) from error


def import_waiting(
    runtime: Runtime,
    label: str,
    *,
    dry_run: bool = False,
    done: Callable[[FileResult], None] = lambda _: None,
    progress: Callable[[str, int, int], None] | None = None,
) -> None:
    """Import all files that wait; each result goes to `done`, then the file is put away under `label`.

    A dry run imports nothing and leaves the files. Raises NotReady and InvalidInput when nothing can be imported at all.
    """
    inbox = folder_of(runtime)
    files = list(waiting(inbox))
    names = places.load(runtime.settings.data)
    for number, (kind, path) in enumerate(files, 1):
        result = _import_one(runtime, kind, path, names, dry_run)
        done(result)
        if not dry_run:
            _put_away(path, inbox / (_REFUSED if result.refused else _IMPORTED) / label / kind)
        if progress:
            progress("导入新文件", number, len(files))


def _import_one(runtime: Runtime, kind: str, path: Path, names: PlaceNames, dry_run: bool) -> FileResult:
    from ingestion.imports.importer import import_file
    from ingestion.imports.queue import Queued

    file = Queued(file_name=path.name, kind=kind, actor=ACTOR)
    try:
        with nullcontext() if dry_run else runtime.import_queue.turn(file, always=True):
            report = import_file(
                runtime.database,
                path,
                kind,
                actor=ACTOR,
                today=beijing_today(),
                places=names,
                rejected_dir=runtime.settings.rejected_dir,
                dry_run=dry_run,
            )
    except InvalidInput as error:
        return FileResult(kind=kind, file=path.name, refused=str(error))
    return FileResult(
        kind=kind,
        file=path.name,
        import_id=report.import_id,
        rows=report.rows,
        new=report.new,
        changed=report.changed,
        unchanged=report.unchanged,
        rejected=report.rejected,
        waiting=report.waiting,
    )


def _put_away(path: Path, folder: Path) -> None:
    """Moves a file; an existing one of the same name is kept beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    target, number = folder / path.name, 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem}-{number}{path.suffix}"
    path.replace(target)
