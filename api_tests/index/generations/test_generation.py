"""Generations: opened, reloaded, checked, switched."""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from api_tests.index.small_catalogue import HashEncoder, add_patents, make_catalogue
from catalog.db import Database, sqlite_url
from catalog.kit.days import beijing_today
from catalog.kit.errors import Conflict, NotFound
from catalog.runs import generations
from index.engine import Filters, Ids
from index.files.checksums import SMALL
from index.files.damage import GenerationDamaged, GenerationUnread
from index.files.manifest import MANIFEST, Manifest
from index.generations.build import note_in_catalogue, reindex
from index.generations.generation import Generation, GenerationStore
from index.vectors.byte_rows import ByteRows
from index.vectors.centring import Centring
from index.vectors.coarse import CoarseRows
from index.vectors.vectors import VectorIndex

Floats = NDArray[np.float32]


def nearest(generation: Generation, k: int) -> Ids:
    """The patents nearest to the first one."""
    ids = generation.patents.select(Filters())[:1]
    (block,) = generation.patents.nearest(generation.patents.vectors(ids), k)
    return block.ids


@pytest.fixture
def two_generations(tmp_path: Path) -> tuple[GenerationStore, str, str]:
    """A store with an older generation of three patents and one of four in use."""
    database = make_catalogue(tmp_path)
    old = reindex(database, tmp_path, HashEncoder(), today=beijing_today()).name
    add_patents(database, range(3, 4))
    new = reindex(database, tmp_path, HashEncoder(), today=beijing_today()).name
    return GenerationStore(tmp_path / "generations"), old, new


def test_nothing_is_in_use_at_first(tmp_path: Path) -> None:
    store = GenerationStore(tmp_path / "generations")
    assert store.current() is None
    assert store.names() == []


def test_the_one_in_use_is_opened_once_and_again_after_a_switch(
    two_generations: tuple[GenerationStore, str, str],
) -> None:
    store, old, new = two_generations
    held = store.current()
    assert held is not None
    assert held is store.current()
    assert (held.name, len(held.patents)) == (new, 4)
    GenerationStore(store.root).activate(old)
    switched = store.current()
    assert switched is not None
    assert (switched.name, len(switched.patents)) == (old, 3)
    # A request that holds the generation from before goes on with it.
    assert nearest(held, 4).shape == (1, 4)
    assert store.names() == [old, new]


def test_readers_never_see_a_mixture_while_generations_switch(
    two_generations: tuple[GenerationStore, str, str],
) -> None:
    store, old, new = two_generations
    sizes = {old: 3, new: 4}
    failures: list[object] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            generation = store.current()
            if generation is None or len(generation.patents) != sizes[generation.name]:
                failures.append(generation)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    switcher = GenerationStore(store.root)
    for turn in range(20):
        switcher.activate((old, new)[turn % 2])
    done.set()
    for reader in readers:
        reader.join()
    assert failures == []


@pytest.mark.parametrize("file", ["patents/vectors.faiss", "needs/lexical/bm25.json", "patents/ids.npy"])
def test_a_changed_or_missing_file_is_found(
    two_generations: tuple[GenerationStore, str, str], file: str
) -> None:
    store, _, new = two_generations
    assert store.verify(new).patents == 4
    path = store.root / new / file
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(GenerationDamaged, match=file):
        store.verify(new)
    path.unlink()
    with pytest.raises(GenerationDamaged, match="缺失"):
        store.verify(new)


@pytest.mark.parametrize("name", ["nothing", "../generations", "20200101-000000-000", ""])
def test_unknown_names_are_refused(two_generations: tuple[GenerationStore, str, str], name: str) -> None:
    store, _, new = two_generations
    for action in (store.activate, store.verify, store.open):
        with pytest.raises(NotFound, match=new):
            action(name)


def test_a_generation_that_cannot_be_opened_says_so(
    two_generations: tuple[GenerationStore, str, str],
) -> None:
    store, _, new = two_generations
    (store.root / new / "patents" / "vectors.faiss").write_bytes(b"")
    with pytest.raises(GenerationDamaged, match="reindex"):
        store.current()


def rewrite_vectors(folder: Path, change: Callable[[Floats], Floats]) -> None:
    path = folder / "patents" / "vectors.faiss"
    index = faiss.read_index(str(path))
    vectors = change(index.reconstruct_n(0, index.ntotal))
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors, np.float32))
    faiss.write_index(index, str(path))


def scale(vectors: Floats) -> Floats:
    return vectors * np.float32(1.1)


def drop_one(vectors: Floats) -> Floats:
    return vectors[1:]


def narrow(vectors: Floats) -> Floats:
    narrowed: Floats = vectors[:, :8] / np.linalg.norm(vectors[:, :8], axis=1, keepdims=True)
    return narrowed


@pytest.mark.parametrize(
    ("change", "problem"),
    [(scale, "向量长度不为 1"), (drop_one, "数量应为 4，而向量 3 条"), (narrow, "向量为 8 维，模型为 32 维")],
)
def test_content_is_checked_too_where_checksums_agree(
    two_generations: tuple[GenerationStore, str, str],
    change: Callable[[Floats], Floats],
    problem: str,
) -> None:
    store, _, new = two_generations
    folder = store.root / new
    manifest = Manifest.read(folder)
    rewrite_vectors(folder, change)
    (folder / MANIFEST).unlink()
    manifest.write(folder)
    with pytest.raises(GenerationDamaged, match=problem):
        store.verify(new)


@pytest.mark.parametrize(("kind", "file"), [(CoarseRows, "vectors.coarse"), (ByteRows, "vectors.bytes")])
def test_rounded_rows_of_other_vectors_are_found(
    kind: type[CoarseRows] | type[ByteRows], file: str, two_generations: tuple[GenerationStore, str, str]
) -> None:
    store, _, new = two_generations
    folder = store.root / new
    manifest, path = Manifest.read(folder), folder / "patents" / "vectors.faiss"
    vectors = VectorIndex.open(path).vectors.copy()
    for written, problem in ((vectors, None), (vectors[::-1], "粗略向量与向量不符")):
        kind.write(path, written, Centring.of(written))
        (folder / MANIFEST).unlink()
        manifest.write(folder)
        if problem is None:
            assert f"patents/{file}" in store.verify(new).files
            continue
        with pytest.raises(GenerationDamaged, match=problem):
            store.verify(new)


def test_entries_are_listed_newest_first(two_generations: tuple[GenerationStore, str, str]) -> None:
    store, old, new = two_generations
    (store.root / old / MANIFEST).write_text("{", "utf-8")
    first, second = store.entries()
    assert (first.name, first.in_use, second.name, second.in_use) == (new, True, old, False)
    assert first.manifest is not None
    assert (first.manifest.patents, second.manifest) == (4, None)
    assert first.bytes > 1000


def test_rollback_verifies_and_switches(two_generations: tuple[GenerationStore, str, str]) -> None:
    store, old, new = two_generations
    assert store.rollback().name == old
    assert store.current_name() == old
    with pytest.raises(NotFound, match="没有更早"):
        store.rollback()
    assert store.rollback(new).name == new
    (store.root / old / "patents" / "ids.npy").write_bytes(b"")
    with pytest.raises(GenerationDamaged):
        store.rollback()
    assert store.current_name() == new
    with store.locked(), pytest.raises(Conflict):
        store.rollback(new)


def test_prune_keeps_the_newest_and_the_one_in_use(
    two_generations: tuple[GenerationStore, str, str], tmp_path: Path
) -> None:
    store, old, new = two_generations
    database = Database(sqlite_url(tmp_path / "catalog.db"))
    held = store.current()
    assert held is not None
    store.rollback(old)
    assert store.prune(keep=1) == []
    store.rollback(new)
    assert store.prune(keep=1) == [old]
    assert store.names() == [new]
    note_in_catalogue(database, store)
    with database.read() as session:
        assert {g.name: g.status for g in generations.history(session)} == {new: "active", old: "pruned"}
    store.prune(keep=1)
    assert nearest(held, 4).shape == (1, 4)


def answers(generation: Generation) -> object:
    """Everything that searches, filters and factors read of a generation, in a form to be compared."""
    sides: list[Any] = [generation.patents, generation.needs, generation.products]
    found: list[object] = []
    for side in sides:
        ids = side.select(Filters())
        found.append(ids.tolist())
        nearest_ones = [block for query in side.vectors(ids) for block in side.nearest(query[None], 4)]
        found.extend([values.tolist() for values in astuple(block)] for block in nearest_ones)
        found.append(
            [side.select(Filters(ipc=["H01M"])).tolist(), side.select(Filters(segment=["HB01"])).tolist()]
        )
        found.append([side.digests(id_) for id_ in ids.tolist()])
        found.append(side.statistics.mean.tolist())
    return found


FLIPS = int(os.environ.get("PATENTDOCK_FLIPS", "60"))
"""Flips tried; more by hand, see docs/reliability.md."""


@pytest.mark.parametrize("small", [SMALL, 0])
def test_a_flipped_bit_is_noticed_or_changes_no_answer(
    two_generations: tuple[GenerationStore, str, str], small: int
) -> None:
    """Over all files, chosen alike; read every time, or noted as read before the flip."""
    store, _, new = two_generations
    store.verify(new)
    root, luck = store.root, random.Random(11 + small)
    expected = answers(GenerationStore(root, small).open(new))
    files = sorted(path for path in (root / new).rglob("*") if path.stat().st_size and path.is_file())
    outcomes = Counter[str]()
    for _ in range(FLIPS):
        path = luck.choice([*files, root / "current"])
        sound = path.read_bytes()
        place, bit = luck.randrange(len(sound)), luck.randrange(8)
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 1 << bit]) + sound[place + 1 :])
        try:
            current = GenerationStore(root, small).current()
            assert current is not None
            assert answers(current) == expected, f"{path} {place} {bit}"
            outcomes["harmless"] += 1
        except (GenerationDamaged, NotFound):
            outcomes["noticed"] += 1
        path.write_bytes(sound)
    assert outcomes["noticed"] > FLIPS * 0.9


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_a_service_serves_the_last_good_generation_while_another_is_read(
    two_generations: tuple[GenerationStore, str, str],
) -> None:
    store, old, new = two_generations
    GenerationStore(store.root).rollback(old)
    service = GenerationStore(store.root, small=0, retry=0)
    service.read_in_background()
    with pytest.raises(GenerationUnread, match=old):
        service.current()
    service.read_waiting()
    held = service.current()
    assert held is not None
    assert (held.name, service.state.problem) == (old, "")
    GenerationStore(store.root).activate(new)
    assert service.current() is held
    assert (service.state.reading, service.state.served) == (new, old)
    service.read_waiting()
    switched = service.current()
    assert switched is not None
    assert (switched.name, service.state.reading) == (new, None)
    assert service.state.read <= service.state.to_read
    # A restart trusts what was read.
    again = GenerationStore(store.root, small=0)
    again.read_in_background()
    restarted = again.current()
    assert restarted is not None
    assert restarted.name == new


@pytest.mark.parametrize("file", ["patents/vectors.faiss", "patents/columns/offsets.npy", MANIFEST])
def test_a_service_leaves_a_damaged_generation_for_the_last_good_one(
    two_generations: tuple[GenerationStore, str, str], file: str
) -> None:
    store, old, new = two_generations
    for name in (old, new):
        store.verify(name)
    service = GenerationStore(store.root, retry=0)
    service.read_in_background()
    assert service.current() is not None
    spoil(store.root / new / file)
    with pytest.raises(GenerationDamaged, match=file):
        service.read_again()
    fallen_back = service.current()
    assert fallen_back is not None
    assert (fallen_back.name, file in service.state.problem) == (old, True)
    # A start finds the same; a command says so and stops.
    restarted = GenerationStore(store.root, retry=0)
    restarted.read_in_background()
    opened = restarted.current()
    assert opened is not None
    assert (opened.name, file in restarted.state.problem) == (old, True)
    with pytest.raises(GenerationDamaged, match="reindex"):
        GenerationStore(store.root).current()


def test_a_pointer_that_names_nothing_is_explained_and_mended(
    two_generations: tuple[GenerationStore, str, str],
) -> None:
    store, old, new = two_generations
    (store.root / "current").write_bytes(b"\xff\xfe2026")
    with pytest.raises(GenerationDamaged, match="current 已损坏"):
        store.current()
    assert [entry.name for entry in store.entries()] == [new, old]
    assert store.rollback(new).name == new
    assert GenerationStore(store.root).current() is not None
