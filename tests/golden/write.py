"""Write the golden files that are missing: `python -m tests.golden.write`. What was shipped is never overwritten."""

from domain.event import topics
from tests.golden.stored import EXAMPLES, FOLDER, make, path_of


def write_missing() -> list[str]:
    """Write a file for each registered topic without one; give their topics."""
    FOLDER.mkdir(exist_ok=True)
    missing = [topic for topic in sorted(EXAMPLES) if topic in topics() and not path_of(topic).exists()]
    for topic in missing:
        path_of(topic).write_bytes(make(topic))
    return missing


if __name__ == "__main__":
    for written in write_missing():
        print(path_of(written).name)  # noqa: T201 (a script's answer)
