"""Events of a text while it is generated."""

# ruff: noqa: E402  (what needs torch is imported after the check that it is there)

from __future__ import annotations

import json
import queue
import threading
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the extra `hf` is not installed")
transformers = pytest.importorskip("transformers", reason="the extra `hf` is not installed")

import maskwright as mw
from maskwright.errors import MatcherError, NotJSON
from maskwright.grammar.json_schema.options import JSONSchemaOptions
from maskwright.integrations.generation import LoadedModel
from maskwright.integrations.huggingface import (
    EventStreamer,
    GrammarLogitsProcessor,
    JumpForward,
    Retokenize,
    TextEnded,
    TextPiece,
    stream_events,
)
from maskwright.matching.json_events import JSONReader, ValueCompleted

PROMPT = "An example as JSON:"


def inputs_of(loaded: LoadedModel) -> Any:
    return loaded.tokenizer([PROMPT], return_tensors="pt", return_token_type_ids=False)


def constrained(grammar: mw.CompiledGrammar) -> dict[str, Any]:
    return {"logits_processor": transformers.LogitsProcessorList([GrammarLogitsProcessor(grammar)])}


def text_of(events: list[Any]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextPiece))


@pytest.mark.parametrize("name", ["union", "unicode_enum", "escapes", "number", "matrix", "tree", "numbers"])
@pytest.mark.parametrize("mode", ["plain", "jump-forward", "prompt lookup"])
def test_events_are_those_of_the_whole_text(
    loaded: LoadedModel, compiler: mw.Compiler, schemas: dict[str, Any], name: str, mode: str
) -> None:
    grammar = compiler.compile_json_schema(schemas[name], options=JSONSchemaOptions(max_whitespace=1))
    options: dict[str, Any] = {
        "plain": constrained(grammar),
        "jump-forward": {"custom_generate": JumpForward(loaded.tokenizer, Retokenize.SEAM), "grammar": grammar},
        "prompt lookup": {**constrained(grammar), "prompt_lookup_num_tokens": 2},
    }[mode]
    streamer = EventStreamer(loaded.vocabulary, JSONReader(), timeout=30)
    events = list(stream_events(loaded.model, inputs_of(loaded), streamer, max_new_tokens=120, **options))
    output = loaded.model.generate(**inputs_of(loaded), max_new_tokens=120, **options)
    tokens = output[0, inputs_of(loaded)["input_ids"].shape[1] :].tolist()
    assert text_of(events).encode() == loaded.vocabulary.decode(tokens)
    reader, expected = JSONReader().read(text_of(events).encode())
    is_complete = tokens[-1] == 2
    if is_complete:
        expected += reader.end()[1]
    assert [event for event in events if not isinstance(event, TextPiece | TextEnded)] == expected
    assert events[-1] == TextEnded(is_complete)
    assert events.count(events[-1]) == 1


def test_a_value_comes_before_what_follows_it(
    loaded: LoadedModel, compiler: mw.Compiler, schemas: dict[str, Any]
) -> None:
    grammar = compiler.compile_json_schema(schemas["union"])
    streamer = EventStreamer(loaded.vocabulary, JSONReader(), timeout=30)
    events = list(stream_events(loaded.model, inputs_of(loaded), streamer, max_new_tokens=60, **constrained(grammar)))
    place = next(place for place, event in enumerate(events) if isinstance(event, ValueCompleted))
    event = events[place]
    assert isinstance(event, ValueCompleted)
    assert event.pointer == "/name"
    assert event.value == json.loads(text_of(events))["name"]
    assert "arguments" not in text_of(events[:place])


def test_characters_arrive_whole(loaded: LoadedModel, compiler: mw.Compiler) -> None:
    grammar = compiler.compile_regex("(é|🙂|日){12}")
    streamer = EventStreamer(loaded.vocabulary, timeout=30)
    torch.manual_seed(0)
    events = list(
        stream_events(
            loaded.model, inputs_of(loaded), streamer, max_new_tokens=60, do_sample=True, **constrained(grammar)
        )
    )
    assert set(text_of(events)) <= set("é🙂日")
    assert len(text_of(events)) == 12
    assert len(events) > 5


def test_a_streamer_may_be_read_afterwards(loaded: LoadedModel, compiler: mw.Compiler) -> None:
    streamer = EventStreamer(loaded.vocabulary, timeout=30)
    options = constrained(compiler.compile_regex("[0-9]{9}"))
    loaded.model.generate(**inputs_of(loaded), streamer=streamer, max_new_tokens=2, **options)
    *pieces, end = streamer
    assert end == TextEnded(is_complete=False)
    assert text_of(pieces).isdigit()


def test_errors_of_generation_are_raised_where_events_are_read(
    loaded: LoadedModel, compiler: mw.Compiler, date_of_two: mw.CompiledGrammar
) -> None:
    streamer = EventStreamer(loaded.vocabulary, timeout=30)
    processors = transformers.LogitsProcessorList([GrammarLogitsProcessor([date_of_two, date_of_two])])
    with pytest.raises(MatcherError, match="1 rows cannot be shared out evenly to 2 grammars"):
        list(stream_events(loaded.model, inputs_of(loaded), streamer, logits_processor=processors, max_new_tokens=5))
    streamer = EventStreamer(loaded.vocabulary, JSONReader(), timeout=30)
    with pytest.raises(NotJSON):
        list(
            stream_events(
                loaded.model, inputs_of(loaded), streamer, max_new_tokens=9, **constrained(compiler.compile_regex("a+"))
            )
        )


@pytest.fixture
def date_of_two(compiler: mw.Compiler) -> mw.CompiledGrammar:
    return compiler.compile_regex("2")


def test_generation_stops_when_nobody_reads_on(loaded: LoadedModel, compiler: mw.Compiler) -> None:
    streamer = EventStreamer(loaded.vocabulary, timeout=30)
    events = stream_events(
        loaded.model,
        inputs_of(loaded),
        streamer,
        max_new_tokens=900,
        **constrained(compiler.compile_regex("[a-z]{5000}")),
    )
    next(events)
    assert any(thread.name == "maskwright-stream" for thread in threading.enumerate())
    events.close()  # type: ignore[attr-defined]
    assert not any(thread.name == "maskwright-stream" for thread in threading.enumerate())


class _Loops:
    """A model whose loop does with the streamer what it is told to."""

    def __init__(self, *tokens: list[int], ends: bool = False, fails: bool = False) -> None:
        self._tokens, self._ends, self._fails = tokens, ends, fails

    def generate(self, streamer: Any) -> None:
        for tokens in self._tokens:
            streamer.put(torch.tensor(tokens))
        if self._ends:
            streamer.end()
        if self._fails:
            raise SystemExit("the loop gave up")


SMALL = mw.Vocabulary([b"1", b"a", b""], eos_token_ids=[2])


@pytest.mark.parametrize("ends", [False, True])
def test_a_loop_that_does_not_say_that_it_is_done_has_an_end_too(ends: bool) -> None:
    """Without a timeout the reader would wait for ever."""
    streamer = EventStreamer(SMALL, JSONReader(), timeout=20)
    events = list(stream_events(_Loops([1], [0], [0, 2], ends=ends), {}, streamer))
    assert events == [TextPiece("1"), TextPiece("1"), ValueCompleted((), 11), TextEnded(True)]
    streamer = EventStreamer(SMALL, JSONReader(), timeout=20)
    assert list(stream_events(_Loops([1], [0], ends=ends), {}, streamer)) == [TextPiece("1"), TextEnded(False)]
    with pytest.raises(queue.Empty):
        streamer._events.get_nowait()  # nothing was left over


def test_what_a_thread_that_is_ended_raises_is_raised_too() -> None:
    streamer = EventStreamer(SMALL, timeout=20)
    with pytest.raises(SystemExit, match="gave up"):
        list(stream_events(_Loops([1], [0], fails=True), {}, streamer))


def test_an_end_that_cannot_be_is_raised_where_events_are_read() -> None:
    with pytest.raises(NotJSON):
        list(stream_events(_Loops([1], [2]), {}, EventStreamer(SMALL, JSONReader(), timeout=20)))


def test_a_streamer_takes_one_row_and_waits_no_longer_than_told(loaded: LoadedModel) -> None:
    streamer = EventStreamer(loaded.vocabulary, timeout=0.01)
    with pytest.raises(MatcherError, match="A streamer takes one row, not 2"):
        streamer.put(torch.zeros(2, 3, dtype=torch.int64))
    with pytest.raises(queue.Empty):
        next(iter(streamer))


def test_bytes_that_are_no_text_are_an_error() -> None:
    streamer = EventStreamer(mw.Vocabulary([b"\xff", b"a", b""], eos_token_ids=[2]))
    streamer.put(torch.tensor([[1]]))
    with pytest.raises(MatcherError, match="must be UTF-8"):
        streamer.put(torch.tensor([0]))
