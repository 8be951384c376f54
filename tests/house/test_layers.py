"""The floors of the house: a module imports only from floors below its own."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = {"ledger": 1, "agents_registry": 2, "approvals": 3, "oversight": 4, "reviewqueue": 5}
MODULES = sorted(
    path
    for floor in FLOORS
    for path in (ROOT / floor).rglob("*.py")
    if "migrations" not in path.parts
)
PURE = {
    "agents_registry/policy": {"agents_registry.policy", "agents_registry.sla"},
    "agents_registry/sla.py": {"agents_registry.calendars"},
    "agents_registry/calendars.py": set(),
    "agents_registry/calendar_days.py": {"agents_registry.calendars"},
    "agents_registry/subject_files.py": {"agents_registry.spec.problems"},
    "approvals/states.py": set(),
    "approvals/step_policy.py": {"approvals.states"},
    "approvals/as_approved.py": {"agents_registry.policy"},
    "approvals/rubric.py": set(),
    "approvals/shapes.py": set(),
    "approvals/acceptance.py": set(),
    "approvals/alike.py": {"agents_registry.policy.numbers", "approvals.inert"},
    "approvals/proposals.py": set(),
    "approvals/example_texts.py": set(),
    "approvals/example_payloads.py": {"approvals.example_texts"},
    "approvals/pages/pasteable.py": set(),
    "approvals/strict_json.py": {"approvals.errors"},
    "approvals/wire": {
        "approvals.wire",
        "approvals.errors",
        "approvals.states",
        "approvals.strict_json",
    },
    "approvals/diffs.py": {"approvals.alignment", "approvals.inert"},
    "approvals/alignment.py": set(),
    "approvals/addresses.py": {"approvals.inert"},
    "approvals/sentences.py": {"agents_registry.policy.numbers", "agents_registry.policy.wording"},
    "approvals/schema_forms": {
        "approvals.schema_forms",
        "approvals.inert",
        "approvals.diffs",
        "agents_registry.policy.numbers",
    },
    "approvals/recorded.py": {"ledger.canonical"},
    "approvals/state_table.py": {"approvals.states"},
    "approvals/windows.py": {"agents_registry.calendars", "agents_registry.sla"},
    "approvals/inert.py": set(),
    "approvals/traces.py": set(),
    "approvals/undoing.py": {"agents_registry.policy.pointers", "approvals.inert"},
    "approvals/sensitive.py": set(),
    "approvals/notices/foreign.py": {"approvals.inert", "approvals.sensitive"},
    "approvals/notices/hours.py": {"agents_registry.calendars"},
    "ledger/canonical.py": set(),
}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_imports_from_a_floor_above_its_own(path: Path) -> None:
    own = FLOORS[path.relative_to(ROOT).parts[0]]
    above = [name for name in imported(path) if FLOORS.get(name.split(".")[0], 0) > own]
    assert not above, f"{name_of(path)} looks up to {above}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_imports_inside_a_function(path: Path) -> None:
    tree = ast.parse(path.read_text())
    hidden = [
        f"{function.name}:{node.lineno}"
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not hidden, f"{name_of(path)} imports inside {hidden}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    known = {name_of(path) for path in MODULES}
    arrows = {name_of(path): _known(imported(path), known) for path in MODULES}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, f"a circle: {' -> '.join((*trail, name))}"
        if name not in done:
            for target in arrows.get(name, ()):
                visit(target, (*trail, name))
            done.add(name)

    for name in arrows:
        visit(name, ())


@pytest.mark.parametrize(("place", "allowed"), PURE.items(), ids=list(PURE))
def test_pure_modules_know_no_django_and_no_database(place: str, allowed: set[str]) -> None:
    target = ROOT / place
    for path in [target] if target.suffix else target.rglob("*.py"):
        for name in imported(path):
            first = name.split(".")[0]
            inside = any(name.startswith(prefix) for prefix in allowed)
            assert first not in {"django", "rest_framework", "psycopg"}, f"{path} knows {name}"
            assert first not in FLOORS or inside, f"{path} knows {name}"


def _known(names: Iterator[str], known: set[str]) -> set[str]:
    """The modules of ours that these names come from: the module, or the one that holds it."""
    found = set()
    for name in names:
        parent = name.rpartition(".")[0]
        found |= {candidate for candidate in (name, parent) if candidate in known}
    return found
