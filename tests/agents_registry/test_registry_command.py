"""`manage.py registry`: what a person at a terminal gets to see and to do."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from agents_registry.models import ActionType, Person, Team
from agents_registry.policy import documents
from agents_registry.policy.evaluate import evaluate
from agents_registry.policy.findings import Facts
from agents_registry.revisions import policy_document
from agents_registry.spec import text
from agents_registry.spec.rows import fill, trim
from tests.agents_registry.documents import create_admin, create_document, install

pytestmark = pytest.mark.django_db

RETAIL = Path(__file__).parents[2] / "examples/retail.yaml"


def registry(*words: str) -> str:
    out = io.StringIO()
    call_command("registry", *words, stdout=out)
    return out.getvalue()


def refused(*words: str) -> tuple[str, str]:
    """What a command that fails prints, and the sentence it ends with."""
    out = io.StringIO()
    with pytest.raises(CommandError) as refusal:
        call_command("registry", *words, stdout=out)
    return out.getvalue(), str(refusal.value)


def write(folder: Path, document: Any) -> str:
    file = folder / "model.yaml"
    file.write_text(text.dump(document))
    return str(file)


def test_a_file_is_applied_exported_and_compared(tmp_path: Path) -> None:
    create_admin()
    file = write(tmp_path, create_document())
    said = registry("apply", file, "--as", "admin", "--as", "rhea", "--yes")
    assert "+ workflows/refunds: workflow_owner mona" in said
    assert "refund_order/mode: draft_only → approval_gated  [loosening]" in said
    assert registry("apply", file) == "Nothing to change.\n"
    exported = registry("export", "-")
    assert text.load(exported) == trim(fill(create_document()))
    registry("export", str(tmp_path / "out.yaml"), "--team", "shop")
    assert (tmp_path / "out.yaml").read_text() == exported
    assert registry("check", str(tmp_path / "out.yaml")) == "Nothing is wrong with it.\n"


def test_what_waits_for_somebody_else_is_said_and_fails(tmp_path: Path) -> None:
    create_admin()
    said, end = refused("apply", write(tmp_path, create_document()), "--yes")
    assert "that takes the risk owner (rhea)." in said
    assert "waits: workflows/refunds/action_types/refund_order" in said
    assert end == "Changes that wait for somebody else: 2."
    assert ActionType.objects.filter(key="refund_order", confirmed=False).exists()


def test_apply_asks_and_takes_no_answer_for_no(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_admin()
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    said = registry("apply", write(tmp_path, create_document()))
    assert said.endswith("Nothing was changed.\n")
    assert not Team.objects.exists()
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    registry("apply", write(tmp_path, {**create_document(), "workflows": {}}))
    assert Team.objects.exists()


def test_a_problem_stops_everything_and_stands_at_its_place(tmp_path: Path) -> None:
    create_admin()
    document = create_document()
    document["workflows"]["refunds"]["pool"] = "ghosts"
    for verb in ("check", "apply"):
        said, end = refused(verb, write(tmp_path, document))
        line = text.dump(document).splitlines().index("    pool: ghosts") + 1
        assert f"Line {line}, workflows/refunds/pool: There is no pool 'ghosts'." in said
        assert end == "Problems: 1. Nothing was changed."
    assert not Team.objects.exists()


def test_everything_wrong_is_listed_at_once_and_nothing_is_applied(tmp_path: Path) -> None:
    create_admin()
    document = create_document()
    document["workflows"]["refunds"] |= {"agents": ["ghost"], "colour": "red"}
    file = tmp_path / "model.yaml"
    file.write_text(text.dump(document) + "team: {slug: shop, name: Twice}\n")
    said, end = refused("apply", str(file), "--yes")
    assert "workflows/refunds/agents/0: There is no agent 'ghost'." in said
    assert "workflows/refunds/colour: There is no field colour." in said
    assert "team: team is there twice." in said
    assert end == "Problems: 3. Nothing was changed."
    assert not Team.objects.exists()


def test_brackets_and_control_characters_of_a_file_are_printed_as_text(tmp_path: Path) -> None:
    install()
    document = create_document()
    document["workflows"]["refunds"]["purpose"] = "[red]\x1b[2J all is well[/red]"
    said = registry("apply", write(tmp_path, document), "--as", "mona", "--yes")
    assert "→ [red] [2J all is well[/red]" in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("check", "/nowhere/model.yaml"), "cannot be read"),
        (("export", "-", "--team", "ghosts"), "There is no team ghosts."),
        (("apply", "{file}", "--team", "other"), "about the team shop, not other"),
        (("apply", "{file}", "--yes", "--as", "ghost"), "no active account ghost"),
        (("apply", "{file}", "--yes"), "There is no administrator yet"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    file = write(tmp_path, create_document())
    _, end = refused(*(word.format(file=file) for word in words))
    assert sentence in end


def test_two_teams_need_a_name(tmp_path: Path) -> None:
    install()
    Team.objects.create(slug="other", name="Other")
    assert "Name a team with --team (other, shop)" in refused("export", "-")[1]


def test_a_file_that_is_no_yaml_is_told_by_its_line(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("team: {slug: shop\npools: [")
    assert "Line 2" in refused("check", str(file))[1]


def test_the_retail_example_stands_alone_and_lets_only_reads_run_alone() -> None:
    create_admin()
    registry("apply", str(RETAIL), "--as", "admin", "--as", "rhea", "--yes")
    assert Person.objects.filter(pools__slug="retail-desk").count() == 2
    types = ActionType.objects.exclude(key__in=("ask", "escalate"))
    alone = {row.key for row in types if _tier(row) == "autonomous"}
    assert alone == set(types.filter(verb="read").values_list("key", flat=True))
    assert types.exclude(key__in=alone).count() == 8
    moving = types.filter(authority_level="customer_impacting_decision")
    assert {_tier(row) for row in moving} == {"mandatory"}


def _tier(action_type: ActionType) -> str:
    """The tier of a faultless action of this type without a confidence."""
    facts = Facts(payload=_payload(action_type), has_before=True, has_trace=True)
    return str(evaluate(documents.parse(policy_document(action_type)), facts).tier)


def _payload(action_type: ActionType) -> dict[str, Any]:
    fields = action_type.payload_schema.get("properties", {})
    return {name: [] if field["type"] == "array" else "USA" for name, field in fields.items()}
