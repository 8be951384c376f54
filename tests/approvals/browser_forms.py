"""What a browser posts for the fields of a schema form, if the person changes nothing."""

from collections.abc import Iterable

from approvals.schema_forms import Field, flat

ONE_LINE = {"text", "number", "integer", "email", "date", "datetime"}


def as_posted(fields: Iterable[Field]) -> dict[str, str]:
    posted: dict[str, str] = {}
    for field in flat(list(fields)):
        posted |= _of(field)
    return posted


def _of(field: Field) -> dict[str, str]:
    match field.kind:
        case "group" | "readonly":
            return {}
        case "list":
            return {field.marker: field.value}
        case "boolean":
            ticked = {field.name: "true"} if field.value == "true" else {}
            return {field.marker: field.value} | ticked
        case "select":
            values = [option.value for option in field.options]
            return {field.name: field.value if field.value in values else values[0]}
        case "textarea" | "json":
            return {field.name: _unix(field.value).replace("\n", "\r\n")}
        case kind if kind in ONE_LINE:
            return {field.name: _one_line(field)}
    raise AssertionError(field.kind)


def _one_line(field: Field) -> str:
    text = _unix(field.value).replace("\n", "")
    if field.kind == "email":
        return text.strip()
    return text


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
