"""A folder as the way in and out: whole files alone, nothing lost or twice, reasons beside what failed."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.member.drop import Drop
from adapters.member.files import Rows, open_rows
from adapters.member.gateway import Gateway
from adapters.member.outbox import Published
from adapters.move import Move
from hub.protocols.acknowledgement import OutcomeKind
from hub.protocols.names import NoticeType, Part
from tests.adapters.member.conftest import come_to_rest, move
from tests.simulators.town import Town
from tests.simulators.wire import Wire
from tests.story.people import ADA

HEAD = "Forename,Surname,DOB,Former postcode,UPN\n"
ADA_ROW = "Ada,Exampleton,12/11/2009,ME14 1XQ,F886499920001\n"
BAD_ROW = "Ben,Sample,31/02/2010,ME14 1XQ,\n"


@pytest.fixture
def drop(kent: Gateway, tmp_path: Path) -> Drop:
    """Kent's folder."""
    found = Drop(kent, tmp_path / "drop", "A. Officer")
    found.prepare()
    return found


def put(drop: Drop, text: str, name: str = "leavers.csv") -> Path:
    """Somebody copies a file into the folder."""
    path = drop.folder / "in" / "moved_out" / name
    path.write_text(text)
    return path


def names(drop: Drop, folder: str) -> list[str]:
    """What lies in a folder, without the moments in front."""
    return sorted(path.name.partition("-")[2] or path.name for path in (drop.folder / folder).iterdir())


def states(gateway: Gateway) -> list[str]:
    """How the notices stand."""
    return [one.state for one in gateway.records.all_sent()]


def test_a_dropped_file_is_published_and_put_aside(drop: Drop) -> None:
    """Once it has stood still for one look; what became of its rows lies beside it."""
    path = put(drop, HEAD + ADA_ROW)
    assert drop.look() == []
    assert path.exists()
    assert drop.look() == ["leavers.csv: 1 notices, 0 sent before"]
    assert states(drop.gateway) == ["published"]
    assert names(drop, "done") == ["leavers.csv", "leavers.csv.result.json"]
    result = next((drop.folder / "done").glob("*.result.json"))
    assert json.loads(result.read_text())["queued"] == 1
    assert not path.exists()


def test_a_file_that_still_grows_is_left_alone(drop: Drop) -> None:
    """However long it takes."""
    path = put(drop, HEAD)
    for number in range(3):
        drop.look()
        path.write_text(HEAD + ADA_ROW + " " * number)
    assert path.exists()
    assert states(drop.gateway) == []
    drop.look()
    drop.look()
    assert states(drop.gateway) == ["published"]


@pytest.mark.parametrize("name", ["leavers.csv.part", ".leavers.csv", "~leavers.xlsx", "leavers.tmp"])
def test_names_of_unfinished_files_are_left_alone(drop: Drop, name: str) -> None:
    """Programs that copy use them; nor is an empty file read, or a link to another place followed."""
    path = put(drop, HEAD + ADA_ROW, name)
    put(drop, "", "empty.csv")
    (path.parent / "link.csv").symlink_to(path)
    assert [drop.look() for _ in range(3)] == [[], [], []]
    assert states(drop.gateway) == []


def test_a_file_with_a_bad_row_fails_with_its_reasons_and_the_good_rows_go(drop: Drop) -> None:
    """By row and column, and never a value; the corrected file sends the rest."""
    put(drop, HEAD + ADA_ROW + BAD_ROW)
    drop.look()
    drop.look()
    assert states(drop.gateway) == ["published"]
    assert names(drop, "failed") == ["leavers.csv", "leavers.csv.reasons.txt", "leavers.csv.result.json"]
    reasons = next((drop.folder / "failed").glob("*.reasons.txt")).read_text()
    assert "row 3" in reasons
    assert "DOB" in reasons
    assert "31/02/2010" not in reasons
    put(drop, HEAD + ADA_ROW + BAD_ROW.replace("31/02", "28/02"))
    drop.look()
    assert drop.look() == ["leavers.csv: 1 notices, 1 sent before"]


def test_a_file_that_is_no_table_fails(drop: Drop) -> None:
    """With one reason."""
    put(drop, "hello\n")
    drop.look()
    assert "none of it has gone" in drop.look()[0]
    assert names(drop, "failed") == ["leavers.csv", "leavers.csv.reasons.txt"]


def test_a_file_waits_while_the_hub_has_to_be_asked_and_is_away(drop: Drop, wire: Wire) -> None:
    """It stays where it is, and goes when the hub is back."""
    path = put(drop, HEAD + ADA_ROW)
    drop.look()
    wire.down = True
    assert "waits" in drop.look()[0]
    assert drop.look() == []
    assert path.exists()
    wire.down = False
    drop.look()
    assert states(drop.gateway) == ["published"]


def test_a_gateway_killed_before_the_file_is_put_aside_sends_it_once(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file leaves in/ last: what was done is done again, with one effect."""

    class Killed(BaseException):
        """The process is gone."""

    def dies(*_: object) -> None:
        raise Killed

    path = put(drop, HEAD + ADA_ROW)
    drop.look()
    with monkeypatch.context() as patch:
        patch.setattr(Drop, "_move", dies)
        with pytest.raises(Killed):
            drop.look()
    assert path.exists()
    after = Drop(drop.gateway, drop.folder, "A. Officer")
    after.look()
    assert after.look() == ["leavers.csv: 0 notices, 1 sent before"]
    assert states(drop.gateway) == ["published"]
    assert not path.exists()


def test_two_files_of_one_name_lie_beside_each_other(drop: Drop) -> None:
    """Nothing that was put aside is written over."""
    for _ in range(2):
        put(drop, HEAD + ADA_ROW)
        drop.look()
        drop.look()
    assert len(list((drop.folder / "done").glob("*leavers.csv"))) == 2


def released(
    neighbours: tuple[Gateway, Gateway], town: Town, folder: Path, out_format: str
) -> tuple[Drop, Move]:
    """Ada was released to Medway; what its folder says of her."""
    kent, medway = neighbours
    move(kent, medway)
    come_to_rest(town, kent, medway)
    drop = Drop(medway, folder, "B. Officer", out_format)
    drop.prepare()
    assert drop.look() == ["1 records written to out/"]
    (written,) = (folder / "out").iterdir()
    (found,) = open_rows(written)
    return drop, found


@pytest.mark.parametrize("out_format", ["jsonl", "csv"])
def test_what_was_released_comes_out_once_as_a_row_that_can_be_read(
    neighbours: tuple[Gateway, Gateway], town: Town, tmp_path: Path, out_format: str
) -> None:
    """Both stages in one file, in the member's format; the sender's reference is the previous one."""
    drop, found = released(neighbours, town, tmp_path, out_format)
    assert (found.given, found.family, found.dob, found.upn) == (ADA.given, ADA.family, ADA.dob, ADA.upn)
    assert found.activity == ADA.activity
    home, told = ADA.to_address, found.to_address
    assert home is not None
    assert told is not None
    assert (", ".join(told.lines), told.postcode) == (", ".join(home.lines), home.postcode)
    assert found.local_ref is None
    assert drop.look() == []
    assert not list((tmp_path / "out").glob("*.new"))


def test_who_is_not_ours_does_not_come_out(
    neighbours: tuple[Gateway, Gateway], town: Town, tmp_path: Path
) -> None:
    """Nor does a delivery about which a person has to decide."""
    kent, medway = neighbours
    move(kent, medway)
    come_to_rest(town, kent, medway)
    for one in medway.received():
        medway.report_outcome(one.item, OutcomeKind.NOT_OURS)
        break
    drop = Drop(medway, tmp_path, "B. Officer")
    drop.prepare()
    assert drop.look() == []


def test_the_folder_is_its_owners_alone(drop: Drop) -> None:
    """It holds clear text."""
    put(drop, HEAD + ADA_ROW)
    drop.look()
    drop.look()
    result = next((drop.folder / "done").glob("*.result.json"))
    assert result.stat().st_mode & 0o077 == 0
    assert (drop.folder / "out").stat().st_mode & 0o077 == 0


def test_every_type_of_notice_has_its_folder(drop: Drop) -> None:
    """So that a file says by its place what it tells of."""
    made = {path.name for path in (drop.folder / "in").iterdir()}
    assert {NoticeType.MOVED_OUT.value, NoticeType.LEAVER.value, NoticeType.EHCP_MOVE.value} <= made


# --- what a file, or whoever drops it, may not do --------------------------------------------------


def test_clear_text_that_was_put_aside_is_its_owner_s_alone(drop: Drop) -> None:
    """However the file came; and so are the folders above, where they are made here."""
    put(drop, HEAD + ADA_ROW).chmod(0o644)
    drop.look()
    drop.look()
    made = [drop.folder, *drop.folder.rglob("*")]
    assert [path.name for path in made if path.stat().st_mode & 0o077] == []


def test_a_file_that_cannot_be_read_holds_no_other_up(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits, and why is said once; the rest goes."""

    def opens(path: Path, **words: object) -> Rows:
        if path.name == "a.csv":
            raise PermissionError(13, "Permission denied")
        return open_rows(path, **words)  # type: ignore[arg-type]  # as it was called

    monkeypatch.setattr("adapters.member.drop.open_rows", opens)
    put(drop, HEAD + ADA_ROW, "a.csv")
    put(drop, HEAD + ADA_ROW, "b.csv")
    drop.look()
    assert drop.look() == [
        "a.csv waits: Permission denied; look at the file and its folder",
        "b.csv: 1 notices, 0 sent before",
    ]
    assert drop.look() == []


def test_a_name_of_any_length_is_put_aside(drop: Drop) -> None:
    """With a moment before it, it would be longer than a file system allows."""
    put(drop, HEAD + ADA_ROW, "a" * 251 + ".csv")
    drop.look()
    assert "1 notices" in drop.look()[0]
    assert names(drop, "done") == ["a" * 40 + ".csv", "a" * 40 + ".csv.result.json"]


def test_a_name_writes_no_line_of_a_log(drop: Drop) -> None:
    """Nor moves the cursor of a terminal, nor stops one that cannot show it."""
    put(drop, HEAD + ADA_ROW, "a\nfolder: all is well\x1b[2K.csv")
    put(drop, HEAD + ADA_ROW, "b\udcff.csv")
    drop.look()
    said = drop.look()
    assert said[0].startswith("a?folder: all is well?[2K.csv: 1 notices")
    assert all(line.isprintable() for line in said)


def test_an_out_folder_that_cannot_be_written_holds_nothing_up(
    neighbours: tuple[Gateway, Gateway], town: Town, tmp_path: Path
) -> None:
    """What comes in goes; why nothing comes out is said once, and it comes out later."""
    kent, medway = neighbours
    move(kent, medway)
    come_to_rest(town, kent, medway)
    drop = Drop(medway, tmp_path / "drop", "B. Officer")
    drop.prepare()
    out = tmp_path / "drop" / "out"
    out.rmdir()
    out.write_text("a file")
    put(drop, HEAD + ADA_ROW)
    assert drop.look() == ["out waits: Not a directory"]
    assert "1 notices" in drop.look()[0]
    assert drop.look() == []
    out.unlink()
    out.mkdir()
    assert drop.look() == ["1 records written to out/"]


def test_what_is_recalled_does_not_stay_in_out(
    neighbours: tuple[Gateway, Gateway], town: Town, tmp_path: Path
) -> None:
    """The gateway signs that it has erased its copies, and this is one; what was fetched stays fetched."""
    drop, _ = released(neighbours, town, tmp_path, "jsonl")
    kent, medway = neighbours
    (notice,) = {one.notice for one in medway.received()}
    (tmp_path / "out" / f"{notice}.csv").write_text("of an earlier --out-format")
    kent.recall(notice, [Part.ADDRESS], "sent_in_error", "A. Officer")
    come_to_rest(town, kent, medway)
    assert drop.look() == ["1 records in out/ recalled or not ours"]
    (written,) = (tmp_path / "out").iterdir()
    (found,) = open_rows(written)
    assert (found.given, found.to_address, found.from_address) == (ADA.given, None, None)
    for one in medway.received():
        medway.report_outcome(one.item, OutcomeKind.NOT_OURS)
    drop.look()
    assert list((tmp_path / "out").iterdir()) == []
    assert drop.look() == []


def test_a_link_put_in_a_file_s_place_changes_nothing_elsewhere(drop: Drop, tmp_path: Path) -> None:
    """Between the look and the move: what it points to keeps its mode."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("shared on purpose")
    elsewhere.chmod(0o644)
    link = drop.folder / "in" / "moved_out" / "leavers.csv"
    link.symlink_to(elsewhere)
    drop._move(link, drop.folder / "done" / "leavers.csv")
    assert elsewhere.stat().st_mode & 0o777 == 0o644


def test_a_file_that_grew_while_it_was_read_is_read_again(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its last rows would lie in done/, and nobody would have been told."""
    path, publish = put(drop, HEAD), Gateway.publish

    def grows(*words: Any) -> Published:  # noqa: ANN401 - as publish is called
        done = publish(*words)
        path.write_text(HEAD + ADA_ROW)
        return done

    drop.look()
    with monkeypatch.context() as patch:
        patch.setattr(Gateway, "publish", grows)
        assert "read again" in drop.look()[0]
    drop.look()
    drop.look()
    assert states(drop.gateway) == ["published"]
