"""PURE: what the fields that a tool takes say that it does."""

from collections.abc import Iterator
from typing import Any

from agents_registry.importing import names, words

_ACTING = words.table("""
    sql statement command cmd shell script webhook webhook_url callback_url callback confirm
    confirmed confirmation dry_run overwrite idempotency_key output_path output_dir outputdir
    outputpath output_file save_path save_to save_dir download_path javascript graphql
""")
_ACTING_ALONE = words.table("""
    code amount recipient recipients email_to send_to cc bcc subject body message content
    payload data updates new_value method action operation
""")
_CHOOSES = frozenset({"action", "method", "operation", "op", "command"})


def against(schema: Any, *, strictly: bool) -> Iterator[str]:
    """Each field that speaks against a read; the doubtful ones where it is read strictly."""
    for field, about in _fields(schema):
        name = "_".join(names.split(field))
        choices = about.get("enum") if isinstance(about, dict) else None
        if name in _CHOOSES and isinstance(choices, list):
            acting = next((each for each in choices if _acts(each)), None)
            if acting is not None:
                yield f"its field “{field}” may be “{acting}”"
        elif name in _ACTING or (strictly and name in _ACTING_ALONE):
            yield f"it takes a field “{field}”"


def _acts(choice: Any) -> bool:
    """Of several words, one that may be a noun says nothing: `issue_types`."""
    name = names.split(choice) if isinstance(choice, str) else []
    doubtful = len(name) > 1 and name[0] in words.ALSO_NOUNS
    return names.say(name).says == "acts" and not doubtful


def _fields(schema: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(schema, list):
        for part in schema:
            yield from _fields(part)
    elif isinstance(schema, dict):
        properties = schema.get("properties")
        yield from properties.items() if isinstance(properties, dict) else ()
        for part in schema.values():
            yield from _fields(part)
