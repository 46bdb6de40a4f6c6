"""Prints how many states each search of the model visited, at the end of the test run."""

from collections.abc import Callable

import pytest

from tests.model.search import Finding

Searched = Callable[[str, Finding], Finding]
FINDINGS = pytest.StashKey[list[tuple[str, Finding]]]()


@pytest.fixture
def searched(request: pytest.FixtureRequest) -> Searched:
    """Return a function that notes a finding for the summary and prints its trace (shown with -s)."""
    findings = request.config.stash.setdefault(FINDINGS, [])

    def note(what: str, finding: Finding) -> Finding:
        findings.append((what, finding))
        verdict = finding.broken or ("stuck" if finding.stuck else "sound")
        print(f"\n{what}: {verdict}")  # noqa: T201  # -s is asked for to read this
        for number, name in enumerate(finding.trace):
            print(f"  {number:2} {name}")  # noqa: T201  # -s is asked for to read this
        return finding

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write the state counts."""
    findings = config.stash.get(FINDINGS, [])
    if not findings:
        return
    terminalreporter.section("model of the doubt protocol: states searched")
    for what, finding in sorted(findings, key=lambda row: (row[1].broken, row[0])):
        verdict = f"breaks ({finding.broken}) in {len(finding.trace) - 1} steps" if finding.broken else "sound"
        terminalreporter.write_line(f"{finding.states:>9,} states {finding.edges:>10,} moves  {what}: {verdict}")
    total = sum(finding.states for _, finding in findings)
    terminalreporter.write_line(f"{total:>9,} states in all")
