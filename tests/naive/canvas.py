"""Canvases by brute force: every filling is tried, and judged by reading it with a matcher."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maskwright import CompiledGrammar
from maskwright.matching.infilling.slots import BLANK, Gap, Masked, Slot, Soft


def fillings(grammar: CompiledGrammar, slots: Sequence[Slot], eos_ids: Sequence[int] = ()) -> Iterator[tuple[int, ...]]:
    """All texts that fit into the slots, as a token for each slot of the canvas laid out flat."""
    size = grammar.vocabulary.size
    plain = [token for token in range(size) if token not in grammar.vocabulary.eos_token_ids]
    choices: list[list[tuple[int, ...]]] = []  # of one item: the slots that it may become

    def lengths(minimum: int, maximum: int) -> list[tuple[int, ...]]:
        found: list[tuple[int, ...]] = []
        for length in range(minimum, maximum + 1):
            runs: list[tuple[int, ...]] = [()]
            for _ in range(length):
                runs = [(*run, token) for run in runs for token in [*plain, *eos_ids]]
            found += [(*run, *[BLANK] * (maximum - length)) for run in runs]
        return found

    for slot in slots:
        match slot:
            case Gap(minimum, maximum):
                assert maximum is not None
                choices.append(lengths(minimum, maximum))
            case Masked():
                choices.append([(token,) for token in [*plain, *eos_ids]])
            case Soft(token, proposals):
                tokens = {token, *proposals} if proposals else {*plain, *eos_ids}
                choices.append([(one,) for one in sorted(tokens)])
            case token:
                choices.append([(token,)])

    def go_on(item: int, begun: tuple[int, ...], matcher: object, has_ended: bool) -> Iterator[tuple[int, ...]]:
        if item == len(choices):
            if has_ended or matcher.is_accepting():  # type: ignore[attr-defined]
                yield begun
            return
        for run in choices[item]:
            fork = matcher.fork()  # type: ignore[attr-defined]
            ended = has_ended
            for token in run:
                if token == BLANK:
                    continue
                if token in eos_ids:
                    if not ended and not fork.is_accepting():
                        break
                    ended = True
                elif ended or token not in plain or not fork.allows(token):
                    break
                else:
                    fork.accept_token(token)
            else:
                yield from go_on(item + 1, begun + run, fork, ended)

    yield from go_on(0, (), grammar.matcher(), False)


def naive_masks(texts: Sequence[tuple[int, ...]], n_slots: int) -> list[set[int]]:
    """What each slot holds in some filling."""
    return [{text[slot] for text in texts} for slot in range(n_slots)]
