"""For which authority a careers company received something: one inbox, one view for each authority.

A company that acts for several has a mandate of each. What came to it came under an agreement of one of
them, and each delivery names the agreements that let it come; so a view needs no label that the hub
would have to be believed for.
"""

from collections.abc import Iterable, Mapping

from adapters.member.records import Received
from adapters.member.terms import Terms
from hub.protocols.names import MemberId


def acted_for(received: Received, member: MemberId, terms: Terms) -> frozenset[MemberId]:
    """The authorities, among those whose mandate this member holds, for which it received a delivery."""
    parties = {copy.agreement.id: {one.member for one in copy.agreement.parties} for copy in terms.copies}
    held = {authority for authority, company in terms.mandates if company == member}
    named = {name for ground in _grounds(received) if isinstance(name := ground.get("agreement"), str)}
    under = [members for name, members in parties.items() if name in named]
    return frozenset(held.intersection(*under)) if under else frozenset()


def _grounds(received: Received) -> Iterable[Mapping[str, object]]:
    about = received.body.get("about") if isinstance(received.body, dict) else None
    grounds = about.get("grounds") if isinstance(about, dict) else None
    return [one for one in grounds if isinstance(one, dict)] if isinstance(grounds, list) else []
