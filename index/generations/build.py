"""`reindex`: from the catalogue to a new generation in use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import monotonic

from catalog.changes.record_changes import ChangePlace
from catalog.db import Database
from catalog.demand import enterprises
from catalog.indexed import changes
from catalog.indexed import needs as indexed_needs
from catalog.indexed import patents as indexed_patents
from catalog.kit.errors import NotFound, NotReady, system_reason
from catalog.kit.progress import StepProgress
from catalog.licences import licences
from catalog.runs import generations
from catalog.segments import segments
from catalog.supply import patent_lists
from index.arrays import Vectors
from index.files.damage import GenerationDamaged
from index.files.manifest import Manifest, ModelFacts
from index.generations.collection import Collection, Document, Encode, text_rules
from index.generations.documents import need_document, patent_document, product_document
from index.generations.embedding_store import EmbeddingStore
from index.generations.generation import Generation, GenerationStore
from index.generations.sides import NeedSide, PatentSide, need_side, patent_side
from index.text_encoder import TextEncoder

_PATENT_VECTORS, _SENTENCE_VECTORS = "计算专利向量", "计算专利句子向量"
_NEED_VECTORS, _PRODUCT_VECTORS = "计算需求向量", "计算企业产品向量"

Classify = Callable[[PatentSide, NeedSide], tuple[Sequence[int], Sequence[int]]]
"""Classifies records of the patents side and the needs side; returns the ids of the classified patents and needs."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """The result of a build: records indexed, texts newly embedded, records whose vector was known."""

    name: str
    patents: int
    needs: int
    embedded: int
    reused: int
    seconds: float


def reindex(
    database: Database,
    data_dir: Path,
    encoder: TextEncoder,
    *,
    today: date,
    progress: StepProgress | None = None,
    check: Callable[[Generation], None] | None = None,
    classify: Classify | None = None,
) -> BuildReport:
    """Build a generation of all patents, open needs and products of firms, verify it and put it in use.

    Open licences are those that run `today`. Only texts that this model has never embedded are embedded. Whenever this is
    killed, the generation before stays in use and complete. The newest KEPT generations are kept for a rollback, older ones
    removed. `classify` may classify records without classes before the filter columns are final. Raises NotReady when the
    catalogue has no patents, no segment catalogue is in use or a disk operation fails, Conflict when another build runs,
    GenerationDamaged when the new generation fails its verification, and what `check` raises, which is called before the new
    one is put in use.
    """
    try:
        return _Build(database, data_dir, encoder, today, progress or (lambda step, done, total: None)).run(
            check, classify
        )
    except OSError as error:
        raise NotReady(
            f"写入索引失败：{system_reason(error)}",
            hint="原有索引不受影响；请检查数据目录的剩余空间和写权限，然后重新运行 patentdock reindex",
        ) from error


class _Build:
    def __init__(
        self, database: Database, data_dir: Path, encoder: TextEncoder, today: date, progress: StepProgress
    ) -> None:
        self._database, self._encoder, self._today, self._progress = database, encoder, today, progress
        self._store = GenerationStore(data_dir / "generations")
        self._embeddings = data_dir / "embeddings" / encoder.fingerprint
        self._embedded: dict[str, int] = {}

    def run(self, check: Callable[[Generation], None] | None, classify: Classify | None) -> BuildReport:
        start, started_at = monotonic(), datetime.now(UTC)
        with self._store.locked():
            with suppress(NotFound, GenerationDamaged):  # a broken one in use is no reason not to build
                note_in_catalogue(self._database, self._store)
            catalogue, total, place = self._preconditions()
            name = f"{started_at:%Y%m%d-%H%M%S}-{started_at.microsecond // 1000:03d}"
            folder, before = self._store.begin(name), self._before()
            with EmbeddingStore(self._embeddings, self._encoder.dimensions) as embeddings:
                patents_ = self._patent_collection(folder / "patents", total, embeddings, before)
                needs_ = self._need_collection(folder / "needs", embeddings, before)
                products = self._product_collection(folder / "products", embeddings)
            if classify:
                side = patent_side(patents_)
                found = classify(side, need_side(needs_, side.statistics.words))
                self._take_classes(folder, *found)
            manifest = Manifest(
                name=name,
                started_at=started_at,
                finished_at=datetime.now(UTC),
                patents=len(patents_),
                needs=len(needs_),
                products=len(products),
                model=self._model_facts(),
                segment_catalogue=catalogue,
                code_version=_code_version(),
                text_rules=text_rules(),
                changes=str(place),
            )
            self._progress("校验并启用", 0, 1)
            self._store.seal(folder, manifest)
            if check:
                check(self._store.open(name))
            self._store.activate(name)
            self._store.prune_locked()
            note_in_catalogue(self._database, self._store)
            self._progress("校验并启用", 1, 1)
        embedded = self._embedded[_PATENT_VECTORS] + self._embedded[_NEED_VECTORS]
        return BuildReport(
            name=name,
            patents=manifest.patents,
            needs=manifest.needs,
            embedded=embedded,
            reused=manifest.patents + manifest.needs - embedded,
            seconds=monotonic() - start,
        )

    def _preconditions(self) -> tuple[str, int, ChangePlace]:
        """The version of the segment catalogue in use, the number of patents, and the place from which to follow changes."""
        with self._database.read() as session:
            place = changes.start(session)
            catalogue, total = segments.catalogue(session).version, patent_lists.count(session)
        if total == 0:
            raise NotReady(
                "系统中尚无专利，无法建立索引",
                hint="请先运行 patentdock import patents 文件 导入专利，或 patentdock demo load 载入演示数据",
            )
        return catalogue, total, place

    def _take_classes(self, folder: Path, patents_: Sequence[int], needs_: Sequence[int]) -> None:
        """Rewrite the columns of these newly classified records."""
        with self._database.read() as session:
            if patents_:
                licensed = licences.licensed_ids(session, self._today)
                documents = map(patent_document, indexed_patents.texts_of(session, patents_, licensed))
                Collection.with_columns(folder / "patents", documents)
            if needs_:
                Collection.with_columns(
                    folder / "needs", map(need_document, indexed_needs.texts_of(session, needs_))
                )

    def _patents(self, total: int) -> Iterator[Document]:
        with self._database.read() as session:
            licensed = licences.licensed_ids(session, self._today)
            for done, patent in enumerate(indexed_patents.texts(session, licensed), 1):
                yield patent_document(patent)
                if done % 1000 == 0 or done == total:
                    self._progress("读取专利", done, total)

    def _needs(self) -> Iterator[Document]:
        with self._database.read() as session:
            yield from (need_document(need) for need in indexed_needs.texts(session) if need.is_open)

    def _before(self) -> Path | None:
        """The folder of the generation in use, if it is intact and of the same model and rules: its data on texts are reused."""
        try:
            name = self._store.current_name()
            manifest = self._store.verify(name) if name else None
        except (NotFound, GenerationDamaged):
            return None
        if manifest is None or manifest.text_rules != text_rules():
            return None
        same_model = manifest.model.fingerprint == self._encoder.fingerprint
        return self._store.root / manifest.name if same_model else None

    def _patent_collection(
        self, folder: Path, total: int, embeddings: EmbeddingStore, before: Path | None
    ) -> Collection:
        return Collection.build(
            folder,
            self._patents(total),
            self._encoder.dimensions,
            self._encoding(embeddings, "passage", _PATENT_VECTORS),
            self._encoding(embeddings, "passage", _SENTENCE_VECTORS),
            before=Collection.open(before / "patents") if before else None,
            progress=lambda done, total: self._progress("建立专利词汇索引", done, total),
        )

    def _need_collection(self, folder: Path, embeddings: EmbeddingStore, before: Path | None) -> Collection:
        return Collection.build(
            folder,
            self._needs(),
            self._encoder.dimensions,
            self._encoding(embeddings, "query", _NEED_VECTORS),
            before=Collection.open(before / "needs") if before else None,
            progress=lambda done, total: self._progress("建立需求词汇索引", done, total),
        )

    def _products(self) -> Iterator[Document]:
        with self._database.read() as session:
            yield from map(product_document, enterprises.products(session))

    def _product_collection(self, folder: Path, embeddings: EmbeddingStore) -> Collection:
        return Collection.build(
            folder,
            self._products(),
            self._encoder.dimensions,
            self._encoding(embeddings, "query", _PRODUCT_VECTORS),
            progress=lambda done, total: self._progress("建立企业产品词汇索引", done, total),
        )

    def _encoding(self, embeddings: EmbeddingStore, kind: str, step: str) -> Encode:
        encode_new = self._encoder.encode_queries if kind == "query" else self._encoder.encode_passages

        def encode(texts: Sequence[str]) -> Iterator[Vectors]:
            blocks, self._embedded[step] = embeddings.blocks(
                kind, texts, encode_new, lambda done, total: self._progress(step, done, total)
            )
            return blocks

        return encode

    def _model_facts(self) -> ModelFacts:
        return ModelFacts(
            name=self._encoder.name,
            fingerprint=self._encoder.fingerprint,
            dimensions=self._encoder.dimensions,
            precision=self._encoder.precision.dtype,
            precision_reason=self._encoder.precision.reason,
        )


def note_in_catalogue(database: Database, store: GenerationStore) -> None:
    """Bring the catalogue's history of generations in step with the store: the one in use, and those removed.

    To be called after every switch or removal; the next one repairs a killed one. Raises NotFound and
    GenerationDamaged when the one in use has no readable manifest.
    """
    name = store.current_name()
    if name is None:
        return
    with database.write() as session:
        known = next((row for row in generations.history(session) if row.name == name), None)
        if known is None or known.status != generations.GenerationStatus.ACTIVE.value:
            manifest = store.manifest(name)
            facts = manifest.model_dump(mode="json")
            generations.record(session, name, manifest.patents, manifest.needs, facts, datetime.now(UTC))
        generations.mark_pruned(session, {*store.names(), name})


def _code_version() -> str:
    try:
        return version("patentdock")
    except PackageNotFoundError:
        return "unknown"
