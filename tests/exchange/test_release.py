"""Prepare, record, hand over: what is written down is what leaves."""

from dataclasses import replace

import pytest

from hub.consent.question import Category
from hub.exchange.decide import decide_again, read_terms
from hub.exchange.disclosure_log import record_release
from hub.exchange.errors import HubFault
from hub.exchange.release import hand_over, pack_delivery, prepare_release, still_permitted
from hub.exchange.stages import InboxItem, ItemKind, Permitted, PreparedRelease
from hub.protocols.delivery import Stage, check_delivery, read_delivery, read_release
from hub.protocols.names import MemberId, NoticeType, Part
from tests.simulators.town import Town
from tests.story.people import ADA, INSTRUCTED

KENT, MEDWAY = MemberId("mbr_kent"), MemberId("mbr_medway")


@pytest.fixture
def rest(town: Town) -> Permitted:
    """What may leave of the rest of Kent's notice, with everything in place."""
    departure = town.members[KENT].publishes(INSTRUCTED, NoticeType.MOVED_OUT)
    arrival = town.members[MEDWAY].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    (passage,) = (one for one in town.passages(departure) if one.notice == departure)
    with town.store.read() as work:
        terms = read_terms(work, town.now)
    permitted = decide_again(passage, Stage.REST, town.notice(departure), town.notice(arrival), terms)
    assert isinstance(permitted, Permitted)
    return permitted


def test_the_record_lists_each_part_with_its_clause(town: Town, rest: Permitted) -> None:
    """I2: agreement, version, clause and basis for every part, in their order; nothing that is withheld."""
    record = prepare_release(rest, town.hub).record
    assert [part.part for part in record.parts] == [part for part in Part if part in rest.permits]
    for part in record.parts:
        permit = rest.permits[part.part].permit
        assert permit is not None
        assert (part.ground.agreement, part.ground.version, part.ground.clause, part.ground.basis) == (
            permit.agreement,
            permit.version,
            permit.clause,
            permit.basis,
        )
        assert part.cipher_digest == rest.notice.manifest.entry(part.part).cipher_digest
    assert Part.PARTICIPATION not in [part.part for part in record.parts]
    assert (record.sender, record.recipient, record.stage) == (KENT, MEDWAY, Stage.REST)
    assert record.fact is not None


def test_without_a_box_nothing_is_prepared(town: Town, rest: Permitted) -> None:
    """What nobody can open is not released."""
    with pytest.raises(HubFault, match="box-missing"):
        prepare_release(replace(rest, passage=rest.passage.moved(box=None)), town.hub)


def test_a_refusal_among_the_permits_is_a_fault(town: Town, rest: Permitted) -> None:
    """I2: a decision without a permit cannot be written down as one."""
    withheld = next(iter(rest.withheld.values()))
    assert withheld.category is not Category.IDENTITY
    with pytest.raises(HubFault, match="no-permit"):
        prepare_release(replace(rest, permits={Part.ADDRESS: withheld}), town.hub)


def recorded(town: Town, prepared: PreparedRelease) -> InboxItem:
    """Record and hand over what was prepared, and sign the head."""
    with town.store.write() as work:
        item = hand_over(record_release(prepared, work, town.hub), work, town.hub)
    town.slot()
    return item


def test_what_is_handed_over_is_what_was_recorded(town: Town, rest: Permitted) -> None:
    """I3: the item has the entry's place and lists the entry's parts; its recipient's checks hold."""
    item = recorded(town, prepare_release(rest, town.hub))
    assert (item.kind, item.member, item.stage) == (ItemKind.DELIVERY, MEDWAY, Stage.REST)
    with town.store.read() as work:
        entry = work.log.entry(item.log_index)
        assert entry is not None
        assert entry.opening is not None
        record = read_release(entry.opening.record)
        assert [part.part for part in record.parts] == item.parts
        assert (record.delivery, record.notice) == (item.item, item.about)
        data = pack_delivery(item, rest, work)
    sender = town.members[KENT].keyring.signing.public
    checked = check_delivery(read_delivery(data), MEDWAY, sender, town.hub.log_key)
    assert set(checked.parts) == set(item.parts)
    assert checked.log_index == item.log_index


def test_a_delivery_is_whole_or_not_at_all(town: Town, rest: Permitted) -> None:
    """I6: one part fewer than the entry lists stops all of it; one more changes nothing."""
    item = recorded(town, prepare_release(rest, town.hub))
    assert still_permitted(item, rest)
    fewer = dict(rest.permits)
    del fewer[Part.ADDRESS]
    assert not still_permitted(item, replace(rest, permits=fewer))
    more = {**rest.permits, Part.CONTACT: rest.permits[Part.ADDRESS]}
    assert still_permitted(item, replace(rest, permits=more))


def test_without_an_entry_nothing_is_packed(town: Town, rest: Permitted) -> None:
    """I3: no entry, an erased one, or no box: not a byte."""
    item = recorded(town, prepare_release(rest, town.hub))
    with town.store.write() as work:
        for missing in (
            (replace(item, log_index=work.log.size()), rest),
            (item, replace(rest, passage=rest.passage.moved(box=None))),
        ):
            with pytest.raises(HubFault, match="entry-missing"):
                pack_delivery(*missing, work)
        assert item.about is not None
        work.log.erase(item.about)
        with pytest.raises(HubFault, match="entry-missing"):
            pack_delivery(item, rest, work)


def test_before_the_checkpoint_nothing_can_be_proved(town: Town, rest: Permitted) -> None:
    """An entry that no signed head covers yet is not handed over."""
    with town.store.write() as work:
        item = hand_over(record_release(prepare_release(rest, town.hub), work, town.hub), work, town.hub)
        with pytest.raises(HubFault):
            pack_delivery(item, rest, work)
    town.slot()
