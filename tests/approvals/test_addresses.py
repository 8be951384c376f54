"""Where an address that somebody else wrote leads, and when nothing should lead there."""

import pytest

from approvals.addresses import read

PLAIN = "https://crm.ourco.example:8443/files/7?part=2#end"


def test_a_plain_address_leads_where_it_says() -> None:
    address = read(PLAIN)
    assert (address.host, address.ascii_host) == ("crm.ourco.example", "crm.ourco.example")
    assert (address.href, address.mixed, address.why_not) == (PLAIN, False, "")


@pytest.mark.parametrize(
    "whole",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
        "ht\ntps://evil.example/",
        "file:///etc/passwd",
        "//evil.example/",
        "/inbox/",
        "crm record 7",
        "",
    ],
)
def test_only_web_addresses_lead_anywhere(whole: str) -> None:
    assert read(whole).href == ""
    assert read(whole).why_not


@pytest.mark.parametrize(
    "whole",
    [
        "https://bank.example@evil.example/",  # a name before the host
        "https://evil.example\\@bank.example/",  # browsers read the backslash as a slash
        "https:evil.example",  # browsers add the slashes
        "https:///evil.example",
        "https://%65vil.example/",
        "https://bank.example\u202e/moc.live",
        "https://bank.exam\u200bple/",
        "https://bank.example/ .evil.example",
        "\thttps://evil.example/",
        "https://evil.c\u2100.bank.example/",  # one character that becomes a/c
        "https://[::1]/",
        "https://",
    ],
)
def test_what_is_written_to_mislead_leads_nowhere(whole: str) -> None:
    address = read(whole)
    assert address.href == ""
    assert "elsewhere" in address.why_not


def test_a_foreign_name_leads_to_its_ascii_form() -> None:
    address = read("https://b\u00fccher.example/\u00fc?q=\u00fc")
    assert address.href == "https://xn--bcher-kva.example/%C3%BC?q=%C3%BC"
    assert not address.mixed


def test_mixed_scripts_are_marked() -> None:
    address = read("https://p\u0430ypal.example/")
    assert address.mixed
    assert address.ascii_host == "xn--pypal-4ve.example"


def test_an_address_cannot_leave_its_attribute() -> None:
    href = read('https://a.example/"><script>alert(1)</script>').href
    assert not set(href) & set("\"<> '`")
