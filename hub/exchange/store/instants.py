"""Moments as the tables hold them: whole microseconds since 1970 in UTC, which sort as they run."""

from datetime import UTC, datetime, timedelta
from typing import Final

_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970; a moment without a time zone raises `TypeError`."""
    return (moment - _START) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The moment, in UTC."""
    return _START + timedelta(microseconds=micros)


def optional_micros(moment: datetime | None) -> int | None:
    """Microseconds since 1970, or None."""
    return None if moment is None else to_micros(moment)


def optional_moment(micros: int | None) -> datetime | None:
    """The moment, or None."""
    return None if micros is None else from_micros(micros)
