"""How the two vendors write what we send: the adapters' pure parts, for the fakes of the simulation.

The fakes read the very bytes that would go out, and the rule stays that only the wiring imports adapters.
"""

from adapters.avidxchange import mapping
from adapters.avidxchange.errors import codes_forbidden
from adapters.avidxchange.found import CLOSED
from adapters.http_messages import Reply
from adapters.infor.parm import encode_parms
from adapters.infor.settings import DEFAULT_PARM_LAYOUT, InforSettings

__all__ = ["CLOSED", "DEFAULT_PARM_LAYOUT", "InforSettings", "Reply", "codes_forbidden", "encode_parms", "mapping"]
