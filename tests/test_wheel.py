"""Promises of the wheel: it holds the whole course, and works in an empty folder."""

import os
import subprocess
import sys
import zipfile
from importlib.metadata import distribution, metadata
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel",
                    "-d", str(folder)], cwd=ROOT, check=True, capture_output=True)
    [file] = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A way to run `python -m MODULE ...` with the wheel instead of the checkout."""
    site = tmp_path_factory.mktemp("site")
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps",
                    "--no-index", "--target", str(site), str(wheel)], check=True)

    def run(*arguments, cwd):
        return subprocess.run(
            [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True,
            env=os.environ | {"PYTHONPATH": str(site)})

    return run


def test_the_wheel_holds_lessons_exercises_solutions_and_data(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for part in ("lessons", "exercises", "solutions"):
        for file in (ROOT / part).glob("*.ipynb"):
            assert f"lmlab/_course/{part}/{file.name}" in names
    for file in filter(Path.is_file, (ROOT / "data").rglob("*")):
        name = file.relative_to(ROOT).as_posix()
        assert f"lmlab/_course/{name}" in names
    assert "lmlab/course/browser/custom.css" in names
    assert "lmlab/course/browser/labconfig/default_setting_overrides.json" in names
    assert {n.rpartition("/")[2] for n in names} >= {"LICENSE", "LICENSE-TEXT"}


def test_the_wheel_holds_nothing_else(wheel):
    for name in zipfile.ZipFile(wheel).namelist():
        assert name.startswith("lmlab") and ".ipynb_checkpoints" not in name
        assert "__pycache__" not in name


def test_the_installed_course_opens_in_an_empty_folder(installed, tmp_path):
    done = installed("-m", "lmlab", "lab", "--copy-only", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for part in ("lessons", "exercises", "solutions"):
        names = {file.name for file in (tmp_path / "work" / part).iterdir()}
        assert names == {file.name for file in (ROOT / part).glob("*.ipynb")}


def test_the_installed_course_finds_its_own_data(installed, tmp_path):
    code = ("import lmlab; from lmlab.page import datasets; "
            "assert '_course' in str(datasets.path('tang300.jsonl')); "
            "print(len(datasets.tang300()))")
    done = installed("-c", code, cwd=tmp_path)
    assert done.stdout.strip() == "320", done.stderr


def test_every_pinned_version_installs_on_the_oldest_python_we_promise():
    oldest = metadata("lmlab")["Requires-Python"].removeprefix(">=") + ".0"
    pinned = [line.split("==")[0] for line in
              (ROOT / "constraints.txt").read_text().splitlines() if "==" in line]
    assert len(pinned) > 50
    for name in pinned:
        try:
            needs = distribution(name).metadata["Requires-Python"] or ""
        except ModuleNotFoundError:
            continue  # of an extra that is not installed here
        assert SpecifierSet(needs).contains(oldest), f"{name} needs Python {needs}"
