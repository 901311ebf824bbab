"""The examples and the demonstration run, and print what they promise."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import jsonschema
import pytest

torch = pytest.importorskip("torch", reason="the extra `hf` is not installed")
pytest.importorskip("transformers", reason="the extra `hf` is not installed")

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
DEMO_SCHEMAS = sorted((ROOT / "schemas" / "demo").glob("*.json"))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # two threads on a busy core wait for each other
    yield
    torch.set_num_threads(threads)


def program(path: Path) -> ModuleType:
    """The file as a module, not yet run as a program."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_are_examples_and_demo_schemas() -> None:
    assert {path.name for path in EXAMPLES} == {
        "adaptive_decoding.py",
        "batch_rows.py",
        "behaviour_agent.py",
        "best_span.py",
        "function_calling.py",
        "huggingface_batch.py",
        "huggingface_continuous_batching.py",
        "huggingface_json.py",
        "huggingface_jump_forward.py",
        "huggingface_streaming.py",
        "infilling.py",
        "llama_cpp_json.py",
        "mlx_json.py",
        "onnx_genai_json.py",
        "python_members.py",
        "sglang_json.py",
        "tool_calls.py",
    }
    assert len(DEMO_SCHEMAS) >= 5


def test_the_json_example_prints_a_valid_document(capsys: pytest.CaptureFixture[str]) -> None:
    example = program(ROOT / "examples" / "huggingface_json.py")
    example.main()
    jsonschema.validate(json.loads(capsys.readouterr().out), example.SCHEMA)


def test_the_members_example_writes_members_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("jedi", reason="the extra `monitors` is not installed")
    program(ROOT / "examples" / "python_members.py").main()
    *_, by_grammar, by_members, report = capsys.readouterr().out.splitlines()
    first, second = by_members.rpartition("order.")[2].split(".")
    assert hasattr({"price": 1.0, "customer": ""}[first], second)
    assert by_grammar.rpartition("order.")[2] != f"{first}.{second}"
    assert "0 too late and 0 failed" in report


def test_the_example_of_spans_quotes_the_passage_and_proves_it(capsys: pytest.CaptureFixture[str]) -> None:
    example = program(ROOT / "examples" / "best_span.py")
    example.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines[::3]] == ["SQL", "Call a function", "Arithmetic"]
    assert all("proved: True" in line for line in lines[::3])
    quoted = [ast.literal_eval(line[line.index("token") + 9 :].strip()) for line in lines if "at token" in line]
    assert len(quoted) == 6
    assert all(text in example.PASSAGE for text in quoted)


def test_the_batch_example_answers_every_prompt_in_its_grammar(capsys: pytest.CaptureFixture[str]) -> None:
    program(ROOT / "examples" / "huggingface_batch.py").main()
    weather, date, answer, *_ = capsys.readouterr().out.splitlines()
    assert json.loads(weather[36:])["conditions"] in {"sunny", "rain"}
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", date[36:])
    assert answer[36:] in {"yes", "no"}


def test_the_example_of_continuous_batching_answers_every_prompt_in_its_grammar(
    capsys: pytest.CaptureFixture[str],
) -> None:
    program(ROOT / "examples" / "huggingface_continuous_batching.py").main()
    city, date, answer, *_ = capsys.readouterr().out.splitlines()
    assert json.loads(city[20:]) in {"Oslo", "Rome", "Lima"}
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", date[20:])
    assert answer[20:] in {"yes", "no"}


def test_the_example_of_jumps_asks_seldom(capsys: pytest.CaptureFixture[str]) -> None:
    example = program(ROOT / "examples" / "huggingface_jump_forward.py")
    example.main()
    document, report = capsys.readouterr().out.splitlines()
    jsonschema.validate(json.loads(document), example.SCHEMA)
    n_tokens, share, n_calls = map(int, re.findall(r"\d+", report))
    assert n_calls < n_tokens / 3
    assert share > 60


def test_the_example_of_streaming_gives_each_value_before_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    example = program(ROOT / "examples" / "huggingface_streaming.py")
    example.main()
    *values, whole = capsys.readouterr().out.splitlines()
    kind, text = whole.split(": ", 1)
    assert kind == "complete"
    jsonschema.validate(json.loads(text), example.SCHEMA)
    assert [line.split()[0] for line in values[:3]] == ["/city", "/temperatures/0", "/temperatures/1"]
    n_read = [int(line.split()[-2]) for line in values]
    assert n_read == sorted(n_read)
    assert n_read[0] < len(text) / 2


def test_the_example_of_infilling_fills_gaps_inside_the_grammar(capsys: pytest.CaptureFixture[str]) -> None:
    example = program(ROOT / "examples" / "infilling.py")
    example.main()
    freely, exactly, calls, at_most = capsys.readouterr().out.splitlines()
    for line in (exactly, at_most):
        record = json.loads(line[18:])
        assert re.fullmatch(example.PATTERN, line[18:])
        assert list(record) == ["name", "age", "email"]
    assert not re.fullmatch(example.PATTERN, freely[18:])
    assert re.search(r" [1-4] calls, \d+ slots forced, \d+ proposals refused$", calls)


def test_the_example_of_tool_calls_tells_where_a_text_stands(capsys: pytest.CaptureFixture[str]) -> None:
    program(ROOT / "examples" / "tool_calls.py").main()
    reasoned, called, in_a_call, refused = capsys.readouterr().out.splitlines()
    assert reasoned.startswith("complete ")
    assert called.startswith("complete ")
    assert in_a_call.startswith("begun ")
    assert in_a_call.endswith("must go on with 'ity\"'")
    assert refused == "refused   <think></think><call> | Hello"


def test_the_example_of_function_calling_makes_the_calls_it_reads(capsys: pytest.CaptureFixture[str]) -> None:
    program(ROOT / "examples" / "function_calling.py").main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines if " says " not in line] == [
        ["hermes", "calls"],
        ["qwen_3_coder", "calls"],
        ["mistral", "calls"],
        ["mistral", "calls"],
        ["llama", "refused"],
    ]
    assert "".join(line.partition(" says ")[2].strip("'") for line in lines if " says " in line) == "Let me see.\\n"
    assert [line.rpartition(": ")[2] for line in lines if " calls " in line][1:3] == ["3.5", "3"]


def test_the_example_of_an_agent_multiplies_before_it_answers(capsys: pytest.CaptureFixture[str]) -> None:
    example = program(ROOT / "examples" / "behaviour_agent.py")
    example.main()
    trace, _, report = capsys.readouterr().out.rpartition("\n---")
    calls = re.findall(r"\n\[Call\] (.*?)\n\[Result\] (-?\d+)", trace, flags=re.DOTALL)
    assert 1 <= len(calls) <= 2
    for call, result in calls:
        assert example.multiply(**json.loads(call)["arguments"]) == int(result)
    assert trace.rindex("[Answer]") > trace.rindex("[Result]")
    assert trace.count("[Thought]") <= 2
    told, *verdicts = report.splitlines()
    assert re.fullmatch(r" finished; the budget leaves \d+ tokens", told)
    assert [line.partition(":")[0] for line in verdicts] == ["flow", "look", "cap", "brief", "plan"]
    assert all(": satisfied " in line for line in verdicts[:4])


def test_the_example_of_adaptive_decoding_writes_a_valid_document_in_every_way(
    capsys: pytest.CaptureFixture[str],
) -> None:
    example = program(ROOT / "examples" / "adaptive_decoding.py")
    example.main()
    lines = capsys.readouterr().out.splitlines()
    documents = {line[:20].strip(): json.loads(line[20 : line.rindex("(")]) for line in lines}
    assert len(documents) == 8
    for document in documents.values():
        jsonschema.validate(document, example.SCHEMA)
    assert documents["AdaDec, greedy"] != documents["greedy"]
    assert re.search(r"large model \d\d%\)$", lines[-1])


@pytest.mark.parametrize("path", DEMO_SCHEMAS, ids=lambda path: path.stem)
def test_the_demonstration_writes_a_valid_document(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))
    monkeypatch.setattr(sys, "argv", ["demo", path.stem])
    assert program(ROOT / "scripts" / "demo.py").main() == 0
    shown = capsys.readouterr().out
    assert "✓ validates" in shown
    assert "tokens/s" in shown
    assert "µs per mask" in shown


def test_the_demonstration_refuses_a_bad_schema_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"type": "object", "properties": {"a": {"type": "colour"}}}')
    for name, expected in ((str(bad), "/properties/a"), ("missing.json", "Cannot read the schema missing.json")):
        monkeypatch.setattr(sys, "argv", ["demo", name])
        assert program(ROOT / "scripts" / "demo.py").main() == 2
        assert expected in capsys.readouterr().out
