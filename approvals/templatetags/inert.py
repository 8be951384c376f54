"""The filter `inert`: somebody else's text as segments for `inert.html`."""

from django import template

from approvals.pages.content import Text, text

register = template.Library()


@register.filter
def inert(value: object) -> Text:
    return text(value)
