"""The house rules that no linter knows, as functions from a source tree to a list of complaints."""

import ast
from collections.abc import Iterator
from pathlib import Path

PURE_ROOMS = (
    "units", "digest", "rows", "failures", "wallet", "channel", "meter", "market", "ledger",
    "signals", "tariff", "planner", "wire", "agreement", "control",
)  # fmt: skip
FLOAT_ALLOWED_IN = ("planner", "demo", "cli")
FORBIDDEN_NAMES = {"utils", "helpers", "common", "core", "services", "models", "misc"}
CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter"}
SPOKEN_IN_ORDER = {"verify"}
"""`verify(curve, key, message, signature)`: an order that every library of signatures has."""
FILE_LINES, FUNCTION_LINES, PARAMETERS, POSITIONAL, COLUMNS = 400, 60, 5, 2, 100


def complaints(src: Path) -> list[str]:
    """Everything under `src`/gridplus that breaks a rule, as 'place: what is wrong'."""
    package = src / "gridplus"
    found: list[str] = []
    for path in sorted(package.rglob("*.py")):
        place = str(path.relative_to(src))
        text = path.read_text()
        found += [f"{place}: {what}" for what in _text_complaints(path, text)]
        found += [f"{place}:{what}" for what in _tree_complaints(path, package, ast.parse(text))]
    return found


def _text_complaints(path: Path, text: str) -> Iterator[str]:
    lines = text.splitlines()
    if len(lines) > FILE_LINES:
        yield f"{len(lines)} lines, at most {FILE_LINES}"
    if any(len(line) > COLUMNS for line in lines):
        yield f"a line is longer than {COLUMNS} columns"
    if {path.stem, path.parent.name} & FORBIDDEN_NAMES:
        yield "a room is a noun of the domain or a service, never a drawer for the rest"


def _room(path: Path, package: Path) -> str:
    return path.relative_to(package).parts[0].removesuffix(".py")


def _tree_complaints(path: Path, package: Path, tree: ast.Module) -> Iterator[str]:
    room = _room(path, package)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _function_complaints(node)
        if isinstance(node, ast.Assert):
            yield f"{node.lineno}: bare assert; use failures.invariant"
        if room in PURE_ROOMS and isinstance(node, ast.Call):
            yield from _purity_complaints(node)
        if room not in FLOAT_ALLOWED_IN:
            yield from _float_complaints(node)


def _function_complaints(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    length = (node.end_lineno or node.lineno) - node.lineno + 1
    if length > FUNCTION_LINES:
        yield f"{node.lineno}: {node.name} has {length} lines, at most {FUNCTION_LINES}"
    positional = [a.arg for a in node.args.posonlyargs + node.args.args]
    positional = [name for name in positional if name not in ("self", "cls")]
    if any(".command(" in ast.unparse(decorator) for decorator in node.decorator_list):
        return  # click passes each option by name
    if positional == ["scope", "receive", "send"]:
        return  # ASGI passes them so
    if positional[:1] == ["ctx"]:
        return  # click's callbacks
    if len(positional) > POSITIONAL and node.name not in SPOKEN_IN_ORDER:
        yield f"{node.lineno}: {node.name} takes {len(positional)} by position; the third needs *"
    if len(positional) + len(node.args.kwonlyargs) > PARAMETERS:
        yield f"{node.lineno}: {node.name} takes more than {PARAMETERS} parameters"


def _purity_complaints(node: ast.Call) -> Iterator[str]:
    called = node.func
    if isinstance(called, ast.Name) and called.id in ("open", "print", "input"):
        yield f"{node.lineno}: a pure room calls {called.id}()"
    if isinstance(called, ast.Attribute) and called.attr in CLOCKS:
        owner = ast.unparse(called.value)
        if owner.split(".")[-1] in ("datetime", "date", "time"):
            yield f"{node.lineno}: a pure room reads the clock with {owner}.{called.attr}()"


def _float_complaints(node: ast.AST) -> Iterator[str]:
    annotation = getattr(node, "annotation", None) or getattr(node, "returns", None)
    if annotation is not None:
        for part in ast.walk(annotation):
            if isinstance(part, ast.Name) and part.id == "float":
                yield f"{part.lineno}: a float where money may pass"
