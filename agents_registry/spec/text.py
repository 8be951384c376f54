"""PURE: operating models as YAML text, without the surprises of YAML 1.1."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

LONGEST = 4 * 1024 * 1024
"""Characters of a file that is read at all."""

TEXT = "tag:yaml.org,2002:str"


class _Loader(yaml.SafeLoader):
    """Reads `17:00`, `no`, `2026-12-24` and every key as text, and refuses a key given twice."""

    yaml_implicit_resolvers: dict[str, Any] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _fault(key, "a name belongs here")
            if key.value in seen:
                raise _fault(key, f"{key.value} is there twice")
            seen.add(key.value)
            key.tag = TEXT
        return super().construct_mapping(node, deep)


_WORDS = {
    "bool": r"true|false",
    "null": r"null|~|",
    "int": r"-?(?:0|[1-9][0-9]*)",
    "float": r"-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+][0-9]+)?",
}
for _kind, _pattern in _WORDS.items():
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(f"^(?:{_pattern})$"), None
    )


class _Dumper(yaml.SafeDumper):
    """Writes lists indented under their name, and texts of several lines as such."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar(TEXT, text, style=style)


def _list(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.SequenceNode:
    """On one line where that is short and holds no names."""
    short = len(str(items)) <= 72 and not any(isinstance(part, dict) for part in _flat(items))
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=short)


def _flat(items: list[Any]) -> Iterator[Any]:
    for item in items:
        yield from _flat(item) if isinstance(item, list) else [item]


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)


def load(text: str) -> Any:
    """The document that a YAML (or JSON) text says; ValueError with the line where it is none."""
    if len(text) > LONGEST:
        raise ValueError(f"The file is longer than {LONGEST} characters.")
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(_words(error)) from None


def dump(document: Any) -> str:
    """The YAML text of a document; any YAML parser reads it alike."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=96)


def _fault(node: yaml.Node, problem: str) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


def _words(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "This is not YAML"
    return f"Line {mark.line + 1}, column {mark.column + 1}: {problem}." if mark else f"{problem}."
