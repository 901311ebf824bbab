"""What holds for the package and its pages as a whole."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import maskwright

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("maskwright/assets/**/*.md")])


def test_importing_the_package_loads_nothing_heavy():
    """numba takes 0.1 s and torch seconds; both wait until they are used."""
    code = (
        "import sys, maskwright; "
        "print(*sorted({'torch', 'transformers', 'numba', 'numpy', 'jsonschema', 'rich'} & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed.split() == []


def test_every_public_name_exists():
    for name in maskwright.__all__:
        assert getattr(maskwright, name) is not None, name
    assert len(set(maskwright.__all__)) == len(maskwright.__all__)  # ruff keeps their order


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        maskwright.no_such_name  # noqa: B018 - looking it up is the test


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page):
    assert PAGES
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:|#", target):
            assert (page.parent / target.split("#")[0]).exists(), target


def test_every_page_is_listed_in_the_index():
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for page in ROOT.glob("docs/**/*.md"):
        if page.name != "README.md":
            assert f"({page.relative_to(ROOT / 'docs')})" in index


def test_the_examples_of_the_readme_run(monkeypatch, capsys):
    pytest.importorskip("transformers", reason="the first example of the README uses transformers")
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) == 2
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    person = json.loads(capsys.readouterr().out)
    assert isinstance(person["name"], str)
    assert person["age"] >= 0
