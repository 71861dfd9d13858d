"""Network cameras: RTSP (over TCP) and HTTP, by FFmpeg inside OpenCV.

Rule: the URL goes to FFmpeg and nowhere else; every text names the camera by its redacted URL.
"""

import cv2

from edged.camera.asked import Asked
from edged.camera.lag import Lag
from edged.camera.live import LiveCamera
from edged.camera.opencv import READ_TIMEOUT_S, open_capture, stream_parameters
from edged.camera.redact import redact
from edged.errors import CameraError, ConfigError

_SCHEMES = ("rtsp", "rtsps", "http", "https")


def open_stream(camera: Asked, *, timeout_s: float = READ_TIMEOUT_S) -> LiveCamera:
    """Open a network camera; opening and each read give up after `timeout_s`. Raises CameraError, ConfigError."""
    url = str(camera.source)
    place = redact(url)
    if url.partition("://")[0].lower() not in _SCHEMES:
        raise ConfigError(
            f"camera {camera.id!r}: {place} is not a URL that edged reads: use rtsp://, rtsps://, http:// or https://"
        )
    capture = open_capture(url, cv2.CAP_FFMPEG, stream_parameters(timeout_s))
    if capture is None:
        raise CameraError(
            f"camera {camera.id!r}: no pictures from {place}: is it on, is its address right, are user and password?"
        )
    # RTP says when a picture was taken; MJPEG over HTTP says nothing, and FFmpeg makes its stamps up.
    lag = Lag() if url.lower().startswith("rtsp") else None
    return LiveCamera(camera.id, place, capture, timeout_s=timeout_s, lag=lag)
