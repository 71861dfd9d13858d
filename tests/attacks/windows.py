"""Attacks on what windows say: what goes into the gate of one camera and what comes out.

Rules:
  - An attack takes a maker of gates and a world and plays once. In the world True the target was there, or showed what
    the adversary suspects.
  - The adversary's own visitors ("plants") are few and do what serves him best; he knows the target's times.
"""

import random

from edged.anonymise.figures import EmotionFigures, Release
from edged.config.model import Camera
from edged.visits.visit import Visit
from edged.windows.tally import Tally, Times
from tests.attacks.game import Reading
from tests.attacks.people import (
    ANGER,
    BRISK,
    BUSY,
    FEAR,
    HAPPINESS,
    NEUTRAL,
    QUIET,
    SADNESS,
    USUAL,
    several,
    showing,
    strangers,
    tally,
)
from tests.attacks.policies import PLANTS, K, Policy

TARGET = tally(SADNESS, strength=0.9, dwell=20.0, attention=9.0)
LIVE = Tally(live_ms=900_000)
PLAIN = Camera()
PLACES = Camera.model_validate(
    {
        "lines": [{"id": f"l{i}", "start": [0, 0], "end": [1, i + 1 and 1]} for i in range(2)],
        "zones": [{"id": f"z{i}", "polygon": [[0, 0], [0, 1], [1, 1]]} for i in range(2)],
    }
)
"""A camera with two lines and two zones."""


def figures(release: Release | None) -> Reading:
    """Everything a message says of visitors, figure by figure, and each class of a histogram by itself."""
    if release is None:
        return (None,) * 31
    emotion = release.emotion
    return (
        release.windows_covered,
        release.visits,
        release.dwell.histogram,
        release.dwell.mean_s,
        release.attention.histogram,
        release.attention.mean_s,
        (release.attention_share, release.in_view_mean),
        release.in_view_most,
        emotion and emotion.visits,
        emotion and emotion.face_distribution,
        emotion and emotion.mean_scores,
        release.crossings,
        release.zones,
        *release.dwell.histogram,
        *release.attention.histogram,
        *(_counts(emotion) if emotion else (None,) * 8),
    )


def _counts(emotion: EmotionFigures) -> Reading:
    return tuple(round(emotion.visits * share) for share in emotion.face_distribution)


def closed(policy: Policy, rng: random.Random, *windows: Tally, camera: Camera = PLAIN) -> Reading:
    """Let a camera close one window after the other; give all it says, window by window."""
    gate = policy.gate(camera, rng)
    return sum((figures(gate.close(window + LIVE)) for window in windows), ())


def alone(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """N = 1: nobody else is in the shop."""
    return closed(policy, rng, several(TARGET, world))


def one_below(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """N = k − 1: with the target, k − 1 are there, and he controls all the others."""
    return closed(policy, rng, several(tally(), PLANTS) + several(TARGET, world))


def with_company(mean: float, policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Presence: strangers, nobody of his own."""
    return closed(policy, rng, strangers(mean, rng) + several(TARGET, world))


def usual_hour(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Presence among the strangers of a usual hour."""
    return with_company(USUAL, policy, world, rng)


def quiet_hour(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Presence among the few strangers of a quiet hour."""
    return with_company(QUIET, policy, world, rng)


def busy_hour(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Presence among many strangers."""
    return with_company(BUSY, policy, world, rng)


def neighbours(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Differencing: two messages of which one has the minute of the target and the other hasn't, subtracted."""
    minute = strangers(USUAL / 15, rng, least=0) + several(TARGET, world)
    rest, after = strangers(USUAL, rng), strangers(USUAL, rng)
    windows = (rest, rest + minute) if policy.rolls_up else (rest + minute, after)
    gate = policy.gate(PLAIN, rng)
    first, second = (gate.close(window + LIVE) for window in windows)
    if first is None or second is None:
        return (first is None, second is None, None, None)
    classes = zip(second.dwell.histogram, first.dwell.histogram, strict=True)
    return (True, True, second.visits - first.visits, tuple(a - b for a, b in classes))


def feeling(mean: float, policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Emotion: the target was there for certain; did he look sad or happy?"""
    target = tally(SADNESS if world else HAPPINESS, strength=0.9, dwell=20.0, attention=9.0)
    return closed(policy, rng, strangers(mean, rng) + target)


def staying(mean: float, policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Dwell: the target was there for certain; did he stay for a minute and a half or for ten seconds?"""
    target = tally(NEUTRAL, dwell=90.0, attention=5.0) if world else tally(NEUTRAL, dwell=10.0, attention=5.0)
    return closed(policy, rng, strangers(mean, rng) + target)


def homogeneous(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """A homogeneous window: all k to 2k visitors looked neutral for the same time; did the target, too?"""
    others = several(tally(), rng.randint(K - 1, 2 * K - 1))
    return closed(policy, rng, others + (tally(ANGER) if world else tally()))


def at_k(mean: float, policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Steering the threshold: with his k − 2, the target and the one stranger make k."""
    return closed(policy, rng, several(tally(), PLANTS) + strangers(mean, rng) + several(TARGET, world))


def at_k_in_a_quiet_hour(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Steering the threshold while hardly anybody comes."""
    return at_k(QUIET, policy, world, rng)


def at_k_in_a_usual_hour(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Steering the threshold while strangers come and go."""
    return at_k(USUAL, policy, world, rng)


def filled_cell(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Steering an edge: two of his look afraid, the others neutral; strangers hardly ever do. Did the target?"""
    plants = several(tally(FEAR), 2) + several(tally(), PLANTS - 2)
    return closed(policy, rng, plants + strangers(USUAL, rng) + tally(FEAR if world else NEUTRAL))


def filled_class(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Steering an edge: two of his look at the camera for two minutes. Did the target?"""
    plants = several(tally(dwell=130.0, attention=120.0), 2) + several(tally(), PLANTS - 2)
    target = tally(dwell=130.0, attention=120.0 if world else 0.0)
    return closed(policy, rng, plants + strangers(USUAL, rng) + target)


def crowded_moment(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Steering the maximum: five of his stand together at one moment. Was the target in view then?"""
    at_once = Tally(most=6 if world else 5)
    return closed(policy, rng, several(tally(), 5) + at_once + strangers(BRISK, rng) + TARGET)


def carried(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Carry abuse: the target alone at night; then his k − 2 come, then strangers. When is something said?"""
    night, after = several(TARGET, world), strangers(QUIET, rng)
    return closed(policy, rng, night, several(tally(), PLANTS), after, strangers(QUIET, rng))


def one_by_one(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Carry abuse: he sends his visitors window by window to find how many were carried before they came."""
    night = several(TARGET, world) + strangers(QUIET, rng)
    return closed(policy, rng, night, several(tally(), 4), several(tally(), 2), several(tally(), 2))


def shown_by_one(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Emotion of one: faces of the strangers can't be read, the target comes in and out of view ten times."""
    feels = SADNESS if world else HAPPINESS
    target = tally(feels) + several(tally(feels, fragment=policy.same_person_s > 0), 9)
    plants = several(tally(SADNESS), PLANTS // 2) + several(tally(HAPPINESS), PLANTS // 2)
    return closed(policy, rng, plants + strangers(BRISK, rng) + target)


def rare(visits: int) -> Tally:
    """So many people at once who do everything that strangers hardly ever do, and cross lines that nobody crosses."""
    everywhere = frozenset((line, inwards) for line in range(2) for inwards in (False, True))
    return several(Tally.of(Visit(0.0, 150.0, 140.0, showing(FEAR), everywhere, (100.0, 100.0))), visits)


def crowd_of_rare(policy: Policy, plants: int, world: bool, rng: random.Random) -> Reading:
    together_ = plants + world
    window = rare(together_) + strangers(BRISK, rng) + Tally(most=together_ + 1)
    return closed(policy, rng, window, camera=PLACES)


def all_at_once(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Steering everything: the target does what nobody does but the adversary's own, in every figure."""
    return crowd_of_rare(policy, PLANTS, world, rng)


def all_at_once_alone(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """The same without visitors of his own."""
    return crowd_of_rare(policy, 0, world, rng)


def through_the_door(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Lines and zones: one stranger in two enters by the line and stays in the zone; did the target, who was there?"""
    entering = Tally(crossings=(1,), zones=Times.of([20.0, 0.0]))
    entered = several(entering, sum(rng.random() < 0.5 for _ in range(20)))
    plants = several(tally() + entering, PLANTS)
    return closed(
        policy, rng, plants + strangers(BRISK, rng) + entered + TARGET + several(entering, world), camera=PLACES
    )


def several_cameras(cameras: int, policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Several cameras or devices: the target passes all of them, each with strangers of its own."""
    return sum((with_company(BRISK, policy, world, rng) for _ in range(cameras)), ())


def knowing_all_at_k(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Presence, stronger: all k − 1 others are his, or one body that comes back again and again."""
    return closed(policy, rng, several(tally(), K - 1) + several(TARGET, world))


def printed(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Presence, stronger: in a quiet hour he shows the camera a sheet of 3 k faces, half of which do as the target."""
    sheet = several(TARGET, 3 * K // 2) + several(tally(), 3 * K // 2)
    return closed(policy, rng, sheet + strangers(QUIET, rng) + several(TARGET, world))


def knowing_all(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Presence, stronger: he knows all 3 k others exactly, and half of them behave as the target does."""
    others = several(TARGET, 3 * K // 2) + several(tally(), 3 * K // 2)
    return closed(policy, rng, others + several(TARGET, world))


def knowing_all_at_an_edge(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Presence, stronger: all others are known to be one short of where rounding half-way would go up."""
    return closed(policy, rng, several(tally(), 2 * K + K // 2 - 1) + several(TARGET, world))


def knowing_all_feeling(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Emotion, stronger: he knows all others exactly, and half of them look sad."""
    others = several(tally(SADNESS), 3 * K // 2) + several(tally(), 3 * K // 2)
    return closed(policy, rng, others + tally(SADNESS if world else NEUTRAL))


def regular(days: int, policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Accumulation: somebody who comes every day at the same time, among strangers; he adds up what was told."""
    visits = sad = 0.0
    for _ in range(days):
        release = policy.gate(PLAIN, rng).close(strangers(BRISK, rng) + several(TARGET, world) + LIVE)
        if release is not None:
            visits += release.visits
            sad += release.emotion.visits * release.emotion.mean_scores[SADNESS] if release.emotion else 0.0
    step = 4.0 * days**0.5
    return round(visits / step), round(sad / step)
