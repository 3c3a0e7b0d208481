"""Who may not be named: under a shield, the side at which a young person has arrived.

What a shield protects is the place where somebody is now. The officers of the arrival's side say
whether that side may be named to the other; unless all of them do, it is not
(docs/decisions/0012). A shield that lay on the match when it was approved counts for good: who
set it cannot learn by lifting it what it kept back.
"""

from hub.exchange.stages import Passage, StoredNotice
from hub.protocols.key_grant import KeyRequest
from hub.protocols.names import MemberId
from hub.protocols.notice_types import TYPES, Place


def arrival_of(notice: StoredNotice, counter: StoredNotice | None) -> StoredNotice | None:
    """The notice that says where somebody is now, where the other one says that they have left."""
    if counter is None:
        return None
    places = {TYPES[one.manifest.type].place: one for one in (notice, counter)}
    return places[Place.ARRIVAL] if places.keys() == {Place.DEPARTURE, Place.ARRIVAL} else None


def shielded(notice: StoredNotice, counter: StoredNotice | None) -> bool:
    """Whether somebody is shielded by either notice."""
    return notice.flags.shield or (counter is not None and counter.flags.shield)


def keeps_back(passage: Passage, notice: StoredNotice, counter: StoredNotice | None) -> bool:
    """Whether the arrival's side, asked by now, has not let itself be named to the other."""
    arrival = arrival_of(notice, counter)
    if arrival is None or passage.named or arrival.sender not in passage.approved_by:
        return False
    return passage.blind or shielded(notice, counter)


def asked_openly(passage: Passage) -> bool:
    """Whether the sender has been shown its recipient, before somebody was shielded."""
    return isinstance(passage.request, KeyRequest)


def approved_so(
    passage: Passage, member: MemberId, notice: StoredNotice, counter: StoredNotice | None, *, named: bool
) -> Passage:
    """The passage after one more officer's yes, as far as it is about who may be named.

    To be called before that officer is counted: the first one of the arrival's side speaks for it,
    and each further one can only take back.
    """
    arrival = arrival_of(notice, counter)
    blind = passage.blind or (arrival is not None and shielded(notice, counter) and not asked_openly(passage))
    if arrival is None or arrival.sender != member:
        return passage.moved(blind=blind)
    first = not any(one.startswith(f"{member}:") for one in passage.looked_by)
    return passage.moved(blind=blind, named=named and (first or passage.named))
