"""Agreements, mandates, standing requests and epochs, every version, in SQL."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, insert, select

from hub.exchange.stages import Paper, PaperKind, PaperOutline, PaperState
from hub.exchange.store.instants import from_micros, optional_micros, optional_moment, to_micros
from hub.exchange.store.json_text import from_text, names, read_names, to_text
from hub.exchange.store.statements import Fields, Line, Prepared, replacing
from hub.exchange.store.tables import table
from hub.protocols.names import Digest, EpochId, MemberId

_paper: Final = table("paper")
_wrapped: Final = table("wrapped_key")

_named: Final = (_paper.c.kind == bindparam("kind"), _paper.c.name == bindparam("name"))
_NEWEST: Final = Prepared(select(_paper).where(*_named).order_by(_paper.c.version.desc()).limit(1))
_ONE: Final = Prepared(select(_paper).where(*_named, _paper.c.version == bindparam("version")))
_ALL: Final = Prepared(select(_paper).where(_named[0]).order_by(_paper.c.name, _paper.c.version))
_OUTLINED: Final = (
    "name", "version", "digest", "parties", "signed_by", "state", "valid_from", "valid_until", "log_index",
)  # fmt: skip
_OUTLINES: Final = Prepared(
    select(*(_paper.c[name] for name in _OUTLINED)).where(_named[0]).order_by(_paper.c.name, _paper.c.version)
)
_PUT: Final = Prepared(
    insert(_paper),
    replacing(
        "kind",
        "name",
        "version",
        columns=(
            "digest",
            "document",
            "signed",
            "parties",
            "signed_by",
            "state",
            "valid_from",
            "valid_until",
            "log_index",
        ),
    ),
)
_WRAPPED: Final = Prepared(
    select(_wrapped.c.box).where(
        _wrapped.c.epoch == bindparam("epoch"), _wrapped.c.member == bindparam("member")
    )
)
_PUT_WRAPPED: Final = Prepared(insert(_wrapped), replacing("epoch", "member", columns=("box",)))


class SqlPapers:
    """`ports.Papers` over a unit of work."""

    __slots__ = ("_line",)

    def __init__(self, line: Line) -> None:
        self._line = line

    def get(self, kind: PaperKind, name: str, version: int | None = None) -> Paper | None:
        """One version, or the newest."""
        if version is None:
            row = self._line.row(_NEWEST, kind=kind.value, name=name)
        else:
            row = self._line.row(_ONE, kind=kind.value, name=name, version=version)
        return None if row is None else _read(row)

    def all(self, kind: PaperKind) -> Sequence[Paper]:
        """Every version of every paper of a kind, by name and version."""
        return [_read(row) for row in self._line.rows(_ALL, kind=kind.value)]

    def outlines(self, kind: PaperKind) -> Sequence[PaperOutline]:
        """Every version of every paper of a kind, by name and version, without documents."""
        return [_outline(row) for row in self._line.rows(_OUTLINES, kind=kind.value)]

    def put(self, paper: Paper) -> None:
        """Keep a paper or its new state."""
        self._line.change(
            _PUT,
            kind=paper.kind.value,
            name=paper.name,
            version=paper.version,
            digest=paper.digest,
            document=to_text(paper.document),
            signed=to_text(paper.signed),
            parties=names(paper.parties),
            signed_by=names(paper.signed_by),
            state=paper.state.value,
            valid_from=to_micros(paper.valid_from),
            valid_until=optional_micros(paper.valid_until),
            log_index=paper.log_index,
        )

    def wrapped_key(self, epoch: EpochId, member: MemberId) -> str | None:
        """The epoch's linkage key as wrapped for one member."""
        row = self._line.row(_WRAPPED, epoch=epoch, member=member)
        return None if row is None else row[0]

    def put_wrapped_key(self, epoch: EpochId, member: MemberId, box: str) -> None:
        """Keep a wrapped linkage key for one member; the hub cannot open it."""
        self._line.change(_PUT_WRAPPED, epoch=epoch, member=member, box=box)


def _outline(row: Fields) -> PaperOutline:
    name, version, digest, parties, signed_by, state, valid_from, valid_until, log_index = row
    return PaperOutline(
        name=name,
        version=version,
        digest=Digest(digest),
        parties=read_names(parties),
        signed_by=read_names(signed_by),
        state=PaperState(state),
        valid_from=from_micros(valid_from),
        valid_until=optional_moment(valid_until),
        log_index=log_index,
    )


def _read(row: Fields) -> Paper:
    (
        kind,
        name,
        version,
        digest,
        document,
        signed,
        parties,
        signed_by,
        state,
        valid_from,
        valid_until,
        log_index,
    ) = row
    return Paper(
        kind=PaperKind(kind),
        name=name,
        version=version,
        digest=Digest(digest),
        document=from_text(document),
        signed=from_text(signed),
        parties=read_names(parties),
        signed_by=read_names(signed_by),
        state=PaperState(state),
        valid_from=from_micros(valid_from),
        valid_until=optional_moment(valid_until),
        log_index=log_index,
    )
