"""Figures for Prometheus: requests, how long they took, how full it is. Nothing that depends on who was seen."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
disable_created_metrics()  # type: ignore[no-untyped-call]
_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The figures of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "edged_http_requests_total", "Requests that were answered.", ["path", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "edged_http_request_seconds",
            "From a request's header to the end of its answer.",
            ["path"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._analysis = Histogram(
            "edged_http_analysis_seconds",
            "Pictures: from the end of the upload to the answer, waiting included.",
            buckets=_BUCKETS,
            registry=self._registry,
        )

    def show(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Let `read` be asked whenever the figures are."""
        Gauge(name, text, registry=self._registry).set_function(read)

    def answered(self, path: str, status: int, took_s: float) -> None:
        """Count a request; `path` is that of the route, never what was asked for."""
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(took_s)

    @contextmanager
    def analysing(self) -> Iterator[None]:
        """Measure an analysis, if it succeeds."""
        begun = time.monotonic()
        yield
        self._analysis.observe(time.monotonic() - begun)

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return generate_latest(self._registry)
