"""What runs beside polling goes on whatever happens to it, and says a fault once."""

from collections.abc import Callable, Iterable

import pytest

from adapters.member.errands import Errand, running
from adapters.member.errors import GatewayFault, HubUnreachable


def saying(*answers: list[str] | Exception) -> Callable[[], Iterable[str]]:
    """Work that ends in these ways, one after the other."""
    left = list(answers)

    def do() -> Iterable[str]:
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    return do


def test_what_was_done_is_said() -> None:
    """Line by line."""
    lines: list[str] = []
    Errand("folder", saying(["one", "two"]), lines.append).once()
    assert lines == ["one", "two"]


@pytest.mark.parametrize(
    "fault", [HubUnreachable("down", "no answer"), GatewayFault("x", "no answer"), OSError("disk")]
)
def test_a_fault_is_said_once_and_the_errand_goes_on(fault: Exception) -> None:
    """Not every five seconds for a night; after a success it is said anew."""
    lines: list[str] = []
    errand = Errand("folder", saying(fault, fault, [], fault), lines.append)
    for _ in range(4):
        errand.once()
    assert len(lines) == 2
    assert all(line.startswith("folder: ") for line in lines)


def test_a_path_in_a_fault_is_not_said() -> None:
    """A file's name may be a person's."""
    lines: list[str] = []
    Errand("folder", saying(FileNotFoundError(2, "gone", "/in/ada.csv")), lines.append).once()
    assert "ada" not in lines[0]


def test_it_runs_until_the_block_is_left() -> None:
    """On a thread of its own, which ends."""
    done: list[int] = []
    errand = Errand("count", list, lambda _: None, every=3600)

    def work() -> list[str]:
        done.append(1)
        errand._stopping.set()
        return []

    errand._do = work
    with running([errand]):
        thread = errand._thread
        assert thread is not None
        thread.join(5)
    assert done == [1]
