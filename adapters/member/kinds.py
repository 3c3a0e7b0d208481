"""What a member's file can tell of; corrections, withdrawals and recalls are made from a notice."""

from enum import StrEnum

from hub.protocols.names import NoticeType


class FileKind(StrEnum):
    """Types of notices that are made from the rows of a file."""

    MOVED_OUT = "moved_out"
    NEW_ARRIVAL = "new_arrival"
    CROSS_BORDER_ENROLMENT = "cross_border_enrolment"
    LEAVER = "leaver"
    CARE_LEAVER_MOVE = "care_leaver_move"
    EHCP_MOVE = "ehcp_move"

    @property
    def notice_type(self) -> NoticeType:
        """The same, as the wire has it."""
        return NoticeType(self.value)
