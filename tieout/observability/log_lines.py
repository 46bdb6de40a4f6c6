"""A log line for every run that did something, so that a collector of logs can follow the work."""

import logging

from tieout.observability.runs import DONE, IDLE, Answered, Call, Finished, Run

logger = logging.getLogger(__name__)


class LogLines:
    """An observer that logs the end of runs: as information when they did their work, idle ones for the curious.

    What went wrong is logged by whoever gives it its verdict; here it is a fact among others.
    """

    def run_began(self, run: Run) -> Finished:
        """Log the end of the run with its outcome."""

        def finished(outcome: str, seconds: float) -> None:
            level = logging.DEBUG if outcome == IDLE else logging.INFO
            fields = {"outcome": outcome, "seconds": round(seconds, 3)}
            verb = "did its work" if outcome == DONE else f"ended: {outcome}"
            logger.log(level, "%s of %s %s", run.errand, run.connection, verb, extra=fields)

        return finished

    def call_began(self, call: Call) -> Answered:  # noqa: ARG002 (the port's signature)
        """Say nothing: calls are counted and traced, a line each would drown the rest."""
        return lambda _status: None
