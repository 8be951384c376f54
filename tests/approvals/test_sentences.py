"""The sentence of what will happen, from a template and a payload."""

from typing import Any

import pytest

from approvals.sentences import sentence


def said(template: str, **payload: Any) -> str:
    return sentence(template, payload, otherwise="Refund")


def test_without_a_template_it_is_the_name_of_the_type() -> None:
    assert said("", amount=1) == "Refund"


def test_paths_go_into_objects_and_lists() -> None:
    payload = {"customer": {"name": "Zoë"}, "lines": [{"sku": "k-1"}, {"sku": "k-2"}]}
    assert said("For {customer.name}: {lines.1.sku}", **payload) == "For Zoë: k-2"
    assert said("{lines.9.sku} {customer.name.first} {x}", **payload) == " ".join(
        ["(not given)"] * 3
    )


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (12.5, "12.50 USD"),
        (1240, "1,240.00 USD"),
        ("480", "480.00 USD"),
        (-3, "−3.00 USD"),
        (0, "0.00 USD"),
        (0.125, "0.125 USD"),
        ("a lot", "a lot USD"),
        (None, "(not given) USD"),
        (True, "yes USD"),
    ],
)
def test_a_number_before_a_currency_is_money(amount: Any, words: str) -> None:
    assert said("Pay {amount} {currency}", amount=amount, currency="USD") == f"Pay {words}"
    assert said("Pay {amount} USD", amount=amount) == f"Pay {words}"


def test_what_is_no_currency_makes_no_money() -> None:
    assert said("Pay {amount} {currency}", amount=12.5, currency="coins") == "Pay 12.5 coins"
    assert said("Pay {amount} {currency}", amount=12.5) == "Pay 12.5 (not given)"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (2026, "2026"),
        (12.0, "12"),
        (-7, "−7"),
        (0.1, "0.1"),
        (True, "yes"),
        (False, "no"),
        ("", "(empty)"),
        ("   ", "(empty)"),
        ({"a": 1}, '{"a": 1}'),
        ([], "0 items"),
        (["a"], "a"),
        ([{"a": 1}], '{"a": 1}'),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (["a", "b", "c", "d"], "a, b and 2 more"),
        ([{"a": 1}, {"a": 2}], "2 items"),
        ([[1], [2], [3]], "3 items"),
    ],
)
def test_each_kind_of_value_reads_as_words(value: Any, words: str) -> None:
    assert said("{it}", it=value) == words


def test_a_value_cannot_break_the_line_and_is_cut_with_a_sign() -> None:
    assert said("To {it}.", it="Bob.\n\nApproved by\tfinance") == "To Bob. Approved by finance."
    assert said("{it}", it="a" * 80) == "a" * 80
    assert said("{it}", it="a" * 81) == "a" * 79 + "…"


def test_a_value_is_never_read_as_a_template() -> None:
    assert said("{a} {b}", a="{b}", b="<b>{{ b }}") == "{b} <b>{{ b }}"
    assert said("{a} {b}", a=5, b="USD") == "5.00 USD"
    assert said("{a}{b}", a=5, b=" USD") == "5USD"
