"""Whether the Edge TPU may be used: one that twice in a row took the process with it is left alone until the next boot.

Strategy: a delegate that hangs or aborts leaves no time to write anything down. So the note is written before it is
loaded, and taken back when the process ends in any other way or has run for PROVEN_S.

Rules:
  - Only `vision.accelerator = "auto"` allows the CPU instead. With "edgetpu" the process is started again for ever.
  - A note from before the last boot says nothing: the power may have been cut.
  - Without a model that is compiled for it an Edge TPU is never used, and nothing is noted: it isn't to blame then.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from edged.config.model import Config, Vision
from edged.events import Event, tell
from edged.vision.card import load_cards

FILE: Final = "edgetpu.json"
MOST_DEATHS: Final = 2
PROVEN_S: Final = 60.0
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class Trust:
    """What is known of the Edge TPU since the last boot."""

    def __init__(self, folder: Path, boot_id: Path = _BOOT_ID) -> None:
        """Read the note in the state folder, if there is one."""
        self._path = folder / FILE
        self._boot = boot_id.read_text(encoding="ascii").strip()
        self._deaths = self._read()
        self._proven_at: float | None = None
        self.note: str | None = None
        """Why the Edge TPU isn't used, in words, when it was asked for."""

    def advise(self, config: Config) -> Config:
        """Return the configuration to use."""
        if config.vision.accelerator != "auto" or self._deaths < MOST_DEATHS:
            return config
        self.note = (
            f"the Edge TPU hung or aborted {self._deaths} times in a row: models run on the CPU until the next boot"
        )
        tell(Event.EDGETPU_LEFT, reason=self.note)
        return config.model_copy(update={"vision": config.vision.model_copy(update={"accelerator": "cpu"})})

    @contextmanager
    def trial(self, config: Config) -> Iterator[None]:
        """Note that the Edge TPU may be in use, for as long as the block runs."""
        if not _in_use(config.vision):
            yield
            return
        self._write(self._deaths + 1)
        try:
            yield
        finally:
            self._forget()

    def running(self, now: float) -> None:
        """Take the note back once the loop has run for PROVEN_S; `now`: monotonic seconds."""
        if self._proven_at is None:
            self._proven_at = now + PROVEN_S
        elif now >= self._proven_at and self.note is None:
            self._proven_at = float("inf")
            self._forget()

    def _read(self) -> int:
        try:
            note = json.loads(self._path.read_text(encoding="ascii"))
            return int(note["deaths"]) if note["boot"] == self._boot else 0
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def _write(self, deaths: int) -> None:
        # On a full disk there is no note: then the Edge TPU is tried again, as if nothing had happened.
        with suppress(OSError):
            self._path.write_text(json.dumps({"boot": self._boot, "deaths": deaths}), encoding="ascii")

    def _forget(self) -> None:
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def _in_use(vision: Vision) -> bool:
    """Say whether a delegate may be loaded. Raises ModelError when a model card is wrong."""
    return vision.accelerator != "cpu" and any(card.edgetpu_file for card in load_cards(vision.models_folder).values())
