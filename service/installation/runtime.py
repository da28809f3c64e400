"""The parts of a running installation, made when first needed and shared by all requests."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from catalog.kit.days import beijing_today
from catalog.kit.errors import NotReady, system_reason
from service.installation.key_use import KeyUse
from service.installation.settings import Settings

if TYPE_CHECKING:
    from catalog.db import Database
    from index.generations.generation import GenerationStore
    from index.live.follower import Follower
    from index.model.encoder import Encoder
    from ingestion.imports.queue import ImportQueue
    from ingestion.records.fields import Circumstances
    from matching.answers.completer import Completer
    from matching.answers.matcher import Matcher


class Runtime:
    """Database, index, model and matcher of one installation.

    The heavy libraries are imported with the part that needs them, so that `patentdock --help` does not wait for torch.
    """

    def __init__(self, settings: Settings, encoder: Encoder | None = None) -> None:
        """Installation of these settings; with an `encoder` that is loaded already, no model is looked for."""
        self.settings = settings
        self._encoder = encoder
        self._encoder_lock = Lock()
        self.key_use = KeyUse()

    @cached_property
    def database(self) -> Database:
        """The catalogue's database, with the tables of the law that it is read by.

        Raises NotReady when its address is of no use, InvalidInput where an operator's table is.
        """
        from catalog.db import Database
        from catalog.law import tables

        try:
            self.settings.data.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise NotReady(
                f"数据目录 {self.settings.data} 无法创建：{system_reason(error)}",
                hint="请用 PATENTDOCK_DATA 指定可写的目录",
            ) from error
        tables.use(self.settings.data)
        return Database(self.settings.catalogue_url, self.settings.lock_seconds)

    @cached_property
    def import_queue(self) -> ImportQueue:
        """The files that are imported one after the other."""
        from ingestion.imports.queue import ImportQueue

        return ImportQueue(self.settings.import_queue_dir)

    def circumstances(self, *, strict: bool = False) -> Circumstances:
        """The rules by which records are read at present. Raises InvalidInput where the operator's names of places are of no use."""
        from catalog.reference import places
        from ingestion.records.fields import Circumstances

        return Circumstances(beijing_today(), places.load(self.settings.data), strict)

    @cached_property
    def store(self) -> GenerationStore:
        """The generations of the index."""
        from index.generations.generation import GenerationStore

        return GenerationStore(self.settings.data / "generations")

    @property
    def model_path(self) -> str | Path:
        """Name or folder of the model to load. Raises NotReady when the packaged one has not been fetched."""
        if self.settings.model:
            return self.settings.model
        from index.model.package import MANIFEST, MODEL_NAME

        folder = self.settings.models_dir / MODEL_NAME
        if not (folder / MANIFEST).is_file():
            raise NotReady(
                f"语义模型尚未安装（应在 {folder}）",
                hint="请运行 patentdock setup-model，或用 PATENTDOCK_MODEL 指定模型",
            )
        return folder

    @property
    def encoder(self) -> Encoder:
        """The embedding model, loaded once. Raises NotReady (model missing or unusable)."""
        with self._encoder_lock:
            if self._encoder is None:
                self._encoder = self._load_encoder()
        return self._encoder

    def _load_encoder(self) -> Encoder:
        from index.model.encoder import Encoder
        from index.model.measurement import choose_precision
        from index.text_encoder import Precision

        model, threads = self.model_path, self.settings.threads or None
        if self.settings.precision == "auto":
            precision = choose_precision(model, self.settings.models_dir, threads=threads)
        else:
            precision = Precision(self.settings.precision, "由 PATENTDOCK_PRECISION 指定")
        return Encoder.load(model, threads=threads, precision=precision)

    @cached_property
    def completer(self) -> Completer:
        """The completer of needs. Raises NotReady when the model is missing."""
        from matching.answers.completer import Completer

        return Completer(self.matcher, self.encoder, self.settings.data)

    @cached_property
    def matcher(self) -> Matcher:
        """The matcher over database, index and model. Raises NotReady."""
        from matching.answers.matcher import Matcher

        return Matcher(self.database, self.store, self.encoder, self.settings.data)

    @cached_property
    def recent(self) -> Follower:
        """The follower that publishes recent changes to the store. Raises NotReady when the model is missing."""
        from index.live.follower import Follower, FollowLimits

        return Follower(self.database, self.store, self.encoder, FollowLimits(self.settings.recent_limit))

    def close(self) -> None:
        """Close the connections to the database."""
        if "database" in self.__dict__:
            self.database.dispose()
