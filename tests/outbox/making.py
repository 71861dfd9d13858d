"""Messages for the outbox's tests."""

from edged.messages.common import Stamp, utc
from edged.messages.status import SenseReport
from edged.messages.window import Coverage, Privacy, Span, WindowMessage


def window(stamp: Stamp, *, camera: str = "door", runtime: str = "litert 2.3.0 on cpu") -> WindowMessage:
    """A withheld window; `runtime` serves to make it long."""
    return WindowMessage(
        device=stamp.device,
        epoch=stamp.epoch,
        sequence=stamp.sequence,
        camera=camera,
        window=Span(start=utc(0), end=utc(900), duration_s=900, clock="synchronised", partial=False),
        state="withheld",
        visits=None,
        dwell=None,
        attention=None,
        in_view=None,
        crossings=None,
        zones=None,
        emotion=None,
        coverage=Coverage(open_share=1, live_share=1, dropped_share=0),
        privacy=Privacy(policy="threshold", k=10, grid=5, windows_covered=0),
        models=(),
        runtime=runtime,
    )


def report(at: float = 0.0, last_error: str | None = None) -> SenseReport:
    """A report of a sensing process without cameras."""
    return SenseReport(at=utc(at), cameras=(), models=(), runtime="litert", clock="synchronised", last_error=last_error)
