"""The configuration, typed: every key, its default, its unit and its bounds.

Rules:
  - Every key is read somewhere, stands in config/edged.toml with its default, and has a test that it matters.
  - Units are in the names (`_s`, `_px`, `_fps`); a duration never hides in a bare number.
  - Unknown keys and impossible combinations are refused; nothing is guessed.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from edged.config.broker import Broker as Broker  # noqa: PLC0414  (sections like the others to whoever imports them)
from edged.config.broker import HomeAssistant as HomeAssistant  # noqa: PLC0414
from edged.config.hours import Hours
from edged.config.privacy import Privacy as Privacy  # noqa: PLC0414

DEVICE_ID = r"^[a-z0-9][a-z0-9_-]{0,31}$"
Id = Annotated[str, Field(pattern=DEVICE_ID)]
"""A name that is safe in an MQTT topic, a file name and a Home Assistant entity id."""


class Section(BaseModel):
    """A table of the file: frozen, and strict about its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Device(Section):
    """Which device this is."""

    id: Id = "edged"
    """Part of every topic: edged/<device>/…"""
    purpose: Literal["retail", "hospitality", "museum", "event", "transport", "research"] = "retail"
    """What the figures are for. Workplace and education are refused: see docs/PRIVACY.md."""

    @field_validator("purpose", mode="before")
    @classmethod
    def _is_lawful(cls, purpose: object) -> object:
        if purpose in ("workplace", "education"):
            raise ValueError(
                f'"{purpose}" is refused: inferring emotions in the workplace and in education is prohibited in the '
                "European Union (AI Act, Regulation (EU) 2024/1689, Article 5(1)(f))"
            )
        return purpose


Coordinate = Annotated[float, Field(ge=0, le=1)]
Point = tuple[Coordinate, Coordinate]
"""(x, y) in the picture: 0 to 1, origin top left."""


class Line(Section):
    """A line that faces are counted crossing."""

    id: Id
    """Part of the message: crossings.<id>.in and .out. Unique for the camera."""
    start: Point
    """First end."""
    end: Point
    """Second end. Whoever crosses from left to right, looking from start to end, goes in."""

    @model_validator(mode="after")
    def _has_a_length(self) -> Self:
        if self.start == self.end:
            raise ValueError("start and end are the same point: a line needs two")
        return self


class Zone(Section):
    """A part of the picture."""

    id: Id
    """Part of the message: zones.<id>. Unique for the camera."""
    polygon: Annotated[tuple[Point, ...], Field(min_length=3, max_length=50)]
    """Its corners in order."""


class Region(Section):
    """A part of the picture with sides parallel to its own."""

    left: Coordinate = 0.0
    top: Coordinate = 0.0
    right: Coordinate = 1.0
    bottom: Coordinate = 1.0

    @model_validator(mode="after")
    def _is_large_enough(self) -> Self:
        if self.right - self.left < LEAST_REGION or self.bottom - self.top < LEAST_REGION:
            raise ValueError(
                f"right must be at least {LEAST_REGION} more than left, and bottom than top: less shows too little"
            )
        return self


LEAST_REGION = 0.1


class Camera(Section):
    """One camera or recording."""

    id: Id = "camera"
    """Part of the topic: edged/<device>/<camera>/window. Unique on the device."""
    source: str | int = 0
    """A number, a /dev path, an rtsp:// or http(s):// URL, `picamera2:N`, a video file, or a folder of pictures."""
    width: Annotated[int, Field(ge=64, le=7680)] | None = None
    """Asked-for picture width in px (live cameras; None: about 1280×720, of what a V4L2 camera lists)."""
    height: Annotated[int, Field(ge=64, le=4320)] | None = None
    """Asked-for picture height in px."""
    fps: Annotated[float, Field(gt=0, le=240)] | None = None
    """Asked-for frame rate (live cameras); for a folder of pictures, its frame rate (default 1)."""
    pixel_format: Annotated[str, Field(pattern=r"^[A-Z0-9]{4}$")] | None = None
    """Four-character code asked of a V4L2 camera, e.g. MJPG or YUYV."""
    pace: Literal["real-time", "fast"] = "real-time"
    """Recordings: as they were filmed, or as fast as the device can, by the clock of their own time stamps."""
    loop: bool = False
    """Recordings: begin again at the end. Without it the service ends when all its recordings have ended."""

    start: AwareDatetime | None = None
    """Recordings with pace = fast: when their first picture was taken; None: now."""

    region: Region | None = None
    """The only part in which faces are looked for; None: everywhere. With half the width they count twice as large."""
    lines: Annotated[tuple[Line, ...], Field(max_length=8)] = ()
    """Lines that faces are counted crossing."""
    zones: Annotated[tuple[Zone, ...], Field(max_length=8)] = ()
    """Parts of the picture in which time is counted."""
    masks: Annotated[tuple[Zone, ...], Field(max_length=16)] = ()
    """Parts of the picture where faces are not looked at: staff areas, posters, screens."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for kind, named in (("lines", self.lines), ("zones", self.zones), ("masks", self.masks)):
            ids = [each.id for each in named]
            if len(set(ids)) < len(ids):
                raise ValueError(f"two {kind} have the same id: each needs its own")
        if (self.width is None) != (self.height is None):
            raise ValueError("width and height go together: give both or neither")
        if self.loop and self.pace == "fast":
            raise ValueError('loop = true needs pace = "real-time": a fast loop would never let a window end in time')
        if self.start is not None and self.pace != "fast":
            raise ValueError('start needs pace = "fast": in real time the clock on the wall says when')
        return self


class Vision(Section):
    """Models and how they are run."""

    face_model: str = "auto"
    """Name of a face model (`edged models list`); auto: the CenterFace that best fits the shape of the picture."""
    emotion_model: str = "emotion"
    """Name of an emotion model."""
    models_folder: Path | None = None
    """Folder with further model cards and files; None: only those that come with edged."""
    runtime: Literal["auto", "litert", "tflite-runtime"] = "auto"
    """TFLite runtime; auto takes LiteRT where it is installed."""
    accelerator: Literal["auto", "cpu", "edgetpu"] = "auto"
    """Where models run; auto uses an Edge TPU when library, device and compiled model are all there."""
    threads: Annotated[int, Field(ge=1, le=16)] = 1
    """Threads of each interpreter."""
    max_fps: Annotated[float, Field(gt=0, le=120)] = 10.0
    """At most so many frames per second and camera reach the models."""
    score_threshold: Annotated[float, Field(ge=0.05, le=0.99)] | None = None
    """Detections below this score are not sightings; None: as the model's card says."""
    max_faces: Annotated[int, Field(ge=1, le=200)] = 50
    """At most so many faces per frame, the best scored first."""
    min_emotion_height_px: Annotated[float, Field(ge=8, le=400)] | None = None
    """A smaller face counts for footfall but not for emotion; None: as the emotion model's card says."""


class Visits(Section):
    """How sightings become visits."""

    lost_after_s: Annotated[float, Field(gt=0, le=30)] = 3.5
    """A face not seen for so long has left: longer than a head is turned away (docs/VISITS.md has the figures)."""
    min_sightings: Annotated[int, Field(ge=1, le=100)] = 3
    """Fewer good sightings are no visit: one false detection is not a person."""
    min_score: Annotated[float, Field(ge=0, le=0.99)] = 0.5
    """A sighting is good from this detector score on."""
    max_yaw_deg: Annotated[float, Field(gt=0, le=90)] = 60.0
    """A sighting is good when the face is turned away no further than this: who shows only an ear is not counted."""
    min_duration_s: Annotated[float, Field(ge=0, le=60)] = 0.5
    """A shorter appearance is no visit."""
    max_duration_s: Annotated[float, Field(ge=10, le=86400)] = 1800.0
    """A longer visit is ended and counted here; what follows is not counted again until the face leaves."""
    same_person_s: Annotated[float, Field(ge=0, le=300)] = 10.0
    """Who appears where somebody left no longer ago than this may be the same person, and adds nothing towards k."""
    furniture_after_s: Annotated[float, Field(ge=30, le=86400)] = 300.0
    """A face that doesn't move for so long is a poster or a screen, not a visitor."""
    attention_yaw_deg: Annotated[float, Field(gt=0, le=90)] = 22.5
    """A face turned away no further than this is looking at the camera."""

    @model_validator(mode="after")
    def _shorter_than_longest(self) -> Self:
        if self.min_duration_s >= self.max_duration_s:
            raise ValueError("min_duration_s must be less than max_duration_s")
        return self


class Windows(Section):
    """How time is cut."""

    length_s: Annotated[int, Field(ge=5, le=86400)] = 900
    """Length of a window in seconds; it must divide a day, so that windows fall on the same times every day."""

    @model_validator(mode="after")
    def _divides_a_day(self) -> Self:
        if 86400 % self.length_s:
            raise ValueError("length_s must divide a day (86400 s), e.g. 60, 300, 600, 900, 1800 or 3600")
        return self


class Outbox(Section):
    """The durable queue between the two processes."""

    folder: Path = Path("/var/lib/edged")
    """State folder. The only place edged writes to."""
    max_messages: Annotated[int, Field(ge=100, le=1_000_000)] = 50_000
    """Beyond this the oldest are dropped, and a gap message says how many (50,000 quarter-hours are 17 months)."""
    max_bytes: Annotated[int, Field(ge=4_194_304, le=8_589_934_592)] = 134_217_728
    """The same for the bytes in use in the outbox file; the file grows no further."""
    reserve_bytes: Annotated[int, Field(ge=0, le=1_073_741_824)] = 8_388_608
    """So much room is taken on the disk in advance, for file and journal each: the outbox works on when it is full."""
    replay_horizon_s: Annotated[int, Field(ge=0, le=86400)] = 2400
    """Acknowledged messages stay so long and are sent again after a reconnect: a broker's PUBACK isn't durable."""


class Log(Section):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severity that is shown."""


class Config(Section):
    """The whole file."""

    device: Device = Device()
    cameras: Annotated[tuple[Camera, ...], Field(min_length=1)] = (Camera(),)
    vision: Vision = Vision()
    hours: Hours = Hours()
    visits: Visits = Visits()
    windows: Windows = Windows()
    privacy: Privacy = Privacy()
    outbox: Outbox = Outbox()
    broker: Broker = Broker()
    homeassistant: HomeAssistant = HomeAssistant()
    log: Log = Log()

    @field_validator("cameras")
    @classmethod
    def _fit_together(cls, cameras: tuple[Camera, ...]) -> tuple[Camera, ...]:
        # A rule of this key alone: a fault of another key doesn't hide it.
        ids = [camera.id for camera in cameras]
        for name in ids:
            if ids.count(name) > 1:
                raise ValueError(f"two cameras have the id {name!r}: each needs its own")
        if len({camera.pace for camera in cameras}) > 1:
            raise ValueError('either all cameras have pace = "fast" or none: a live camera can\'t wait for a recording')
        return cameras
