"""The columns of an imported file (列的识别): what each was taken for, by what, and what became of its cells."""

from __future__ import annotations

from sqlmodel import Field, SQLModel

from catalog.kit.terms import Term


class ColumnBasis(Term):
    """The evidence by which the meaning of a column was recognised (识别依据), or that it has none."""

    HEADER = "header", "列名"
    VALUES = "values", "内容"
    CONTENT = "content", "内容（列名不明或不符）"
    MAPPING = "mapping", "列对应关系"
    IGNORED = "ignored", "无需导入"
    UNKNOWN = "unknown", "未识别"


class UnreadCell(SQLModel):
    """A cell that was not read."""

    line: int = Field(description="行号")
    value: str = Field(description="内容，过长的只保留前面部分")


class FileColumn(SQLModel):
    """A column of a file; `filled` = `read` + `remarked` + `unread`, always, counted over the rows that are records.

    `rejected` are those of the unread cells that stand in rejected rows.
    """

    sheet: str = Field(description="工作表")
    place: int = Field(description="第几列")
    letter: str = Field(description="列标，如 A、AB")
    header: str = Field(description="列名，照文件所载；没有列名的为空")
    column: str = Field(description="列对应关系中的写法；没有列名或列名重复时为“第 N 列”")
    field: str = Field(description="识别为哪个字段，可用于列对应关系；没有识别的为空")
    label: str = Field(description="字段的中文名称")
    rank: int = Field(description="同一字段有几列时，先采用哪一列：1 起；没有识别的为 0")
    by: ColumnBasis = Field(
        description="依据：header 列名，values 没有列名、按内容，content 列名不明或不符、按内容，mapping 列对应关系；"
        "ignored 无需导入，unknown 未识别"
    )
    how: str = Field(description="依据的中文名称")
    filled: int = Field(default=0, description="有内容的行数")
    read: int = Field(default=0, description="已读取的行数")
    remarked: int = Field(default=0, description="原文记入备注的行数")
    unread: int = Field(default=0, description="未读取的行数")
    rejected: int = Field(default=0, description="未读取的行中被退回的行数")
    examples: list[UnreadCell] = Field(default_factory=list, description="未读取的内容，最多三例")
