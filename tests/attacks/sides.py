"""Attacks through what a device gives away besides its figures: clock, load, moments, and the book of visits.

Rules:
  - Where a part of edged decides (visit book, schedule, coverage), that very part plays. Where the load of a device
    decides, a slow device is modelled: a picture is due every tenth of a second, and looking takes LOOK_S and FACE_S
    for each face, as on a board without an accelerator.
"""

import math
import random

from edged.config.model import Camera, Config
from edged.vision.sighting import Box, Sighting
from edged.visits.book import VisitBook
from edged.windows.coverage import CoverageMeter
from edged.windows.schedule import Clock, Schedule
from edged.windows.tally import Tally
from tests.attacks.game import Reading
from tests.attacks.people import BRISK, USUAL, poisson, several, showing, strangers, tally, together
from tests.attacks.policies import PLANTS, K, Policy
from tests.attacks.windows import LIVE, TARGET, closed, figures

PERIOD_S, LOOK_S, JITTER_S, FACE_S = 0.1, 0.120, 0.001, 0.008
"""Between pictures that are due; for looking, and how evenly that goes; for each face."""
WINDOW_S = 900
NOON = 1_795_348_800.0


def in_and_out(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Fragmentation: one person, or nobody, comes in and out of view ten times and more."""
    settings = Config().visits.model_copy(update={"same_person_s": policy.same_person_s})
    book, window, now = VisitBook(settings, Camera()), Tally(), 0.0
    for _ in range(rng.randint(10, 14) * world):
        x = 0.5 + rng.uniform(-0.05, 0.05)
        for _ in range(rng.randint(6, 9)):
            face = Sighting(Box(x, 0.4, 0.1, 0.15), 0.9, 60.0, 0.0, 0.0, showing(1, 0.9))
            window = together([window, *map(Tally.of, book.observe(now, [face]))])
            now += 0.2
        now += rng.uniform(2.0, 4.5)
    return closed(policy, rng, together([window, *map(Tally.of, book.close())]))


def stepped_clock(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Clock steps: he cuts a window of his own length around the target and his visitors, in a usual hour."""
    begin, end = 400.0, 490.0
    came = [(rng.uniform(0, WINDOW_S), strangers(0.0, rng)) for _ in range(1 + poisson(USUAL, rng))]
    came += [(rng.uniform(begin, end), tally()) for _ in range(PLANTS)]
    came += [(450.0, TARGET)] * world
    schedule, gate = Schedule(WINDOW_S, 0.0, NOON, Clock.SYNCHRONISED), policy.gate(Camera(), rng)
    window, step, told = LIVE, 0.0, [figures(None)] * 3
    moments = sorted([*((at, visit) for at, visit in came), *((at, None) for at in (begin, end))], key=lambda m: m[0])
    index = 0
    for at, visit in [*moments, (float(WINDOW_S), None)]:
        step += 2.0 if visit is None and at < WINDOW_S else 0.0
        for span in schedule.advance(at, NOON + at + step, Clock.SYNCHRONISED, rng.random()):
            if policy.cut_windows or not span.partial:
                told[min(index, 2)] = figures(gate.close(window))
                window = LIVE
            index += 1
        window += visit or Tally()
    return sum(told, ())


def restarted(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Restarts: he takes the device's power before the target comes with his visitors, and again after they left."""
    told: Reading = ()
    for begin, end in ((0.0, 400.0), (400.0, 490.0), (490.0, float(WINDOW_S))):
        schedule, gate = Schedule(WINDOW_S, begin, NOON + begin, Clock.SYNCHRONISED), policy.gate(Camera(), rng)
        window = strangers((end - begin) / WINDOW_S * USUAL, rng, least=0) + LIVE
        if begin == 400.0:
            window += several(tally(), PLANTS) + several(TARGET, world)
        span = schedule.close(end)
        told += figures(gate.close(window) if policy.cut_windows or not span.partial else None)
    return told


def dropped_pictures(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Load: a window with k − 1 visitors, at once for 1/15 of it, is withheld as an empty one is; is it as idle?"""
    told = policy.gate(Camera(), rng).close(several(TARGET, (K - 1) * world) + LIVE)
    share = _dropped_share(policy, rng, (84, 0), (6, (K - 1) * world))
    return (share if told or policy.load_when_withheld else None,)


def load_of_one(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Load: in a brisk hour, which is told of, did the target stay before the camera for five minutes?"""
    stays = [rng.lognormvariate(math.log(12), 0.9) for _ in range(1 + poisson(BRISK, rng))]
    return (_dropped_share(policy, rng, (WINDOW_S, (sum(stays) + 300 * world) / WINDOW_S)),)


def _dropped_share(policy: Policy, rng: random.Random, *stretches: tuple[float, float]) -> float:
    """Tell how many pictures a slow device dropped in stretches of (seconds, faces in view)."""
    meter, dropped, due = CoverageMeter(2.0, 0.0), 0, 0
    for seconds, faces in stretches:
        pictures = round(seconds / PERIOD_S)
        looked = min(pictures, round(seconds / (rng.gauss(LOOK_S, JITTER_S) + FACE_S * faces)))
        for _ in range(looked):
            meter.frame(0.0)
        meter.drop(pictures - looked)
        dropped, due = dropped + pictures - looked, due + pictures
    share = meter.cut(90.0, rng.random()).dropped_share
    return share if policy.rounds_load else round(dropped / due, 3)


def reports(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Moments: reports of sensing come when a look is done; do their times tell of k − 1 who stay for a window?"""
    look = LOOK_S + FACE_S * (K - 1) * world
    now, late = rng.random(), 0.0
    for _ in range(WINDOW_S // 30):
        due = (now // 30 + 1) * 30 if policy.report_grid else now + 30
        now = due + rng.uniform(0.0, look)
        late += (now // 1 if policy.report_grid else round(now, 3)) - due
    return (round(late, 1),)


def cut_lengths(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Clock steps: he steps the clock ten times, at moments he knows; do the windows' ends tell of k − 1 in view?"""
    look = LOOK_S + FACE_S * (K - 1) * world
    schedule, late = Schedule(WINDOW_S, 0.0, NOON, Clock.SYNCHRONISED), 0.0
    for number in range(1, 11):
        stepped = 60.0 * number
        noticed, chance = stepped + rng.uniform(0.0, look), rng.random() * policy.draws_cuts
        (span,) = schedule.advance(noticed, NOON + noticed + 2 * number, Clock.SYNCHRONISED, chance)
        late += round(span.end - NOON - 2 * (number - 1), 3) - stepped
    return (round(late, 1),)


def boundary(policy: Policy, world: bool, rng: random.Random) -> Reading:
    """Moments: a window's message waits for the look that its end falls into; are k − 1 in view then, or nobody?"""
    look = LOOK_S + FACE_S * (K - 1) * world
    committed = rng.uniform(0.0, look)
    turn = rng.uniform(0.0, policy.polls_s) if policy.polls_s else 0.0
    return (round(committed + turn, 2),)
