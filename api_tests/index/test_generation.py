"""Generations: opened, reloaded, checked, switched."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from api_tests.index.small_catalogue import HashEncoder, add_patents, make_catalogue
from catalog.errors import NotFound
from index.build import reindex
from index.generation import GenerationDamaged, GenerationStore


@pytest.fixture
def two_generations(tmp_path: Path) -> tuple[GenerationStore, str, str]:
    """A store with an older generation of three patents and one of four in use."""
    database = make_catalogue(tmp_path)
    old = reindex(database, tmp_path, HashEncoder()).name
    add_patents(database, range(3, 4))
    new = reindex(database, tmp_path, HashEncoder()).name
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
    assert held.patents.vectors.search(held.patents.vectors.vectors[:1], 4)[1].shape == (1, 4)
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
