"""llama-cpp-python: against a stand-in everywhere, and against llama.cpp with the bundled model where it is installed.

pip install llama-cpp-python==0.3.36 gguf transformers torch==2.13.0      # builds for some minutes
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import jsonschema
import numpy as np
import pytest

import maskwright
from maskwright import Compiler, MatcherError, TokenRejected, Vocabulary, allowed_tokens
from maskwright.errors import UnsupportedModel
from maskwright.matching.bitmask import n_mask_words

OURS = "maskwright.integrations.llama_cpp"
ROOT = Path(__file__).resolve().parent.parent.parent
HAS_LLAMA = importlib.util.find_spec("llama_cpp") is not None and importlib.util.find_spec("gguf") is not None
needs_llama = pytest.mark.skipif(not HAS_LLAMA, reason="llama-cpp-python and gguf are not installed")

NORMAL, CONTROL, USER_DEFINED, UNUSED, UNKNOWN = 4, 8, 16, 2, 1
PIECES = [
    ("<unk>", UNKNOWN),
    ("<s>", CONTROL),
    ("</s>", CONTROL),
    ("a", NORMAL),
    ("b" * 100, NORMAL),
    ("<call>", USER_DEFINED),
    ("[PAD6]", UNUSED),
    ("<|eot|>", CONTROL),
    ("", NORMAL),
]


def stand_in() -> ModuleType:
    """As much of `llama_cpp` as the module asks for, over PIECES; 2 and 7 end a text."""
    module = ModuleType("llama_cpp")

    def to_piece(vocab: object, token: int, buffer: Any, room: int, lstrip: int, special: bool) -> int:
        assert (lstrip, special) == (0, True)
        piece = PIECES[token][0].encode()
        if len(piece) > room:
            return -len(piece)
        buffer[: len(piece)] = piece
        return len(piece)

    vars(module).update(
        LLAMA_TOKEN_ATTR_CONTROL=CONTROL,
        LLAMA_TOKEN_ATTR_UNKNOWN=UNKNOWN,
        LLAMA_TOKEN_ATTR_USER_DEFINED=USER_DEFINED,
        LLAMA_TOKEN_ATTR_UNUSED=UNUSED,
        LogitsProcessorList=type("LogitsProcessorList", (list,), {}),
        llama_model_get_vocab=lambda model: model,
        llama_vocab_get_attr=lambda vocab, token: PIECES[token][1],
        llama_vocab_is_eog=lambda vocab, token: token in {2, 7},
        llama_token_to_piece=to_piece,
    )
    return module


@pytest.fixture(scope="module")
def ours() -> Iterator[Any]:
    """Our module, on the real llama_cpp where there is one."""
    with pytest.MonkeyPatch.context() as patch:
        if not HAS_LLAMA:
            patch.setitem(sys.modules, "llama_cpp", stand_in())
        yield importlib.import_module(OURS)
        if not HAS_LLAMA:
            del sys.modules[OURS]


VOCABULARY = Vocabulary([b"a", b"b", b"</s>"], eos_token_ids=[2], size=5)


@pytest.mark.skipif(HAS_LLAMA, reason="the real library is used")
def test_the_kinds_of_tokens_are_told_apart(ours: Any) -> None:
    model = SimpleNamespace(model=object(), n_vocab=lambda: len(PIECES))
    vocabulary = ours.vocabulary_of(model)
    assert [vocabulary.text_of(token) for token in range(9)] == [
        b"",
        b"",
        b"",
        b"a",
        b"b" * 100,
        b"<call>",
        b"",
        b"",
        b"",
    ]
    assert vocabulary.eos_token_ids == (2, 7)
    assert vocabulary.special_token_ids == {0, 1, 2, 7}
    assert vocabulary.special_token_names == {"<unk>": 0, "<s>": 1, "</s>": 2, "<call>": 5, "<|eot|>": 7}


def test_scores_of_a_strided_view_are_masked_and_left_alone(ours: Any) -> None:
    processor = ours.GrammarLogitsProcessor(Compiler(VOCABULARY).compile_regex("ab"))
    records = np.ones(5, dtype=np.dtype([("id", np.intc), ("logit", np.float32), ("p", np.float32)], align=True))
    assert records["logit"].strides == (12,)
    prompt = np.array([1, 1, 0], np.intc)
    for more, expected in (([], [0]), ([0], [1]), ([0, 1], [2]), ([0], [1]), ([], [0])):
        scores = processor(np.append(prompt, np.array(more, np.intc)), records["logit"])
        assert np.flatnonzero(np.isfinite(scores)).tolist() == expected
        assert scores.dtype == np.float32
        assert (records["logit"] == 1).all()


class Host:
    """As much of `Llama` as `constrained_by` asks for."""

    draft_model = None

    def generate(self, tokens: list[int], logits_processor: Any, choose: list[int]) -> Iterator[list[int]]:
        """The masks before each of the tokens that are to be chosen, and behind them."""
        for n_chosen in range(len(choose) + 1):
            ids = np.array([*tokens, *choose[:n_chosen]], np.intc)
            [processor] = logits_processor
            yield np.flatnonzero(np.isfinite(processor(ids, np.ones(5, np.float32)))).tolist()


def host() -> Any:
    return Host()


def test_each_call_begins_a_new_text_whatever_its_prompt_is(ours: Any) -> None:
    """By their tokens alone these prompts are earlier texts, cut short or with one token more."""
    grammar, llama = Compiler(VOCABULARY).compile_regex("[ab]{3}"), host()
    masks = [[0, 1], [0, 1], [0, 1], [2]]
    with ours.constrained_by(grammar, llama) as processors:
        for prompt in ([0], [0, 1], [0, 1, 0, 1], [0, 0], [0]):
            assert list(llama.generate(prompt, processors, choose=[1, 0, 1])) == masks
        with ours.constrained_by(grammar, llama) as others:
            assert list(llama.generate([0, 1], others, choose=[1, 0, 1])) == masks
        assert list(llama.generate([0, 1], processors, choose=[1, 0, 1])) == masks
    assert "generate" not in vars(llama)


def test_a_failure_lets_the_text_end_and_comes_out_of_the_context(ours: Any) -> None:
    grammar, llama = Compiler(VOCABULARY).compile_regex("a+"), host()

    def run() -> None:
        with ours.constrained_by(grammar, llama) as (processor,):
            processor(np.array([1], np.intc), np.ones(5, np.float32))
            for row in ([1, 1], [1]):  # the first is not allowed; then nothing is, but the end
                scores = processor(np.array(row, np.intc), np.ones(5, np.float32))
                assert np.flatnonzero(np.isfinite(scores)).tolist() == [2]

    with pytest.raises(TokenRejected, match="its text b'b' does not fit"):
        run()


def test_a_logit_bias_does_not_lose_the_grammar(ours: Any) -> None:
    with ours.constrained_by(Compiler(VOCABULARY).compile_regex("a"), host()) as processors:
        assert processors.extend([len]) is processors
        assert len(processors) == 2


def test_a_model_with_drafts_is_refused(ours: Any) -> None:
    grammar, llama = Compiler(VOCABULARY).compile_regex("a"), SimpleNamespace(draft_model=object())
    with pytest.raises(UnsupportedModel, match="load it without"), ours.constrained_by(grammar, llama):
        pass


# llama.cpp itself.

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 20},
        "born": {"type": "integer", "minimum": 1000, "maximum": 2030},
    },
    "required": ["name", "born"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The bundled model as a GGUF file."""
    file = tmp_path_factory.mktemp("gguf") / "tiny-lm.gguf"
    subprocess.run([sys.executable, ROOT / "scripts" / "bundled_model_as_gguf.py", file], check=True, timeout=300)
    return str(file)


@pytest.fixture(scope="module")
def llama(path: str) -> Any:
    from llama_cpp import Llama

    exact = 0  # GGML_TYPE_F32
    return Llama(path, n_ctx=512, logits_all=True, type_k=exact, type_v=exact, verbose=False, seed=1, n_threads=1)


@pytest.fixture(scope="module")
def grammar(ours: Any, llama: Any) -> Any:
    return Compiler(ours.vocabulary_of(llama)).compile_json_schema(SCHEMA)


@needs_llama
def test_the_vocabulary_is_that_of_the_tokenizer(ours: Any, llama: Any, path: str) -> None:
    transformers = pytest.importorskip("transformers")
    from llama_cpp import Llama

    folder = f"{maskwright.__path__[0]}/assets/tiny-lm"
    expected = Vocabulary.from_huggingface(transformers.AutoTokenizer.from_pretrained(folder), size=4096)
    for model in (llama, Llama(path, vocab_only=True, verbose=False)):
        assert ours.vocabulary_of(model).key == expected.key


@needs_llama
def test_the_logits_are_those_of_transformers(llama: Any) -> None:
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    folder = f"{maskwright.__path__[0]}/assets/tiny-lm"
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    ids = llama.tokenize(b'Ada Lovelace as JSON: {"name": "Ada", "born": 1815}')
    assert ids == transformers.AutoTokenizer.from_pretrained(folder).encode(
        'Ada Lovelace as JSON: {"name": "Ada", "born": 1815}'
    )
    llama.reset()
    llama.eval(ids)
    with torch.no_grad():
        expected = model(torch.tensor([ids])).logits[0].numpy()
    assert np.abs(llama.scores[: len(ids)] - expected).max() < 1e-4


@needs_llama
@pytest.mark.parametrize("temperature", [0.0, 1.0, 3.0])
def test_completions_are_instances(ours: Any, llama: Any, grammar: Any, temperature: float) -> None:
    with ours.constrained_by(grammar, llama) as processors:
        for prompt in ("A person as JSON:", "A person as JSON:", "Another one:"):
            answer = llama.create_completion(
                prompt, max_tokens=200, temperature=temperature, logits_processor=processors, repeat_penalty=1.1
            )
            assert answer["choices"][0]["finish_reason"] == "stop"
            jsonschema.validate(json.loads(answer["choices"][0]["text"]), SCHEMA)


@needs_llama
def test_a_prompt_that_quotes_an_earlier_answer_begins_a_new_text(ours: Any, llama: Any, grammar: Any) -> None:
    prompt = "A person as JSON:"
    with ours.constrained_by(grammar, llama) as processors:
        for _ in range(3):
            answer = llama.create_completion(prompt, max_tokens=200, temperature=0.0, logits_processor=processors)
            jsonschema.validate(json.loads(answer["choices"][0]["text"]), SCHEMA)
            prompt = "A person as JSON:" + answer["choices"][0]["text"][:9]


@needs_llama
def test_a_chat_and_a_logit_bias_are_constrained_too(ours: Any, llama: Any, grammar: Any) -> None:
    with ours.constrained_by(grammar, llama) as processors:
        answer = llama.create_chat_completion(
            [{"role": "user", "content": "A person"}],
            max_tokens=200,
            logits_processor=processors,
            logit_bias={llama.tokenize(b"x", add_bos=False)[0]: 5.0},
        )
    jsonschema.validate(json.loads(answer["choices"][0]["message"]["content"]), SCHEMA)


@needs_llama
def test_every_step_has_the_mask_of_the_tokens_behind_the_prompt(ours: Any, llama: Any, grammar: Any) -> None:
    prompt = llama.tokenize(b"A person as JSON:")
    seen: list[list[int]] = []
    with ours.constrained_by(grammar, llama) as processors:

        def traced(ids: Any, scores: Any) -> Any:
            masked = processors[0](ids, scores)
            seen.append(np.flatnonzero(np.isfinite(masked)).tolist())
            return masked

        tokens = []
        for token in llama.generate(prompt, temp=1.0, logits_processor=[traced]):
            tokens.append(token)
            if token == llama.token_eos():
                break
    matcher = grammar.matcher()
    row = np.empty(n_mask_words(grammar.vocabulary.size), np.int32)
    for token, allowed in zip(tokens, seen, strict=True):
        matcher.fill_bitmask(row)
        assert allowed_tokens(row, grammar.vocabulary.size).tolist() == allowed
        matcher.accept_token(token)
    assert matcher.is_finished()


@needs_llama
def test_an_error_inside_llama_cpp_reaches_the_caller(
    ours: Any, llama: Any, grammar: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> Callable[[], None]:
        raise MatcherError("No mask today")

    def run() -> None:
        with ours.constrained_by(grammar, llama) as processors:
            monkeypatch.setattr(type(processors[0]._states), "matcher_of", lambda states, ids: broken(ids))
            answer = llama.create_completion("A person:", max_tokens=20, logits_processor=processors)
            assert answer["choices"][0]["text"] == ""

    with pytest.raises(MatcherError, match="No mask today"):
        run()


@needs_llama
def test_what_the_guards_are_for_is_still_so(llama: Any) -> None:
    """Should one of these fail, llama-cpp-python has changed, and a guard of `constrained_by` may go."""
    from llama_cpp import LogitsProcessorList

    assert LogitsProcessorList([]).extend([]) is None

    def fails(ids: Any, scores: Any) -> Any:
        raise MatcherError("dropped")

    with pytest.MonkeyPatch.context() as patch:
        dropped: list[object] = []
        patch.setattr(sys, "unraisablehook", dropped.append)
        llama.create_completion("A", max_tokens=1, logits_processor=LogitsProcessorList([fails]))
    assert dropped
