"""`make demo`: the bundled model writes a document for a JSON Schema, offline, and the document is checked.

First the model writes freely, then inside the grammar compiled from the schema; both texts are judged by `jsonschema`.
Options: another schema of `schemas/demo/` or any file, a prompt, a real model, a temperature and a seed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
from rich.console import Console
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table

SCHEMAS = Path(__file__).resolve().parent.parent / "schemas" / "demo"


def complaint(text: str, schema: dict[str, Any]) -> str | None:
    """Why `text` is not a document of `schema`; None if it is one."""
    try:
        value = json.loads(text)
    except ValueError as error:
        return f"not JSON: {error}"
    found = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(value))
    return None if found is None else f"{found.json_path}: {found.message}"


def shown(text: str, schema: dict[str, Any], title: str) -> Panel:
    """The text as the model wrote it, with the verdict below."""
    problem = complaint(text, schema)
    verdict = "[bold green]✓ validates[/]" if problem is None else f"[bold red]✗ {problem[:150]}[/]"
    body = Syntax(text.strip(), "json", word_wrap=True, background_color="default")
    return Panel(body, title=title, subtitle=verdict, border_style="green" if problem is None else "red")


def first_mask(matcher: Any) -> None:
    """Everything that generation will use once: so the kernels are compiled, or loaded, before the clock starts."""
    import maskwright as mw

    mask = mw.allocate_bitmask(1, matcher.grammar.vocabulary.size)
    matcher.fill_bitmask(mask[0])
    matcher.accept_token(int(mw.allowed_tokens(mask[0])[0]))
    matcher.fill_bitmask(mask[0])


def arguments() -> argparse.Namespace:
    names = ", ".join(sorted(path.stem for path in SCHEMAS.glob("*.json")))
    parser = argparse.ArgumentParser(prog="demo", description="A language model writes a document for a JSON Schema.")
    parser.add_argument("schema", nargs="?", default="person", help=f"a file, or one of: {names}")
    parser.add_argument("--prompt", help="what the model is asked (default: made from the title of the schema)")
    parser.add_argument("--model", help="path or hub id of a transformers model (default: the bundled one)")
    parser.add_argument("--temperature", type=float, default=1.0, help="0 takes the most probable token (default: 1)")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--max-new-tokens", type=int, default=400)
    return parser.parse_args()


def main() -> int:
    args = arguments()
    path = Path(args.schema) if Path(args.schema).suffix else SCHEMAS / f"{args.schema}.json"
    console = Console()
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        console.print(f"[red]Cannot read the schema {path}: {error}[/]")
        return 2
    title = str(schema.get("title", "document"))
    prompt = args.prompt or f"{'An' if title[0] in 'aeiou' else 'A'} {title} as JSON:"

    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    with console.status("Loading PyTorch and the model"):
        began = time.perf_counter()
        import torch

        import maskwright as mw
        from maskwright.integrations.generation import GenerationOptions, generate_text, load_model

        if args.model is None:
            torch.set_num_threads(1)  # the bundled model is too small to share out
        loaded = load_model(args.model)
        generate_text(loaded, None, prompt, GenerationOptions(max_new_tokens=2))  # transformers loads the rest now
        loading_s = time.perf_counter() - began
    options = GenerationOptions(args.max_new_tokens, args.temperature, args.seed)
    try:
        with console.status("Compiling the schema (the very first run also compiles the engine's kernels)"):
            began = time.perf_counter()
            grammar = mw.Compiler(loaded.vocabulary).compile_json_schema(schema)
            first_mask(grammar.matcher())
            compiling_s = time.perf_counter() - began
    except mw.MaskwrightError as error:
        console.print(f"[red]{error}[/]")
        return 2
    with console.status("Generating"):
        free = generate_text(loaded, None, prompt, options)
        bound = generate_text(loaded, grammar, prompt, options)

    console.print(f"\n[bold]Prompt[/]  {prompt}      [bold]Schema[/]  {path.name}\n")
    console.print(shown(free.text, schema, "The model alone"))
    console.print(shown(bound.text, schema, "The same model inside the grammar"))
    table = Table(show_header=False, box=None)
    table.add_row("tokens", f"{len(bound.token_ids)}{'' if bound.is_complete else ' (cut by --max-new-tokens)'}")
    table.add_row("tokens/s", f"{bound.tokens_per_second:.0f} (without grammar {free.tokens_per_second:.0f})")
    table.add_row(
        "µs per mask", f"median {bound.median_mask_us:.1f}, mean {bound.mask_us:.1f}, of {bound.statistics.masks} masks"
    )
    table.add_row("start", f"{loading_s:.1f} s to load PyTorch and the model, {compiling_s:.2f} s to the first mask")
    console.print(table)
    return 0 if complaint(bound.text, schema) is None else 1


if __name__ == "__main__":
    sys.exit(main())
