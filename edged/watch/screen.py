"""The board as lines for a terminal of any size.

Rules:
  - Pure: the same board, size and time give the same lines; whoever owns the terminal shows them.
  - A line never wraps. When there are more devices than lines, those in trouble come first, and the last line says how
    many are left out.
  - A colour never says what no word says.
"""

from typing import Final

from rich.text import Text

from edged.messages.window import EmotionShares, WindowMessage
from edged.watch.board import Board, CameraView, DeviceView, Health

STYLES: Final = {Health.WELL: "green", Health.CAUTION: "yellow", Health.BAD: "bold red"}
EMOTION_STYLES: Final = {
    "neutral": "white",
    "happiness": "green",
    "surprise": "cyan",
    "sadness": "blue",
    "anger": "red",
    "disgust": "magenta",
    "fear": "yellow",
    "contempt": "bright_black",
}
_LEVELS: Final = "▁▂▃▄▅▆▇█"
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"
_WITHHELD: Final = "·"
_CELL: Final = 25
"""Columns of one emotion at the least: its name, a bar, its share."""
_NAME: Final = 9
_TROUBLES: Final = 3
"""Troubles shown of a device at the most."""
_SHARE: Final = 5
_INDENT: Final = "    "


def lines(board: Board, broker: str, link: str, width: int, height: int, now: float) -> list[Text]:
    """Draw everything.

    Args:
        board: what is known.
        broker: where it comes from.
        link: how the connection to it is, in words; empty when it is well.
        width: columns of the terminal.
        height: lines of the terminal.
        now: monotonic seconds, as when the messages were taken in.
    """
    devices = sorted(board.devices.values(), key=lambda each: (-each.health(now), each.id))
    drawn = [_head(board, broker)]
    if link:
        drawn.append(Text(link, "bold red"))
    left = height - len(drawn)
    shown = 0
    for device in devices:
        block = _device(device, width, now)
        if len(block) > left - (1 if shown + 1 < len(devices) else 0):
            break
        drawn += block
        left -= len(block)
        shown += 1
    if not devices and not link:
        drawn += [Text("nothing yet: a device sends a status every minute, and a retained one comes at once", "dim")]
    if shown < len(devices):
        drawn.append(_rest(devices[shown:], now))
    for line in drawn:
        line.truncate(width, overflow="ellipsis")
    return drawn[:height]


def summary(board: Board) -> str:
    """Everything in one sentence, for the end."""
    devices = list(board.devices.values())
    return (
        f"{_counted(len(devices), 'device')}, {_counted(sum(d.arrived for d in devices), 'message')}, "
        f"{sum(d.repeated for d in devices)} repeated, {sum(d.dropped for d in devices)} declared dropped, "
        f"{sum(d.missing for d in devices)} missing"
    )


def _head(board: Board, broker: str) -> Text:
    head = Text.assemble((broker, "bold"), "  ")
    devices = list(board.devices.values())
    repeated, dropped, missing = (sum(getattr(d, name) for d in devices) for name in ("repeated", "dropped", "missing"))
    head.append(f"{_counted(len(devices), 'device')}  {sum(d.arrived for d in devices)} arrived", "dim")
    head.append(f"  {repeated} repeated", "dim").append(f"  {dropped} dropped", "yellow" if dropped else "dim")
    head.append(f"  {missing} missing", "bold red" if missing else "dim")
    return head.append("  Ctrl-C ends", "dim")


def _rest(devices: list[DeviceView], now: float) -> Text:
    worst = max(device.health(now) for device in devices)
    how = "all well" if worst is Health.WELL else "some in trouble"
    return Text(
        f"… and {_counted(len(devices), 'more device')}, {how}: a taller window or --device NAME shows them", "dim"
    )


def _device(device: DeviceView, width: int, now: float) -> list[Text]:
    style = STYLES[device.health(now)]
    head = Text.assemble(("● ", style), (device.id, "bold"), "  ")
    status = device.status
    if status is not None:
        head.append(status.state, "green" if status.state == "online" else "bold red")
        if status.state == "online" and status.uptime_s is not None:
            head.append(f" {_duration(status.uptime_s)}")
        if status.outbox is not None and status.outbox.waiting:
            head.append(f"  {status.outbox.waiting} waiting")
    if device.repeated:
        head.append(f"  {device.repeated} repeated", "dim")
    head.append(f"  heard {_ago(now - device.heard_at)}", "dim")
    troubles = [trouble for trouble in device.troubles(now) if trouble.words != "offline"]
    block = [head]
    for trouble in troubles[:_TROUBLES]:
        told = Text(f"  {trouble.words}", STYLES[trouble.health])
        if block[-1] is head and head.cell_len + told.cell_len <= width:
            head.append(told)
        else:
            block.append(Text("  ").append(told))
    for id_, camera in sorted(device.cameras.items()):
        block += _camera(id_, camera, width)
    return block


def _camera(id_: str, camera: CameraView, width: int) -> list[Text]:
    last = camera.last
    told = Text.assemble(_INDENT, (f"{id_:<8}", "bold"), f" {_span(last)} ")
    if last.state == "released":
        told.append(f" {last.visits} visits", "bold")
        if last.dwell is not None and last.dwell.mean_s is not None:
            told.append(f"  {last.dwell.mean_s:.0f} s each")
        if last.in_view is not None and last.in_view.mean is not None:
            told.append(f"  {last.in_view.mean:.1f} in view")
        if last.privacy.windows_covered > 1:
            told.append(f"  over {last.privacy.windows_covered} windows", "dim")
    else:
        told.append(" withheld", "yellow").append(f"  fewer than {last.privacy.k}, or nobody", "dim")
    if last.coverage.live_share < last.coverage.open_share:
        told.append(f"  live {last.coverage.live_share:.0%}", "yellow")
    if last.window.partial:
        told.append("  partial", "dim")
    room = width - told.cell_len - 2
    told.append("  ").append(_sparkline(camera, max(room, 0)))
    drawn = [told]
    released = camera.released
    if released is not None and released.emotion is not None:
        estimate = released.emotion.estimate
        shares = released.emotion.mean_scores if estimate is None else estimate.shares
        drawn.append(_emotions(shares, width, stale=released is not last))
    return drawn


def _sparkline(camera: CameraView, room: int) -> Text:
    """Visits of the last windows, each a column, 0 to the most of them; a withheld one is a dot."""
    windows = camera.windows[-room:] if room else []
    most = max((window.visits or 0 for window in windows), default=0)
    drawn = Text()
    for window in windows:
        if window.visits is None:
            drawn.append(_WITHHELD, "dim")
        else:
            level = round(window.visits / most * (len(_LEVELS) - 1)) if most else 0
            drawn.append(_LEVELS[level], "cyan")
    return drawn


def _emotions(shares: EmotionShares, width: int, *, stale: bool) -> Text:
    """Bars of the shares; the strongest first, as many as fit."""
    room = width - len(_INDENT)
    cells = max(room // _CELL, 1)
    size = max(room // min(cells, len(EMOTION_STYLES)) - _NAME - _SHARE - 2, 1)
    drawn = Text(_INDENT)
    for name, share in _strongest(shares)[:cells]:
        style = "dim" if stale else EMOTION_STYLES[name]
        drawn.append(f"{name:<{_NAME}} ").append(_bar(share, size), style).append(
            f"{share:>{_SHARE}.0%} ", "dim" if stale else ""
        )
    return drawn


def _strongest(shares: EmotionShares) -> list[tuple[str, float]]:
    return sorted(((name, float(getattr(shares, name))) for name in EMOTION_STYLES), key=lambda pair: -pair[1])


def _bar(share: float, size: int) -> str:
    full, eighths = divmod(round(share * size * 8), 8)
    return ("█" * full + (_EIGHTHS[eighths] if full < size else "")).ljust(size)


def _span(window: WindowMessage) -> str:
    form = "%H:%M:%S" if window.window.duration_s < 60 else "%H:%M"
    start, end = window.window.start.astimezone(), window.window.end.astimezone()
    return f"{start:{form}}-{end:{form}}"


def _duration(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _ago(seconds: float) -> str:
    return "now" if seconds < 2 else f"{_duration(seconds)} ago"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
