"""Videos looked at once, for the person who asked: the rooms of the daemon, without its outbox.

Rules:
  - What is said of a single face stays with whoever runs the command: nothing here can reach outbox or broker.
  - A video goes through the very line that `edged sense` uses, so its windows are the ones the daemon would send.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edged.analysis.clip import Due, Watch
from edged.camera.frame import Frame
from edged.camera.pace import Thinning
from edged.camera.recording import Recording
from edged.config.hours import Hours
from edged.config.model import Config
from edged.messages.common import Stamp
from edged.messages.status import SenseReport
from edged.messages.window import WindowMessage
from edged.service.ahead import Ahead, lookers
from edged.service.handover import Handover
from edged.service.sense import sense_recording
from edged.service.signals import Stop
from edged.vision.sighting import Sighting

EPOCH: Final = "00000000"
"""Stands where a store's epoch would: these messages were never in one."""


class Shown:
    """Stands where the outbox would: numbers the messages and shows them at once."""

    def __init__(self, device: str, show: Callable[[WindowMessage], None]) -> None:
        self._device = device
        self._show = show
        self._sequence = 0

    def append(self, compose: Callable[[Stamp], WindowMessage]) -> Stamp:
        """Show a message."""
        self._sequence += 1
        stamp = Stamp(self._device, EPOCH, self._sequence)
        self._show(compose(stamp))
        return stamp

    def forgo(self, count: int) -> None:
        """Count what was lost on the way: nothing ever is."""
        self._sequence += count

    def report(self, report: SenseReport) -> None:
        """Nobody asks how it goes."""


@dataclass(frozen=True, slots=True)
class Played:
    """How far a video went."""

    end_s: float
    """Where the last picture ends that was taken in."""
    missing_s: float = 0.0
    """Seconds that the file announces beyond its last picture."""


@dataclass(slots=True)
class _Counted:
    """Passes on what is seen, and says how far it is."""

    watch: Watch
    at: Callable[[float], None]
    last: float = 0.0

    @property
    def wants_every_frame(self) -> bool:
        return self.watch.wants_every_frame

    def see(self, frame: Frame, sightings: Sequence[Sighting]) -> None:
        self.watch.see(frame, sightings)
        self.last = frame.captured
        self.at(frame.captured)

    def pass_by(self, frame: Frame) -> None:
        self.watch.pass_by(frame)
        self.last = frame.captured


class Video:
    """An opened video file; it is played once."""

    def __init__(self, config: Config, path: Path) -> None:
        """Open it as the first camera's recording. Raises InputError, MissingInputError."""
        self._config = config
        self.camera = config.cameras[0].model_copy(update={"source": str(path), "pace": "fast", "loop": False})
        self._recording = Recording(self.camera.id, path)
        self.fps = self._recording.fps
        """Frames per second, the mean of the file."""
        self.length_s = self._recording.length_s
        """Seconds that the file announces; None when it doesn't."""

    def windows(
        self, watch: Watch, at: Callable[[float], None], show: Callable[[WindowMessage], None], stop: Stop
    ) -> Played:
        """Show the windows as the daemon would send them; `at` is told how far it is.

        Raises what Vision and `watch` raise.
        """
        due = Thinning(self._config.vision.max_fps).is_due
        return self._play(self._config, watch, at, show, stop, due, every_emotion=False)

    def looks(self, watch: Watch, at: Callable[[float], None], due: Due, stop: Stop) -> Played:
        """Let `watch` see the frames that are due, whatever the opening hours, with the emotion of every face.

        Raises what Vision and `watch` raise.
        """
        config = self._config.model_copy(update={"hours": Hours()})
        return self._play(config, watch, at, lambda _: None, stop, due, every_emotion=True)

    def _play(
        self,
        config: Config,
        watch: Watch,
        at: Callable[[float], None],
        show: Callable[[WindowMessage], None],
        stop: Stop,
        due: Callable[[float], bool],
        *,
        every_emotion: bool,
    ) -> Played:
        counted = _Counted(watch, at)
        models = lookers(config, self.camera, every_emotion=every_emotion)
        source = Ahead(self._recording, models, counted, due)
        handover = Handover(Shown(config.device.id, show))
        sense_recording(config, self.camera, handover, stop, eyes=source, opener=lambda _: source)
        played = (
            Played(counted.last + 1.0 / self.fps)
            if stop.is_set()
            else Played(self._recording.end_s, self._recording.missing_s)
        )
        watch.close(played.end_s)
        return played
