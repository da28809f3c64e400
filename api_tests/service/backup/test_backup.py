"""Backups: whole or not there, restored as they were, whatever goes on meanwhile."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from api_tests.service.backup.small_installation import add_evidence, at, make_installation, quietly
from catalog.accounts import keys as access_keys
from catalog.db import Database, sqlite_url
from catalog.demand import enterprises
from catalog.demand.enterprises import EnterpriseCreate
from catalog.kit.days import beijing_today
from catalog.kit.errors import Conflict, InvalidInput, NotReady, PatentDockError
from ingestion.imports.importer import import_file
from service.backup import backup_manifest, data_files, kept
from service.backup.backup_manifest import BackupDamaged, BackupManifest
from service.backup.data_files import entry_of, in_backups, unlisted
from service.backup.making import BackupOptions, make
from service.backup.nightly_backup import back_up
from service.backup.restoring import restore
from service.backup.verifying import verify
from service.installation.checks import check_schema
from service.installation.runtime import Runtime
from service.installation.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
ROUNDS = int(os.environ.get("PATENTDOCK_BACKUP_ROUNDS", "3"))
"""Backups under load, and kills; more by hand, see docs/reliability.md."""


def contents(data: Path) -> dict[str, bytes]:
    """The files that a backup holds, but for the database."""
    names = [name for name in in_backups(data) if not name.startswith("catalog.db")]
    paths = [path for name in names for path in (data / name, *(data / name).rglob("*"))]
    kept_files = [path for path in paths if path.is_file() and path.name[0] != "."]
    return {path.relative_to(data).as_posix(): path.read_bytes() for path in kept_files}


def rows(data: Path) -> str:
    """All rows of the database of an installation."""
    database = Database(sqlite_url(data / "catalog.db"))
    with database.engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        text = "\n".join(raw.iterdump())
    database.dispose()
    return text


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return make_installation(tmp_path / "data")


def test_a_backup_restores_to_the_same(runtime: Runtime, tmp_path: Path) -> None:
    made = make(runtime, tmp_path / "backups", BackupOptions(), quietly)
    assert made.remarks == []
    data = tmp_path / "restored"
    restore(at(data), tmp_path / "backups" / made.name, quietly)
    assert rows(data) == rows(runtime.settings.data)
    assert contents(data) == contents(runtime.settings.data)
    restored = at(data).store
    assert len(restored.verify(made.generations[0]).files) > 0
    current = restored.current()
    assert current is not None
    assert len(current.patents) == 3
    assert not (data / ".restoring").exists()


def test_what_is_there_already_is_never_restored_upon(runtime: Runtime, tmp_path: Path) -> None:
    made = tmp_path / "backups" / make(runtime, tmp_path / "backups", BackupOptions(), quietly).name
    with pytest.raises(Conflict, match="已有数据库"):
        restore(runtime, made, quietly)
    data = tmp_path / "filled"
    add_evidence(data, b"another")
    with pytest.raises(Conflict, match="evidence"):
        restore(at(data), made, quietly)
    elsewhere = Settings(data=tmp_path / "pg", database_url="postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(InvalidInput, match="PostgreSQL"):
        restore(Runtime(elsewhere), made, quietly)


def test_a_backup_of_an_older_schema_is_upgraded_and_of_a_newer_one_refused(
    runtime: Runtime, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    made = make(runtime, folder, BackupOptions(index=False), quietly)
    manifest = folder / made.name / backup_manifest.NAME
    newer = made.model_copy(update={"database": made.database.model_copy(update={"revision": "9999"})})
    manifest.write_text(newer.model_dump_json(), "utf-8")
    with pytest.raises(InvalidInput, match="先升级程序"):
        restore(at(tmp_path / "new"), folder / made.name, quietly)
    assert made.generations == []


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)


@pytest.mark.parametrize(
    "name",
    ["database/catalog.db", "data/generations/*/patents/ids.npy", "data/factors.toml", backup_manifest.NAME],
)
def test_every_damage_is_noticed_before_anything_is_restored(
    runtime: Runtime, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "backups"
    made = folder / make(runtime, folder, BackupOptions(links=False), quietly).name
    verify(made, None, quietly)
    [path] = made.glob(name)
    if path.name == backup_manifest.NAME:
        path.write_bytes(path.read_bytes()[:-100])
    else:
        flip(path)
    with pytest.raises(NotReady, match=path.name):
        restore(at(tmp_path / "new"), made, quietly)
    assert in_backups(tmp_path / "new") == [] if (tmp_path / "new").exists() else True
    path.unlink()
    with pytest.raises(BackupDamaged, match=path.name):
        verify(made, None, quietly)


def test_a_damaged_generation_is_left_out_and_the_rest_is_backed_up(runtime: Runtime, tmp_path: Path) -> None:
    name = runtime.store.current_name()
    flip(runtime.settings.data / "generations" / str(name) / "patents" / "vectors.faiss")
    made = make(runtime, tmp_path / "backups", BackupOptions(), quietly)
    assert made.generations == []
    assert "vectors.faiss" in made.remarks[0]
    restore(at(tmp_path / "new"), tmp_path / "backups" / made.name, quietly)
    assert rows(tmp_path / "new") == rows(runtime.settings.data)


def test_files_that_never_change_share_their_blocks_and_a_rotten_earlier_copy_is_not_used(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, name = tmp_path / "backups", runtime.store.current_name()
    place = Path("data") / "generations" / str(name) / "patents" / "vectors.faiss"
    source = runtime.settings.data / "generations" / str(name) / "patents" / "vectors.faiss"
    linked = folder / make(runtime, folder, BackupOptions(), quietly).name
    assert (linked / place).samefile(source)
    shutil.rmtree(linked)
    # Another file system does not take links of the data directory.
    link = os.link

    def on_another_disk(old: Path, new: Path) -> None:
        if runtime.settings.data in old.parents:
            raise OSError(18, "Invalid cross-device link")
        link(old, new)

    monkeypatch.setattr(os, "link", on_another_disk)
    first, second = (folder / make(runtime, folder, BackupOptions(), quietly).name for _ in range(2))
    assert not (first / place).samefile(source)
    assert (second / place).samefile(first / place)
    stat = (second / place).stat()
    flip(second / place)
    os.utime(second / place, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    third = folder / make(runtime, folder, BackupOptions(), quietly).name
    assert not (third / place).samefile(second / place)
    assert verify(third, None, quietly).generations == [name]


def test_old_backups_go_but_never_the_newest_ones(runtime: Runtime, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    names = [make(runtime, folder, BackupOptions(index=False), quietly).name for _ in range(4)]
    for name in names[:3]:
        manifest = backup_manifest.read(folder / name)
        old = manifest.model_copy(update={"made_at": manifest.made_at.replace(year=2020)})
        (folder / name / backup_manifest.NAME).write_text(old.model_dump_json(), "utf-8")
    assert kept.prune(folder, days=14, least=3) == names[:1]
    assert [one.folder.name for one in kept.listed(folder)] == names[:0:-1]


def test_the_night_backs_up_and_a_failure_is_told(runtime: Runtime, tmp_path: Path) -> None:
    assert back_up(runtime, quietly)["name"] == ""
    result = back_up(at(runtime.settings.data, backup_dir=tmp_path / "backups"), quietly)
    assert (result["failed"], result["name"]) == (
        "",
        next(backup_manifest.finished(tmp_path / "backups")).name,
    )
    (tmp_path / "file").write_text("", "utf-8")
    failed = back_up(at(runtime.settings.data, backup_dir=tmp_path / "file"), quietly)
    assert "备份未能写入" in failed["failed"]


def test_everything_in_a_data_directory_is_in_the_list(installation: Runtime, tmp_path: Path) -> None:
    """What a running installation has made, what settings name, and what the code names."""
    data = installation.settings.data
    assert unlisted(data, *data.glob("*.jsonl")) == []  # the fixture's own
    settings = Settings(data=tmp_path)
    folders = [
        getattr(settings, name) for name in dir(Settings) if name.endswith("_dir") and name != "backup_dir"
    ]
    assert [folder for folder in folders if entry_of(folder.relative_to(tmp_path).parts[0]) is None] == []
    packages = ("catalog", "assessment", "ingestion", "index", "matching", "service")
    code = "\n".join(path.read_text("utf-8") for one in packages for path in (ROOT / one).rglob("*.py"))
    named = re.findall(r"\bdata(?:_dir)? / \"([^\"]+)\"", code) + re.findall(
        r"^FILE(?:_NAME)? = \"([^\"]+)\"", code, re.MULTILINE
    )
    assert len(named) > 10
    assert [name for name in named if entry_of(name) is None] == []
    (tmp_path / "我的文件").mkdir()
    assert data_files.unlisted(tmp_path) == ["我的文件"]


@contextmanager
def writing(runtime: Runtime, folder: Path) -> Iterator[None]:
    """Firms, evidence with a key that names it, and imports, written by threads until the block ends."""
    done, failures = threading.Event(), list[BaseException]()

    def repeat(work: Callable[[int], None]) -> None:
        number = 0
        try:
            while not done.wait(0.005):
                work(number)
                number += 1
        except BaseException as error:
            failures.append(error)

    def firm(number: int) -> None:
        with runtime.database.write() as session:
            enterprises.create(session, EnterpriseCreate(name=f"示例{number}号有限公司"))

    def evidence(number: int) -> None:
        digest = add_evidence(runtime.settings.data, f"{folder.name}材料{number}".encode())
        with runtime.database.write() as session:
            access_keys.create(session, digest)

    def imported(number: int) -> None:
        waits = runtime.settings.data / "inbox" / "enterprises" / f"{number}.csv"
        waits.parent.mkdir(parents=True, exist_ok=True)
        waits.write_text("企业名称\n" + "".join(f"导入{number}-{n}有限公司\n" for n in range(50)), "utf-8")
        import_file(
            runtime.database,
            waits,
            "enterprises",
            today=beijing_today(),
            rejected_dir=runtime.settings.rejected_dir,
        )
        away = runtime.settings.data / "inbox" / "imported" / waits.name
        away.parent.mkdir(parents=True, exist_ok=True)
        waits.rename(away)

    threads = [threading.Thread(target=repeat, args=(work,)) for work in (firm, evidence, imported)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert failures == []


def assert_consistent(data: Path, made: BackupManifest) -> None:
    """Every file that the database names is there; a file that was put away is in the database."""
    runtime = at(data)
    with runtime.database.read() as session:
        digests = [key.name for key in access_keys.keys(session)]
    assert [one for one in digests if not (data / "evidence" / one[:2] / one).is_file()] == []
    known = rows(data)
    for path in (data / "inbox" / "imported").glob("*.csv"):
        assert path.read_text("utf-8").splitlines()[1] in known
    assert made.database.rows["api_keys"] == len(digests)
    runtime.close()


def test_backups_made_while_others_write_restore_and_verify(runtime: Runtime, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    with writing(runtime, tmp_path):
        made = [make(runtime, folder, BackupOptions(links=False), quietly) for _ in range(ROUNDS)]
    for manifest in made:
        verify(folder / manifest.name, None, quietly)
        restore(at(tmp_path / "new"), folder / manifest.name, quietly)
        assert_consistent(tmp_path / "new", manifest)
        shutil.rmtree(tmp_path / "new")
    assert made[-1].database.rows["enterprises"] > made[0].database.rows["enterprises"]


def killed(action: str, data: Path, folder: Path, steps: Sequence[int] = ()) -> subprocess.Popen[str]:
    module = "api_tests.service.backup.killed_backups"
    words = [sys.executable, "-m", module, action, str(data), str(folder), *map(str, steps)]
    return subprocess.Popen(words, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def random_steps(action: str, data: Path, folder: Path) -> list[int]:
    out, _ = killed(action, data, folder).communicate("\n", timeout=120)
    total = json.loads(out.splitlines()[0])["steps"]
    chosen = random.Random(17).choices(range(1, total + 1), k=max(ROUNDS - 1, 2))
    return [*chosen, total]


def each_kill(action: str, data: Path, folder: Path, steps: Sequence[int]) -> Iterator[None]:
    with killed(action, data, folder, steps) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        for _ in steps:
            assert json.loads(process.stdout.readline())["killed"]
            yield
            print(file=process.stdin, flush=True)
    assert process.returncode == 0


def test_a_killed_backup_leaves_none_and_the_next_one_clears_up(runtime: Runtime, tmp_path: Path) -> None:
    data, folder = runtime.settings.data, tmp_path / "backups"
    runtime.close()
    steps = random_steps("make", data, folder)
    shutil.rmtree(folder)
    for _ in each_kill("make", data, folder, steps):
        assert [one for one in folder.glob("*") if one.name[0] != "."] == []
        assert list(backup_manifest.finished(folder)) == []
    made = make(runtime, folder, BackupOptions(), quietly)
    assert sorted(path.name for path in folder.iterdir()) == [".lock", made.name]


def test_a_killed_restore_is_no_installation_and_is_begun_again(runtime: Runtime, tmp_path: Path) -> None:
    folder, data = tmp_path / "backups", tmp_path / "new"
    made = folder / make(runtime, folder, BackupOptions(), quietly).name
    steps = random_steps("restore", data, made)
    shutil.rmtree(data)
    for _ in each_kill("restore", data, made, steps):
        if (data / "catalog.db").exists():  # killed while it cleared up
            assert_whole(runtime.settings.data, data)
            shutil.rmtree(data)
        elif data.exists():
            with pytest.raises(PatentDockError):
                check_schema(at(data))
    restore(at(data), made, quietly) if not (data / "catalog.db").exists() else None
    assert_whole(runtime.settings.data, data)


def assert_whole(original: Path, restored: Path) -> None:
    assert rows(restored) == rows(original)
    assert contents(restored) == contents(original)
