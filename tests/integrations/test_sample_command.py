"""`maskwright sample`: texts, shares, reasons and plots, with the bundled model."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import maskwright as mw
from maskwright.integrations.command_line import app, messages, sample_plot, sampling
from maskwright.integrations.command_line.application import MethodChoice
from maskwright.sampling import Ending, Method, SampledText, Target, WeightedTexts

pytest.importorskip("torch", reason="sampling needs torch and transformers")

LANGUAGE = ("--regex", "[01]{3}|yes|no", "--prompt", "Well? ", "--max-tokens", "12")


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, nothing is said about waiting."""
    monkeypatch.setattr(messages, "PATIENCE_SECONDS", 1000)


def sample(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["sample", *arguments], catch_exceptions=False)


@pytest.mark.parametrize("method", ["auto", "masked", "asap", "cars", "smc", "mcmc", "beam"])
def test_every_method_gives_texts_and_says_what_they_are_worth(method: str) -> None:
    result = sample(*LANGUAGE, "-n", "6", "--method", method, "--json")
    assert result.exit_code == 0, result.stderr
    answer = json.loads(result.stdout)
    assert len(answer["texts"]) >= 6
    assert {text["text"] for text in answer["texts"]} <= {f"{i:03b}" for i in range(8)} | {"yes", "no"}
    assert all(text["ending"] == "finished" for text in answer["texts"])
    assert answer["method"] == (method if method != "auto" else "cars")
    assert answer["rows"] > 0
    assert f"method {answer['method']}: " in result.stderr


def test_shares_are_listed_and_equal_seeds_give_equal_texts() -> None:
    one, other = (sample(*LANGUAGE, "-n", "20", "--method", "cars", "--seed", "3") for _ in range(2))
    assert one.stdout == other.stdout
    shares = [float(line.split(" %")[0]) for line in one.stdout.splitlines()]
    assert sum(shares) == pytest.approx(100, abs=0.1)
    assert shares == sorted(shares, reverse=True)
    assert "20 of 20 texts alive, independent draws, log Z -" in one.stderr


def test_a_checker_narrows_the_texts(tmp_path: Path) -> None:
    rules = tmp_path / "rules.py"
    rules.write_text("def is_odd(text: str) -> bool:\n    return text.endswith('1')\n")
    result = sample(*LANGUAGE, "-n", "16", "--check", f"{rules}:is_odd", "--json")
    answer = json.loads(result.stdout)
    assert answer["method"] == "awrs"
    alive = [text["text"] for text in answer["texts"] if text["log_weight"] is not None]
    assert alive
    assert all(text.endswith("1") for text in alive)
    assert answer["checks"] > 0


def test_a_trie_is_kept_for_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "well.trie"
    first = json.loads(sample(*LANGUAGE, "-n", "5", "--method", "cars", "--trie", str(path), "--json").stdout)
    assert path.exists()
    second = json.loads(sample(*LANGUAGE, "-n", "5", "--method", "cars", "--trie", str(path), "--json").stdout)
    assert second["attempts"] <= first["attempts"]
    other = sample("--regex", "[ab]{3}", "-n", "5", "--method", "cars", "--trie", str(path))
    assert other.exit_code == 2
    assert "it was learnt from another target: grammar, prompt, max_tokens" in other.stderr


def test_a_plot_shows_sample_and_model(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    path = tmp_path / "shares.png"
    result = sample(*LANGUAGE, "-n", "12", "--method", "masked", "--plot", str(path))
    assert result.exit_code == 0, result.stderr
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_plot_of_characters_without_a_glyph_warns_nobody(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    result = sample("--regex", "日本", "-n", "2", "--method", "masked", "--plot", str(tmp_path / "shares.png"))
    assert result.exit_code == 0
    assert not [warning for warning in recwarn if "Glyph" in str(warning.message)]


def test_the_plot_has_each_text_once_with_its_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[sampling.Sampled] = []
    monkeypatch.setattr(sampling, "write", lambda sampled, **_: kept.append(sampled))
    sample(*LANGUAGE, "-n", "12", "--method", "masked")
    weights = sample_plot.weights_of(kept[0])
    for column in zip(*weights.values(), strict=True):
        assert sum(column) == pytest.approx(1)
    models = [model for _, _, model in weights.values()]
    assert models == sorted(models, reverse=True)


def test_a_language_that_does_not_fit_into_the_budget_is_told() -> None:
    result = sample("--regex", "[01]{40}", "-n", "3", "--max-tokens", "2", "--method", "smc")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "0 of 3 texts alive" in result.stderr
    assert "all dead: no end fits into the budget" in result.stderr
    as_json = sample("--regex", "[01]{40}", "-n", "3", "--max-tokens", "2", "--method", "smc", "--json").stdout
    assert "Infinity" not in as_json
    assert json.loads(as_json)["log_evidence"] is None
    by_beam = sample("--regex", "[01]{40}", "-n", "3", "--max-tokens", "2", "--method", "beam")
    assert by_beam.exit_code == 1
    assert "0 of 0 texts alive" in by_beam.stderr
    assert "all dead" not in by_beam.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--method", "awrs"), "--method awrs needs a checker: --check FILE.py:FUNCTION."),
        (("--check", "rules.py"), "--check rules.py: it has to be FILE.py:FUNCTION."),
        (("--check", "nowhere.py:f"), "--check nowhere.py: there is no such file."),
        (("--check", "x.py:f", "--method", "cars"), "--check goes with --method awrs or auto, not cars."),
        (
            ("--trie", "x.trie", "--method", "mcmc"),
            "--trie goes with the methods auto, asap, cars and smc, not with --method mcmc.",
        ),
        (
            ("--trie", "x.trie", "--check", "x.py:f"),
            "--trie goes with the methods auto, asap, cars and smc, not with --check.",
        ),
        (("--trie", "nowhere/x.trie"), "--trie nowhere/x.trie: there is no folder nowhere."),
        (("--trie", "."), "--trie .: this is a folder."),
        (
            ("--max-tokens", "1023"),
            "--max-tokens 1023: the model reads 1024 tokens, of which the prompt takes 5; 1020 is the most.",
        ),
    ],
)
def test_mistakes_are_told_in_one_sentence(arguments: tuple[str, ...], message: str) -> None:
    result = sample(*LANGUAGE, "-n", "3", *arguments)
    assert result.exit_code == 2
    assert result.stderr.endswith(f"maskwright: {message}\n")


def test_a_checker_file_that_cannot_be_run_is_the_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0")
    (tmp_path / "empty.py").write_text("")
    broken = sample(*LANGUAGE, "--check", f"{tmp_path}/broken.py:f")
    assert broken.exit_code == 2
    assert "it cannot be run (ZeroDivisionError: division by zero)" in broken.stderr
    assert "it has no function f" in sample(*LANGUAGE, "--check", f"{tmp_path}/empty.py:f").stderr
    (tmp_path / "program.py").write_text("import sys\nsys.exit(4)\n")
    program = sample(*LANGUAGE, "--check", f"{tmp_path}/program.py:f")
    assert program.exit_code == 2
    assert "it cannot be run (SystemExit: 4)" in program.stderr


def test_what_a_failing_check_said_is_told(tmp_path: Path) -> None:
    (tmp_path / "rules.py").write_text("def f(text: str) -> bool:\n    raise ValueError('no such date')\n")
    result = sample(*LANGUAGE, "-n", "4", "--check", f"{tmp_path}/rules.py:f")
    assert result.exit_code == 1
    assert "checks failed and were counted as rejections" in result.stderr
    assert result.stderr.endswith("note: the first check that failed: ValueError: no such date\n")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere/x.png", "--plot nowhere/x.png: there is no folder nowhere."),
        ("x.foo", "--plot x.foo: its name has to end in .png, .svg or .pdf."),
        ("shares", "--plot shares: its name has to end in .png, .svg or .pdf."),
    ],
)
def test_a_plot_that_cannot_be_written_is_told_before_anything_is_sampled(name: str, message: str) -> None:
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    result = sample(*LANGUAGE, "-n", "3", "--plot", name)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == f"maskwright: {message}\n"


def test_the_command_offers_the_methods_of_the_library_and_auto() -> None:
    assert {choice.value for choice in MethodChoice} == {"auto", *(method.value for method in Method)}


def test_texts_of_very_small_probability_have_their_shares_in_the_plot() -> None:
    vocabulary = mw.Vocabulary([b"a", b"b", b"</s>"], eos_token_ids=[2])
    matcher = mw.Compiler(vocabulary).compile_regex("[ab]").matcher()
    target = Target.of(lambda prefixes: np.zeros((len(prefixes), 3)), (), matcher, 2)
    texts = tuple(SampledText((token, 2), Ending.FINISHED, log_p, 0.0) for token, log_p in ((0, -2000.0), (1, -2001.0)))
    sampled = sampling.Sampled("smc", "", WeightedTexts(target, texts, 0.0), vocabulary)
    shares = [model for _, _, model in sample_plot.weights_of(sampled).values()]
    assert shares == pytest.approx([1 / (1 + math.exp(-1)), 1 / (1 + math.e)])
