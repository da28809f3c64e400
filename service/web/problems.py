"""The kinds of problems (问题种类) that answers name in their `type`: one list behind pages, documentation and tests."""

from dataclasses import dataclass
from typing import Any

from catalog.demand.needs import NeedClosed
from catalog.kit.errors import (
    Busy,
    Conflict,
    DiskFull,
    Forbidden,
    Gone,
    InProgress,
    InvalidInput,
    Merged,
    NotFound,
    NotReady,
    PatentDockError,
    RecordExists,
    Referenced,
    WrongState,
)
from ingestion.errors import NotARegister, UnreadableFile
from service.requests.field_problems import InvalidFields
from service.web.errors import (
    Malformed,
    Outdated,
    TooLarge,
    Unauthorized,
    Unconditional,
    Unforeseen,
    UnknownAddress,
    WrongMethod,
    problem_type,
)


@dataclass(frozen=True)
class ProblemKind:
    """A kind of problem: the error that stands for it, what it means, what a caller does next, and an example.

    `shown` are the members of the example beside `type`, `title` and `status`.
    """

    error: type[PatentDockError]
    meaning: str
    remedy: str
    shown: dict[str, Any]

    @property
    def code(self) -> str:
        """The code, which never changes."""
        return self.error.code

    @property
    def example(self) -> dict[str, Any]:
        """Problem details of this kind."""
        head = {"type": problem_type(self.code), "title": self.error.title, "status": self.error.status}
        return head | self.shown


KINDS = (
    ProblemKind(
        Malformed,
        "请求的内容或请求头无法读取，例如表单不完整、不是 UTF-8 编码。",
        "按接口说明重新组织请求。同样的请求再发一次，结果不变。",
        {"detail": "请求内容无法解析，应为 UTF-8 编码的 JSON 或表单"},
    ),
    ProblemKind(
        PatentDockError,
        "操作没有完成，又不属于其他种类，例如排队导入时连接已断开。",
        "看 `detail`，按 `hint` 处理后再试。",
        {"detail": "已放弃排队，文件没有导入"},
    ),
    ProblemKind(
        Unauthorized,
        "请求没有带接口密钥，或密钥不正确、已吊销。",
        "在请求头中加入 `Authorization: Bearer pd_…`。密钥由管理员生成。",
        {
            "detail": "请求没有带接口密钥",
            "hint": "请在请求头中加入 Authorization: Bearer pd_…；密钥用 patentdock keys create 生成",
        },
    ),
    ProblemKind(
        Forbidden,
        "密钥没有这一接口所需的权限。`missing` 是所缺的权限。",
        "请安全管理员授予该权限，或改用有该权限的密钥。各接口所需的权限见接口说明中的 `x-permission`。",
        {
            "detail": "缺少权限“查看技术需求”（needs.read）",
            "hint": "请向安全管理员申请该权限",
            "missing": "needs.read",
        },
    ),
    ProblemKind(
        NotFound,
        "编号所指的记录不存在，或请求所指的另一条记录不存在。",
        "核对编号。记录曾经存在而已删除的，另见 `gone` 与 `merged`。",
        {"detail": "没有编号为 99999 的专利"},
    ),
    ProblemKind(
        UnknownAddress,
        "地址不存在。",
        "核对地址与版本，接口都在 `/api/v1` 之下。",
        {"detail": "地址不存在：/api/v1/patent"},
    ),
    ProblemKind(
        WrongMethod,
        "地址存在，但不支持这种请求方法。",
        "应答头 `Allow` 列出可用的方法。",
        {"detail": "此地址不支持 DELETE"},
    ),
    ProblemKind(
        Conflict,
        "请求与现有内容冲突，例如交易的专利不在会谈之列。",
        "看 `detail`，处理冲突后再提交。",
        {"detail": "开放许可声明不能改到另一件专利上", "hint": "请为另一件专利新建声明"},
    ),
    ProblemKind(
        RecordExists,
        "同一号码、名称或内容的记录已经登记，没有写入。",
        "改为更新 `existing_id` 所指的记录，或核对号码。",
        {"detail": "需求编号“XQ-001”已存在", "hint": "请改用更新", "existing_id": 17},
    ),
    ProblemKind(
        NeedClosed,
        "需求已截止、已对接或已关闭，不再参加匹配。",
        "延长截止日期，或把状态改回“征集中”，再匹配。",
        {"detail": "需求 XQ-001 已于 2026-06-30 截止，不再参加匹配", "hint": "延长截止日期后即可匹配"},
    ),
    ProblemKind(
        WrongState,
        "记录所处的状态不允许这样做，例如撤回已撤回的声明、删去已结束的活动。",
        "先查看记录的状态。`hint` 写明可以进入的状态或还缺的步骤。",
        {"detail": "交易 HT-2026-001 已备案，不能再改动", "hint": "请登记新的交易"},
    ),
    ProblemKind(
        Referenced,
        "其他记录引用了这一条，不能删除。",
        "先删除引用它的记录，或选择一并删除（`cascade`）。",
        {
            "detail": "专利 202119900008.0 已有开放许可声明 1 份，不能删除",
            "hint": "请先删除这些记录，或选择一并删除（cascade）",
        },
    ),
    ProblemKind(
        InProgress,
        "另一项操作正在处理同一内容，例如夜间批处理、重建索引或编排日程。",
        "等它结束后再试。",
        {"detail": "第 2 份日程正在编排", "hint": "请等待完成，或先停止编排"},
    ),
    ProblemKind(
        Gone,
        "记录已删除。",
        "需要时凭 `deletion_id` 恢复：`POST /api/v1/deletions/{id}/restore`。",
        {
            "detail": "需求 XQ-001 已于 2026-06-30 删除：重复登记",
            "hint": "可用删除记录 5 恢复",
            "deletion_id": 5,
        },
    ),
    ProblemKind(
        Merged,
        "记录已并入另一条记录。",
        "改用 `merged_into` 所指的记录，并更新本地保存的编号。",
        {
            "detail": "企业“示例江机有限公司”已于 2026-06-30 并入编号 12 的企业",
            "hint": "请改用编号 12 的记录",
            "deletion_id": 6,
            "merged_into": 12,
        },
    ),
    ProblemKind(
        Outdated,
        "记录已有别的版本，与 `If-Match` 所写的不同，没有改动。",
        "重新读取记录，在现在的内容上修改，以新的 `ETag` 再提交。",
        {
            "detail": "记录已被他人修改，未作改动",
            "hint": "请重新读取该记录，在现在的内容上修改后，以新的 ETag 再提交",
            "etag": '"17-64d1c5a9e3b40"',
        },
    ),
    ProblemKind(
        TooLarge,
        "请求内容超过这个地址的上限，没有读取。",
        "分批提交，或压缩附件。",
        {"detail": "请求内容超过上限 2 MB"},
    ),
    ProblemKind(
        InvalidInput,
        "提交的内容不能接受，问题不在某一个字段，例如排序字段不可用、证明材料的类型不对。",
        "看 `detail` 与 `hint`，改正后再提交。",
        {"detail": "不能按“abc”排序", "hint": "可用的排序字段：id、code、title"},
    ),
    ProblemKind(
        InvalidFields,
        "一个或几个字段不能接受。",
        "`errors` 逐一列出：`field` 是字段在请求中的名称，`label` 是中文名称，`reason` 是原因。",
        {
            "detail": "返回多少件专利（top_k）：应不小于 1（现为 0）",
            "errors": [{"field": "top_k", "label": "返回多少件专利", "value": "0", "reason": "应不小于 1"}],
        },
    ),
    ProblemKind(
        UnreadableFile,
        "文件是空的、已损坏、已加密、过大，或不是支持的类型。",
        "另存为 xlsx、csv 或 jsonl，再上传。",
        {"detail": "文件 清单.xlsx 已加密，无法读取", "hint": "请解除密码后另存"},
    ),
    ProblemKind(
        NotARegister,
        "文件可以读取，但不是所选种类的清单。",
        "核对 `kind`；列名特殊的，先保存列对应关系。",
        {"detail": "文件 清单.csv 中没有找到“专利名称”列", "hint": "请核对记录种类，或指定列对应关系"},
    ),
    ProblemKind(
        Unconditional,
        "本系统要求修改时注明所改的版本，请求没有带 `If-Match`。",
        "先读取记录，把应答头 `ETag` 的值放入请求头 `If-Match`。",
        {
            "detail": "修改已有的记录须注明所改的版本",
            "hint": "请先读取该记录，把应答头 ETag 的值放入请求头 If-Match",
        },
    ),
    ProblemKind(
        Unforeseen,
        "程序出错。详情记入服务器日志，不向调用方显示。",
        "把 `id` 告知管理员。可以再试一次。",
        {"detail": "服务内部出错，编号 3f9a1c02；请将编号告知管理员，以便查阅日志", "id": "3f9a1c02"},
    ),
    ProblemKind(
        NotReady,
        "服务尚缺一部分：数据库、语义模型或索引。",
        "请管理员按 `hint` 处理。`/readyz` 写明所缺内容。",
        {"detail": "索引尚未建立", "hint": "请先导入数据，再运行 patentdock reindex"},
    ),
    ProblemKind(
        Busy,
        "系统正忙：数据库正由其他操作写入，或排队的文件过多。没有写入任何内容。",
        "等应答头 `Retry-After` 所写的秒数，再发同样的请求。",
        {"detail": "数据库正由其他操作写入，等候后仍未轮到", "hint": "请在 5 秒后重试"},
    ),
    ProblemKind(
        DiskFull,
        "服务器的磁盘已满，上传的文件没有保存。",
        "请管理员清理服务器的磁盘，然后重新上传。",
        {"detail": "磁盘已满，未能写入", "hint": "请联系管理员清理服务器的磁盘，然后重新提交"},
    ),
)

BY_CODE = {kind.code: kind for kind in KINDS}
