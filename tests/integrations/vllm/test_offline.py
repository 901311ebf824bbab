"""`vllm.LLM` with the plug-in: every kind of constraint, many requests at once, bad ones, other engines beside it."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest

pytest.importorskip("vllm", reason="vLLM is not installed; `make test-vllm` runs these tests")

from tests.integrations.vllm.engine import engine, schema_of, wider_model

REACT = """
segments:
  question: {writer: user, open: "\\nQ: "}
  thought: {open: "\\nT: ", text: {regex: "[a-z ]{1,20}"}}
  answer: {open: "\\nA: ", text: {regex: "[0-9]{1,4}"}}
flow: question thought{1,2} answer
"""


@pytest.fixture(scope="module")
def llm(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return engine(model=wider_model(tmp_path_factory.mktemp("model")))


def parameters(seed: int = 0, **options: Any) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import StructuredOutputsParams

    constraint = options.pop("constraint", None)
    if constraint is not None:
        options["structured_outputs"] = StructuredOutputsParams(**constraint)
    return SamplingParams(**{"max_tokens": 500, "temperature": 0.7, "seed": seed, **options})


def texts(llm: Any, chosen: list[Any], prompt: str = "A person as JSON:") -> list[str]:
    """What is generated; everything must have ended by itself."""
    outputs = llm.generate([prompt] * len(chosen), chosen, use_tqdm=False)
    assert [output.outputs[0].finish_reason for output in outputs] == ["stop"] * len(chosen)
    return [output.outputs[0].text for output in outputs]


def test_every_kind_of_constraint_holds(llm: Any) -> None:
    kinds = [
        {"json": schema_of(0)},
        {"json": json.dumps(schema_of(1))},
        {"regex": r"\d{4}-\d{2}"},
        {"choice": ["yes", "no", "may be"]},
        {"grammar": 'start: "x" start | "y"'},
        {"grammar": 'root ::= "x" root | "y"'},
        {
            "structural_tag": json.dumps(
                {"structures": [{"begin": "<f>", "schema": schema_of(2), "end": "</f>"}], "triggers": ["<f"]}
            )
        },
    ]
    for seed in range(3):
        json_0, json_1, date, choice, lark, ebnf, tagged = texts(
            llm, [parameters(seed, constraint=kind) for kind in kinds]
        )
        jsonschema.validate(json.loads(json_0), schema_of(0))
        jsonschema.validate(json.loads(json_1), schema_of(1))
        assert re.fullmatch(r"\d{4}-\d{2}", date)
        assert choice in kinds[3]["choice"]
        assert re.fullmatch("x*y", lark) and re.fullmatch("x*y", ebnf)
        for call in re.findall(r"<f>(.*?)</f>", tagged, re.DOTALL):
            jsonschema.validate(json.loads(call), schema_of(2))
        assert "<f" not in re.sub(r"<f>.*?</f>", "", tagged, flags=re.DOTALL)


def test_an_object_is_an_object(llm: Any) -> None:
    output = llm.generate(["A person:"], parameters(constraint={"json_object": True}), use_tqdm=False)[0].outputs[0]
    assert output.text.startswith("{")
    if output.finish_reason == "stop":
        assert isinstance(json.loads(output.text), dict)


def test_sixty_four_schemas_at_once(llm: Any) -> None:
    chosen = [parameters(number, constraint={"json": schema_of(number)}) for number in range(64)]
    for number, text in enumerate(texts(llm, chosen)):
        jsonschema.validate(json.loads(text), schema_of(number), format_checker=jsonschema.FormatChecker())


def test_several_texts_of_one_request_are_each_of_their_own(llm: Any) -> None:
    output = llm.generate(["X"], parameters(n=4, constraint={"json": schema_of(5)}), use_tqdm=False)[0]
    documents = [json.loads(one.text) for one in output.outputs]
    for document in documents:
        jsonschema.validate(document, schema_of(5))
    assert len({json.dumps(document) for document in documents}) > 1


def test_other_engines_serve_the_requests_that_name_them(llm: Any) -> None:
    pattern = "[0-9]{3}"
    names: list[Any] = ["xgrammar", "guidance", "maskwright", {"engine": "xgrammar"}, False, True]
    chosen = [parameters(constraint={"regex": pattern}, extra_args={"maskwright": name}) for name in names]
    assert all(re.fullmatch(pattern, text) for text in texts(llm, chosen))


def test_a_constraint_may_stand_in_the_extra_arguments(llm: Any) -> None:
    options = [{"regex": "[ab]{3}"}, {"choice": ["u", "v"]}, json.dumps({"json": schema_of(4)})]
    bits, choice, document = texts(llm, [parameters(extra_args={"maskwright": option}) for option in options])
    assert re.fullmatch("[ab]{3}", bits)
    assert choice in {"u", "v"}
    jsonschema.validate(json.loads(document), schema_of(4))


def test_a_behaviour_specification_keeps_its_rules_and_its_budget(llm: Any) -> None:
    options = {"behaviour": REACT, "observed": ["What is 6 * 7?"], "budget": {"generated_tokens": 40}}
    chosen = [parameters(seed, extra_args={"maskwright": options}) for seed in range(12)]
    outputs = llm.generate(["Q: What is 6 * 7?\n"] * 12, chosen, use_tqdm=False)
    for output in outputs:
        assert output.outputs[0].finish_reason == "stop"
        assert re.fullmatch(r"(\nT: [a-z ]{1,20}){1,2}\nA: [0-9]{1,4}", output.outputs[0].text)
        assert len(output.outputs[0].token_ids) <= 40


def test_json_options_are_heeded(llm: Any) -> None:
    options = {"json_options": {"whitespace": 2, "property_order": "declared"}}
    constraint = {"json": schema_of(8)}
    for text in texts(
        llm, [parameters(seed, constraint=constraint, extra_args={"maskwright": options}) for seed in range(4)]
    ):
        assert json.dumps(json.loads(text), indent=2, ensure_ascii=False) == re.sub(r"-0\b(?!\.)", "0", text)


def test_compact_json_has_no_blanks(llm: Any) -> None:
    constraint = {"json": schema_of(1), "disable_any_whitespace": True}
    for text in texts(llm, [parameters(seed, constraint=constraint) for seed in range(4)]):
        assert json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False) == re.sub(
            r"-0\b(?!\.)", "0", text
        )


def test_stop_tokens_of_the_request_end_the_text_only_where_it_is_complete(llm: Any) -> None:
    semicolon = llm.get_tokenizer().encode(";", add_special_tokens=False)
    assert len(semicolon) == 1
    chosen = [
        parameters(seed, constraint={"regex": "[a-z;]{4}"}, stop_token_ids=semicolon, logit_bias={semicolon[0]: 20.0})
        for seed in range(4)
    ]
    for output in llm.generate(["X"] * 4, chosen, use_tqdm=False):
        assert output.outputs[0].finish_reason == "stop"
        assert re.fullmatch("[a-z;]{4};?", output.outputs[0].text)
        assert len(output.outputs[0].text.rstrip(";")) >= 4 or output.outputs[0].text.count(";") > 1


BAD = [
    ({"json": {"type": "nope"}}, "names 'nope', which is not a JSON type"),
    ({"json": "{"}, "this is not JSON"),
    ({"json": {"type": "string", "pattern": "("}}, "this '(' is never closed"),
    ({"json": {"not": {}}}, "no"),
    ({"json": {"$ref": "http://example.com/schema"}}, "example.com"),
    ({"regex": "a("}, "this '(' is never closed"),
    ({"regex": "(?=a)b"}, ""),
    ({"regex": "(a{1000}){1000}{1000}"}, ""),
    ({"grammar": "start: ("}, "Lark grammar"),
    ({"grammar": "root ::= ("}, ""),
    ({"grammar": "root ::= root"}, ""),
    ({"grammar": "%import ..secret (A)\nstart: A"}, ""),
    ({"choice": []}, "choice must be a list of one text or more"),
    ({"structural_tag": "{"}, ""),
    ({"structural_tag": '{"type": "structural_tag", "format": {"type": "nothing"}}'}, ""),
    ({"json_object": False}, "json_object must be true, or missing"),
    ({"regex": "a", "whitespace_pattern": " "}, "whitespace_pattern must be missing"),
    ({"json": {"properties": {"a": {}}, "x-maskwright": {"colour": 1}}}, "colour"),
]


@pytest.mark.parametrize(("constraint", "message"), BAD, ids=lambda value: str(value)[:40])
def test_bad_requests_are_refused_with_a_reason_and_harm_nobody(
    llm: Any, constraint: dict[str, Any], message: str
) -> None:
    from vllm.exceptions import VLLMValidationError

    with pytest.raises(VLLMValidationError) as caught:
        llm.generate(["X"], parameters(constraint=constraint), use_tqdm=False)
    assert message in str(caught.value) and len(str(caught.value)) > 10
    assert re.fullmatch("[0-9]{2}", texts(llm, [parameters(constraint={"regex": "[0-9]{2}"})])[0])


@pytest.mark.parametrize(
    "options", [{"regexp": "a"}, {"regex": "a", "choice": ["b"]}, "{", {"behaviour": "flow: ["}, {"behaviour": REACT}]
)
def test_bad_extra_arguments_are_refused(llm: Any, options: Any) -> None:
    from vllm.exceptions import VLLMValidationError

    with pytest.raises(VLLMValidationError):
        llm.generate(["X"], parameters(extra_args={"maskwright": options}), use_tqdm=False)


def test_stop_tokens_that_a_text_needs_are_refused(llm: Any) -> None:
    from vllm.exceptions import VLLMValidationError

    quote = llm.get_tokenizer().encode('"', add_special_tokens=False)
    with pytest.raises(VLLMValidationError, match="vocabulary"):
        llm.generate(["X"], parameters(constraint={"json": {"type": "string"}}, stop_token_ids=quote), use_tqdm=False)


def test_two_constraints_are_refused(llm: Any) -> None:
    from vllm.exceptions import VLLMValidationError

    chosen = parameters(constraint={"regex": "a"}, extra_args={"maskwright": {"regex": "b"}})
    with pytest.raises(VLLMValidationError, match="missing where structured_outputs has one"):
        llm.generate(["X"], chosen, use_tqdm=False)


def test_parameters_may_be_used_again(llm: Any) -> None:
    chosen = parameters(extra_args={"maskwright": {"regex": "[xy]{3}"}})
    for _ in range(3):
        assert re.fullmatch("[xy]{3}", texts(llm, [chosen])[0])


def test_cancelled_requests_leave_the_engine_well(llm: Any) -> None:
    core = llm.llm_engine
    for number in range(12):
        core.add_request(f"r{number}", "A person as JSON:", parameters(number, constraint={"json": schema_of(number)}))
    finished: dict[str, str] = {}
    for step in range(400):
        if not core.has_unfinished_requests():
            break
        for output in core.step():
            if output.finished:
                finished[output.request_id.split("-")[0]] = output.outputs[0].text
        if step == 1:
            core.abort_request([f"r{number}" for number in range(0, 12, 2)])
    assert {f"r{number}" for number in range(1, 12, 2)} <= set(finished)
    for number in range(1, 12, 2):
        jsonschema.validate(json.loads(finished[f"r{number}"]), schema_of(number))


def test_an_error_in_the_engine_fails_one_request_only(llm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from maskwright.integrations.vllm.constraints import Constraints

    original = Constraints.matcher

    def failing(self: Constraints, asked: Any, *rest: Any) -> Any:
        if rest and asked.text == "fail[0-9]":  # the engine's call, which tells the prompt's length
            raise MemoryError("as if")
        return original(self, asked, *rest)

    monkeypatch.setattr(Constraints, "matcher", failing)
    chosen = [parameters(constraint={"regex": "fail[0-9]"}), parameters(constraint={"regex": "fine[0-9]"})]
    failed, fine = llm.generate(["X", "X"], chosen, use_tqdm=False)
    assert failed.outputs[0].finish_reason == "error"
    assert re.fullmatch("fine[0-9]", fine.outputs[0].text)
