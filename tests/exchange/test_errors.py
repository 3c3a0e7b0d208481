"""Whose fault it is can be told from its type, and a decline for two reasons reads alike."""

from hub.exchange.errors import Declined, HubFault, LogFork, NotYours


def test_not_yours_and_not_there_are_one_answer() -> None:
    """I7: there is one text and one code, and no room for a second."""
    assert (NotYours().code, str(NotYours())) == (NotYours().code, str(NotYours()))
    assert NotYours().code == "not-found"
    assert isinstance(NotYours(), Declined)


def test_a_fork_is_ours_and_a_decline_is_not() -> None:
    """What an operator must mend is never taken for a caller's mistake."""
    assert issubclass(LogFork, HubFault)
    assert not issubclass(Declined, HubFault)
    assert not issubclass(HubFault, Declined)


def test_faults_have_a_stable_code_and_a_text() -> None:
    """Both kinds carry them apart, for the problem document and for the log."""
    for fault in (Declined("code", "text"), HubFault("code", "text")):
        assert (fault.code, fault.detail, str(fault)) == ("code", "text", "code: text")
