"""Somebody who forgot the password gets a link by mail, from a real mail server."""

import queue
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from aiosmtpd.controller import Controller
from django.test import Client

from agents_registry import password_resets
from agents_registry.models import Person
from agents_registry.rates import Counter
from ledger import clock
from reviewqueue import environment
from tests.factories import PASSWORD, create_person

pytestmark = pytest.mark.django_db

NEW = "another staple 42"
PATIENCE = 20


class Letterbox:
    """What aiosmtpd hands every message to."""

    def __init__(self) -> None:
        self.letters: queue.Queue[Message] = queue.Queue()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        letter = message_from_bytes(envelope.content)
        letter["X-To"] = ", ".join(envelope.rcpt_tos)
        self.letters.put(letter)
        return "250 OK"

    def next(self) -> Message:
        return self.letters.get(timeout=PATIENCE)


class OnAnyPort(Controller):
    """A server on whichever port is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def use(url: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an installation with this EMAIL_URL; Django's own tests send nothing otherwise."""
    monkeypatch.setenv("EMAIL_URL", url)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    for name, value in environment.email("EMAIL_URL").items():
        setattr(settings, name, value)


@pytest.fixture
def letterbox(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Letterbox]:
    box = Letterbox()
    server = OnAnyPort(box, hostname="127.0.0.1", port=0)
    server.start()
    use(f"smtp://127.0.0.1:{server.port}", settings, monkeypatch)
    settings.PUBLIC_URL = "https://queue.example"
    yield box
    server.stop()


class OwnCounter(Counter):
    """Counts for one test alone: others run at the same time over the same Redis."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.name = uuid4()

    def count(self, key: str, window_seconds: int) -> int | None:
        return super().count(f"{self.name}:{key}", window_seconds)


@pytest.fixture(autouse=True)
def nothing_counted_before(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    own = OwnCounter(settings.REDIS_URL)
    monkeypatch.setattr(password_resets, "counter", lambda: own)


def ask(client: Client, email: str) -> Any:
    return client.post("/password/", {"email": email})


def link_in(letter: Message) -> str:
    text = letter.get_payload(decode=True)
    assert isinstance(text, bytes)
    found = re.search(r"https://queue\.example(/password/\S+)", text.decode())
    assert found
    return found[1]


def choose(client: Client, link: str, password: str = NEW) -> Any:
    """Opens the link, and posts the form that it leads to."""
    form = client.get(link, follow=True)
    if not form.redirect_chain:
        return form
    address = form.redirect_chain[-1][0]
    return client.post(address, {"new_password1": password, "new_password2": password})


def test_the_link_in_the_mail_leads_to_another_password_and_works_once(
    client: Client, letterbox: Letterbox
) -> None:
    person = create_person("kim")
    assert "Look into your mail" in ask(client, "KIM@example.com").content.decode()
    letter = letterbox.next()
    assert letter["X-To"] == "kim@example.com"
    assert letter["Subject"] == "Your password for Review Queue"
    link = link_in(letter)
    assert choose(client, link).headers["Location"] == "/login/"
    assert Person.objects.get(pk=person.pk).check_password(NEW)
    assert "does not work any more" in choose(Client(), link).content.decode()


def test_the_link_begins_with_the_public_address_whatever_host_was_asked(
    client: Client, letterbox: Letterbox, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    create_person("kim")
    client.post("/password/", {"email": "kim@example.com"}, headers={"host": "evil.example"})
    text = letterbox.next().get_payload(decode=True)
    assert b"https://queue.example/password/" in bytes(str(text), "utf8")
    assert b"evil" not in bytes(str(text), "utf8")


def test_nobody_learns_whether_there_is_such_an_account(
    client: Client, letterbox: Letterbox
) -> None:
    create_person("kim")
    gone = create_person("gone")
    Person.objects.filter(pk=gone.pk).update(is_active=False)
    new = create_person("new")
    new.set_unusable_password()
    new.save()
    known = ask(client, "kim@example.com")
    for email in ("gone@example.com", "new@example.com", "nobody@example.com"):
        other = ask(client, email)
        assert other.status_code == known.status_code
        assert other.content.replace(email.encode(), b"kim@example.com") == known.content
    assert letterbox.next()["X-To"] == "kim@example.com"
    assert letterbox.letters.empty()


def test_a_link_ends_after_two_hours(client: Client, letterbox: Letterbox) -> None:
    person = create_person("kim")
    ask(client, "kim@example.com")
    link = link_in(letterbox.next())
    now = clock.now()
    hours = password_resets.LIFE_HOURS
    with time_machine.travel(now.timestamp() + hours * 3600 + 5, tick=False):
        assert "does not work any more" in choose(client, link).content.decode()
    with time_machine.travel(now.timestamp() + hours * 3600 - 60, tick=False):
        choose(client, link)
    assert Person.objects.get(pk=person.pk).check_password(NEW)


def test_a_link_to_a_new_password_is_no_invitation_and_an_invitation_is_no_such_link(
    client: Client, letterbox: Letterbox
) -> None:
    create_person("kim")
    ask(client, "kim@example.com")
    link = link_in(letterbox.next())
    welcome = client.get(link.replace("/password/", "/welcome/"))
    assert "This link does not work any more" in welcome.content.decode()


def test_a_bad_password_is_refused_and_the_link_still_works(
    client: Client, letterbox: Letterbox
) -> None:
    person = create_person("kim")
    ask(client, "kim@example.com")
    link = link_in(letterbox.next())
    assert "This password was not taken" in choose(client, link, "password").content.decode()
    assert Person.objects.get(pk=person.pk).check_password(PASSWORD)
    choose(client, link)
    assert Person.objects.get(pk=person.pk).check_password(NEW)


def test_asked_for_too_often_nothing_more_is_sent_for_any_address(
    client: Client, letterbox: Letterbox
) -> None:
    create_person("kim")
    for email in ("kim@example.com", "nobody@example.com"):
        answers = [ask(client, email).status_code for _ in range(6)]
        assert answers == [200] * password_resets.MOST_TO_ONE_ADDRESS + [429]
    for _ in range(password_resets.MOST_TO_ONE_ADDRESS):
        letterbox.next()
    assert letterbox.letters.empty()


def test_one_client_does_not_ask_for_everybody(client: Client, letterbox: Letterbox) -> None:
    most = password_resets.MOST_FROM_ONE_CLIENT
    answers = [ask(client, f"someone{n}@example.com").status_code for n in range(most + 1)]
    assert answers == [200] * most + [429]
    elsewhere = client.post("/password/", {"email": "other@example.com"}, REMOTE_ADDR="203.0.113.7")
    assert elsewhere.status_code == 200


def test_while_redis_is_away_links_are_sent(
    client: Client, letterbox: Letterbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = Counter("redis://127.0.0.1:1/0")
    monkeypatch.setattr(password_resets, "counter", lambda: nobody)
    create_person("kim")
    assert ask(client, "kim@example.com").status_code == 200
    assert letterbox.next()["X-To"] == "kim@example.com"


def test_a_mail_server_that_does_not_answer_changes_nothing_for_who_asked(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    use("smtp://127.0.0.1:1", settings, monkeypatch)
    create_person("kim")
    assert "Look into your mail" in ask(client, "kim@example.com").content.decode()


def test_without_a_mail_server_the_page_says_whom_to_ask(client: Client, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    for answer in (client.get("/password/"), ask(client, "kim@example.com")):
        text = answer.content.decode()
        assert "This installation sends no mail" in text
        assert "ask whoever runs this installation" in text
        assert "<form" not in text


@pytest.mark.parametrize(
    "email", ["", "no address", "\x00", "a" * 400, "x@y\r\nBcc: z@example.com"]
)
def test_what_is_no_address_gets_the_same_answer(
    client: Client, letterbox: Letterbox, email: str
) -> None:
    assert "Look into your mail" in ask(client, email).content.decode()
    assert letterbox.letters.empty()


def test_the_sign_in_leads_there(client: Client) -> None:
    assert 'href="/password/"' in client.get("/login/").content.decode()
