"""The house stands as DESIGN says: who may import whom, and through which doors visitors' figures pass."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


def modules(repository: Path) -> Iterator[tuple[str, ast.Module]]:
    """Name and syntax tree of every module of the package."""
    package = repository / "edged"
    for path in sorted(package.rglob("*.py")):
        name = ".".join(path.relative_to(repository).with_suffix("").parts).removesuffix(".__init__")
        yield name, ast.parse(path.read_text(encoding="utf-8"))


def calls(tree: ast.Module) -> Iterator[str]:
    """Last name of everything that a module calls: `release.Release(…)` and `Release(…)` are both Release."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    yield name


def test_import_rules_are_kept(repository: Path) -> None:
    """No room reaches past what its row of the table names."""
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    ("value", "maker"),
    [
        ("Release", "edged.anonymise.release"),
        ("TimeFigures", "edged.anonymise.release"),
        ("EmotionFigures", "edged.anonymise.release"),
        ("WindowMessage", "edged.service.compose"),
        ("GapMessage", "edged.outbox.room"),
    ],
)
def test_what_tells_of_visitors_is_made_in_one_place(repository: Path, value: str, maker: str) -> None:
    """Whoever audits the one maker has audited all of them."""
    makers = {name for name, tree in modules(repository) if value in calls(tree)}
    assert makers == {maker}


def test_what_tells_of_visitors_goes_by_its_own_name(repository: Path) -> None:
    """The test above looks for names, so nobody may make such a value by another one, or by a variable."""
    guarded = {"Release", "TimeFigures", "EmotionFigures", "WindowMessage", "GapMessage"}
    for name, tree in modules(repository):
        for node in ast.walk(tree):
            if isinstance(node, ast.alias) and node.name in guarded:
                assert node.asname is None, name
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name | ast.Attribute):
                assert ast.unparse(node.value).split(".")[-1] not in guarded, name


def test_nothing_replaces_parts_of_a_release(repository: Path) -> None:
    """`dataclasses.replace` and `model_copy` would be a second door; both stay away from releases and windows."""
    for name, tree in modules(repository):
        if name.split(".")[1:2] in (["anonymise"], ["windows"]) or name == "edged.service.compose":
            assert not {"replace", "model_copy", "model_construct", "__new__"} & set(calls(tree)), name


def test_visitors_values_have_no_readable_repr() -> None:
    """A frame, sighting, visit or tally that ends up in a log line by mistake tells nothing."""
    import numpy as np

    from edged.camera.frame import Frame
    from edged.vision.sighting import Box, Sighting
    from edged.visits.visit import Visit
    from edged.windows.tally import Tally

    box = Box(0.125, 0.25, 0.0625, 0.5)
    sighting = Sighting(box=box, score=0.75, height_px=77.0, yaw=3.5, roll=1.5, scores=None)
    for value in (box, sighting, Visit(12.5, 17.5, 2.5, None), Tally(visits=4321)):
        assert not any(digit.isdecimal() for digit in repr(value).replace("0x", "")), repr(value)
    pixels = np.full((4, 6, 3), 201, np.uint8)
    assert repr(Frame("door", 7.25, pixels)) == "<Frame 6×4 of 'door' at 7.250 s>"


def test_nothing_prints_outside_the_commands(repository: Path) -> None:
    """Services speak through the log, which has levels and a place to go; only commands print."""
    printing = {name for name, tree in modules(repository) if "print" in calls(tree)}
    assert all(name.startswith("edged.cli.") for name in printing), printing


def test_no_picture_is_written(repository: Path) -> None:
    """But for the drawings that a person asks `edged analyze` for, no module has a call that writes pictures.

    The services can't reach that one (a contract of import-linter): what can't be written can't leak.
    """
    for name, tree in modules(repository):
        if name == "edged.analysis.drawing":
            continue
        assert not {"imwrite", "imencode", "VideoWriter", "tofile", "savez", "imshow"} & set(calls(tree)), name
