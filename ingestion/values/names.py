"""Names of holders: a cell split into its applicants, and the kind of holder (专利权人类型) that a name shows.

The kind is decided by the first rule that fits, and the rule is kept with it. A university is looked up in the shipped
list first; names that end like one but are not listed (foreign ones, renamed ones) count by their ending.
State ownership shows in a name only for the well-known central groups; other state-owned firms count as companies.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from itertools import chain

from catalog.kit.terms import HolderKind
from catalog.reference import lists as reference
from catalog.supply.holders import HolderRef
from ingestion.errors import RowError
from ingestion.values.cells import Cell, text

MAX_NAME = 300
KEPT = 32_768
"""Names kept in memory with what they show; registers repeat them."""

_PLACEHOLDERS = frozenset({"不公告发明人", "请求不公布姓名", "不公开", "无", "-", "-1"})
_STATE_GROUPS = (
    "国家电网", "南方电网", "中国石油", "中国石化", "中国海洋石油", "中国航天", "中国航空", "中国船舶", "中国兵器", "中国电子",
    "中国核", "中核", "中广核", "中国中车", "中车", "中国中铁", "中铁", "中国铁建", "中国铁路", "中国铁道", "中国交通建设",
    "中交", "中国建筑", "中建", "中国电力", "中国电建", "中国能源建设", "中国能建", "中国长江三峡", "中国华能", "中国大唐",
    "中国华电", "国家能源", "中国移动", "中国联合网络", "中国电信", "中国宝武", "宝山钢铁", "武汉钢铁", "鞍钢", "中国铝业",
    "中国五矿", "中国中化", "中国化工", "中国建材", "中国中材", "中冶", "中国冶金", "中国恩菲", "中煤", "中国煤炭", "中国邮政",
    "中国烟草", "中国一汽", "中国第一汽车", "东风汽车", "中国商用飞机", "中国机械工业", "中国农业发展", "中粮", "国投",
    "中国电科", "葛洲坝", "国网", "烽火通信",
)  # fmt: skip
_ENDINGS: tuple[tuple[str, HolderKind, str], ...] = (
    (r"大学(?:医学院|药学院|医学部)?附属.*医院|医院$|医院[（(].*[)）]$|疾病预防控制中心$|卫生院$|保健院$|肿瘤防治中心$|防治院$",
     HolderKind.HOSPITAL, "名称含“医院”或同类字样"),
    (r"公司$|集团$|公司[（(].*[)）]$|厂$|株式会社$|合伙企业|商行$|合作社$|企业$|事务所|Ltd\.?$|Inc\.?$|GmbH$|LLC$|Corp(?:oration)?\.?$|AG$|Co\.$",
     HolderKind.COMPANY, "名称以“公司”或同类字样结尾"),
    (r"研究院|研究所|研究中心|科学院|设计院|研究室$|研究总院|工程院$|实验室$|勘察院$|试验站$|试验场$|技术中心$|创新中心$|规划院$|第[一二三四五六七八九十0-9]+研究",
     HolderKind.INSTITUTE, "名称含“研究院、研究所、实验室”等字样"),
    (r"大学(?:[（(].*[)）])?$|学院(?:[（(].*[)）])?$|高等专科学校$|职业技术学校$|党校$|University|College|Universit[äée]",
     HolderKind.UNIVERSITY, "名称以“大学、学院”等字样结尾"),
    (r"中学|小学|学校$|中心$|局$|站$|馆$|部队$|委员会$|协会$|学会$|政府$|处$|队$|园$|场$|院$|所$",
     HolderKind.UNKNOWN, "机构名称，规则不能判定类型"),
)  # fmt: skip
_COMPILED = tuple((re.compile(pattern), kind, rule) for pattern, kind, rule in _ENDINGS)
_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳"
    "酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞"
    "熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫房裘缪干解应宗丁宣邓郁单"
    "杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊甄曲家封芮羿储靳汲松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全班仰秋仲伊宫宁仇栾甘厉戎祖"
    "武符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍却璩桑桂濮牛"
    "寿通边扈燕冀郏浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚越夔隆师巩"
    "厍聂晁勾敖融冷訾辛阚那简饶空曾毋沙乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公肖付代覃闫苑母岳佟邸宛展撒鹿兰仝苟门佘晋揭候"
    "冶尉亓牟缑亢况琚郇佴商由初楚檀窑"
)
_COMPOUND_SURNAMES = (
    "欧阳|上官|司马|诸葛|东方|夏侯|皇甫|尉迟|公孙|令狐|宇文|长孙|慕容|司徒|司空|端木|独孤|南宫"
    "|西门|东郭|呼延|轩辕|闻人|澹台|申屠|太史|钟离|拓跋"
)
_CHINESE_PERSON = re.compile(
    rf"[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}|[{_SURNAMES}]{{2}}[\u4e00-\u9fff]{{2}}"
    rf"|(?:{_COMPOUND_SURNAMES})[\u4e00-\u9fff]{{1,2}}"
    r"|[\u4e00-\u9fff]{2,6}·[\u4e00-\u9fff]{2,8}(?:·[\u4e00-\u9fff]{1,8})*"
)
_FOREIGN_PERSON = re.compile(
    r"(?:[A-Z][.·\s]?){1,3}[·\s]?[\u4e00-\u9fff]{2,8}|[\u4e00-\u9fff]{1,8}(?:[·.-][A-Z\u4e00-\u9fff]{1,10})+"
)

# A separator inside brackets belongs to the name: 某中心(某医院、某研究所).
_SEPARATORS = re.compile(
    r"(?:[;；|\r\n\t、，]|\?\?+|\(undefined\)|（undefined）)(?![^(（]*[)）])"
    r"|,(?![^(（]*[)）])(?!\s*(?:Ltd|Inc|LLC|Co\b|L\.))",
    re.IGNORECASE,
)
_CHINESE_APART = re.compile(r"[\u4e00-\u9fff]\s+[\u4e00-\u9fff]")
_INNER_SPACE = re.compile(r"(?<=[\u4e00-\u9fff（）()])\s+(?=[\u4e00-\u9fff（）()])")
_SPACES = re.compile(r"\s+")
_ADDRESS_TAIL = re.compile(r"\d{6}(?=[\u4e00-\u9fff]).*$")
_ALSO_KNOWN = re.compile(r"\s*[（(](?:共同|第一|第二)?(?:专利权人|申请人|权利人)[)）]\s*$")


def split(value: Cell) -> list[str]:
    """The names in a cell in their order, each once; separators of all registers, line breaks and `??` runs.

    >>> split("示例大学\\n示例研究所"), split("A.某某;??B.某某"), split("叶某(undefined)李某(undefined)")
    (['示例大学', '示例研究所'], ['A.某某', 'B.某某'], ['叶某', '李某'])
    """
    raw = value if isinstance(value, str) else text(value)
    if not raw:
        return []
    return list(dict.fromkeys(chain.from_iterable(map(_names_in, _SEPARATORS.split(raw)))))


@lru_cache(maxsize=KEPT)
def _names_in(part: str) -> tuple[str, ...]:
    """The names between two separators; registers repeat the same ones again and again."""
    names = (normalise(piece) for piece in _apart(part))
    return tuple(name for name in names if name and name not in _PLACEHOLDERS)


def _apart(part: str) -> list[str]:
    """Names that only white space divides, where each piece is a name of its own."""
    pieces = part.split()
    if len(pieces) < 2 or not _CHINESE_APART.search(part):
        return [part]
    kinds = [kind_of(piece)[0] for piece in pieces]
    return pieces if HolderKind.UNKNOWN not in kinds and len(set(map(_is_person, kinds))) == 1 else [part]


def _is_person(kind: HolderKind) -> bool:
    return kind is HolderKind.PERSON


def normalise(name: str) -> str:
    """One name without the address that some databases append, without marks of its role, spaces folded."""
    bare = _ALSO_KNOWN.sub("", _ADDRESS_TAIL.sub("", text(name)))
    return _INNER_SPACE.sub("", _SPACES.sub(" ", bare)).strip(" ;；,，?、")


@cache
def _universities() -> dict[str, str]:
    """Listed names under their spelling with half-width brackets."""
    return {_bracketed(name): name for name in reference.universities()}


def _bracketed(name: str) -> str:
    return name.replace("（", "(").replace("）", ")")


@lru_cache(maxsize=KEPT)
def kind_of(name: str) -> tuple[HolderKind, str]:
    """The kind of holder and, in Chinese, the rule that decided.

    >>> kind_of("武汉理工大学")[0].label, kind_of("武汉理工大学")[1]
    ('高校', '教育部高校名单')
    >>> kind_of("中铁示例设计院集团有限公司")[0].label, kind_of("张示例")[0].label
    ('国企', '个人')
    """
    spelled = _bracketed(name)
    if spelled in _universities():
        return HolderKind.UNIVERSITY, "教育部高校名单"
    if name.startswith(_STATE_GROUPS) and re.search(r"公司|集团|厂", name):
        group = next(group for group in _STATE_GROUPS if name.startswith(group))
        return HolderKind.STATE_OWNED, f"名称以央企或省属国企字号“{group}”开头"
    for pattern, kind, rule in _COMPILED:
        if pattern.search(spelled):
            return kind, rule
    if listed := _listed_prefix(spelled):
        return HolderKind.UNIVERSITY, f"名称以教育部名单中的“{listed}”开头"
    if _CHINESE_PERSON.fullmatch(name) or _FOREIGN_PERSON.fullmatch(name):
        return HolderKind.PERSON, "姓氏加一至两字，或外国姓名的形式"
    return HolderKind.UNKNOWN, "没有规则适用"


def _listed_prefix(name: str) -> str | None:
    """The listed university that the name begins with (校区、研究生院)."""
    ends = (match.end() for match in re.finditer("大学|学院", name))
    return next((name[:end] for end in ends if name[:end] in _universities()), None)


def holders(value: Cell, field: str = "专利权人") -> list[HolderRef]:
    """The holders named in a cell. Raises RowError for a name of absurd length."""
    found = split(value) if value is not None else []
    if too_long := next((name for name in found if len(name) > MAX_NAME), None):
        raise RowError(field, too_long, f"名称超过 {MAX_NAME} 个字，请检查是否混入了其他内容")
    return [_ref(name) for name in found]


@lru_cache(maxsize=KEPT)
def _ref(name: str) -> HolderRef:
    kind, rule = kind_of(name)
    return HolderRef(name=name, kind=kind, kind_basis=rule)
