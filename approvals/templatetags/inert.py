"""The filters for what others wrote: `inert` for `inert.html`, `hidden` for form fields."""

from django import template

from approvals.pages.content import Text, text

register = template.Library()


@register.filter
def inert(value: object) -> Text:
    return text(value)


@register.filter
def hidden(value: object) -> list[str]:
    """The names of the characters in it that a form field does not show, each once."""
    return list(dict.fromkeys(span.text for span in text(value) if span.token))
