"""The memory of used proofs and assertions for a hub of many processes: Redis, else the database.

Decides how a use is counted once across replicas. Redis answers in one command (`SET NX EX`), and
may lose what it knows; the database has a unique key, and is asked while Redis is away. What was
used in one of the two and is shown to the other is refused:

- A marker key goes with the uses. When it is gone, Redis has been emptied: everything issued
  before that, give or take the skew between clocks, is "unsure" until it is stale anyway.
- When Redis goes away, what was issued before that moment is "unsure"; what is made afterwards is
  counted in the database. When it comes back, both are asked until the database's uses are stale.

Left: a caller whose clock is ahead, in the first minute after Redis has gone away; and replicas of
which only some can reach Redis. Redis must not evict (`maxmemory-policy noeviction`).
"""

import asyncio
import math
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, Protocol, TypeAlias

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine, delete, insert
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from hub.exchange.store.instants import to_micros
from hub.exchange.store.tables import Row
from hub.protocols.access import REPLAY_AGE
from hub.protocols.limits import CLOCK_SKEW

Answer: TypeAlias = Literal["first", "again", "unsure"]

PREFIX: Final = "hub:used:"
MARKER: Final = "hub:used-since"

PATIENCE: Final = timedelta(milliseconds=250)
"""How long an answer of Redis is waited for: a request must not hang on its memory."""

LONGEST_KEPT: Final = REPLAY_AGE + CLOCK_SKEW
"""Longest time from a use to its expiry: a proof may be from the future by the skew."""

_USED: Final = Row.metadata.tables["replay"]


class _Memory(Protocol):
    async def claim(
        self, owner: str, jti: str, issued_at: datetime, expires_at: datetime, now: datetime
    ) -> Answer: ...


def open_redis(url: str) -> Redis:
    """Return a client that gives up soon; nothing is connected yet."""
    seconds = PATIENCE.total_seconds()
    return Redis.from_url(url, socket_timeout=seconds, socket_connect_timeout=seconds)


class UsedInDatabase:
    """Remembers in the table `replay`, whose primary key takes each use once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def claim(
        self,
        owner: str,
        jti: str,
        issued_at: datetime,  # noqa: ARG002 - as the port
        expires_at: datetime,
        now: datetime,  # noqa: ARG002 - as the port
    ) -> Answer:
        """Use (`owner`, `jti`) up; "unsure" where the database cannot tell."""
        return await asyncio.to_thread(self._insert, owner, jti, to_micros(expires_at))

    def forget(self, now: datetime) -> int:
        """Delete what has expired; return how many uses."""
        with self._engine.begin() as connection:
            return connection.execute(delete(_USED).where(_USED.c.expires_at < to_micros(now))).rowcount

    def _insert(self, owner: str, jti: str, expires_at: int) -> Answer:
        row = {"jkt": owner, "jti": jti, "expires_at": expires_at}
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(_USED).values(row))
        except IntegrityError:
            return "again"
        except SQLAlchemyError:
            return "unsure"
        return "first"


class UsedInRedis:
    """Remembers in Redis, and in another memory while Redis is away."""

    def __init__(self, redis: Redis, fallback: _Memory) -> None:
        self._redis = redis
        self._fallback = fallback
        self._away_since: datetime | None = None
        self._ask_both_until = datetime.min.replace(tzinfo=UTC)

    async def claim(
        self, owner: str, jti: str, issued_at: datetime, expires_at: datetime, now: datetime
    ) -> Answer:
        """Use (`owner`, `jti`) up."""
        use = (owner, jti, issued_at, expires_at, now)
        try:
            answer = await self._ask_redis(*use)
        except (RedisError, OSError, TimeoutError):
            return await self._ask_fallback(*use)
        if self._away_since is not None:
            self._away_since, self._ask_both_until = None, now + LONGEST_KEPT
        if answer == "first" and now < self._ask_both_until:
            return await self._fallback.claim(*use)
        return answer

    async def _ask_redis(
        self, owner: str, jti: str, issued_at: datetime, expires_at: datetime, now: datetime
    ) -> Answer:
        seconds = max(1, math.ceil((expires_at - now).total_seconds()))
        async with self._redis.pipeline(transaction=True) as both:
            both.get(MARKER)
            both.set(f"{PREFIX}{owner}:{jti}", b"", nx=True, ex=seconds)
            marker, taken = await both.execute()
        if marker is None:
            await self._redis.set(MARKER, int(now.timestamp()), nx=True)
            return "unsure"
        if issued_at.timestamp() < int(marker) + CLOCK_SKEW.total_seconds():
            return "unsure"
        return "first" if taken else "again"

    async def _ask_fallback(
        self, owner: str, jti: str, issued_at: datetime, expires_at: datetime, now: datetime
    ) -> Answer:
        if self._away_since is None:
            self._away_since = now
        if issued_at < self._away_since:
            return "unsure"
        return await self._fallback.claim(owner, jti, issued_at, expires_at, now)
