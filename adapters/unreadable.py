"""What reading somebody's JSON may raise: no JSON, another shape, bytes that are no UTF-8, or nested beyond reading."""

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
