"""The description of the API: OpenAPI 3.1, a page that lists it, a page for every problem code.

Routes of FastAPI describe themselves; the thin ones are described here. The pages are plain HTML
from this process: no script, nothing from elsewhere.
"""

from copy import deepcopy
from html import escape
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from hub.exchange.errors import NotYours
from hub.exchange.web import schemas
from hub.exchange.web.problems import kind_of
from hub.exchange.web.rules import Rule, rule_of, ruled
from hub.protocols.problem import CONTENT_TYPE

TITLE: Final = "Mover Exchange Hub"
ABOUT: Final = (
    "Tell the next council that a young person has moved, without a central register. Every /v1 call "
    "carries a DPoP-bound access token and a fresh proof (RFC 9449); unknown fields are refused; problems "
    "are RFC 9457 documents with stable codes. Made-up data; not legally reviewed."
)
_REF: Final = "#/components/schemas/{model}"
_THIN_MODELS: Final[tuple[type[BaseModel], ...]] = (
    schemas.ProblemDocument,
    schemas.ProblemMeaning,
    schemas.Promised,
    schemas.BatchResults,
    schemas.InboxPage,
    schemas.Acknowledgement,
    schemas.Accepted,
)
_VARIES: Final = {"Vary": "Accept", "Cache-Control": "public, max-age=3600"}
_METHODS: Final = ("get", "post", "put", "patch", "delete")


def describe(app: FastAPI, version: str) -> dict[str, Any]:
    """Return the whole description, with the thin routes and what all of them have in common."""
    described = get_openapi(
        title=TITLE, version=version, openapi_version="3.1.0", description=ABOUT, routes=app.routes
    )
    components = described.setdefault("components", {})
    models = [(model, "serialization") for model in _THIN_MODELS]
    _, made = models_json_schema(models, ref_template=_REF)  # type: ignore[arg-type]  # invariance alone
    components["schemas"] = dict(sorted({**components.get("schemas", {}), **made["$defs"]}.items()))
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    components["securitySchemes"] = _SCHEMES
    for path, methods in _THIN.items():
        described["paths"].setdefault(path, {}).update(deepcopy(methods))
    _finish(described, _rules(app))
    described["paths"] = dict(sorted(described["paths"].items()))
    return described


@ruled(Rule.PUBLIC)
async def read_openapi(request: Request) -> Response:
    """Give the description of this API."""
    return JSONResponse(request.app.state.described())


@ruled(Rule.PUBLIC)
async def read_docs(request: Request) -> Response:
    """Show every operation on one page."""
    return HTMLResponse(docs_page(request.app.state.described()))


@ruled(Rule.PUBLIC)
async def read_style(_: Request) -> Response:
    """Give the style sheet of these pages."""
    return PlainTextResponse(_STYLE, media_type="text/css")


@ruled(Rule.PUBLIC)
async def read_problem(request: Request) -> Response:
    """Show what a problem code means and what to do next: a page, or JSON for who asks for that."""
    code = request.path_params["code"]
    kind = kind_of(code)
    if kind is None:
        raise NotYours
    if "json" in request.headers.get("accept", ""):
        told = {"code": code, "status": kind.status, "title": kind.title, "next_step": kind.next_step}
        return JSONResponse(told, headers=_VARIES)
    body = f"<p>Status {kind.status}, code <code>{escape(code)}</code>.</p><p>{escape(kind.next_step)}</p>"
    return HTMLResponse(_page(kind.title, body), headers=_VARIES)


ROUTES: Final = [
    Route("/openapi.json", read_openapi),
    Route("/docs", read_docs),
    Route("/docs/style.css", read_style),
    Route("/problems/{code}", read_problem),
]


def docs_page(described: dict[str, Any]) -> str:
    """The page that lists every operation."""
    rows = [
        _row(method.upper(), path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    head = "<tr><th>Method</th><th>Address</th><th>What it does</th><th>Whom it serves</th></tr>"
    about = f'<p>{escape(ABOUT)}</p><p>The same for machines: <a href="/openapi.json">openapi.json</a>.</p>'
    return _page(TITLE, f"{about}<table>{head}{''.join(rows)}</table>")


def _row(method: str, path: str, operation: dict[str, Any]) -> str:
    says = operation.get("description") or operation["summary"]
    cells = (
        f"<code>{method}</code>",
        f"<code>{escape(path)}</code>",
        escape(says),
        escape(operation["x-rule"]),
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<link rel="stylesheet" href="/docs/style.css"><h1>{escape(title)}</h1>{body}</html>'
    )


def _rules(app: FastAPI) -> dict[tuple[str, str], Any]:
    found = {}
    for route in app.routes:
        if isinstance(route, Route):
            demanded = rule_of(route.endpoint, route.path)
            for method in route.methods or ():
                found[route.path.replace(":path}", "}"), method.lower()] = demanded
    return found


def _finish(described: dict[str, Any], rules: dict[tuple[str, str], Any]) -> None:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            if method not in _METHODS:
                continue
            demanded = rules[path, method]
            operation["x-rule"] = demanded.rule.value
            if demanded.rule is Rule.PUBLIC:
                operation["security"] = []
            else:
                operation["security"] = [{"dpop": [demanded.scope] if demanded.scope else []}]
                operation.setdefault("parameters", []).append(_PROOF)
            responses = operation.setdefault("responses", {})
            responses.pop("422", None)
            responses["default"] = _PROBLEM


_PROOF: Final = {
    "name": "DPoP",
    "in": "header",
    "required": True,
    "description": "A fresh proof for this method and address (RFC 9449)",
    "schema": {"type": "string"},
}
_SCHEMES: Final = {
    "dpop": {
        "type": "oauth2",
        "description": "Client credentials with private_key_jwt; tokens are bound to a key (DPoP).",
        "flows": {
            "clientCredentials": {
                "tokenUrl": "/oauth/token",
                "scopes": {
                    "notices:write": "Publish, sign papers, register keys",
                    "inbox:read": "Read the inbox and answer what is in it",
                    "disclosures:read": "Read what the log says about the member",
                },
            }
        },
    }
}
_PROBLEM: Final = {
    "description": "Why not, and what to do next",
    "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
}


def _ref(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REF.format(model=model.__name__)}}}


def _query(name: str, what: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": what, "schema": schema}


_ITEM: Final = {"name": "item", "in": "path", "required": True, "schema": {"type": "string"}}
_THIN: Final[dict[str, dict[str, Any]]] = {
    "/problems/{code}": {
        "get": {
            "tags": ["about"],
            "operationId": "read_problem",
            "summary": "What a problem code means and what to do next; where the type of a problem leads",
            "parameters": [
                {"name": "code", "in": "path", "required": True, "schema": {"type": "string"}},
            ],
            "responses": {
                "200": {
                    "description": "The problem, as a page or as JSON by `Accept`",
                    "content": {"text/html": {}, **_ref(schemas.ProblemMeaning)},
                }
            },
        }
    },
    "/v1/notices": {
        "post": {
            "tags": ["notices"],
            "operationId": "post_notice",
            "summary": "Publish one notice; the signed promise comes back once it is kept",
            "requestBody": {
                "required": True,
                "description": "A notice as the gateway writes it (docs/wire.md)",
                "content": {"application/json": {"schema": {"type": "object"}}},
            },
            "responses": {"202": {"description": "Kept", "content": _ref(schemas.Promised)}},
        }
    },
    "/v1/notice-batches": {
        "post": {
            "tags": ["notices"],
            "operationId": "post_batch",
            "summary": "Publish many notices; each line stands or falls by itself",
            "requestBody": {
                "required": True,
                "description": schemas.BATCH_DESCRIPTION,
                "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
            },
            "responses": {
                "200": {"description": "What became of each", "content": _ref(schemas.BatchResults)}
            },
        }
    },
    "/v1/inbox": {
        "get": {
            "tags": ["inbox"],
            "operationId": "list_inbox",
            "summary": "List what waits; stay until something comes, if asked to",
            "parameters": [
                _query(
                    "wait",
                    "Seconds to wait for something to come",
                    {"type": "integer", "minimum": 0, "maximum": 60, "default": 0},
                ),
                _query(
                    "limit",
                    "Most items on a page",
                    {
                        "type": "integer",
                        "minimum": 0,
                        "maximum": schemas.LARGEST_PAGE,
                        "default": schemas.USUAL_PAGE,
                    },
                ),
                _query("cursor", "The place to go on from", {"type": "string"}),
            ],
            "responses": {
                "200": {
                    "description": "A page, empty if nothing has come",
                    "content": _ref(schemas.InboxPage),
                },
                "304": {"description": "Nothing has changed since the ETag of If-None-Match"},
            },
        }
    },
    "/v1/inbox/{item}/delivery": {
        "get": {
            "tags": ["inbox"],
            "operationId": "read_delivery",
            "summary": "Fetch a delivery; decided once more at this very instant",
            "parameters": [_ITEM],
            "responses": {
                "200": {
                    "description": "Manifest, released parts, key box, and the proof of its log entry",
                    "content": {"application/json": {"schema": {"type": "object"}}},
                }
            },
        }
    },
    "/v1/inbox/{item}/acknowledgement": {
        "post": {
            "tags": ["inbox"],
            "operationId": "post_acknowledgement",
            "summary": "Acknowledge what was received, by digest",
            "parameters": [_ITEM],
            "requestBody": {"required": True, "content": _ref(schemas.Acknowledgement)},
            "responses": {"202": {"description": "Kept", "content": _ref(schemas.Accepted)}},
        }
    },
}

_STYLE: Final = """body{font:1rem/1.5 Helvetica,Arial,sans-serif;max-width:70rem;margin:2rem auto}
body{padding:0 1rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #b1b4b6}
code{font-size:.95rem}
"""
