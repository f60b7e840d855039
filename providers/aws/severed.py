"""What botocore reads as an empty answer where a connection ended among the headers: no instances, no objects."""

from __future__ import annotations

from typing import Any

from orchestrator.kit.severed import is_severed


def refuse_severed(http_response: Any, model: Any, **_: Any) -> None:
    """A handler of botocore's `after-call`. Raises its ConnectionClosedError, as for any other broken connection."""
    from botocore.exceptions import ConnectionClosedError  # noqa: PLC0415 - the SDK is there: it called

    # The body of a stream is its reader's: there, a head without a length is enough.
    empty = model.has_streaming_output or not http_response.content
    method = model.http.get("method", "POST")
    if http_response.status_code < 300 and is_severed(
        method, http_response.status_code, http_response.headers, empty=empty
    ):
        raise ConnectionClosedError(endpoint_url=http_response.url)
