"""What a picture file says of itself, read before a single pixel is decoded: its kind, its size, how it is turned.

Strategy: a few bytes decide. A decoder allocates what a header asks for, so the header is judged first; a file of 100
bytes may ask for gigabytes.

Rules:
  - The content decides, never the name.
  - Nothing is searched for: chunks, segments and directories are followed as their formats say, and where they lead
    out of the file, the file is broken.

Sources: JPEG: ITU-T T.81 annex B; PNG: W3C PNG 3rd edition; WebP: RFC 9649; BMP: the BITMAPINFOHEADER structure;
TIFF 6.0; orientation: Exif 2.32, tag 0x0112.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["jpeg", "png", "webp", "bmp", "tiff"]

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_LITTLE, _BIG = b"II*\0", b"MM\0*"
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG markers that begin a frame (SOF0 to SOF15)."""
_ALONE: Final = frozenset(range(0xD0, 0xD9)) | {0x01}
"""JPEG markers without a length."""
_WIDTH, _HEIGHT, _BITS, _ORIENTATION, _SAMPLES = 256, 257, 258, 274, 277
_SHORT, _LONG = 3, 4


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says."""

    kind: Kind
    width: int
    height: int
    bytes_per_pixel: int
    """What a decoder holds for each pixel of the full size, roughly."""
    shrinks: bool = False
    """Whether the decoder can give a half, a quarter or an eighth of the size without ever holding the whole."""
    orientation: int = 1
    """Exif orientation, 1 to 8, where the decoder doesn't see to it (WebP); 1 otherwise."""


def kind_of(content: bytes) -> Kind | None:
    """Tell by its first bytes which kind of picture a file is; None: it is none that can be read."""
    if content.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if content.startswith(_PNG):
        return "png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    if content.startswith(b"BM"):
        return "bmp"
    return "tiff" if content[:4] in {_LITTLE, _BIG} else None


def read_header(content: bytes) -> Header | None:
    """Return a picture's header, or None when it is no picture or its header is broken."""
    kind = kind_of(content)
    if kind is None:
        return None
    read = {"jpeg": _jpeg, "png": _png, "webp": _webp, "bmp": _bmp, "tiff": _tiff}[kind]
    try:
        header = read(content)
    except (struct.error, IndexError):
        return None
    return header if header is not None and header.width > 0 and header.height > 0 else None


def _jpeg(content: bytes) -> Header | None:
    at = 2
    while content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # fill bytes may stand before any marker
            at += 1
        elif marker in _FRAMES:
            height, width, components = struct.unpack_from(">HHB", content, at + 5)
            progressive = marker not in {0xC0, 0xC1}
            # A progressive one keeps two bytes for each sample until its end.
            return Header("jpeg", width, height, 3 + 2 * components * progressive, shrinks=not progressive)
        elif marker in _ALONE:
            at += 2
        else:
            at += 2 + int(struct.unpack_from(">H", content, at + 2)[0])
    return None


def _png(content: bytes) -> Header | None:
    if content[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", content, 16)
    return Header("png", width, height, 3) if _png_is_whole(content) else None


def _png_is_whole(content: bytes) -> bool:
    """Tell whether no chunk says that it is longer than what is there: OpenCV believes it, and takes up to 2 GiB."""
    at = len(_PNG)
    while at + 8 <= len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        if at + 12 + length > len(content):
            return False
        if name == b"IEND":
            return True
        at += 12 + length
    return True


def _webp(content: bytes) -> Header | None:
    size, orientation = None, 1
    for name, begin, end in _webp_chunks(content):
        match name:
            case b"VP8X":
                size = size or (1 + _three_bytes(content, begin + 4), 1 + _three_bytes(content, begin + 7))
            case b"VP8L":
                (bits,) = struct.unpack_from("<I", content, begin + 1)
                size = size or (1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
            case b"VP8 ":
                width, height = struct.unpack_from("<HH", content, begin + 6)
                size = size or (width & 0x3FFF, height & 0x3FFF)
            case b"EXIF":
                block = content[begin:end].removeprefix(b"Exif\0\0")
                orientation = _entries(block).get(_ORIENTATION, (1,))[0]
    if size is None:
        return None
    return Header("webp", *size, 4, orientation=orientation if 1 <= orientation <= 8 else 1)


def _webp_chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = 12
    while at + 8 <= len(content):
        name, length = struct.unpack_from("<4sI", content, at)
        yield name, at + 8, at + 8 + length
        at += 8 + length + length % 2


def _three_bytes(content: bytes, at: int) -> int:
    return int.from_bytes(content[at : at + 3], "little")


def _bmp(content: bytes) -> Header | None:
    (length,) = struct.unpack_from("<I", content, 14)
    width, height = struct.unpack_from("<HH" if length == 12 else "<ii", content, 18)
    return Header("bmp", width, abs(height), 4)


def _tiff(content: bytes) -> Header | None:
    entries = _entries(content)
    if _WIDTH not in entries or _HEIGHT not in entries:
        return None
    samples, bits = entries.get(_SAMPLES, (1,))[0], max(entries.get(_BITS, (1,)))
    return Header("tiff", entries[_WIDTH][0], entries[_HEIGHT][0], max(4, samples * (bits + 7) // 8))


def _entries(block: bytes) -> dict[int, tuple[int, ...]]:
    """Return the whole numbers of a TIFF block's first directory by tag."""
    order = {_LITTLE: "<", _BIG: ">"}.get(block[:4])
    if order is None:
        return {}
    (at,) = struct.unpack_from(order + "I", block, 4)
    (count,) = struct.unpack_from(order + "H", block, at)
    entries: dict[int, tuple[int, ...]] = {}
    for i in range(count):
        here = at + 2 + 12 * i
        tag, kind, many = struct.unpack_from(order + "HHI", block, here)
        if kind in {_SHORT, _LONG} and 0 < many <= 16:
            form = f"{order}{many}{'H' if kind == _SHORT else 'I'}"
            where = here + 8 if struct.calcsize(form) <= 4 else struct.unpack_from(order + "I", block, here + 8)[0]
            entries[tag] = struct.unpack_from(form, block, where)
    return entries
