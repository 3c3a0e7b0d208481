"""The `hub` command: the operator's verbs, and every group that is installed beside it.

Operator verbs work on the database of this machine, beside a running hub: what they change is an
errand that the sequencer records. Members' verbs (`hub publish`, `hub inbox`, ...) come from the
entry-point group `hub.commands`, the one place where something is loaded that no import names.

Exit codes: 0 good, 1 failed, 2 usage, 3 refused by agreement or rule, 4 proof or signature failed,
5 try later.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer
from typer.models import CommandInfo

from hub import __version__
from hub.exchange.errors import Declined, HubFault
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.names import MemberId, MemberKind, parse_id
from hub.settings import Settings, SettingsError, describe_settings, load_settings

if TYPE_CHECKING:
    from hub.assembly import Assembly

FAILED, USAGE, REFUSED, UNPROVED, LATER = 1, 2, 3, 4, 5
COMMANDS: Final = "hub.commands"
ORIGIN_FILE: Final = "public-origin"
"""Where, in the data folder, `hub serve` leaves the address that it was started under."""

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
                  help="Mover Exchange Hub: operator's and member's verbs.")  # fmt: skip
db = typer.Typer(no_args_is_help=True, help="The database's schema.")
member = typer.Typer(no_args_is_help=True, help="Who takes part.")
log = typer.Typer(no_args_is_help=True, help="The disclosure log.")
linkage = typer.Typer(no_args_is_help=True, help="Linkage epochs, whose keys the hub never holds.")
config = typer.Typer(no_args_is_help=True, help="What is set, and from where.")
for name, group in (("db", db), ("member", member), ("log", log), ("linkage", linkage), ("config", config)):
    app.add_typer(group, name=name)

Data = Annotated[Path | None, typer.Option("--data", help="Data folder (else HUB_DATA_DIR).")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Who = Annotated[str, typer.Argument(help="Id of a member: mbr_...")]


# --- run ------------------------------------------------------------------------------------------


@app.command()
def serve(
    data: Data = None,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 8000,
) -> None:
    """Serve the API; embedded, this process also carries what waits."""
    import uvicorn

    environment = _environment(data)
    here = f"http://{host}:{port}"
    with _answers():
        settings = load_settings({"HUB_PUBLIC_ORIGIN": here, **environment})
        _remember_origin(settings, here, given="HUB_PUBLIC_ORIGIN" in os.environ)
        os.environ.update(environment, HUB_PUBLIC_ORIGIN=settings.public_origin)
        uvicorn.run(
            "hub.app:from_environment",
            factory=True,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="on",
            timeout_graceful_shutdown=5,
        )


@app.command()
def worker(data: Data = None) -> None:
    """Carry what waits, nudged through Redis."""
    _celery(data, "worker", "--pool=solo", "--loglevel=INFO", "--without-gossip", "--without-mingle")


@app.command()
def beat(data: Data = None) -> None:
    """Nudge the workers once a slot."""
    _celery(data, "beat", "--loglevel=INFO", "--schedule", str(_settings(data).data_dir / "beat-schedule"))


@app.command()
def version(*, as_json: AsJson = False) -> None:
    """Say which hub this is."""
    _say({"version": __version__}, f"Mover Exchange Hub {__version__}", as_json=as_json)


@app.command()
def doctor(data: Data = None, *, as_json: AsJson = False) -> None:
    """Look whether a hub could run here, and say what is missing."""
    checks = dict(_examine(_environment(data)))
    lines = [f"{'ok    ' if not fault else 'FAILED'}  {what}{': ' + fault if fault else ''}"
             for what, fault in checks.items()]  # fmt: skip
    _say(
        {"checks": {what: fault or "ok" for what, fault in checks.items()}}, "\n".join(lines), as_json=as_json
    )
    if any(checks.values()):
        raise typer.Exit(FAILED)


@config.command("show")
def config_show(data: Data = None, *, as_json: AsJson = False) -> None:
    """Show every setting and where it comes from; secrets are masked."""
    environment = _environment(data)
    rows = describe_settings(_settings(data), environment)
    lines = "\n".join(f"{variable:32} {value:40} {origin}" for variable, value, origin in rows)
    _say(
        {variable: {"value": value, "origin": origin} for variable, value, origin in rows},
        lines,
        as_json=as_json,
    )


@config.command("check")
def config_check(data: Data = None) -> None:
    """Say whether a hub may start with these settings."""
    _settings(data)
    typer.echo("These settings are good.")


# --- the database -----------------------------------------------------------------------------------


@db.command("upgrade")
def db_upgrade(data: Data = None) -> None:
    """Bring the database up to this version's schema."""
    from hub.exchange.store.migrations import upgrade

    settings = _settings(data)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _answers():
        upgrade(settings.database)
    typer.echo("The database has this version's schema.")


@db.command("check")
def db_check(data: Data = None) -> None:
    """Say whether the database has this version's schema; exit 1 where it has not."""
    from hub.exchange.store.schema_version import is_current

    if not is_current(_settings(data).database):
        _fail("the database has another version's schema: run `hub db upgrade`", FAILED)
    typer.echo("The database has this version's schema.")


@app.command()
def fsck(data: Data = None, *, as_json: AsJson = False) -> None:
    """Check that everything kept holds together; exit 1 where anything does not."""
    from hub.exchange.store.audit import audit_store
    from hub.exchange.store.check import check_store

    with _hub(data) as hub, hub.store.read() as work:
        findings = [*check_store(work, hub.hub.log_key), *audit_store(work, hub.hub)]
    found = [{"code": one.code, "where": one.where, "detail": one.detail} for one in findings]
    lines = [f"{one['code']}  {one['where']}: {one['detail']}" for one in found]
    _say({"findings": found}, "\n".join(lines) or "Everything holds together.", as_json=as_json)
    if found:
        raise typer.Exit(FAILED)


# --- members ------------------------------------------------------------------------------------------


@member.command("invite")
def member_invite(
    who: Who,
    name: Annotated[str, typer.Option(help="The organisation's name.")],
    kind: Annotated[MemberKind, typer.Option(help="What sort of organisation it is.")],
    area: Annotated[str | None, typer.Option(help="DfE code of an authority's area.")] = None,
    data: Data = None,
    *,
    made_up: Annotated[bool, typer.Option("--made-up", help="Made-up: meets trial members alone.")] = False,
    as_json: AsJson = False,
) -> None:
    """Invite an organisation; hand the code over to it, and nobody else."""
    from hub.exchange.enrol import invite

    with _hub(data) as hub, hub.store.write() as work:
        code = invite(_member(who), name, kind, work, hub.hub, area=area, made_up=made_up)
    answer = {"member": who, "code": code, "hub": hub.settings.public_origin}
    lines = (
        f"{code}\n\nThe code is good once, for 14 days. In the member's home:\n"
        f"  hub gateway init --hub {hub.settings.public_origin} --member {who} --code {code}"
    )
    _say(answer, lines, as_json=as_json)


@member.command("approve")
def member_approve(
    who: Who,
    fingerprint: Annotated[
        str, typer.Option(help="Eight letters or more of its identity key's fingerprint, as read out to you.")
    ],
    data: Data = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Admit a member to trial, once its key's fingerprint has been compared by telephone."""
    from hub.exchange.enrol import approve

    with _hub(data) as hub, hub.store.write() as work:
        admitted = approve(_member(who), fingerprint, work, hub.hub)
    _say(
        {"member": who, "standing": admitted.standing.value},
        f"{who} is admitted to trial. It goes live with its first countersigned agreement.",
        as_json=as_json,
    )


@member.command("suspend")
def member_suspend(who: Who, data: Data = None, *, as_json: AsJson = False) -> None:
    """Suspend a member at once: it may not enter, nothing goes to it or leaves it."""
    from hub.exchange.enrol import suspend

    with _hub(data) as hub, hub.store.write() as work:
        suspended = suspend(_member(who), work, hub.hub)
    _say({"member": who, "standing": suspended.standing.value}, f"{who} is suspended.", as_json=as_json)


@member.command("revoke-key")
def member_revoke_key(
    who: Who,
    key_id: Annotated[str, typer.Argument(help="The key's thumbprint, as `hub member show` lists it.")],
    data: Data = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Take a lost or stolen key out of use at once: its signatures, and tokens asked for with it, end."""
    from hub.exchange.enrol import revoke_key
    from hub.protocols.names import KeyId

    with _hub(data) as hub, hub.store.write() as work:
        revoked = revoke_key(_member(who), KeyId(key_id), work, hub.hub)
    _say({"member": who, "key_id": key_id, "use": revoked.use.value},
         f"The {revoked.use.value} key of {who} is out of use.", as_json=as_json)  # fmt: skip


@member.command("list")
def member_list(data: Data = None, *, as_json: AsJson = False) -> None:
    """List every member."""
    with _hub(data) as hub, hub.store.read() as work:
        found = [_member_json(one) for one in work.members.all()]
    lines = [f"{one['member']:28} {one['standing']:10} {one['kind']:16} {one['name']}" for one in found]
    _say({"members": found}, "\n".join(lines) or "No members yet: hub member invite", as_json=as_json)


@member.command("matrix")
def member_matrix(
    csv: Annotated[Path | None, typer.Option(help="Write every cell to this file.", dir_okay=False)] = None,
    svg: Annotated[Path | None, typer.Option(help="Draw it into this file.", dir_okay=False)] = None,
    data: Data = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show which member may tell which what, by kind of notice, with the gaps."""
    from hub.consent.matrix import matrix, participants, table, to_csv
    from hub.consent.matrix_picture import to_svg
    from hub.exchange.decide import read_agreements, read_terms

    with _hub(data) as hub, hub.store.read() as work:
        now = hub.hub.now()
        agreements, mandates = read_agreements(work), read_terms(work, now).mandates
    people = participants(agreements, mandates)
    cells = matrix(agreements, people, now)
    for path, text in ((csv, to_csv(cells)), (svg, to_svg(cells, people))):
        if path is not None:
            path.write_text(text, encoding="utf-8")
    found = [
        {"notice_type": cell.notice_type.value, "sender": cell.sender, "recipient": cell.recipient,
         "flow": cell.flow.value, "told": {category.value: list(by) for category, by in cell.told.items()}}
        for cell in cells
    ]  # fmt: skip
    _say({"cells": found}, table(cells, people) if people else "No agreements yet.", as_json=as_json)


@member.command("show")
def member_show(who: Who, data: Data = None, *, as_json: AsJson = False) -> None:
    """Show a member and its keys."""
    with _hub(data) as hub, hub.store.read() as work:
        known = work.members.get(_member(who))
        if known is None:
            _fail("there is no member of this id", FAILED)
        keys = [
            {
                "key_id": key.key_id,
                "use": key.use.value,
                "log_index": key.log_index,
                "valid_until": key.valid_until.isoformat(),
                "revoked": key.revoked_at_index is not None,
            }
            for key in work.members.keys(_member(who))
        ]
    shown = {**_member_json(known), "keys": keys}
    lines = [f"{field:10} {shown[field]}" for field in _member_json(known)]
    for key in keys:
        state = "  revoked" if key["revoked"] else ""
        lines.append(f"key        {key['use']:9} {key['key_id']}  entry {key['log_index']}{state}")
    _say(shown, "\n".join(lines), as_json=as_json)


# --- the log --------------------------------------------------------------------------------------------


@log.command("checkpoint")
def log_checkpoint(data: Data = None, *, as_json: AsJson = False) -> None:
    """Print the last signed checkpoint."""
    with _hub(data) as hub, hub.store.read() as work:
        signed = work.log.signed()
    if signed is None:
        _fail("no checkpoint has been signed yet", LATER)
    _say({"size": signed[0], "checkpoint": signed[1], "vkey": hub.hub.log_key.vkey}, signed[1].rstrip(),
         as_json=as_json)  # fmt: skip


@log.command("status")
def log_status(data: Data = None, *, as_json: AsJson = False) -> None:
    """Say how long the log is and who has cosigned it; exit 1 where nobody has for a day, or it shrank."""
    from hub.exchange.disclosure_log import check_head
    from hub.exchange.witnessing import ALARM, last_cosigned

    alarms, cosigned = list[str](), None
    with _hub(data) as hub, hub.store.read() as work:
        signed = work.log.signed()
        if signed is None:
            _fail("no checkpoint has been signed yet", LATER)
        try:
            check_head(work, hub.hub)
        except HubFault as fault:
            alarms.append(fault.detail)
        cosigned = last_cosigned(work, hub.hub)
        now, wanted = hub.hub.now(), hub.hub.witnesses
    if wanted and (cosigned is None or now - cosigned[1] > ALARM):
        alarms.append("no member has cosigned the log for 24 hours: addresses are not handed over meanwhile")
    lines = [f"entries    {signed[0]}", f"asked for  {wanted} other members"]
    if cosigned is not None:
        members = ", ".join(sorted(cosigned[2]))
        lines.append(f"cosigned   {cosigned[0]} entries, {cosigned[1]:%Y-%m-%d %H:%M:%S} UTC, by {members}")
    red = [typer.style(f"ALARM      {alarm}", fg="red", bold=True) for alarm in alarms]
    told = {"size": signed[0], "witnesses": wanted, "alarms": alarms,
            "cosigned": None if cosigned is None else {"size": cosigned[0], "at": cosigned[1].isoformat(),
                                                       "by": sorted(cosigned[2])}}  # fmt: skip
    _say(told, "\n".join([*lines, *red]), as_json=as_json)
    if alarms:
        raise typer.Exit(FAILED)


@log.command("publish")
def log_publish(
    folder: Annotated[Path, typer.Argument(help="Folder to write the log to.")],
    data: Data = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Write the log as static files (C2SP layout) with its key and policy, the checkpoint last."""
    from hub.exchange.witnessing import policy_of
    from hub.protocols.log_directory import files_of
    from hub.protocols.policy import encode_policy

    with _hub(data) as hub, hub.store.read() as work:
        signed = work.log.signed()
        if signed is None:
            _fail("no checkpoint has been signed yet", LATER)
        count = _write_files(folder, files_of(signed[1], work.log.node, work.log.leaves))
        policy = encode_policy(policy_of(work, hub.hub))
    _write_file(folder / "policy", policy.encode())
    _write_file(folder / "vkey", (hub.hub.log_key.vkey + "\n").encode())
    _say({"folder": str(folder), "size": signed[0], "files": count},
         f"{signed[0]} entries in {count} files under {folder}", as_json=as_json)  # fmt: skip


@log.command("remember")
def log_remember(
    note: Annotated[Path, typer.Argument(help="A checkpoint that a member has kept.")],
    data: Data = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Remember anew what was last signed, where that file was lost; exit 1 where the log does not hold it.

    Take the largest checkpoint that any member has: a database that does not contain it is an older one.
    """
    from hub.exchange.disclosure_log import check_head
    from hub.protocols.checkpoint import verify_checkpoint
    from hub.protocols.merkle import root_at

    with _hub(data) as hub:
        kept = verify_checkpoint(note.read_text("utf-8"), hub.hub.log_key)
        with hub.store.read() as work:
            size, signed = work.log.size(), work.log.signed()
            if size < kept.size or root_at(kept.size, work.log.node) != kept.root:
                raise HubFault("log-rolled-back", "this database does not contain what the member has seen")
            newest = max(kept.size, 0 if signed is None else signed[0])
            hub.hub.guard.remember(newest, root_at(newest, work.log.node))
            check_head(work, hub.hub)
    _say({"size": newest}, f"The log is remembered as signed with {newest} entries.", as_json=as_json)


@log.command("verify")
def log_verify(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of a published log; else the database's.")
    ] = None,
    vkey: Annotated[str | None, typer.Option(help="The log's key, as handed over out of band.")] = None,
    data: Data = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Check every file of a log against its signed checkpoint; exit 4 where one does not hold."""
    from hub.protocols.log_directory import files_of, verify_directory

    with _answers(malformed=UNPROVED):
        if folder is not None:
            key = vkey or (folder / "vkey").read_text("utf-8").strip()
            audit = verify_directory(lambda path: (folder / path).read_bytes(), key)
        else:
            with _hub(data) as hub, hub.store.read() as work:
                signed = work.log.signed()
                if signed is None:
                    _fail("no checkpoint has been signed yet", LATER)
                files = dict(files_of(signed[1], work.log.node, work.log.leaves))
                audit = verify_directory(files.__getitem__, vkey or hub.hub.log_key)
    _say(
        {"size": audit.checkpoint.size, "entries": audit.entries, "tiles": audit.tiles, "holds": True},
        f"The log holds: {audit.entries} entries, {audit.tiles} tiles, as signed.",
        as_json=as_json,
    )


@log.command("export")
def log_export(
    file: Annotated[Path, typer.Argument(help="File to write, - for standard output.", allow_dash=True)],
    data: Data = None,
) -> None:
    """Write every entry that can be opened, one a line: index, record, salt. No person is in it."""
    from hub.protocols.canonical import b64u

    with _hub(data) as hub, hub.store.read() as work:
        signed = work.log.signed()
        entries = [work.log.entry(index) for index in range(0 if signed is None else signed[0])]
        opened = [(one.index, one.opening) for one in entries if one is not None and one.opening is not None]
    lines = "".join(
        json.dumps({"index": index, "record": opening.record, "salt": b64u(opening.salt)}) + "\n"
        for index, opening in opened
        if not opening.is_filler
    )
    if str(file) == "-":
        typer.echo(lines, nl=False)
        return
    with _answers():
        _write_file(file, lines.encode())
    typer.echo(f"{lines.count(chr(10))} entries in {file}")


@linkage.command("status", rich_help_panel="The operator, beside the hub")
def linkage_status(data: Data = None, *, as_json: AsJson = False) -> None:
    """List linkage epochs, how many members have each one's key, and what the custodian has to do."""
    from hub.exchange.renew import rotation_due
    from hub.exchange.stages import PaperKind

    with _hub(data) as hub, hub.store.read() as work:
        members = [one.member for one in work.members.all()]
        found = [
            {
                "epoch": paper.name,
                "state": paper.state.value,
                "valid_until": None if paper.valid_until is None else paper.valid_until.isoformat(),
                "wrapped_to": sum(work.papers.wrapped_key(paper.name, one) is not None for one in members),  # type: ignore[arg-type]  # an epoch's paper is named by its id
            }
            for paper in work.papers.all(PaperKind.EPOCH)
        ]
        due = rotation_due(work, hub.hub)
    lines = [f"{one['epoch']}  {one['state']:10} until {one['valid_until']}  {one['wrapped_to']} members"
             for one in found] or ["No epoch yet: the custodian opens one."]  # fmt: skip
    told = {"custodian": hub.settings.custodian, "epochs": found, "due": due}
    _say(told, "\n".join([*lines, *due]), as_json=as_json)


# --- how --------------------------------------------------------------------------------------------------


def _environment(data: Path | None) -> dict[str, str]:
    environment = dict(os.environ)
    if data is not None:
        environment["HUB_DATA_DIR"] = str(data)
    known = Path(environment.get("HUB_DATA_DIR", "hub-data")) / ORIGIN_FILE
    if "HUB_PUBLIC_ORIGIN" not in environment and known.is_file():
        environment["HUB_PUBLIC_ORIGIN"] = known.read_text("utf-8").strip()
    return environment


def _remember_origin(settings: Settings, here: str, *, given: bool) -> None:
    """Keep the address that this hub is known by, for the verbs that work beside it.

    The log is signed under it, and members have pinned it: a hub that is served elsewhere than before
    by mistake would not be believed, so that is refused.
    """
    if not given and settings.public_origin != here:
        raise SettingsError(
            [f"this hub is known as {settings.public_origin}: serve it there, or set HUB_PUBLIC_ORIGIN"]
        )
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    (settings.data_dir / ORIGIN_FILE).write_text(settings.public_origin + "\n", "utf-8")


def _settings(data: Path | None) -> Settings:
    with _answers():
        return load_settings(_environment(data))


@contextmanager
def _hub(data: Path | None) -> Iterator["Assembly"]:
    from hub.assembly import assemble

    with _answers():
        hub = assemble(_settings(data))
        try:
            yield hub
        finally:
            hub.close()


@contextmanager
def _answers(malformed: int = FAILED) -> Iterator[None]:
    """Turn what is raised into one line and an exit code; `malformed` is that of a form that is wrong."""
    try:
        yield
    except SettingsError as fault:
        _fail(str(fault), USAGE)
    except Untrusted as fault:
        _fail(f"{fault.code}: {fault.detail}", UNPROVED)
    except MalformedMessage as fault:
        _fail(f"{fault.code}: {fault.detail}", malformed)
    except Declined as fault:
        _fail(f"{fault.code}: {fault.detail}", REFUSED)
    except HubFault as fault:
        _fail(f"{fault.code}: {fault.detail}", LATER if fault.code == "store-busy" else FAILED)
    except OSError as fault:
        _fail(f"{type(fault).__name__}: {fault.strerror}: {fault.filename}", FAILED)


def _fail(text: str, code: int) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(code)


def _say(answer: Mapping[str, Any], lines: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(answer, indent=2) if as_json else lines)


def _member(text: str) -> MemberId:
    try:
        return MemberId(parse_id(text, "mbr"))
    except MalformedMessage as fault:
        _fail(fault.detail, USAGE)


def _member_json(one: Any) -> dict[str, Any]:  # noqa: ANN401 - imported only where it is used
    return {
        "member": one.member,
        "name": one.name,
        "kind": one.kind.value,
        "standing": one.standing.value,
        "area": one.area,
        "made_up": one.made_up,
    }


def _write_files(folder: Path, files: Iterator[tuple[str, bytes]]) -> int:
    count = 0
    for path, data in files:
        _write_file(folder / path, data)
        count += 1
    return count


def _write_file(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(data)
    beside.replace(path)


def _examine(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    from hub.exchange.store.schema_version import is_current
    from hub.protocols.suites import self_test

    yield "Python 3.11 or newer", "" if sys.version_info >= (3, 11) else "install a newer Python"
    yield "cryptography's self-test", _fault_of(self_test)
    try:
        settings = load_settings(environment)
    except SettingsError as fault:
        yield "settings", "; ".join(fault.lines)
        return
    yield "settings", ""
    yield "data folder", "" if settings.data_dir.is_dir() else "not there yet; the first start makes it"
    for what, path in (("hub's key", settings.signing_key_path), ("index key", settings.index_key_path)):
        yield what, "" if path.is_file() else "not there yet; in demo mode the first start makes it"
    if settings.data_dir.is_dir():
        fine = _fault_of(lambda: is_current(settings.database) or _unlike())
        yield "database", fine


def _unlike() -> NoReturn:
    raise SettingsError(["another version's schema: run `hub db upgrade`"])


def _fault_of(act: Callable[[], object]) -> str:
    try:
        act()
    except (ProtocolError, HubFault, SettingsError, OSError) as fault:
        return str(fault)
    return ""


def _celery(data: Path | None, *words: str) -> NoReturn:
    """Become Celery: its own process handling of signals is the right one."""
    environment = _environment(data)
    _settings(data)
    os.execve(  # noqa: S606 - our own interpreter, our own module
        sys.executable, [sys.executable, "-m", "celery", "-A", "hub.worker", *words], environment
    )


def mount(into: typer.Typer) -> None:
    """Add every command and group that is installed under the entry point `hub.commands`.

    A group that is here already takes the other's commands in: `hub linkage` has verbs of both sides.
    Raises `ValueError` where two verbs have one name: the one that came later would never be heard of.
    """
    for entry in sorted(entry_points(group=COMMANDS), key=lambda one: one.name):
        found = entry.load()
        _take_in(into, found)
        for added in found.registered_groups:
            ours = [one.typer_instance for one in into.registered_groups if one.name == added.name]
            if ours and ours[0] is not None and added.typer_instance is not None:
                _take_in(ours[0], added.typer_instance)
            else:
                into.registered_groups.append(added)


def _take_in(into: typer.Typer, found: typer.Typer) -> None:
    verbs = [_verb(one) for one in (*into.registered_commands, *found.registered_commands)]
    if twice := {verb for verb in verbs if verbs.count(verb) > 1}:
        raise ValueError(f"two commands have one name: {', '.join(sorted(twice))}")
    into.registered_commands.extend(found.registered_commands)


def _verb(command: CommandInfo) -> str:
    return command.name or getattr(command.callback, "__name__", "").replace("_", "-")


def main() -> None:
    """Run the command."""
    mount(app)
    app()


if __name__ == "__main__":
    main()
