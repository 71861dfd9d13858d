"""Words that every room uses in the same sense. No room owns them, every room may import them."""

from typing import Final

EMOTIONS: Final = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
"""The eight classes of FER+ (Barsoum et al. 2016), in the order of every vector of scores in this package."""

Scores = tuple[float, float, float, float, float, float, float, float]
"""One probability for each of :data:`EMOTIONS`, in that order, summing to one."""
