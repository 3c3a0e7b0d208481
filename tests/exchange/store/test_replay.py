"""The memory of many processes: once across replicas, also while Redis is away or has forgotten."""

import asyncio
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import fakeredis
import pytest
from sqlalchemy import Engine, create_engine, func, select

from hub.exchange.store.replay import MARKER, PREFIX, Answer, UsedInDatabase, UsedInRedis, open_redis
from hub.exchange.store.tables import Row
from hub.protocols.access import REPLAY_AGE

NOW: Final = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
LATER: Final = NOW + timedelta(minutes=5)
"""Past the time in which a fresh Redis takes everything for possibly used."""

T = TypeVar("T")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A database with the table of uses."""
    made = create_engine(f"sqlite:///{tmp_path / 'hub.db'}")
    Row.metadata.tables["replay"].create(made)
    yield made
    made.dispose()


class Replicas:
    """A Redis, a database, and as many replicas as a test wants, under one clock."""

    def __init__(self, engine: Engine) -> None:
        self.server = fakeredis.FakeServer()
        self.database = UsedInDatabase(engine)
        self.now = NOW

    def replica(self) -> UsedInRedis:
        """One more process."""
        return UsedInRedis(fakeredis.FakeAsyncRedis(server=self.server), self.database)

    async def claim(self, memory: UsedInRedis, jti: str, age: int = 0, owner: str = "key") -> Answer:
        """Use a proof up that was made `age` seconds ago."""
        issued_at = self.now - timedelta(seconds=age)
        return await memory.claim(owner, jti, issued_at, issued_at + REPLAY_AGE, self.now)

    async def warm(self, memory: UsedInRedis) -> None:
        """Let a fresh Redis grow old enough to be believed."""
        assert await self.claim(memory, "before") == "unsure"
        self.now = LATER


@pytest.fixture
def replicas(engine: Engine) -> Replicas:
    """A fresh installation."""
    return Replicas(engine)


def run(story: Coroutine[Any, Any, T]) -> T:
    """Run one story to its end."""
    return asyncio.run(story)


def test_the_database_takes_each_use_once(engine: Engine) -> None:
    """The unique key decides, whichever process asks."""

    async def story() -> None:
        first, second = UsedInDatabase(engine), UsedInDatabase(engine)
        expires_at = NOW + REPLAY_AGE
        assert await first.claim("key", "a", NOW, expires_at, NOW) == "first"
        assert await second.claim("key", "a", NOW, expires_at, NOW) == "again"
        assert await second.claim("other", "a", NOW, expires_at, NOW) == "first"

    run(story())


def test_a_race_for_one_use_has_one_winner(engine: Engine) -> None:
    """Of many at the same moment exactly one is first."""

    async def story() -> list[Answer]:
        memory = UsedInDatabase(engine)
        return await asyncio.gather(*[memory.claim("key", "a", NOW, NOW + REPLAY_AGE, NOW) for _ in range(8)])

    answers = run(story())
    assert answers.count("first") == 1
    assert answers.count("again") == 7


def test_the_database_forgets_what_is_stale(engine: Engine) -> None:
    """The sweep deletes expired uses and no others."""

    async def story() -> None:
        memory = UsedInDatabase(engine)
        await memory.claim("key", "old", NOW, NOW + REPLAY_AGE, NOW)
        await memory.claim("key", "new", LATER, LATER + REPLAY_AGE, LATER)

    run(story())
    assert UsedInDatabase(engine).forget(LATER) == 1
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Row.metadata.tables["replay"])) == 1


def test_a_database_that_fails_is_unsure(tmp_path: Path) -> None:
    """Without its table the memory cannot tell, and says so instead of letting in."""
    empty = create_engine(f"sqlite:///{tmp_path / 'empty.db'}")

    assert run(UsedInDatabase(empty).claim("key", "a", NOW, NOW + REPLAY_AGE, NOW)) == "unsure"
    empty.dispose()


def test_redis_takes_each_use_once_across_replicas(replicas: Replicas) -> None:
    """A proof used at one replica is used at all."""

    async def story() -> None:
        here, there = replicas.replica(), replicas.replica()
        await replicas.warm(here)
        assert await replicas.claim(here, "a") == "first"
        assert await replicas.claim(there, "a") == "again"
        assert await replicas.claim(there, "a", owner="other") == "first"

    run(story())


def test_redis_keeps_a_use_for_the_window_and_the_skew(replicas: Replicas) -> None:
    """Rule 3: the time to live runs to iat plus window plus skew, never shorter."""

    async def story() -> None:
        memory = replicas.replica()
        await replicas.warm(memory)
        await replicas.claim(memory, "a")
        redis = fakeredis.FakeAsyncRedis(server=replicas.server)
        assert await redis.ttl(f"{PREFIX}key:a") == int(REPLAY_AGE.total_seconds())
        assert await redis.ttl(MARKER) == -1

    run(story())


def test_an_emptied_redis_is_noticed(replicas: Replicas) -> None:
    """Rule 3: after a FLUSHALL older proofs could come back, so they are refused until stale."""

    async def story() -> None:
        memory = replicas.replica()
        await replicas.warm(memory)
        used = replicas.now
        assert await replicas.claim(memory, "a") == "first"
        await fakeredis.FakeAsyncRedis(server=replicas.server).flushall()

        assert await replicas.claim(memory, "a") == "unsure"
        for seconds in (1, 60, 120, 179):
            replicas.now = used + timedelta(seconds=seconds)
            assert await replicas.claim(memory, "a", age=seconds) == "unsure"

    run(story())


def test_an_emptied_redis_is_believed_again_for_what_is_certainly_new(replicas: Replicas) -> None:
    """What is issued later than the loss by more than the skew cannot have been used before it."""

    async def story() -> None:
        memory = replicas.replica()
        await replicas.warm(memory)
        await fakeredis.FakeAsyncRedis(server=replicas.server).flushall()
        lost = replicas.now
        assert await replicas.claim(memory, "a") == "unsure"

        replicas.now = lost + timedelta(seconds=59)
        assert await replicas.claim(memory, "b") == "unsure"
        replicas.now = lost + timedelta(seconds=60)
        assert await replicas.claim(memory, "c") == "first"
        assert await replicas.claim(memory, "c") == "again"

    run(story())


def test_without_redis_the_database_counts(replicas: Replicas) -> None:
    """Rule 3: Redis down, the same check in the table; nothing is let in twice meanwhile."""

    async def story() -> None:
        here, there = replicas.replica(), replicas.replica()
        await replicas.warm(here)
        replicas.server.connected = False
        assert await replicas.claim(here, "a") == "first"
        assert await replicas.claim(here, "a") == "again"
        assert await replicas.claim(there, "a") == "again"

    run(story())


def test_what_redis_knew_is_not_let_in_while_it_is_away(replicas: Replicas) -> None:
    """A proof from before the loss may have been used: a new one is asked for."""

    async def story() -> None:
        memory = replicas.replica()
        await replicas.warm(memory)
        assert await replicas.claim(memory, "a") == "first"
        replicas.server.connected = False
        replicas.now += timedelta(seconds=2)
        assert await replicas.claim(memory, "a", age=2) == "unsure"
        assert await replicas.claim(memory, "b") == "first"

    run(story())


def test_what_the_database_counted_is_known_when_redis_is_back(replicas: Replicas) -> None:
    """A proof used while Redis was away is not let in by Redis afterwards."""

    async def story() -> None:
        memory = replicas.replica()
        await replicas.warm(memory)
        replicas.server.connected = False
        assert await replicas.claim(memory, "a") == "first"
        replicas.server.connected = True
        replicas.now += timedelta(seconds=30)
        assert await replicas.claim(memory, "a", age=30) == "again"
        assert await replicas.claim(memory, "b") == "first"

    run(story())


def test_the_database_is_left_alone_once_its_uses_are_stale(replicas: Replicas, engine: Engine) -> None:
    """After an outage both are asked for as long as it takes, and no longer."""

    async def story() -> None:
        memory = replicas.replica()
        await replicas.warm(memory)
        replicas.server.connected = False
        await replicas.claim(memory, "a")
        replicas.server.connected = True
        await replicas.claim(memory, "b")
        replicas.now += timedelta(minutes=5)
        await replicas.claim(memory, "c")

    run(story())
    with engine.connect() as connection:
        kept = connection.scalars(select(Row.metadata.tables["replay"].c.jti)).all()
    assert sorted(kept) == ["a", "b"]


def test_a_client_gives_up_soon() -> None:
    """A request does not hang on the memory of used proofs."""
    options = open_redis("redis://127.0.0.1:1/0").connection_pool.connection_kwargs

    assert options["socket_timeout"] == options["socket_connect_timeout"] == 0.25
