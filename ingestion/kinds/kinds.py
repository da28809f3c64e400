"""The list of kinds of records that can be imported (记录种类): a line is the name of a kind and its Chinese label.

`KIND` in the module of that name is all that an import, a preview and an undo need to know of it.
"""

KIND_NAMES = {
    "patents": "专利",
    "needs": "技术需求",
    "enterprises": "企业",
    "licences": "开放许可声明",
    "facts": "专利运用登记",
    "deals": "交易",
    "invitations": "活动邀请",
    "outcomes": "对接结果",
}
