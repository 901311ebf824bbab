"""Batches on transformers with the bundled model: what is drawn, and that it does not depend on the rows beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="generating needs torch and transformers")

from maskwright import Compiler  # noqa: E402  (what needs torch comes after the check that it is there)
from maskwright.integrations.batch import Constraint, Kind, RowError, Sampling, Written  # noqa: E402
from maskwright.integrations.batch.local import CompiledHere  # noqa: E402
from maskwright.integrations.batch.transformers_engine import RowDraws, TransformersEngine, vocabulary  # noqa: E402
from maskwright.integrations.batch.work import Request, seed_of  # noqa: E402
from maskwright.integrations.generation import GenerationOptions, LoadedModel, generate_text, load_model  # noqa: E402

DATE = Constraint(Kind.REGEX, r"20\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])")
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 12}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name", "age"],
    "additionalProperties": False,
    "x-maskwright": {"whitespace": "compact"},
}
PERSON = Constraint(Kind.JSON, json.dumps(SCHEMA))
PROMPTS = ["A date:", "The day on which it was finished, in the ISO notation:", "A person as JSON:", "x"]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Two threads that wait for each other on a busy machine take six times as long."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="module")
def loaded() -> LoadedModel:
    return load_model()


@pytest.fixture(scope="module")
def grammars() -> CompiledHere:
    return CompiledHere(Compiler(vocabulary(None)))


def requests(n: int) -> list[Request]:
    return [
        Request(PROMPTS[number % len(PROMPTS)], PERSON if number % 3 else DATE, seed_of(0, number))
        for number in range(n)
    ]


def test_a_vocabulary_is_found_without_the_weights(loaded: LoadedModel) -> None:
    assert vocabulary(None).key == loaded.vocabulary.key


def test_each_row_has_its_own_grammar_and_its_own_text(loaded: LoadedModel, grammars: CompiledHere) -> None:
    answers = TransformersEngine(loaded, Sampling(60), grammars)(requests(12))
    for request, answer in zip(requests(12), answers, strict=True):
        assert isinstance(answer, Written)
        assert answer.is_json == (request.constraint is PERSON)
        assert answer.n_prompt_tokens == len(loaded.tokenizer(request.prompt)["input_ids"])
        assert 0 < answer.n_tokens <= 60
        if answer.is_complete and answer.is_json:
            jsonschema.validate(json.loads(answer.text), SCHEMA)
        elif answer.is_complete:
            np.datetime64(answer.text)
    assert len({answer.text for answer in answers if isinstance(answer, Written)}) == 12


def test_a_text_does_not_depend_on_the_rows_beside_it(loaded: LoadedModel, grammars: CompiledHere) -> None:
    engine = TransformersEngine(loaded, Sampling(40, 0.8), grammars)
    together = engine(requests(8))
    alone = [engine([request])[0] for request in requests(8)]
    in_pairs = [answer for i in range(6, -1, -2) for answer in engine(requests(8)[i : i + 2])[::-1]][::-1]
    assert together == alone == in_pairs


def test_without_temperature_it_is_the_most_probable_text(loaded: LoadedModel, grammars: CompiledHere) -> None:
    [answer, _] = TransformersEngine(loaded, Sampling(50, 0.0), grammars)([*requests(1), *requests(1)])
    greedy = generate_text(loaded, grammars(DATE), PROMPTS[0], GenerationOptions(50, 0.0))
    assert isinstance(answer, Written)
    assert (answer.text, answer.n_tokens) == (greedy.text, len(greedy.token_ids))


def test_tokens_are_drawn_by_their_probabilities() -> None:
    chance = np.random.default_rng(3)
    logits = torch.tensor(chance.normal(size=11), dtype=torch.float32)
    logits[[0, 4, 10]] = -torch.inf
    n, temperature = 20_000, 0.7
    draws = RowDraws([0] * n, Sampling(1, temperature), width=3)
    draws._numbers = [np.array([(i + 0.5) / n]) for i in range(n)]
    only = draws(torch.zeros((n, 3), dtype=torch.long), logits.expand(n, -1))
    assert ((only == 0).sum(dim=1) == 1).all()
    shares = (only == 0).double().mean(dim=0)
    assert torch.allclose(shares, torch.softmax(logits.double() / temperature, dim=0), atol=1 / n)


def test_prompts_that_cannot_be_asked_are_errors_of_their_rows(loaded: LoadedModel, grammars: CompiledHere) -> None:
    engine = TransformersEngine(loaded, Sampling(20), grammars)
    long = Request("x" + " x" * 1000, DATE, 1)
    chat = Request([{"role": "user", "content": "A date?"}], DATE, 1)
    refused, no_template, fine = engine([long, chat, *requests(1)])
    n_tokens = len(loaded.tokenizer(long.prompt)["input_ids"])
    assert refused == RowError(
        "PromptRefused",
        f"The prompt cannot be used: the model reads 1024 tokens, of which the prompt takes {n_tokens}, so "
        "nothing can be written.",
    )
    assert no_template == RowError(
        "PromptRefused",
        "The prompt cannot be used: it has messages, but the model's tokenizer has no chat template.",
    )
    assert isinstance(fine, Written)


def test_messages_go_through_the_chat_template(
    loaded: LoadedModel, grammars: CompiledHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = (
        "{% for message in messages %}{% if message.role == 'robot' %}{{ raise_exception('no robots') }}{% endif %}"
        "{{ message.content }}{% endfor %}{% if add_generation_prompt %} as JSON:{% endif %}"
    )
    monkeypatch.setattr(loaded.tokenizer, "chat_template", template)
    engine = TransformersEngine(loaded, Sampling(60), grammars)
    chat = [Request([{"role": role, "content": "A person"}], PERSON, 5) for role in ("user", "robot")]
    answer, refused = engine(chat)
    assert isinstance(answer, Written)
    assert answer.n_prompt_tokens == len(loaded.tokenizer("A person as JSON:", add_special_tokens=False)["input_ids"])
    assert refused == RowError(
        "PromptRefused", "The prompt cannot be used: the chat template refuses the messages (no robots)."
    )


def test_a_grammar_is_compiled_once_for_all_rows(grammars: CompiledHere, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(Constraint, "compiled", lambda constraint, _: asked.append(constraint))
    for _ in range(3):
        grammars(Constraint(Kind.REGEX, DATE.text))
    assert asked == []


def test_the_example_stops_and_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    from examples.batch_rows import main

    main()
    said = capsys.readouterr().out
    assert "stopped with 8 of 12 rows\nwent on behind row 8; now there are 12\n" in said
