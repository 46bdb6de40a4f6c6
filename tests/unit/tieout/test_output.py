"""What a table shows of a remote's texts: characters, never orders to the terminal."""

import pytest

from tieout.output import show_pairs, show_table


def test_what_a_terminal_would_obey_is_shown_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    name = "Söhne [b]\x1b[2J\nINV-9\u202e"
    shown = "Söhne [b]\\x1b[2J\\nINV-9\\u202e"

    show_table("suppliers", ["name"], [[name], [[name]]])
    show_pairs({"name": name})

    assert capsys.readouterr().out == f"suppliers\nname\n{shown}\n{shown}\nname  {shown}\n"
