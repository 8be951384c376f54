"""Who answers for which subject: imported whole or not at all, searched, removed, on record."""

import io
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents_registry import subject_files, subjects
from agents_registry.models import EscalationChain, Person, Role, SubjectPerson, Team
from agents_registry.pages import subjects as pages
from agents_registry.subjects import Imported, NotImported, import_people, remove
from ledger import record
from ledger.models import Event
from tests import factories

HEAD = "subject_type,subject_id,relation,person\n"


@pytest.fixture
def team(db: None) -> Team:
    team = factories.create_team("shop")
    for name in ("omar", "rita", "kim"):
        factories.create_person(name, team=team)
    return team


@pytest.fixture
def mona(team: Team) -> Person:
    return factories.create_person("mona", team=team, role=Role.MANAGER)


def csv(*lines: str, head: str = HEAD) -> io.BytesIO:
    return io.BytesIO((head + "".join(f"{line}\n" for line in lines)).encode())


def known(team: Team) -> dict[str, str]:
    rows = SubjectPerson.objects.filter(team=team).select_related("person")
    return {
        f"{row.subject_type}:{row.subject_id} {row.relation}": row.person.username for row in rows
    }


def problems(team: Team, actor: Person, file: io.BytesIO) -> list[str]:
    with pytest.raises(NotImported) as refused:
        import_people(team=team, file=file, actor=actor)
    assert not known(team)
    return [str(problem) for problem in refused.value.problems]


# What an import does


def test_people_are_known_by_username_or_by_address(team: Team, mona: Person) -> None:
    file = csv("account,acme,account_lead,omar", "account,acme,sales_lead,Rita@Example.com")
    done = import_people(team=team, file=file, actor=mona)
    assert done == Imported(lines=2, added=2, changed=0, removed=0)
    assert known(team) == {
        "account:acme account_lead": "omar",
        "account:acme sales_lead": "rita",
    }


def test_a_file_replaces_what_it_names_and_leaves_the_rest(team: Team, mona: Person) -> None:
    import_people(
        team=team,
        file=csv("account,acme,account_lead,omar", "account,ibex,account_lead,omar"),
        actor=mona,
    )
    done = import_people(team=team, file=csv("account,acme,account_lead,rita"), actor=mona)
    assert done == Imported(lines=1, added=0, changed=1, removed=0)
    assert known(team) == {
        "account:acme account_lead": "rita",
        "account:ibex account_lead": "omar",
    }


def test_a_whole_relation_is_replaced_where_that_is_asked_for(team: Team, mona: Person) -> None:
    first = csv(
        "account,acme,account_lead,omar",
        "account,ibex,account_lead,omar",
        "account,ibex,sales_lead,omar",
        "person,ibex,account_lead,omar",
    )
    import_people(team=team, file=first, actor=mona)
    file = csv("account,acme,account_lead,omar", "account,zebu,account_lead,rita")
    done = import_people(team=team, file=file, actor=mona, replace=True)
    assert done == Imported(lines=2, added=1, changed=0, removed=1)
    assert set(known(team)) == {
        "account:acme account_lead",
        "account:zebu account_lead",
        "account:ibex sales_lead",
        "person:ibex account_lead",
    }


def test_another_teams_people_of_the_same_subject_stay(team: Team, mona: Person) -> None:
    other = factories.create_team()
    theirs = factories.create_person("tom", team=other, role=Role.MANAGER)
    import_people(team=other, file=csv("account,acme,account_lead,tom"), actor=theirs)
    import_people(team=team, file=csv("account,zebu,account_lead,kim"), actor=mona, replace=True)
    assert known(other) == {"account:acme account_lead": "tom"}


def test_more_lines_than_are_written_at_once(team: Team, mona: Person) -> None:
    count = subjects.BATCH * 2 + 1
    lines = [f"account,a{number},account_lead,omar" for number in range(count)]
    assert import_people(team=team, file=csv(*lines), actor=mona).added == count
    fewer = import_people(team=team, file=csv(*lines[:10]), actor=mona, replace=True)
    assert fewer == Imported(lines=10, added=0, changed=0, removed=count - 10)
    assert len(known(team)) == 10


@pytest.mark.parametrize(
    "head",
    [
        "subject_type,subject_id,relation,username-or-email\n",
        "\ufeffsubject_type,subject_id,relation,username\n",
        " Subject_Type , subject_id,relation , EMAIL\r\n",
        "subject_type;subject_id;relation;person\n",
    ],
)
def test_the_first_line_names_the_columns(team: Team, mona: Person, head: str) -> None:
    line = "account,acme,account_lead,omar".replace(",", ";" if ";" in head else ",")
    assert import_people(team=team, file=csv(line, "", head=head), actor=mona).added == 1


def test_columns_may_stand_in_any_order_and_values_may_be_quoted(team: Team, mona: Person) -> None:
    head = "person,relation,subject_id,subject_type\n"
    file = csv('omar , account_lead,"Smith, Jones & Co",account', head=head)
    import_people(team=team, file=file, actor=mona)
    assert known(team) == {"account:Smith, Jones & Co account_lead": "omar"}


# What is wrong with a file


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("account,acme,account_lead", "Line 2, the whole line: It has 3 values, and"),
        ("account,,account_lead,omar", "Line 2, subject_id: It is empty."),
        (f"account,{'a' * 201},account_lead,omar", "Line 2, subject_id: It is longer than 200"),
        ("account,acme,Account lead,omar", "Line 2, relation: 'Account lead' is no relation"),
        ("account,acme,account_lead,ghost", "Line 2, person: 'ghost' is nobody in this team."),
        ("account,acme,account_lead,gone", "Line 2, person: The account of gone is closed."),
        ("account,acme,account_lead,audra", "Line 2, person: audra is an auditor"),
        ("account,acme,account_lead,AUDRA@example.com", "Line 2, person: audra is an auditor"),
        ("account,acme,account_lead,stranger", "Line 2, person: 'stranger' is nobody"),
        ("account,acme,account_lead,both@example.com", "Line 2, person: 'both@example.com' is the"),
        ("account,ac\u202eme,account_lead,omar", "Line 2, subject_id: It holds a character"),
        ("account,ac\x00me,account_lead,omar", "Line 2, subject_id: It holds a character"),
        ('account,"ac"me,account_lead,omar', "Line 2, the whole line: It is no CSV: "),
        ('account,"acme,account_lead,omar', "Line 2, the whole line: It is no CSV: "),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(
    team: Team, mona: Person, line: str, said: str
) -> None:
    gone = factories.create_person("gone", team=team)
    Person.objects.filter(pk=gone.pk).update(is_active=False)
    factories.create_person("audra", team=team, role=Role.AUDITOR)
    factories.create_person("stranger", team=factories.create_team())
    for name in ("one", "two"):
        person = factories.create_person(name, team=team)
        Person.objects.filter(pk=person.pk).update(email="both@example.com")
    found = problems(team, mona, csv(line))
    assert [problem[: len(said)] for problem in found] == [said]


def test_everything_is_said_at_once_and_nothing_is_half_done(team: Team, mona: Person) -> None:
    file = csv(
        "account,acme,account_lead,omar",
        "account,ibex,account_lead,ghost",
        "account,acme,account_lead,rita",
        "account,zebu,,nobody",
    )
    assert problems(team, mona, file) == [
        "Line 3, person: 'ghost' is nobody in this team.",
        "Line 4, the whole line: Line 2 says who that is already.",
        "Line 5, relation: It is empty.",
        "Line 5, person: 'nobody' is nobody in this team.",
    ]
    assert not Event.objects.filter(type="subjects.imported").exists()


@pytest.mark.parametrize("head", ["", "account,acme,account_lead,omar\n", "subject_type,person\n"])
def test_a_file_that_does_not_name_its_columns_is_none(team: Team, mona: Person, head: str) -> None:
    (said,) = problems(team, mona, csv(head=head))
    assert said.startswith("Line 1, the whole line: The first line has to name the columns: ")


def test_what_is_not_utf_8_is_said(team: Team, mona: Person) -> None:
    file = io.BytesIO(HEAD.encode() + "account,Müller,account_lead,omar\n".encode("latin-1"))
    assert problems(team, mona, file) == ["Line 2, subject_id: It is not written in UTF-8."]


def test_of_very_many_problems_the_first_are_told_and_all_counted(team: Team, mona: Person) -> None:
    lines = [f"account,a{number},account_lead,ghost" for number in range(250)]
    with pytest.raises(NotImported) as refused:
        import_people(team=team, file=csv(*lines), actor=mona)
    assert (len(refused.value.problems), refused.value.count) == (subjects.MOST_PROBLEMS, 250)


def test_a_file_that_is_too_long_is_refused(
    team: Team, mona: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject_files, "MOST_LINES", 2)
    lines = [f"account,a{number},account_lead,omar" for number in range(3)]
    assert problems(team, mona, csv(*lines)) == [
        "Line 4, the whole line: The file has more than 2 lines. Split it."
    ]


def test_the_example_of_the_guide_is_imported(team: Team, mona: Person) -> None:
    guide = (Path(__file__).parents[2] / "docs/registry.md").read_text()
    (example,) = re.findall(r"```csv\n(.*?)```", guide, re.DOTALL)
    done = import_people(team=team, file=io.BytesIO(example.encode()), actor=mona)
    assert done.added == 3
    assert known(team)["account:ibex account_lead"] == "rita"


# Who may, and what the record says


@pytest.mark.parametrize("role", [Role.MEMBER, Role.AUDITOR])
def test_only_a_workflow_owner_or_a_manager_may(team: Team, mona: Person, role: Role) -> None:
    person = factories.create_person(team=team, role=role)
    with pytest.raises(PermissionDenied):
        import_people(team=team, file=csv("account,acme,account_lead,omar"), actor=person)
    import_people(team=team, file=csv("account,acme,account_lead,omar"), actor=mona)
    with pytest.raises(PermissionDenied):
        remove(team=team, actor=person, subject_type="account", relation="account_lead")
    assert len(known(team)) == 1
    owner = factories.create_workflow(team).workflow_owner
    assert remove(team=team, actor=owner, subject_type="account", relation="account_lead") == 1


def test_an_import_is_one_event_with_counts_and_the_files_digest(team: Team, mona: Person) -> None:
    file = csv(*(f"account,a{number},account_lead,omar" for number in range(20)))
    import_people(team=team, file=file, actor=mona)
    event = Event.objects.get(type="subjects.imported")
    body = record.body_of(event)
    assert event.stream == f"team:{team.pk}"
    assert {name: body[name] for name in ("lines", "added", "changed", "removed")} == {
        "lines": 20,
        "added": 20,
        "changed": 0,
        "removed": 0,
    }
    assert body["relations"] == ["account_lead"]
    assert sha256(file.getvalue()).hexdigest() in str(body)
    assert "omar" not in str(body)
    assert "a19" not in str(body)


def test_the_same_file_again_changes_nothing_and_leaves_no_event(team: Team, mona: Person) -> None:
    for _ in range(2):
        done = import_people(team=team, file=csv("account,acme,account_lead,omar"), actor=mona)
    assert not done
    assert Event.objects.filter(type="subjects.imported").count() == 1


def test_one_subjects_relation_is_removed_or_that_of_all(team: Team, mona: Person) -> None:
    file = csv(
        "account,acme,account_lead,omar",
        "account,ibex,account_lead,omar",
        "account,ibex,sales_lead,omar",
    )
    import_people(team=team, file=file, actor=mona)
    said = {"team": team, "actor": mona, "subject_type": "account", "relation": "account_lead"}
    assert remove(**said, subject_id="acme") == 1
    assert remove(**said, subject_id="acme") == 0
    assert remove(**said) == 1
    assert set(known(team)) == {"account:ibex sales_lead"}
    assert Event.objects.filter(type="subjects.removed").count() == 2


# The page


@pytest.fixture
def managing(client: Client, mona: Person) -> Client:
    client.force_login(mona)
    return client


def shown(client: Client, **asked: str) -> Any:
    response = client.get(reverse("subjects"), asked)
    assert response.status_code == 200
    return response.context["subjects"]


def upload(client: Client, content: bytes, **fields: str) -> Any:
    file = SimpleUploadedFile("people.csv", content, "text/csv")
    return client.post(reverse("subjects_import"), {"file": file, **fields})


def test_a_file_is_imported_in_the_browser(managing: Client, team: Team) -> None:
    response = upload(managing, csv("account,acme,account_lead,omar").getvalue())
    page = managing.get(response["Location"])
    assert (response.status_code, [str(each) for each in page.context["messages"]]) == (
        303,
        ["Imported 1 line: 1 new, 0 changed, 0 removed."],
    )
    (line,) = page.context["subjects"].lines
    assert (line.subject_id, line.relation, line.person) == ("acme", "account_lead", "Omar")


def test_what_is_wrong_with_a_file_stands_on_the_page(managing: Client, team: Team) -> None:
    response = upload(managing, csv("account,acme,account_lead,<b>ghost</b>").getvalue())
    assert response.status_code == 422
    html = response.content.decode()
    assert "Nothing was imported. 1 thing needs a look" in html
    assert "Line 2, person: &#x27;&lt;b&gt;ghost&lt;/b&gt;&#x27; is nobody in this team." in html
    assert not known(team)


def test_a_form_without_a_file_says_so(managing: Client, team: Team) -> None:
    response = managing.post(reverse("subjects_import"))
    assert response.status_code == 422
    assert "Choose a file of at most 64 MB." in response.content.decode()


def test_subjects_are_found_by_how_they_begin_page_after_page(
    managing: Client, team: Team, mona: Person
) -> None:
    lines = [f"account,a{number:03},account_lead,omar" for number in range(120)]
    import_people(team=team, file=csv(*lines, "lead,a001,owner,kim"), actor=mona)
    assert [line.relation for line in shown(managing, q="a001").lines] == ["account_lead", "owner"]
    found, page = list[str](), shown(managing, q="a")
    while True:
        found += [f"{line.subject_type} {line.subject_id}" for line in page.lines]
        if not page.more_url:
            break
        page = managing.get(page.more_url).context["subjects"]
    assert found == [*(f"account a{number:03}" for number in range(120)), "lead a001"]
    assert shown(managing, q="zz", after="nonsense").lines == []
    assert shown(managing, after="9" * 30).lines != []


def test_the_page_asks_no_more_the_more_there_is(
    managing: Client, team: Team, mona: Person
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            shown(managing)
        return len(caught)

    import_people(team=team, file=csv("account,acme,account_lead,omar"), actor=mona)
    few = queries()
    lines = [
        f"account,a{number},account_lead,{('omar', 'rita')[number % 2]}" for number in range(99)
    ]
    import_people(team=team, file=csv(*lines), actor=mona)
    assert queries() == few


def test_relations_are_counted_and_those_that_a_chain_asks_for_in_vain_are_holes(
    managing: Client, team: Team, mona: Person
) -> None:
    EscalationChain.objects.create(
        team=team,
        slug="c",
        name="To the lead",
        stages=[
            {"who": "subject:account_lead", "otherwise": "manager", "within": "1 hour"},
            {"who": "subject:sales_lead", "otherwise": "manager", "within": "1 hour"},
        ],
    )
    import_people(
        team=team, file=csv("account,a,account_lead,omar", "account,b,account_lead,kim"), actor=mona
    )
    known_line, hole = shown(managing).relations
    assert (known_line.relation, known_line.known, known_line.chains) == (
        "account_lead",
        "2",
        ["To the lead"],
    )
    assert (hole.relation, hole.hole) == ("sales_lead", "nobody")


def test_more_rows_than_are_counted_are_at_least_so_many(
    managing: Client, team: Team, mona: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "COUNTED", 3)
    lines = [f"account,a{number},account_lead,omar" for number in range(9)]
    import_people(team=team, file=csv(*lines), actor=mona)
    assert [line.known for line in shown(managing).relations] == ["at least 4"]


def test_somebody_who_cannot_be_asked_any_more_is_marked(
    managing: Client, team: Team, mona: Person
) -> None:
    lines = ("account,a,lead,omar", "account,b,lead,rita", "account,c,lead,kim")
    import_people(team=team, file=csv(*lines), actor=mona)
    team.members.remove(Person.objects.get(username="omar"))
    Person.objects.filter(username="rita").update(is_active=False)
    assert [line.hole for line in shown(managing).lines] == ["left the team", "account closed", ""]


def test_a_row_is_removed_and_a_whole_relation_in_the_browser(
    managing: Client, team: Team, mona: Person
) -> None:
    lines = [f"account,a{number},account_lead,omar" for number in range(3)]
    import_people(team=team, file=csv(*lines), actor=mona)
    url, said = reverse("subjects_remove"), {"subject_type": "account", "relation": "account_lead"}
    assert managing.post(url, said).status_code == 404
    assert managing.post(url, {**said, "subject_id": "a1"}).status_code == 303
    assert len(known(team)) == 2
    assert managing.post(url, {**said, "all": "yes"}).status_code == 303
    assert not known(team)


@pytest.mark.parametrize(
    ("role", "status"), [(Role.MEMBER, 403), (Role.AUDITOR, 200), (Role.MANAGER, 200)]
)
def test_the_page_is_for_who_keeps_it_and_for_auditors(
    client: Client, team: Team, role: Role, status: int
) -> None:
    client.force_login(factories.create_person(team=team, role=role))
    response = client.get(reverse("subjects"))
    assert response.status_code == status
    if status == 200:
        may = role == Role.MANAGER
        assert (reverse("subjects_import") in response.content.decode()) is may


# The command


def run(*words: str) -> str:
    out = io.StringIO()
    call_command("registry", "import-people", *words, stdout=out)
    return out.getvalue()


def test_a_file_is_imported_from_the_terminal(team: Team, mona: Person, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(csv("account,acme,account_lead,omar").getvalue())
    said = run(str(file), "--team", "shop", "--as", "mona")
    assert said == "Lines: 1. New: 1, changed: 0, removed: 0.\n"
    file.write_bytes(csv("account,ibex,account_lead,kim").getvalue())
    assert "removed: 1" in run(str(file), "--team", "shop", "--as", "mona", "--replace")
    assert known(team) == {"account:ibex account_lead": "kim"}


def test_the_terminal_says_what_is_wrong_and_who_may(
    team: Team, mona: Person, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(csv("account,acme,account_lead,ghost").getvalue())
    out = io.StringIO()
    with pytest.raises(CommandError, match=r"Problems: 1\. Nothing was changed\."):
        call_command("registry", "import-people", str(file), "--as", "mona", stdout=out)
    assert out.getvalue() == "Line 2, person: 'ghost' is nobody in this team.\n"
    with pytest.raises(CommandError, match="omar may not"):
        run(str(file), "--team", "shop", "--as", "omar")
    with pytest.raises(CommandError, match="cannot be read"):
        run(str(tmp_path / "nowhere.csv"), "--team", "shop", "--as", "mona")
    with pytest.raises(CommandError, match="There is no team nowhere"):
        run(str(file), "--team", "nowhere", "--as", "mona")
