"""The bytes that are hashed are those of RFC 8785, whichever way they were made."""

from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger.canonical import canonical

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) - 2, 2**53 + 2)
    | st.floats()
    | st.text()
    | st.text(st.characters(codec=None, exclude_categories=()))
)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4)
)


def either(make: Any, value: Any) -> Any:
    """The bytes, or the kind of refusal."""
    try:
        return make(value)
    except rfc8785.CanonicalizationError as refusal:
        return type(refusal)


@given(VALUES)
def test_it_is_the_form_of_the_standard_and_refuses_what_has_none(value: Any) -> None:
    assert either(canonical, value) == either(rfc8785.dumps, value)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ({"b": 1, "a": [True, None, "é\n\x1f\x7f"]}, '{"a":[true,null,"é\\n\\u001f\x7f"],"b":1}'),
        ({"\ufb33": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ufb33":1}'),
        ({"n": 1.0, "m": 1e21}, '{"m":1e+21,"n":1}'),
    ],
)
def test_known_forms(value: Any, form: str) -> None:
    assert canonical(value) == form.encode()
