"""Every line of the list of kinds leads to all that an import, a preview, an undo and the ways in need."""

from __future__ import annotations

from pathlib import Path

import pytest

from api_tests.ingestion.invented import Import
from catalog.registers.registers import REFERENCES, REGISTERS, REMOVABLE, register_of
from ingestion.columns.headers import kinds, vocabulary
from ingestion.columns.recognition import recognise
from ingestion.errors import NotARegister
from ingestion.kinds.kinds import KIND_NAMES
from ingestion.kinds.lookup import in_turn, kind_of
from ingestion.readers.sheets import Row
from service.night import inbox
from service.requests.types import ImportKind


def test_one_list_leads_to_columns_registers_rest_and_command_line() -> None:
    names = list(KIND_NAMES)
    assert names == [kind_of(name).name for name in names] == kinds() == [str(kind) for kind in ImportKind]
    assert sorted(names) == sorted(register.kind for register in REGISTERS if register.kind)
    noted = [register.noted for register in REGISTERS]
    assert len(set(noted)) == len(noted)


@pytest.mark.parametrize("name", KIND_NAMES)
def test_a_kind_knows_its_columns_and_its_register(name: str) -> None:
    kind, known = kind_of(name), vocabulary(name)
    assert kind.label == KIND_NAMES[name]
    assert {role for group in known.needed for role in group} <= known.roles.keys()
    assert {*known.by_value, *known.never} <= known.roles.keys()
    assert kind.register in REGISTERS
    assert kind.register in REMOVABLE
    assert kind.register.keys is not None
    # A file without a header is looked through for every role that values can tell.
    recognise(name, [Row(1, ["2019.01.02", "示例大学", "湖北省武汉市"])])


def test_what_is_referred_to_is_imported_first_and_undone_last(tmp_path: Path) -> None:
    turns = in_turn()
    order = {register.model: place for place, register in enumerate(REGISTERS)}
    kind_of_model = {register.model: register.kind for register in REGISTERS}
    for reference in REFERENCES:
        model = register_of(reference.by).model
        if kind_of_model.get(model):
            assert turns.index(kind_of_model[reference.model]) < turns.index(kind_of_model[model])
            assert order[model] < order[reference.model]
    inbox.prepare(tmp_path)
    for name in turns:
        (tmp_path / name / "a.csv").touch()
    assert [kind for kind, _ in inbox.waiting(tmp_path)] == turns


@pytest.mark.parametrize("name", KIND_NAMES)
def test_another_table_is_refused_by_the_name_of_the_kind(import_text: Import, name: str) -> None:
    with pytest.raises(NotARegister, match=f"不是{KIND_NAMES[name]}清单"):
        import_text("甲,乙\n1,2\n3,4\n5,6\n", kind=name)
