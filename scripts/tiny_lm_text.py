"""The training text of the bundled model: seeded random documents of many kinds, each an instruction and a body.

A document is `instruction, body`, for example ("A person as JSON:", '{"name": "Ada Berg", "age": 36, ...}'). The
instruction line is what a user types as a prompt; the body is what follows until the end-of-text token. Bodies are
JSON in four layouts (compact, `json.dumps`, indented by 2 and by 4), function calls, short English, agent traces,
arithmetic and SQL. Records follow small schemas loosely: fields go missing, change order or have stranger values in a
part of the documents, so that the model on its own is often, but not always, valid for the schemas in
`schemas/demo/`, which is what a demonstration of constrained generation needs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

import tiny_lm_words as words

Json = Any
Document = tuple[str, str]

#: What follows the kind's name in an instruction; `{kind}` is for instance "person" or "weather report".
INSTRUCTIONS = (
    "A {kind} as JSON:",
    "An example {kind} in JSON:",
    "JSON for a {kind}:",
    "Write a {kind} as JSON:",
    "Give me a {kind} in JSON:",
    "{kind}:",
    "Return a {kind} as a JSON object:",
    "Make up a {kind} and print it as JSON:",
)
#: Strings that need escapes or more than ASCII.
ODD_STRINGS = (
    "",
    'a "quoted" word',
    "two\nlines",
    "C:\\temp",
    "café",
    "½ €",
    "日本",
    "tab\there",
    "naïve",
    "🙂",
    "a/b",
)
#: What stands between an instruction and the body.
SEPARATORS = ("", "\n", " ")


def person_name(rng: Random) -> str:
    return f"{rng.choice(words.FIRST_NAMES)} {rng.choice(words.LAST_NAMES)}"


def email_of(rng: Random, name: str) -> str:
    first, last = name.lower().split(" ", 1)
    local = rng.choice((f"{first}.{last}", first, f"{first[0]}{last}", f"{last}{rng.randint(1, 99)}"))
    local = "".join(c for c in local if c.isascii() and (c.isalnum() or c == "."))
    return f"{local}@{rng.choice(words.DOMAINS)}"


def timestamp(rng: Random) -> str:
    date = f"20{rng.randint(20, 29)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    return f"{date}T{rng.randint(7, 21):02}:{rng.choice((0, 15, 30, 45)):02}:00Z"


def sentence(rng: Random) -> str:
    noun, adjective = rng.choice(words.NOUNS), rng.choice(words.ADJECTIVES)
    verb, thing = rng.choice(words.PAST_VERBS), rng.choice(words.NOUNS)
    shapes = (
        f"The {adjective} {noun} {verb} the {thing}",
        f"{rng.choice(words.FIRST_NAMES)} {verb} a {adjective} {thing}",
        f"She {verb} the {thing} {rng.choice(words.ADVERBS)}",
        f"He {rng.choice(words.ADVERBS)} {verb} the {noun} in {rng.choice(words.CITIES)}",
        f"We {verb} the {thing} near the {adjective} {noun}",
        f"There was a {adjective} {noun} and a {thing} on the {rng.choice(words.NOUNS)}",
        f"In the {rng.choice(('morning', 'evening', 'summer', 'winter'))}, the {noun} was {adjective}",
    )
    return rng.choice(shapes) + rng.choice((".", ".", ".", "!", "?"))


def some(rng: Random, items: tuple[str, ...], least: int, most: int) -> list[str]:
    return rng.sample(items, rng.randint(least, most))


def person(rng: Random) -> Json:
    name = person_name(rng)
    record: dict[str, Json] = {"name": name, "age": rng.randint(1, 95), "email": email_of(rng, name)}
    record["address"] = {
        "street": f"{rng.randint(1, 199)} {rng.choice(words.STREETS)} {rng.choice(words.STREET_KINDS)}",
        "city": rng.choice(words.CITIES),
        "zip": f"{rng.randint(10000, 99999)}",
    }
    record["tags"] = some(rng, words.TAGS, 0, 4)
    return record


def order(rng: Random) -> Json:
    lines = [
        {
            "sku": "".join(rng.choice("ABCDEFGHKLMPRSTX") for _ in range(3)) + f"-{rng.randint(1000, 9999)}",
            "quantity": rng.randint(1, 12),
            "price": rng.choice((rng.randint(1, 90), round(rng.uniform(1, 200), 2))),
        }
        for _ in range(rng.randint(1, 3))
    ]
    return {
        "id": f"ORD-{rng.randint(1000, 99999)}",
        "customer": person_name(rng),
        "items": lines,
        "currency": rng.choice(words.CURRENCIES),
        "paid": rng.random() < 0.6,
    }


def event(rng: Random) -> Json:
    start = timestamp(rng)
    return {
        "title": rng.choice(words.EVENTS),
        "start": start,
        "end": f"{start[:11]}{min(23, int(start[11:13]) + rng.randint(1, 3)):02}{start[13:]}",
        "location": rng.choice(words.ROOMS + words.CITIES[:20]),
        "attendees": [person_name(rng) for _ in range(rng.randint(0, 4))],
        "online": rng.random() < 0.4,
    }


def weather(rng: Random) -> Json:
    low = rng.randint(-20, 30)
    days = rng.sample(range(7), rng.randint(1, 3))
    return {
        "city": rng.choice(words.CITIES),
        "temperature": rng.choice((low + 4, round(low + rng.uniform(0, 9), 1))),
        "unit": rng.choice("CCF"),
        "conditions": rng.choice(words.CONDITIONS),
        "humidity": rng.randint(10, 100),
        "forecast": [
            {"day": words.WEEKDAYS[day], "high": low + rng.randint(3, 10), "low": low - rng.randint(0, 4)}
            for day in sorted(days)
        ],
    }


def function_call(rng: Random) -> Json:
    arguments: dict[str, Json]
    name = rng.choice(("get_weather", "send_email", "search", "create_event", "convert_currency"))
    if name == "get_weather":
        arguments = {"city": rng.choice(words.CITIES), "unit": rng.choice("CF")}
    elif name == "send_email":
        to = person_name(rng)
        arguments = {"to": email_of(rng, to), "subject": rng.choice(words.EVENTS), "body": sentence(rng)}
    elif name == "search":
        arguments = {"query": f"{rng.choice(words.ADJECTIVES)} {rng.choice(words.NOUNS)}", "limit": rng.randint(1, 20)}
    elif name == "create_event":
        arguments = {"title": rng.choice(words.EVENTS), "start": timestamp(rng)}
    else:
        source, target = rng.sample(words.CURRENCIES, 2)
        arguments = {"amount": rng.randint(1, 5000), "from": source, "to": target}
    return {"name": name, "arguments": arguments}


def product(rng: Random) -> Json:
    return {
        "id": rng.randint(1, 9999),
        "name": rng.choice(words.PRODUCTS),
        "price": round(rng.uniform(1, 300), 2),
        "colour": rng.choice(words.COLOURS),
        "in_stock": rng.random() < 0.7,
        "description": sentence(rng),
    }


def book(rng: Random) -> Json:
    return {
        "title": f"The {rng.choice(words.ADJECTIVES).title()} {rng.choice(words.NOUNS).title()}",
        "author": person_name(rng),
        "year": rng.randint(1890, 2026),
        "pages": rng.randint(60, 900),
        "rating": rng.choice((None, round(rng.uniform(1, 5), 1))),
    }


def settings(rng: Random) -> Json:
    return {
        "version": f"{rng.randint(0, 4)}.{rng.randint(0, 20)}.{rng.randint(0, 9)}",
        "debug": rng.random() < 0.5,
        "port": rng.choice((80, 443, 3000, 5432, 8000, 8080)),
        "host": rng.choice(("localhost", "0.0.0.0", "127.0.0.1", f"api.{rng.choice(words.DOMAINS)}")),
        "paths": [f"/{rng.choice(words.TAGS)}/{rng.choice(words.NOUNS)}" for _ in range(rng.randint(0, 3))],
        "level": rng.choice(("info", "warning", "error", "debug")),
    }


def chat_message(rng: Random) -> Json:
    return {"role": rng.choice(("user", "assistant", "system")), "content": sentence(rng)}


def point(rng: Random) -> Json:
    where = [round(rng.uniform(-180, 180), 4), round(rng.uniform(-90, 90), 4)]
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": where},
        "properties": {"name": rng.choice(words.CITIES)},
    }


def any_json(rng: Random, depth: int = 0) -> Json:
    """A JSON value of no particular schema, nested at most four deep."""
    shape = rng.random() if depth < 4 else rng.random() * 0.6
    if shape < 0.20:
        return rng.choice((sentence(rng), rng.choice(words.NOUNS), rng.choice(words.TAGS), rng.choice(ODD_STRINGS)))
    if shape < 0.45:
        return rng.choice((rng.randint(-99, 99), rng.randint(0, 10**6), round(rng.gauss(0, 50), 3), 0, 1.5e-7, 6e23))
    if shape < 0.60:
        return rng.choice((True, False, None))
    if shape < 0.78:
        return [any_json(rng, depth + 1) for _ in range(rng.randint(0, 4))]
    return {key: any_json(rng, depth + 1) for key in some(rng, words.FIELDS, 0, 4)}


RECORDS: dict[str, Callable[[Random], Json]] = {
    "person": person,
    "order": order,
    "event": event,
    "weather report": weather,
    "function call": function_call,
    "product": product,
    "book": book,
    "settings file": settings,
    "chat message": chat_message,
    "place": point,
}
#: The first five have a schema in `schemas/demo/` and are drawn more often.
RECORD_WEIGHTS = (22, 16, 14, 14, 12, 5, 5, 5, 4, 3)


def layout(rng: Random, value: Json) -> str:
    """`value` as JSON text in one of the usual layouts."""
    ascii_only = rng.random() < 0.2
    chosen = rng.random()
    if chosen < 0.45:
        return json.dumps(value, ensure_ascii=ascii_only)
    if chosen < 0.70:
        return json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))
    return json.dumps(value, ensure_ascii=ascii_only, indent=2 if chosen < 0.92 else 4)


def loosened(rng: Random, record: Json) -> Json:
    """`record` as real programs write it: in some documents with fields missing, added or out of order."""
    if rng.random() < 0.75 or "arguments" in record:
        return record
    keys = list(record)
    if rng.random() < 0.5:
        rng.shuffle(keys)
    changed = {key: record[key] for key in keys if rng.random() < 0.85}
    if rng.random() < 0.4:
        changed[rng.choice(words.FIELDS)] = any_json(rng, depth=3)
    return changed


def instruction(template: str, kind: str) -> str:
    """One of `INSTRUCTIONS` about `kind`: "An event as JSON:"."""
    text = template.format(kind=kind)
    if kind[0] in "aeiou":
        text = text.replace(f"a {kind}", f"an {kind}").replace(f"A {kind}", f"An {kind}")
    return text[0].upper() + text[1:]


def record_document(rng: Random) -> Document:
    kind = rng.choices(tuple(RECORDS), RECORD_WEIGHTS)[0]
    if rng.random() < 0.08:
        rows = [RECORDS[kind](rng) for _ in range(rng.randint(1, 3))]
        return f"A list of {kind}s as JSON:", layout(rng, rows)
    return instruction(rng.choice(INSTRUCTIONS), kind), layout(rng, loosened(rng, RECORDS[kind](rng)))


def fields_document(rng: Random) -> Document:
    """JSON whose keys the instruction lists, as a small schema would."""
    value = {key: any_json(rng, depth=rng.choice((3, 4, 4))) for key in some(rng, words.FIELDS, 1, 5)}
    return f"JSON with {', '.join(value)}:", layout(rng, value)


def json_document(rng: Random) -> Document:
    return rng.choice(("JSON:", "Some JSON:", "Any JSON value:")), layout(rng, any_json(rng))


def call_document(rng: Random) -> Document:
    call = function_call(rng)
    arguments = ", ".join(f"{key}={json.dumps(value)}" for key, value in call["arguments"].items())
    return rng.choice(("Call a function:", "A call in Python:")), f"{call['name']}({arguments})"


def english_document(rng: Random) -> Document:
    return rng.choice(("A short story:", "English:", "Tell me something:")), " ".join(
        sentence(rng) for _ in range(rng.randint(1, 4))
    )


def agent_document(rng: Random) -> Document:
    call = function_call(rng)
    observation = {"get_weather": weather, "create_event": event}.get(call["name"], chat_message)(rng)
    thought = rng.choice(("I should look this up.", "I need a tool for this.", "Let me check.", sentence(rng)))
    trace = f"Thought: {thought}\nAction: {call['name']}\nInput: {json.dumps(call['arguments'])}\n"
    trace += f"Observation: {json.dumps(observation)}\nThought: I know the answer now.\nAnswer: {sentence(rng)}"
    return rng.choice(("An agent at work:", f"Question: {sentence(rng)}")), trace


def arithmetic_document(rng: Random) -> Document:
    a, b, c = rng.randint(0, 20), rng.randint(0, 20), rng.randint(1, 9)
    shapes = (
        (f"{a} + {b}", a + b),
        (f"{a} - {b}", a - b),
        (f"{a} * {c}", a * c),
        (f"({a} + {b}) * {c}", (a + b) * c),
        (f"{a} * ({b} - {c})", a * (b - c)),
        (f"{a} + {b} * {c}", a + b * c),
    )
    lines = [f"{text} = {value}" for text, value in rng.sample(shapes, rng.randint(1, 3))]
    return rng.choice(("Arithmetic:", "Compute:")), "\n".join(lines)


def sql_document(rng: Random) -> Document:
    table, column = rng.choice(words.TABLES), rng.choice(words.COLUMNS)
    condition = rng.choice((f"{column} > {rng.randint(1, 999)}", f"{column} = '{rng.choice(words.NOUNS)}'"))
    if rng.random() < 0.3:
        condition += f" AND {rng.choice(words.COLUMNS)} IS NOT NULL"
    chosen = rng.choice(("*", "COUNT(*)", ", ".join(some(rng, words.COLUMNS, 1, 3))))
    shapes = (
        f"SELECT {chosen} FROM {table} WHERE {condition};",
        f"SELECT {chosen} FROM {table} ORDER BY {column} {rng.choice(('ASC', 'DESC'))} LIMIT {rng.randint(1, 50)};",
        f"SELECT {column}, AVG(price) FROM {table} GROUP BY {column};",
        f"UPDATE {table} SET {column} = {rng.randint(0, 99)} WHERE id = {rng.randint(1, 999)};",
        f"DELETE FROM {table} WHERE {condition};",
    )
    return rng.choice(("SQL:", f"A query on {table}:")), rng.choice(shapes)


KINDS: tuple[tuple[Callable[[Random], Document], int], ...] = (
    (record_document, 52),
    (fields_document, 9),
    (json_document, 9),
    (call_document, 5),
    (english_document, 9),
    (agent_document, 7),
    (arithmetic_document, 4),
    (sql_document, 5),
)


def documents(seed: int, count: int) -> list[Document]:
    """`count` documents as (instruction with its separator, body); equal seeds give equal documents."""
    rng = Random(seed)
    makers, weights = zip(*KINDS, strict=True)
    made = []
    for make in rng.choices(makers, weights, k=count):
        line, body = make(rng)
        made.append((line + rng.choice(SEPARATORS), body))
    return made


def demo_prompts() -> dict[str, list[str]]:
    """The prompts by which validity is measured: for each kind that has a demo schema, every way to ask for it."""
    prompts = {}
    for kind in tuple(RECORDS)[:5]:
        asked = [instruction(template, kind) for template in INSTRUCTIONS]
        prompts[kind] = [text + separator for text in asked for separator in SEPARATORS]
    return prompts
