"""The limits of the wire hold together: what must fit does, and nothing else."""

from datetime import timedelta

from hub.protocols import limits
from hub.protocols.names import Part
from hub.protocols.notice import Box, write_envelope
from hub.protocols.sealing import box_length
from hub.protocols.suites import HYBRID
from tests.vectors import generate


def test_every_part_has_one_size() -> None:
    """I1: a size for each of the ten kinds, so that size tells nothing."""
    assert set(limits.PART_BYTES) == set(Part)
    assert all(size % 128 == 0 for size in limits.PART_BYTES.values())


def test_the_largest_honest_notice_is_far_from_the_limit() -> None:
    """A notice with the longest key box takes less than half of what is allowed."""
    box = Box(generate.MEDWAY, "a" * box_length(HYBRID))
    assert 2 * len(write_envelope(generate.envelope(box))) < limits.NOTICE_BYTES
    assert 2 * len(generate.manifest_jws()) < limits.MANIFEST_BYTES + len(generate.manifest_jws())


def test_a_batch_of_real_notices_stays_below_four_mebibytes() -> None:
    """The size of a batch is bounded by what one request may bring."""
    box = Box(generate.MEDWAY, "a" * box_length(HYBRID))
    assert limits.BATCH_NOTICES * len(write_envelope(generate.envelope(box))) < 4 * 2**20


def test_ages_are_in_the_order_that_safety_needs() -> None:
    """A proof outlives the skew; a token is short; an assertion ends before a notice does."""
    assert limits.CLOCK_SKEW < limits.PROOF_AGE
    assert limits.CLIENT_ASSERTION_AGE < limits.ACCESS_TOKEN_AGE < timedelta(hours=1)
    assert timedelta(days=30) == limits.ASSERTION_AGE
    assert limits.ASSERTION_AGE < limits.NOTICE_AGE < timedelta(days=380)
    assert limits.LOG_MULTIPLE == 16
    assert limits.INCLUSION_SLOTS == 2
