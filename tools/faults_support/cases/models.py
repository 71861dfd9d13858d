"""model-bitflip: a model file that isn't what its card says, in any bit."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edged.errors import ExitCode, ModelError
from edged.outbox.store import Outbox
from edged.vision.card import Card, load_cards, shipped_folder
from edged.vision.runtime import Model, Runtime
from tools.faults_support.case import Invariant, Lab, case
from tools.faults_support.parts import DEVICE, ROOT, edged, settings

SAMPLE = ROOT / "tools" / "sample" / "sample.mp4"
_PROCESS_EVERY = 250
"""After so many files one is given to the real process."""


class _Untouchable:
    """A runtime that no damaged file may reach."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the interpreter was reached: {name}")


@case("model-bitflip", "model files with a flipped bit, cut short, or exchanged", count=1000, short=30)
def model_bitflip(lab: Lab) -> None:
    """Refused before the interpreter sees a byte, exit code 65, nothing in the outbox."""
    folder = lab.folder / "models"
    shutil.copytree(shipped_folder(), folder)
    cards = [_of(folder, card) for card in load_cards().values()]
    sound = {card.name: (folder / card.file).read_bytes() for card in cards}
    harms: dict[str, Callable[[bytes], bytes]] = {
        "flipped": lambda content: _flipped(content, lab.chance.randrange(8 * len(content))),
        "cut": lambda content: content[: lab.chance.randrange(len(content))],
        "exchanged": lambda content: lab.chance.choice([other for other in sound.values() if other != content]),
    }
    refused = dict.fromkeys(harms, 0)
    processes = 0
    for done in range(lab.count):
        card = lab.chance.choice(cards)
        # Nine in ten are flipped bits: those are the bar, and the hardest to see.
        harm = lab.chance.choices([*harms], [18, 1, 1])[0]
        (folder / card.file).write_bytes(harms[harm](sound[card.name]))
        try:
            Model(card, Runtime("litert", "none", _Untouchable()))
        except ModelError:
            refused[harm] += 1
        else:
            lab.check(False, Invariant.I6, f"a {harm} file of {card.name} was taken")
        if done % _PROCESS_EVERY == 0:
            processes += 1
            _refused_by_the_process(lab, card, folder, processes)
        (folder / card.file).write_bytes(sound[card.name])
        lab.tell(f"{done + 1} of {lab.count} files")
    lab.figures |= {**refused, "processes": processes, "loaded": 0}


def _of(folder: Path, card: Card) -> Card:
    own = card.model_copy()
    own._folder = folder
    return own


def _flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def _refused_by_the_process(lab: Lab, card: Card, folder: Path, number: int) -> None:
    mine, state = lab.folder / f"mine-{number}", lab.folder / f"state-{number}"
    mine.mkdir()
    text = (folder / f"{card.name}.toml").read_text(encoding="utf-8")
    (mine / "mine.toml").write_text(text.replace(f'name = "{card.name}"', 'name = "mine"', 1), encoding="utf-8")
    shutil.copyfile(folder / card.file, mine / card.file)
    chosen = settings(
        device__id=DEVICE,
        camera__source=SAMPLE,
        camera__pace="fast",
        outbox__folder=state,
        vision__models_folder=mine,
        **{f"vision__{card.task}_model": "mine"},
    )
    process = edged(lab, f"sense-{number}", ["sense", "--config", os.devnull, *chosen])
    process.start()
    code = process.wait(60.0)
    lab.check(code == ExitCode.DATA, Invariant.I6, f"edged sense ended with {code}: {process.said()}")
    lab.check("it is damaged or was exchanged" in process.said(), Invariant.I5, f"no cause: {process.said()}")
    outbox = Outbox.open(state, DEVICE)
    lab.check(not outbox.waiting(1), Invariant.I6, "something was committed")
    outbox.close()
