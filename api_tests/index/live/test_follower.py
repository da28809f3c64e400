"""Following the catalogue: committed records are in the view, deleted ones are not, and no text is embedded in vain."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from shutil import copytree
from typing import Any, Self

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import text

from api_tests.index.small_catalogue import HashEncoder, add_patents, make_catalogue, patent
from catalog.db import Database, sqlite_url
from catalog.demand import needs
from catalog.demand.enterprises import EnterpriseCreate, create
from catalog.demand.needs import NeedCreate, NeedUpdate
from catalog.imports import imports
from catalog.kit.base import id_of
from catalog.kit.days import beijing_today
from catalog.kit.terms import HolderKind, LicenceStatus, NeedStatus, PaymentForm
from catalog.licences import edits as licence_edits
from catalog.licences.licences import LicenceCreate
from catalog.mending import merging, removal, restoring, undo
from catalog.mending.tombstones import Why
from catalog.registers import patents as patent_register
from catalog.registers.registers import register_named
from catalog.supply import holder_merges, patent_edits
from catalog.supply.holders import HolderRef
from catalog.supply.patents import PatentCreate
from index.engine import Engine, Filters
from index.files.manifest import DIGEST
from index.generations import build
from index.generations.build import reindex
from index.generations.generation import Generation, GenerationStore
from index.live.follower import LIMITS, Follower, FollowLimits

QUERIES = (
    Filters(segment=["HB01"]),
    Filters(region=["420100"]),
    Filters(ipc=["H01M"]),
    Filters(open_licence=True),
    Filters(kind=["invention"], in_force_on=date(2024, 1, 1)),
)


class Installation:
    """A small catalogue, indexed, and its follower."""

    def __init__(self, folder: Path, limits: FollowLimits = LIMITS) -> None:
        self.folder, self.database = folder, Database(sqlite_url(folder / "catalog.db"))
        self.encoder = HashEncoder()
        self.store = GenerationStore(folder / "generations")
        self.follower = Follower(self.database, self.store, self.encoder, limits)

    def rebuild(self) -> None:
        reindex(self.database, self.folder, self.encoder, today=beijing_today())
        self.encoder.encoded.clear()

    def followed(self) -> Generation:
        self.follower.catch_up()
        current = self.store.latest()
        assert current is not None
        return current

    def agrees_with_a_rebuild(self, folder: Path) -> Generation:
        """The view, which holds and selects what a new build does."""
        view = self.followed()
        reindex(self.database, folder, HashEncoder(), today=beijing_today())
        rebuilt = GenerationStore(folder / "generations").current()
        assert rebuilt is not None
        assert_same(view.patents, rebuilt.patents, has_sentences=True)
        assert_same(view.needs, rebuilt.needs)
        assert view.products is not None
        assert rebuilt.products is not None
        assert_same(view.products, rebuilt.products)
        return view


def ids_in(side: Engine[Any]) -> list[int]:
    ids: list[int] = side.select(Filters()).tolist()
    assert ids == [id_ for id_ in range(1, 60) if id_ in side]
    return ids


def assert_same(live: Engine[Any], rebuilt: Engine[Any], *, has_sentences: bool = False) -> None:
    ids = rebuilt.select(Filters())
    assert ids_in(live) == ids.tolist()
    assert np.array_equal(live.vectors(ids), rebuilt.vectors(ids))
    for id_ in ids.tolist() if has_sentences else []:
        assert np.array_equal(live.sentences(id_).codes, rebuilt.sentences(id_).codes)
    for filters in QUERIES:
        assert live.select(filters).tolist() == rebuilt.select(filters).tolist()


def write(database: Database, statement: str) -> None:
    with database.write() as session:
        session.execute(text(statement))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    database = make_catalogue(folder, 8)
    reindex(database, folder, HashEncoder(), today=beijing_today())
    database.dispose()
    return folder


@pytest.fixture
def folder(tmp_path: Path, built: Path) -> Path:
    return copytree(built, tmp_path / "data")


@pytest.fixture
def installation(folder: Path) -> Installation:
    return Installation(folder)


def test_without_changes_the_generation_itself_is_used(installation: Installation) -> None:
    assert installation.followed() is installation.store.current()
    assert installation.encoder.encoded == []
    state = installation.follower.state
    assert (state.recent, state.waiting, state.left, state.error) == (0, 0, 0, "")
    assert state.as_of is not None


def test_new_and_changed_records_of_all_sides_are_there(installation: Installation, tmp_path: Path) -> None:
    database = installation.database
    changed = patent(1).model_copy(update={"abstract": "一种固态电池。"})
    with database.write() as session:
        patent_register.upsert(session, [changed, patent(20)])
        needs.create(session, NeedCreate(title="求陶瓷", text="求陶瓷涂覆技术"))
        create(session, EnterpriseCreate(name="示例企业", products="陶瓷隔膜"))
    view = installation.agrees_with_a_rebuild(tmp_path / "other")
    assert view.name == installation.store.current_name()
    # Two patents with three sentences each, a need and products.
    assert len(installation.encoder.encoded) == 10
    # Nothing is done twice.
    installation.encoder.encoded.clear()
    assert installation.followed() is view
    assert installation.encoder.encoded == []


def test_an_unchanged_text_is_not_embedded_again(installation: Installation, tmp_path: Path) -> None:
    moved = patent(1).model_copy(update={"prefecture": "420200", "classes": patent(1).classes[:1]})
    with installation.database.write() as session:
        patent_register.upsert(session, [moved])
    view = installation.agrees_with_a_rebuild(tmp_path / "other")
    assert installation.encoder.encoded == []
    assert installation.follower.state.recent == 1
    assert len(view.patents) == 8
    # A change of nothing that is searched takes no room.
    write(
        installation.database, "UPDATE patents SET agency = '代理', updated_at = '2999-01-01 00:00:00.000000'"
    )
    installation.followed()
    assert installation.follower.state.recent == 1


def test_an_open_licence_comes_and_goes(installation: Installation, tmp_path: Path) -> None:
    number = patent(2).application_number or ""
    with installation.database.write() as session:
        data = LicenceCreate(
            application_number=number, payment_form=PaymentForm.FREE, declared_on=date(2023, 1, 1)
        )
        row = licence_edits.create(session, data, today=beijing_today())
        licence_id = row.id or 0
    view = installation.agrees_with_a_rebuild(tmp_path / "other")
    assert view.patents.select(Filters(open_licence=True)).tolist() == [3]
    installation.rebuild()
    with installation.database.write() as session:
        withdrawn = licence_edits.withdraw(session, licence_id, date(2024, 1, 1))
        assert withdrawn.status == LicenceStatus.WITHDRAWN
    view = installation.agrees_with_a_rebuild(tmp_path / "third")
    assert view.patents.select(Filters(open_licence=True)).tolist() == []
    assert installation.encoder.encoded == []


def test_needs_open_and_close(installation: Installation, tmp_path: Path) -> None:
    def set_status(need_id: int, status: NeedStatus) -> None:
        with installation.database.write() as session:
            row = needs.get(session, need_id)
            data = NeedUpdate(title=row.title, text=row.text, status=status)
            needs.update(session, need_id, data)

    set_status(1, NeedStatus.CLOSED)
    set_status(2, NeedStatus.OPEN)
    view = installation.agrees_with_a_rebuild(tmp_path / "other")
    assert ids_in(view.needs) == [2]
    set_status(1, NeedStatus.OPEN)
    assert ids_in(installation.followed().needs) == [1, 2]
    set_status(2, NeedStatus.CLOSED)
    assert ids_in(installation.followed().needs) == [1]


def test_what_is_deleted_without_a_trace_is_missed(installation: Installation, tmp_path: Path) -> None:
    add_patents(installation.database, range(30, 32))
    installation.followed()
    for table in ("publications", "patent_holders", "patent_classes"):
        write(installation.database, f"DELETE FROM {table} WHERE patent_id IN (2, 10)")
    write(installation.database, "DELETE FROM patents WHERE id IN (2, 10)")
    write(installation.database, "DELETE FROM needs")
    view = installation.agrees_with_a_rebuild(tmp_path / "other")
    assert ids_in(view.patents) == [1, 3, 4, 5, 6, 7, 8, 9]
    assert ids_in(view.needs) == []


def test_deleted_restored_and_merged_records_are_followed(installation: Installation, tmp_path: Path) -> None:
    patents, needs_, why = register_named("patents"), register_named("needs"), Why("测试", "测试")

    def delete(*ids: int) -> list[int]:
        with installation.database.write() as session:
            return [id_of(removal.delete(session, patents, id_, why)) for id_ in ids]

    add_patents(installation.database, range(30, 32))
    assert ids_in(installation.followed().patents) == list(range(1, 11))
    first, _ = delete(2, 10)
    with installation.database.write() as session:
        removal.delete(session, needs_, 1, why)
    view = installation.agrees_with_a_rebuild(tmp_path / "other")
    assert ids_in(view.patents) == [1, 3, 4, 5, 6, 7, 8, 9]
    assert ids_in(view.needs) == []
    # As many come as go: numbers alone would not show it.
    delete(4)
    with installation.database.write() as session:
        restoring.restore(session, first)
    view = installation.agrees_with_a_rebuild(tmp_path / "third")
    assert ids_in(view.patents) == [1, 2, 3, 5, 6, 7, 8, 9]
    installation.rebuild()
    (last,) = delete(5)
    installation.rebuild()
    with installation.database.write() as session:
        restoring.restore(session, last)  # the index in use was built without it
        patent_edits.create(session, PatentCreate(title="草稿", abstract="一种极片。"))
        merging.merge(session, patents, 11, 6, why)
    view = installation.agrees_with_a_rebuild(tmp_path / "fourth")
    assert ids_in(view.patents) == [1, 2, 3, 5, 7, 8, 9, 11]


def test_an_import_that_is_undone_after_an_index_was_built_is_followed(
    installation: Installation, tmp_path: Path
) -> None:
    with installation.database.write() as session:
        row = imports.start(session, "patents", "新.xlsx", "0" * 64, "测试")
        changed = patent(1).model_copy(update={"abstract": "一种固态电池。"})
        patent_register.upsert(session, [changed, patent(20)], import_id=row.id)
        imports.finish(session, row)
    installation.rebuild()
    assert ids_in(installation.followed().patents) == list(range(1, 10))
    with installation.database.write() as session:
        assert undo.undo(session, row.id or 0).left == 0
    view = installation.agrees_with_a_rebuild(tmp_path / "other")
    assert ids_in(view.patents) == list(range(1, 9))


def test_an_undone_import_is_forgotten(installation: Installation, tmp_path: Path) -> None:
    with installation.database.write() as session:
        row = imports.start(session, "patents", "新.xlsx", "0" * 64, "测试")
        import_id = row.id or 0
        changed = patent(1).model_copy(update={"abstract": "一种固态电池。"})
        patent_register.upsert(session, [changed, patent(20)], import_id=import_id)
        imports.finish(session, row)
    assert ids_in(installation.followed().patents) == list(range(1, 10))
    with installation.database.write() as session:
        undo.undo(session, import_id)
    installation.agrees_with_a_rebuild(tmp_path / "other")
    assert installation.followed() is installation.store.current()


def test_holders_are_merged_and_parted(installation: Installation, tmp_path: Path) -> None:
    def of_firms() -> list[int]:
        ids: list[int] = installation.followed().patents.select(Filters(holder_kind=["company"])).tolist()
        return ids

    firm = HolderRef(name="示例公司", kind=HolderKind.COMPANY)
    with installation.database.write() as session:
        patent_register.upsert(session, [patent(20).model_copy(update={"holders": [firm]})])
    installation.rebuild()
    assert of_firms() == [9]
    with installation.database.write() as session:
        (merge,) = holder_merges.merge(session, 1, [2])
        merge_id = merge.id or 0
    assert of_firms() == []
    installation.rebuild()
    with installation.database.write() as session:
        holder_merges.take_back(session, merge_id)
    assert of_firms() == [9]


def test_a_new_generation_begins_anew(installation: Installation) -> None:
    add_patents(installation.database, range(20, 22))
    assert 9 in installation.followed().patents
    installation.rebuild()
    current = installation.store.latest()
    assert current is installation.store.current()  # at once, not only after the next step
    assert installation.followed() is current
    assert installation.encoder.encoded == []
    assert installation.follower.state.recent == 0
    with pytest.raises(Exception, match="没有名为"):
        installation.store.open("20000101-000000-000")
    kept = installation.store.open(installation.store.names()[0])
    assert len(kept.patents) == 8


def test_what_goes_beyond_the_bound_is_counted(folder: Path) -> None:
    installation = Installation(folder, FollowLimits(most=3))
    add_patents(installation.database, range(20, 25))
    view = installation.followed()
    assert ids_in(view.patents) == list(range(1, 12))  # the oldest three
    assert view.left == installation.follower.state.left == 2
    installation.rebuild()
    assert installation.followed().left == 0


def test_a_large_import_during_the_build_does_not_hide_what_comes_after(installation: Installation) -> None:
    write(installation.database, "UPDATE patents SET agency = '代理'")
    parts = installation.database, installation.store, installation.encoder
    installation.follower = Follower(*parts, FollowLimits(examined=3))
    # Eight patents changed in nothing that is indexed; to skip them takes some turns.
    assert installation.follower.catch_up().waiting == 5
    add_patents(installation.database, range(20, 21))
    turns = [installation.follower.catch_up() for _ in range(12)]
    assert (turns[-1].waiting, turns[-1].left) == (0, 0)
    assert 9 in installation.followed().patents
    assert not installation.follower.state.error


class _Ahead(datetime):
    """A clock that is a day ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + timedelta(days=1)


def test_a_clock_that_was_ahead_during_the_build_hides_no_later_change(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as ahead:
        ahead.setattr(build, "datetime", _Ahead)
        installation.rebuild()
    built = installation.store.current()
    assert built is not None
    assert built.manifest.started_at > datetime.now(UTC) + timedelta(hours=23)
    add_patents(installation.database, range(20, 21))
    write(installation.database, "DELETE FROM needs")
    view = installation.agrees_with_a_rebuild(tmp_path / "other")
    assert ids_in(view.patents) == list(range(1, 10))


def test_a_generation_that_knows_no_place_is_followed_from_the_time_of_its_build(
    installation: Installation, tmp_path: Path
) -> None:
    name = installation.store.current_name()
    path = installation.folder / "generations" / str(name) / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    assert manifest.pop("changes")
    path.write_text(json.dumps(manifest), "utf-8")
    path.with_name(DIGEST).unlink()
    add_patents(installation.database, range(20, 21))
    view = installation.agrees_with_a_rebuild(tmp_path / "other")
    assert ids_in(view.patents) == list(range(1, 10))


def test_the_number_of_new_texts_may_be_limited(installation: Installation) -> None:
    add_patents(installation.database, range(20, 25))
    assert installation.follower.catch_up(2).left == 3
    assert installation.follower.catch_up(2).left == 1
    assert installation.follower.catch_up().left == 0


def test_an_error_is_reported_and_the_view_stays(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_patents(installation.database, range(20, 21))
    view = installation.followed()
    add_patents(installation.database, range(21, 22))

    def fail(texts: Sequence[str]) -> NDArray[np.float32]:
        raise RuntimeError("模型坏了")

    with monkeypatch.context() as broken:
        broken.setattr(installation.encoder, "encode_passages", fail)
        with pytest.raises(RuntimeError):
            installation.follower.catch_up()
    assert installation.store.latest() is view
    assert installation.follower.state.error == "模型坏了"
    assert ids_in(installation.followed().patents) == list(range(1, 11))
    assert installation.follower.state.error == ""


def test_another_model_follows_nothing(installation: Installation) -> None:
    add_patents(installation.database, range(20, 21))
    other = HashEncoder(fingerprint="fedcba9876543210")
    follower = Follower(installation.database, installation.store, other)
    follower.catch_up()
    assert installation.store.latest() is installation.store.current()
    assert other.encoded == []
