"""SQL scripts: tables, rows, and queries about them, as an application's migrations and reports have them.

A script defines a few related tables and then only speaks of their columns, so names recur as they do in real scripts.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from bench.workloads.generate import WORDS
from bench.workloads.grammars.sentences import sentence

TYPES = ("INTEGER", "BIGINT", "TEXT", "VARCHAR(80)", "NUMERIC(10, 2)", "BOOLEAN", "DATE", "TIMESTAMP")
KEYWORDS = {"column", "date", "group", "index", "key", "limit", "offset", "order", "row", "table", "update", "view"}
NAMES = [word for word in WORDS if word not in KEYWORDS]
AGGREGATES = ("count", "sum", "avg", "min", "max")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a script; `columns`: name and type, the key first."""

    name: str
    columns: tuple[tuple[str, str], ...]


def sql_script(rng: random.Random) -> str:
    """A script of some 30 statements."""
    tables: list[Table] = []
    statements = [_create_table(name, tables, rng) for name in rng.sample(NAMES, 3)]
    statements += [_insert(table, rng) for table in tables]
    statements.append(_create_index(rng.choice(tables), rng))
    makers = (_select, _select, _join, _report, _ranking, _update, _delete, _insert, _view)
    for _ in range(16):
        maker = rng.choice(makers)
        comment = f"-- {sentence(rng, 60)}\n" if rng.random() < 0.3 else ""
        statements.append(comment + maker(rng.choice(tables), rng))
    return ";\n\n".join(statements) + ";\n"


def _create_table(name: str, tables: list[Table], rng: random.Random) -> str:
    """Defines one more table, which may refer to an earlier one, and remembers it in `tables`."""
    names = rng.sample([word for word in NAMES if word != name], rng.randint(3, 7))
    columns = [(f"{name}_id", "INTEGER"), *((column, rng.choice(TYPES)) for column in names)]
    lines = [f"{name}_id INTEGER PRIMARY KEY"]
    for column, kind in columns[1:]:
        rule = rng.choice(("", " NOT NULL", " NOT NULL", f" DEFAULT {_value(kind, rng)}", " UNIQUE"))
        lines.append(f"{column} {kind}{rule}")
    if tables:
        other = rng.choice(tables)
        columns.append((f"{other.name}_id", "INTEGER"))
        lines.append(f"{other.name}_id INTEGER REFERENCES {other.name}s ({other.name}_id) ON DELETE CASCADE")
    if rng.random() < 0.4:
        lines.append(f"CONSTRAINT {name}_is_sound CHECK ({_comparison(columns[1], rng)})")
    tables.append(Table(name, tuple(columns)))
    return f"CREATE TABLE IF NOT EXISTS {name}s (\n    " + ",\n    ".join(lines) + "\n)"


def _insert(table: Table, rng: random.Random) -> str:
    columns = ", ".join(name for name, _ in table.columns)
    rows = ["(" + ", ".join(_value(kind, rng) for _, kind in table.columns) + ")" for _ in range(rng.randint(1, 5))]
    return f"INSERT INTO {table.name}s ({columns})\nVALUES\n    " + ",\n    ".join(rows)


def _create_index(table: Table, rng: random.Random) -> str:
    column = rng.choice(table.columns)[0]
    return f"CREATE INDEX {table.name}s_by_{column} ON {table.name}s ({column} DESC)"


def _select(table: Table, rng: random.Random) -> str:
    shown = rng.sample(table.columns, rng.randint(1, len(table.columns)))
    order = rng.choice(table.columns)[0]
    limit = f"\nLIMIT {rng.choice((10, 20, 50, 100))}" if rng.random() < 0.5 else ""
    columns = ", ".join(name for name, _ in shown)
    return f"SELECT {columns}\nFROM {table.name}s\nWHERE {_condition(table, rng)}\nORDER BY {order}{limit}"


def _join(table: Table, rng: random.Random) -> str:
    key, other = table.columns[-1][0], table.columns[-1][0].removesuffix("_id")
    shown = ", ".join(f"a.{name} AS {name}" for name, _ in rng.sample(table.columns, 2))
    kind = rng.choice(("JOIN", "LEFT JOIN", "INNER JOIN"))
    return (
        f"SELECT {shown}, b.*\nFROM {table.name}s AS a\n{kind} {other}s AS b ON a.{key} = b.{key}\n"
        f"WHERE {_condition(table, rng, 'a.')}"
    )


def _report(table: Table, rng: random.Random) -> str:
    group, measured = rng.sample(table.columns, 2)
    aggregate = rng.choice(AGGREGATES)
    return (
        f"SELECT {group[0]}, {aggregate}({measured[0]}) AS {aggregate}_of_{measured[0]}, count(*) AS n\n"
        f"FROM {table.name}s\nGROUP BY {group[0]}\nHAVING count(*) > {rng.randint(1, 20)}\nORDER BY n DESC"
    )


def _ranking(table: Table, rng: random.Random) -> str:
    group, measured = rng.sample(table.columns, 2)
    return (
        f"WITH ranked AS (\n    SELECT *, row_number() OVER (PARTITION BY {group[0]} ORDER BY {measured[0]} DESC) "
        f"AS position\n    FROM {table.name}s\n)\nSELECT {group[0]}, {measured[0]}\nFROM ranked\n"
        f"WHERE position <= {rng.randint(1, 5)}"
    )


def _update(table: Table, rng: random.Random) -> str:
    changes = ", ".join(f"{name} = {_value(kind, rng)}" for name, kind in rng.sample(table.columns[1:], 2))
    return f"UPDATE {table.name}s\nSET {changes}\nWHERE {_condition(table, rng)}"


def _delete(table: Table, rng: random.Random) -> str:
    return f"DELETE FROM {table.name}s WHERE {_condition(table, rng)}"


def _view(table: Table, rng: random.Random) -> str:
    column, kind = rng.choice(table.columns[1:])
    return (
        f"CREATE VIEW {rng.choice(WORDS)}_{table.name}s AS\nSELECT *,\n"
        f"    CASE WHEN {_comparison((column, kind), rng)} THEN '{rng.choice(WORDS)}' ELSE '{rng.choice(WORDS)}' END "
        f"AS {rng.choice(NAMES)}\nFROM {table.name}s\nWHERE {_condition(table, rng)}"
    )


def _condition(table: Table, rng: random.Random, prefix: str = "") -> str:
    compared = [_comparison(column, rng, prefix) for column in rng.sample(table.columns, rng.randint(1, 3))]
    return rng.choice((" AND ", "\n  AND ", " OR ")).join(compared)


def _comparison(column: tuple[str, str], rng: random.Random, prefix: str = "") -> str:
    name, kind = prefix + column[0], column[1]
    if rng.random() < 0.15:
        return f"{name} IS NOT NULL"
    if kind in {"TEXT", "VARCHAR(80)"}:
        words = ", ".join(f"'{word}'" for word in rng.sample(WORDS, 3))
        return rng.choice((f"{name} LIKE '%{rng.choice(WORDS)}%'", f"{name} IN ({words})"))
    if kind == "BOOLEAN":
        return f"NOT {name}" if rng.random() < 0.5 else name
    if rng.random() < 0.3:
        return f"{name} BETWEEN {_value(kind, rng)} AND {_value(kind, rng)}"
    return f"{name} {rng.choice(('=', '<', '>', '<=', '>=', '<>'))} {_value(kind, rng)}"


def _value(kind: str, rng: random.Random) -> str:
    day = f"20{rng.randint(10, 25)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    return {
        "TEXT": f"'{sentence(rng, rng.randint(10, 60))}'",
        "VARCHAR(80)": f"'{rng.choice(WORDS)} {rng.choice(WORDS)}'",
        "NUMERIC(10, 2)": f"{rng.randint(0, 9999)}.{rng.randint(0, 99):02}",
        "BOOLEAN": rng.choice(("TRUE", "FALSE")),
        "DATE": f"'{day}'",
        "TIMESTAMP": f"'{day} {rng.randint(0, 23):02}:{rng.randint(0, 59):02}:00'",
    }.get(kind, str(rng.randint(1, 100_000)))
