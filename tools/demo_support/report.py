"""Turns messages into lines a person reads, with the truth beside them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from truth import Seen, Truth

from edged.messages.status import StatusMessage
from edged.messages.window import EmotionShares, WindowMessage

_MANY_DROPPED = 0.2
"""Share of pictures from which figures suffer."""


@dataclass(slots=True)
class Report:
    """What has been received so far, told as it comes and summed up at the end."""

    console: Console
    truth: Truth
    windows: list[WindowMessage] = field(default_factory=list)
    _told_status: str = ""
    _told_basis: str = ""
    _shown_raw: bool = False

    def status(self, message: StatusMessage) -> None:
        """Tell of a status message, when it says something new."""
        cameras = message.sense.cameras if message.sense else ()
        states = ", ".join(f"camera {camera.id} is {camera.state}" for camera in cameras) or "not sensing yet"
        told = f"device {message.device} is {message.state}; {states}"
        if told != self._told_status:
            self._told_status = told
            self._line(f"[dim]status    {escape(told)}[/dim]")

    def window(self, message: WindowMessage, topic: str, body: bytes) -> None:
        """Tell of a window message."""
        self.windows.append(message)
        span = message.window
        self.console.print()
        self._line(
            f"[bold]window    {span.start:%H:%M:%S} to {span.end:%H:%M:%S} UTC[/bold]  "
            f"message {message.sequence} on {topic}{', a part of a window' if span.partial else ''}"
        )
        if message.state == "released":
            self._released(message)
            if not self._shown_raw:
                self._shown_raw = True
                text = json.dumps(json.loads(body), ensure_ascii=False)
                self._line(f"  [dim]as received: {escape(text)}[/dim]")
        else:
            told = f"  withheld  fewer than {message.privacy.k} visits, or nobody: the message doesn't say which"
            self._line(f"[yellow]{told}[/yellow] [dim](in truth {self._of(message, 1).visits})[/dim]")
        self._basis(message)

    def _basis(self, message: WindowMessage) -> None:
        """Tell what a message rests on, when it is something new."""
        coverage, models = message.coverage, ", ".join(model.name for model in message.models)
        dropped = "" if coverage.dropped_share is None else f", {coverage.dropped_share:.0%} dropped"
        told = f"live pictures {coverage.live_share:.0%} of the time{dropped}; {models}; {message.runtime}"
        if told != self._told_basis:
            self._told_basis = told
            self._line(f"  [dim]rests on  {escape(told)}[/dim]")

    def _released(self, message: WindowMessage) -> None:
        covered = message.privacy.windows_covered
        true = self._of(message, covered)
        dwell, in_view, emotion = message.dwell, message.in_view, message.emotion
        assert message.visits is not None
        assert dwell is not None
        assert in_view is not None
        assert in_view.mean is not None  # a trial's figures are exact
        before = "the window" if covered == 2 else f"the {covered - 1} windows"
        over = "" if covered == 1 else f" with {before} before it"
        self._line(
            f"  [green]released  {message.visits} visits[/green] [dim](in truth {true.visits})[/dim]{over}, "
            f"{_number(dwell.mean_s, 1)} s each [dim]({_number(true.mean_dwell_s, 1)})[/dim], "
            f"{in_view.mean:.2f} in view [dim]({true.mean_in_view:.2f})[/dim]"
        )
        if emotion is None:
            self._line("  emotions  too few faces were seen well enough to tell")
        else:
            self._line(f"  emotions  {_shares(emotion.estimate.shares if emotion.estimate else emotion.mean_scores)}")

    def summary(self) -> None:
        """Sum up: measured beside true, window by window."""
        table = Table(title="Measured, and in truth")
        table.add_column("window (UTC)")
        for title in ("visits", "truth", "s each", "truth", "in view", "truth"):
            table.add_column(title, justify="right")
        for message in self.windows:
            table.add_row(*self._row(message))
        told = sum(message.visits or 0 for message in self.windows)
        whole = self.truth.whole()
        table.add_section()
        table.add_row("all", str(told), str(whole.visits), "", "", "", "")
        self.console.print()
        self.console.print(table)
        withheld = sum(message.state == "withheld" for message in self.windows)
        self._line(
            f"{whole.visits} visits took place, {told} were told, in {len(self.windows) - withheld} released windows. "
            f"{withheld} windows told nothing: their visits are carried into the next one until there are enough to "
            "tell; carried too long, they are dropped unseen."
        )
        self._line(
            "(+1) is with the window before it, whose truth is in this row too: so the rows add up to more than all."
        )
        self._line(
            "A face that is lost for a while and found again counts twice, one that is found too seldom not at all: "
            "so more or fewer may be told than took place."
        )
        told_shares = (message.coverage.dropped_share for message in self.windows)
        dropped = [share for share in told_shares if share is not None]  # a withheld window has none
        share = sum(dropped) / max(len(dropped), 1)
        if share >= _MANY_DROPPED:
            self._line(
                f"[yellow]This machine was too busy to look at about {share:.0%} of the pictures: so visits are too "
                "short, missed or told twice. Try again when it is less busy.[/yellow]"
            )

    def _line(self, text: str) -> None:
        # Lines are wrapped for people; a file or a pipe gets them whole.
        self.console.print(text, highlight=False, soft_wrap=not self.console.is_terminal)

    def _row(self, message: WindowMessage) -> tuple[str, ...]:
        span = message.window
        name = f"{span.start:%H:%M:%S}-{span.end:%H:%M:%S}"
        true = self._of(message, 1)
        if message.dwell is None or message.in_view is None:
            return name, "withheld", str(true.visits), "", "", "", ""
        covered = message.privacy.windows_covered
        true = self._of(message, covered)
        return (
            name + (f" (+{covered - 1})" if covered > 1 else ""),
            str(message.visits),
            str(true.visits),
            _number(message.dwell.mean_s, 1),
            _number(true.mean_dwell_s, 1),
            _number(message.in_view.mean, 2),
            f"{true.mean_in_view:.2f}",
        )

    def _of(self, message: WindowMessage, covered: int) -> Seen:
        """The truth of the windows that a message covers."""
        position = self.windows.index(message)
        first = self.windows[max(position - covered + 1, 0)]
        return self.truth.between(first.window.start, message.window.end, self.windows[0].window.start)


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _shares(shares: EmotionShares) -> str:
    named = sorted(shares.model_dump().items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} {share:.0%}" for name, share in named if share >= 0.05)
