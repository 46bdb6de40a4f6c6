import msgspec
import pytest

from adapters.infor import mapping
from adapters.infor.settings import InforSettings
from domain.errors import MalformedError
from domain.event import Personal
from domain.money import Money

SETTINGS = InforSettings(company=100, divisions=("AAA",))
BASIC = {"SUNO": "V1  ", "SUNM": "Acme Ltd  ", "STAT": "20", "CSCD": "US", "PHNO": "1", "TINO": "9", "PRSU": "V2"}
ORDINARY = {"ADTE": "01", "ADID": "A2", "ADR1": "1 Main St", "ADR2": "Fl 2", "ADR3": "", "ADR4": "Box 4", "TOWN": "X"}


def test_an_address_keeps_its_first_line_and_joins_the_rest() -> None:
    earlier = ORDINARY | {"ADID": "A1", "ADR1": "Earlier"}
    found = mapping.supplier(BASIC, [ORDINARY, earlier], [], settings=SETTINGS).address
    assert found is not None
    assert (found.line1, found.line2, found.city) == (Personal("Earlier"), Personal("Fl 2, Box 4"), Personal("X"))
    assert (found.state, found.country) == (None, "US")


def test_the_remit_to_names_the_check_when_it_differs() -> None:
    remit = {"ADTE": "10", "ADR1": "PO Box 1", "SUNM": "Acme Lockbox", "CSCD": "CA"}
    found = mapping.supplier(BASIC, [remit], [], settings=SETTINGS)
    assert found.address is None
    assert found.remit_to is not None
    assert (found.name_on_check, found.remit_to.country) == ("Acme Lockbox", "CA")
    same = mapping.supplier(BASIC, [remit | {"SUNM": "Acme Ltd"}], [], settings=SETTINGS)
    assert same.name_on_check is None


def test_the_first_email_that_is_one_is_taken() -> None:
    found = mapping.supplier(
        BASIC, [{"ADTE": "1"}], [{"EMAL": " "}, {"EMAL": "a@b"}, {"EMAL": "c@d"}], settings=SETTINGS
    )
    assert (found.email, found.phone, found.tax_id) == (Personal("a@b"), Personal("1"), Personal("9"))
    assert (found.number, found.name, found.payee, found.address) == ("V1", "Acme Ltd", "V2", None)


@pytest.mark.parametrize("field", ["SUNO", "SUNM", "STAT"])
def test_a_supplier_without_number_name_or_status_is_malformed(field: str) -> None:
    with pytest.raises(MalformedError, match=field):
        mapping.supplier(BASIC | {field: " "}, [], [], settings=SETTINGS)


def test_a_code_is_blocked_by_its_flag_and_described_by_its_long_text() -> None:
    row = {"DIVI": "", "AITM": "610100", "TX40": "Rent", "TX15": "R", "LCCD": "1", "VFDT": "0", "VTDT": "20261231"}
    fact = mapping.code_fact(row, settings=SETTINGS)
    assert (fact.blocked, fact.description, fact.valid_from, str(fact.valid_to)) == (True, "Rent", None, "2026-12-31")
    assert mapping.code_fact(row | {"TX40": "", "LCCD": "0"}, settings=SETTINGS).description == "R"


def head_row(**changed: str) -> dict[str, str]:
    return {
        "EPDIVI": "AAA",
        "EPYEA4": "2026",
        "EPJRNO": "7",
        "EPJSNO": "1",
        "EPSPYN": "V2 ",
        "EPSUNO": "V1",
        "EPSINO": "INV 7",
        "EPINYR": "2026",
        "EPVONO": "9",
        "EPVSER": "INV",
        "EPIVDT": "20260301",
        "EPDUDT": "0",
        "EPACDT": "20260301",
        "EPCUCD": "USD",
        "EPCUAM": "-10.00",
        "EPAPRV": "1",
        "EPPYST": "",
        "EPLMDT": "20260302",
    } | changed


def test_an_invoice_is_known_by_payee_and_supplier_and_its_amount_takes_the_setting_sign() -> None:
    settings = msgspec.structs.replace(SETTINGS, amount_sign=-1)
    head = mapping.invoice_head(head_row(), settings=settings)
    assert head.key.external_id == "100|AAA|V2|V1|INV 7|2026"
    assert head.row.natural_key == "100|AAA|2026|7|1"
    assert (head.gross, head.due_date, head.payment_status, head.approved) == (Money(1000), None, 0, True)


@pytest.mark.parametrize(
    "changed", [{"EPIVDT": "0"}, {"EPINYR": ""}, {"EPSINO": " "}, {"EPCUAM": "1.005"}, {"EPCUCD": ""}]
)
def test_a_row_that_does_not_make_an_invoice_is_malformed(changed: dict[str, str]) -> None:
    with pytest.raises(MalformedError):
        mapping.invoice_head(head_row(**changed), settings=SETTINGS)


def test_a_number_that_begins_with_a_blank_is_said_and_not_looked_for_under_another() -> None:
    with pytest.raises(MalformedError, match="'INV 7' begins with a blank"):
        mapping.invoice_head(head_row(EPSINO=" INV 7"), settings=SETTINGS)


def test_totals_take_the_sign_and_blank_amounts_are_zero() -> None:
    row = {"CUCD": "USD", "CUAM": "-10.00", "OCUA": "-4.00", "PCUA": "", "CDCU": "-0.20", "IVBL": "1", "RECO": "0"}
    state = mapping.ledger_state(
        row | {"APRV": "1"}, settings=msgspec.structs.replace(SETTINGS, amount_sign=-1), record="r"
    )
    assert (state.gross, state.outstanding, state.paid, state.discount) == (
        Money(1000),
        Money(400),
        Money(0),
        Money(20),
    )
    assert (state.stopped, state.reconciled, state.approved) == (True, False, True)
    with pytest.raises(MalformedError, match="OCUA"):
        mapping.ledger_state(row | {"OCUA": ""}, settings=SETTINGS, record="r")


def test_a_voucher_line_keeps_m3s_sign_and_its_seven_accounts() -> None:
    row = {"JSNO": "2", "TRCD": "10", "AIT1": "610100", "AIT3": "B1", "CUAM": "-5.00", "DBCR": "c", "VTXT": "x "}
    line = mapping.voucher_line(row, currency="USD", record="r")
    assert line.accounts == ("610100", "", "B1", "", "", "", "")
    assert (line.amount, line.side, line.text) == (Money(-500), "C", "x")
