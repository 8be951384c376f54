"""The action type that undoes another one: in the operating model, in the form, on its page."""

import copy
from typing import Any

import pytest

from agents_registry.models import ActionType
from agents_registry.rule_forms.kinds import Wrong
from agents_registry.rule_forms.way_back_fields import ROLLBACK
from agents_registry.spec.check import check
from agents_registry.spec.export import export
from tests.agents_registry.documents import REFUND, create_document, install

WAY: dict[str, Any] = {
    "type": "charge_again",
    "payload": {
        "order": "/payload/order",
        "amount": "/payload/amount",
        "currency": {"value": "EUR"},
    },
}


def document(way: Any = WAY) -> dict[str, Any]:
    """The shop, in which charging again undoes a refund."""
    found = create_document()
    (workflow,) = found["workflows"].values()
    types = workflow["action_types"]
    refund = next(key for key, row in types.items() if row["verb"] == "refund")
    types["charge_again"] = copy.deepcopy(REFUND)
    types[refund]["rollback"] = way
    return found


def places(way: Any) -> list[str]:
    return [problem.place.partition("/rollback")[2] for problem in check(document(way))]


def test_it_is_applied_and_comes_back_as_it_was(db: None) -> None:
    install(document())
    undone = ActionType.objects.exclude(rollback=None).get()
    assert undone.rollback == WAY
    (workflow,) = export(undone.workflow.team)["workflows"].values()
    assert workflow["action_types"][undone.key]["rollback"] == WAY
    assert "rollback" not in workflow["action_types"]["charge_again"]


@pytest.mark.parametrize(
    ("way", "place"),
    [
        ({"type": "nothing"}, "/type"),
        ({"type": "charge_again", "payload": {"order": "/payload/order"}}, "/payload"),
        ({**WAY, "payload": {**WAY["payload"], "no": "/after/x"}}, "/payload/no"),
        ({**WAY, "payload": {**WAY["payload"], "order": "/payload/no"}}, "/payload/order"),
        ({**WAY, "payload": {**WAY["payload"], "order": "/elsewhere"}}, "/payload/order"),
        ({**WAY, "payload": {**WAY["payload"], "order": 5}}, "/payload/order"),
        ({"payload": {}}, ""),
        ("charge_again", ""),
        ({**WAY, "more": 1}, "/more"),
    ],
)
def test_what_is_wrong_with_it_is_said_at_its_place(way: Any, place: str) -> None:
    assert place in places(way)


def test_what_runs_alone_may_have_another_type_as_its_way_back() -> None:
    found = document()
    (workflow,) = found["workflows"].values()
    refund = next(row for row in workflow["action_types"].values() if row.get("rollback"))
    refund |= {"mode": "auto_executed", "rollback_path": ""}
    assert check(found) == []
    refund["rollback"] = None
    assert [problem.place.rpartition("/")[2] for problem in check(found)] == ["rollback_path"]


@pytest.mark.parametrize(
    "way",
    [
        WAY,
        {"type": "x", "payload": {}},
        {"type": "x", "payload": {"a": {"value": 5}, "b": {"value": "5"}, "c": {"value": ""}}},
        {"type": "x", "payload": {"a": {"value": {"deep": [1]}}, "b": {"value": "two\nlines"}}},
        {"type": "x", "payload": {"a": {"value": "= : ="}, "b": "/after/0/x"}},
    ],
)
def test_as_a_text_it_comes_back_as_it_was(way: dict[str, Any]) -> None:
    assert ROLLBACK.kind.parse(ROLLBACK.kind.show(way)) == way


def test_as_a_text_it_is_read_like_people_write_it() -> None:
    said = "charge_again\n order : /payload/order \n\ncurrency = EUR\namount=5"
    assert ROLLBACK.kind.parse((said,)) == {
        "type": "charge_again",
        "payload": {
            "order": "/payload/order", "currency": {"value": "EUR"}, "amount": {"value": 5}
        },
    }  # fmt: skip


@pytest.mark.parametrize("said", ["x\nno sign", "x\n: /payload", "x\na: /b\na: /c", "x\na ="])
def test_a_text_that_says_no_way_is_refused(said: str) -> None:
    with pytest.raises(Wrong):
        ROLLBACK.kind.parse((said,))
