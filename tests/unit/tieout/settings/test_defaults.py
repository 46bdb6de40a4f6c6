"""The settings' defaults are the adapters' own, so that a page of documentation never lies about a connection."""

import msgspec

from adapters.avidxchange.settings import AvidSettings
from adapters.infor.settings import Assumptions
from tieout.settings import AssumedSection, AvidSection


def test_what_is_assumed_of_infor_is_the_adapters_assumption() -> None:
    adapter = msgspec.structs.asdict(Assumptions())
    section = msgspec.structs.asdict(AssumedSection())
    section["document_attributes"] = tuple(section["document_attributes"].items())

    assert section == {key: value for key, value in adapter.items() if key != "page_rows"}


def test_what_is_assumed_of_avidxchange_is_the_adapters_assumption() -> None:
    adapter = AvidSettings(base_url="https://avid.test/v1")
    section = AvidSection(base_url="https://avid.test/v1")
    shared = set(adapter.__struct_fields__) & set(section.__struct_fields__) - {"dimensions"}

    assert {key: getattr(section, key) for key in shared} == {key: getattr(adapter, key) for key in shared}
    assert {"paths", "page_size", "settled_statuses", "check_method"} <= shared
