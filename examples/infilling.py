"""A masked language model fills the gaps of a record: each gap by itself, all together, inside the grammar.

The bundled model predicts every open slot at once. Left alone it commits what looks best slot by slot, and the pieces
need not fit. On a canvas of the grammar they do, whatever it predicts: a name is two words, an age a number, and the
text has exactly as many tokens as there are slots.
"""

from __future__ import annotations

from maskwright import Compiler
from maskwright.infilling import MASK, Gap, Slot, TopK, denoise, denoise_freely
from maskwright.integrations.infilling.masked_lm import MaskedLM, load_masked_model

PATTERN = r'\{"name": "[A-Z][a-z]{1,9} [A-Z][a-z]{1,9}", "age": [1-9][0-9]?, "email": "[a-z.]{1,20}@[a-z]{1,12}\.com"\}'
PIECES = ('{"name": "', 5, '", "age": ', 1, ', "email": "', 6, '.com"}')


def main() -> None:
    loaded = load_masked_model()

    def ids(text: str) -> list[int]:
        return list(loaded.tokenizer(text, add_special_tokens=False)["input_ids"])

    def spelt(tokens: list[int]) -> str:
        return loaded.vocabulary.decode([token for token in tokens if token >= 0]).decode("utf-8", "replace")

    grammar = Compiler(loaded.vocabulary).compile_regex(PATTERN)
    size, prompt = loaded.vocabulary.size, loaded.tokenizer("A person as JSON:\n").input_ids
    model = MaskedLM(loaded.model, loaded.mask_token_id, vocabulary_size=size, prompt_ids=prompt)

    fixed: list[Slot] = []
    for piece in PIECES:
        fixed += ids(piece) if isinstance(piece, str) else [MASK] * piece
    freely = denoise_freely(fixed, model, TopK(), n_steps=4, vocabulary_size=size, never=[loaded.mask_token_id])
    print(f"no grammar        {spelt(freely.tokens.tolist())}")

    done = denoise(grammar.canvas(fixed), model, TopK(), n_steps=4)
    print(f"so many tokens    {spelt(done.tokens.tolist())}")
    print(
        f"                  {len(done.steps)} calls, {done.n_forced} slots forced, {done.n_rejected} proposals refused"
    )

    gaps: list[Slot] = []
    for piece in PIECES:
        gaps += ids(piece) if isinstance(piece, str) else [Gap.at_most(piece)]
    done = denoise(grammar.canvas(gaps), model, TopK(), n_steps=4)
    print(f"at most so many   {spelt(done.tokens.tolist())}")


if __name__ == "__main__":
    main()
