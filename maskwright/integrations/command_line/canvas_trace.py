"""The picture of `maskwright infill --trace`: a canvas over the steps, as an animation (.gif) or side by side (.png).

A .gif has a frame for each step, with the tokens written into their slots; a .png has a row for each step and a column
for each slot, and the text below. Colours say who decided: given, forced by the specification, committed in this step
or in an earlier one; open slots are white.
"""

from __future__ import annotations

import importlib.util
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from maskwright.integrations.command_line.messages import UserMistakeError, need_file_place
from maskwright.matching.infilling.slots import BLANK, OPEN

if TYPE_CHECKING:
    from maskwright.integrations.command_line.infilling import Infilled
    from maskwright.matching.vocabulary import Vocabulary

FORMATS: Final = (".gif", ".png")
MOST_SLOTS: Final = 512
"""More are not drawn: a cell would be smaller than a letter."""
SLOTS_IN_ROW: Final = 16
MOST_CHARACTERS: Final = 9
FRAMES_PER_SECOND: Final = 2

OPEN_SLOT, GIVEN, FORCED, EARLIER, NOW, EMPTY_SLOT = range(6)
NAMES: Final = ("open", "given", "forced", "committed earlier", "committed now", "no token")
COLOURS: Final = ("#ffffff", "#cccccc", "#ddaa33", "#99bbdd", "#4477aa", "#eeeeee")


def need_trace(path: Path) -> None:
    """Raises UserMistakeError where no picture can be made, before anything is filled."""
    if importlib.util.find_spec("matplotlib") is None:
        raise UserMistakeError("--trace needs matplotlib: pip install 'maskwright[plot]'.")
    if path.suffix not in FORMATS:
        raise UserMistakeError(f"--trace {path}: its name has to end in {' or '.join(FORMATS)}.")
    need_file_place("--trace", path)


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """What is drawn. kinds: int8[n_frames, n_slots], indices into NAMES. tokens: int64[n_frames, n_slots]."""

    kinds: npt.NDArray[np.int8]
    tokens: npt.NDArray[np.int64]
    titles: tuple[str, ...]


def frames_of(infilled: Infilled) -> Frames:
    """One frame before the first step, and one behind each."""
    done = infilled.denoised
    tokens = done.trajectory[:, :MOST_SLOTS]
    kinds = np.full(tokens.shape, OPEN_SLOT, dtype=np.int8)
    kinds[:, done.given[:MOST_SLOTS] != OPEN] = GIVEN
    kinds[:, [slot for slot in done.forced_at_start if slot < MOST_SLOTS]] = FORCED
    titles = [f"before step 1: {len(done.forced_at_start)} forced"]
    for number, record in enumerate(done.steps, 1):
        kinds[number:, [slot for slot in record.reopened if slot < MOST_SLOTS]] = OPEN_SLOT
        mine = [slot for slot in record.committed if slot < MOST_SLOTS]
        kinds[number:, mine] = EARLIER
        kinds[number, mine] = NOW
        kinds[number:, [slot for slot in record.forced if slot < MOST_SLOTS]] = FORCED
        refused = f", {len(record.rejected)} refused" if record.rejected else ""
        finished = ", everything that was open" if record.finished else ""
        titles.append(
            f"step {record.step + 1}: {len(record.committed)} committed{finished}, {len(record.forced)} forced{refused}"
        )
    kinds[tokens == BLANK] = EMPTY_SLOT
    return Frames(kinds, tokens, tuple(titles))


def draw(infilled: Infilled, path: Path) -> None:
    """Write the picture in the format of its suffix; raises UserMistakeError if it cannot be written."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    frames = frames_of(infilled)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing")  # drawn as a box; stdout has the text
            if path.suffix == ".gif":
                _animated(plt, frames, infilled.vocabulary, path)
            else:
                _side_by_side(plt, frames, infilled.vocabulary, path)
    except OSError as error:
        raise UserMistakeError(f"{path}: the picture cannot be written ({error.strerror}).") from error
    finally:
        plt.close("all")


def _animated(plt: Any, frames: Frames, vocabulary: Vocabulary, path: Path) -> None:
    from matplotlib.animation import PillowWriter

    n = frames.tokens.shape[1]
    in_row = min(SLOTS_IN_ROW, max(1, n))
    n_rows = max(1, -(-n // in_row))
    figure, axes = plt.subplots(figsize=(0.72 * in_row + 0.4, 0.34 * n_rows + 1.0), layout="constrained")
    writer = PillowWriter(fps=FRAMES_PER_SECOND)
    with writer.saving(figure, str(path), dpi=90):
        for kinds, tokens, title in zip(frames.kinds, frames.tokens, frames.titles, strict=True):
            axes.clear()
            grid = np.full(n_rows * in_row, EMPTY_SLOT, dtype=np.int8)
            grid[:n] = kinds
            _cells(axes, grid.reshape(n_rows, in_row))
            for slot, token in enumerate(tokens.tolist()):
                axes.text(
                    slot % in_row,
                    slot // in_row,
                    _spelling(token, vocabulary),
                    ha="center",
                    va="center",
                    fontsize=7,
                    fontfamily="monospace",
                    color="white" if kinds[slot] == NOW else "black",
                    parse_math=False,
                )
            axes.set_xticks([])
            axes.set_yticks([])
            axes.set_title(title, fontsize=9)
            _legend(axes)
            writer.grab_frame()


def _side_by_side(plt: Any, frames: Frames, vocabulary: Vocabulary, path: Path) -> None:
    n_frames, n = frames.kinds.shape
    width = min(40.0, max(5.0, 0.16 * n + 1.5))
    figure, axes = plt.subplots(figsize=(width, 0.22 * n_frames + 2.2), layout="constrained")
    _cells(axes, frames.kinds)
    names = [_spelling(token, vocabulary) for token in frames.tokens[-1].tolist()]
    axes.set_xticks(range(n), names, rotation=90, fontsize=7, fontfamily="monospace", parse_math=False)
    axes.set_yticks(range(n_frames), ["start", *map(str, range(1, n_frames))], fontsize=7)
    axes.set_ylabel("behind step", fontsize=8)
    _legend(axes)
    figure.savefig(path, dpi=120)


def _cells(axes: Any, kinds: npt.NDArray[np.int8]) -> None:
    from matplotlib.colors import ListedColormap

    rows, columns = kinds.shape
    axes.imshow(kinds, cmap=ListedColormap(list(COLOURS)), vmin=0, vmax=len(COLOURS) - 1, aspect="auto")
    axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#bbbbbb", linewidth=0.5)
    axes.tick_params(which="both", length=0)


def _legend(axes: Any) -> None:
    from matplotlib.patches import Patch

    patches = [
        Patch(facecolor=colour, edgecolor="#999999", label=name) for name, colour in zip(NAMES, COLOURS, strict=True)
    ]
    axes.legend(
        handles=patches, loc="lower center", bbox_to_anchor=(0.5, 1.08), ncols=len(NAMES), fontsize=6, frameon=False
    )


def _spelling(token: int, vocabulary: Vocabulary) -> str:
    """A token as it is drawn: `·` where nothing stands yet, `∎` for the end."""
    if token == OPEN:
        return "·"
    if token == BLANK:
        return ""
    if token in vocabulary.eos_token_ids:
        return "∎"
    spelt = vocabulary.text_of(token).decode("utf-8", "replace").replace("\n", "⏎").replace(" ", "␣")
    return spelt if len(spelt) <= MOST_CHARACTERS else spelt[: MOST_CHARACTERS - 1] + "…"
