"""One picture out of bytes: every common form as it is meant to be seen, and no more memory than a header may claim."""

import io
import struct
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edged.camera.header import read_header
from edged.camera.still import LARGEST, NotAPictureError, TooLargeError, decode_still
from edged.errors import InputError

WIDTH, HEIGHT = 96, 64
TURNS_BACK = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How a picture lies in a file whose Exif orientation says how to turn it."""


def scene() -> Image.Image:
    """A picture no turn of which looks like another: red, green, blue and white quarters of unequal size."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[:24, :32], pixels[:24, 32:], pixels[24:, :32], pixels[24:, 32:] = (
        (200, 0, 0),
        (0, 200, 0),
        (0, 0, 200),
        (220, 220, 220),
    )
    return Image.fromarray(pixels)


def saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    """The bytes of a file."""
    sink = io.BytesIO()
    picture.save(sink, form, **options)
    return sink.getvalue()


def error(content: bytes, picture: Image.Image) -> float:
    """Mean difference of a decoded file from the scene, in grey levels."""
    still = decode_still(content, "it")
    assert (still.width, still.height) == picture.size
    true = np.asarray(picture.convert("RGB"))[:, :, ::-1]
    assert still.pixels.shape == true.shape
    return float(np.abs(still.pixels.astype(int) - true).mean())


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation_is_honoured(form: str, orientation: int) -> None:
    """However the camera was held, the picture stands upright."""
    lying = scene().transpose(TURNS_BACK[orientation]) if orientation > 1 else scene()
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, Any] = {"tiffinfo": {274: orientation}} if form == "TIFF" else {"exif": exif.tobytes()}
    assert error(saved(lying, form, **options), scene()) < 8


@pytest.mark.parametrize(
    ("form", "mode"),
    [
        *[(form, mode) for form in ("PNG", "TIFF", "BMP") for mode in ("L", "P", "RGB", "RGBA", "1")],
        *[("PNG", "LA"), ("JPEG", "L"), ("JPEG", "CMYK"), ("TIFF", "CMYK"), ("WEBP", "RGBA")],
    ],
)
def test_grey_palette_alpha_and_cmyk_are_read(form: str, mode: str) -> None:
    """What a picture editor may save comes out in colour, as it looks there."""
    picture = scene().convert(mode)
    assert error(saved(picture, form), picture) < 8


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("grey", [False, True])
def test_sixteen_bits_are_cut_to_eight(suffix: str, grey: bool) -> None:
    """The high byte counts."""
    picture = scene().convert("L" if grey else "RGB")
    deep = np.asarray(picture)[..., ::-1] if not grey else np.asarray(picture)
    content = cv2.imencode(suffix, deep.astype(np.uint16) * 257)[1].tobytes()
    assert error(content, picture) < 1


@pytest.mark.parametrize(("form", "options"), [("JPEG", {"progressive": True}), ("TIFF", {"compression": "tiff_lzw"})])
def test_other_ways_to_store_are_read(form: str, options: dict[str, Any]) -> None:
    """Progressive JPEG, compressed TIFF."""
    assert error(saved(scene(), form, **options), scene()) < 8


@pytest.mark.parametrize("size", [(2400, 1600), (1600, 2400), (4200, 2100), (2400, 300)])
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_larger_pictures_are_scaled_and_told_in_their_own_pixels(size: tuple[int, int], form: str) -> None:
    """They end within 1920×1080 px, or 1080×1920, in their shape; the size told is the file's."""
    still = decode_still(saved(scene().resize(size), form), "it")
    assert (still.width, still.height) == size
    height, width = still.pixels.shape[:2]
    assert max(width, height) <= LARGEST[0]
    assert min(width, height) <= LARGEST[1]
    assert max(width, height) == LARGEST[0] or min(width, height) == LARGEST[1]
    assert width / height == pytest.approx(size[0] / size[1], rel=0.01)


def test_one_pixel_is_a_picture() -> None:
    """1×1 is small, not wrong."""
    assert decode_still(saved(Image.new("RGB", (1, 1), (9, 9, 9)), "PNG"), "it").pixels.shape == (1, 1, 3)


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG's first bytes with a size of one's choice."""
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBBI", 13, b"IHDR", width, height, 8, 2, 0, 0, 0, 0)


def jpeg_that_claims(width: int, height: int, marker: int) -> bytes:
    """A small JPEG whose frame says another size, and is of another kind."""
    content = bytearray(saved(scene(), "JPEG"))
    at = content.index(b"\xff\xc0")
    content[at + 1] = marker
    struct.pack_into(">HH", content, at + 5, height, width)
    return bytes(content)


def tiff_that_claims(width: int, height: int, samples: int, bits: int) -> bytes:
    """The first directory of a TIFF."""
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, bits), (277, 3, 1, samples)]
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + b"".join(struct.pack("<HHII", *e) for e in entries)


@pytest.mark.parametrize(
    "content",
    [
        png_that_claims(20_000, 20_000),
        png_that_claims(2**31 - 1, 2**31 - 1),
        jpeg_that_claims(20_000, 20_000, 0xC0),
        jpeg_that_claims(12_000, 12_000, 0xC2),
        tiff_that_claims(9_000, 9_000, 4, 64),
        tiff_that_claims(2**32 - 1, 2**32 - 1, 3, 8),
    ],
)
def test_bombs_are_refused_by_their_header(content: bytes) -> None:
    """A few hundred bytes that ask for gigabytes are refused before anything is decoded, with the size they claim."""
    header = read_header(content)
    assert header is not None
    with pytest.raises(TooLargeError, match=f"it is {header.width}×{header.height} pixels"):
        decode_still(content, "it")


def test_a_telephones_200_megapixels_are_read() -> None:
    """A JPEG is shrunk while it is decoded: its size alone is no reason to refuse it."""
    header = read_header(jpeg_that_claims(16_320, 12_240, 0xC0))
    assert header is not None
    assert header.shrinks


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
def test_any_cut_is_told_in_one_sentence(form: str) -> None:
    """A file cut anywhere is a picture still, or refused as InputError; nothing else comes out."""
    content = saved(scene(), form)
    for length in range(0, len(content), 7):
        try:
            still: NDArray[np.uint8] | None = decode_still(content[:length], "it").pixels
        except InputError as problem:
            assert str(problem).startswith("it ")
            assert "\n" not in str(problem)
        else:
            assert still is not None


@pytest.mark.parametrize("content", [b"", b"milk\nbread\n", b"GIF89a" + bytes(100), b"%PDF-1.7\n"])
def test_what_is_no_picture_is_called_so(content: bytes) -> None:
    """Another type is another error than a damaged picture: who asked has to do something else."""
    with pytest.raises(NotAPictureError, match="it is not a picture"):
        decode_still(content, "it")


def test_a_png_whose_chunk_claims_more_than_is_there_is_not_decoded() -> None:
    """OpenCV would take as much memory as the chunk claims: up to 2 GiB for a file of some bytes."""
    content = bytearray(saved(scene(), "PNG"))
    at = content.index(b"IDAT") - 4
    content[at : at + 4] = b"\x7f\xff\xff\xff"
    assert read_header(bytes(content)) is None
    with pytest.raises(InputError):
        decode_still(bytes(content), "it")
