from __future__ import annotations

from bench.sampling import genlm
from bench.sampling.__main__ import main


def test_a_quick_run_measures_everything_without_the_peer(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(genlm, "is_installed", lambda: False)
    monkeypatch.setattr("os.sched_setaffinity", lambda *_: None, raising=False)
    monkeypatch.setattr("torch.set_num_threads", lambda _: None)
    what = ["--quick", "--sizes", "1000", "--tasks", "binary_skew", "--methods", "CARS", "AWRS"]
    assert main([*what, "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "genlm-control is not installed" in printed
    for heading in ("Sampling alone, 1,000 tokens", "Random GPT-2", "Quality: binary_skew"):
        assert heading in printed
    assert {path.suffix for path in tmp_path.iterdir()} == {".md", ".json"}
