"""The wire of the AWS services that the sandbox serves: what a request asks, and how each answers an error.

EC2, RDS and STS speak the query protocol (a form with ``Action``), S3 is REST, others name a target.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl
from uuid import uuid4
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_SCOPE: Final = re.compile(r"Credential=([^/,\s]+)/\d+/([^/]+)/([^/]+)/aws4_request")
_CALL: Final = "opsctl.aws.call"
_S3_BUCKET: Final = {
    "versioning": "BucketVersioning",
    "encryption": "BucketEncryption",
    "publicAccessBlock": "PublicAccessBlock",
    "tagging": "BucketTagging",
    "location": "BucketLocation",
    "policy": "BucketPolicy",
    "lifecycle": "BucketLifecycleConfiguration",
    "ownershipControls": "BucketOwnershipControls",
}
_VERBS: Final = {"GET": "Get", "PUT": "Put", "DELETE": "Delete", "POST": "Post", "HEAD": "Head"}


@dataclass(frozen=True, slots=True)
class Call:
    """One API call as it was asked."""

    service: str
    region: str
    operation: str
    params: dict[str, str]
    """Of the query protocol; empty for the others."""
    body: bytes = b""
    """Of a call that makes a bucket."""
    bucket: str = ""

    def each(self, prefix: str) -> list[str]:
        """The values of a numbered parameter: ``InstanceId.1``, ``InstanceId.2``, in order."""
        numbered = re.compile(re.escape(prefix) + r"\.(\d+)$")
        found = [(int(m[1]), v) for k, v in self.params.items() if (m := numbered.match(k))]
        return [value for _, value in sorted(found)]


def read_call(environ: WSGIEnvironment) -> Call:
    """What a request asks; the body stays readable."""
    call = environ.get(_CALL)
    if isinstance(call, Call):
        return call
    _, region, service = _scope(environ)
    params: dict[str, str] = {}
    if "x-www-form-urlencoded" in environ.get("CONTENT_TYPE", ""):
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = BytesIO(body)
        params = dict(parse_qsl(body.decode(), keep_blank_values=True))
    if service == "s3":
        name = _s3_operation(environ)
    else:
        name = params.get("Action") or environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    body, bucket = b"", environ.get("PATH_INFO", "").strip("/").partition("/")[0] if service == "s3" else ""
    if name == "CreateBucket":
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = BytesIO(body)
    made = environ[_CALL] = Call(service, region, name, params, body, bucket)
    return made


def operation(environ: WSGIEnvironment) -> str:
    """The name of the operation that a request asks for: ``RunInstances``, ``PutObject``."""
    return read_call(environ).operation


def _scope(environ: WSGIEnvironment) -> tuple[str, str, str]:
    found = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    return (found[1], found[2], found[3]) if found else ("", "us-east-1", "s3")


def _s3_operation(environ: WSGIEnvironment) -> str:
    method: str = environ["REQUEST_METHOD"]
    bucket, _, key = environ.get("PATH_INFO", "").lstrip("/").partition("/")
    query = {part.partition("=")[0] for part in environ.get("QUERY_STRING", "").split("&")}
    verb = _VERBS.get(method, method.title())
    if key:
        return f"{verb}Object"
    if not bucket:
        return "ListBuckets"
    for parameter, name in _S3_BUCKET.items():
        if parameter in query:
            return verb + name
    if method == "POST" and "delete" in query:
        return "DeleteObjects"
    if method == "GET":
        return "ListObjectVersions" if "versions" in query else "ListObjectsV2"
    return "CreateBucket" if method == "PUT" else f"{verb}Bucket"


def failed(environ: WSGIEnvironment, status: int, code: str, message: str = "") -> Response:
    """An error in the shape of the service that was called."""
    call = read_call(environ)
    said, request = escape(message or f"{call.operation}: {code}"), str(uuid4())
    match call.service:
        case "ec2":
            body = (
                f"<Response><Errors><Error><Code>{code}</Code><Message>{said}</Message></Error></Errors>"
                f"<RequestID>{request}</RequestID></Response>"
            )
        case "s3":
            body = (
                f"<Error><Code>{code}</Code><Message>{said}</Message><RequestId>{request}</RequestId></Error>"
            )
        case "secretsmanager" | "ssm" | "kms":
            told = json.dumps({"__type": code, "message": message or f"{call.operation}: {code}"})
            headers = {"x-amzn-RequestId": request}
            return Response(told, status=status, content_type="application/x-amz-json-1.1", headers=headers)
        case _:
            sort = "Sender" if status < 500 else "Receiver"
            body = (
                f"<ErrorResponse><Error><Type>{sort}</Type><Code>{code}</Code><Message>{said}</Message></Error>"
                f"<RequestId>{request}</RequestId></ErrorResponse>"
            )
    headers = {"x-amzn-RequestId": request, "x-amz-request-id": request}
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return Response(head + body, status=status, content_type="text/xml", headers=headers)


def throttled(environ: WSGIEnvironment) -> Response:
    """Each service's own way to say: slower."""
    match read_call(environ).service:
        case "ec2":
            return failed(environ, 503, "RequestLimitExceeded", "Request limit exceeded.")
        case "s3":
            return failed(environ, 503, "SlowDown", "Please reduce your request rate.")
        case "secretsmanager" | "ssm" | "kms":
            return failed(environ, 400, "ThrottlingException", "Rate exceeded")
        case _:
            return failed(environ, 400, "Throttling", "Rate exceeded")
