"""The answers to upserts of vendors and codes, matched by key, or by their order where an item has no key."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from adapters.avidxchange.errors import refusal
from adapters.avidxchange.wire import Result, Text, read_results, text
from adapters.http_messages import Reply
from adapters.unreadable import UNREADABLE
from domain.errors import MalformedError, TransientError
from domain.ports.answers import RecordAnswer, Verdict

_K = TypeVar("_K")


class _VendorItem(msgspec.Struct, rename="pascal"):
    external_id: Text = None
    vendor_id: Text = None
    status: Text = None


class _CodeItem(msgspec.Struct, rename="pascal"):
    group_name: Text = None
    code_value: Text = None


def vendor_answers(reply: Reply, external_ids: Sequence[str]) -> dict[str, RecordAnswer]:
    """Judge a PUT of vendors, by ExternalId. Raises TransientError when nothing can be read."""

    def key(item: msgspec.Raw) -> str | None:
        return text(_read(item, _VendorItem).external_id) or None

    return _answers(reply, external_ids, key)


def code_answers(reply: Reply, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], RecordAnswer]:
    """Judge a PUT of codes, by (group, value). Raises TransientError when nothing can be read."""

    def key(item: msgspec.Raw) -> tuple[str, str] | None:
        read = _read(item, _CodeItem)
        return (text(read.group_name), text(read.code_value)) if text(read.code_value) else None

    return _answers(reply, keys, key)


def _answers(reply: Reply, keys: Sequence[_K], key: Callable[[msgspec.Raw], _K | None]) -> dict[_K, RecordAnswer]:
    try:
        results = read_results(reply)
    except MalformedError as error:
        raise TransientError(str(error), status=reply.status) from error
    wanted, in_order = set(keys), len(results) == len(keys)
    answers: dict[_K, RecordAnswer] = {}
    for index, result in enumerate(results):
        named = key(result.item)
        if named is None and in_order:
            named = keys[index]
        answer = _judge(result)
        if named is not None and named in wanted and answer is not None:
            answers[named] = answer
    return answers


def _judge(result: Result) -> RecordAnswer | None:
    if result.successful is None:
        return None
    if not result.successful:
        return refusal(result)
    item = _read(result.item, _VendorItem)
    return RecordAnswer(verdict=Verdict.CONFIRMED, item_id=text(item.vendor_id), status=text(item.status))


_I = TypeVar("_I", _VendorItem, _CodeItem)


def _read(item: msgspec.Raw, kind: type[_I]) -> _I:
    try:
        return msgspec.json.decode(item, type=kind)
    except UNREADABLE:
        return kind()  # an item nobody can read names nobody: it is matched by its order, or not at all
