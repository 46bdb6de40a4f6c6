"""How the two vendors write what we send, and what we keep of what they say: the adapters' pure parts, for the fakes.

The fakes of the simulation read the very bytes that would go out, held to the same deadlines; the rule stays that only
the wiring imports adapters.
"""

from adapters.avidxchange import mapping
from adapters.avidxchange.errors import codes_forbidden
from adapters.avidxchange.found import CLOSED
from adapters.avidxchange.payments import read_payment
from adapters.avidxchange.settings import AvidSettings
from adapters.http_messages import Deadline, Reply
from adapters.infor.parm import encode_parms
from adapters.infor.settings import DEFAULT_PARM_LAYOUT, InforSettings

__all__ = [
    "CLOSED",
    "DEFAULT_PARM_LAYOUT",
    "AvidSettings",
    "Deadline",
    "InforSettings",
    "Reply",
    "codes_forbidden",
    "encode_parms",
    "mapping",
    "read_payment",
]
