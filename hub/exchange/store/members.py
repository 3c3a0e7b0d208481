"""Members, their keys and their invitations, in SQL."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from sqlalchemy import bindparam, delete, insert, select, update

from hub.consent.question import Role
from hub.exchange.errors import Declined
from hub.exchange.stages import KeyUse, Member, RegisteredKey, Standing
from hub.exchange.store.instants import from_micros, to_micros
from hub.exchange.store.json_text import from_text, to_text
from hub.exchange.store.statements import Fields, Line, Prepared, replacing
from hub.exchange.store.tables import table
from hub.protocols.names import Digest, KeyId, MemberId, MemberKind

_member: Final = table("member")
_key: Final = table("member_key")
_invite: Final = table("invite")

_GET: Final = Prepared(select(_member).where(_member.c.member == bindparam("member")))
_ALL: Final = Prepared(select(_member).order_by(_member.c.member))
_PUT: Final = Prepared(
    insert(_member),
    replacing("member", columns=("name", "kind", "role", "standing", "made_up", "area", "allowance")),
)
_KEY: Final = Prepared(select(_key).where(_key.c.key_id == bindparam("key_id")))
_KEYS: Final = Prepared(
    select(_key).where(_key.c.member == bindparam("member")).order_by(_key.c.valid_from, _key.c.key_id)
)
_PUT_KEY: Final = Prepared(
    insert(_key),
    replacing(
        "key_id",
        columns=("document", "valid_from", "valid_until", "log_index", "revoked_at_index"),
        where="member_key.member = excluded.member AND member_key.use = excluded.use",
    ),
)
_INVITE: Final = Prepared(
    insert(_invite),
    replacing("code_digest", columns=("member", "valid_until", "used_at")),
)
_WITHDRAW: Final = Prepared(
    delete(_invite).where(_invite.c.member == bindparam("of_member"), _invite.c.used_at.is_(None))
)
_REDEEM: Final = Prepared(
    update(_invite)
    .where(
        _invite.c.code_digest == bindparam("code"),
        _invite.c.used_at.is_(None),
        _invite.c.valid_until > bindparam("now"),
    )
    .values(used_at=bindparam("now"))
    .returning(_invite.c.member)
)


class SqlMembers:
    """`ports.Members` over a unit of work."""

    __slots__ = ("_line",)

    def __init__(self, line: Line) -> None:
        self._line = line

    def get(self, member: MemberId) -> Member | None:
        """The member, or None."""
        row = self._line.row(_GET, member=member)
        return None if row is None else _read_member(row)

    def all(self) -> Sequence[Member]:
        """Every member, by id."""
        return [_read_member(row) for row in self._line.rows(_ALL)]

    def put(self, member: Member) -> None:
        """Admit or change a member."""
        self._line.change(
            _PUT,
            member=member.member,
            name=member.name,
            kind=member.kind.value,
            role=member.role.value,
            standing=member.standing.value,
            made_up=member.made_up,
            area=member.area,
            allowance=member.allowance,
        )

    def key(self, key_id: KeyId) -> RegisteredKey | None:
        """A registered key by its thumbprint."""
        row = self._line.row(_KEY, key_id=key_id)
        return None if row is None else _read_key(row)

    def keys(self, member: MemberId) -> Sequence[RegisteredKey]:
        """A member's keys, oldest first, revoked ones included."""
        return [_read_key(row) for row in self._line.rows(_KEYS, member=member)]

    def put_key(self, key: RegisteredKey) -> None:
        """Register a key, or note where its entry stands; raise `Declined("key-taken")` for another's key."""
        kept = self._line.change(
            _PUT_KEY,
            key_id=key.key_id,
            member=key.member,
            use=key.use.value,
            jwk=to_text(key.jwk),
            document=to_text(key.document),
            suite=key.suite,
            valid_from=to_micros(key.valid_from),
            valid_until=to_micros(key.valid_until),
            log_index=key.log_index,
            revoked_at_index=key.revoked_at_index,
        )
        if not kept:
            raise key_taken()

    def invite(self, member: MemberId, code_digest: Digest, valid_until: datetime) -> None:
        """Keep the digest of an invitation code, single use; the member's earlier ones end."""
        self._line.change(_WITHDRAW, of_member=member)
        self._line.change(
            _INVITE, code_digest=code_digest, member=member, valid_until=to_micros(valid_until), used_at=None
        )

    def redeem(self, code_digest: Digest, now: datetime) -> MemberId | None:
        """Use up an invitation and tell whose it was; None if unknown, used or out of date."""
        row = self._line.change_for(_REDEEM, code=code_digest, now=to_micros(now))
        return None if row is None else MemberId(row[0])


def key_taken() -> Declined:
    """The answer where a key is registered already, by another member or for another use."""
    return Declined("key-taken", "this key is registered for another member or another use: make a new one")


def _read_member(row: Fields) -> Member:
    member, name, kind, role, standing, made_up, area, allowance = row
    return Member(
        member=MemberId(member),
        name=name,
        kind=MemberKind(kind),
        role=Role(role),
        standing=Standing(standing),
        made_up=bool(made_up),
        area=area,
        allowance=allowance,
    )


@lru_cache(maxsize=4_096)  # keys hardly change, and each release reads those of both ends
def _read_key(row: Fields) -> RegisteredKey:
    key_id, member, use, jwk, document, suite, valid_from, valid_until, log_index, revoked = row
    return RegisteredKey(
        key_id=KeyId(key_id),
        member=MemberId(member),
        use=KeyUse(use),
        jwk=from_text(jwk),
        document=from_text(document),
        suite=suite,
        valid_from=from_micros(valid_from),
        valid_until=from_micros(valid_until),
        log_index=log_index,
        revoked_at_index=revoked,
    )
