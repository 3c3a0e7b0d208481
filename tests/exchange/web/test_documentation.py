"""The API describes itself: a committed document, a page without script, a page for each code."""

import json
from html import escape
from pathlib import Path

from hub import __version__
from hub.exchange.web.documentation import describe
from hub.protocols.problem_codes import PROBLEMS
from tests.exchange.web.test_routes import routes
from tests.simulators.web_member import ORIGIN, WebHub

COMMITTED = Path(__file__).parents[3] / "docs" / "openapi.json"


def test_the_committed_description_is_the_one_that_is_served(web_hub: WebHub) -> None:
    """`make openapi` writes docs/openapi.json; a change of the API is a change of that file."""
    with web_hub.serving() as client:
        served = client.get("/openapi.json").json()
    assert served == json.loads(COMMITTED.read_text("utf-8")), "run `make openapi` and read the difference"
    assert served["openapi"] == "3.1.0"
    assert served["info"]["version"] == __version__


def test_every_route_is_described_with_its_rule(web_hub: WebHub) -> None:
    """Hot and cold alike; the pages about the API are not part of it."""
    described = describe(web_hub.app, __version__)["paths"]
    about = {"/openapi.json", "/docs", "/docs/style.css"}
    for method, path, demanded in routes(web_hub):
        if path not in about:
            operation = described[path.replace(":path}", "}")][method.lower()]
            assert operation["x-rule"] == demanded.rule.value
            assert operation["responses"]["default"]


def test_no_framework_default_is_left_in_the_description(web_hub: WebHub) -> None:
    """Problems are ours: the framework's own error schemas do not appear."""
    text = json.dumps(describe(web_hub.app, __version__))
    assert "HTTPValidationError" not in text
    references = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert references <= set(describe(web_hub.app, __version__)["components"]["schemas"])


def test_the_page_lists_every_operation_without_a_script(web_hub: WebHub) -> None:
    """Plain HTML from this process, nothing from elsewhere."""
    with web_hub.serving() as client:
        page = client.get("/docs").text
        style = client.get("/docs/style.css")
    for _, path, _ in routes(web_hub):
        if path.startswith("/v1"):
            assert path in page
    assert "<script" not in page
    assert "//" not in page.replace("://", "").replace("<!doctype", "")
    assert style.headers["content-type"].startswith("text/css")


def test_every_problem_has_a_page(web_hub: WebHub) -> None:
    """What `type` names can be read by a person; what is no code is not found."""
    with web_hub.serving() as client:
        for code in PROBLEMS:
            answer = client.get(f"/problems/{code}")
            assert (answer.status_code, code in answer.text) == (200, True)
            told = client.get(f"/problems/{code}", headers={"Accept": "application/json"})
            assert (told.json()["code"], told.json()["next_step"]) == (code, PROBLEMS[code].next_step)
            assert told.headers["vary"] == "Accept"
        assert client.get("/problems/nonsense").status_code == 404


def test_the_type_of_a_problem_leads_to_its_page(web_hub: WebHub) -> None:
    """From the answer that a program got to what a person has to do, without credentials."""
    with web_hub.serving() as client:
        problem = client.get("/v1/inbox").json()
        path = problem["type"].removeprefix(ORIGIN)
        page = client.get(path)
    assert path == "/problems/access-missing"
    assert page.status_code == 200
    assert escape(problem["next_step"]) in page.text
