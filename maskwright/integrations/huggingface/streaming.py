"""A text as typed events while it is generated: pieces of text, values of a JSON document, its end.

    streamer = EventStreamer(grammar.vocabulary, JSONReader())
    for event in stream_events(model, inputs, streamer, logits_processor=[...], max_new_tokens=200):
        match event:
            case TextPiece(text): ...                 # '{"na', 'me": "Ann', ...
            case ValueCompleted(("name",), value): ...  # 'Ann', as soon as its last quote is there
            case TextEnded(is_complete): ...          # False if the limit has cut it

`EventStreamer` is a streamer as `generate(streamer=...)` takes it; whoever runs `generate` in a thread of his own, or
asks for the events when it is done, iterates over the streamer itself. `stream_events` does it in one call: errors of
the thread are raised where the events are read, and generation stops when nobody reads on.

The text is the exact bytes of the tokens, in whole characters; no token is decoded alone, so nothing flickers and no
blank is lost. What JSON events are is in matching/json_events.py; without a reader there are none, and a text that is
no JSON document may be anything. A document that is cut has no event for what was not complete, a last number included.

Cost: the bytes of each token once, some microseconds, in the thread that generates.

Rejected: decoding all tokens so far at every step, as `TextIteratorStreamer` does: quadratic, and it has to guess
which characters may still change.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, final

from transformers.generation.streamers import BaseStreamer

from maskwright import Vocabulary
from maskwright.errors import MatcherError
from maskwright.matching.json_events import JSONEvent, JSONReader
from maskwright.matching.text_pieces import whole_characters


@final
@dataclass(frozen=True, slots=True)
class TextPiece:
    """More of the text; all pieces together are the text."""

    text: str


@final
@dataclass(frozen=True, slots=True)
class TextEnded:
    """Nothing more comes. is_complete: the text was ended by an end token, not cut by a limit."""

    is_complete: bool


Event = TextPiece | JSONEvent | TextEnded


class _Cancelled(Exception):
    """Nobody reads the events any more."""


@final
class EventStreamer(BaseStreamer):  # type: ignore[misc,unused-ignore]
    """Takes the tokens of one row and gives events; iterate over it, in any thread, until `TextEnded`.

    reader: `JSONReader()` to read the text as a JSON document, None for any text.
    timeout: seconds that a reader of events waits for the next one, None for ever.
    One streamer serves one `generate` call. Its first tokens are the prompt, which is no part of the text.
    """

    def __init__(
        self, vocabulary: Vocabulary, reader: JSONReader | None = None, *, timeout: float | None = None
    ) -> None:
        self._vocabulary: Final = vocabulary
        self._reader = reader
        self._timeout = timeout
        self._events: queue.SimpleQueue[Event | BaseException] = queue.SimpleQueue()
        self._is_after_prompt = False
        self._is_complete = False
        self._is_cancelled = False
        self._has_ended = False
        self._rest = b""  # the beginning of a character

    def put(self, value: Any) -> None:
        """Called by `generate`; value: int64[n] or int64[1, n]. Raises `MatcherError` for several rows."""
        if self._is_cancelled:
            raise _Cancelled
        if value.ndim > 1 and len(value) > 1:
            raise MatcherError(f"A streamer takes one row, not {len(value)}")
        if not self._is_after_prompt:
            self._is_after_prompt = True
            return
        tokens = value.flatten().tolist()
        self._take(self._vocabulary.decode(tokens))
        if any(token in self._vocabulary.eos_token_ids for token in tokens):
            self._is_complete = True

    def end(self) -> None:
        """Called by `generate` when it is done; a second call changes nothing."""
        if self._has_ended:
            return
        if self._reader is not None and self._is_complete:
            self._reader, events = self._reader.end()
            self._give(events)
        self._has_ended = True
        self._events.put(TextEnded(self._is_complete))

    def fail(self, error: BaseException) -> None:
        """Raise this where the events are read, in place of the next one."""
        self._events.put(error)

    def cancel(self) -> None:
        """Make `generate` stop at its next token."""
        self._is_cancelled = True

    def _take(self, new: bytes) -> None:
        text = self._rest + new
        whole = whole_characters(text)
        self._rest = text[len(whole) :]
        if whole:
            try:
                self._events.put(TextPiece(whole.decode()))
            except UnicodeDecodeError as error:
                raise MatcherError(f"A text that is streamed must be UTF-8, and {whole!r} is not") from error
        if self._reader is not None:
            self._reader, events = self._reader.read(new)
            self._give(events)

    def _give(self, events: list[JSONEvent]) -> None:
        for event in events:
            self._events.put(event)

    def __iter__(self) -> Iterator[Event]:
        """Events as they come, `TextEnded` last; raises `queue.Empty` after the timeout."""
        while True:
            event = self._events.get(timeout=self._timeout)
            if isinstance(event, BaseException):
                raise event
            yield event
            if isinstance(event, TextEnded):
                return


def stream_events(model: Any, inputs: Mapping[str, Any], streamer: EventStreamer, **options: Any) -> Iterator[Event]:
    """The events of `model.generate(**inputs, **options)`, which runs in a thread while they are read.

    What it raises is raised here. If the iterator is closed before its end, generation stops at the next token.
    """

    def generate() -> None:
        try:
            model.generate(**inputs, streamer=streamer, **options)
            streamer.end()  # a loop of the caller's own may have left it out, and the reader would wait for ever
        except _Cancelled:
            pass
        except BaseException as error:  # noqa: BLE001  # it belongs to whoever reads the events
            streamer.fail(error)

    thread = threading.Thread(target=generate, name="maskwright-stream", daemon=True)
    thread.start()
    try:
        yield from streamer
    finally:
        streamer.cancel()
        thread.join()
