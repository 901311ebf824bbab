"""`maskwright infill`: texts with gaps and whole texts, with the bundled masked model; tables and pictures."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from maskwright.integrations.command_line import app, canvas_trace, infilling, messages
from maskwright.integrations.command_line.application import SchedulerChoice
from maskwright.sampling.infilling.schedulers import SCHEDULERS

pytest.importorskip("torch", reason="infilling needs torch and transformers")

PATTERN = r"[a-z]{1,12}@[a-z]{1,12}\.(com|org)"
EMAIL = ("--regex", PATTERN, "--prompt", "A contact:\n")
SCHEMA = {
    "title": "person",
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 20}, "age": {"type": "integer", "maximum": 120}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, nothing is said about waiting."""
    monkeypatch.setattr(messages, "PATIENCE_SECONDS", 1000)


def infill(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["infill", *arguments], catch_exceptions=False)


def test_the_schedulers_of_the_command_line_are_those_of_the_library() -> None:
    assert [choice.value for choice in SchedulerChoice] == list(SCHEDULERS)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_every_scheduler_fills_the_gaps_of_a_text(scheduler: str) -> None:
    result = infill(*EMAIL, "--text", "ada⟦<=4⟧.⟦1⟧", "--scheduler", scheduler, "--steps", "4")
    assert result.exit_code == 0, result.stderr
    text = result.stdout.removesuffix("\n")
    assert re.fullmatch(PATTERN, text)
    assert text.startswith("ada")
    assert re.search(r"slots, 3 of them given; [1-4] steps, \d+ slots forced, \d+ proposals refused; ", result.stderr)


def test_a_whole_text_fills_its_slots_and_ends(tmp_path: Path) -> None:
    path = tmp_path / "person.json"
    path.write_text(json.dumps(SCHEMA))
    result = infill(str(path), "--order", "declared", "--whitespace", "compact", "--slots", "24", "--steps", "6")
    assert result.exit_code == 0, result.stderr
    assert list(json.loads(result.stdout)) == ["name", "age"]
    assert "24 slots, 0 of them given; " in result.stderr


def test_the_table_tells_every_step() -> None:
    result = infill(*EMAIL, "--slots", "8", "--steps", "3", "--scheduler", "top_k")
    lines = [line.split() for line in result.stderr.splitlines()[:-1]]
    header, start, *rows = lines[next(place for place, line in enumerate(lines) if line[:1] == ["step"]) :]
    assert header[:7] == ["step", "committed", "forced", "refused", "open", "model", "SPEC"]
    assert start[0] == "-"
    assert start[2] == "8"
    opened = 8 - int(start[1])
    for number, row in enumerate(rows, 1):
        step, committed, forced, _refused, still_open = row[:5]
        opened -= int(committed) + int(forced)
        assert int(step.removesuffix("*")) == number
        assert int(still_open) == opened
    assert opened == 0
    assert rows[-1][0] == "3*"


def test_equal_seeds_give_equal_texts_and_others_others() -> None:
    arguments = (*EMAIL, "--slots", "10", "--steps", "3", "--temperature", "1.5", "--seed")
    texts = [infill(*arguments, seed).stdout for seed in ("1", "1", "2", "3")]
    assert texts[0] == texts[1]
    assert len(set(texts)) > 1
    assert all(re.fullmatch(PATTERN, text.removesuffix("\n")) for text in texts)


def test_a_gap_of_any_length_may_be_empty() -> None:
    result = infill("--regex", "(ab)*c?", "--text", "ab⟦*⟧ab")
    assert result.stdout.startswith("ab")
    assert re.fullmatch("(ab)*c?\n", result.stdout)


def test_a_text_without_gaps_takes_no_step() -> None:
    result = infill("--regex", "⟦x⟧|y", "--text", "⟦⟦x⟧")
    assert (result.exit_code, result.stdout) == (0, "⟦x⟧\n")
    assert "0 steps" in result.stderr


@pytest.mark.parametrize("suffix", [".gif", ".png"])
def test_a_trace_shows_the_canvas_over_the_steps(suffix: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    from PIL import Image

    path = tmp_path / f"canvas{suffix}"
    result = infill(*EMAIL, "--text", "ada⟦<=4⟧.⟦1⟧", "--steps", "2", "--trace", str(path))
    assert result.exit_code == 0, result.stderr
    with Image.open(path) as picture:
        assert picture.format == suffix[1:].upper()
        steps = int(re.search(r"(\d+) steps", result.stderr)[1])
        assert getattr(picture, "n_frames", 1) == (steps + 1 if suffix == ".gif" else 1)
        assert len(np.unique(np.asarray(picture.convert("RGB")).reshape(-1, 3), axis=0)) > 10


def test_the_frames_follow_who_decided_what(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[infilling.Infilled] = []
    monkeypatch.setattr(infilling, "write", kept.append)
    infill(*EMAIL, "--text", "ada@⟦<=4⟧com", "--steps", "2", "--scheduler", "top_k")
    frames = canvas_trace.frames_of(kept[0])
    done = kept[0].denoised
    assert len(frames.titles) == len(frames.kinds) == len(done.steps) + 1
    assert (frames.kinds[-1] != canvas_trace.OPEN_SLOT).all()
    assert (frames.kinds[:, done.given >= 0] == canvas_trace.GIVEN).all()
    for number, record in enumerate(done.steps, 1):
        mine = [slot for slot, token in record.committed.items() if token >= 0]
        assert (frames.kinds[number, mine] == canvas_trace.NOW).all()
        assert (frames.kinds[number + 1 :, mine] == canvas_trace.EARLIER).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*EMAIL,), "say what there is: --text 'prefix ⟦8⟧ suffix', or --slots N for N open slots."),
        (
            (*EMAIL, "--text", "a", "--slots", "3"),
            "say what there is: --text 'prefix ⟦8⟧ suffix', or --slots N for N open slots.",
        ),
        (
            (*EMAIL, "--text", "ab⟦x⟧"),
            "--text, column 3: ⟦x⟧ is no gap: write ⟦8⟧, ⟦<=8⟧, ⟦2..8⟧ or ⟦*⟧ for a gap, and ⟦⟦ for the character ⟦",
        ),
        (
            ("--regex", "[0-9]{9}x", "--slots", "2"),
            "the pattern: No text of the grammar fits into the canvas: it is too short, ",
        ),
        ((*EMAIL, "--slots", "9", "--trace", "canvas.svg"), "--trace canvas.svg: its name has to end in .gif or .png."),
        ((*EMAIL, "--slots", "9", "--trace", "nowhere/a.gif"), "--trace nowhere/a.gif: there is no folder nowhere."),
        ((*EMAIL, "--slots", "9", "--model", "./nowhere"), "./nowhere: there is no such model folder."),
    ],
)
def test_mistakes_are_told_in_one_sentence(arguments: tuple[str, ...], message: str) -> None:
    result = infill(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert f"maskwright: {message}" in result.stderr


def test_text_that_contradicts_the_specification_is_quoted() -> None:
    result = infill(*EMAIL, "--text", "ada⟦2⟧X⟦2⟧")
    assert result.exit_code == 2
    assert re.search(r"slot \d+ holds what cannot stand there. Here slot \d+ holds 'X'\.\n$", result.stderr)


def test_a_model_without_masks_is_refused() -> None:
    from maskwright.integrations.generation import BUNDLED_MODEL

    result = infill(*EMAIL, "--slots", "9", "--model", str(BUNDLED_MODEL))
    assert result.exit_code == 2
    assert "its tokenizer has no mask token" in result.stderr
