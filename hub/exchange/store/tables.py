"""The one schema of the hub: what is kept, under which keys, and why each index is there.

Decides columns and constraints alone; the statements are in the modules beside it, and the
migrations repeat this schema in the order in which it came to be (a test holds the two together).
Moments are whole microseconds since 1970 in UTC, so that they sort alike everywhere. Nothing here
is plain personal data: parts are sealed twice, tokens are keyed twice, filters and the published
tokens are sealed under keys that derive from a key outside the database.
"""

from typing import ClassVar, Final

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

Number: Final = BigInteger().with_variant(Integer(), "sqlite")
"""Eight bytes. SQLite numbers rows by itself only where the type is spelled INTEGER."""

NEVER_AGAIN: Final = {"sqlite_autoincrement": True}
"""Numbers that others remember are never used twice, also once the table has been empty."""

CLUSTERED: Final = {"sqlite_with_rowid": False}
"""Rows lie in the order of their key: a look-up by its beginning is one range read."""

STANDING: Final = "state IN ('open', 'closed')"
"""Which notices can still end."""
_STANDING: Final = text(STANDING)


class Row(SQLModel):
    """A row of the schema; the metadata is the hub's own, apart from any other SQLModel user's."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


# --- who takes part ---------------------------------------------------------------------------


class MemberRow(Row, table=True):
    """An organisation that takes part."""

    __tablename__ = "member"
    member: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    standing: str = Field(sa_type=Text)
    made_up: bool
    area: str | None = Field(sa_type=Text)
    allowance: int | None


class MemberKeyRow(Row, table=True):
    """A member's registered key; revoked ones stay, since old signatures are judged by them."""

    __tablename__ = "member_key"
    key_id: str = Field(primary_key=True, sa_type=Text)
    member: str = Field(sa_column_args=(ForeignKey("member.member"),), sa_type=Text, index=True)
    use: str = Field(sa_type=Text)
    jwk: str = Field(sa_type=Text)
    document: str = Field(sa_type=Text)
    suite: str | None = Field(sa_type=Text)
    valid_from: int = Field(sa_type=Number)
    valid_until: int = Field(sa_type=Number)
    log_index: int | None = Field(sa_type=Number)
    revoked_at_index: int | None = Field(sa_type=Number)


class InviteRow(Row, table=True):
    """The digest of an invitation code, single use."""

    __tablename__ = "invite"
    code_digest: str = Field(primary_key=True, sa_type=Text)
    member: str = Field(sa_type=Text)
    valid_until: int = Field(sa_type=Number)
    used_at: int | None = Field(sa_type=Number)


class PaperRow(Row, table=True):
    """One version of a signed document of long life."""

    __tablename__ = "paper"
    kind: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(primary_key=True, sa_type=Text)
    version: int = Field(primary_key=True, sa_type=Number)
    digest: str = Field(sa_type=Text)
    document: str = Field(sa_type=Text)
    signed: str = Field(sa_type=Text)
    parties: str = Field(sa_type=Text)
    signed_by: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    valid_from: int = Field(sa_type=Number)
    valid_until: int | None = Field(sa_type=Number)
    log_index: int | None = Field(sa_type=Number)


class WrappedKeyRow(Row, table=True):
    """An epoch's linkage key as wrapped for one member; the hub cannot open it."""

    __tablename__ = "wrapped_key"
    epoch: str = Field(primary_key=True, sa_type=Text)
    member: str = Field(primary_key=True, sa_type=Text)
    box: str = Field(sa_type=Text)


# --- notices ------------------------------------------------------------------------------------


class NoticeRow(Row, table=True):
    """A kept notice: what was signed, what was promised, what has become of it. Never deleted."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_sender_notice", "sender", "notice"),  # a member's own notices, page by page
        # the sweep of what has ended; without what was swept before, or it would grow slower every year
        Index("ix_notice_expires_at", "expires_at", sqlite_where=_STANDING, postgresql_where=_STANDING),
    )
    rec: int | None = Field(default=None, primary_key=True, sa_type=Number)
    """The short name of the notice inside the database, for postings."""
    notice: str = Field(sa_type=Text, unique=True)
    digest: str = Field(sa_type=Text)
    sender: str = Field(sa_type=Text)
    type: str = Field(sa_type=Text)
    signed_by: str = Field(sa_type=Text)
    realm: str = Field(sa_type=Text)
    epoch: str = Field(sa_type=Text)
    scope: str | None = Field(sa_type=Text)
    flags: str = Field(sa_type=Text)
    asserted_at: int = Field(sa_type=Number)
    kept_at: int = Field(sa_type=Number)
    expires_at: int = Field(sa_type=Number)
    state: str = Field(sa_type=Text)
    log_index: int | None = Field(sa_type=Number)
    manifest: str = Field(sa_type=Text)
    promise: str = Field(sa_type=Text)
    renewed: str | None = Field(sa_type=Text)
    """What its sender signed when it made the tokens anew for a later epoch than the manifest's."""


class EraRow(Row, table=True):
    """One linkage epoch in one realm: a partition of the index. Its number is never used again."""

    __tablename__ = "era"
    __table_args__ = (UniqueConstraint("epoch", "realm"), NEVER_AGAIN)
    number: int | None = Field(default=None, primary_key=True, sa_type=Number)
    epoch: str = Field(sa_type=Text)
    realm: str = Field(sa_type=Text)


class TokensRow(Row, table=True):
    """What a match reads of a notice, narrow so that many lie on one page; gone once forgotten."""

    __tablename__ = "tokens"
    rec: int = Field(primary_key=True, sa_type=Number, sa_column_args=(ForeignKey("notice.rec"),))
    notice: str = Field(sa_type=Text)
    member: str = Field(sa_type=Text)
    era: int = Field(sa_type=Number, sa_column_args=(ForeignKey("era.number"),), index=True)
    tokens: bytes = Field(sa_type=LargeBinary)
    """Head and slots, each token keyed a second time."""
    filters: bytes = Field(sa_type=LargeBinary)
    """Both name filters, sealed under a key outside the database."""


class BodyRow(Row, table=True):
    """What is told or shown of a notice later, each piece sealed under a key of its own."""

    __tablename__ = "body"
    rec: int = Field(primary_key=True, sa_type=Number, sa_column_args=(ForeignKey("notice.rec"),))
    parts: bytes = Field(sa_type=LargeBinary)
    """The ten parts, packed in their order."""
    counter_tokens: bytes = Field(sa_type=LargeBinary)
    """The groups that a key request carries, as published."""
    box: bytes | None = Field(sa_type=LargeBinary)
    """The key box, where the sender named its recipient."""


class RestKeyRow(Row, table=True):
    """The keys of one body, sealed under a key outside the database: without this row it is noise."""

    __tablename__ = "rest_key"
    rec: int = Field(primary_key=True, sa_type=Number, sa_column_args=(ForeignKey("notice.rec"),))
    sealed: bytes = Field(sa_type=LargeBinary)


class CarriedRow(Row, table=True):
    """How many of a member's notices were carried on a day (ISO date)."""

    __tablename__ = "carried"
    __table_args__ = (CLUSTERED,)
    member: str = Field(primary_key=True, sa_type=Text)
    day: str = Field(primary_key=True, sa_type=Text)
    n: int = Field(sa_type=Number)


class PostingRow(Row, table=True):
    """The inverted index: which open notices hold a token. The era's number stands in front of the token."""

    __tablename__ = "posting"
    __table_args__ = (CLUSTERED,)
    tok: int = Field(primary_key=True, sa_type=Number)
    rec: int = Field(primary_key=True, sa_type=Number)


class HeavyRow(Row, table=True):
    """A token that so many hold that it is looked up only where nothing else hits."""

    __tablename__ = "heavy"
    tok: int = Field(primary_key=True, sa_type=Number)


# --- passages, inboxes, work --------------------------------------------------------------------


class PassageRow(Row, table=True):
    """The way of one notice to one recipient."""

    __tablename__ = "passage"
    __table_args__ = (
        UniqueConstraint("notice", "recipient", "counter"),  # never twice the same way
        Index("ix_passage_counter", "counter"),
        Index("ix_passage_state_sender", "state", "sender"),  # refused ones are decided again
    )
    passage: str = Field(primary_key=True, sa_type=Text)
    match: str | None = Field(sa_type=Text)
    notice: str = Field(sa_type=Text)
    counter: str = Field(sa_type=Text)
    """Empty where there is none: a null would escape the unique constraint."""
    sender: str = Field(sa_type=Text)
    recipient: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    strength: str = Field(sa_type=Text)
    request: str | None = Field(sa_type=Text, unique=True)
    asked_for: bytes | None = Field(sa_type=LargeBinary)
    """The key request, sealed: it carries the counter-notice's published tokens."""
    box: str | None = Field(sa_type=Text)
    approved_by: str = Field(sa_type=Text)
    same: bool
    look: str | None = Field(sa_type=Text)
    looked_by: str = Field(sa_type=Text)
    blind: bool
    named: bool


class InboxRow(Row, table=True):
    """One thing that waits for one member. Never numbered twice: members remember where they were."""

    __tablename__ = "inbox"
    __table_args__ = (Index("ix_inbox_member_sequence", "member", "sequence"), NEVER_AGAIN)
    sequence: int | None = Field(default=None, primary_key=True, sa_type=Number)
    item: str = Field(sa_type=Text, unique=True)
    member: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    about: str | None = Field(sa_type=Text)
    passage: str | None = Field(sa_type=Text, index=True)
    body: bytes = Field(sa_type=LargeBinary)
    """JSON; sealed where it is a key request, which carries published tokens."""
    log_index: int = Field(sa_type=Number)
    put_at: int = Field(sa_type=Number)
    stopped: bool


class OutboxRow(Row, table=True):
    """Work that a committed request has promised: the only queue there is."""

    __tablename__ = "outbox"
    __table_args__ = (NEVER_AGAIN,)
    number: int | None = Field(default=None, primary_key=True, sa_type=Number)
    kind: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    body: str = Field(sa_type=Text)
    due: int = Field(sa_type=Number)
    attempts: int = Field(sa_type=Number)
    fault: str | None = Field(sa_type=Text)


class RefusalRow(Row, table=True):
    """One reason of one refusal, for the counts that members get each quarter (I4)."""

    __tablename__ = "refusal"
    __table_args__ = (
        UniqueConstraint("passage", "code", "agreement", "version", "clause"),
        Index("ix_refusal_sender_day", "sender", "day"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Number)
    passage: str = Field(sa_type=Text)
    notice: str = Field(sa_type=Text)
    sender: str = Field(sa_type=Text)
    code: str = Field(sa_type=Text)
    agreement: str = Field(sa_type=Text)
    """Empty where the reason names none, like `clause`; the version is then 0."""
    version: int = Field(sa_type=Number)
    clause: str = Field(sa_type=Text)
    day: str = Field(sa_type=Text)


# --- what two members argue about -------------------------------------------------------------------


class DisputeRow(Row, table=True):
    """A contested release and how the thread about it stands; nothing that is said."""

    __tablename__ = "dispute"
    __table_args__ = (Index("ix_dispute_state_due_at", "state", "due_at"),)
    dispute: str = Field(primary_key=True, sa_type=Text)
    opener: str = Field(sa_type=Text, index=True)
    other: str = Field(sa_type=Text, index=True)
    notice: str = Field(sa_type=Text)
    entry: int = Field(sa_type=Number, index=True)
    grievance: str = Field(sa_type=Text)
    agreement: str = Field(sa_type=Text)
    version: int
    answer_days: int
    state: str = Field(sa_type=Text)
    result: str | None = Field(sa_type=Text)
    opened_at: int = Field(sa_type=Number)
    due_at: int | None = Field(sa_type=Number)
    closed_at: int | None = Field(sa_type=Number)


class DisputeLetterRow(Row, table=True):
    """One message of a dispute as signed, and its words, sealed from member to member."""

    __tablename__ = "dispute_letter"
    dispute: str = Field(sa_column_args=(ForeignKey("dispute.dispute"),), sa_type=Text, primary_key=True)
    number: int = Field(primary_key=True, sa_type=Number)
    jws: str = Field(sa_type=Text)
    text: str = Field(sa_type=Text)


# --- the disclosure log -------------------------------------------------------------------------


class LogHeadRow(Row, table=True):
    """The one row that says how long the log is; moved last, by compare and swap on its size."""

    __tablename__ = "log_head"
    id: int = Field(primary_key=True, sa_type=Number)
    size: int = Field(sa_type=Number)
    frontier: bytes = Field(sa_type=LargeBinary)
    """Hashes of the complete subtrees that make up the tree, largest first."""


class LogEntryRow(Row, table=True):
    """A leaf: a salted commitment that says nothing by itself. Never changed, never deleted."""

    __tablename__ = "log_entry"
    idx: int = Field(primary_key=True, sa_type=Number)
    leaf: bytes = Field(sa_type=LargeBinary)


class LogNodeRow(Row, table=True):
    """The hash of a complete subtree."""

    __tablename__ = "log_node"
    __table_args__ = (CLUSTERED,)
    level: int = Field(primary_key=True, sa_type=Number)
    idx: int = Field(primary_key=True, sa_type=Number)
    hash: bytes = Field(sa_type=LargeBinary)


class CheckpointRow(Row, table=True):
    """A signed checkpoint as a note, with the cosignatures collected for it."""

    __tablename__ = "checkpoint"
    size: int = Field(primary_key=True, sa_type=Number)
    note: str = Field(sa_type=Text)


class OpeningRow(Row, table=True):
    """What a leaf commits to. Erasable: without its salt the leaf speaks of nobody."""

    __tablename__ = "opening"
    idx: int = Field(primary_key=True, sa_type=Number, sa_column_args=(ForeignKey("log_entry.idx"),))
    salt: bytes = Field(sa_type=LargeBinary)
    record: str = Field(sa_type=Text)
    notice: str | None = Field(sa_type=Text, index=True)
    parties: str = Field(sa_type=Text)


class OpeningPartyRow(Row, table=True):
    """Who may see an opening."""

    __tablename__ = "opening_party"
    __table_args__ = (CLUSTERED,)
    member: str = Field(primary_key=True, sa_type=Text)
    idx: int = Field(primary_key=True, sa_type=Number)


# --- at the door ----------------------------------------------------------------------------------


class ReplayRow(Row, table=True):
    """A proof of possession or client assertion that has been used, until it would be stale anyway."""

    __tablename__ = "replay"
    __table_args__ = (Index("ix_replay_expires_at", "expires_at"), CLUSTERED)
    jkt: str = Field(primary_key=True, sa_type=Text)
    jti: str = Field(primary_key=True, sa_type=Text)
    expires_at: int = Field(sa_type=Number)


class IdempotencyRow(Row, table=True):
    """The answer once given under a member's key, to be given again to the same request."""

    __tablename__ = "idempotency"
    __table_args__ = (Index("ix_idempotency_at", "at"),)
    member: str = Field(primary_key=True, sa_type=Text)
    key: str = Field(primary_key=True, sa_type=Text)
    fingerprint: str = Field(sa_type=Text)
    status: int
    body: bytes = Field(sa_type=LargeBinary)
    at: int = Field(sa_type=Number)


def table(name: str) -> Table:
    """The table of that name, for statements."""
    return Row.metadata.tables[name]
