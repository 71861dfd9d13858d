"""The OpenAPI document is true: machine-made requests get the answers that it announces, and never a fault of ours."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.end_to_end.process import LONG_S
from tests.http.conftest import Server

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
EXAMPLES = 4
"""For each operation."""


def test_machine_made_requests_get_what_is_announced(server: Server) -> None:
    """Every operation, right and wrong parameters, right and wrong bodies."""
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    tried = 0
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Any) -> None:
            answer = case.call(timeout=LONG_S)
            assert answer.status_code not in {500, 503, 504}  # announced, but nothing that was asked may lead there
            case.validate_response(answer, checks=CHECKS)
            if answer.status_code == 202:  # a video, if it was one, needn't be looked at
                assert server.client.delete(answer.headers["location"][0]).status_code == 204

        ask()
        tried += 1
    assert tried == 8
    assert server.client.get("/readyz").status_code == 200


def test_the_documents_need_nothing_from_elsewhere(server: Server) -> None:
    """OpenAPI 3.1, and a page of it without a script or a foreign address."""
    document = server.client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    page = server.client.get("/docs").text
    assert "Successful Response" not in page
    for path in ("/healthz", "/readyz", "/metrics"):
        assert "400" not in document["paths"][path]["get"]["responses"]
    assert "<script" not in page
    assert "//" not in page.replace("<!doctype", "")
    for path in document["paths"]:
        assert path in page
