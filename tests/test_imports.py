"""The house: its parts import each other in one direction."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "lmlab"
# Each may import itself and what stands before it.
FLOORS = [{"page"}, {"text"}, {"learning", "models"}, {"feedback"},
          {"decisions", "vision"}, {"poem_school"}, {"checks"}, {"course"}]
FLOOR = {part: i for i, floor in enumerate(FLOORS) for part in sorted(floor)}


def imported(file: Path) -> set[str]:
    """Return the parts of lmlab that a file names in its imports, nested ones too."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            assert not node.level, f"{file}: a relative import"
        else:
            continue
        parts = [name.split(".") for name in names]
        found |= {part[1] for part in parts if part[0] == "lmlab" and part[1:]}
    return found & set(FLOOR)


@pytest.mark.parametrize("part", FLOOR)
def test_imports_go_down_the_house_and_never_up(part):
    files = sorted((PACKAGE / part).rglob("*.py"))
    assert files
    up = [f"{file.relative_to(PACKAGE)} imports lmlab.{other}" for file in files
          for other in sorted(imported(file)) if FLOOR[other] > FLOOR[part]]
    assert not up, "\n".join(up)


def test_every_part_of_the_package_has_its_floor():
    parts = {path.name for path in PACKAGE.iterdir()
             if path.is_dir() and (path / "__init__.py").exists()}
    assert parts == set(FLOOR)
    files = {path.name for path in PACKAGE.glob("*.py")}
    assert files == {"__init__.py", "__main__.py"}
