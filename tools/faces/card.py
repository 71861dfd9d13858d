"""Measure models and write their cards: `python -m tools.faces.card centerface-480x288 blazeface-full`.

It needs the product's environment (both runtimes), the int8 files and the float files that `make` left in its work
folder. Everything on a card is either a constant of the catalogue or measured here.
"""

from __future__ import annotations

import argparse
import datetime
import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edged.vision.card import FaceCard, read_card
from tools.faces.catalogue import NAMES, draft, multiply_adds
from tools.faces.fetch import sha256
from tools.faces.measure import compare

_REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_AUTO = ("centerface-480x288", "centerface-480x352")
"""Between these face_model = "auto" chooses, by the shape of the camera's picture; README.md says why."""


def card(name: str, models: Path, date: str) -> dict[str, Any]:
    """Return the card of `models`/name.tflite as nested tables, without [measured]."""
    tables = draft(name, f"{name}.tflite", sha256((models / f"{name}.tflite").read_bytes()), date, _pins())
    tables["output"]["auto"] = name in _AUTO
    return tables


def original(name: str, work: Path) -> dict[str, Any]:
    """Return a card of the float file that `make` left in `work`, for comparison."""
    file = f"{name}.float.tflite"
    return draft(name, file, sha256((work / file).read_bytes()), "2026-01-01", _pins(), dtype="float32")


def figures(name: str, models: Path, work: Path, annotations: Path) -> dict[str, Any]:
    """Return the card's [measured]."""
    ours = _open(card(name, models, "2026-01-01"), models)
    return {
        "command": f"python -m tools.faces.card {name}",
        "data": "faces/evaluation.json: photos of WIDER FACE val",
        "machine": f"one thread of a shared two-core {platform.machine()} server with AVX-512 VNNI, CPU ms of invoke()",
        **compare(ours, _open(original(name, work), work), annotations),
        "mmac": round(multiply_adds(name) / 1e6),
        "bytes": (models / f"{name}.tflite").stat().st_size,
    }


def write(path: Path, tables: Mapping[str, Any]) -> None:
    """Write nested tables as TOML, one level deep, and make sure that the product reads them."""
    lines = [f"{key} = {_value(value)}" for key, value in tables.items() if not isinstance(value, dict)]
    for title, table in tables.items():
        if isinstance(table, dict):
            lines += ["", f"[{title}]", *(f"{key} = {_value(value)}" for key, value in table.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    read_card(path)


def _open(tables: dict[str, Any], folder: Path) -> FaceCard:
    return FaceCard.model_validate(tables).found_in(folder)


def _pins() -> str:
    lines = [line for line in _REQUIREMENTS.read_text().splitlines() if "==" in line]
    return ", ".join(line.replace("==", " ") for line in lines)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    # For strings, numbers, booleans and lists of them JSON and TOML look the same.
    return json.dumps(value, ensure_ascii=False)


def main() -> None:
    """Measure the named models and write their cards beside them."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("names", nargs="+", help=NAMES)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with faces/evaluation.json")
    parser.add_argument("--work", type=Path, default=Path("build/faces"), help="where `make` left the float files")
    parser.add_argument("--models", type=Path, default=Path("models"), help="where the int8 files are")
    parser.add_argument("--date", default=datetime.datetime.now(datetime.UTC).date().isoformat())
    given = parser.parse_args()
    for name in given.names:
        tables = card(name, given.models, given.date)
        measured = figures(name, given.models, given.work, given.data / "faces" / "evaluation.json")
        tables |= {"reach": measured.pop("reach"), "measured": measured}
        write(given.models / f"{name}.toml", tables)
        print(f"{name}: {json.dumps(tables['measured'])}", flush=True)


if __name__ == "__main__":
    main()
