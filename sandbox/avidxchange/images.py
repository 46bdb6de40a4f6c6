"""Judges an invoice image by its content: base64, digest, size and type."""

import base64
import binascii
import hashlib
import re

from sandbox.avidxchange.fields import Fields

KNOWN = frozenset({"FileName", "ContentType", "Sha256", "Content"})
MAGIC = (b"%PDF-", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*")
DIGEST = re.compile(r"[0-9a-f]{64}")
LONGEST_BASE64 = 20_000_000


def read_image(record: Fields, *, max_bytes: int) -> str | None:
    """Return the image's SHA-256 in lower-case hex; None without an image or after a refusal."""
    image = record.child("Image", KNOWN)
    if image is None:
        return None
    image.text("FileName", 255, required=True)
    image.text("ContentType", 255, required=True)
    stated = image.text("Sha256", 64, required=True)
    content = image.text("Content", LONGEST_BASE64, required=True)
    if not content or not stated:
        return None
    try:
        raw = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        image.refuse("FIELD_INVALID", "Content", "is not base64")
        return None
    if len(raw) > max_bytes:
        image.refuse("IMAGE_TOO_LARGE", "Content", f"has {len(raw)} bytes, at most {max_bytes} are taken")
    if not raw.startswith(MAGIC):
        image.refuse("IMAGE_TYPE", "Content", "is neither PDF, PNG, JPEG nor TIFF")
    digest = hashlib.sha256(raw).hexdigest()
    if not DIGEST.fullmatch(stated) or stated != digest:
        image.refuse("FIELD_INVALID", "Sha256", "is not the lower-case SHA-256 of Content")
    return digest
