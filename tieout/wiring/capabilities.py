"""What the adapters say they cannot do without, for the commands that test a connection."""

from adapters.infor.capabilities import required


def needed_transactions(missing: tuple[str, ...]) -> tuple[str, ...]:
    """Give those of the M3 transactions a tenant lacks that the Infor adapter cannot do without."""
    return required(missing)
