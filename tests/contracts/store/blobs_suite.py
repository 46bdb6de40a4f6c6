"""What every store of images must do."""

import hashlib
from collections.abc import Iterator

import pytest

from domain.errors import MalformedError, RefusedError
from tests.contracts.store.world import World

PDF = b"%PDF-1.4 invoice"


class BlobsSuite:
    def test_an_image_comes_back_under_the_digest_of_its_bytes(self, world: World) -> None:
        digest, size = world.blobs.put([PDF[:5], PDF[5:]], max_bytes=100)
        assert (digest, size) == (hashlib.sha256(PDF).hexdigest(), len(PDF))
        assert world.blobs.get(digest) == PDF
        assert world.blobs.head(digest, size=4) == b"%PDF"

    def test_the_same_image_twice_is_kept_once(self, world: World) -> None:
        assert world.blobs.put([PDF], max_bytes=100) == world.blobs.put([PDF], max_bytes=len(PDF))

    def test_an_image_past_the_limit_is_refused_without_reading_on(self, world: World) -> None:
        read = []

        def chunks() -> Iterator[bytes]:
            for number in range(10):
                read.append(number)
                yield b"x" * 40

        with pytest.raises(RefusedError) as refusal:
            world.blobs.put(chunks(), max_bytes=100)
        assert refusal.value.code == "IMAGE_TOO_LARGE"
        assert read == [0, 1, 2]

    def test_an_image_that_is_not_there_is_named(self, world: World) -> None:
        with pytest.raises(MalformedError) as missing:
            world.blobs.get("ab" * 32)
        assert missing.value.record == "ab" * 32
        with pytest.raises(MalformedError):
            world.blobs.head("ab" * 32, size=4)
