"""Enterprises (企业), above all 专精特新 firms, that have needs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import JSON, Index, Numeric, Select, Text, cast, func, or_, select
from sqlmodel import Field, Session, SQLModel, col

from catalog.imports.changes import KnownRows
from catalog.kit import facets
from catalog.kit.base import (
    MAX_REMARK,
    NEVER_TWICE,
    Schema,
    Stamps,
    Timestamps,
    apply_changes,
    chunks,
    fold,
    id_column,
    id_of,
    plain,
)
from catalog.kit.errors import Conflict, NotFound, RecordExists
from catalog.kit.money import Money
from catalog.kit.paging import ListQuery, MainList, Rows, Sorts
from catalog.reference.conditions import in_regions, of_industries
from catalog.reference.lists import industry_name, region_name


class EnterpriseBase(Schema):
    """Attributes of an enterprise."""

    name: str = Field(min_length=1, max_length=300, description="企业名称")
    credit_code: str | None = Field(default=None, max_length=18, description="统一社会信用代码")
    province: str | None = Field(default=None, max_length=6, description="省级行政区划代码（GB/T 2260）")
    prefecture: str | None = Field(default=None, max_length=6, description="地级行政区划代码（GB/T 2260）")
    county: str | None = Field(default=None, max_length=6, description="县级行政区划代码（GB/T 2260）")
    address: str | None = Field(default=None, max_length=500, description="地址")
    industry: str | None = Field(default=None, max_length=4, description="国民经济行业代码（GB/T 4754-2017）")
    former_names: list[str] = Field(default_factory=list, sa_type=JSON, description="曾用名")
    titles: list[str] = Field(default_factory=list, sa_type=JSON, description="资质，如 省级专精特新")
    staff: int | None = Field(default=None, ge=0, description="从业人员数")
    revenue: Decimal | None = Field(
        default=None,
        ge=0,
        sa_type=Numeric(18, 2),
        description="营业收入（元）",
    )
    founded_on: date | None = Field(default=None, description="成立日期")
    products: str | None = Field(default=None, max_length=2000, description="主要产品")
    contact: str | None = Field(default=None, max_length=500, description="联系人与联系方式")
    remark: str | None = Field(
        default=None, max_length=MAX_REMARK, sa_type=Text, description="备注，含不能识别的原文"
    )


class Enterprise(EnterpriseBase, Timestamps, table=True):
    """An enterprise, identified by its credit code where given and by its normalised name."""

    __tablename__ = "enterprises"
    __noted_as__ = "enterprise"
    __table_args__ = (Index(None, "updated_at"), NEVER_TWICE)

    id: int | None = Field(default=None, primary_key=True)
    name_key: str = Field(
        max_length=300, unique=True, description="企业名称（折叠全角半角、大小写和空白后），用于识别同一企业"
    )
    credit_code: str | None = Field(default=None, max_length=18, unique=True, description="统一社会信用代码")
    import_id: int | None = Field(default=None, foreign_key="imports.id")
    is_demo: bool = False


class EnterpriseCreate(EnterpriseBase):
    """A new enterprise."""


class EnterpriseUpdate(EnterpriseBase):
    """The whole new state of an enterprise (PUT)."""


class EnterprisePublic(EnterpriseBase, Stamps):
    """An enterprise as shown to users."""

    id: int = Field(description="企业的编号")
    revenue: Money | None = Field(description="营业收入（元）")
    prefecture_name: str | None = Field(description="地级行政区划的名称")
    industry_name: str | None = Field(description="国民经济行业的名称")
    is_demo: bool = Field(description="是否为演示数据")


class FirmProducts(SQLModel):
    """The fields of an enterprise that the index reads."""

    id: int
    products: str


def public(row: Enterprise) -> EnterprisePublic:
    """The enterprise as shown to users."""
    return EnterprisePublic(
        **row.model_dump(include={*EnterpriseBase.model_fields, *Stamps.model_fields}),
        id=id_of(row),
        prefecture_name=region_name(row.prefecture),
        industry_name=industry_name(row.industry),
        is_demo=row.is_demo,
    )


def get(session: Session, enterprise_id: int) -> Enterprise:
    """The enterprise `enterprise_id`. Raises NotFound."""
    row = session.get(Enterprise, enterprise_id)
    if row is None:
        raise NotFound(f"没有编号为 {enterprise_id} 的企业", record=(Enterprise.__noted_as__, enterprise_id))
    return row


def find(session: Session, name: str, credit_code: str | None = None) -> Enterprise | None:
    """The enterprise with this credit code or, failing that, this name."""
    return Firms(session, [(name, credit_code)]).find(name, credit_code)


class EnterpriseFilter(Schema):
    """Conditions of a list of enterprises, by stored value; values of one field are alternatives, fields add up."""

    name: str | None = Field(default=None, max_length=300, description="名称中的文字")
    title: list[str] = Field(default_factory=list, description="资质中的文字，如 专精特新")
    region: list[str] = Field(default_factory=list)
    industry: list[str] = Field(default_factory=list)
    credit_code: str | None = None
    segment_industries: list[str] | None = Field(default=None, description="所属细分领域的行业代码")


LIST = MainList(
    Enterprise,
    Sorts(
        {
            "name": Enterprise.name_key,
            **{
                name: getattr(Enterprise, name)
                for name in ("id", "revenue", "staff", "founded_on", "created_at", "updated_at")
            },
        },
        "id",
    ),
    {
        "region": facets.of_column(
            func.coalesce(Enterprise.prefecture, Enterprise.province), facets.known(region_name)
        ),
        "industry": facets.of_column(Enterprise.industry, facets.known(industry_name)),
        "title": facets.of_lists(Enterprise.titles, lambda titles: titles, facets.known(str)),
        "year": facets.of_years(Enterprise.founded_on),
    },
)


def page(session: Session, wanted: ListQuery, where: EnterpriseFilter | None = None) -> Rows[Enterprise]:
    """The enterprises that meet all conditions of `where`."""
    return LIST.page(session, _meeting(where or EnterpriseFilter()), wanted)


def listed(session: Session, wanted: ListQuery, where: EnterpriseFilter, *, at_most: int) -> list[int]:
    """The ids of all enterprises that meet the conditions, in the order of the list. Raises InvalidInput for too many."""
    return LIST.ids(session, _meeting(where), wanted, at_most=at_most)


def many(session: Session, ids: Sequence[int]) -> dict[int, EnterprisePublic]:
    """The enterprises with these ids as shown to users, by id; ids that are gone are left out."""
    rows = session.execute(select(Enterprise).where(col(Enterprise.id).in_(list(ids)))).scalars()
    return {id_of(row): public(row) for row in rows}


def industries(session: Session, where: EnterpriseFilter) -> dict[int, str | None]:
    """The enterprises that meet all conditions, with their industries, by id in ascending order."""
    query = _meeting(where).with_only_columns(id_column(Enterprise), col(Enterprise.industry))
    return {row.id: row.industry for row in session.execute(query.order_by(col(Enterprise.id)))}


def of_codes(session: Session, codes: Iterable[str]) -> dict[str, Enterprise]:
    """The enterprises with these credit codes, by code."""
    found: dict[str, Enterprise] = {}
    for chunk in chunks(sorted(set(codes))):
        for row in session.execute(
            select(Enterprise).where(col(Enterprise.credit_code).in_(chunk))
        ).scalars():
            found[row.credit_code or ""] = row
    return found


def products(session: Session) -> Iterator[FirmProducts]:
    """The products of all enterprises that state them, in the order of their ids."""
    query = _stating_products().order_by(col(Enterprise.id)).execution_options(yield_per=2000)
    for id_, text in session.execute(query):
        yield FirmProducts(id=id_, products=text)


def products_of(session: Session, ids: Sequence[int]) -> Iterator[FirmProducts]:
    """The products of those of these enterprises that state them."""
    for chunk in chunks(ids):
        for id_, text in session.execute(_stating_products().where(col(Enterprise.id).in_(chunk))):
            yield FirmProducts(id=id_, products=text)


def _stating_products() -> Any:
    return select(col(Enterprise.id), col(Enterprise.products)).where(col(Enterprise.products) != "")


def _meeting(where: EnterpriseFilter) -> Select[Enterprise]:
    query = select(Enterprise)
    if where.name:
        query = query.where(col(Enterprise.name_key).contains(fold(where.name), autoescape=True))
    if where.title:
        # Titles are stored as a JSON list of texts.
        titles = cast(col(Enterprise.titles), Text)
        query = query.where(or_(*(titles.contains(text, autoescape=True) for text in where.title)))
    if where.region:
        query = query.where(in_regions(col(Enterprise.province), col(Enterprise.prefecture), where.region))
    if where.industry:
        query = query.where(of_industries(col(Enterprise.industry), where.industry))
    if where.credit_code:
        query = query.where(col(Enterprise.credit_code) == where.credit_code)
    if where.segment_industries is not None:
        query = query.where(of_industries(col(Enterprise.industry), where.segment_industries))
    return query


_EMPTY: tuple[Any, ...] = (None, [], "")


@dataclass(frozen=True, slots=True)
class FirmOutcome:
    """The outcome of a record, and the enterprise that it was stored into, or that it waits because of."""

    status: Literal["new", "changed", "unchanged", "waiting"]
    firm: Enterprise


def is_named(row: Enterprise, data: EnterpriseBase) -> bool:
    """Whether a record names an enterprise: as it is stored but for punctuation, by a former name, or as its former name."""
    stored, stated = (
        {*map(plain, (row.name, *row.former_names))},
        {*map(plain, (data.name, *data.former_names))},
    )
    return plain(data.name) in stored or plain(row.name) in stated


class Firms:
    """The enterprises that a batch of records names, those it makes and changes; `flush` writes them."""

    def __init__(
        self,
        session: Session,
        named: Iterable[tuple[str, str | None]],
        *,
        import_id: int | None = None,
        is_demo: bool = False,
    ) -> None:
        pairs = list(named)
        names, codes = [fold(name) for name, _ in pairs], [code for _, code in pairs]
        self._known = KnownRows(session, Enterprise, import_id, name_key=names, credit_code=codes)
        self._origin: dict[str, Any] = {"import_id": import_id, "is_demo": is_demo}
        self.flush = self._known.flush

    def named(self, name: str) -> Enterprise | None:
        """The enterprise with this name."""
        return self._known.find("name_key", fold(name))

    def find(self, name: str, credit_code: str | None) -> Enterprise | None:
        """The enterprise with this credit code or, failing that, this name."""
        return self._known.find("credit_code", credit_code) or self.named(name)

    def add(self, data: EnterpriseCreate) -> Enterprise:
        """A new enterprise."""
        row = Enterprise(**data.model_dump(), name_key=fold(data.name), **self._origin)
        self._known.add(row)
        return row

    def mentioned(self, data: EnterpriseCreate) -> Enterprise:
        """The enterprise that another record mentions: created where unknown, otherwise only its empty fields are filled.

        A known one is matched by name alone where the given code belongs to another enterprise.
        """
        owner = self._known.find("credit_code", data.credit_code)
        row = self.named(data.name) or owner
        if row is None:
            return self.add(data)
        stated = {
            name: value
            for name, value in data.model_dump(exclude={"name"}).items()
            if value not in _EMPTY and getattr(row, name) in _EMPTY
        }
        if owner is not None and owner is not row:
            stated.pop("credit_code", None)
        self._known.change(row, stated)
        return row

    def meant(self, data: EnterpriseCreate) -> Enterprise | None:
        """The enterprise that a record refers to, by its credit code, its name or a former name."""
        former = (row for name in data.former_names if (row := self.named(name)))
        return self.find(data.name, data.credit_code) or next(former, None)

    def upsert(self, data: EnterpriseCreate) -> FirmOutcome | Conflict:
        """Takes a register record. Empty cells overwrite nothing, and the name that an enterprise had before is no new one.

        A record under the credit code of an enterprise that it does not name waits: the code may be copied, or the name new. It is
        refused where the enterprise that it names has another code.
        """
        row = self.meant(data)
        if row is None:
            return FirmOutcome("new", self.add(data))
        if data.credit_code and row.credit_code not in (None, data.credit_code):
            return Conflict(
                f"企业“{row.name}”已登记的统一社会信用代码是 {row.credit_code}，不是 {data.credit_code}",
                hint="请与营业执照核对",
            )
        if not is_named(row, data):
            return FirmOutcome("waiting", row)
        if self.named(data.name) not in (None, row):
            return _two_firms(data)
        return FirmOutcome("changed" if self._state(row, data) else "unchanged", row)

    def rename(self, data: EnterpriseCreate) -> None:
        """Takes a record that waited, whose name is a new one of the enterprise with its credit code. Raises Conflict."""
        outcome = self.upsert(data)
        if isinstance(outcome, Conflict):
            raise outcome
        if outcome.status == "waiting":
            if self.named(data.name):
                raise _two_firms(data)
            self._state(outcome.firm, data)

    def _state(self, row: Enterprise, data: EnterpriseCreate) -> bool:
        """Sets what a record states of an enterprise; returns whether that changed it."""
        stated = {name: value for name, value in data.model_dump().items() if value not in _EMPTY}
        former = [*row.former_names, *data.former_names]
        if plain(data.name) in map(plain, row.former_names):
            del stated["name"]
        else:
            stated["name_key"] = fold(data.name)
            former.append(row.name)
        present = plain(stated.get("name", row.name))
        stated["former_names"] = [name for name in dict.fromkeys(former) if plain(name) != present]
        return self._known.change(row, stated)


def _two_firms(data: EnterpriseCreate) -> Conflict:
    return Conflict(
        f"名称“{data.name}”与统一社会信用代码 {data.credit_code} 分属两家企业",
        hint="请核对名称和代码；如是同一家企业，请先合并这两条记录",
    )


def create(session: Session, data: EnterpriseCreate) -> Enterprise:
    """Store a new enterprise. Raises Conflict when its name or credit code is taken."""
    firms = Firms(session, [(data.name, data.credit_code)])
    if known := firms.find(data.name, data.credit_code):
        hint = "请改用更新，或核对统一社会信用代码"
        raise RecordExists(f"企业“{data.name}”已存在", hint=hint, existing_id=known.id)
    row = firms.add(data)
    firms.flush()
    return row


def update(session: Session, enterprise_id: int, data: EnterpriseUpdate) -> Enterprise:
    """Replace the state of an enterprise. Raises NotFound, and Conflict when the name or code is another's."""
    row = get(session, enterprise_id)
    firms = Firms(session, [(data.name, data.credit_code)])
    for other in (firms.find(data.name, data.credit_code), firms.named(data.name)):
        if other is not None and other.id != row.id:
            message = f"企业“{data.name}”的名称或统一社会信用代码已属于编号 {other.id} 的企业"
            raise RecordExists(message, existing_id=other.id)
    apply_changes(row, data.model_dump() | {"name_key": fold(data.name)})
    session.flush()
    return row


def meant(session: Session, records: Sequence[EnterpriseCreate]) -> list[int]:
    """The ids of the stored enterprises that the records refer to, 0 for a new one."""
    firms = Firms(session, _named(records))
    found = [firms.meant(data) for data in records]
    return [id_of(row) if row else 0 for row in found]


def _named(records: Sequence[EnterpriseCreate]) -> list[tuple[str, str | None]]:
    """The names and credit codes by which records may be known."""
    former = [(name, None) for data in records for name in data.former_names]
    return [*((data.name, data.credit_code) for data in records), *former]


def upsert(
    session: Session, records: Sequence[EnterpriseCreate], *, import_id: int | None, is_demo: bool = False
) -> list[FirmOutcome | Conflict]:
    """Upserts register records, one after the other; returns the outcome of each."""
    firms = Firms(session, _named(records), import_id=import_id, is_demo=is_demo)
    outcomes = [firms.upsert(data) for data in records]
    firms.flush()
    return outcomes
