"""Settings files for tests: a small one that works, and a way to load texts."""

from pathlib import Path

from tieout.settings import Settings, load_file

INFOR = """
[connections.acme.infor]
company = 100
divisions = ["AAA"]
payment_interface = "AVXPAY"
"""
AVID = """
[connections.acme.avidxchange]
base_url = "https://avid.test/v1"
"""


def loaded(folder: Path, text: str, **environ: str) -> Settings:
    """Write a file and load it."""
    file = folder / "tieout.toml"
    file.write_text(text, encoding="utf-8")
    return load_file(file, environ=environ)
