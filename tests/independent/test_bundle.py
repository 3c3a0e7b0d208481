"""A member's bundle is good to others: their code proves every entry of it, and refuses an altered one."""

import zipfile
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from tlog_scales.signing import Vkey, VkeySet
from tlog_scales.tlog import Checkpoint, InclusionProof, InclusionProofInvalid

from adapters.member.bundle import write_bundle
from adapters.member.bundle_export import export
from hub.protocols.names import MemberId
from tests.adapters.member.conftest import come_to_rest, move
from tests.simulators.town import Town
from tests.simulators.wire import Wire


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Mapping[str, bytes]]:
    """The log's key as handed over, and the files of Medway's bundle as they come out of the archive."""
    folder = tmp_path_factory.mktemp("independent")
    town = Town()
    town.hub = replace(town.hub, witnesses=2)
    wire = Wire(town)
    kent = wire.joins("mbr_kent", folder / "kent", area="886")
    medway = wire.joins("mbr_medway", folder / "medway", area="887")
    town.agrees("kent-medway-movers")
    move(kent, medway)
    come_to_rest(town, kent, medway)
    come_to_rest(town, kent, medway)
    files, _ = export(medway, lambda _: None)
    write_bundle(folder / "medway.zip", files, MemberId("mbr_medway"), "hub.example", town.now)
    with zipfile.ZipFile(folder / "medway.zip") as archive:
        return town.hub.log_key.vkey, {name: archive.read(name) for name in archive.namelist()}


def signed(key: str, files: Mapping[str, bytes]) -> tuple[Checkpoint, set[str]]:
    """The checkpoint as their code reads it, and whose signatures hold, by the keys of the policy."""
    checkpoint = Checkpoint.from_text(files["log/checkpoint"].decode())
    lines = files["log/policy"].decode().splitlines()
    witnesses = [line.split()[2] for line in lines if line.startswith("witness ")]
    found = VkeySet(*map(Vkey.from_string, [key, *witnesses])).verify(checkpoint.signatures, checkpoint)
    return checkpoint, {one.name for one, _ in found}


def prove(files: Mapping[str, bytes], index: int, checkpoint: Checkpoint) -> None:
    """Have their code prove one entry: SHA-256 of the opening is the leaf, the hashes are the proof's."""
    head = files[f"entries/{index}.tlog-proof"].decode().partition("\n\n")[0].split("\n")
    assert head[:2] == ["c2sp.org/tlog-proof@v1", f"index {index}"]
    leaf = sha256(files[f"entries/{index}.opening"]).digest()
    proof = InclusionProof(index, checkpoint.size, [b64decode(line) for line in head[2:]])
    proof.check(sha256(b"\x00" + leaf).digest(), checkpoint.root_hash)


def test_others_prove_every_entry_of_a_bundle(bundle: tuple[str, Mapping[str, bytes]]) -> None:
    """The log's signature and its witnesses' hold, and each entry is under it."""
    key, files = bundle
    checkpoint, names = signed(key, files)
    assert {"hub.example", "hub.example/mbr_kent"} <= names
    indexes = [int(Path(name).stem) for name in files if name.endswith(".opening")]
    assert len(indexes) > 8
    for index in indexes:
        prove(files, index, checkpoint)


def test_others_refuse_an_altered_entry(bundle: tuple[str, Mapping[str, bytes]]) -> None:
    """One bit of a record, and the leaf is another."""
    key, files = bundle
    name = next(name for name in files if name.endswith(".opening"))
    altered = {**files, name: bytes([files[name][0] ^ 1]) + files[name][1:]}
    with pytest.raises(InclusionProofInvalid):
        prove(altered, int(Path(name).stem), signed(key, files)[0])
