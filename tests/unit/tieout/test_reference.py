from pathlib import Path

from tieout.reference import FOLDER, main, pages

ROOT = Path(__file__).parents[3]


def test_the_reference_pages_say_what_the_code_says() -> None:
    stale = [name for name, text in pages().items() if (ROOT / FOLDER / name).read_text(encoding="utf-8") != text]

    assert stale == [], "run `python -m tieout.reference`"


def test_the_check_finds_a_page_that_was_edited(tmp_path: Path) -> None:
    assert main(["--check", str(tmp_path)]) == 1
    assert main([str(tmp_path)]) == 0
    assert main(["--check", str(tmp_path)]) == 0
    (tmp_path / "events.md").write_text("edited", encoding="utf-8")
    assert main(["--check", str(tmp_path)]) == 1


def test_every_command_shows_one_example() -> None:
    text = pages()["cli.md"]

    assert text.count("\n## tieout ") == text.count("\nExample: `tieout ")
