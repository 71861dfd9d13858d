"""How well tracks fit the truth: IDF1 and identity switches.

IDF1 (Ristani et al., "Performance Measures and a Data Set for Multi-Target, Multi-Camera Tracking", 2016): every true
person is matched to at most one track over the whole scene, so that the most boxes agree (IoU at least 0.5);
IDF1 = 2 IDTP / (boxes in the truth + boxes in the tracks). Faces that were not found count as missed, false faces as
too many, so even a perfect tracker stays below 1.

Identity switches (Bernardin and Stiefelhagen 2008): how often a true face that is followed changes to another track. A
pair that holds from the frame before is kept while it still overlaps.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edged.vision.sighting import Box, iou

LEAST_IOU = 0.5


@dataclass(frozen=True, slots=True)
class Identities:
    """Figures of one scene."""

    idf1: float
    switches: int


def identities(truth: Sequence[Mapping[int, Box]], tracks: Sequence[Mapping[int, Box]]) -> Identities:
    """Compare tracks with the truth: for each frame the boxes by person, and the boxes by track."""
    together: Counter[tuple[int, int]] = Counter()
    last: dict[int, int] = {}
    switches = 0
    for true, tracked in zip(truth, tracks, strict=True):
        overlaps = {
            (person, track): overlap
            for person, box in true.items()
            for track, other in tracked.items()
            if (overlap := iou(box, other)) >= LEAST_IOU
        }
        together.update(overlaps.keys())
        for person, track in _pairs(overlaps, last):
            switches += last.get(person, track) != track
            last[person] = track
    boxes = sum(map(len, truth)) + sum(map(len, tracks))
    return Identities(2 * _most_agreeing(together) / boxes if boxes else 1.0, switches)


def _pairs(overlaps: Mapping[tuple[int, int], float], last: Mapping[int, int]) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    taken: set[tuple[str, int]] = set()
    for person, track in sorted(overlaps, key=lambda pair: (last.get(pair[0]) != pair[1], -overlaps[pair])):
        if not {("person", person), ("track", track)} & taken:
            taken |= {("person", person), ("track", track)}
            pairs.append((person, track))
    return pairs


def _most_agreeing(together: Counter[tuple[int, int]]) -> int:
    """Boxes that agree under the best matching of persons to tracks."""
    people = {person: i for i, person in enumerate(dict.fromkeys(person for person, _ in together))}
    tracks = {track: i for i, track in enumerate(dict.fromkeys(track for _, track in together))}
    agree = np.zeros((len(people), max(len(people), len(tracks))))
    for (person, track), frames in together.items():
        agree[people[person], tracks[track]] = frames
    return round(sum(float(agree[i, j]) for i, j in enumerate(assign(-agree))))


def assign(cost: NDArray[np.float64]) -> list[int]:
    """Return for each row the column of the cheapest assignment; there are at least as many columns as rows.

    The Hungarian method with potentials (Kuhn 1955, Munkres 1957), one shortest augmenting path for each row.
    """
    rows, columns = cost.shape
    of_row, of_column = np.zeros(rows), np.zeros(columns)
    row_at = np.full(columns, -1)
    for row in range(rows):
        shortest, via = np.full(columns, np.inf), np.full(columns, -1)
        done = np.zeros(columns, np.bool_)
        at, column = row, -1
        while at >= 0:
            slack = cost[at] - of_row[at] - of_column
            nearer = ~done & (slack < shortest)
            shortest[nearer], via[nearer] = slack[nearer], column
            column = int(np.argmin(np.where(done, np.inf, shortest)))
            step = shortest[column]
            of_row[row] += step
            of_row[row_at[done]] += step
            of_column[done] -= step
            shortest[~done] -= step
            done[column] = True
            at = int(row_at[column])
        while column >= 0:
            previous = int(via[column])
            row_at[column] = row if previous < 0 else row_at[previous]
            column = previous
    found = np.zeros(rows, np.int64)
    for column, row in enumerate(row_at):
        if row >= 0:
            found[row] = column
    return [int(column) for column in found]
