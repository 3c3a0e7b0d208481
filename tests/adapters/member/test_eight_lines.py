"""The eight lines of docs/gateway.md do what they say: publish, poll, open, acknowledge."""

import re
from pathlib import Path

import pytest

from adapters.jsonl_file import write_line
from adapters.member.gateway import Gateway
from hub.protocols.names import NoticeType
from tests.adapters.member.conftest import come_to_rest
from tests.simulators.town import Town
from tests.simulators.wire import Wire
from tests.story.people import ADA

PAGE = Path(__file__).parents[3] / "docs" / "gateway.md"


def test_publish_poll_open_acknowledge_in_eight_lines(
    neighbours: tuple[Gateway, Gateway],
    town: Town,
    wire: Wire,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As they stand on the page, first at the sender, then at the recipient."""
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    lines = [line for line in block.splitlines() if line and "import" not in line]
    assert len(lines) <= 8
    kent, medway = neighbours
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("adapters.member.gateway.Gateway", wire.opens)
    Path("leavers.csv").write_text(write_line(ADA) + "\n")
    Path("home").symlink_to(kent.home.path)
    exec(block)  # noqa: S102 - the page's own lines
    assert [one.state for one in kent.records.all_sent()] == ["published"]
    medway.publish([ADA], NoticeType.NEW_ARRIVAL, "B. Officer")
    come_to_rest(town, kent, medway)
    Path("home").unlink()
    Path("home").symlink_to(medway.home.path)
    exec(block)  # noqa: S102 - as above
    assert "Exampleton" in capsys.readouterr().out
    assert all(medway.seen(one.item) for one in medway.received())
    come_to_rest(town, kent)
    assert kent.records.all_sent()[0].state == "acknowledgement:actioned"
