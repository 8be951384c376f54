"""Others' words, shown whole and with nothing hidden in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.inert import (
    HIDDEN,
    Segment,
    folded,
    is_identifier_like,
    leaves,
    mixed_scripts,
    segments,
)

LISTED = [
    *(char for char in range(0x20) if chr(char) not in "\t\n"),
    *range(0x7F, 0xA0),
    *(0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)),
    *(0xAD, 0x200B, 0x200C, 0x200D, *range(0x2060, 0x2065), 0xFEFF, 0x180E, 0x115F, 0x3164),
    *(0xE0000, 0xE0041, 0xE007F, 0xD800, 0xDFFF),
]


def shown(text: str) -> str:
    """The segments as a reader sees them, tokens in braces."""
    return "".join(f"{{{part.text}}}" if part.token else part.text for part in segments(text))


def test_plain_text_is_one_segment() -> None:
    assert segments("Zoë\tsays\n“yes”") == [Segment("Zoë\tsays\n“yes”", token=False)]
    assert segments("") == []


@pytest.mark.parametrize("code", LISTED, ids=hex)
def test_a_hidden_character_becomes_a_token(code: int) -> None:
    assert segments(f"a{chr(code)}b") == [
        Segment("a", token=False),
        Segment(f"U+{code:04X}", token=True),
        Segment("b", token=False),
    ]


@given(st.text(st.characters(codec=None, categories=None)))
def test_no_hidden_character_is_left_and_no_other_is_lost(text: str) -> None:
    found = segments(text)
    visible = "".join(part.text for part in found if not part.token)
    tokens = [part for part in found if part.token]
    assert set(HIDDEN.findall(visible)) <= {"\u200c", "\u200d"}
    assert HIDDEN.sub("", visible) == HIDDEN.sub("", text)
    assert len(visible) + len(tokens) == len(text)


@pytest.mark.parametrize(
    "text",
    [
        "👩\u200d👧",
        "🏳\ufe0f\u200d🌈",
        "ക്\u200d is said",
        "👩🏽\u200d⚕\ufe0f",
        "می\u200cخواهم",
        "क्\u200dष",
        "ක්\u200dෂ",
    ],
)
def test_a_joiner_stays_where_the_writing_needs_it(text: str) -> None:
    assert segments(text) == [Segment(text, token=False)]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("pay\u200dpal", "pay{U+200D}pal"),
        ("👩\u200d x", "👩{U+200D} x"),
        ("👩\u200c👧", "👩{U+200C}👧"),
        ("\u200d👧", "{U+200D}👧"),
        ("م\u200c", "م{U+200C}"),
        ("م\u200cक", "م{U+200C}क"),
        ("م\u200c\u200cم", "م{U+200C}{U+200C}م"),
    ],
)
def test_a_joiner_is_marked_elsewhere(text: str, seen: str) -> None:
    assert shown(text) == seen


@pytest.mark.parametrize(
    ("text", "ascii_form"),
    [
        ("p\u0430ypal.com", "xn--pypal-4ve.com"),
        ("https://me@p\u0430ypal.com:443/login?x#y", "xn--pypal-4ve.com"),
        ("Finance <cfo@p\u0430ypal.com>", "xn--pypal-4ve.com"),
        ("\u0440\u0430\u0443\u0440\u0430.com", "xn--80aa0cbo.com"),
        ("p\u0430ul@example.com", "example.com"),
        ("pa\u200bypal\u0430.com", "xn--paypal-8nf.com"),
        ("例え.jp", "xn--r8jz45g.jp"),
        ("ｐaypal.com", "paypal.com"),
    ],
)
def test_mixed_scripts_show_the_domain_in_its_ascii_form(text: str, ascii_form: str) -> None:
    assert mixed_scripts(text) == ascii_form


@pytest.mark.parametrize(
    "text",
    [
        "example.com",
        "müller.de",
        "пример.рф",
        "日本ご.テスト",
        "a-1.example",
        "mixed тext",
        "",
        "10.50",
    ],
)
def test_one_script_or_no_identifier_is_no_mix(text: str) -> None:
    assert mixed_scripts(text) is None


@pytest.mark.parametrize("text", ["\u0430" * 70 + ".com", "xn--\u0430.com"])
def test_a_domain_that_the_name_system_refuses_is_still_put_into_ascii(text: str) -> None:
    found = mixed_scripts(text)
    assert found is not None
    assert found.isascii()
    assert found.endswith(".com")


def test_a_long_address_hides_no_mix() -> None:
    assert mixed_scripts("https://p\u0430ypal.com/\n" + "x" * 100_000) == "xn--pypal-4ve.com"


def test_an_endless_host_is_no_host() -> None:
    assert not is_identifier_like("\u0430." * 100_000 + "com")


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("cfo@acme.example", True),
        (" cfo@acme.example ", True),
        ("Ana <ana@acme.example>", True),
        ("http://localhost/x", True),
        ("https://acme.example/a b", True),
        ("acme.example", True),
        ("xn--80aa0cbo.com", True),
        ("acme", False),
        ("10.5", False),
        ("Ask ana@acme.example", False),
        ("Done. Next", False),
    ],
)
def test_an_identifier_is_an_address_a_url_or_a_domain(text: str, *, like: bool) -> None:
    assert is_identifier_like(text) is like


def test_every_leaf_comes_in_document_order_with_label_and_pointer() -> None:
    value = {
        "to": "a@b.example",
        "lines": [{"price": 10.5, "gift": True}, {"price": None}],
        "notes": {},
        "tags": [],
    }
    assert [(leaf.path, leaf.pointer, leaf.value_text) for leaf in leaves(value)] == [
        ("to", "/to", "a@b.example"),
        ("lines[0].price", "/lines/0/price", "10.5"),
        ("lines[0].gift", "/lines/0/gift", "true"),
        ("lines[1].price", "/lines/1/price", "null"),
        ("notes", "/notes", "{}"),
        ("tags", "/tags", "[]"),
    ]


def test_a_key_cannot_pass_for_a_path() -> None:
    value = {"a.b": {"c/d~e": 1, "[0]": 2, "": 3}}
    assert [(leaf.path, leaf.pointer) for leaf in leaves(value)] == [
        ('["a.b"]["c/d~e"]', "/a.b/c~1d~0e"),
        ('["a.b"]["[0]"]', "/a.b/[0]"),
        ('["a.b"][""]', "/a.b/"),
    ]


def test_the_text_null_is_told_from_the_word_null() -> None:
    assert [leaf.is_text for leaf in leaves(["null", None])] == [True, False]


@pytest.mark.parametrize(("value", "text"), [({}, "{}"), ("hi", "hi"), (False, "false")])
def test_a_value_without_parts_is_one_leaf(value: object, text: str) -> None:
    (leaf,) = leaves(value)
    assert (leaf.path, leaf.pointer, leaf.value_text) == ("(whole value)", "", text)


def test_a_text_folds_after_forty_lines() -> None:
    lines = [f"line {number}" for number in range(45)]
    assert folded("\n".join(lines)) == ("\n".join(lines[:40]), 5)


@pytest.mark.parametrize("text", ["", "one", "a\nb\nc", "a\nb\nc\n"])
def test_a_short_text_does_not_fold(text: str) -> None:
    assert folded(text, lines=3) == (text, 0)


def test_a_line_end_at_the_end_is_no_line_of_its_own() -> None:
    assert folded("a\nb\nc\n", lines=2) == ("a\nb", 1)


@given(st.text("ab\n"), st.integers(1, 5))
def test_head_and_rest_are_the_whole_text(text: str, lines: int) -> None:
    head, rest = folded(text, lines)
    assert text.startswith(head)
    assert text[len(head) :].removesuffix("\n").count("\n") == rest
