"""`tieout keys list | rotate | retire`: the keys that the vault is encrypted under."""

from typing import Annotated

import typer

from tieout import output
from tieout.commands.common import AsJson, By, opened, person


def list_(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Show the ids of the keys, newest first, and what lies under each; never a key itself."""
    from tieout.wiring.keyring import key_uses

    with opened(ctx) as deployment:
        uses = key_uses(deployment)
    if as_json:
        output.emit(uses)
        return
    columns = ("key", "newest", "in the ring", ">credentials", ">data keys")
    rows = [(use.id, use.newest, use.in_ring, use.credentials, use.data_keys) for use in uses]
    output.show_table("keys", columns, rows)


def rotate(
    ctx: typer.Context,
    *,
    keep_ring: Annotated[
        bool, typer.Option("--keep-ring", help="Make no new key: only encrypt under the newest one there is.")
    ] = False,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Make a new newest key and encrypt everything under it; broken off anywhere, everything still opens."""
    from tieout.wiring.keyring import rotate_keys

    with opened(ctx) as deployment, output.progress("encrypting anew") as follow:
        done = rotate_keys(
            deployment,
            person=person(by),
            keep_ring=keep_ring,
            progress=lambda count: follow(f"{count} encrypted anew", 0),
        )
    if as_json:
        output.emit(done)
        return
    how = "a new key" if done.new_key else "the newest key there was"
    output.say(f"{done.newest}: {how}; {done.credentials} credentials and {done.data_keys} data keys encrypted anew")
    for key_id in done.unused:
        output.say(f"nothing uses {key_id} any more: `tieout keys retire {key_id}`, once no backup needs it")


def retire(
    ctx: typer.Context,
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, see `tieout keys list`.")],
    *,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Take a key that nothing uses any more out of the ring, for good: a backup made before needs a copy of it."""
    from tieout.wiring.keyring import retire_key

    with opened(ctx) as deployment:
        retire_key(deployment, key_id, person=person(by))
    if as_json:
        output.emit({"retired": key_id})
    else:
        output.say(f"{key_id}: retired")
