"""One member's evidence in one file: what it proves is proved from the file alone, or it is refused."""

import json
import random
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from adapters.member.bundle import LIST, Told, read_bundle, write_bundle
from adapters.member.bundle_check import NOT_PROVED, Evidence, _check_clause, check_bundle, in_words
from adapters.member.bundle_export import export
from adapters.member.gateway import Gateway
from hub.consent.documents import read_agreement
from hub.consent.question import Category
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.checkpoint import Checkpoint, sign_checkpoint
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.keys import DirectoryEntry, read_entry, sign_entry
from hub.protocols.merkle import Frontier, inclusion_proof, leaf_hash
from hub.protocols.names import MemberId
from hub.protocols.proof import LogProof, encode_proof
from hub.protocols.signature_keys import SigningKey
from hub.protocols.signed_note import vkey
from tests.adapters.member.conftest import come_to_rest, move
from tests.simulators.town import Town
from tests.simulators.wire import Wire

KENT = MemberId("mbr_kent")
SCHEMA = Path(__file__).parents[3] / "docs" / "audit-bundle.schema.json"


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> tuple[Town, dict[str, bytes]]:
    """Kent has told Medway of Ada; Kent's bundle, made once."""
    folder = tmp_path_factory.mktemp("bundle")
    town = Town()
    town.hub = replace(town.hub, witnesses=2)
    wire = Wire(town)
    kent = wire.joins("mbr_kent", folder / "kent", area="886")
    medway = wire.joins("mbr_medway", folder / "medway", area="887")
    town.agrees("kent-medway-movers")
    move(kent, medway)
    come_to_rest(town, kent, medway)
    come_to_rest(town, kent, medway)
    return town, whole(kent)


def whole(gateway: Gateway) -> dict[str, bytes]:
    """The files of a bundle under a checkpoint that others have cosigned."""
    files, done = export(gateway, lambda _: None)
    assert done.witnessed
    assert done.entries > 0
    return files


def checked(files: dict[str, bytes], key: str | None = None) -> Evidence:
    """What the files prove of Kent."""
    return check_bundle(KENT, "hub.example", files, key, lambda _: None)


def test_a_bundle_proves_what_was_told_under_which_clause(region: tuple[Town, dict[str, bytes]]) -> None:
    """Releases, receipts, keys, agreements and cosignatures, with the hub's key from outside."""
    town, files = region
    evidence = checked(files, town.hub.log_key.vkey)
    assert evidence.pinned
    assert evidence.witnesses == ("mbr_medway",)
    assert evidence.kinds["release"] == 4
    assert evidence.kinds["published"] == 1
    assert {"mbr_kent", "mbr_medway"} <= evidence.fingerprints.keys()
    assert evidence.agreements == ("agr_kent-medway-movers version 1",)
    assert evidence.told > 4
    assert evidence.unseen == ()


def test_the_words_say_what_is_proved_and_what_is_not(region: tuple[Town, dict[str, bytes]]) -> None:
    """A person reads it; a key from inside of the bundle is no proof of whose log it is."""
    town, files = region
    said = in_words(checked(files, town.hub.log_key.vkey))
    assert "the key that you gave" in said
    assert all(what in said for what in NOT_PROVED)
    assert "that this is the hub's log at all" not in said
    assert "that this is the hub's log at all" in in_words(checked(files))
    alone = {**files, "log/checkpoint": files["log/checkpoint"]}
    del alone["keys/mbr_medway.json"], alone["agreements/agr_kent-medway-movers-v1.json"]
    said = in_words(checked(alone))
    assert "no other member has cosigned" in said
    assert "what agr_kent-medway-movers version 1 permits: it is not in the bundle" in said


def test_the_archive_comes_back_as_it_was_written(
    region: tuple[Town, dict[str, bytes]], tmp_path: Path
) -> None:
    """The same evidence is the same bytes; its list has the published form."""
    town, files = region
    for name in ("a.zip", "b.zip"):
        write_bundle(tmp_path / name, files, KENT, "hub.example", town.now)
    assert read_bundle(tmp_path / "a.zip") == (KENT, "hub.example", files)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        jsonschema.validate(json.loads(archive.read(LIST)), json.loads(SCHEMA.read_text("utf-8")))


def test_any_altered_byte_of_any_file_is_refused(region: tuple[Town, dict[str, bytes]]) -> None:
    """Three hundred by chance, and one in every file; also where the list was mended to fit."""
    town, files = region
    chance = random.Random(11)
    names = [*files, *chance.choices([*files], k=300)]
    for name in names:
        if name == "log/policy":  # for others' tools; what it says beyond the log is its writer's
            continue
        data = bytearray(files[name])
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        with pytest.raises(ProtocolError):
            checked({**files, name: bytes(data)}, town.hub.log_key.vkey)


def another_key(town: Town, files: dict[str, bytes]) -> tuple[dict[str, bytes], str]:
    """A good bundle, but not of the log whose key is pinned."""
    return files, vkey("hub.example", SigningKey.from_seed(b"\x09" * 32).public)


def without_proof(town: Town, files: dict[str, bytes]) -> tuple[dict[str, bytes], str]:
    """An opening that nothing proves."""
    name = next(name for name in files if name.endswith(".tlog-proof"))
    return {one: data for one, data in files.items() if one != name}, town.hub.log_key.vkey


def without_key_entry(town: Town, files: dict[str, bytes]) -> tuple[dict[str, bytes], str]:
    """A key that is signed, and in no log."""
    index = json.loads(files["keys/mbr_kent.json"])["entry"]
    left = {name: data for name, data in files.items() if not name.startswith(f"entries/{index}.")}
    return left, town.hub.log_key.vkey


def without_party(town: Town, files: dict[str, bytes]) -> tuple[dict[str, bytes], str]:
    """An agreement of whose parties one is not there."""
    return {
        name: data for name, data in files.items() if name != "keys/mbr_medway.json"
    }, town.hub.log_key.vkey


def without_checkpoint(town: Town, files: dict[str, bytes]) -> tuple[dict[str, bytes], str]:
    """No checkpoint, nothing to prove anything under."""
    return {name: data for name, data in files.items() if name != "log/checkpoint"}, town.hub.log_key.vkey


def swapped_proofs(town: Town, files: dict[str, bytes]) -> tuple[dict[str, bytes], str]:
    """The proof of one entry beside another."""
    one, two = [name for name in files if name.endswith(".tlog-proof")][:2]
    return {**files, one: files[two], two: files[one]}, town.hub.log_key.vkey


LACKING: dict[str, tuple[Callable[[Town, dict[str, bytes]], tuple[dict[str, bytes], str]], str]] = {
    "another log's key": (another_key, "note-signature"),
    "a proof is missing": (without_proof, "bundle-proof"),
    "a key without an entry": (without_key_entry, "key-not-logged"),
    "an agreement without a party's key": (without_party, "agreement-unsigned"),
    "no checkpoint": (without_checkpoint, "bundle-file"),
    "proofs exchanged": (swapped_proofs, "bundle-proof"),
}


@pytest.mark.parametrize("what", LACKING)
def test_what_is_lacking_has_a_code(region: tuple[Town, dict[str, bytes]], what: str) -> None:
    """Each gap is named, and none is passed over."""
    make, code = LACKING[what]
    files, key = make(*region)
    with pytest.raises(Untrusted) as fault:
        checked(files, key)
    assert fault.value.code == code


def test_another_log_s_name_is_refused(region: tuple[Town, dict[str, bytes]]) -> None:
    """The archive says of which log it is, and the checkpoint has to say the same."""
    with pytest.raises(Untrusted, match="checkpoint-origin"):
        check_bundle(KENT, "other.example", region[1], None, lambda _: None)


@pytest.mark.parametrize(
    "what", ["no archive", "truncated", "unlisted", "altered", "strange name", "no list", "one name twice"]
)
def test_an_archive_that_was_touched_is_refused(
    region: tuple[Town, dict[str, bytes]], tmp_path: Path, what: str
) -> None:
    """Nothing is read out of it that its list does not name, digest for digest."""
    town, files = region
    path = tmp_path / "bundle.zip"
    write_bundle(
        path, files | ({"../x": b"y"} if what == "strange name" else {}), KENT, "hub.example", town.now
    )
    if what == "no archive":
        path.write_bytes(b"hello")
    elif what == "truncated":
        path.write_bytes(path.read_bytes()[:-500])
    elif what != "strange name":
        touched = {"unlisted": {"keys/mbr_lambeth.json": b"{}"}, "altered": {"log/vkey": b"x"}}.get(what, {})
        with zipfile.ZipFile(path) as archive:
            kept = {name: archive.read(name) for name in archive.namelist()} | touched
        if what == "no list":
            del kept[LIST]
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in kept.items():
                archive.writestr(name, data)
            if what == "one name twice":
                with pytest.warns(UserWarning, match="Duplicate"):
                    archive.writestr("log/checkpoint", kept["log/checkpoint"])
    with pytest.raises((Untrusted, MalformedMessage)):
        read_bundle(path)


Record = dict[str, Any]


def lying(town: Town, files: dict[str, bytes], change: Callable[[Record], Record | None]) -> dict[str, bytes]:
    """The same evidence of a hub that logged other records: it has the key, so all its proofs are good."""
    openings = {int(Path(name).stem): json.loads(data) for name, data in files.items() if "opening" in name}
    openings = {index: one | {"record": change(one["record"])} for index, one in openings.items()}
    texts = {index: canonical.encode(one) for index, one in openings.items()}
    size = max(texts) + 1
    leaves = [leaf_hash(canonical.sha256(texts.get(index, b""))) for index in range(size)]
    frontier, made = Frontier().extend(leaves)
    nodes = {(level, index): value for level, index, value in made}
    note = sign_checkpoint(Checkpoint("hub.example", size, frontier.root()), town.hub.key, "hub.example")
    told = {**files, "log/checkpoint": note.encode()}
    for index, text in texts.items():
        path = inclusion_proof(index, size, lambda level, at: nodes[level, at])
        told[f"entries/{index}.opening"] = text
        told[f"entries/{index}.tlog-proof"] = encode_proof(LogProof(index, tuple(path), note)).encode()
    return told


def every_release(**changes: Json) -> Callable[[Record], Record]:
    """Releases with other facts than those that were logged."""
    return lambda record: record | changes if record["kind"] == "release" else record


def every_ground(**changes: Json) -> Callable[[Record], Record]:
    """Whatever was told, under another clause."""

    def change(record: Record) -> Record:
        parts = [one | {"ground": one["ground"] | changes} for one in record.get("parts", [])]
        return record | {"parts": parts} if parts else record

    return change


LIES: dict[str, tuple[Callable[[Record], Record], str]] = {
    "told without a clause": (
        lambda record: (
            record | {"parts": [{**one, "ground": None} for one in record.get("parts", [])]}
            if record["kind"] == "release"
            else record
        ),
        "field-type",
    ),
    "told from nobody": (every_release(sender=None), "id-malformed"),
    "a version that is no number": (every_ground(version="first"), "field-type"),
    "a clause that is not there": (every_ground(clause="99"), "clause-other"),
}


def test_a_hub_that_logged_the_truth_lies_to_nobody(region: tuple[Town, dict[str, bytes]]) -> None:
    """What the next tests change is all that they change."""
    town, files = region
    evidence = checked(lying(town, files, lambda record: record), town.hub.log_key.vkey)
    assert (evidence.kinds["release"], evidence.witnesses, evidence.unseen) == (4, (), ())


@pytest.mark.parametrize("what", LIES)
def test_a_logged_lie_is_no_proof(region: tuple[Town, dict[str, bytes]], what: str) -> None:
    """That a record is in the log does not make what it says lawful."""
    town, files = region
    change, code = LIES[what]
    with pytest.raises(ProtocolError) as fault:
        checked(lying(town, files, change), town.hub.log_key.vkey)
    assert fault.value.code == code


def test_who_is_no_party_is_not_taken_for_one(region: tuple[Town, dict[str, bytes]]) -> None:
    """A member may have joined later or act for a party; the bundle does not show it, and says so."""
    town, files = region
    told = lying(town, files, every_release(recipient="mbr_lambeth"))
    said = in_words(checked(told, town.hub.log_key.vkey))
    assert "that mbr_lambeth has joined agr_kent-medway-movers, or acts for a party: it is not in" in said


def test_a_record_cannot_write_on_the_terminal(region: tuple[Town, dict[str, bytes]]) -> None:
    """Kinds of record are the hub's text; one that is no word is counted as unknown."""
    town, files = region
    told = lying(
        town, files, lambda record: {"kind": "\x1b[2JProved:"} if record["kind"] == "published" else record
    )
    evidence = checked(told, town.hub.log_key.vkey)
    assert evidence.kinds["unknown"] == 1
    assert "\x1b" not in in_words(evidence)


def test_a_revoked_key_has_cosigned_nothing(region: tuple[Town, dict[str, bytes]]) -> None:
    """Whoever stole it can sign today what was shown to nobody; a key that is over counts no more either."""
    town, files = region
    keys = json.loads(files["keys/mbr_medway.json"])
    for one in keys["keys"]:
        one["revoked_at"] = 1
    revoked = files | {"keys/mbr_medway.json": canonical.encode(keys)}
    assert checked(revoked, town.hub.log_key.vkey).witnesses == ()


def keys_again(
    town: Town, files: dict[str, bytes], change: Callable[[DirectoryEntry], DirectoryEntry]
) -> dict[str, bytes]:
    """Medway's keys with other facts about them, signed by Medway itself."""
    identity, keys = town.members["mbr_medway"].keyring.identity, json.loads(files["keys/mbr_medway.json"])
    for one in keys["keys"]:
        one["document"] = sign_entry(change(read_entry(one["document"], identity.public)), identity)
    return files | {"keys/mbr_medway.json": canonical.encode(keys)}


def test_a_key_counts_in_its_time_and_for_its_member(region: tuple[Town, dict[str, bytes]]) -> None:
    """What was signed after its time is nobody's word; a key that names another member is refused."""
    town, files = region
    over = keys_again(
        town, files, lambda one: replace(one, valid_until=one.valid_from + timedelta(seconds=1))
    )
    assert checked(over, town.hub.log_key.vkey).witnesses == ()
    other = keys_again(town, files, lambda one: replace(one, member=MemberId("mbr_lambeth")))
    with pytest.raises(Untrusted, match="key-other-member"):
        checked(other, town.hub.log_key.vkey)


@pytest.mark.parametrize("name", ["log/vkey", "log/policy"])
def test_what_lies_there_for_others_is_of_the_same_log(
    region: tuple[Town, dict[str, bytes]], name: str
) -> None:
    """Somebody would take the key in the bundle, and prove another log by it."""
    town, files = region
    other = vkey("hub.example", SigningKey.from_seed(b"\x09" * 32).public)
    told = {"log/vkey": f"{other}\n", "log/policy": f"log {other}\nquorum none\n"}[name].encode()
    with pytest.raises(Untrusted, match="bundle-key"):
        checked(files | {name: told}, town.hub.log_key.vkey)


def test_an_entry_has_one_name(region: tuple[Town, dict[str, bytes]], tmp_path: Path) -> None:
    """With a leading zero it would stand there twice, and the second proof would be read by nobody."""
    town, files = region
    name = next(name for name in files if name.endswith(".opening"))
    index = Path(name).stem
    doubled = files | {f"entries/0{index}.opening": files[name], f"entries/0{index}.tlog-proof": b"anything"}
    write_bundle(tmp_path / "twice.zip", doubled, KENT, "hub.example", town.now)
    with pytest.raises(Untrusted, match="bundle-file"):
        read_bundle(tmp_path / "twice.zip")


def test_bytes_by_chance_are_refused_and_never_break_the_reader(
    region: tuple[Town, dict[str, bytes]], tmp_path: Path
) -> None:
    """The headers of an archive, altered four hundred times: refused, or still the same files."""
    town, files = region
    path, chance = tmp_path / "bundle.zip", random.Random(12)
    few = {name: data for name, data in files.items() if not name.startswith("entries/")}
    write_bundle(path, few, KENT, "hub.example", town.now)
    whole = path.read_bytes()
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            at = chance.choice([chance.randrange(len(data)), len(data) - 1 - chance.randrange(600)])
            data[at] = chance.randrange(256)
        path.write_bytes(data)
        try:
            found = read_bundle(path)
        except ProtocolError:
            continue
        assert found == (KENT, "hub.example", few)


def test_a_clause_is_of_its_groups(region: tuple[Town, dict[str, bytes]]) -> None:
    """What one group may tell another does not permit the reverse."""
    document = json.loads(region[1]["agreements/agr_kent-medway-movers-v1.json"])["document"]
    agreement = read_agreement(document)
    clause = next(one for one in agreement.clauses if Category.IDENTITY in one.categories)
    told = Told(agreement.id, agreement.version, clause.number, "identity", "mbr_kent", "mbr_medway")
    assert _check_clause(told, agreement) == []
    others = replace(agreement, clauses=(replace(clause, senders=frozenset({"others"})),))
    with pytest.raises(Untrusted, match="clause-other"):
        _check_clause(told, others)
