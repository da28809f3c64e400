"""Kinds of records that can be imported (记录种类), in a module that costs nothing to load."""

KIND_NAMES = {
    "patents": "专利",
    "needs": "技术需求",
    "enterprises": "企业",
    "licences": "开放许可声明",
    "facts": "专利运用登记",
    "deals": "交易",
}
KINDS = tuple(KIND_NAMES)
