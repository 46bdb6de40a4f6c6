"""A Dockerfile as data: its stages and their instructions, as far as ours uses the language."""

import re
import shlex
from dataclasses import dataclass

INSTRUCTION = re.compile(r"^(?P<word>[A-Z]+)\s+(?P<rest>.*)$", re.DOTALL)


@dataclass(frozen=True)
class Instruction:
    """One instruction; rest: what follows its word, continued lines joined, comments gone."""

    word: str
    rest: str

    @property
    def commands(self) -> list[list[str]]:
        """The commands of a RUN, split at `&&`; raises ValueError for anything else of the shell."""
        if re.search(r"[;|<>`$]|\|\|", self.rest):
            raise ValueError(f"RUN uses the shell: {self.rest}")
        return [shlex.split(part) for part in self.rest.split("&&")]


@dataclass(frozen=True)
class Stage:
    """One stage: the image it begins with, its name ("" for the last one), and its instructions."""

    image: str
    name: str
    instructions: tuple[Instruction, ...]

    def of(self, word: str) -> list[Instruction]:
        """Give the instructions with this word, in order."""
        return [one for one in self.instructions if one.word == word]


def stages(text: str) -> list[Stage]:
    """Parse a Dockerfile. Raises ValueError for a line that is no instruction, or one before the first FROM."""
    found: list[Stage] = []
    for line in _joined(text):
        match = INSTRUCTION.match(line)
        if match is None:
            raise ValueError(f"no instruction: {line}")
        if match["word"] == "FROM":
            image, _, name = match["rest"].partition(" AS ")
            found.append(Stage(image.strip(), name.strip(), ()))
        elif not found:
            raise ValueError(f"before the first FROM: {line}")
        else:
            last = found[-1]
            added = (*last.instructions, Instruction(match["word"], match["rest"].strip()))
            found[-1] = Stage(last.image, last.name, added)
    return found


def _joined(text: str) -> list[str]:
    kept = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    lines = re.sub(r"\\\n\s*", " ", kept).splitlines()
    return [line.strip() for line in lines if line.strip()]
