"""Three areas with one agreement: the fewest among whom one can remain unnamed."""

import json
from typing import Final

from hub.protocols.canonical import Json
from tests.simulators.town import example_agreement

AREAS: Final = {"mbr_kent": "886", "mbr_lambeth": "208", "mbr_medway": "887"}
"""The members and their areas."""


def region_agreement() -> dict[str, Json]:
    """The two councils' agreement, made by three."""
    document = example_agreement("kent-medway-movers")
    parties = document["parties"]
    assert isinstance(parties, list)
    third = json.loads(json.dumps(parties[1]).replace("medway", "lambeth").replace("Medway", "Lambeth"))
    third["code"]["value"], third["ico_registration"] = "208", "ZX000208"
    return {**document, "id": "agr_three-areas-movers", "parties": [*parties, third]}
