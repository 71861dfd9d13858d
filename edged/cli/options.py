"""What `edged analyze` can be asked: apart from main.py, for it is much; light, for every command's start reads it."""

import argparse
from pathlib import Path

SCHEMAS = ("edged", "smartclick", "microsoft", "microsoft-video")

_EXAMPLES = """\
examples:
  edged analyze photo.jpg                                    faces of a picture, in our words
  edged analyze --format smartclick photos/ > faces.jsonl    of a folder, a JSON line for each
  edged analyze --format microsoft --faces "68,97,64,97" photo.jpg
  edged analyze --draw marked.png photo.jpg                  boxes and bars
  curl -s http://camera/shot.jpg | edged analyze -           standard input
  edged analyze --start 2026-11-22T08:00:00Z film.mp4        the windows that the service would send
  edged analyze --format microsoft --mode perFace film.mp4 > film.json
  edged analyze --plot film.svg --overlay marked.mp4 film.mp4

What is said of single faces is personal data. It goes to standard output and to the files you name, and nowhere else.
docs/MIGRATING.md compares the formats with the systems they come from.
"""


def add_analyze_options(command: argparse.ArgumentParser) -> None:
    """Add them all."""
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.epilog = _EXAMPLES
    command.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="pictures, folders of pictures, patterns such as '*.jpg', - for a picture on standard input; or one video",
    )
    command.add_argument(
        "--format", choices=["edged", "smartclick", "microsoft"], default="edged", help="whose words (default: edged)"
    )
    command.add_argument("--schema", choices=SCHEMAS, help="print the JSON Schema of a format, and end")
    command.add_argument(
        "--threshold",
        type=float,
        metavar="SHARE",
        help="an emotion below this share (0 to 1) is told as undecided (edged, smartclick; the labels of drawings)",
    )
    command.add_argument(
        "--progress",
        choices=["terminal", "json"],
        default="terminal",
        help="how far it is: a line on a terminal (default), or a JSON line each second on standard error",
    )
    pictures = command.add_argument_group("pictures")
    pictures.add_argument(
        "--faces",
        metavar="FILE|L,T,W,H;…",
        help="face rectangles (left,top,width,height in px), or a file with some: none are looked for",
    )
    pictures.add_argument(
        "--draw", type=Path, metavar="OUT", help="picture with boxes and bars; a folder when there are several"
    )
    videos = command.add_argument_group("videos")
    videos.add_argument("--start", metavar="TIME", help="when the first picture was taken (RFC 3339)")
    videos.add_argument("--mode", choices=["aggregate", "perFace"], help="microsoft: all faces together, or each")
    videos.add_argument(
        "--window", type=float, metavar="S", help="microsoft aggregate: seconds an event tells of, 0.25 to 2 (0.5)"
    )
    videos.add_argument(
        "--interval", type=float, metavar="S", help="microsoft aggregate: seconds from event to event, 0.25 to 1 (0.5)"
    )
    videos.add_argument(
        "--no-smoothing", action="store_true", help="microsoft: scores as they are, without the smoothing's 250 ms lag"
    )
    videos.add_argument("--plot", type=Path, metavar="OUT", help="chart over time, .svg or .png (edged[plot])")
    videos.add_argument("--overlay", type=Path, metavar="OUT", help="video with boxes and bars, .mp4")


_SERVE_EXAMPLES = """\
examples:
  edged serve                                               http://127.0.0.1:8000/, for this machine only
  curl --data-binary @photo.jpg 'http://127.0.0.1:8000/v1/emotion?format=smartclick'
  edged serve --address 0.0.0.0 --token-file token --tls-cert cert.pem --tls-key key.pem

Reads no camera, publishes nothing, stores nothing: pictures stay in memory, videos in files without a name that are
gone with the process. docs/HTTP.md has addresses, status codes and limits.
"""


def add_serve_options(command: argparse.ArgumentParser) -> None:
    """Add what `edged serve` can be asked."""
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.epilog = _SERVE_EXAMPLES
    command.add_argument("--address", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    command.add_argument("--port", type=int, default=8000, help="port to listen on, 0 for any (default: 8000)")
    command.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="file with the token that callers must send; or the systemd credential edged-http-token",
    )
    command.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate chain, PEM")
    command.add_argument("--tls-key", type=Path, metavar="FILE", help="its private key, PEM")
    command.add_argument(
        "--insecure", action="store_true", help="let other machines send pictures and token without encryption"
    )
    command.add_argument("--threads", type=int, metavar="N", help="pictures looked at at once (default: one a core)")
