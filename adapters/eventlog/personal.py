"""Personal fields within an event: found by type, written as ciphertext under their stream's data key."""

import os
from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.errors import MalformedError
from domain.event import Event, Personal

NONCE_BYTES = 12
ERASED = Personal("")


@cache
def holds_personal(event_type: type[Event]) -> bool:
    """Whether events of this type may hold personal fields at all."""
    return _holds(msgspec.inspect.type_info(event_type), frozenset())


def seal(event: Event, *, stream: UUID, key: bytes | None) -> Event:
    """Replace the personal fields by ciphertext; under an erased key (None) nothing is kept of them."""
    cipher = None if key is None else AESGCM(key)

    def sealed(personal: Personal) -> Personal:
        if cipher is None or not personal.value:
            return ERASED
        nonce = os.urandom(NONCE_BYTES)
        data = nonce + cipher.encrypt(nonce, personal.value.encode(), stream.bytes)
        return Personal(b64encode(data).decode())

    result: Event = _replaced(event, sealed)
    return result


def unseal(event: Event, *, stream: UUID, key: bytes | None) -> Event:
    """Replace the ciphertext by the personal fields; under an erased key they are empty."""
    cipher = None if key is None else AESGCM(key)

    def opened(personal: Personal) -> Personal:
        if cipher is None or not personal.value:
            return ERASED
        try:
            data = b64decode(personal.value, validate=True)
            return Personal(cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], stream.bytes).decode())
        except (ValueError, InvalidTag):
            text = f"a personal field of stream {stream} does not open with its data key"
            raise MalformedError(text, record=str(stream)) from None

    result: Event = _replaced(event, opened)
    return result


def _replaced(value: Any, change: Callable[[Personal], Personal]) -> Any:
    """Rebuild a value with its personal fields changed; parts without any stay the same objects."""
    result = value
    if isinstance(value, Personal):
        result = change(value)
    elif isinstance(value, msgspec.Struct):
        fields = ((name, getattr(value, name)) for name in value.__struct_fields__)
        changed = {name: new for name, old in fields if (new := _replaced(old, change)) is not old}
        result = msgspec.structs.replace(value, **changed) if changed else value
    elif isinstance(value, tuple):
        parts = tuple(_replaced(part, change) for part in value)
        result = parts if any(new is not old for new, old in zip(parts, value, strict=True)) else value
    elif isinstance(value, dict):
        result = {name: _replaced(part, change) for name, part in value.items()}
    return result


def _holds(info: msgspec.inspect.Type, above: frozenset[type]) -> bool:
    match info:
        case msgspec.inspect.StructType(cls=cls):
            inner = (field.type for field in info.fields) if cls not in above else ()
            return cls is Personal or any(_holds(part, above | {cls}) for part in inner)
        case msgspec.inspect.UnionType(types=parts) | msgspec.inspect.TupleType(item_types=parts):
            return any(_holds(part, above) for part in parts)
        case msgspec.inspect.VarTupleType(item_type=part):
            return _holds(part, above)
        case msgspec.inspect.DictType(value_type=part):
            return _holds(part, above)
        case msgspec.inspect.CollectionType(item_type=part):
            if _holds(part, above):
                raise TypeError(f"{part}: personal fields may stand in structs, tuples and dicts only")
    return False
