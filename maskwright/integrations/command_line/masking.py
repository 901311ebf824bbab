"""`maskwright mask`: what may come next after a prefix, as characters and as tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskwright.errors import TokenRejected
from maskwright.integrations.command_line.messages import UserMistakeError, compiling
from maskwright.integrations.command_line.specification import Specification
from maskwright.integrations.command_line.vocabularies import NamedVocabulary
from maskwright.matching.continuation import Continuation, continuation_of, names_of_tokens, quoted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from maskwright.integrations.command_line.json_options import OptionsRequest
    from maskwright.matching.matcher import Matcher
    from maskwright.matching.vocabulary import Vocabulary


def describe(
    specification: Specification, named: NamedVocabulary, options: OptionsRequest, prefix: str, n_samples: int
) -> list[tuple[str, str]]:
    """Rows of (what, value) about the place after `prefix`; UserMistakeError if the prefix leaves the language."""
    from maskwright import Compiler, allocate_bitmask, allowed_tokens

    vocabulary = named.vocabulary
    with compiling():
        matcher = specification.compiled(Compiler(vocabulary), specification.grammar(options)).matcher()
        _read_prefix(matcher, prefix, specification)
        row = allocate_bitmask(1, vocabulary.size)[0]
        matcher.fill_bitmask(row)
    allowed = allowed_tokens(row, vocabulary.size)
    special = [int(token) for token in allowed if not vocabulary.text_of(int(token))]
    ways = continuation_of(matcher)
    rows = [
        ("after", quoted(prefix.encode()) if prefix else "the start of the text"),
        ("the text may end here", "yes" if ways.may_end else "no"),
        ("next characters", str(Continuation(ways.parts, may_end=False))),
    ]
    forced = matcher.forced_bytes()
    if forced:
        rows.append(("and so certainly", quoted(forced)))
    rows.append(("allowed tokens", f"{len(allowed):,} of {len(vocabulary.token_bytes):,} ({named.name})"))
    samples = _samples(allowed, vocabulary, n_samples)
    if samples:
        rows.append(("for example", "  ".join(samples)))
    if special:
        rows.append(("special tokens", "  ".join(_special_names(vocabulary, special[:n_samples]))))
    return rows


def _read_prefix(matcher: Matcher, prefix: str, specification: Specification) -> None:
    for position, character in enumerate(prefix):
        try:
            matcher.accept_bytes(character.encode())
        except TokenRejected:
            read = f"after {quoted(prefix[:position].encode())}" if position else "at the start"
            raise UserMistakeError(
                f"the prefix leaves {specification.name} at character {position + 1}: {quoted(character.encode())} "
                f"cannot come {read}, only {continuation_of(matcher)}."
            ) from None


def _samples(allowed: NDArray[np.int64], vocabulary: Vocabulary, n_samples: int) -> list[str]:
    """The longest allowed tokens, which say the most, in alphabetical order; blank ones only if no others are left.

    Tokens that are parts of characters are left out.
    """
    texts = [(int(token), vocabulary.text_of(int(token))) for token in allowed]
    whole = [(token, text) for token, text in texts if text and _is_text(text)]
    whole.sort(key=lambda item: (not item[1].strip(), -len(item[1]), item[0]))
    return [quoted(text) for text in sorted(text for _, text in whole[:n_samples])]


def _is_text(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _special_names(vocabulary: Vocabulary, tokens: list[int]) -> list[str]:
    ends = set(vocabulary.eos_token_ids)
    return [
        f"{name} (ends the text)" if token in ends else name
        for token, name in zip(tokens, names_of_tokens(vocabulary, tokens), strict=True)
    ]
