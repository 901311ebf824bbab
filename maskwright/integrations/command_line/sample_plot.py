"""The plot of `maskwright sample --plot`: how often each text was drawn, beside the model's own weight of it."""

from __future__ import annotations

import importlib.util
import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from maskwright.integrations.command_line.messages import UserMistakeError, need_file_place

if TYPE_CHECKING:
    from maskwright.integrations.command_line.sampling import Sampled

FORMATS = (".png", ".svg", ".pdf")
MOST_BARS = 30
MOST_CHARACTERS = 48


def need_plot(path: Path) -> None:
    """Raises UserMistakeError where no plot can be made, before anything is sampled."""
    if importlib.util.find_spec("matplotlib") is None:
        raise UserMistakeError("--plot needs matplotlib: pip install 'maskwright[plot]'.")
    if path.suffix not in FORMATS:
        raise UserMistakeError(f"--plot {path}: its name has to end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}.")
    need_file_place("--plot", path)


def weights_of(sampled: Sampled) -> dict[bytes, tuple[float, float, float]]:
    """For each distinct text: its share of the texts, of their weights, and of the model's probability of all of them.

    Where nothing but chance is at work the last two agree; the first is what the method draws without weights.
    """
    texts = sampled.texts
    found: dict[bytes, tuple[float, float, float]] = {}
    by_weight = texts.by_bytes(sampled.vocabulary)
    counts: dict[bytes, int] = {}
    models: dict[bytes, dict[tuple[int, ...], float]] = {}
    # Relative to the most probable text: probabilities of long texts are below the least float.
    top = max((text.log_probability for text in texts.alive), default=0.0)
    for text in texts.alive:
        spelt = sampled.vocabulary.decode(texts.target.without_end(text.token_ids))
        counts[spelt] = counts.get(spelt, 0) + 1
        models.setdefault(spelt, {})[text.token_ids] = math.exp(text.log_probability - top)
    mass = {spelt: sum(of_tokens.values()) for spelt, of_tokens in models.items()}
    n, total = len(texts.alive), sum(mass.values())
    for spelt in sorted(mass, key=lambda spelt: -mass[spelt]):
        found[spelt] = (counts[spelt] / n, by_weight[spelt], mass[spelt] / total)
    return found


def plot(sampled: Sampled, path: Path) -> None:
    """Write it in the format of its suffix; raises UserMistakeError if it cannot be written."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    weights = list(weights_of(sampled).items())[:MOST_BARS]
    names = [_short(text.decode("utf-8", "replace")) for text, _ in weights]
    places = range(len(weights))
    figure, axes = plt.subplots(figsize=(10, 1.5 + 0.28 * max(3, len(weights))), layout="constrained")
    axes.barh(places, [w for _, (_, w, _) in weights], color="#4477aa", label="the sample, by weight")
    axes.plot([m for _, (_, _, m) in weights], places, "o", color="#cc3311", label="the model, among these texts")
    axes.plot([c for _, (c, _, _) in weights], places, "|", ms=12, color="#222222", label="the sample, by count")
    axes.set_yticks(list(places), names, fontfamily="monospace", fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("share")
    exact = "independent draws" if sampled.texts.is_exact else f"ESS {sampled.texts.effective_sample_size:.1f}"
    axes.set_title(f"{len(sampled.texts.alive)} texts by {sampled.method}, {exact}", fontsize=10)
    axes.legend(fontsize=8)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing")  # drawn as a box; stdout has the text
            figure.savefig(path, dpi=120)
    except OSError as error:
        raise UserMistakeError(f"{path}: the plot cannot be written ({error.strerror}).") from error
    finally:
        plt.close(figure)


def _short(text: str) -> str:
    line = text.replace("\n", "⏎").replace("$", r"\$")
    return line if len(line) <= MOST_CHARACTERS else line[: MOST_CHARACTERS - 1] + "…"
