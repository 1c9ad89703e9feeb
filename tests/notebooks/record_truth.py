"""Where code asks whether a record is true, in place of whether there is one.

A `Message` of confluent-kafka has the length of its value: one with an empty value, or with none,
is false. `if record:` drops a tombstone in silence.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True)
class Fault:
    """The truth of a record in the piece `part` of a program, counted from 0, on this line."""

    part: int
    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: asks whether {self.text} is true; ask `is not None`"


def faults(parts: Sequence[str]) -> Iterator[Fault]:
    """Each truth of a record in pieces of one program, such as the cells of a notebook."""
    trees = [ast.parse(part) for part in parts]
    known = frozenset[str]().union(*(_records_of(tree, frozenset()) for tree in trees))
    for number, tree in enumerate(trees):
        for node in _faults_in(tree, known):
            yield Fault(number, node.lineno, ast.unparse(node))


def _faults_in(scope: ast.AST, known: frozenset[str]) -> Iterator[ast.expr]:
    for node in _within(scope):
        yield from (e for e in _asked_for_truth(node) if _is_record(e, known))
        if isinstance(node, Function):
            visible = known - {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}
            yield from _faults_in(node, visible | _records_of(node, visible))


def _within(scope: ast.AST) -> Iterator[ast.AST]:
    """All nodes of a scope; of a function inside, the function alone."""
    for node in ast.iter_child_nodes(scope):
        yield node
        if not isinstance(node, Function):
            yield from _within(node)


def _records_of(scope: ast.AST, known: frozenset[str]) -> frozenset[str]:
    """The names that a scope binds to a record."""
    nodes = list(_within(scope))
    bound = [pair for node in nodes for pair in _bindings(node)]
    batches = {name for name, value in bound if _calls(value, "consume")}
    records = {name for name, value in bound if _calls(value, "poll")}
    for node in nodes:
        if isinstance(node, ast.For | ast.comprehension) and isinstance(node.target, ast.Name):
            each = node.iter
            if _calls(each, "consume") or (isinstance(each, ast.Name) and each.id in batches):
                records.add(node.target.id)
    return known | records


def _bindings(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Assign):
        targets, value = node.targets, node.value
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        targets, value = [node.target], node.value
    else:
        return
    for target in targets:
        if isinstance(target, ast.Name):
            yield target.id, value


def _asked_for_truth(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions whose truth this node asks for."""
    match node:
        case (
            ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test)
        ):
            yield test
            yield from _last_of_and(test)
        case ast.BoolOp(values=values):
            yield from values[:-1]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
            yield from _last_of_and(operand)
        case ast.comprehension(ifs=ifs):
            yield from ifs
            for test in ifs:
                yield from _last_of_and(test)
        case ast.Call(func=ast.Name(id="bool"), args=[asked]):
            yield asked


def _last_of_and(test: ast.expr) -> Iterator[ast.expr]:
    """The last of `a and b`, whose truth is asked for only where that of the whole is."""
    if isinstance(test, ast.BoolOp):
        yield test.values[-1]
        yield from _last_of_and(test.values[-1])


def _is_record(node: ast.expr, known: frozenset[str]) -> bool:
    if isinstance(node, ast.NamedExpr):
        return _is_record(node.value, known)
    return _calls(node, "poll") or (isinstance(node, ast.Name) and node.id in known)


def _calls(node: ast.expr, name: str) -> bool:
    """Whether it is a consumer's call: a process's `poll` has no argument, a producer counts."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    whose = ast.unparse(node.func.value).rpartition(".")[2]
    return node.func.attr == name and bool(node.args or node.keywords) and "producer" not in whose
