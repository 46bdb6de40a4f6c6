"""Every variable the program reads is explained in the reference, and each secret may stand in a file."""

import re
from pathlib import Path

import pytest

from domain.errors import MisconfiguredError
from tests.tidy.tree import ROOMS, python
from tieout.reference import settings_page
from tieout.settings.environment import STANDARD, VARIABLES, WITHOUT_FILE, variable

NAMED = re.compile(r"TIEOUT_[A-Z][A-Z_]*[A-Z]")
BELOW_A_FILE = "tieout.keys/below"  # no user can read it, root neither


def named_in_code() -> set[str]:
    return {name.removesuffix("_FILE") for source in python(*ROOMS) for name in NAMED.findall(source.text)}


def test_every_variable_the_code_names_is_in_the_reference() -> None:
    page = settings_page()

    assert named_in_code() == set(VARIABLES)
    assert [name for name in (*VARIABLES, *STANDARD) if f"`{name}`" not in page] == []
    assert [name for name in VARIABLES if (f"`{name}_FILE`" in page) is (name in WITHOUT_FILE)] == []


def test_a_secret_of_docker_or_kubernetes_loses_its_last_line_break(tmp_path: Path) -> None:
    for name in set(VARIABLES) - WITHOUT_FILE:
        file = tmp_path / name
        file.write_text("top secret\n", encoding="utf-8")

        assert variable({f"{name}_FILE": str(file)}, name) == "top secret"


@pytest.mark.parametrize("name", sorted(set(VARIABLES) - WITHOUT_FILE))
def test_a_file_that_cannot_be_read_is_named_with_its_variable(tmp_path: Path, name: str) -> None:
    (tmp_path / "tieout.keys").write_text("", encoding="utf-8")
    file = tmp_path / BELOW_A_FILE

    with pytest.raises(MisconfiguredError) as caught:
        variable({f"{name}_FILE": str(file)}, name)

    assert f"{name}_FILE names {file}, which cannot be read" in str(caught.value)
    assert "\n" not in str(caught.value)
