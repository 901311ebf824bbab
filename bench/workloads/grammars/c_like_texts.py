"""Files in the C-like language of `c_like.lark`: headers, structures, tables of constants, functions with loops.

Functions declare their variables first and then only use those and what the file declares, so names recur as they do in
real code; what they compute means nothing.
"""

from __future__ import annotations

import random

from bench.workloads.generate import WORDS
from bench.workloads.grammars.sentences import sentence

TYPES = ("int", "unsigned int", "long", "char", "double", "float", "unsigned char", "bool")
NAMES = [word for word in WORDS if word != "switch"]
HEADERS = ("stdio.h", "stdlib.h", "string.h", "math.h", "sys/types.h", "errno.h")
DEEPEST_BLOCK = 4
DEEPEST_EXPRESSION = 3


def c_like_file(rng: random.Random) -> str:
    """A file of some hundred lines."""
    parts = ["\n".join(f"#include <{name}>" for name in sorted(rng.sample(HEADERS, 3)))]
    parts.append(f"/* {sentence(rng, 120)} */")
    constants = [f"MAX_{word.upper()}S" for word in rng.sample(NAMES, 3)]
    parts.append("\n".join(f"#define {name} {rng.choice((16, 64, 256, 0x7F))}" for name in constants))
    structure = rng.choice(NAMES)
    fields = rng.sample(NAMES, rng.randint(3, 6))
    listed = "".join(f"    {rng.choice(TYPES)} {name};{_remark(rng)}\n" for name in fields)
    parts.append(f"struct {structure} {{\n{listed}    struct {structure} *next;\n}};")
    parts.append(f"enum kind {{ {', '.join(word.upper() for word in rng.sample(NAMES, 4))} }};")
    numbers = ", ".join(f"0x{rng.getrandbits(8):02x}" for _ in range(rng.randint(8, 24)))
    parts.append(f"static const unsigned char table[] = {{ {numbers} }};")
    functions: list[str] = []
    for name in rng.sample(NAMES, rng.randint(4, 6)):
        function = f"{name}_{rng.choice(NAMES)}"
        parts.append(_Function(rng, [*constants, "table[0]"], functions, structure, fields).text(function))
        functions.append(function)
    return "\n\n".join(parts) + "\n"


def _remark(rng: random.Random) -> str:
    return f"  // {sentence(rng, 40)}" if rng.random() < 0.3 else ""


class _Function:
    """Writes one function; `names` are the things that an expression may read."""

    def __init__(
        self, rng: random.Random, constants: list[str], functions: list[str], structure: str, fields: list[str]
    ) -> None:
        self.rng = rng
        self.functions = functions
        self.structure = structure
        self.variables = rng.sample(NAMES, rng.randint(3, 5))
        self.names = [*self.variables, *constants, *(f"self->{name}" for name in fields)]

    def text(self, name: str) -> str:
        """Head, declarations, statements, and the value that is returned."""
        rng = self.rng
        comment = f"/* {sentence(rng, 80)} */\n" if rng.random() < 0.6 else ""
        head = f"{rng.choice(('static ', ''))}{rng.choice(TYPES)} {name}(struct {self.structure} *self, int size)"
        lines = [f"    {rng.choice(TYPES)} {variable} = {self._expression(2)};" for variable in self.variables]
        for _ in range(rng.randint(3, 7)):
            lines += self._statement(1)
        return "\n".join([f"{comment}{head}", "{", *lines, f"    return {self._expression(1)};", "}"])

    def _statement(self, depth: int) -> list[str]:
        rng, blanks = self.rng, "    " * depth
        kind = rng.random()
        if depth >= DEEPEST_BLOCK or kind < 0.55:
            return [f"{blanks}{self._simple()}{_remark(rng)}"]
        inner = [line for _ in range(rng.randint(1, 3)) for line in self._statement(depth + 1)]
        if kind < 0.75:
            lines = [f"{blanks}if ({self._expression(1)}) {{", *inner]
            if rng.random() < 0.4:
                lines += [f"{blanks}}} else {{", *self._statement(depth + 1)]
        elif kind < 0.9:
            index = rng.choice(self.variables)
            lines = [f"{blanks}for ({index} = 0; {index} < {rng.choice(self.names)}; {index}++) {{", *inner]
        else:
            lines = [f"{blanks}while ({self._expression(1)}) {{", *inner, f"{blanks}    break;"]
        return [*lines, f"{blanks}}}"]

    def _simple(self) -> str:
        rng = self.rng
        target = rng.choice([*self.variables, f"self->next->{self.names[-1].removeprefix('self->')}"])
        if rng.random() < 0.2:
            return f'printf("{rng.choice(WORDS)} %d: {sentence(rng, 30)}\\n", {self._expression(1)});'
        return f"{target} {rng.choice(('=', '=', '=', '+=', '-=', '|=', '<<='))} {self._expression(0)};"

    def _expression(self, depth: int) -> str:
        rng = self.rng
        kind = rng.random()
        if depth >= DEEPEST_EXPRESSION or kind < 0.35:
            number = rng.choice((str(rng.randint(0, 1000)), f"0x{rng.getrandbits(16):X}", f"{rng.random():.3f}", "'a'"))
            return rng.choice([number, *self.names])
        if kind < 0.8:
            operator = rng.choice("+ - * / % & | ^ << >> == != < > <= >= && ||".split())
            return f"{self._expression(depth + 1)} {operator} {self._expression(depth + 1)}"
        if kind < 0.87 and self.functions:
            return f"{rng.choice(self.functions)}(self, {self._expression(depth + 1)})"
        if kind < 0.93:
            return f"({rng.choice(TYPES)})({self._expression(depth + 1)})"
        return f"{rng.choice(('!', '-', '~'))}({self._expression(depth + 1)})"
