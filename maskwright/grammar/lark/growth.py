"""How much lark would make of a grammar, counted before it is made: some texts of one line would take for ever.

    t{x}: t{u{x}}            each use of the template `t` makes a rule that uses it with a longer argument
    start: A? B? C? ...      lark writes out every choice, twice as many alternatives for each `?`
    A: B B                   lark writes a terminal into those that name it, so a chain of these doubles at each step

All are counted on lark's trees, without making anything: rules of templates by their arguments as numbers (their
names, into which lark writes the arguments, can double at each step), alternatives by sums and products.
Cost: linear in the rules and in the uses of templates that are counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lark.grammar import Symbol
from lark.load_grammar import Grammar as LarkGrammar

from maskwright.errors import LimitExceeded

MAX_INSTANCES = 2_000
"""Rules made of templates."""

MAX_NAME_LENGTH = 20_000
"""Characters of the name that lark gives to such a rule, with the arguments in it."""

MAX_ALTERNATIVES = 50_000
"""Alternatives of one rule, written out; lark takes some 30 us for each."""

MAX_TERMINAL_PARTS = 20_000
"""Texts and patterns of one terminal with all terminals that it names written into it."""

MAX_TEXTS = 8_000
"""Texts and patterns in all rules; lark makes a terminal of each, in some 100 us."""

MAX_COUNT_DIGITS = 9
"""Of a number of repetitions."""

LEAST_SPLIT = 50
MAX_PART_LENGTH = 5
"""A repetition up to so many times or more gets rules of its own, each for a part of this length at most."""


def check_growth(grammar: LarkGrammar) -> None:
    """Raise LimitExceeded for a grammar that lark should not be asked to compile."""
    n_texts = 0
    for name, _, tree, _ in grammar.rule_defs:
        alternatives(str(name), tree)
        n_texts += _parts_of(tree)[1]
        if n_texts > MAX_TEXTS:
            raise LimitExceeded("The texts and patterns in rules", n_texts, MAX_TEXTS, str(name), "use fewer")
    templates = {str(name): _Template(tuple(map(str, given)), tree) for name, given, tree, _ in grammar.rule_defs}
    instances = _Instances(templates)
    for template in templates.values():
        if not template.parameters:
            instances.add_uses(template.tree, {})
    for name, arguments in instances.todo:  # grows while it is read
        template = templates[name]
        instances.add_uses(template.tree, dict(zip(template.parameters, arguments, strict=True)))


@dataclass(frozen=True, slots=True)
class _Template:
    parameters: tuple[str, ...]
    tree: Any


@dataclass(slots=True)
class _Instances:
    """The rules made of templates so far.

    number_of: arguments as numbers: what is written, or the template and the numbers of its arguments. lengths: of the
    names that lark makes of them. todo: templates with arguments, in the order in which they are used.
    """

    templates: dict[str, _Template]
    number_of: dict[tuple[object, ...], int] = field(default_factory=dict)
    lengths: list[int] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    todo: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)

    def add_uses(self, tree: Any, arguments: dict[str, int]) -> None:
        """Count what a tree uses, with the arguments in the place of the parameters."""
        for part in _outermost_uses(tree):
            self._argument(part, arguments)

    def _argument(self, tree: Any, arguments: dict[str, int]) -> int:
        """The number of something that may be the argument of a template."""
        if isinstance(tree, Symbol):
            name = str(tree.name)
            return arguments[name] if name in arguments else self._number((name,), len(name), name)
        if tree.data == "value":
            return self._argument(tree.children[0], arguments)
        if tree.data != "template_usage":  # a text or a range
            return self._number((str(tree.data), *map(str, tree.children)), sum(map(len, tree.children)), "")
        used, *given = tree.children
        numbers = tuple([self._argument(part, arguments) for part in given])
        name = str(used.name)
        if name in arguments:  # a template as the argument of a template
            name = self.written[arguments[name]]
        length = len(name) + 1 + sum(self.lengths[number] + 1 for number in numbers)
        known = len(self.number_of)
        number = self._number((name, numbers), length, "")
        if number == known and name in self.templates and len(self.templates[name].parameters) == len(numbers):
            self.todo.append((name, numbers))
            remedy = "use a template that does not call itself with new arguments"
            if len(self.todo) > MAX_INSTANCES:
                raise LimitExceeded("Rules made of templates", len(self.todo), MAX_INSTANCES, name, remedy)
            if length > MAX_NAME_LENGTH:
                raise LimitExceeded("The arguments of a template", length, MAX_NAME_LENGTH, name, remedy)
        return number

    def _number(self, key: tuple[object, ...], length: int, written: str) -> int:
        number = self.number_of.setdefault(key, len(self.lengths))
        if number == len(self.lengths):
            self.lengths.append(length)
            self.written.append(written)
        return number


def _outermost_uses(tree: Any) -> Iterator[Any]:
    todo = [tree]
    while todo:
        part = todo.pop()
        if isinstance(part, Symbol | str):
            continue
        if part.data == "template_usage":
            yield part
        else:
            todo += part.children


def alternatives(rule: str, tree: Any) -> int:
    """How many alternatives lark writes out for a rule, at most; `("a" | "b") "c"?` -> 4."""
    return _Alternatives(rule).of(tree)


@dataclass(frozen=True, slots=True)
class _Alternatives:
    """The same for the parts of a rule."""

    rule: str

    def of(self, tree: Any) -> int:
        """How many a tree has; the depth of trees is limited where they are read (`source.MAX_NESTING`)."""
        if isinstance(tree, Symbol | str):
            return 1
        match tree.data:
            case "expansions":
                return self._checked(sum(map(self.of, tree.children)))
            case "expansion":
                number = 1
                for child in tree.children:
                    number = self._checked(number * self.of(child))
                return number
            case "alias" | "value":
                return self.of(tree.children[0])
            case "maybe":
                return self._checked(self.of(tree.children[0]) + 1)
            case "expr":
                return self._repeated(self.of(tree.children[0]), list(map(str, tree.children[1:])))
        return 1

    def _repeated(self, number: int, signs: list[str]) -> int:
        if signs[0] == "?":
            return self._checked(number + 1)
        if signs[0] in "*+":  # a rule of its own: x | rule x
            return 2 if signs[0] == "*" else 1
        if (n_digits := max(map(len, signs[1:]))) > MAX_COUNT_DIGITS:
            raise LimitExceeded("The digits of a number of repetitions", n_digits, MAX_COUNT_DIGITS, self.rule)
        least, greatest = int(signs[1]), int(signs[-1])
        if greatest >= LEAST_SPLIT:
            self._power(number, MAX_PART_LENGTH)
            return 1
        written = 0
        for times in range(least, greatest + 1):
            written = self._checked(written + self._power(number, times))
        return max(1, written)

    def _power(self, number: int, exponent: int) -> int:
        power = 1
        for _ in range(exponent):
            power = self._checked(power * number)
        return power

    def _checked(self, number: int) -> int:
        if number > MAX_ALTERNATIVES:
            remedy = "give its parts rules of their own, so that not every combination is written out"
            raise LimitExceeded("The alternatives of a rule", number, MAX_ALTERNATIVES, self.rule, remedy)
        return number


class CountedDefinitions(dict[str, Any]):
    """The definitions of a grammar as lark collects them, which are counted when it asks for all of them.

    lark does so once, just before it writes terminals into each other, and has no other place to look at them between.
    """

    def items(self) -> Any:
        """All definitions; raises LimitExceeded for a terminal that would become too large."""
        parts: dict[str, int] = {}
        for name in self:
            self._count(name, parts)
        return super().items()

    def _count(self, root: str, parts: dict[str, int]) -> None:
        """Count the parts of a terminal after those of all that it names, without recursion; 1 within a circle."""
        todo = [(root, False)]
        while todo:
            name, is_ready = todo.pop()
            definition = self.get(name)
            if name in parts and not is_ready:
                continue
            parts.setdefault(name, 1)
            if definition is None or not definition.is_term or definition.tree is None:
                continue
            named, n_own = _parts_of(definition.tree)
            if not is_ready:
                todo.append((name, True))
                todo += [(other, False) for other in named]
                continue
            parts[name] = n_own + sum(parts[other] for other in named)
            if parts[name] > MAX_TERMINAL_PARTS:
                stage = "A terminal with all that it names written out"
                raise LimitExceeded(stage, parts[name], MAX_TERMINAL_PARTS, name, "name fewer terminals in it")


def _parts_of(tree: Any) -> tuple[list[str], int]:
    """The terminals that a tree names, each as often as it does, and how many other parts it has."""
    named: list[str] = []
    n_own = 0
    seen: set[int] = set()
    todo = [tree]
    while todo:
        part = todo.pop()
        if isinstance(part, Symbol):
            named.append(str(part.name))
        elif isinstance(part, str):
            n_own += 1
        elif id(part) not in seen:
            seen.add(id(part))
            todo += part.children
    return named, n_own
