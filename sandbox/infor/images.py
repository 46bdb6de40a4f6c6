"""Makes the bytes of scanned invoices: small files that begin, and end, as their kind does."""

import hashlib
import struct
import zlib

from sandbox.infor.records import Image

_PREVIEW_SIZE = 1_500


def image_bytes(image: Image) -> bytes:
    """Give the full document, always the same bytes for the same image, `image.size` long."""
    return _MAKERS[image.kind](image.salt, image.size)


def preview_bytes(image: Image) -> bytes:
    """Give the small preview, a JPEG."""
    return _jpeg(f"{image.salt}/preview", _PREVIEW_SIZE)


def _noise(salt: str, size: int) -> bytes:
    return hashlib.shake_256(salt.encode()).digest(size)


def _pdf(salt: str, size: int) -> bytes:
    head = (
        b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
        b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
        b"2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n"
        b"3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] >>\nendobj\n"
    )
    tail = b"\nendstream\nendobj\ntrailer\n<< /Root 1 0 R /Size 5 >>\n%%EOF\n"
    opening = b"4 0 obj\n<< /Length %010d >>\nstream\n"
    room = size - len(head) - len(tail) - len(opening % 0)
    return head + opening % room + _noise(salt, room) + tail


def _png(salt: str, size: int) -> bytes:
    side = 32
    rows = b"".join(b"\x00" + _noise(f"{salt}/{row}", side) for row in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    made = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows))
    end = _chunk(b"IEND", b"")
    room = size - len(made) - len(end) - len(_chunk(b"teXt", b""))
    return made + _chunk(b"teXt", _noise(salt, room)) + end


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _jpeg(salt: str, size: int) -> bytes:
    head = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x48\x00\x48\x00\x00"
    room = size - len(head) - 2
    return head + _noise(salt, room).replace(b"\xff", b"\xfe") + b"\xff\xd9"


def _tiff(salt: str, size: int) -> bytes:
    entries = [
        (256, 3, 1, 16),
        (257, 3, 1, 16),
        (258, 3, 1, 8),
        (273, 4, 1, _TIFF_HEAD),
        (279, 4, 1, size - _TIFF_HEAD),
    ]
    directory = struct.pack("<H", len(entries))
    directory += b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = (b"II*\x00" + struct.pack("<I", 8) + directory).ljust(_TIFF_HEAD, b"\x00")
    return head + _noise(salt, size - len(head))


_TIFF_HEAD = 74  # 8 of the header, 2 of the count, 5 entries of 12, 4 of the next directory
_MAKERS = {"pdf": _pdf, "png": _png, "jpeg": _jpeg, "tiff": _tiff}
