"""The differential policy: every sum has noise, so that no release tells whether any one visit took place.

Guarantee: take two windows that differ by one visit, which is in one and not in the other. Whatever a message may say,
its probabilities under the two differ by a factor of e^ε at the most. As a visit counts in exactly one window, this
holds for all messages together that are ever sent. The ε of a window's queries add up to its ε (basic composition).

Strategy: the first query is the number of visits. Below k nothing more is asked, and only that query is paid for; the
decision is made of its noisy answer, so it costs nothing itself. From k on the other queries follow. All the rest (no
negative counts, parts that add up, shares, means) works on noisy answers alone, which costs nothing either.

How far one visit moves the answer of each query (L1 distance, from edged.windows.tally) stands in QUERIES:
  - visits: by 1;
  - dwell, attention, dominant: by 1, because a visit is in one place of the vector and in no other. Who never looked,
    or showed no emotion, has a place of its own at the end;
  - scores: by SCORE_STEPS, which a visit with scores shares out in full;
  - crossings: by 2 a line, in and out; zones: by 1 a zone.

Times are asked by class only, and a mean takes each visit for the middle of its class: a sum of seconds, which one
visit can move by 120, came out twice as bad (docs/DIFFERENTIAL.md).

Rules:
  - Noise is OpenDP's, over integers; nothing else here draws random numbers. OpenDP's own account (`map`) decides
    whether a query keeps to its share of ε.
  - No carry: a visit that is asked about in two windows would have to be paid for twice.
  - Nothing is used that one visit moves in the record of another: fragments aren't marked (a fragment is one by
    another's end; edged.service.line), and the most in view isn't told.
  - Paid before asked, always (edged.anonymise.budget). A window in which the camera was never live is not asked about
    and costs nothing: that it was blind is public, and who was still in view when it went blind is forgotten.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from edged.anonymise.budget import MICRO, Ledger
from edged.anonymise.sums import EmotionSums, Parts, Sums, TimeSums
from edged.errors import UnavailableError
from edged.windows.tally import BOUNDS_S, MIDDLES_S, SCORE_STEPS, Counts, Tally, padded
from edged.words import EMOTIONS

CLASSES: Final = len(BOUNDS_S)


@dataclass(frozen=True, slots=True)
class Query:
    """One question to a tally."""

    sensitivity: int
    """The most that one visit moves the answer, all its places together."""
    share: int
    """Its part of a window's ε: a query's ε is to the window's as its share is to all shares asked for."""


QUERIES: Final = {
    "visits": Query(1, 20),
    "dwell": Query(1, 25),
    "attention": Query(1, 15),
    "dominant": Query(1, 25),
    "scores": Query(SCORE_STEPS, 15),
}
"""Asked in every window; the shares are by what people look at first."""
A_LINE: Final = Query(2, 10)
A_ZONE: Final = Query(1, 15)
"""For each line or zone: sensitivity and share times their number."""


@dataclass(frozen=True, slots=True)
class Paid:
    """A query with what is paid for it."""

    sensitivity: int
    micro: int
    """Millionths of ε."""


def plan(micro: int, lines: int, zones: int) -> dict[str, Paid]:
    """Split a window's ε over the queries that are asked; what isn't configured isn't asked and costs nothing."""
    asked = dict(QUERIES)
    for name, query, places in (("crossings", A_LINE, lines), ("zones", A_ZONE, zones)):
        if places:
            asked[name] = Query(query.sensitivity * places, query.share * places)
    whole = sum(query.share for query in asked.values())
    return {name: Paid(query.sensitivity, micro * query.share // whole) for name, query in asked.items()}


def answers(tally: Tally, lines: int, zones: int) -> dict[str, Counts]:
    """Return the true answer of each query; empty where nothing is configured."""
    places = padded(tally.zones.visits, CLASSES * zones)
    return {
        "visits": (tally.visits,),
        "dwell": padded(tally.dwell.visits, CLASSES),
        "attention": _with_rest(padded(tally.attention.visits, CLASSES), tally.visits),
        "dominant": _with_rest(padded(tally.dominant, len(EMOTIONS)), tally.visits),
        "scores": padded(tally.scores, len(EMOTIONS)),
        "crossings": padded(tally.crossings, 2 * lines),
        "zones": sum((_with_rest(zone, tally.visits) for zone in _cut(places, CLASSES)), ()),
    }


Noise = Callable[[Counts, int, float], Counts]
"""Adds noise to the answer of a query: (answer, sensitivity, ε)."""


@dataclass(frozen=True, slots=True)
class Differential:
    """Protection by noise and a budget."""

    k: int
    micro: int
    """Millionths of ε a window."""
    ledger: Ledger
    noise: Noise

    def begin(self) -> None:
        """Nothing is ever carried."""

    def protect(self, tally: Tally, lines: int, zones: int) -> Sums | None:
        """Return noisy sums when the noisy number of visits is k or more and the budget has room for a whole window."""
        paid, true = plan(self.micro, lines, zones), answers(tally, lines, zones)
        first = paid["visits"].micro
        rest = sum(query.micro for query in paid.values()) - first

        def ask(name: str) -> Counts:
            return self.noise(true[name], paid[name].sensitivity, paid[name].micro / MICRO)

        if not tally.live_ms or not self.ledger.spend(first, reserve=rest):
            return None
        (visits,) = ask("visits")
        if visits < self.k or not self.ledger.spend(rest):
            return None
        return Sums(
            visits=visits,
            dwell=_times(ask("dwell"), visits),
            attention=_times(ask("attention"), visits),
            emotion=self._emotion(ask("dominant"), ask("scores"), visits),
            crossings=tuple(min(max(count, 0), visits) for count in ask("crossings")) if lines else (),
            zones=tuple(_times(zone, visits) for zone in _cut(ask("zones"), CLASSES + 1)) if zones else (),
            most=None,
        )

    def _emotion(self, dominant: Counts, scores: Counts, visits: int) -> EmotionSums | None:
        shown = nearest(dominant, visits)[: len(EMOTIONS)]
        known = round(sum(shown))
        if known < self.k:
            return None
        return EmotionSums(known, shown, nearest([score / SCORE_STEPS for score in scores], known))


def _times(classes: Counts, visits: int) -> TimeSums:
    histogram = tuple(round(count) for count in nearest(classes, visits)[:CLASSES])
    seconds = sum(count * middle for count, middle in zip(histogram, MIDDLES_S, strict=True))
    return TimeSums(sum(histogram), seconds, histogram)


def nearest(noisy: Sequence[float], whole: int) -> Parts:
    """Find the parts nearest to the noisy ones that are not negative and add up to the whole.

    Source: Duchi, Shalev-Shwartz, Singer and Chandra (2008), "Efficient projections onto the l1-ball", figure 1.
    """
    excess = above = 0.0
    for count, value in enumerate(sorted(noisy, reverse=True), start=1):
        above += value
        if value >= (above - whole) / count:
            excess = (above - whole) / count
    return tuple(max(value - excess, 0.0) for value in noisy)


def _with_rest(parts: Counts, whole: int) -> Counts:
    return (*parts, whole - sum(parts))


def _cut(counts: Counts, length: int) -> list[Counts]:
    return [counts[i : i + length] for i in range(0, len(counts), length)]


def opendp_laplace() -> Noise:
    """Return discrete Laplace noise of scale sensitivity / ε: OpenDP's make_laplace over vectors of integers.

    OpenDP is imported here, because only this policy needs it. Raises UnavailableError when it can't be.
    """
    try:
        from opendp.domains import atom_domain, vector_domain  # noqa: PLC0415
        from opendp.measurements import make_laplace  # noqa: PLC0415
        from opendp.metrics import l1_distance  # noqa: PLC0415
        from opendp.mod import enable_features  # noqa: PLC0415
    except (ImportError, OSError) as error:
        raise UnavailableError(
            f'privacy.policy = "differential" needs OpenDP, which can\'t be loaded ({error}): '
            'install edged[differential], or set privacy.policy = "threshold"'
        ) from None
    # OpenDP asks for this where its own review isn't complete; make_laplace comes with a written proof.
    enable_features("contrib")
    space = vector_domain(atom_domain(T="i64")), l1_distance(T="i64")

    @cache
    def measurement(sensitivity: int, epsilon: float) -> Any:
        scale = sensitivity / epsilon
        made: Any = make_laplace(*space, scale=scale)
        while made.map(sensitivity) > epsilon:  # the division was rounded down
            scale = math.nextafter(scale, math.inf)
            made = make_laplace(*space, scale=scale)
        return made

    def noise(answer: Counts, sensitivity: int, epsilon: float) -> Counts:
        return tuple(measurement(sensitivity, epsilon)(list(answer)))

    return noise
