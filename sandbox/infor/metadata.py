"""The fields of a transaction and the check of a record against them."""

import re
from datetime import datetime

import msgspec

from sandbox.infor.refusals import TerminationError

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_DATE_LENGTH = 8


class Field(msgspec.Struct, frozen=True):
    """One field: type A text, N number, D date, and its length."""

    name: str
    type: str
    length: int
    mandatory: bool


class Transaction(msgspec.Struct, frozen=True):
    """One transaction; `company` says whether it needs the company it acts for."""

    program: str
    name: str
    inputs: dict[str, Field]
    outputs: dict[str, Field]
    several: bool  # a list, not a single record
    company: bool

    @property
    def path(self) -> str:
        """Give "PROGRAM/Transaction"."""
        return f"{self.program}/{self.name}"


def read_fields(text: str) -> dict[str, Field]:
    """Read "*DIVI A3; CONO N3" (a star marks what is mandatory) into fields by name."""
    fields = {}
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        name, kind = part.split()
        bare = name.lstrip("*")
        fields[bare] = Field(bare, kind[0], int(kind[1:]), name != bare)
    return fields


def check_record(transaction: Transaction, record: dict[str, str]) -> None:
    """Check names, types, lengths and what is mandatory; raises TerminationError."""
    inputs = transaction.inputs
    for name, value in record.items():
        field = inputs.get(name)
        if field is None:
            raise TerminationError("InputFieldNotFound", f"Field {name} is unknown in {transaction.path}")
        if value.strip():
            _check_value(field, value)
    for field in inputs.values():
        if field.mandatory and not record.get(field.name, "").strip():
            raise TerminationError("MandatoryInputFieldNotFound", f"Mandatory field {field.name} is missing")


def _check_value(field: Field, value: str) -> None:
    if field.type == "A":
        if len(value) > field.length:
            raise TerminationError("InputFieldTooLong", f"Field {field.name} exceeds {field.length}")
        return
    bare = value.strip()
    if field.type == "D":
        if not _is_date(bare):
            raise TerminationError("InputFieldNotDate", f"Field {field.name} is no date yyyyMMdd")
        return
    if _NUMBER.fullmatch(bare) is None:
        raise TerminationError("InputFieldNotNumeric", f"Field {field.name} is not numeric")
    if sum(sign.isdigit() for sign in bare) > field.length:
        raise TerminationError("InputFieldTooLong", f"Field {field.name} exceeds {field.length}")


def _is_date(text: str) -> bool:
    if len(text) != _DATE_LENGTH or not text.isascii() or not text.isdigit():
        return False
    try:
        datetime.strptime(text + "+0000", "%Y%m%d%z")
    except ValueError:
        return False
    return True
