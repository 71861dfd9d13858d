"""The sample videos and the broker of the end-to-end tests."""

from tests.brokers import mosquitto
from tests.end_to_end.conftest import sample, sample_at_5_fps, short_sample, videos

__all__ = ["mosquitto", "sample", "sample_at_5_fps", "short_sample", "videos"]
