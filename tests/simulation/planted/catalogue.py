"""Every bug that is planted in a schedule, by its name."""

from tests.simulation.planted.amount_bugs import AMOUNT_BUGS
from tests.simulation.planted.invoice_bugs import INVOICE_BUGS
from tests.simulation.planted.machinery_bugs import MACHINERY_BUGS
from tests.simulation.planted.planting import Bug
from tests.simulation.planted.posting_bugs import POSTING_BUGS
from tests.simulation.planted.rule_bugs import RULE_BUGS
from tests.simulation.planted.untold_bugs import UNTOLD_BUGS

ALL = (*INVOICE_BUGS, *POSTING_BUGS, *MACHINERY_BUGS, *AMOUNT_BUGS, *UNTOLD_BUGS, *RULE_BUGS)
BUGS: dict[str, Bug] = {bug.name: bug for bug in ALL}
