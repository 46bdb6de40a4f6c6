"""AvidXchange (AvidConnect REST) behind the payables port."""

from adapters.avidxchange.client import AvidXchange
from adapters.avidxchange.settings import AvidSettings, Credentials

__all__ = ["AvidSettings", "AvidXchange", "Credentials"]
