"""The groups of the interface (接口分组): an ASCII name for programs, a Chinese one for readers."""

from typing import NamedTuple


class TagGroup(NamedTuple):
    """A group of operations; generated clients make a module of its `name`."""

    name: str
    label: str
    description: str


TAGS = (
    TagGroup("health", "运行状态", "服务是否存活、是否就绪，不需要密钥"),
    TagGroup("matches", "匹配", "按文本、需求或专利匹配，补充需求，推荐组合，可能的受让企业与对接机会"),
    TagGroup("feedback", "匹配反馈", "企业对推荐专利的答复及其统计"),
    TagGroup("patents", "专利", "登记、查询和更新专利，夜间匹配清单"),
    TagGroup("facts", "专利运用登记", "专利的实施、许可、转让、质押等事实"),
    TagGroup("holders", "专利权人", "专利权人、疑似重复与合并"),
    TagGroup("needs", "技术需求", "登记、查询和更新技术需求，夜间匹配清单"),
    TagGroup("enterprises", "企业", "登记、查询和更新企业"),
    TagGroup("licences", "开放许可", "开放许可声明的起草、公告、变更、撤回，能否开放许可"),
    TagGroup("law", "法律参数", "年费、期限、工作日等法定参数"),
    TagGroup("fees", "许可费测算", "许可使用费的几种算法及其依据"),
    TagGroup("deals", "交易", "转让、许可、作价入股、质押合同及到账、证明材料"),
    TagGroup("pipeline", "对接进程", "专利与需求从推送到到账的各阶段"),
    TagGroup("activities", "对接活动", "活动、邀请、会谈编排、结果、材料与年度计划"),
    TagGroup("statistics", "统计", "按产业细分领域的统计与绩效指标"),
    TagGroup("imports", "导入", "导入文件、预览、退回的行、撤销，列对应关系"),
    TagGroup("conflicts", "冲突", "号码已属于另一条记录的行，逐条决定"),
    TagGroup("deletions", "删除与合并", "删除、恢复与合并记录"),
    TagGroup("changes", "变更", "按先后次序读取记录的新增、改动与删除，供其他系统同步"),
    TagGroup("screenings", "盘点筛选", "沉睡专利的筛选及盘点表"),
    TagGroup("segments", "产业目录", "产业细分领域目录"),
    TagGroup("generations", "索引版本", "检索所用的索引版本"),
    TagGroup("accounts", "用户与密钥", "用户、接口密钥及其角色与权限"),
    TagGroup("nightly", "夜间批处理", "夜间批处理的结果与变化"),
    TagGroup("webhooks", "事件通知", "事件的接收方、签名密钥、试发与推送记录"),
)

LABELS = {tag.name: tag.label for tag in TAGS}
