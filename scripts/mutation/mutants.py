"""Small faults for Python functions: each changes one place of the syntax tree, and a test should notice it.

What is changed: comparisons, operators, numbers by one, `and` and `or`, conditions turned round, `break` and
`continue`, what is returned, and statements left out. What is not: texts, annotations, defaults, decorators, assertions
(they say what we believe, so a wrong one is no other behaviour), what `raise` is told, `__repr__` and `__str__`, and
everything outside of functions.

A mutant is named by its number within a function, so that a sample can be drawn before anything is compiled.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType
from typing import NamedTuple

COMPARISONS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
}
SILENT_FUNCTIONS = frozenset({"__repr__", "__str__"})
NOT_ENTERED = (ast.Assert, ast.Raise, ast.JoinedStr)
SKIPPED_FIELDS = frozenset({"annotation", "returns", "decorator_list", "args", "type_comment"})


class Unit(NamedTuple):
    """A function at the top of a module or of a class, with all that is nested in it."""

    name: str
    first_line: int
    last_line: int
    node: ast.FunctionDef


class Site(NamedTuple):
    """A place of the tree: `getattr(parent, field)`, or its entry `index`, may be replaced by another node."""

    parent: ast.AST
    field: str
    index: int | None
    old: ast.AST
    new: ast.AST
    operator: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: in which function of which file, and what becomes of what."""

    path: str
    function: str
    first_line: int
    number: int
    line: int
    operator: str
    before: str
    after: str

    @property
    def name(self) -> str:
        """What no other mutant of the same source is called."""
        return f"{self.path}:{self.first_line}:{self.number}"


def units_of(tree: ast.AST, prefix: str = "") -> Iterator[Unit]:
    """The functions of a module and the methods of its classes."""
    for node in getattr(tree, "body", []):
        if isinstance(node, ast.ClassDef):
            yield from units_of(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield Unit(prefix + node.name, first, node.end_lineno or node.lineno, node)


def mutants_of(path: str) -> list[Mutant]:
    """All mutants of a file, in the order of its text."""
    found = []
    for unit in units_of(tree_of(path)):
        for number, site in enumerate(_sites_of(unit.node)):
            line = getattr(site.old, "lineno", unit.first_line)
            before, after = ast.unparse(site.old), ast.unparse(site.new)
            found.append(Mutant(path, unit.name, unit.first_line, number, line, site.operator, before, after))
    return found


def code_of(mutant: Mutant) -> CodeType:
    """The code of the mutant's function, with the fault in it."""
    tree = ast.parse(Path(mutant.path).read_text())
    unit = next(unit for unit in units_of(tree) if unit.first_line == mutant.first_line)
    site = list(_sites_of(unit.node))[mutant.number]
    ast.copy_location(site.new, site.old)
    if site.index is None:
        setattr(site.parent, site.field, site.new)
    else:
        getattr(site.parent, site.field)[site.index] = site.new
    module = compile(ast.fix_missing_locations(tree), str(Path(mutant.path).resolve()), "exec")
    return next(
        code
        for code in _codes_in(module)
        if code.co_firstlineno == mutant.first_line and code.co_qualname == mutant.function
    )


@cache
def tree_of(path: str) -> ast.Module:
    """The syntax tree of a file, which nobody may change."""
    return ast.parse(Path(path).read_text())


def _codes_in(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes_in(constant)


def _sites_of(function: ast.FunctionDef) -> Iterator[Site]:
    if function.name not in SILENT_FUNCTIONS:
        yield from _sites_below(function, _returns_bool(function))


def _returns_bool(function: ast.FunctionDef) -> bool:
    return isinstance(function.returns, ast.Name) and function.returns.id == "bool"


def _sites_below(node: ast.AST, is_bool: bool) -> Iterator[Site]:
    for field, value in ast.iter_fields(node):
        if field in SKIPPED_FIELDS and not isinstance(node, ast.Call):
            continue
        entries = enumerate(value) if isinstance(value, list) else [(None, value)]
        for index, child in entries:
            if not isinstance(child, ast.AST) or _is_docstring(node, field, index, child):
                continue
            for new, operator in _replacements(node, field, child, is_bool):
                yield Site(node, field, index, child, new, operator)
            if not isinstance(child, NOT_ENTERED):
                yield from _sites_below(child, _returns_bool(child) if isinstance(child, ast.FunctionDef) else is_bool)


def _is_docstring(node: ast.AST, field: str, index: int | None, child: ast.AST) -> bool:
    return (
        isinstance(node, ast.FunctionDef | ast.ClassDef)
        and field == "body"
        and index == 0
        and isinstance(child, ast.Expr)
        and isinstance(child.value, ast.Constant)
    )


def _replacements(parent: ast.AST, field: str, node: ast.AST, is_bool: bool) -> Iterator[tuple[ast.AST, str]]:
    if isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            ops = [*node.ops[:at], COMPARISONS[type(operator)](), *node.ops[at + 1 :]]
            yield ast.Compare(node.left, ops, node.comparators), "comparison"
    elif isinstance(node, ast.BinOp) and type(node.op) in OPERATORS and not _is_text(node):
        yield ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right), "operator"
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values), "and/or"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand, "not"
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield ast.Constant(not node.value), "truth"
        elif isinstance(node.value, int):
            yield ast.Constant(node.value + 1), "number"
            if node.value:
                yield ast.Constant(node.value - 1), "number"
    elif isinstance(node, ast.Break):
        yield ast.Continue(), "loop"
    elif isinstance(node, ast.Continue):
        yield ast.Break(), "loop"
    elif isinstance(node, ast.AugAssign):
        if type(node.op) in OPERATORS:
            yield ast.AugAssign(node.target, OPERATORS[type(node.op)](), node.value), "operator"
        yield ast.Pass(), "statement"
    elif isinstance(node, ast.Return):
        if is_bool and node.value is not None and not isinstance(node.value, ast.Constant):
            yield ast.Return(ast.UnaryOp(ast.Not(), node.value)), "return"
        elif node.value is not None and not isinstance(node.value, ast.Constant):
            yield ast.Return(ast.Constant(None)), "return"
    elif _can_be_left_out(node):
        yield ast.Pass(), "statement"
    is_condition = field == "test" and isinstance(parent, ast.If | ast.While | ast.IfExp)
    if is_condition and not isinstance(node, ast.Compare | ast.UnaryOp):
        yield ast.UnaryOp(ast.Not(), node), "condition"


def _can_be_left_out(node: ast.AST) -> bool:
    """Would the lines below still know all their names?"""
    if isinstance(node, ast.Assign):
        return not any(isinstance(target, ast.Name | ast.Tuple) for target in node.targets)
    return isinstance(node, ast.Raise | ast.Delete) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))


def _is_text(node: ast.BinOp) -> bool:
    sides = (node.left, node.right)
    return any(isinstance(side, ast.JoinedStr) or isinstance(getattr(side, "value", None), str) for side in sides)
