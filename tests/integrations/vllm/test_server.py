"""The OpenAI-compatible server with the plug-in, over HTTP on loopback with the official client."""

# ruff: noqa: E402  (what needs vLLM is imported after the check that it is there)

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jsonschema
import pytest

pytest.importorskip("vllm", reason="vLLM is not installed; `make test-vllm` runs these tests")
openai = pytest.importorskip("openai", reason="the client `openai` is not installed")

from tests.integrations.vllm.engine import ENVIRONMENT, schema_of, wider_model

MODEL = "tiny"
START_SECONDS = 240
WEATHER = {
    "type": "object",
    "properties": {"city": {"enum": ["Oslo", "Rome"]}, "days": {"type": "integer", "minimum": 1, "maximum": 9}},
    "required": ["city"],
    "additionalProperties": False,
}
CLOCK = {"type": "object", "properties": {"zone": {"enum": ["CET", "UTC"]}}, "additionalProperties": False}
TOOLS = [
    {"type": "function", "function": {"name": "get_weather", "parameters": WEATHER, "strict": True}},
    {"type": "function", "function": {"name": "get_time", "parameters": CLOCK, "strict": True}},
]
MESSAGES = [{"role": "user", "content": "A person as JSON:"}]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("server")
    model, port = wider_model(folder / "model"), free_port()
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model), "--port", str(port)]
    command += ["--served-model-name", MODEL, "--host", "127.0.0.1", "--enforce-eager", "--dtype", "float32"]
    command += ["--max-model-len", "640", "--max-num-seqs", "16", "--enable-auto-tool-choice"]
    command += ["--tool-call-parser", "hermes"]
    environment = {**os.environ, **ENVIRONMENT, "MASKWRIGHT_VLLM": "default"}
    log = folder / "log"
    with log.open("w") as output:
        server = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        one = openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", timeout=120, max_retries=0)
        wait_for(one, server, log)
        yield one
    finally:
        server.terminate()
        server.wait(60)


def wait_for(client: Any, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            client.models.list()
        except openai.APIError:
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the server did not start: {log.read_text()[-4000:]}")
            time.sleep(1)
        else:
            return


def chat(client: Any, **options: Any) -> Any:
    settings = {"model": MODEL, "messages": MESSAGES, "max_tokens": 500, "temperature": 0.7}
    return client.chat.completions.create(**{**settings, **options})


def response_format(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "document", "schema": schema, "strict": True}}


def test_a_response_format_holds(client: Any) -> None:
    for number in range(4):
        answer = chat(client, response_format=response_format(schema_of(number)), seed=number).choices[0]
        assert answer.finish_reason == "stop"
        jsonschema.validate(json.loads(answer.message.content), schema_of(number))


def test_sixty_four_requests_at_once_each_with_its_own_schema(client: Any) -> None:
    def one(number: int) -> str:
        return chat(client, response_format=response_format(schema_of(number)), seed=number).choices[0].message.content

    with ThreadPoolExecutor(64) as pool:
        for number, text in enumerate(pool.map(one, range(64))):
            jsonschema.validate(json.loads(text), schema_of(number))


@pytest.mark.parametrize(
    ("fields", "pattern"),
    [
        ({"structured_outputs": {"regex": "[0-9]{3}"}}, "[0-9]{3}"),
        ({"structured_outputs": {"choice": ["yes", "no"]}}, "yes|no"),
        ({"structured_outputs": {"grammar": 'start: "a" start | "b"'}}, "a*b"),
        ({"structured_outputs": {"grammar": 'root ::= "a" root | "b"'}}, "a*b"),
        ({"structured_outputs": {"json": {"const": 7}}}, "7"),
        ({"vllm_xargs": {"maskwright": '{"regex": "[xy]{4}"}'}}, "[xy]{4}"),
        ({"structured_outputs": {"regex": "[0-9]{3}"}, "vllm_xargs": {"maskwright": "xgrammar"}}, "[0-9]{3}"),
        (
            {"structured_outputs": {"grammar": 'go ::= "u"'}, "vllm_xargs": {"maskwright": '{"start": "go"}'}},
            "u",
        ),
    ],
)
def test_the_servers_own_fields_hold(client: Any, fields: dict[str, Any], pattern: str) -> None:
    assert re.fullmatch(pattern, chat(client, extra_body=fields).choices[0].message.content)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"structured_outputs": {"regex": "a("}}, "this '(' is never closed"),
        ({"structured_outputs": {"json": {"type": "nope"}}}, "is not a JSON type"),
        ({"structured_outputs": {"grammar": "start: ("}}, "Lark grammar, line 1"),
        ({"vllm_xargs": {"maskwright": '{"regexp": "a"}'}}, "there is no such option"),
        ({"vllm_xargs": {"maskwright": "{"}}, "must be JSON"),
    ],
)
def test_what_cannot_be_kept_is_a_bad_request_with_its_reason(
    client: Any, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        chat(client, extra_body=fields)
    assert caught.value.status_code == 400
    assert message in str(caught.value)


def calls_of(answer: Any) -> list[tuple[str, dict[str, Any]]]:
    calls = answer.choices[0].message.tool_calls or []
    return [(call.function.name, json.loads(call.function.arguments)) for call in calls]


def check_calls(calls: list[tuple[str, dict[str, Any]]]) -> None:
    for name, arguments in calls:
        jsonschema.validate(arguments, {"get_weather": WEATHER, "get_time": CLOCK}[name])


def test_a_required_tool_is_called(client: Any) -> None:
    for seed in range(6):
        calls = calls_of(chat(client, tools=TOOLS, tool_choice="required", seed=seed))
        assert calls
        check_calls(calls)


def test_a_named_tool_is_called(client: Any) -> None:
    choice = {"type": "function", "function": {"name": "get_time"}}
    for seed in range(6):
        calls = calls_of(chat(client, tools=TOOLS, tool_choice=choice, seed=seed))
        assert [name for name, _ in calls] == ["get_time"]
        check_calls(calls)


def test_a_tool_that_is_called_by_choice_is_called_right(client: Any) -> None:
    for seed in range(6):
        check_calls(calls_of(chat(client, tools=TOOLS, tool_choice="auto", seed=seed, max_tokens=60)))


def test_calls_are_streamed_whole(client: Any) -> None:
    stream = chat(client, tools=TOOLS, tool_choice="required", stream=True, seed=3)
    arguments: dict[int, str] = {}
    names: dict[int, str] = {}
    for chunk in stream:
        for delta in (chunk.choices[0].delta.tool_calls or []) if chunk.choices else []:
            names[delta.index] = names.get(delta.index, "") + (delta.function.name or "")
            arguments[delta.index] = arguments.get(delta.index, "") + (delta.function.arguments or "")
    assert names
    check_calls([(names[index], json.loads(text)) for index, text in arguments.items()])


def test_streams_that_are_cut_off_leave_the_server_well(client: Any) -> None:
    def cut(number: int) -> None:
        stream = chat(client, response_format=response_format(schema_of(number)), stream=True, seed=number)
        for count, _ in enumerate(stream):
            if count == number % 5:
                stream.close()
                return

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(cut, range(32)))
    test_a_response_format_holds(client)
    assert client.models.list().data[0].id == MODEL
