"""The reference pages made from the code: settings, events, commands. `python -m tieout.reference [--check] [DIR]`."""

import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import typer

import domain.routing
from domain.event import Event, topics
from tieout.cli import build
from tieout.schedule.plan import Rhythm
from tieout.settings import SettingsFile
from tieout.settings.decoding import expected
from tieout.settings.environment import STANDARD, VARIABLES, WITHOUT_FILE
from tieout.settings.shape import ConnectionSection
from tieout.settings.template import description, toml_value

FOLDER = Path("docs/reference")
_MADE = "This page is made from the code by `python -m tieout.reference`; edit the code, not the page.\n"
_KINDS = {
    "supplier": "Suppliers",
    "ledger-code": "Ledger codes",
    "ledger-row": "Ledger rows",
    "invoice": "Invoices",
    "invoice-index": "The index of invoices to look at again",
    "payment": "Payments",
    "posting": "Postings",
    "poll": "Polls",
    "errand": "Errands",
    "connection": "Connections",
    "dead-letter": "Dead letters of the broker",
    "issue": "Issues",
}


def pages() -> dict[str, str]:
    """Give every page by its file name."""
    return {"settings.md": settings_page(), "events.md": events_page(), "cli.md": cli_page()}


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or with --check say which ones are not what the code says (exit code 1)."""
    names = [argument for argument in arguments if not argument.startswith("--")]
    folder = Path(names[0]) if names else FOLDER
    stale = [name for name, text in pages().items() if not _same(folder / name, text)]
    if "--check" in arguments:
        for name in stale:
            sys.stderr.write(f"{folder / name} is not what the code says: run `python -m tieout.reference`\n")
        return 1 if stale else 0
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
    return 0


def settings_page() -> str:
    """Write the page of settings: every section with its keys, then the environment."""
    parts = ["# Settings\n\n", _MADE, _SETTINGS_HEAD]
    for name, hint in get_type_hints(SettingsFile).items():
        if name == "connections":
            for section, kind in get_type_hints(ConnectionSection).items():
                parts.extend(_sections(f"connections.NAME.{section}", kind))
        else:
            parts.extend(_sections(name, hint))
    parts.append("## Environment\n\n| variable | meaning |\n|---|---|\n")
    for name, text in VARIABLES.items():
        twin = "" if name in WITHOUT_FILE else f" or `{name}_FILE`"
        parts.append(f"| `{name}`{twin} | {text} |\n")
    parts.append("\n`NAME_FILE` names a file that holds the value; setting both is an error.\n")
    parts.append(
        "\nStandard variables that tieout obeys, see docs/how-to/network.md:\n\n| variable | meaning |\n|---|---|\n"
    )
    parts.extend(f"| `{name}` | {text} |\n" for name, text in STANDARD.items())
    return _joined(parts)


def events_page() -> str:
    """Write the page of events: every topic with what it says, its fields, and what becomes due."""
    parts = ["# Events\n\n", _MADE, _EVENTS_HEAD]
    # By module, then as written there: in the order they were imported in, the page would hang on who makes it.
    found = dict(sorted(topics().items(), key=lambda pair: pair[1].__module__))
    for kind, title in _KINDS.items():
        parts.append(f"## {title}\n\n")
        for name, event in found.items():
            if name.partition(".")[0] == kind:
                parts.append(_event(name, event))
    unknown = sorted({name.partition(".")[0] for name in found} - _KINDS.keys())
    if unknown:
        raise LookupError(f"events of {', '.join(unknown)} have no heading in the reference")
    parts.append("## Shapes\n\nWhat the fields above are made of.\n\n")
    shapes = {shape.__name__: shape for event in found.values() for shape in _shapes(event)}
    parts.extend(f"### {name}\n\n{_docstring(shape)}\n\n{_fields(shape)}" for name, shape in sorted(shapes.items()))
    return _joined(parts)


def cli_page() -> str:
    """Write the page of commands: every one with its arguments, options and example."""
    root: Any = typer.main.get_command(build())
    parts = ["# Commands\n\n", _MADE, _CLI_HEAD, _options(root)]
    for path, command in _commands(root, "tieout"):
        parts.append(f"## {path}\n\n{command.help}\n\n")
        parts.append(_options(command))
        parts.append(f"Example: `{command.epilog.removeprefix('Example: ')}`\n\n")
    return _joined(parts)


_KINDS_OF_VALUE = {int: "a number", float: "a number", Path: "a file or folder"}
_SETTINGS_HEAD = """
`tieout.toml` is looked for in `--config FILE`, `TIEOUT_CONFIG`, the working folder, then the user's config folder
(`$XDG_CONFIG_HOME/tieout` or `~/.config/tieout`). Durations are an integer and `s`, `m`, `h` or `d`. Unknown keys are
errors. A value that asks for behaviour which is not built yet is refused (exit 2). Secrets never stand in this file.

"""
_EVENTS_HEAD = """
Every event carries, beside its own fields, its connection, both times (when it happened, when we learned it), what it
belongs to (correlation), what led to it (causation), the actor and the mapping version. The topic ends in the version
of its shape. Fields of type `Personal` are stored as ciphertext under a key of their stream.

"""
_CLI_HEAD = """
Exit codes: 0 done · 1 unexpected fault · 2 wrong usage or settings · 3 done, but something is left: open issues,
waiting or in doubt (`sync`, `connection test`, `doctor`) · 4 a remote or service gives no usable answer ·
5 verification failed. `--json` prints one JSON document on stdout; everything else goes to stderr.

"""


def _sections(name: str, section: type[msgspec.Struct]) -> Iterator[str]:
    hints = get_type_hints(section, include_extras=True)
    yield f"## [{name}]\n\n{_docstring(section)}\n\n| key | takes | default | meaning |\n|---|---|---|---|\n"
    nested = []
    for field in msgspec.structs.fields(section):
        plain = _plain(hints[field.name])
        if isinstance(plain, type) and issubclass(plain, msgspec.Struct):
            nested.append((f"{name}.{field.name}", plain))
            continue
        fields = _fields_of_list(plain)
        takes = "a list of tables" if fields else _takes(hints[field.name])
        yield f"| `{field.name}` | {takes} | {_default(field)} | {_cell(description(hints[field.name]))} |\n"
        nested.extend([(f"{name}.{field.name} (each table)", fields)] if fields else [])
    yield "\n"
    for inner, kind in nested:
        yield from _sections(inner, kind)


def _takes(hint: Any) -> str:
    plain = _plain(hint)
    if plain is timedelta:
        return "a duration"
    if plain == Rhythm:
        return "a duration, or a cron expression"
    meta = next((extra for extra in get_args(hint)[1:] if isinstance(extra, msgspec.Meta)), None)
    return _cell(expected(plain, meta))


def _fields_of_list(plain: Any) -> type[msgspec.Struct] | None:
    first = get_args(plain)[0] if get_origin(plain) is tuple else None
    return first if isinstance(first, type) and issubclass(first, msgspec.Struct) else None


def _default(field: Any) -> str:
    if field.required:
        return "(needed)"
    default = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    return "" if default is None else f"`{_cell(toml_value(default))}`"


def _event(name: str, event: type[Event]) -> str:
    moves = "" if event in domain.routing.NOTHING else "Routed: work becomes due or ends.\n\n"
    return f"### {event.__name__}\n\n`{name}`\n\n{_docstring(event)}\n\n{moves}{_fields(event)}"


def _fields(shape: type[msgspec.Struct]) -> str:
    rows = "".join(
        f"| `{field.name}` | {_cell(_type_name(field.type))} | {'' if field.required else 'optional'} |\n"
        for field in msgspec.structs.fields(shape)
    )
    return f"| field | type | |\n|---|---|---|\n{rows}\n" if rows else ""


def _shapes(shape: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    """Name the structs a shape's fields are made of, at any depth."""
    kinds = [field.type for field in msgspec.structs.fields(shape)]
    while kinds:
        kind = kinds.pop()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            yield kind
            yield from _shapes(kind)
        kinds.extend(get_args(kind))


def _type_name(kind: Any) -> str:
    if get_origin(kind) is not None:
        inner = [_type_name(one) for one in get_args(kind) if one is not Ellipsis]
        if type(None) in get_args(kind):
            return " or ".join(name for name in inner if name != "None") + " or nothing"
        return (
            f"list of {inner[0]}" if get_origin(kind) is tuple else f"{get_origin(kind).__name__} of {', '.join(inner)}"
        )
    return "None" if kind is type(None) else getattr(kind, "__name__", str(kind))


def _commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def _options(command: Any) -> str:
    rows = []
    for parameter in command.params:
        if parameter.name == "help" or getattr(parameter, "hidden", False):
            continue
        is_option = parameter.param_type_name == "option"
        shown = ", ".join(f"`{name}`" for name in parameter.opts) if is_option else f"`{parameter.metavar}`"
        takes = _cell(_value_of(parameter)) if is_option and not parameter.is_flag else ""
        needed = "needed" if parameter.required else ""
        rows.append(f"| {shown} | {takes} | {needed} | {_cell(getattr(parameter, 'help', '') or '')} |\n")
    return f"| option or argument | takes | | meaning |\n|---|---|---|---|\n{''.join(rows)}\n" if rows else ""


def _value_of(option: Any) -> str:
    """Say what an option takes: its choices, its unit or kind, its bounds."""
    kind = option.type_descriptor.annotation
    if get_origin(kind) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(kind))
    bounds = [f"{word} {bound:g}" for word, bound in (("from", option.min), ("to", option.max)) if bound is not None]
    return " ".join([f"`{option.metavar}`" if option.metavar else _KINDS_OF_VALUE.get(kind, "text"), *bounds])


def _docstring(thing: type) -> str:
    lines = (line.strip() for line in (thing.__doc__ or "").strip().splitlines())
    return "\n".join(lines)


def _plain(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _joined(parts: Sequence[str]) -> str:
    return "".join(parts).rstrip() + "\n"


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
