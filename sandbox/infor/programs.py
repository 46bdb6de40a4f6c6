"""Which function answers which transaction."""

from sandbox.infor import batches, codes, exportmi, general, ledger, purchases, suppliers
from sandbox.infor.engine import Call, Engine, Handler, Row
from sandbox.infor.metadata_tables import all_transactions
from sandbox.infor.tenant import Tenant

_HANDLERS: dict[str, Handler] = {
    "MNS150MI/GetUserData": general.get_user_data,
    "MNS100MI/LstDivisions": general.list_divisions,
    "MNS100MI/GetBasicData": general.get_division,
    "GENERAL/GetServerTime": general.get_server_time,
    "CRS620MI/LstSuppliers": suppliers.list_suppliers,
    "CRS620MI/GetBasicData": suppliers.get_basic_data,
    "CRS620MI/LstAddresses": suppliers.list_addresses,
    "CRS111MI/List": suppliers.list_emails,
    "CRS630MI/LstAccountID": codes.list_codes,
    "CRS750MI/GetGLSettings": codes.get_settings,
    "EXPORTMI/Select": exportmi.select,
    "APS200MI/GetInvTotInfo": ledger.get_totals,
    "APS200MI/LstInvoiceTrans": ledger.list_transactions,
    "GLS200MI/LstVoucherLines": ledger.list_voucher_lines,
    "GLS200MI/LstVouchersByDt": ledger.list_vouchers_by_date,
    "APS450MI/LstInvBySupInv": purchases.list_batch_numbers,
    "APS450MI/LstLines": purchases.list_lines,
    "APS251MI/AddInfoCat": purchases.add_note,
    "APS251MI/GetInvInfo": purchases.list_notes,
    "GLS840MI/AddBatchHead": batches.add_head,
    "GLS840MI/AddBatchLine": batches.add_line,
    "GLS840MI/CtrlBatch": batches.check_batch,
    "GLS840MI/UpdBatch": batches.hand_over,
}


def build_engine(tenant: Tenant) -> Engine:
    """Build the engine; the repository (MRS001MI) describes the very transactions it has."""
    handlers = dict(_HANDLERS)
    engine = Engine(tenant, all_transactions(), handlers)
    handlers["MRS001MI/LstTransactions"] = lambda call: _list_transactions(engine, call)
    handlers["MRS001MI/LstFields"] = lambda call: _list_fields(engine, call)
    return engine


def _list_transactions(engine: Engine, call: Call) -> list[Row]:
    program = call.text("MINM")
    return [
        {"MINM": program, "TRNM": held.name, "TRDS": held.name, "SIMU": "M" if held.several else "S"}
        for held in engine.transactions.values()
        if held.program == program
    ]


def _list_fields(engine: Engine, call: Call) -> list[Row]:
    held = engine.transactions.get(f"{call.text('MINM')}/{call.text('TRNM')}")
    if held is None:
        return []
    direction = call.text("TRTP")
    rows: list[Row] = []
    start = 16  # the positions of M3's own record begin after the transaction's name
    for field in (held.inputs if direction == "I" else held.outputs).values():
        rows.append(
            {
                "MINM": held.program,
                "TRNM": held.name,
                "TRTP": direction,
                "FLNM": field.name,
                "FLDS": field.name,
                "FRPO": str(start),
                "TOPO": str(start + field.length - 1),
                "LENG": str(field.length),
                "TYPE": field.type,
                "MAND": "1" if field.mandatory else "0",
            }
        )
        start += field.length
    return rows
