"""A chat is one of the services that are named, at hosts that nobody can choose for us."""

from typing import Any

import pytest

from approvals.delivery import chatting
from approvals.delivery.not_taken import After, NotTaken
from approvals.delivery.outward import NotAllowed
from approvals.errors import Invalid
from approvals.notices.letters import Message
from tests.approvals.receivers import receiving

SLACK = "T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7"
ZULIP = "a8b1c2d3a8b1c2d3a8b1c2d3a8b1c2d3"
ALLOWED = [
    f"slack://{SLACK}",
    f"slack://bot@{SLACK}/#refunds",
    f"https://hooks.slack.com/services/{SLACK}",
    "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "gchat://workspace/key/token",
    "https://chat.googleapis.com/v1/spaces/workspace/messages?key=key&token=token",
    "https://prod-01.westus.logic.azure.com:443/workflows/643e69f83c8944/triggers/manual/paths/"
    "invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=KODuebWbDGYFr0z0eu",
    f"webex://{'a' * 80}",
    "tgram://123456789:abcdefg_hijklmnop/12315544/",
    f"pover://{'u' * 30}@{'t' * 30}",
    "ntfy://refunds-of-our-shop",
    "https://ntfy.sh/refunds-of-our-shop",
    f"zulip://bot@our-shop/{ZULIP}/refunds",
    "mmosts://chat.corp.example/token123",
]
FORBIDDEN = [
    "",
    "slack",
    "slack://",
    "slack://x",
    "file:///etc/passwd",
    "syslog://",
    "rsyslog://10.0.0.1",
    "dbus://",
    "exec://rm",
    "windows://",
    "macosx://",
    "mailto://user:pass@example.com",
    "json://10.0.0.1/",
    "jsons://example.com/",
    "xml://10.0.0.1/",
    "form://10.0.0.1/",
    "apprise://10.0.0.1/token",
    "config://x",
    "https://example.com/hook",
    "https://hooks.slack.com.evil.example/services/" + SLACK,
    "http://169.254.169.254/latest/meta-data/",
    f"slack://{SLACK}?template=/etc/passwd",
    f"slack://{SLACK}?to=a;template=/etc/passwd",
    f"slack://{SLACK}?to=a&TEMPLATE=http://10.0.0.1/",
    f"slack://{SLACK}?verify=no",
    f"slack://{SLACK}?redirect=yes",
    f"slack://{SLACK}?rto=3600",
    f"slack://{SLACK}?retry=10&wait=60",
    f"slack://{SLACK}?+Host=10.0.0.1",
    "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?avatar_url=http://10.0.0.1/",
    "ntfy://refunds?attach=http://10.0.0.1/",
    "ntfys://127.0.0.1/refunds",
    "ntfys://ntfy.sh.evil.example/refunds",
    "ntfy://refunds?mode=private",
    f"zulip://bot@our-shop.evil.example/{ZULIP}",
    "workflows://evil.example:443/643e69f83c8944/KODuebWbDGYFr0z0eu",
    "workflows://evil.example/logic.azure.com/643e69f83c8944/KODuebWbDGYFr0z0eu",
    "workflows://logic.azure.com.evil.example/643e69f83c8944/KODuebWbDGYFr0z0eu",
    "mmosts://10.0.0.1/token123",
    "mmosts://user@chat.corp.example.evil.example/token123",
    "gotifys://127.0.0.1/AAAAAAAAAAAAAAA",
    "rockets://user:pass@10.0.0.1/#room",
    "matrixs://user:pass@10.0.0.1/#room",
]


@pytest.fixture(autouse=True)
def own_chat(settings: Any) -> None:
    settings.CHAT_HOSTS = ["chat.corp.example"]


@pytest.mark.parametrize("address", ALLOWED)
def test_a_chat_at_hosts_of_its_own_or_of_ours_is_allowed(address: str) -> None:
    chatting.check_address(address)


@pytest.mark.parametrize("address", FORBIDDEN)
def test_everything_else_is_refused_and_the_refusal_repeats_nothing(address: str) -> None:
    with pytest.raises(NotAllowed) as refusal:
        chatting.check_address(address)
    assert isinstance(refusal.value, Invalid)
    secrets = [part for part in address.replace("?", "/").split("/") if len(part) > 12]
    assert not any(secret in str(refusal.value) for secret in secrets)


def test_a_page_shows_too_little_of_an_address_to_send_anything_there() -> None:
    assert chatting.masked(f"slack://{SLACK}") == "slack://…vi7"
    assert chatting.masked("ntfy://short") == "ntfy://…"
    assert chatting.masked("nothing") == "nothing://…"


def words(text: str = "A refund waits for you.") -> Message:
    url = "https://queue.example/actions/1/"
    return Message("Refund waits", text, "<p>…</p>", (), url)


def send(url: str, message: Message) -> None:
    """To a chat of one's own on this machine."""
    address = url.replace("http://", "ntfy://").replace("/hook", "/refunds")
    chatting.send(address=address, message=message)


@pytest.fixture
def on_this_machine(settings: Any) -> None:
    settings.CHAT_HOSTS = ["127.0.0.1"]


def test_a_message_arrives_with_its_title_and_its_link(on_this_machine: None) -> None:
    with receiving(lambda: 200) as (receiver, url):
        send(url, words())
    [(_, headers, body)] = receiver.taken
    said = body.decode() + str(headers)
    assert "Refund waits" in said
    assert "https://queue.example/actions/1/" in said
    assert "A refund waits for you." in said


def test_nobody_is_called_by_a_text_that_only_speaks_of_it(on_this_machine: None) -> None:
    loud = "@everyone @Channel <!here> <@U123> <#C1> <at>sam</at> but sam@example.com stays"
    with receiving(lambda: 200) as (receiver, url):
        send(url, words(loud))
    said = receiver.taken[0][2].decode()
    assert not any(call in said for call in ("@everyone", "@Channel", "<!", "<@", "<#", "<at"))
    assert "sam@example.com" in said


def test_a_redirect_is_not_followed(on_this_machine: None) -> None:
    with receiving(lambda: 302) as (receiver, url), pytest.raises(NotTaken):
        send(url, words())
    assert list(receiver.outcomes.values()) == [[302]]


@pytest.mark.parametrize(
    ("status", "after"), [(500, After.RETRY), (404, After.SWITCH_OFF), (410, After.SWITCH_OFF)]
)
def test_what_a_chat_answers_is_said_and_whether_it_is_there(
    status: int, after: After, on_this_machine: None
) -> None:
    with receiving(lambda: status) as (_, url), pytest.raises(NotTaken) as refusal:
        send(url, words())
    assert str(status) in refusal.value.words
    assert refusal.value.after is after


def test_a_chat_that_hangs_is_not_waited_for(
    on_this_machine: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chatting, "SECONDS", 1)
    with receiving(lambda: "hang") as (_, url), pytest.raises(NotTaken):
        send(url, words())


def test_a_host_that_is_no_longer_allowed_gets_nothing(settings: Any) -> None:
    settings.CHAT_HOSTS = []
    with receiving(lambda: 200) as (receiver, url), pytest.raises(NotTaken, match="CHAT_HOSTS"):
        send(url, words())
    assert receiver.taken == []
