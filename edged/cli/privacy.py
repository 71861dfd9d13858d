"""privacy: what leaves the device, when, under which guarantee, in plain words for a data-protection officer.

Rules:
  - Every sentence follows from the configuration that is in force; nothing is claimed that it doesn't do.
  - The example message is made by the very code that makes the real ones, from invented visitors.
"""

import argparse
import json
import math
import textwrap
from collections.abc import Sequence

from edged.camera.redact import is_url
from edged.cli.common import config_of
from edged.config.hours import DAYS, Hours
from edged.config.model import Camera, Config, Windows
from edged.config.privacy import Privacy
from edged.errors import ExitCode
from edged.messages.common import Stamp
from edged.service.clock import Reading
from edged.service.line import Line, Sees
from edged.vision.card import EmotionCard, load_cards
from edged.vision.sighting import Box, Sighting
from edged.windows.schedule import Clock
from edged.words import Scores

EXAMPLE_START = 1_795_348_800.0
"""2026-11-22T12:00:00Z."""
_NEUTRAL: Scores = (0.8, 0.1, 0.02, 0.04, 0.02, 0.0, 0.01, 0.01)
_HAPPY: Scores = (0.15, 0.8, 0.02, 0.01, 0.01, 0.0, 0.01, 0.0)


def privacy(parsed: argparse.Namespace) -> ExitCode:
    """Print the statement."""
    config = config_of(parsed)
    for heading, paragraphs in _statement(config):
        print(f"{heading}\n")
        for paragraph in paragraphs:
            print(textwrap.fill(paragraph, 100, initial_indent="  ", subsequent_indent="  "), end="\n\n")
    print("An example, made by the same code from invented visitors\n")
    print(textwrap.indent(json.dumps(json.loads(example(config)), indent=2), "  "))
    return ExitCode.OK


def _statement(config: Config) -> list[tuple[str, list[str]]]:
    return [
        ("What is looked at", _seen(config)),
        ("What leaves the device", _what(config)),
        ("When", _when(config)),
        ("Under which guarantee", _guarantee(config)),
        ("What never leaves it, and is never stored", _never(config)),
        ("What remains for you to do", _duties(config)),
    ]


def _seen(config: Config) -> list[str]:
    each = "" if len(config.cameras) == 1 else " of each"
    paragraphs = [
        f"Pictures of {_cameras(config.cameras)}, {config.vision.max_fps:g} a second{each} at the most. In "
        "them faces are found and followed, and in each face an expression; nothing else is looked for. "
        + _opening(config.hours)
    ]
    for camera in config.cameras:
        limits = []
        if camera.region is not None:
            limits.append("faces are looked for in a part of the picture only")
        if camera.masks:
            limits.append(f"faces in the areas {', '.join(mask.id for mask in camera.masks)} are left out")
        if is_url(str(camera.source)):
            limits.append(
                "the pictures come to the device over a network; whoever is on the way can see them, unless that is "
                "encrypted or a network of its own"
            )
        if limits:
            paragraphs.append(f"Camera {camera.id}: {'; '.join(limits)}.")
    return paragraphs


def _opening(hours: Hours) -> str:
    days = [f"{day.capitalize()} {times}" for day in DAYS if (times := getattr(hours, day))]
    if not days:
        return "The cameras are open day and night: no opening hours are configured."
    return f"The cameras are open {'; '.join(days)} ({hours.time_zone}). Outside of that no picture is taken."


def _what(config: Config) -> list[str]:
    lines = [line.id for camera in config.cameras for line in camera.lines]
    zones = [zone.id for camera in config.cameras for zone in camera.zones]
    noisy = config.privacy.policy == "differential"
    told = [
        "how many visits ended",
        "how long they lasted and how long faces were turned towards the camera (means and histograms)",
        "how many people were in view on average" + ("" if noisy else " and at the most"),
        "which of eight facial expressions the faces showed (shares, mean scores, and an estimate made of them)",
    ]
    if lines:
        told.append(f"how many crossed the lines {', '.join(lines)}, in each direction")
    if zones:
        told.append(f"how long visits were in the zones {', '.join(zones)}")
    broker = config.broker
    way = "encrypted (TLS)" if broker.tls else "not encrypted, so whoever is on the way can read and change them"
    paragraphs = [
        f"For each camera, sums over a window of {_length(config)}: {'; '.join(told)}. With them goes "
        "what the sums rest on: how much of the window the camera saw, the state of the clock, names and hashes of "
        "the models.",
        "A status of the device (cameras, models, queue, last fault): at every change and every "
        f"{broker.status_interval_s:g} seconds. It says nothing that depends on who was in view.",
        f"Both go to one MQTT broker, {broker.host}:{broker.port}, {way}, below the topic edged/{config.device.id}/. "
        "Nobody can connect to the device, and it takes no commands.",
    ]
    if config.homeassistant.discovery:
        paragraphs.append(
            f"It announces itself to Home Assistant, below the topic {config.homeassistant.prefix}/: the names of the "
            "device, its cameras, lines and zones, and what its figures are called. It listens there for the word that "
            "Home Assistant has started, and for nothing else."
        )
    return paragraphs


def _when(config: Config) -> list[str]:
    return [
        f"At the end of every window of {_length(config)}, one message for each camera, whether anybody was there or "
        "not, so that silence says nothing either. A message that can't be sent waits on the device and is sent "
        f"later. One that was sent is kept for {config.outbox.replay_horizon_s // 60} minutes, and may be sent again, "
        "unchanged.",
    ]


def _guarantee(config: Config) -> list[str]:
    return _noise(config.privacy) if config.privacy.policy == "differential" else _rounding(config)


def _noise(privacy: Privacy) -> list[str]:
    factor = math.exp(privacy.epsilon)
    return [
        "Differential privacy: random noise is added to every sum before anything else is made of it. Whatever the "
        f"messages say, now or ever, it is at the most {factor:.3g} times as likely (e to the power of ε = "
        f"{privacy.epsilon:g}) with a certain visit as without it, and the other way round. This holds whatever else "
        "an observer knows, even if he knows all other visitors.",
        f"All windows of 24 hours, of all cameras together, cost ε = {privacy.daily_epsilon:g} at the most. That is "
        "what the messages can tell of somebody who comes often, but only once in a window. When it is spent, "
        "windows hold no figure, until 24 hours have passed since the spending. Switching the device off and on, or "
        "setting its clock, brings nothing back.",
        f"A window is told of only when the noisy number of visits is {privacy.k} or more. Otherwise its message "
        "holds no figure at all and is the same as that of an empty window; its visits are forgotten.",
        "Coverage, the state of the clock and the opening hours are told without noise; they are rounded and don't "
        "depend on visitors, but for the pictures that a device too slow for a full room drops: their share is told in "
        "quarters. docs/DIFFERENTIAL.md says how far figures are from the truth.",
    ]


def _rounding(config: Config) -> list[str]:
    privacy = config.privacy
    carried = (
        f"added to the next windows, {privacy.carry_windows} at the most, and then dropped"
        if privacy.carry_windows
        else "dropped"
    )
    paragraphs = [
        f"A window is told of only when at least {privacy.k} people were counted in it. Otherwise its message holds no "
        "figure at all and is the same as that of an empty window. "
        + (
            "People are counted with caution: who appears where somebody left less than "
            f"{config.visits.same_person_s:g} s before adds nobody."
            if config.visits.same_person_s
            else f"CAUTION: visits.same_person_s is 0, so one person who steps in and out of view {privacy.k} times "
            f"makes {privacy.k} people. This is a setting for trials: do not use it with the public."
        ),
        f"What is held back is {carried}. A visit is in one message at the most; windows never overlap; nothing is "
        "summed a second time.",
    ]
    if privacy.rounding == 1:
        paragraphs.append(
            "CAUTION: the grid is 1, so figures are exact. This is a setting for trials: do not use it with the public."
        )
    else:
        paragraphs.append(
            f"Counts are told in multiples of {privacy.rounding}. Whether one is rounded up or down, and how far above "
            f"{privacy.k} the threshold lies, is drawn in secret, so that nobody can steer it: one visitor moves a "
            f"figure with a probability of 1 in {privacy.rounding} at the most. What fewer than {privacy.k} people did "
            "(stayed so long, crossed that line, looked like that) is told as 0, and nothing is told as done by all: "
            f"{privacy.rounding} visits always remain deniable. The mean scores of emotions alone also show what few "
            "people's faces did, rounded likewise."
        )
        paragraphs.append(
            "Who returns to where he left counts once in everything but the number of visits and crossings. Somebody "
            "who comes day by day is in many messages, and what little each tells adds up; so does what several "
            "cameras tell of him. An observer who knows all other visitors exactly learns more. docs/ATTACKS.md has "
            'the figures. Where such a one must be reckoned with, use policy = "differential".'
        )
    return paragraphs


def _never(config: Config) -> list[str]:
    noisy = config.privacy.policy == "differential"
    far = any(is_url(str(camera.source)) for camera in config.cameras)
    network = "whose only way to a network is the one to the cameras" if far else "which have no network"
    return [
        "Pictures, faces, positions, features that could recognise a face, ids, and anything about a single visit. "
        f"Pictures live in the memory of the processes that look at them, {network}, for the moment that this takes; "
        "they are never written down. The log speaks of the device alone, never of visitors. What is known of a single "
        "visit lives in memory until the end of its window. Nobody is recognised, neither between visits nor between "
        "cameras: faces are followed by place and motion alone.",
        "On the disk of the device there is one file of messages that wait to be sent, or were sent lately."
        + (" A second one says how much of the daily budget was spent when." if noisy else ""),
    ]


def _duties(config: Config) -> list[str]:
    purpose = config.device.purpose
    return [
        f"The declared purpose is: {purpose}. Looking at faces, even for a moment, is processing of personal data; a "
        "legal basis, a sign at the entrance (in the European Union also by Article 50(3) of the AI Act, for "
        "emotion recognition) and usually a data protection impact assessment are yours to provide. docs/PRIVACY.md "
        "has a text for the sign and a beginning for the assessment.",
    ]


def _cameras(cameras: Sequence[Camera]) -> str:
    names = ", ".join(f'"{camera.id}"' for camera in cameras)
    return f"the {'camera' if len(cameras) == 1 else 'cameras'} {names}"


def _length(config: Config) -> str:
    seconds = config.windows.length_s
    return f"{seconds // 60} minutes" if seconds % 60 == 0 and seconds > 60 else f"{seconds} seconds"


LANES = 5
"""Places at which the invented visitors of the example stand."""
SPACING_S = 2.4
"""Seconds between two of them at the least, so that none is taken for a fragment of the one before at his place."""
STAY_S = 6.0
LOOKS_PER_SECOND = 2


def example(config: Config) -> str:
    """Return the message of a window in which 3 × k invented people passed."""
    people, camera = 3 * config.privacy.k, config.cameras[0]
    if config.windows.length_s < (people + LANES) * SPACING_S:
        config = config.model_copy(update={"windows": Windows(length_s=86400)})
    config = config.model_copy(update={"hours": Hours()})
    spacing = max((config.windows.length_s - 20) / people, SPACING_S)
    end = min(config.windows.length_s, round(people * spacing + 20))
    emotion = load_cards().get(config.vision.emotion_model)  # of those that ship: the user's may be on the device only
    sees = Sees((), "example", emotion.estimate if isinstance(emotion, EmotionCard) else None)
    line = Line(config, camera, sees, Reading(0.0, EXAMPLE_START, Clock.RECORDING))
    composed = []
    for look in range(end * LOOKS_PER_SECOND + 1):
        now = look / LOOKS_PER_SECOND
        composed += line.advance(Reading(now, EXAMPLE_START + now, Clock.RECORDING))
        first = max(int((now - STAY_S) / spacing), 0)
        there = [i for i in range(first, people) if 0 <= now - i * spacing <= STAY_S and i * spacing <= now]
        line.see(now, [_face(i, look) for i in there], sees)
    compose = composed[0] if composed else line.close(end)
    return compose(Stamp(config.device.id, "00000000", 1)).model_dump_json()


def _face(person: int, look: int) -> Sighting:
    place = Box(0.1 + 0.18 * (person % LANES), 0.4, 0.06, 0.1)
    return Sighting(place, 0.9, 60.0, 10.0 if look % 2 else 30.0, 0.0, _HAPPY if person % 3 == 0 else _NEUTRAL)
