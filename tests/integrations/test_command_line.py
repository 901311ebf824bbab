"""The command line as a person meets it: what it answers, where it points, and one sentence for each mistake."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from maskwright.integrations import readiness
from maskwright.integrations.command_line import app, benchmarking, messages, models, vocabularies
from maskwright.matching.warming_up import Step

ROOT = Path(__file__).parents[2]
GBNF = ROOT / "schemas" / "gbnf"
PERSON = {
    "title": "person",
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0, "maximum": 120}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, nothing is said about waiting."""
    monkeypatch.setattr(messages, "PATIENCE_SECONDS", 1000)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a schema, a grammar and a pattern in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "person.json").write_text(json.dumps(PERSON), encoding="utf-8")
    (tmp_path / "lines.gbnf").write_text('root ::= ("a" [0-9] "\\n")+', encoding="utf-8")
    (tmp_path / "code.regex").write_text("[a-z]+-[0-9]{2}\n", encoding="utf-8")
    return tmp_path


def maskwright(*arguments: str, text: str | bytes = "") -> Result:
    return CliRunner().invoke(app, list(arguments), input=text, catch_exceptions=False)


def answer(result: Result) -> dict[str, str]:
    """The rows of `compile` and `mask`."""
    assert result.exit_code == 0, result.stderr
    return {line[:24].split("  ")[0]: line.split("  ", 1)[1].strip() for line in result.stdout.splitlines()}


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (["person.json"], '{"name": "Ada", "age": 36}'),
        (["person.json"], '\n{\n  "name" : "\\u0041\\/",\n  "age":36\n}\n'),
        (["lines.gbnf"], "a1\na2\n"),
        (["code.regex"], "ab-12"),
        (["code.regex"], "ab-12\n"),
        (["--regex", "a*"], ""),
    ],
)
def test_check_accepts_what_satisfies_the_specification(folder: Path, spec: list[str], text: str) -> None:
    result = maskwright("check", *spec, "-", text=text)
    name = "the pattern" if spec[0] == "--regex" else spec[0]
    assert (result.exit_code, result.stdout) == (0, f"standard input: satisfies {name}\n")


@pytest.mark.parametrize(
    ("spec", "text", "expected"),
    [
        (
            ["person.json"],
            '{"name": "Ada",\n "age": 200}',
            (
                "standard input, line 2, column 11: does not satisfy person.json\n"
                '   "age": 200}\n'
                "            ^\n"
                "  found `0`, expected `}` or white space (schema: /properties/age)\n"
                "  at $.age: 200 is greater than the maximum of 120\n"
            ),
        ),
        (
            ["lines.gbnf"],
            "a1\nab\n",
            (
                "standard input, line 2, column 2: does not satisfy lines.gbnf\n"
                "  ab\n   ^\n  found `b`, expected a digit then a line break\n"
            ),
        ),
        (
            ["code.regex"],
            "ab-1\n",
            (
                "standard input, line 1, column 5: does not satisfy code.regex\n"
                "  ab-1\n      ^\n  found the end of the text, expected a digit\n  `0` would complete it\n"
            ),
        ),
        (
            ["--regex", "(true|false|[0-9]é)!?"],
            "truth",
            (
                "standard input, line 1, column 4: does not satisfy the pattern\n"
                "  truth\n     ^\n  found `t`, expected `e`\n"
            ),
        ),
        (
            ["--regex", "abc"],
            "abcd",
            (
                "standard input, line 1, column 4: does not satisfy the pattern\n"
                "  abcd\n     ^\n  found `d`, expected the end of the text\n"
            ),
        ),
    ],
)
def test_check_points_at_the_first_character_that_cannot_stand(
    folder: Path, spec: list[str], text: str, expected: str
) -> None:
    result = maskwright("check", *spec, "-", text=text)
    assert result.stdout == expected
    assert result.exit_code == 1


def test_check_reads_special_tokens_by_their_spelling() -> None:
    spec = str(GBNF / "token_terminals.gbnf")
    assert maskwright("check", spec, "-", text="<think>why é?</think>yes.").exit_code == 0
    result = maskwright("check", spec, "-", text="<think>why?</think>maybe")
    assert result.exit_code == 1
    assert "line 1, column 20:" in result.stdout and "expected `no.` or `yes.`" in result.stdout


def test_check_reads_long_texts_and_still_finds_the_character(folder: Path) -> None:
    text = "a1\n" * 3000
    assert maskwright("check", "lines.gbnf", "-", text=text).exit_code == 0
    result = maskwright("check", "lines.gbnf", "-", text=text + "b" + text)
    assert result.stdout.startswith("standard input, line 3001, column 1:")


@pytest.mark.parametrize("path", sorted(GBNF.glob("*.gbnf")), ids=lambda path: path.stem)
def test_check_judges_the_grammars_on_disk(path: Path) -> None:
    texts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    for text in texts["accepted"]:
        assert maskwright("check", str(path), "-", text=text.encode()).exit_code == 0, text
    for text in texts["rejected"][:4] if path.stem != "token_terminals" else []:
        assert maskwright("check", str(path), "-", text=text.encode()).exit_code == 1, text


def test_a_pydantic_model_is_a_specification(folder: Path) -> None:
    (folder / "people.py").write_text(
        "import pydantic\nclass Person(pydantic.BaseModel):\n    name: str\nPLAIN = {'type': 'integer'}\n"
        "def greet(name: str, loud: bool = False): ...\ndef many(*names: str): ...\n",
        encoding="utf-8",
    )
    assert maskwright("check", "people:Person", "-", text='{"name": "Ada"}').exit_code == 0
    assert maskwright("check", "people:Person", "-", text='{"name": 1}').exit_code == 1
    assert maskwright("check", "people:PLAIN", "-", text="12").exit_code == 0
    assert maskwright("check", "people:greet", "-", text='{"name": "Ada"}').exit_code == 0
    assert maskwright("check", "people:greet", "-", text='{"name": "Ada", "loud": 1}').exit_code == 1
    for name, message in {
        "people:Nobody": "people:Nobody: the module people has nothing called 'Nobody'.",
        "people:pydantic": "people:pydantic: pydantic is neither a type, nor a function, nor a schema (a dict).",
        "people:many": (
            "people:many: The Python type *names at many() has no JSON Schema: any number of arguments has no "
            "schema: name each one."
        ),
        "nowhere:Person": "nowhere:Person: there is no such file, and no module 'nowhere' either.",
    }.items():
        assert maskwright("check", name, "-").stderr == f"maskwright: {message}\n"


def test_mask_shows_characters_tokens_and_whether_the_text_may_end(folder: Path) -> None:
    rows = answer(maskwright("mask", "person.json", "--prefix", '{"name": "Ada", '))
    assert rows["after"] == '`{"name": "Ada", `'
    assert rows["the text may end here"] == "no"
    assert rows["next characters"] == '`"age"` or white space'
    rows = answer(maskwright("mask", "--regex", "(yes|no)!*", "--prefix", "no"))
    assert rows["the text may end here"] == "yes"
    assert rows["next characters"] == "`!`"
    rows = answer(maskwright("mask", "--regex", "ab{2}c"))
    assert rows["and so certainly"] == "`abbc`"


def test_mask_counts_and_samples_the_tokens_of_a_vocabulary(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(vocabularies, "BUNDLED_TOKENIZER", folder / "nowhere")
    rows = answer(maskwright("mask", "--regex", "[a-c]?"))
    assert rows["allowed tokens"] == "4 of 257 (single bytes)"
    assert rows["for example"] == "`a`  `b`  `c`"
    assert rows["special tokens"] == "<[256]> (ends the text)"


def test_mask_says_where_a_prefix_leaves_the_language(folder: Path) -> None:
    result = maskwright("mask", "--regex", "true|false", "--prefix", "tRue")
    assert result.exit_code == 2
    assert result.stderr == (
        "maskwright: the prefix leaves the pattern at character 2: `R` cannot come after `t`, only `rue`.\n"
    )


def test_compile_shows_sizes_times_and_notes(folder: Path) -> None:
    rows = answer(maskwright("compile", "person.json"))
    assert rows["specification"] == "person.json (JSON Schema)"
    assert " ms (" in rows["time to compile"]
    assert rows["the empty text"] == "is not a member"
    assert answer(maskwright("compile", "--regex", "a*"))["the empty text"] == "is a member"


def test_compile_reports_what_is_exact_and_what_is_not(folder: Path) -> None:
    shown = maskwright("compile", "person.json", "--order", "declared").stdout
    assert "report                  3 nodes: 1 exact, 2 restricted\n" in shown
    assert "  restricted at '/': property_order: members of properties, required" in shown
    told = json.loads(maskwright("compile", "person.json", "--json", "--exact").stdout)
    assert told["report"] == {
        "nodes": {"": "exact", "/properties/age": "exact", "/properties/name": "exact"},
        "findings": [],
    }
    assert told["specification"] == "person.json" and told["states"] > 0


def test_example_prints_a_shortest_text(folder: Path) -> None:
    assert maskwright("example", "person.json").stdout == '{"name":"","age":0}\n'
    assert maskwright("example", "person.json", "--exact").stdout == '{"name":"","age":0}\n'
    assert maskwright("example", "person.json", "--whitespace", "1").stdout == '{\n "name": "",\n "age": 0\n}\n'
    assert maskwright("example", "lines.gbnf").stdout == "a0\n\n"
    result = maskwright("example", "--regex", "a{2,3}b", "--n", "5")
    assert (result.exit_code, result.stdout) == (0, "aab\naaab\n")
    assert result.stderr == "maskwright: 2 of 5: no other was found.\n"


def test_every_example_satisfies_its_specification(folder: Path) -> None:
    for spec in (["person.json"], ["code.regex"]):
        texts = maskwright("example", *spec, "--n", "6").stdout.splitlines()
        assert len(set(texts)) == 6
        for text in texts:
            assert maskwright("check", *spec, "-", text=text).exit_code == 0


@pytest.mark.parametrize(
    ("flags", "text", "code"),
    [
        ([], '{"age": 1.0, "name": "\\u0041"}', 0),
        (["--order", "declared"], '{"age": 1, "name": "A"}', 1),
        (["--numbers", "canonical"], '{"name": "A", "age": 1.0}', 1),
        (["--escapes", "canonical"], '{"name": "\\u0041", "age": 1}', 1),
        (["--whitespace", "compact"], '{"name": "A", "age": 1}', 1),
        (["--whitespace", "compact"], '{"name":"A","age":1}', 0),
        (["--exact"], ' {"age": 1e0, "name": "\\u0041"} ', 0),
        (["--max-string", "2"], '{"name": "Al", "age": 1}', 0),
        (["--max-string", "2"], '{"name": "Ada", "age": 1}', 1),
        (["--max-string", "0", "--field-budget", "/properties/name=2"], '{"name": "Al", "age": 1}', 0),
        (["--field-budget", "/properties/name=2"], '{"name": "Ada", "age": 1}', 1),
        (["--max-items", "0"], '{"name": "Ada", "age": 1}', 0),
    ],
)
def test_flags_say_how_a_text_may_be_written(folder: Path, flags: list[str], text: str, code: int) -> None:
    assert maskwright("check", "person.json", "-", *flags, text=text).exit_code == code


def test_options_in_the_schema_count_unless_a_flag_outweighs_them(folder: Path) -> None:
    schema = PERSON | {"x-maskwright": {"property_order": "declared", "whitespace": 1}}
    (folder / "told.json").write_text(json.dumps(schema), "utf-8")
    assert maskwright("example", "told.json").stdout == '{\n "name": "",\n "age": 0\n}\n'
    swapped = '{"age": 1, "name": "A"}'
    assert maskwright("check", "told.json", "-", text=swapped).exit_code == 1
    assert maskwright("check", "told.json", "-", "--order", "any", text=swapped).exit_code == 0
    (folder / "wrong.json").write_text(json.dumps(PERSON | {"x-maskwright": {"order": "any"}}), "utf-8")
    result = maskwright("compile", "wrong.json")
    assert result.exit_code == 2
    assert result.stderr.startswith(
        "maskwright: wrong.json: JSON Schema keyword 'x-maskwright' at '/x-maskwright/order' is not an option; "
    )


def test_formats_may_be_annotations(folder: Path) -> None:
    (folder / "date.json").write_text('{"format": "date"}', "utf-8")
    assert maskwright("check", "date.json", "-", text='"today"').exit_code == 1
    assert maskwright("check", "date.json", "-", "--formats", "annotation", text='"today"').exit_code == 0


def test_a_tokenizer_may_be_named(folder: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(vocab={"a": 0, "b": 1, "ab": 2}, merges=[("a", "b")]))
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.add_special_tokens(["</s>"])
    (folder / "tokens").mkdir()
    tokenizer.save(str(folder / "tokens" / "tokenizer.json"))
    rows = answer(maskwright("mask", "--regex", "[ab]+", "--tokenizer", "tokens"))
    assert rows["allowed tokens"] == "3 of 4 (tokens)"
    (folder / "tokens" / "tokenizer.json").write_text("{}", encoding="utf-8")
    result = maskwright("mask", "--regex", "[ab]+", "--tokenizer", "tokens")
    assert result.exit_code == 2
    assert result.stderr.startswith(
        f"maskwright: {Path('tokens') / 'tokenizer.json'}: not a tokenizer that can be read:"
    )


MISTAKES = {
    "check nothing.json -": "nothing.json: there is no such file to read the specification from.",
    "check person.json nothing.txt": "nothing.txt: there is no such file to read the text from.",
    "check . -": ".: this is a folder, not a file with the specification.",
    "check person.json": "name the text to check: a file, or - for standard input.",
    "check person.json - --regex a": "--regex is the whole specification: leave out SPEC and --kind.",
    "compile": "name a specification: a file, module:Name, or --regex PATTERN.",
    "compile broken.json": "broken.json, line 2, column 8: not JSON: Expecting value.",
    "compile list.json": "list.json: a JSON Schema is an object, true or false, not [1].",
    "compile latin.json": "latin.json: the specification is not UTF-8 text (byte 2).",
    "compile unknown.yaml": (
        "unknown.yaml: the suffix does not tell what this is: "
        "add --kind with one of json-schema, gbnf, ebnf, lark, regex."
    ),
    "compile wrong.gbnf": (
        "wrong.gbnf: GBNF grammar, line 2, column 5: rule 'b' is used but not defined\n      b\n      ^"
    ),
    "compile lines.gbnf --start x": (
        "lines.gbnf: GBNF grammar, line 1, column 1: there is no rule 'x' to start from\n"
        '  root ::= ("a" [0-9] "\\n")+\n  ^'
    ),
    "compile person.json --whitespace huge": (
        "--whitespace is flexible, compact, any or an indent up to 64, not 'huge'."
    ),
    "compile person.json --order backwards": "--order is any or declared, not 'backwards'.",
    "compile person.json --max-string -1": "--max-string is a number of at least 0, not -1.",
    "compile person.json --field-budget name=3": (
        "--field-budget is a JSON pointer into the schema, '=' and a number, not 'name=3'."
    ),
    "compile person.json --field-budget /name=many": (
        "--field-budget is a JSON pointer into the schema, '=' and a number, not '/name=many'."
    ),
    "compile person.json --field-budget /name=3": (
        "person.json: Each pointer of field_budgets must be one that leads to a subschema of the document, not '/name'."
    ),
    "compile lines.gbnf --max-items 0": "--max-items is for JSON Schemas, but lines.gbnf is a GBNF grammar.",
    "example lines.gbnf --exact": "--exact is for JSON Schemas, but lines.gbnf is a GBNF grammar.",
    "mask lines.gbnf --tokenizer nowhere": "nowhere: there is no tokenizer here (a tokenizer.json or tekken.json).",
}


@pytest.mark.parametrize("command", MISTAKES)
def test_a_mistake_is_told_in_one_sentence_with_exit_code_2(folder: Path, command: str) -> None:
    (folder / "broken.json").write_text('{"a": 1,\n  "b": }', encoding="utf-8")
    (folder / "list.json").write_text("[1]", encoding="utf-8")
    (folder / "latin.json").write_bytes(b'"\xe9"')
    (folder / "unknown.yaml").write_text("a: 1", encoding="utf-8")
    (folder / "wrong.gbnf").write_text("root ::= (\n    b\n)", encoding="utf-8")
    result = maskwright(*command.split())
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"maskwright: {MISTAKES[command]}\n")


UNSUPPORTED = {"properties": {"a": {"pattern": r"(a)\1"}, "b": {"items": {"pattern": r"(b)\1"}}, "c": {"type": "null"}}}


def test_faults_of_a_specification_name_pointer_or_position(folder: Path) -> None:
    (folder / "unsupported.json").write_text(json.dumps(UNSUPPORTED), "utf-8")
    result = maskwright("compile", "unsupported.json")
    assert result.exit_code == 2
    assert result.stderr.startswith("maskwright: unsupported.json: JSON Schema keyword 'pattern' at '/properties/")
    assert result.stderr.endswith(" (1 more refused).\n")
    assert [line[:40] for line in result.stdout.splitlines()] == [
        "  refused at '/properties/a': pattern: c",
        "  refused at '/properties/b/items': patt",
    ]
    report = json.loads(maskwright("compile", "unsupported.json", "--json").stdout)["report"]
    assert report["nodes"] == {"/properties/a": "refused", "/properties/b/items": "refused"}
    (folder / "empty.json").write_text('{"type": "integer", "minimum": 5, "maximum": 3}', "utf-8")
    result = maskwright("compile", "empty.json")
    assert result.exit_code == 2
    assert result.stderr.startswith("maskwright: empty.json: No text can satisfy this specification:")
    result = maskwright("compile", "--regex", "a(b")
    assert result.exit_code == 2
    assert result.stderr.startswith("maskwright: the pattern: ") and "Traceback" not in result.stderr


def test_help_is_plain_and_shows_examples() -> None:
    result = maskwright("--help")
    assert result.exit_code == 0
    assert "Examples:\n" in result.stdout and "maskwright check person.json answer.json" in result.stdout
    for command in ("generate", "check", "compile", "mask", "example"):
        shown = maskwright(command, "--help").stdout
        assert "Examples:\n" in shown and f"maskwright {command} " in shown


def test_the_version_is_shown() -> None:
    assert maskwright("--version").stdout.startswith("maskwright")


def test_bench_hands_its_options_on_or_explains_where_it_is(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    calls: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        return subprocess.CompletedProcess(command, 3)

    monkeypatch.setattr(benchmarking.subprocess, "run", run)
    assert maskwright("bench", "--sample", "5", "--help").exit_code == 3
    assert calls == [[sys.executable, "-m", "bench", "--sample", "5", "--help"]]
    monkeypatch.setattr(benchmarking.maskwright, "__file__", str(folder / "maskwright" / "__init__.py"))
    result = maskwright("bench")
    assert result.exit_code == 2
    assert result.stderr.startswith("maskwright: the bench is part of the source checkout")


def test_generating_without_torch_says_what_to_install(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    found = models.importlib.util.find_spec
    monkeypatch.setattr(models.importlib.util, "find_spec", lambda name: None if name == "torch" else found(name))
    result = maskwright("generate", "person.json")
    assert result.exit_code == 2
    assert result.stderr == "maskwright: generating needs torch: pip install 'maskwright[hf]'.\n"


def test_an_unknown_model_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    generation = pytest.importorskip("maskwright.integrations.generation")
    result = maskwright("generate", "person.json", "--model", "./no-model")
    assert (result.exit_code, result.stderr) == (2, "maskwright: ./no-model: there is no such model folder.\n")

    def load_model(name: str) -> None:
        raise OSError(f"{name} is not a valid model identifier.\nMore advice.")

    monkeypatch.setattr(generation, "load_model", load_model)
    result = maskwright("generate", "person.json", "--model", "nobody/no-model")
    assert result.exit_code == 2
    assert result.stderr == (
        "maskwright: the model nobody/no-model cannot be loaded: nobody/no-model is not a valid model identifier.\n"
    )


def test_a_long_wait_is_explained_on_stderr(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(messages, "PATIENCE_SECONDS", 0)
    result = maskwright("mask", "--regex", "a")
    assert result.exit_code == 0
    assert result.stderr == messages.COMPILING + "\n"


def test_kernels_that_were_never_compiled_are_compiled_first_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr(messages, "make_kernels_ready", readiness.make_kernels_ready)
    monkeypatch.setattr("maskwright.matching.warming_up.kernels_are_ready", lambda: False)
    monkeypatch.setattr("maskwright.matching.compiler.Compiler.warm_up", lambda _: Step(1, 1, "", 7))
    result = maskwright("mask", "--regex", "a")
    assert result.exit_code == 0
    assert result.stderr == readiness.FIRST_TIME + "\nmaskwright: ready after 0 s\n"


def test_warming_up_says_what_was_done(folder: Path) -> None:
    result = maskwright("warmup")
    assert result.exit_code == 0
    told = dict(line.split(maxsplit=1) for line in result.stdout.splitlines() if not line.startswith("shared"))
    assert set(told) == {"vocabulary", "kernels", "time"}
    assert re.fullmatch(r"shared tables  [0-9.]+ MiB, kept in .+", result.stdout.splitlines()[2])
    assert result.stderr.startswith("maskwright: preparing kernels and the tables of ")


def test_masks_are_made_ahead_on_request(folder: Path) -> None:
    result = maskwright("compile", "--regex", "[a-z]+-[0-9]{2}", "--precompute", "60")
    (row,) = [line for line in result.stdout.splitlines() if line.startswith("masks made ahead")]
    assert re.fullmatch(r"masks made ahead +all [0-9]+, in [0-9.]+ s, [0-9.]+ MiB", row)
    told = json.loads(maskwright("compile", "person.json", "--precompute", "0", "--json").stdout)["precomputed"]
    assert (told["made"], told["waiting"], told["complete"]) == (0, 1, False)
    assert json.loads(maskwright("compile", "person.json", "--json").stdout)["precomputed"] is None


def test_the_bundled_model_writes_a_member(folder: Path) -> None:
    pytest.importorskip("torch")
    if not (vocabularies.BUNDLED_TOKENIZER / "config.json").exists():
        pytest.skip("the bundled model is not in this checkout")
    result = maskwright("generate", "person.json", "--seed", "3")
    assert result.exit_code == 0, result.stderr
    jsonschema.validate(json.loads(result.stdout), PERSON)
    assert "complete; " in result.stderr and "µs per mask" in result.stderr
    again = maskwright("generate", "person.json", "--seed", "3")
    assert again.stdout == result.stdout


def test_a_generated_text_is_never_cut_unless_that_is_asked_for_or_has_to_be(folder: Path) -> None:
    pytest.importorskip("torch")
    if not (vocabularies.BUNDLED_TOKENIZER / "config.json").exists():
        pytest.skip("the bundled model is not in this checkout")
    letters = ("generate", "--regex", "[a-z]{9}[a-z ]*", "--greedy")
    for options in (("12",), ("12", "--soft-landing", "2.5")):
        result = maskwright(*letters, "--max-tokens", *options)
        assert result.exit_code == 0 and re.fullmatch("[a-z]{9}[a-z ]*\n", result.stdout)
        found = re.search(r"(\d+) tokens, complete; ", result.stderr)
        assert found is not None and 2 <= int(found[1]) <= 12
    cut = maskwright(*letters, "--max-tokens", "12", "--no-budget")
    assert cut.exit_code == 1 and "cut by --max-tokens" in cut.stderr
    short = maskwright("generate", "--regex", "[0-9]{30}", "--max-tokens", "3")
    assert (short.exit_code, short.stdout) == (2, "")
    told = r"maskwright: A budget of 3 tokens is too small: the shortest text takes \d+, the end token included\."
    assert re.search(f"^{told}$", short.stderr, re.MULTILINE)
    both = maskwright(*letters, "--no-budget", "--soft-landing", "1")
    assert both.exit_code == 2
    assert "maskwright: --soft-landing is for a text with a budget: leave --no-budget out." in both.stderr


def test_a_grammar_that_can_have_no_budget_is_cut_with_a_word(folder: Path) -> None:
    pytest.importorskip("torch")
    if not (vocabularies.BUNDLED_TOKENIZER / "config.json").exists():
        pytest.skip("the bundled model is not in this checkout")
    (folder / "words.lark").write_text('start: ("if" | NAME)+\nNAME: /[a-z]{60}/\n%ignore " "\n')
    result = maskwright("generate", "words.lark", "--max-tokens", "6", "--greedy")
    assert result.exit_code == 1
    assert "maskwright: No budget of tokens can be kept: " in result.stderr
    assert " The text is cut after 6 tokens.\n" in result.stderr


def test_as_a_program_it_reads_pipes_starts_without_torch_and_exits_with_the_verdict(folder: Path) -> None:
    program = (
        "import sys\n"
        "from maskwright.__main__ import main\n"
        "try:\n    main()\nfinally:\n    assert not {'torch', 'transformers'} & set(sys.modules)\n"
    )

    def run(*arguments: str, text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", program, *arguments],
            input=text, capture_output=True, encoding="utf-8", check=False,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
        )  # fmt: skip

    good = run("check", "person.json", "-", text='{"name": "é", "age": 1}\n')
    assert (good.returncode, good.stdout) == (0, "standard input: satisfies person.json\n")
    bad = run("check", "person.json", "-", text='{"name": "é" "age": 1}\n')
    assert bad.returncode == 1 and bad.stdout.splitlines()[1] == '  {"name": "é" "age": 1}'
    wrong = run("mask", "nothing.gbnf", text="")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr == "maskwright: nothing.gbnf: there is no such file to read the specification from.\n"
