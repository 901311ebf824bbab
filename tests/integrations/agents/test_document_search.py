"""Documents of a folder: what is found, what is looked up, and that no query is too strange."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskwright.errors import InvalidOption
from maskwright.integrations.agents.document_search import MAX_ANSWER, DocumentIndex

WATER = """# Water

Water is a liquid. It boils at 100 degrees at normal pressure.

At lower pressure it boils earlier. On a mountain, pressure is low! Ice is solid water.
"""
DOCUMENTS = {
    "water.md": WATER,
    "iron.txt": "Iron melts at 1538 degrees.\n\nIt rusts in water.\n",
    "deep/in/gold.rst": "Gold is a metal.\n",
    "picture.png": "Water water water",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> DocumentIndex:
    folder = tmp_path_factory.mktemp("documents")
    for name, text in DOCUMENTS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return DocumentIndex.of_folder(folder)


def test_the_passage_that_fits_best_is_found_under_its_title(index: DocumentIndex) -> None:
    answer = index.reader().search("When does water boil at normal pressure?")
    assert answer == "Water: Water is a liquid. It boils at 100 degrees at normal pressure. (See also: iron.)"


def test_a_page_without_a_heading_is_named_by_its_file(index: DocumentIndex) -> None:
    assert index.reader().search("metal") == "gold: Gold is a metal."


def test_a_page_is_found_by_its_title_too(index: DocumentIndex) -> None:
    assert index.reader().search("gold").startswith("gold: ")


def test_only_files_of_text_are_documents(index: DocumentIndex) -> None:
    assert sorted(page.title for page in index.pages) == ["Water", "gold", "iron"]


def test_lookup_goes_from_one_sentence_to_the_next(index: DocumentIndex) -> None:
    reader = index.reader()
    assert reader.lookup("pressure") == "No page is open: search first."
    reader.search("boils normal")
    assert [reader.lookup(term) for term in ("Pressure", "pressure", "pressure ", "pressure")] == [
        "(Result 1 of 3) It boils at 100 degrees at normal pressure.",
        "(Result 2 of 3) At lower pressure it boils earlier.",
        "(Result 3 of 3) On a mountain, pressure is low!",
        "Water has no more sentence with 'pressure'.",
    ]
    assert reader.lookup("ice") == "(Result 1 of 1) Ice is solid water."
    assert reader.lookup("pressure").startswith("(Result 1 of 3)")
    assert reader.lookup("steam") == "Water has no sentence with 'steam'."
    assert reader.lookup("  ") == "Water has no sentence with ''."


def test_readers_of_one_index_do_not_share_their_page(index: DocumentIndex) -> None:
    one, other = index.reader(), index.reader()
    one.search("gold")
    assert other.lookup("gold") == "No page is open: search first."


def test_pages_with_all_words_come_before_those_with_one(index: DocumentIndex) -> None:
    titles = [page.title for page, _ in index.ranked("rusts in water")]
    assert titles == ["iron", "Water"]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "   ",
        '"',
        "' OR 1=1 --",
        "water AND",
        "NEAR(",
        "title:gold",
        "gold*",
        "^gold",
        "-gold",
        "{",
        "\0",
        "a" * 5000,
    ],
)
def test_operators_of_the_search_engine_are_words_or_nothing(index: DocumentIndex, query: str) -> None:
    answer = index.reader().search(query)
    assert answer.startswith("No document") or "gold" in query or "water" in query
    assert len(answer) < 2 * MAX_ANSWER + 50


@given(query=st.text(max_size=60), term=st.text(max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_text_is_answered(index: DocumentIndex, query: str, term: str) -> None:
    reader = index.reader()
    assert reader.search(query)
    assert reader.lookup(term)


def test_long_passages_are_cut(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("word " * 10_000)
    reader = DocumentIndex.of_folder(tmp_path).reader()
    assert len(reader.search("word")) == MAX_ANSWER
    assert len(reader.lookup("word")) <= MAX_ANSWER + len("(Result 1 of 1) ")


def test_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "broken.txt").write_bytes(b"\xef\xbb\xbf# Ti\xfftle\n\nfine \x00 words \xff\n")
    assert DocumentIndex.of_folder(tmp_path).reader().search("words") == "Ti\ufffdtle: fine words \ufffd"


def test_an_empty_document_is_found_by_its_title(tmp_path: Path) -> None:
    (tmp_path / "plans.txt").write_text("")
    assert DocumentIndex.of_folder(tmp_path).reader().search("plans") == "plans"


def test_a_folder_must_have_documents(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match=r"one with files \.txt, \.md"):
        DocumentIndex.of_folder(tmp_path)
    with pytest.raises(InvalidOption, match="a folder that exists"):
        DocumentIndex.of_folder(tmp_path / "none")
