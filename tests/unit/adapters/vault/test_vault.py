"""Credentials and data keys rest encrypted; an erased key stays erased."""

from pathlib import Path
from uuid import uuid4

import pytest

from adapters.vault.credentials import fingerprint
from adapters.vault.data_keys import CACHE_SECONDS, DataKeys
from adapters.vault.keyring import KeyRing, generate_ring
from domain.errors import MisconfiguredError
from domain.event import Personal
from tests.unit.adapters.eventlog.sqlite_files import NOW, RING, SUPPLIER, append, fresh, opened


def test_credentials_come_back_and_only_their_fingerprints_are_listed(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        mark = store.credentials.put("acme", "infor", b"top secret")
        store.credentials.put("acme", "avidxchange", b"other secret")
        assert store.credentials.get("acme", "infor") == b"top secret"
        assert store.credentials.fingerprints() == {
            ("acme", "avidxchange"): fingerprint(b"other secret"),
            ("acme", "infor"): mark,
        }
        assert all(b"top secret" not in path.read_bytes() for path in tmp_path.iterdir())


def test_credentials_are_replaced_only_on_purpose(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        store.credentials.put("acme", "infor", b"one")
        with pytest.raises(MisconfiguredError, match="rotate"):
            store.credentials.put("acme", "infor", b"two")
        assert store.credentials.get("acme", "infor") == b"one"
        assert store.credentials.replace("acme", "infor", b"two") == fingerprint(b"two")
        assert store.credentials.get("acme", "infor") == b"two"


def test_removed_credentials_are_gone_and_their_neighbours_stay(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        for name in ("acme", "beta"):
            store.credentials.put(name, "infor", b"one")
        store.credentials.put("acme", "avidxchange", b"two")
        assert store.credentials.remove("acme") == ("avidxchange", "infor")
        assert store.credentials.remove("acme") == ()
        assert list(store.credentials.fingerprints()) == [("beta", "infor")]


def test_missing_credentials_name_the_connection_and_the_system(tmp_path: Path) -> None:
    with fresh(tmp_path) as store, pytest.raises(MisconfiguredError, match="'acme' has no credentials for infor"):
        store.credentials.get("acme", "infor")


def test_credentials_under_a_lost_key_name_the_setting(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        store.credentials.put("acme", "infor", b"one")
    with (
        opened(tmp_path / "tieout.db", ring=KeyRing.parse(generate_ring())) as store,
        pytest.raises(MisconfiguredError, match="TIEOUT_KEYS"),
    ):
        store.credentials.get("acme", "infor")


def test_a_stream_keeps_one_data_key_whoever_asks(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        streams = [uuid4() for _ in range(3)]
        keys = store.data_keys.ensure(streams)
        other = DataKeys(store.database, RING, now=lambda: NOW)
        assert other.ensure([*streams, uuid4()]).items() >= keys.items()
        assert len(set(keys.values())) == 3
        assert all(key is not None and len(key) == 32 for key in keys.values())


def test_a_stream_that_never_had_a_key_is_a_fault_of_the_vault(tmp_path: Path) -> None:
    with fresh(tmp_path) as store, pytest.raises(MisconfiguredError, match="no data key"):
        store.data_keys.get([uuid4()])


def test_erasing_the_key_erases_the_supplier_and_leaves_every_event(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        stream = append(store, SUPPLIER)
        store.data_keys.erase(stream)
        (recorded,) = store.log.load([stream])[stream]
        assert recorded.event.content.tax_id == Personal("")  # type: ignore[attr-defined]  # a SupplierRecorded
        append(store, SUPPLIER, stream=stream)
        assert store.log.load([stream])[stream][1].event == recorded.event
        assert store.data_keys.ensure([stream]) == {stream: None}


def test_a_key_erased_by_another_process_is_forgotten_within_a_minute(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        seconds = [0.0]
        here = DataKeys(store.database, RING, now=lambda: NOW, monotonic=lambda: seconds[0])
        stream = uuid4()
        here.ensure([stream])
        store.data_keys.erase(stream)
        assert here.get([stream])[stream] is not None
        seconds[0] += CACHE_SECONDS + 1
        assert here.get([stream]) == {stream: None}


def test_personal_data_never_stands_in_the_file(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        append(store, SUPPLIER)
        assert all(b"Main Street" not in path.read_bytes() for path in tmp_path.iterdir())
