"""Values that ask for behaviour which is not built yet; off values never do."""

from typing import Any

from tieout.settings.decoding import Place
from tieout.settings.shape import ConnectionSection, SealSection, SettingsFile


def refuse_not_yet(settings: SettingsFile, root: Place) -> None:
    """Raise MisconfiguredError for the first value that asks for something not built yet."""
    asked: dict[str, Any] = {
        "images.bucket": settings.images.bucket,
        "seal.every": settings.seal.every != SealSection().every,
        "seal.outside": settings.seal.outside,
        "oidc.issuer": settings.oidc.issuer,
    }
    for name, connection in settings.connections.items():
        asked |= {f"connections.{name}.{key}": value for key, value in _of_connection(connection).items()}
    for key, value in asked.items():
        if value:
            raise root.under(key).wrong("asks for behaviour that is not built: not yet, leave it at its default")


def _of_connection(connection: ConnectionSection) -> dict[str, Any]:
    """Give what each key asks for, something false when it is off."""
    infor, safety = connection.infor, connection.safety
    return {
        "infor.closed_period": infor.closed_period != "raise",
        "infor.note_category": infor.note_category,
        "infor.only": infor.only,
        "safety.mode": _wants_observing(safety.mode),
        "safety.approvals": safety.approvals != 1,
        "safety.largest_run": safety.largest_run,
        "safety.largest_day": safety.largest_day,
        "safety.hold_supplier_changes": safety.hold_supplier_changes,
    }


def _wants_observing(mode: str | dict[str, Any]) -> bool:
    return any(each != "live" for each in mode.values()) if isinstance(mode, dict) else mode != "live"
