"""The kit for REST APIs: what an answer means for the core, and what a kind may say of itself."""

from __future__ import annotations

import json
import socket

import pytest
from werkzeug.wrappers import Request, Response

from orchestrator.kit.fields import Field
from orchestrator.kit.rest.client import RestClient
from orchestrator.kit.rest.kind import RestKind
from orchestrator.kit.shapes import many, pairs, spec, status, text
from orchestrator.kit.simulation.server import serve
from orchestrator.model.errors import OutcomeUnknownError, PermanentError, TransientError
from orchestrator.model.ids import Address, StackId, TypeName, Uid
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.marker import Marker
from orchestrator.model.schema import Property
from orchestrator.model.values import Secret


@pytest.fixture
def api():
    """A service that answers as it is told, and remembers what it was asked."""
    made = []

    def make(status=200, body=b"{}", headers=None):
        asked = []

        def application(environ, start_response):
            request = Request(environ)
            asked.append((request.method, dict(request.headers), request.get_data()))
            return Response(body, status=status, headers=headers or {})(environ, start_response)

        made.append(serve(application))
        return RestClient(made[-1].url, {"Authorization": Secret("Bearer plain", "env:T")}), asked

    yield make
    for server in made:
        server.close()


@pytest.mark.parametrize(
    ("status", "method", "family", "code"),
    [
        (400, "POST", PermanentError, "TooSmall"),
        (401, "GET", PermanentError, "Unauthorized"),
        (403, "GET", PermanentError, "Forbidden"),
        (404, "PATCH", PermanentError, "NotFound"),
        (409, "POST", PermanentError, "Conflict"),
        (429, "POST", TransientError, "TooSmall"),
        (503, "POST", TransientError, "TooSmall"),
        (500, "GET", TransientError, "TooSmall"),
        (500, "POST", OutcomeUnknownError, "TooSmall"),
        (502, "DELETE", OutcomeUnknownError, "TooSmall"),
    ],
)
def test_a_refusal_is_of_the_family_that_says_what_to_do(api, status, method, family, code):
    """Of a write that ends in a 5xx nobody can tell; 429 and 503 say that nothing happened."""
    said = {"error": {"code": "TooSmall", "message": "a box is larger"}}
    client, _ = api(status, json.dumps(said).encode(), {"Retry-After": "7", "X-Request-Id": "r-1"})
    with pytest.raises(family) as caught:
        client.ask(method, "/boxes", operation="touch Acme::Box")
    error = caught.value
    assert (error.message, error.code, error.operation, error.request_id) == (
        "a box is larger",
        code,
        "touch Acme::Box",
        "r-1",
    )
    if isinstance(error, TransientError):
        assert (error.throttled, error.retry_after) == (status == 429, 7.0 if status in (429, 503) else None)


@pytest.mark.parametrize(("method", "family"), [("GET", PermanentError), ("POST", OutcomeUnknownError)])
def test_a_portals_web_page_is_no_answer_of_the_api(api, method, family):
    client, _ = api(200, b"<!doctype html><p>Please log in</p>")
    with pytest.raises(family, match="a web page: is this the address of the API"):
        client.ask(method, "/boxes")


def test_an_address_that_nobody_listens_on_is_transient_even_for_a_write():
    """Nothing was sent, so nothing happened."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(TransientError, match="nothing answers"):
        RestClient(f"http://127.0.0.1:{port}").ask("POST", "/boxes", {})


def test_secrets_are_revealed_in_the_call_and_calls_are_counted(api):
    client, asked = api()
    client.ask("POST", "/boxes", {"password": Secret("plain", "env:P")}, operation="create Acme::Box")
    assert client.peek("/boxes/1", operation="get Acme::Box") == {}
    assert asked[0][1]["Authorization"] == "Bearer plain"
    assert json.loads(asked[0][2]) == {"password": "plain"}
    assert (client.calls, client.made_here) == ({"create Acme::Box": 1, "get Acme::Box": 1}, 2)


SPEC = Property("object", properties={"name": Property("string"), "labels": Property("object")})


@pytest.mark.parametrize(
    ("marking", "tags", "said"),
    [
        (Marking.PROVISIONAL, "labels", "marking provisional is not one of"),
        (Marking.TAG, "tags", "'tags' is no prop"),
    ],
)
def test_a_kind_that_could_not_be_found_again_is_refused_when_it_is_written(marking, tags, said):
    with pytest.raises(ValueError, match=said):
        RestKind(schema=KindSchema(TypeName("Acme::Box"), SPEC, marking=marking), path="/boxes", tags=tags)


def test_a_property_goes_under_the_apis_name_and_in_its_writing_and_comes_back():
    """A row says both; what left the spec and has no default is sent as null; our marker is in no spec."""
    rows = (
        Field("name", "title"),
        Field("zones", to=lambda _api, zones: ",".join(zones), back=lambda _api, seen, *_: seen.split(",")),
    )
    schema = KindSchema(
        TypeName("Acme::Box"),
        spec(name=text(), zones=many(text(), default=["a"]), labels=pairs()),
        status(),
        marking=Marking.TAG,
    )
    kind = RestKind(schema=schema, path="/boxes", tags="labels", fields=rows)
    marker = Marker(StackId("shop"), Address("it"), Uid("u1"))
    want = {"name": "b", "zones": ["a", "b"], "labels": {"k": "v"}}
    body = kind.body(None, want, marker)
    assert (body["title"], body["zones"]) == ("b", "a,b")
    seen = kind.observed(None, {"id": 7, **body}, want)
    assert (seen.id, seen.spec, seen.marker) == ("7", want, marker)
    changed = kind.change(None, {}, {"name", "zones", "labels"}, marker)
    assert changed == {"title": None, "zones": "a", "labels": marker.tags()}
