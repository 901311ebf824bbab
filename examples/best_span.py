"""What part of a passage answers best? The most probable span, exactly, as the bundled model judges it.

The model would answer each prompt with anything; of all 3,160 spans of ten tokens and more the one is found that it is
most likely to write and then to end. `best_spans` proves its answer with far fewer rows than there are spans.
"""

from __future__ import annotations

from maskwright.integrations.generation import load_model
from maskwright.integrations.transformers_model import TransformersModel
from maskwright.sampling.search import SpanOptions, best_spans

PASSAGE = """Minutes. Nora Kaplan asked for a correction, so we ran UPDATE sales SET quantity = 54 WHERE id = 734; and \
went on. The weather may be to blame, as get_weather(city="Oslo", unit="C") says rain. In all 7 * (11 - 9) = 14 \
hours."""


def main() -> None:
    loaded = load_model()
    passage_ids = loaded.tokenizer(PASSAGE, add_special_tokens=False).input_ids
    model = TransformersModel(loaded.model)
    ends = frozenset(loaded.vocabulary.eos_token_ids)
    for prompt in ("SQL:", "Call a function:", "Arithmetic:"):
        prompt_ids = loaded.tokenizer(prompt).input_ids
        found = best_spans(model, prompt_ids, passage_ids, ends, SpanOptions(n=2, min_tokens=10))
        print(f"{prompt:18}({found.search.n_rows} rows, proved: {found.search.is_proved})")
        for span in found.spans:
            text = loaded.tokenizer.decode(span.token_ids)
            print(f"  {span.log_probability:8.2f}  at token {span.starts[0]:3}  {text!r}")


if __name__ == "__main__":
    main()
