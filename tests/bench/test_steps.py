from __future__ import annotations

from pathlib import Path

from bench import steps

TOKENIZER = Path(__file__).resolve().parents[2] / "maskwright" / "assets" / "tiny-lm"


def test_every_way_finds_the_same_masks(monkeypatch, capsys):
    monkeypatch.setattr(steps, "SECONDS_EACH", 0.0)
    assert steps.main(["--tokenizer", str(TOKENIZER)]) == 0
    printed = capsys.readouterr().out
    assert all(place in printed for place in steps.PLACES)


def test_a_way_that_finds_another_mask_is_noticed(monkeypatch, capsys):
    def one_too_many(arena, scratch, configuration, token_start, token_data, row):
        row[:] = -1
        return 0

    monkeypatch.setattr(steps, "SECONDS_EACH", 0.0)
    monkeypatch.setattr(steps, "naive_mask", one_too_many)
    assert steps.main(["--tokenizer", str(TOKENIZER)]) == 1
    assert "different masks" in capsys.readouterr().out
