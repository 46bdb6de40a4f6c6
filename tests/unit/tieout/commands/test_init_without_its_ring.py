"""`tieout init` where the key ring is missing beside a store: a fresh ring must not take the lost one's place."""

from tests.support.command_line import Desk


def test_no_fresh_ring_is_written_beside_what_another_one_encrypted(desk_of_either_store: Desk) -> None:
    desk = desk_of_either_store
    ring = desk.folder / "tieout.keys"
    (key,) = desk.types("keys", "list", "--json").document
    kept = ring.rename(desk.folder / "copy")

    ran = desk.types("init")

    assert (ran.code, ran.out) == (2, "")
    assert f"{ring} is missing" in ran.err
    assert f"encrypted under {key['id']}:" in ran.err
    assert not ring.exists()

    kept.rename(ring)
    assert desk.types("init").code == 0
    assert desk.types("keys", "list", "--json").document == [key]


def test_a_ring_is_written_anew_where_nothing_was_encrypted_under_the_old_one(desk_of_either_store: Desk) -> None:
    desk = desk_of_either_store
    desk.types("connection", "pause", "acme")
    desk.types("connection", "remove", "acme", "--reason", "sold")
    (key,) = desk.types("keys", "list", "--json").document
    assert (key["credentials"], key["data_keys"]) == (0, 0)
    (desk.folder / "tieout.keys").unlink()

    assert desk.types("init", "--json").document["written"] == ["tieout.keys"]
