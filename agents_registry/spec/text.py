"""PURE: operating models as YAML text, without the surprises of YAML 1.1."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import yaml

LONGEST = 4 * 1024 * 1024
"""Characters of a file that is read at all."""

MOST = 300_000
"""Values in a file, each counted as often as it is referred to."""

TEXT = "tag:yaml.org,2002:str"
_INDEX = re.compile(r"\[([0-9]+)\]")


@dataclass(frozen=True, slots=True)
class Written:
    """What a text says, the line of each place in it, and the names that are there twice.

    A place is written like `workflows/refunds/pool`, a line counts from 1.
    """

    document: Any
    lines: dict[str, int]
    twice: list[tuple[str, str]]

    def line_of(self, place: str) -> int | None:
        """The line of the place, or of the nearest around it that the text has."""
        steps = _INDEX.sub(r"/\1", place).split("/")
        around = ("/".join(steps[:size]) for size in range(len(steps), 0, -1))
        return next((self.lines[place] for place in around if place in self.lines), None)


class _Loader(yaml.SafeLoader):
    """Reads `17:00`, `no`, `2026-12-24` and every key as text."""

    yaml_implicit_resolvers: dict[str, Any] = {}


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
    """The document that a YAML (or JSON) text says; ValueError with the line where it is none.

    A name given twice is refused.
    """
    written = read(text)
    for place, name in written.twice:
        raise ValueError(f"Line {written.lines[place]}: {name} is there twice.")
    return written.document


def read(text: str) -> Written:
    """The same with the line of everything, and with the last one of a name given twice."""
    if len(text) > LONGEST:
        raise ValueError(f"The file is longer than {LONGEST} characters.")
    try:
        return _written(_Loader(text))
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(_words(error)) from None


def dump(document: Any) -> str:
    """The YAML text of a document; any YAML parser reads it alike."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=96)


def _written(loader: _Loader) -> Written:
    written = Written(None, {}, [])
    node = loader.get_single_node()
    if node is None:
        return written
    _note(node, "", written, ())
    return replace(written, document=loader.construct_document(node))


def _note(node: yaml.Node, place: str, into: Written, above: tuple[yaml.Node, ...]) -> None:
    """Notes the lines of everything in the node, and takes each of its names for a text."""
    if node in above:
        raise _fault(node, "it holds itself")
    if len(into.lines) > MOST:
        raise _fault(node, f"the file holds more than {MOST} values")
    if isinstance(node, yaml.MappingNode):
        known = set[str]()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _fault(key, "a name belongs here")
            key.tag, at = TEXT, f"{place}/{key.value}" if place else key.value
            into.lines[at] = key.start_mark.line + 1
            if key.value in known:
                into.twice.append((at, key.value))
            known.add(key.value)
            _note(value, at, into, (*above, node))
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            into.lines[f"{place}/{number}"] = item.start_mark.line + 1
            _note(item, f"{place}/{number}", into, (*above, node))


def _fault(node: yaml.Node, problem: str) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


def _words(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "This is not YAML"
    return f"Line {mark.line + 1}, column {mark.column + 1}: {problem}." if mark else f"{problem}."
