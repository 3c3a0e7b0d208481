"""Every route says whom it serves, and holds to it (I7)."""

from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.exchange.web.desk import Guarded, thin
from hub.exchange.web.rules import NOTICES, Rule, Ruled, rule_of
from hub.protocols.names import MemberKind, NoticeType
from tests.exchange.web.conftest import Region
from tests.simulators.web_member import Desk, WebHub

PLACES: Final = {
    "{notice}": "ntc_" + "0" * 26,
    "{item}": "dis_" + "0" * 26,
    "{key_request}": "req_" + "0" * 26,
    "{dispute}": "dsp_" + "0" * 26,
    "{member}": "mbr_medway",
    "{agreement}": "agr_kent-medway-movers",
    "{version}": "1",
    "{epoch}": "ep_" + "0" * 26,
    "{log_index}": "0",
    "{code}": "not-found",
    "{path:path}": "0/000.p/1",
}


def routes(hub: WebHub) -> Iterator[tuple[str, str, Ruled]]:
    """Method, path and rule of every route there is."""
    for route in hub.app.routes:
        assert isinstance(route, Route), "a mounted application would hide its routes from this walk"
        for method in sorted((route.methods or set()) - {"HEAD"}):
            yield method, route.path, rule_of(route.endpoint, route.path)


def filled(path: str) -> str:
    """The path with an id in every place."""
    for place, value in PLACES.items():
        path = path.replace(place, value)
    assert "{" not in path, path
    return path


def without_id(answer: httpx.Response) -> dict[str, Any]:
    """A problem without the one field that may differ between two of the same kind."""
    return {name: value for name, value in answer.json().items() if name != "request_id"}


def test_every_route_has_a_rule(web_hub: WebHub) -> None:
    """The walk meets them all, the hot and the cold ones, and none is without a word."""
    found = list(routes(web_hub))
    assert len(found) >= 50
    assert ("POST", "/v1/notices", Ruled(Rule.OWN, NOTICES)) in found
    assert {demanded.rule for _, _, demanded in found} == set(Rule)


def test_a_route_without_a_rule_cannot_be_built() -> None:
    """Forgetting the word is a `TypeError` when the module is read, not a hole when it runs."""
    router = APIRouter(route_class=Guarded)

    async def endpoint(_: Request) -> Response:
        return Response()

    with pytest.raises(TypeError, match="does not say whom it serves"):
        router.get("/v1/forgotten")(endpoint)
    with pytest.raises(TypeError, match="does not say whom it serves"):
        thin("/v1/forgotten", endpoint, "GET")


def test_only_public_routes_answer_without_a_token(region: Region) -> None:
    """Every other route says 401 before it looks at anything else, the same for each."""
    seen = set()
    for method, path, demanded in routes(region.hub):
        answer = region.client.request(method, filled(path))
        if demanded.rule is Rule.PUBLIC:
            assert answer.status_code != 401 or path == "/oauth/token", (method, path)
        else:
            seen.add(str(without_id(answer)))
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"].startswith("DPoP"), (method, path)
    assert len(seen) == 1


def test_a_token_without_the_scope_is_refused(region: Region) -> None:
    """A system whose token is for one scope cannot use the routes of another."""
    kent = region.kent
    for own in ("inbox:read", "notices:write", "disclosures:read"):
        kent.token = kent.asks_token(scope=own).json()["access_token"]
        for method, path, demanded in routes(region.hub):
            if demanded.scope not in {None, own}:
                where = filled(path)
                answer = region.client.request(method, where, headers=kent.headers(method, where))
                assert (answer.status_code, answer.json()["code"]) == (403, "scope-insufficient"), path


def test_what_is_another_members_is_as_little_there_as_nothing(region: Region) -> None:
    """On every route of a single thing: forbidden and absent are one answer, word for word."""
    hub, kent, medway = region.hub, region.kent, region.medway
    lambeth = hub.admits(region.client, "mbr_lambeth", MemberKind.AUTHORITY, "208")
    agreement = hub.agrees("kent-medway-movers", kent, medway)
    notice = kent.publishes(kent.notice()).json()["notice"]
    medway.publishes(medway.notice(NoticeType.NEW_ARRIVAL))
    hub.slot()
    (item,) = Desk(kent).look()
    with hub.store.read() as work:
        theirs = [
            entry.index
            for entry in work.log.entries_for(kent.member, -1, 500, work.log.size())
            if lambeth.member not in entry.parties
        ]
    pairs = {
        f"/v1/notices/{notice}": f"/v1/notices/{PLACES['{notice}']}",
        f"/v1/notices/{notice}/promise": f"/v1/notices/{PLACES['{notice}']}/promise",
        f"/v1/notices/{notice}/timeline": f"/v1/notices/{PLACES['{notice}']}/timeline",
        f"/v1/inbox/{item['item']}": f"/v1/inbox/{PLACES['{item}']}",
        f"/v1/inbox/{item['item']}/delivery": f"/v1/inbox/{PLACES['{item}']}/delivery",
        f"/v1/agreements/{agreement}": "/v1/agreements/agr_there-is-none",
        f"/v1/agreements/{agreement}/versions/1": f"/v1/agreements/{agreement}/versions/9",
        f"/v1/epochs/{hub.epoch}/wrapped-key": f"/v1/epochs/{PLACES['{epoch}']}/wrapped-key",
        f"/v1/disclosures/{theirs[0]}": "/v1/disclosures/999999",
        f"/v1/disclosures/{theirs[0]}/proof": "/v1/disclosures/999999/proof",
    }
    for forbidden, absent in pairs.items():
        one, other = lambeth.gets(forbidden), lambeth.gets(absent)
        assert one.status_code == other.status_code == 404, forbidden
        assert without_id(one) == without_id(other), forbidden
    for path in pairs:
        if not path.endswith(("/delivery", "/wrapped-key")):
            assert kent.gets(path).status_code == 200, path


def test_lists_hold_the_callers_own_things_alone(region: Region) -> None:
    """A member with nothing of its own sees empty lists beside others' full ones."""
    lambeth = region.hub.admits(region.client, "mbr_lambeth", MemberKind.AUTHORITY, "208")
    region.hub.agrees("kent-medway-movers", region.kent, region.medway)
    region.kent.publishes(region.kent.notice())
    region.hub.slot()
    for path in ("/v1/notices", "/v1/inbox", "/v1/agreements", "/v1/mandates", "/v1/standing-requests"):
        assert lambeth.gets(path).json()["data"] == [], path
    shown = lambeth.gets("/v1/disclosures?limit=500").json()["data"]
    assert "published" not in {one["opening"]["record"]["kind"] for one in shown}


def test_signed_words_of_others_are_not_taken(region: Region) -> None:
    """Writing to another member's thing is as little possible as to none: 404 for both."""
    kent, medway = region.kent, region.medway
    notice = kent.publishes(kent.notice()).json()["notice"]
    for name in (notice, PLACES["{notice}"]):
        for part, field in (("withdrawal", "withdrawal"), ("assertions", "assertion")):
            answer = medway.posts(f"/v1/notices/{name}/{part}", {field: "e30.e30.AA"})
            assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    for other in ("mbr_kent", "mbr_there-is-none"):
        answer = medway.posts(f"/v1/members/{other}/keys", {"document": {}})
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    answer = medway.posts("/v1/epochs", {"document": {}, "boxes": {}})
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_an_address_or_method_that_does_not_exist_is_a_problem_too(region: Region) -> None:
    """404 and 405 have codes, and 405 says what would do."""
    nowhere = region.client.get("/v1/people")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "route-unknown")
    wrong = region.client.request("DELETE", "/v1/notices")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method-not-allowed")
    assert "POST" in wrong.headers["allow"] or "GET" in wrong.headers["allow"]


def test_every_answer_is_safe_for_a_browser(region: Region) -> None:
    """No sniffing, no script, no frame, and a request id, on good answers and on problems."""
    for path in ("/healthz", "/v1/inbox", "/nowhere", "/docs", "/log/checkpoint"):
        headers = region.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["request-id"].startswith("req_")


def test_an_answer_tells_what_is_left_of_the_rate(region: Region) -> None:
    """`RateLimit` and its policy are on every answer to a member."""
    headers = region.kent.gets("/v1/members").headers
    assert headers["ratelimit"].startswith('"member";r=')
    assert headers["ratelimit-policy"].startswith('"member";q=')
