"""What is wrong with an installation, and how to mend it: one check per thing, one sentence each."""

from tieout.diagnosis.check import BAD, OK, WARN, Check
from tieout.diagnosis.everything import diagnose

__all__ = ["BAD", "OK", "WARN", "Check", "diagnose"]
