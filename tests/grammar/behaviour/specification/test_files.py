import json
from pathlib import Path

import pytest

from maskwright.errors import GrammarSyntaxError
from maskwright.grammar.behaviour.specification.files import MAX_BYTES
from maskwright.grammar.behaviour.specification.spec import GrammarText, JSONText, Spec

TEXT = "segments: {a: {text: %s}}\nflow: a"


def load(folder: Path, text: str) -> Spec:
    path = folder / "spec" / "spec.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return Spec.load(path)


def test_files_are_read_beside_the_specification(tmp_path: Path) -> None:
    (tmp_path / "spec").mkdir()
    (tmp_path / "spec" / "a.json").write_text('{"type": "number"}')
    (tmp_path / "spec" / "a.lark").write_text('start: "a"')
    assert load(tmp_path, TEXT % "{json_schema: a.json}").segments[0].text == JSONText('{"type": "number"}')
    text = load(tmp_path, TEXT % "{cfg: {notation: lark, file: a.lark}}").segments[0].text
    assert text == GrammarText("lark", 'start: "a"')


@pytest.mark.parametrize("name", ["../secret.json", "/etc/passwd", "none.json", ".", "a\0b", "x" * 5000, "link.json"])
def test_files_elsewhere_are_not_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.json").write_text("{}")
    (tmp_path / "spec").mkdir()
    (tmp_path / "spec" / "link.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(GrammarSyntaxError, match=r"names no file|there is no file"):
        load(tmp_path, TEXT % f"{{json_schema: {json.dumps(name)}}}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b"\xff", "cannot be read"),
        (b"1" * (MAX_BYTES + 1), "has more than"),
        (b"[]", "a mapping was expected here"),
    ],
)
def test_files_that_are_not_what_they_should_be_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "spec").mkdir()
    (tmp_path / "spec" / "a.json").write_bytes(content)
    with pytest.raises(Exception, match=message):
        load(tmp_path, TEXT % "{json_schema: a.json}")


def test_an_example_that_is_not_there_is_refused_on_load(tmp_path: Path) -> None:
    with pytest.raises(GrammarSyntaxError, match=r"line 3, column 12: there is no file 'a.txt'"):
        load(tmp_path, TEXT % "free" + "\nexamples: [a.txt]")
