"""PURE: a draft as the fields that a page shows, each with what is wrong with it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agents_registry.rule_forms import reading
from agents_registry.rule_forms.items import Field, Rules, Section
from agents_registry.rule_forms.reading import Draft
from agents_registry.spec.rows import Row

SUGGESTED = {"line", "source"}
"""Controls in which anything may be typed: their options are only offered."""


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str


Options = Mapping[str, Sequence[Option]]
"""What can be chosen, by the name that a field says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownField:
    """One input. `pointer` is its name in the post; `list` names what is offered while typing."""

    pointer: str
    id: str
    label: str
    control: str
    values: tuple[str, ...]
    hint: str
    error: str
    required: bool
    options: list[Option]
    list: str
    focus: bool
    wide: bool

    @property
    def value(self) -> str:
        return self.values[0] if self.values else ""

    @property
    def second(self) -> str:
        return self.values[1] if len(self.values) > 1 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRule:
    """One rule of a list. `origin` is the stored rule that it was, empty for a new one."""

    pointer: str
    id: str
    number: int
    origin: str
    error: str
    fields: list[ShownField]
    last: bool
    focus: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRules:
    pointer: str
    id: str
    one: str
    none: str
    rules: list[ShownRule]
    error: str
    focus: bool
    library: bool
    control: str = "rules"


@dataclass(frozen=True, slots=True)
class ShownSection:
    id: str
    name: str
    title: str
    sub: str
    items: list[ShownField | ShownRules]

    @property
    def wrong(self) -> bool:
        """Whether a field of its own has an error, so that it must not be folded."""
        return any(item.error for item in self.items)


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """A line of the summary; without a place of its own it leads nowhere."""

    id: str
    label: str
    message: str


@dataclass(frozen=True, slots=True)
class _Shower:
    draft: Draft
    errors: Mapping[str, str]
    options: Options
    focus: str

    def section(self, section: Section) -> ShownSection:
        return ShownSection(
            f"s-{section.name}",
            section.name,
            section.title,
            section.sub,
            [
                self.rules(item) if isinstance(item, Rules) else self.field(item, self.draft.row)
                for item in section.items
            ],
        )

    def field(self, of: Field, row: Row, within: str = "") -> ShownField:
        pointer = f"{within}/{of.name}"
        values = of.kind.show(reading.get(row, of.name))
        options = list(self.options.get(of.options, ()))
        return ShownField(
            pointer=pointer,
            id=id_of(pointer),
            label=of.label,
            control=of.kind.control,
            values=values,
            hint=of.hint,
            error=self.errors.get(pointer, ""),
            required=of.required,
            options=_choices(of, options, values),
            list=f"l-{of.options}" if options and of.kind.control in SUGGESTED else "",
            focus=pointer == self.focus,
            wide=of.wide,
        )

    def rules(self, of: Rules) -> ShownRules:
        pointer = f"/{of.name}"
        listed = reading.listed(of, self.draft.row)
        return ShownRules(
            pointer=pointer,
            id=id_of(pointer),
            one=of.one,
            none=of.none,
            rules=[self._rule(of, rule, n, len(listed)) for n, rule in enumerate(listed)],
            error=self.errors.get(pointer, ""),
            focus=pointer == self.focus,
            library=of.library,
        )

    def _rule(self, of: Rules, rule: Row, number: int, count: int) -> ShownRule:
        pointer = f"/{of.name}/{number}"
        return ShownRule(
            pointer=pointer,
            id=id_of(pointer),
            number=number + 1,
            origin=self.draft.origins[of.name][number],
            error=self.errors.get(pointer, ""),
            fields=[self.field(each, rule, pointer) for each in of.fields],
            last=number + 1 == count,
            focus=pointer == self.focus,
        )


def sections(
    draft: Draft, errors: Mapping[str, str], options: Options, focus: str = ""
) -> list[ShownSection]:
    """The whole form. `errors` stand at places of the form (`placed`)."""
    shower = _Shower(draft, errors, options, focus)
    return [shower.section(section) for section in draft.form]


def placed(draft: Draft, errors: Mapping[str, str]) -> dict[str, str]:
    """The errors at the places of the form that they belong to: the nearest one around each.

    What the form itself found wrong at a place is said there alone.
    """
    known = set(places(draft))
    found = dict(draft.errors)
    for pointer, words in errors.items():
        at = _nearest(_by_number(draft, pointer), known)
        if at not in draft.errors:
            found[at] = f"{found[at]} {words}" if at in found else words
    return found


def summary(shown: list[ShownSection], errors: Mapping[str, str]) -> list[ErrorLine]:
    """One line for each error, in the order of the form."""
    lines, said = [], set()
    for pointer, id, label in _labels(shown):
        if pointer in errors:
            said.add(pointer)
            lines.append(ErrorLine(id, label, errors[pointer]))
    rest = (words for pointer, words in errors.items() if pointer not in said)
    return [*(ErrorLine("", "", words) for words in rest), *lines]


def places(draft: Draft) -> Iterator[str]:
    """The JSON Pointer of everything that can have an error of its own."""
    for pointer, _, _ in _labels(sections(draft, {}, {})):
        yield pointer


def labels(draft: Draft) -> Iterator[tuple[str, str]]:
    """What each place of the form is called, by its JSON Pointer."""
    for pointer, _, label in _labels(sections(draft, {}, {})):
        yield pointer, label


def fields(shown: list[ShownSection]) -> Iterator[ShownField]:
    """Every input of the form."""
    for section in shown:
        for item in section.items:
            if isinstance(item, ShownField):
                yield item
            else:
                yield from (each for rule in item.rules for each in rule.fields)


def id_of(pointer: str) -> str:
    return "f" + pointer.replace("/", "-")


def _labels(shown: list[ShownSection]) -> Iterator[tuple[str, str, str]]:
    """Pointer, id and label of each place."""
    for section in shown:
        for item in section.items:
            if isinstance(item, ShownField):
                yield item.pointer, item.id, item.label
                continue
            yield item.pointer, item.id, section.title
            for rule in item.rules:
                name = f"{item.one.capitalize()} {rule.number}"
                yield rule.pointer, rule.id, name
                yield from ((f.pointer, f.id, f"{name}, {_inside(f.label)}") for f in rule.fields)


def _inside(label: str) -> str:
    """The label within a sentence."""
    return label[0].lower() + label[1:]


def _by_number(draft: Draft, pointer: str) -> str:
    """A pointer to a metric by its name as one by its place in the form."""
    start, name = "/impact/metrics/", pointer.removeprefix("/impact/metrics/").split("/")[0]
    metrics = reading.get(draft.row, "impact/metrics")
    if not pointer.startswith(start) or not isinstance(metrics, dict) or name not in metrics:
        return pointer
    return f"{start}{list(metrics).index(name)}/source"


def _nearest(pointer: str, known: set[str]) -> str:
    """The place itself, or the innermost known one around it; empty for none."""
    while pointer and pointer not in known:
        pointer = pointer.rpartition("/")[0]
    return pointer


def _choices(of: Field, options: list[Option], values: tuple[str, ...]) -> list[Option]:
    """What may be chosen, and what is chosen already even where it is none of these."""
    if of.kind.control == "line":
        return []
    if of.kind.control != "choice":
        return options
    known = {option.value for option in options}
    chosen = values[0]
    unknown = [Option(chosen, chosen)] if chosen and chosen not in known else []
    blank = (
        [Option("", "Choose one" if of.required else "none")]
        if "" not in known and (not chosen or not of.required)
        else []
    )
    return [*blank, *options, *unknown]
