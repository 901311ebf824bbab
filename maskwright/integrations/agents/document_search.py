"""A search over the documents of a folder, with the two actions of ReAct's agents: `search` and `lookup`.

    index = DocumentIndex.of_folder("notes")
    reader = index.reader()
    reader.search("boiling point of water")     # the passage that fits best, under the title of its page
    reader.lookup("pressure")                   # the next sentence of that page in which the word occurs

A document is a file of text: a page, whose title is its first heading or else its file's name, in passages (what blank
lines separate). Passages are ranked by BM25 in SQLite's FTS5, words of the title counting more. The index lies in
memory: made in seconds for thousands of pages, and there is no copy on disk to grow old. It is shared; a `reader` knows
its last page, so each run of an agent has its own.

A query is any text. Only its words reach FTS5, each in quotation marks, so that none of its operators (`AND`, `NEAR`,
`*`, `:`, `-`, quotes) can be meant or broken; first pages with all words are asked for, then with any.

Source: Yao et al., "ReAct", ICLR 2023, section 3.1 (search, and lookup as the browser's Ctrl+F; `finish` is the answer
segment of a specification). Their search gives the first sentences of an article of that name; here it is the passage
that fits, since local documents are not named after what is asked.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final, final

from maskwright.errors import InvalidOption

SUFFIXES: Final = (".txt", ".md", ".rst", ".markdown")
"""Of files that are documents."""

MAX_FILE_BYTES: Final = 4 << 20
"""Of one document; a longer file is read so far."""

MAX_WORDS: Final = 32
"""Of a query; more do not make it more precise, and FTS5's own limit is not far."""

MAX_ANSWER: Final = 600
"""Characters of an answer, which a model has to read."""

N_OTHER_PAGES: Final = 4
"""Titles that are named beside the page that fits best."""

_HEADING: Final = re.compile(r"^\s*#{1,6}\s+(.+?)\s*#*\s*$")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+")
_WORD: Final = re.compile(r"\w+")

_TABLE: Final = "CREATE VIRTUAL TABLE passages USING fts5(title, text, page UNINDEXED, tokenize='unicode61')"
_QUERY: Final = (
    "SELECT page, text FROM passages WHERE passages MATCH ? ORDER BY bm25(passages, 4.0, 1.0), rowid LIMIT 64"
)


@dataclass(frozen=True, slots=True)
class Page:
    """A document: its title and its passages, without line breaks."""

    title: str
    passages: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of its sentences, in order."""
        return tuple(sentence for passage in self.passages for sentence in _SENTENCE_END.split(passage) if sentence)


@final
class DocumentIndex:
    """Pages and an index of their passages; nothing changes it. Several threads may search, one at a time."""

    def __init__(self, pages: tuple[Page, ...]) -> None:
        self.pages: Final = pages
        self._lock: Final = Lock()
        self._database: Final = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.execute(_TABLE)
        rows = (
            (page.title, passage, number) for number, page in enumerate(pages) for passage in page.passages or ("",)
        )
        self._database.executemany("INSERT INTO passages VALUES (?, ?, ?)", rows)

    @staticmethod
    def of_folder(folder: str | Path) -> DocumentIndex:
        """The documents of a folder and of those within it; links to folders are not followed.

        Raises InvalidOption if it is no folder, or has no document.
        """
        if not Path(folder).is_dir():
            raise InvalidOption("The folder of documents", str(folder), "a folder that exists")
        pages = tuple(map(_page, _files(Path(folder))))
        if not pages:
            raise InvalidOption("The folder of documents", str(folder), f"one with files {', '.join(SUFFIXES)}")
        return DocumentIndex(pages)

    def reader(self) -> DocumentReader:
        """Somebody who has not opened a page yet."""
        return DocumentReader(self)

    def ranked(self, query: str) -> list[tuple[Page, str]]:
        """Pages, best first, each with the passage that fits best; empty if no word of the query occurs.

        What ranks equal keeps the order of the files.
        """
        words = list(dict.fromkeys(_WORD.findall(query.lower())))[:MAX_WORDS]
        best: dict[int, str] = {}
        for conjunction in (" AND ", " OR ") if words else ():
            for page, passage in self._rows(conjunction.join(f'"{word}"' for word in words)):
                best.setdefault(page, passage)
        return [(self.pages[page], passage) for page, passage in best.items()]

    def _rows(self, expression: str) -> list[tuple[int, str]]:
        with self._lock:
            return self._database.execute(_QUERY, (expression,)).fetchall()


@final
class DocumentReader:
    """What an agent does with documents: it searches, and looks words up on the page it found. Remembers that page."""

    def __init__(self, index: DocumentIndex) -> None:
        self._index: Final = index
        self._page: Page | None = None
        self._looked_up = ("", 0)

    def search(self, query: str) -> str:
        """The passage that fits best and the titles of other pages, or that there is none."""
        found = self._index.ranked(query)
        if not found:
            return f"No document speaks of {_shortened(query, 80)!r}."
        self._page, passage = found[0]
        self._looked_up = ("", 0)
        others = ", ".join(page.title for page, _ in found[1 : 1 + N_OTHER_PAGES])
        answer = _shortened(f"{self._page.title}: {passage}" if passage else self._page.title, MAX_ANSWER)
        return f"{answer} (See also: {_shortened(others, MAX_ANSWER)}.)" if others else answer

    def lookup(self, term: str) -> str:
        """The next sentence of the page in which the term occurs, upper and lower case alike; from the top at first."""
        if self._page is None:
            return "No page is open: search first."
        needle = term.strip().lower()
        sentences = [sentence for sentence in self._page.sentences if needle and needle in sentence.lower()]
        before, n_seen = self._looked_up
        n_seen = n_seen if before == needle else 0
        self._looked_up = (needle, n_seen + 1)
        if n_seen >= len(sentences):
            more = "more " if n_seen else ""
            return f"{self._page.title} has no {more}sentence with {_shortened(term.strip(), 80)!r}."
        return f"(Result {n_seen + 1} of {len(sentences)}) {_shortened(sentences[n_seen], MAX_ANSWER)}"


def _files(folder: Path) -> Iterator[Path]:
    """In an order that does not depend on the file system."""
    for where, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(where) / name for name in sorted(names) if name.lower().endswith(SUFFIXES))


def _page(path: Path) -> Page:
    with path.open("rb") as file:
        text = file.read(MAX_FILE_BYTES).decode("utf-8", "replace").replace("\0", " ").lstrip("\ufeff")
    lines = text.splitlines()
    heading = next((line for line in lines if line.strip()), "")
    title = _HEADING.match(heading)
    if title is not None:
        lines[lines.index(heading)] = ""
    passages = (" ".join(block.split()) for block in re.split(r"\n\s*\n", "\n".join(lines)))
    return Page(title[1] if title else path.stem, tuple(passage for passage in passages if passage))


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
