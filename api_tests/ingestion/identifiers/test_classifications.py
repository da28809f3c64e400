"""IPC, Locarno, regions and industries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.reference import lists as reference
from ingestion.identifiers import industry_code, ipc, locarno, region_code
from ingestion.identifiers.errors import InvalidComponent, InvalidFormat, InvalidIdentifier, InvalidLength


@st.composite
def symbols(draw: st.DrawFn) -> str:
    """A canonical IPC symbol with groups."""
    subclass = (
        f"{draw(st.sampled_from('ABCDEFGH'))}{draw(st.integers(1, 99)):02}{draw(st.sampled_from('BFKZ'))}"
    )
    subgroup = draw(st.from_regex(r"[0-9]{2}([0-9]{0,3}[1-9])?", fullmatch=True))
    return f"{subclass}{draw(st.integers(1, 9999))}/{subgroup}"


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("G06F40/30", "G06F40/30"),
        ("G06F 40/30", "G06F40/30"),
        ("G06F40/30(2020.01)I", "G06F40/30"),
        ("g06f 40/30 (2006.01) n", "G06F40/30"),
        ("Ｇ０６Ｆ４０／３０（２０２０．０１）Ｉ", "G06F40/30"),
        ("A01B0007000000", "A01B7/00"),
        ("A01B0003036000", "A01B3/036"),
        ("A01B 007/00", "A01B7/00"),
        ("G06F", "G06F"),
        ("H01L21/336[2006.01]", "H01L21/336"),
    ],
)
def test_ipc_canonical_form(written: str, canonical: str) -> None:
    assert ipc.validate(written) == canonical
    assert ipc.compact(ipc.format(canonical)) == canonical


@given(symbols())
def test_ipc_forms_lead_back_to_the_canonical_one(symbol: str) -> None:
    main, subgroup = symbol[4:].split("/")
    padded = f"{symbol[:4]}{main:0>4}{subgroup:0<6}"
    assert ipc.validate(symbol) == ipc.validate(padded) == ipc.validate(ipc.format(symbol)) == symbol
    assert all(ipc.covers(level, symbol) and ipc.covers(level + "*", symbol) for level in ipc.levels(symbol))


def test_ipc_levels_and_parts() -> None:
    assert ipc.levels("G06F 40/30") == ["G", "G06", "G06F", "G06F40", "G06F40/30"]
    assert ipc.levels("G06F") == ["G", "G06", "G06F"]
    assert ipc.parse("G06F40/30") == ipc.IpcSymbol("G", "06", "F", "40", "30")


@pytest.mark.parametrize(
    ("prefix", "covered"),
    [
        ("G", True),
        ("G06", True),
        ("g06f", True),
        ("G06F40", True),
        ("G06F40*", True),
        ("G06F 040*", True),
        ("G06F40/30", True),
        ("G06F4", False),
        ("G06F40/00", False),
        ("G06F40/3000", True),
        ("H", False),
    ],
)
def test_ipc_prefixes_cover_whole_levels(prefix: str, covered: bool) -> None:
    assert ipc.covers(prefix, "G06F40/30(2020.01)I") is covered


@pytest.mark.parametrize("prefix", ["", "*", "G0", "G06F40/3*", "Z", "G06F4O"])
def test_ipc_prefixes_that_are_no_whole_level_are_refused(prefix: str) -> None:
    with pytest.raises(InvalidIdentifier):
        ipc.covers(prefix, "G06F40/30")


@pytest.mark.parametrize(
    "text",
    [
        "H04W8/26(2009.01)I;??H04W 84/12;",
        "H04W8/26(2009.01)I；H04W 84/12",
        "H04W8/26(2009.01)I，H04W 84/12",
        "H04W8/26(2009.01)I、H04W 84/12",
        "H04W8/26(2009.01)I|H04W 84/12",
        "\nH04W8/26(2009.01)I\r\n H04W 84/12 ",
        "H04W8/26(2009.01)I H04W 84/12",
    ],
)
def test_ipc_cells_with_several_symbols(text: str) -> None:
    assert ipc.split(text) == ["H04W8/26(2009.01)I", "H04W 84/12"]


def test_ipc_split_keeps_what_is_no_symbol() -> None:
    assert ipc.split("H04W8/26;见附表") == ["H04W8/26", "见附表"]
    assert ipc.split(" ;;?? ") == []


@pytest.mark.parametrize(
    ("module", "value", "error"),
    [
        (ipc, "Y02E10/50", InvalidComponent),
        (ipc, "G00F40/30", InvalidComponent),
        (ipc, "G06F0/30", InvalidComponent),
        (ipc, "G06F40/3", InvalidFormat),
        (ipc, "G06F40", InvalidFormat),
        (ipc, "14-02", InvalidFormat),
        (ipc, "", InvalidFormat),
        (locarno, "00-02", InvalidComponent),
        (locarno, "33-02", InvalidComponent),
        (locarno, "14-2", InvalidFormat),
        (locarno, "2018-03-09", InvalidFormat),
        (region_code, "42010", InvalidLength),
        (region_code, "湖北", InvalidFormat),
        (region_code, "", InvalidFormat),
        (region_code, "990000", InvalidComponent),
        (industry_code, "A3562", InvalidComponent),
        (industry_code, "9899", InvalidComponent),
        (industry_code, "U", InvalidComponent),
        (industry_code, "35621", InvalidLength),
        (industry_code, "C3", InvalidLength),
        (industry_code, "制造业", InvalidFormat),
        (industry_code, "", InvalidFormat),
    ],
)
def test_each_kind_of_failure_has_its_exception(
    module: object, value: str, error: type[InvalidIdentifier]
) -> None:
    with pytest.raises(InvalidIdentifier) as caught:
        module.validate(value)  # type: ignore[attr-defined]
    assert type(caught.value) is error


@pytest.mark.parametrize(
    "written", ["14-02", "LOC(13)Cl.14-02", "14-02(13)", "LOC (13) Cl. 14-02", "１４－０２"]
)
def test_locarno_canonical_form(written: str) -> None:
    assert locarno.validate(written) == locarno.format(written) == "14-02"


def test_locarno_cells_with_several_classes() -> None:
    classes = locarno.split("LOC (13) Cl. 14-02；26-05\n13-02(13)")
    assert [locarno.validate(class_) for class_ in classes] == ["14-02", "26-05", "13-02"]


def test_every_listed_region_is_valid_and_a_county_is_led_to_its_prefecture() -> None:
    assert all(region_code.validate(code) == code for code in reference.regions())
    with pytest.raises(InvalidComponent) as caught:
        region_code.validate("420106")
    assert "420100（武汉市）" in str(caught.value.hint)


def test_every_listed_industry_is_valid_with_and_without_its_letter() -> None:
    for code, industry in reference.industries().items():
        assert industry_code.section_of(code) == industry.section
        assert industry_code.validate(industry_code.format(code)) == industry_code.validate(code) == code


@pytest.mark.parametrize("code", ["00", "98", "5", "x", "²²", ""])
def test_no_section_beyond_the_divisions(code: str) -> None:
    with pytest.raises(InvalidIdentifier):
        industry_code.section_of(code)
