from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.disk_cache import CACHE_DIR_VARIABLE, store_arrays
from maskwright.errors import InvalidVocabulary, MatcherError, UnsupportedTokenizer
from maskwright.matching import vocabulary as vocabulary_module
from maskwright.matching.token_trie import TRIE_LAYOUT
from maskwright.matching.vocabulary import Vocabulary


def small(**changes: Any) -> Vocabulary:
    arguments: dict[str, Any] = {
        "token_bytes": [b"a", b"", b"ab", b"a", b"\xe2\x82", b"<pad>", b"</s>", b"<eot>"],
        "eos_token_ids": [7, 6],
        "special_token_ids": [5],
        "size": 10,
        "special_token_names": {"<pad>": 5, "</s>": 6},
    }
    return Vocabulary(**(arguments | changes))


def test_a_vocabulary_keeps_its_parts_in_a_settled_form() -> None:
    vocabulary = small(eos_token_ids=iter([7, 6, 7]), special_token_ids=np.array([5]))
    assert vocabulary.size == len(vocabulary) == 10
    assert vocabulary.token_bytes[2] == b"ab"
    assert vocabulary.eos_token_ids == (6, 7)
    assert vocabulary.special_token_ids == frozenset({5})
    assert vocabulary.special_token_names == {"<pad>": 5, "</s>": 6}
    assert repr(vocabulary) == "Vocabulary(8 tokens, size=10, eos_token_ids=(6, 7))"


def test_special_end_of_text_empty_and_meaningless_ids_have_no_text() -> None:
    vocabulary = small()
    texts = [b"a", b"", b"ab", b"a", b"\xe2\x82", b"", b"", b"", b"", b""]
    start = vocabulary.token_start.tolist()
    assert [vocabulary.text_of(token) for token in range(10)] == texts
    assert [vocabulary.token_data[start[i] : start[i + 1]].tobytes() for i in range(10)] == texts
    assert vocabulary.trie.tokens.tolist() == [0, 3, 2, 4]


def test_the_arrays_are_what_kernels_are_compiled_for() -> None:
    vocabulary = small()
    assert vocabulary.token_start.dtype == np.int32
    assert vocabulary.token_data.dtype == np.uint8
    for array in (vocabulary.token_start, vocabulary.token_data):
        assert array.flags.c_contiguous
        assert array.flags.writeable


def test_decoding_gives_exact_bytes_and_skips_what_is_not_text() -> None:
    assert small().decode([2, 5, 4, 7, 0, 9]) == b"ab\xe2\x82a"
    assert small().decode(np.array([0, 3])) == b"aa"
    assert small().decode([]) == b""


@pytest.mark.parametrize(
    ("token", "message"),
    [
        (-1, "Token id -1 lies outside this vocabulary of 10 ids."),
        (10, "Token id 10 lies outside this vocabulary of 10 ids."),
        (10**30, f"Token id {10**30} lies outside this vocabulary of 10 ids."),
        ("a", "Token ids must be integers, not 'a'."),
        (1.0, "Token ids must be integers, not 1.0."),
        (None, "Token ids must be integers, not None."),
    ],
)
def test_decoding_what_is_no_id_is_refused(token: Any, message: str) -> None:
    with pytest.raises(MatcherError) as caught:
        small().decode([0, token])
    assert str(caught.value) == message


@pytest.mark.parametrize("not_ids", [7, None])
def test_decoding_what_is_no_list_is_refused(not_ids: Any) -> None:
    with pytest.raises(MatcherError, match="Token ids must be given in a list"):
        small().decode(not_ids)


def test_bytes_as_tokens_miss_nothing() -> None:
    vocabulary = Vocabulary(
        [bytes([b]) for b in range(256)] + [b""], eos_token_ids=[256], special_token_ids=[256], size=257
    )
    assert vocabulary.missing_bytes == b""
    assert vocabulary.trie.n_nodes == 257
    assert vocabulary.decode(b"any bytes \xff") == b"any bytes \xff"


def test_missing_bytes_are_those_that_no_ordinary_token_spells_alone() -> None:
    tokens = [bytes([b]) for b in range(256)]
    assert Vocabulary(tokens, eos_token_ids=[65], special_token_ids=[0]).missing_bytes == b"\0A"
    tokens[255] = b"\xff\xff"
    assert Vocabulary(tokens, eos_token_ids=[]).missing_bytes == b"\xff"


def test_ids_beyond_the_tokens_may_be_special() -> None:
    assert Vocabulary([b"a"], eos_token_ids=[3], special_token_ids=[2], size=4).decode([0, 2, 3]) == b"a"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"token_bytes": [b"a", "b"]}, "token 1 is of type str, not bytes (ids without a token are b'')"),
        ({"token_bytes": [None]}, "token 0 is of type NoneType, not bytes (ids without a token are b'')"),
        ({"token_bytes": b"abc"}, "token_bytes must be a list of bytes by id, not a bytes"),
        ({"token_bytes": {b"a": 0}}, "token_bytes must be a list of bytes by id, not a dict"),
        ({"token_bytes": 7}, "token_bytes must be a list of bytes by id ('int' object is not iterable)"),
        ({"size": 7}, "size is 7, but there are 8 tokens: it is the width of the logits"),
        ({"size": "10"}, "size must be an integer, not '10'"),
        ({"size": 10**9}, "size is 1000000000, more than the 1048576 supported"),
        ({"eos_token_ids": [-1]}, "eos_token_ids has -1, which is not between 0 and 9"),
        ({"eos_token_ids": [10]}, "eos_token_ids has 10, which is not between 0 and 9"),
        ({"eos_token_ids": 6}, "eos_token_ids must be integers in a list ('int' object is not iterable)"),
        (
            {"eos_token_ids": ["</s>"]},
            "eos_token_ids must be integers in a list ('str' object cannot be interpreted as an integer)",
        ),
        ({"special_token_ids": [3, 12]}, "special_token_ids has 12, which is not between 0 and 9"),
        ({"special_token_names": {"<x>": 11}}, "special_token_names has 11, which is not between 0 and 9"),
        ({"special_token_names": {3: "<x>"}}, "special_token_names must map spellings to ids"),
        ({"special_token_names": ["<x>"]}, "special_token_names must map spellings to ids"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidVocabulary) as caught:
        small(**changes)
    assert str(caught.value) == f"This vocabulary cannot be used: {message}."


def test_a_vocabulary_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        small().size = 11  # type: ignore[misc]


def test_equal_content_gives_an_equal_key() -> None:
    assert small() == small(eos_token_ids=[6, 7, 7])
    assert len({small(), small()}) == 1
    assert small() != "a vocabulary"


@pytest.mark.parametrize(
    "changes",
    [
        {"size": 11},
        {"eos_token_ids": [6]},
        {"eos_token_ids": [5, 6, 7], "special_token_ids": []},
        {"special_token_ids": []},
        {"special_token_names": {"<pad>": 6, "</s>": 5}},
        {"token_bytes": [b"a", b"", b"ab", b"a", b"\xe2\x82", b"<pad>", b"</s>", b"<eoT>"]},
        {"token_bytes": [b"", b"a", b"ab", b"a", b"\xe2\x82", b"<pad>", b"</s>", b"<eot>"]},
        {"token_bytes": [b"a", b"a", b"b", b"a", b"\xe2\x82", b"<pad>", b"</s>", b"<eot>"]},
    ],
)
def test_any_difference_that_matters_gives_another_key(changes: dict[str, Any]) -> None:
    assert small(**changes).key != small().key


@given(st.lists(st.binary(max_size=4), max_size=12), st.lists(st.binary(max_size=4), max_size=12))
def test_keys_are_equal_exactly_if_the_tokens_are(one: list[bytes], other: list[bytes]) -> None:
    keys = [Vocabulary(tokens, eos_token_ids=[], size=20).key for tokens in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)


def test_a_vocabulary_can_be_pickled() -> None:
    vocabulary = small()
    copy = pickle.loads(pickle.dumps(vocabulary))
    assert copy == vocabulary
    assert (copy.trie.nodes == vocabulary.trie.nodes).all()


def test_threads_that_ask_at_once_get_one_trie(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    build = vocabulary_module.build_token_trie

    def counted(tokens: list[bytes]) -> object:
        calls.append(1)
        return build(tokens)

    monkeypatch.setattr(vocabulary_module, "build_token_trie", counted)
    vocabulary = Vocabulary([bytes([a, b]) for a in range(100) for b in range(100)], eos_token_ids=[0])
    begin = threading.Barrier(8)
    tries = []

    def ask() -> None:
        begin.wait()
        tries.append(vocabulary.trie)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert len(tries) == 8
    assert all(trie is tries[0] for trie in tries)


def test_small_vocabularies_leave_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_DIR_VARIABLE, str(tmp_path))
    assert small().trie.n_tokens == 4
    assert list(tmp_path.iterdir()) == []


def large() -> Vocabulary:
    return Vocabulary([b"%05d" % i for i in range(30_000)], eos_token_ids=[0])


def test_the_trie_of_a_large_vocabulary_is_kept_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_DIR_VARIABLE, str(tmp_path))
    built = large().trie
    monkeypatch.setattr(vocabulary_module, "build_token_trie", None)  # from here on nothing can be built
    cached = large().trie
    assert (cached.nodes == built.nodes).all()
    assert (cached.tokens == built.tokens).all()


@pytest.mark.parametrize("arrays", [{}, {"nodes": np.zeros((3, 5), np.int32), "tokens": np.zeros(2, np.int32)}])
def test_a_cached_trie_of_another_shape_is_built_again(
    arrays: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_DIR_VARIABLE, str(tmp_path))
    store_arrays(f"token-trie-{TRIE_LAYOUT}", large().key, arrays)
    assert large().trie.n_tokens == 29_999


class Tokenizer:
    """As little of a tokenizer as is needed."""

    eos_token_id: object = 2

    def to_str(self) -> str:
        return """{"model": {"type": "BPE", "vocab": {"a": 0, "Ġb": 1}}, "decoder": {"type": "ByteLevel"},
                   "added_tokens": [{"id": 2, "content": "<end>", "special": true},
                                    {"id": 3, "content": "<tool>", "special": false}]}"""


def test_a_tokenizer_gives_tokens_end_of_text_and_names() -> None:
    vocabulary = Vocabulary.from_huggingface(Tokenizer(), size=8)
    assert vocabulary.size == 8
    assert vocabulary.token_bytes == (b"a", b" b", b"<end>", b"<tool>")
    assert vocabulary.eos_token_ids == (2,)
    assert vocabulary.special_token_ids == {2}
    assert vocabulary.special_token_names == {"<end>": 2, "<tool>": 3}
    assert vocabulary.decode([0, 1, 3, 2]) == b"a b<tool>"


@pytest.mark.parametrize(("given_eos", "expected"), [(3, (3,)), ([3, 2], (2, 3)), (np.int64(1), (1,)), ([], ())])
def test_end_of_text_ids_of_the_caller_come_before_those_of_the_tokenizer(given_eos: Any, expected: Any) -> None:
    assert Vocabulary.from_huggingface(Tokenizer(), eos_token_ids=given_eos).eos_token_ids == expected


def test_a_tokenizer_without_end_of_text_needs_one_from_the_caller() -> None:
    tokenizer = Tokenizer()
    tokenizer.eos_token_id = None
    with pytest.raises(InvalidVocabulary, match="names no end-of-text token: pass eos_token_ids"):
        Vocabulary.from_huggingface(tokenizer)


@pytest.mark.parametrize("method", ["from_huggingface", "from_tiktoken", "from_mistral_tekken"])
def test_what_is_no_tokenizer_is_refused(method: str) -> None:
    with pytest.raises(UnsupportedTokenizer):
        getattr(Vocabulary, method)(object())


def test_tiktoken_encodings_become_vocabularies() -> None:
    tiktoken = pytest.importorskip("tiktoken")
    ranks = {bytes([byte]): byte for byte in range(256)}
    encoding = tiktoken.Encoding("small", pat_str="(?s).", mergeable_ranks=ranks, special_tokens={"<|endoftext|>": 260})
    vocabulary = Vocabulary.from_tiktoken(encoding, size=300)
    assert (vocabulary.size, vocabulary.eos_token_ids) == (300, (260,))
    assert vocabulary.decode(encoding.encode("naïve\n\x00\U0001f600")) == "naïve\n\x00\U0001f600".encode()


def test_a_mistral_backend_is_found_inside_its_wrappers() -> None:
    mistral_common = pytest.importorskip("mistral_common")
    from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

    path = Path(mistral_common.__file__).parent / "data" / "tekken_240911.json"
    wrapped = MistralTokenizer.from_file(str(path))
    assert Vocabulary.from_huggingface(wrapped) == Vocabulary.from_mistral_tekken(path)


def test_a_vocabulary_needs_neither_numba_nor_a_tokenizer_library_to_be_built() -> None:
    program = (
        "import sys; from maskwright.matching.vocabulary import Vocabulary; Vocabulary([b'a'], eos_token_ids=[]);"
        "sys.exit(any(name in sys.modules for name in ('numba', 'transformers', 'tokenizers', 'torch')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
