"""What the made-up members sign is what a reader of the repository finds as worked examples."""

from pathlib import Path

import pytest

from adapters.demo import examples
from adapters.demo.errors import DemoFault
from adapters.demo.world import MEMBERS

SHOWN = Path(__file__).parents[3] / "agreements" / "examples"


def test_the_members_sign_the_worked_examples() -> None:
    """Every example, byte for byte those of the repository, each with parties that take part."""
    assert {path.name for path in SHOWN.glob("*.json")} == {
        path.name for path in examples.EXAMPLES.glob("*.json")
    }
    read = examples.read_examples()
    assert len(read) == 7
    assert {home for one in read for home in one.homes} <= {cast.home for cast in MEMBERS}


def test_an_installation_without_them_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's story goes on with agreements that are not there."""
    monkeypatch.setattr(examples, "EXAMPLES", tmp_path / "gone")
    with pytest.raises(DemoFault, match="install the package again"):
        examples.read_examples()
