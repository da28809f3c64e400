"""Evidence of deals (证明材料): which file proves what. The files themselves lie under their hash, see service.web.files.evidence_files."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Field, Session, SQLModel, col

from catalog.deals import deals
from catalog.deals.deals import Receipt
from catalog.kit.base import NEVER_TWICE, Timestamps, enum_type, now
from catalog.kit.errors import NotFound, RecordExists
from catalog.kit.terms import DealAction, EvidenceKind


class EvidenceFile(Timestamps, table=True):
    """A file that proves a deal or one of its payments; a removed one stays in the history of the deal."""

    __tablename__ = "deal_evidence"
    __table_args__ = NEVER_TWICE

    id: int | None = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deals.id", index=True)
    receipt_id: int | None = Field(default=None, foreign_key="deal_receipts.id", index=True)
    kind: EvidenceKind = Field(sa_type=enum_type(EvidenceKind), description="材料种类")
    file_name: str = Field(max_length=200)
    media_type: str = Field(max_length=100)
    size: int
    sha256: str = Field(max_length=64, index=True)
    actor: str = Field(default="", max_length=100)


class EvidencePublic(SQLModel):
    """A piece of evidence as shown to users."""

    id: int = Field(description="记录编号")
    deal_id: int = Field(description="交易的编号")
    receipt_id: int | None = Field(description="所证明的到账记录；空为证明整个交易")
    kind: EvidenceKind = Field(description="证明材料的种类")
    kind_name: str = Field(description="种类的中文名称")
    file_name: str = Field(description="文件名")
    media_type: str = Field(description="文件类型")
    size: int = Field(description="字节数")
    sha256: str = Field(description="文件内容的 SHA-256")
    actor: str = Field(description="操作者：命令行，或接口密钥的名称")
    created_at: datetime = Field(description="上传时间")


def public(row: EvidenceFile) -> EvidencePublic:
    """The evidence as shown to users."""
    values = row.model_dump(exclude={"updated_at"})
    return EvidencePublic(**values, kind_name=EvidenceKind(row.kind).label)


def get(session: Session, deal_id: int, evidence_id: int) -> EvidenceFile:
    """A piece of evidence of a deal. Raises NotFound."""
    row = session.get(EvidenceFile, evidence_id)
    if row is None or row.deal_id != deal_id:
        raise NotFound(f"编号为 {deal_id} 的交易没有编号为 {evidence_id} 的证明材料")
    return row


def add(session: Session, row: EvidenceFile) -> EvidenceFile:
    """Attaches a file as evidence of a deal or, by `receipt_id`, of one of its payments. Raises NotFound."""
    deal = deals.get(session, row.deal_id)
    if row.receipt_id is not None:
        receipt = session.get(Receipt, row.receipt_id)
        if receipt is None or receipt.deal_id != row.deal_id:
            raise NotFound(f"编号为 {row.deal_id} 的交易没有编号为 {row.receipt_id} 的到账记录")
    same = select(col(EvidenceFile.id)).where(
        col(EvidenceFile.deal_id) == row.deal_id,
        col(EvidenceFile.sha256) == row.sha256,
        col(EvidenceFile.receipt_id) == row.receipt_id,
    )
    if (known := session.execute(same.limit(1)).scalar()) is not None:
        raise RecordExists("同一份材料已经上传", hint="无需重复上传", existing_id=known)
    session.add(row)
    deal.updated_at = now()
    session.flush()
    deals.note_event(session, row.deal_id, DealAction.EVIDENCE_ADDED, row.actor, _content(row))
    return row


def remove(session: Session, deal_id: int, evidence_id: int, *, actor: str = "") -> None:
    """Take a file off a deal; its hash stays in the history and the file where it lies. Raises NotFound."""
    row = get(session, deal_id, evidence_id)
    content = _content(row)
    session.delete(row)
    deals.get(session, deal_id).updated_at = now()
    session.flush()
    deals.note_event(session, deal_id, DealAction.EVIDENCE_REMOVED, actor, content)


def _content(row: EvidenceFile) -> dict[str, object]:
    return row.model_dump(include={"id", "receipt_id", "kind", "file_name", "media_type", "size", "sha256"})


def of_deals(session: Session, ids: Sequence[int]) -> dict[int, list[EvidenceFile]]:
    """The evidence of these deals by deal id, in the order of its coming."""
    found: dict[int, list[EvidenceFile]] = {}
    query = (
        select(EvidenceFile).where(col(EvidenceFile.deal_id).in_(list(ids))).order_by(col(EvidenceFile.id))
    )
    for row in session.execute(query).scalars():
        found.setdefault(row.deal_id, []).append(row)
    return found
