"""Promises of lmlab.page.datasets: the data are whole, or it is said what is not."""

import hashlib
import shutil
import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from lmlab.page import datasets, paths

DATA = paths.course_root() / "data"


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the course's data that a test may damage."""
    shutil.copytree(DATA, tmp_path / "data")
    monkeypatch.setattr(datasets, "course_root", lambda: tmp_path)
    monkeypatch.setattr(datasets, "_intact", set())
    return tmp_path / "data"


def test_every_file_in_data_has_its_checksum():
    about = {"README.md", "poem-school.md", "SHA256SUMS", ".gitattributes",
             "measured"}  # fmt: skip
    files = {file.name for file in DATA.iterdir()} - about
    assert set(datasets.checksums()) == files
    for name, expected in datasets.checksums().items():
        assert hashlib.sha256((DATA / name).read_bytes()).hexdigest() == expected


def test_a_page_gives_the_checksum_of_every_file():
    pages = [DATA / "README.md", DATA / "poem-school.md"]
    readme = "".join(page.read_text("utf-8") for page in pages)
    for name, expected in datasets.checksums().items():
        assert f"`{name}`" in readme
        assert expected in readme


def test_the_readme_carries_the_licence_notices():
    readme = (DATA / "README.md").read_text("utf-8")
    assert "Copyright (c) 2016 JackeyGao" in readme
    assert "Copyright 2019 Sean Stewart" in readme
    assert "shall be included in all copies" in readme
    assert "SIL OPEN FONT LICENSE Version 1.1" in (DATA / "OFL.txt").read_text("utf-8")


def test_a_damaged_file_is_named_with_what_came_and_what_to_do(copy):
    (copy / "tang300.jsonl").write_text("half a fi", encoding="utf-8")
    came = hashlib.sha256(b"half a fi").hexdigest()
    with pytest.raises(ValueError) as error:
        datasets.tang300()
    message = str(error.value)
    assert "data/tang300.jsonl is damaged" in message
    assert came in message
    assert datasets.checksums()["tang300.jsonl"] in message
    assert "git checkout data/tang300.jsonl" in message
    assert "lmlab doctor" in message


def test_a_missing_file_is_named_with_what_to_do(copy):
    (copy / "pingze.tsv").unlink()
    with pytest.raises(FileNotFoundError, match=r"data/pingze.tsv is missing .*git"):
        datasets.pingze()


def test_a_missing_list_of_checksums_is_named(copy):
    (copy / "SHA256SUMS").unlink()
    with pytest.raises(FileNotFoundError, match="data/SHA256SUMS is missing"):
        datasets.tang300()


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="tang300.jsonl.*got 'tang30'"):
        datasets.path("tang30")


def test_a_file_is_compared_once_in_a_process(copy, monkeypatch):
    datasets.path("pingze.tsv")
    monkeypatch.setattr(Path, "read_bytes", None)
    datasets.path("pingze.tsv")


def test_what_was_opened_is_remembered(copy, monkeypatch):
    monkeypatch.setattr(datasets, "opened", set())
    datasets.pingze()
    datasets.tang300()
    assert datasets.opened == {"pingze.tsv", "tang300.jsonl"}


def test_an_installed_wheel_has_the_data_inside_the_package(tmp_path, monkeypatch):
    inside = tmp_path / "lmlab" / "_course"
    inside.mkdir(parents=True)
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "lmlab")
    assert paths.course_root() == inside
    assert "pip install --force-reinstall" in paths.how_to_restore("data/pingze.tsv")


def test_a_package_without_its_files_says_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "lmlab")
    with pytest.raises(FileNotFoundError, match="pip install --force-reinstall"):
        paths.course_root()


def test_the_anthology_has_its_320_poems_in_schoolbook_readings():
    poems = datasets.tang300()
    assert len(poems) == 320
    assert sum(len(line) for poem in poems for line in poem.lines) == 19_471
    quiet_night = next(poem for poem in poems if poem.title == "静夜思")
    assert quiet_night.author == "李白"
    assert quiet_night.lines == ("床前明月光", "疑是地上霜", "举头望明月", "低头思故乡")
    assert quiet_night.text.startswith("床前明月光，")
    with pytest.raises(FrozenInstanceError):
        quiet_night.title = "夜思"


def test_the_five_character_poems_have_four_or_eight_lines_of_five():
    poems = datasets.tang_five()
    assert [sum(len(p.lines) == n for p in poems) for n in (4, 8)] == [2_892, 8_996]
    assert len(poems) == 2_892 + 8_996
    assert {len(line) for poem in poems for line in poem.lines} == {5}
    assert {(poem.genre, poem.text) for poem in poems} == {("", "")}


def test_tone_classes_are_level_oblique_or_either():
    tones = datasets.pingze()
    assert len(tones) == 7_232
    assert set(tones.values()) == {"level", "oblique", "either"}
    assert (tones["光"], tones["月"]) == ("level", "oblique")


def test_the_plays_are_speeches_in_ascii():
    plays = datasets.shakespeare7()
    assert len(plays) == 931_336
    assert len(set(plays)) == 63 and plays.isascii()
    assert plays.startswith("First Citizen:\nBefore we proceed any further")
    assert "\n\nHamlet:\nTo be, or not to be: that is the question:\n" in plays
    assert "\r" not in plays and plays.endswith(".\n")


def test_the_evidence_of_a_question_stands_in_one_passage_of_its_page():
    passages, questions = datasets.course_extract(), datasets.course_questions()
    assert len(passages) == 215
    kinds = [question["wording"] for question in questions]
    assert [kinds.count(kind) for kind in ("same", "other", "none")] == [20, 20, 20]
    for question in questions:
        if question["wording"] == "none":
            assert question["page"] == question["evidence"] == ""
            continue
        [found] = [p for p in passages if question["evidence"] in p.text]
        assert found.page == question["page"]


def test_importing_datasets_is_light():
    program = (
        "import sys, time; start = time.perf_counter(); import lmlab.page.datasets; "
        "print(time.perf_counter() - start); "
        "assert not {'torch', 'matplotlib', 'numpy'} & set(sys.modules)"
    )
    run = [sys.executable, "-c", program]
    seconds = [float(subprocess.check_output(run, text=True)) for _ in range(3)]
    assert min(seconds) < 0.3
