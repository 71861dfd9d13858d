"""What is asked of a camera, as far as the sources need to know.

A `[[cameras]]` table of the configuration fits it, and so does what crosses to a capture process, which by this knows
nothing of the configuration and of the libraries that read it.
"""

from typing import Protocol


class Asked(Protocol):
    """One camera or recording, as configured: see `edged.config.model.Camera` for units and bounds."""

    @property
    def id(self) -> str:
        """Its name."""

    @property
    def source(self) -> str | int:
        """Where its pictures come from."""

    @property
    def width(self) -> int | None:
        """Picture width in px; None: as it comes."""

    @property
    def height(self) -> int | None:
        """Picture height in px; None: as it comes."""

    @property
    def fps(self) -> float | None:
        """Frames per second; None: as they come."""

    @property
    def pixel_format(self) -> str | None:
        """Four-character code; None: as it comes."""

    @property
    def loop(self) -> bool:
        """Whether a recording begins again at its end."""
