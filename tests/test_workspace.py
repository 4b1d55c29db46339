"""Promises of the learner's folder: nothing of the learner's is ever overwritten."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lmlab.course import workspace
from lmlab.course.workspace import STATE, WorkspaceError, update
from lmlab.page.paths import course_root

LESSON, TASK = "lessons/03_forward_pass.ipynb", "exercises/03_forward_pass.ipynb"
NEWER = "lessons/03_forward_pass.newer.ipynb"
OURS = {STATE, workspace.LOCK}


@pytest.fixture
def course(tmp_path):
    return publish(tmp_path / "course", "one")


@pytest.fixture
def folder(tmp_path, course):
    update(tmp_path / "work", course)
    return tmp_path / "work"


def publish(course: Path, version: str) -> Path:
    """A course of two notebooks and a source that learners do not get."""
    for name in (LESSON, TASK, "lessons/03_forward_pass.py"):
        (course / name).parent.mkdir(parents=True, exist_ok=True)
        (course / name).write_text(f"{name} {version}")
    return course


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name not in OURS}


def test_a_new_folder_gets_the_notebooks_and_nothing_else(folder):
    assert contents(folder) == {LESSON: f"{LESSON} one", TASK: f"{TASK} one"}


def test_a_second_run_changes_nothing(folder, course):
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*")}
    report = update(folder, course)
    assert len(report.current) == 2 and not report.new
    assert before == {p: p.stat().st_mtime_ns for p in folder.rglob("*")}


def test_an_untouched_notebook_follows_the_course(folder, course):
    report = update(folder, publish(course, "two"))
    assert sorted(report.updated) == [TASK, LESSON]
    assert contents(folder)[LESSON] == f"{LESSON} two"


def test_a_changed_notebook_stays_as_it_is(folder, course):
    (folder / LESSON).write_text("mine")
    report = update(folder, course)
    assert report.changed == [LESSON] and not report.beside
    assert contents(folder) == {LESSON: "mine", TASK: f"{TASK} one"}


def test_a_newer_version_goes_beside_a_changed_notebook(folder, course):
    (folder / LESSON).write_text("mine")
    report = update(folder, publish(course, "two"))
    assert report.beside == {LESSON: NEWER} and NEWER in str(report)
    assert contents(folder)[LESSON] == "mine"
    assert contents(folder)[NEWER] == f"{LESSON} two"


def test_a_newer_version_is_offered_once(folder, course):
    (folder / LESSON).write_text("mine")
    update(folder, publish(course, "two"))
    (folder / NEWER).unlink()
    assert not update(folder, course).beside
    assert NEWER not in contents(folder)


def test_two_versions_in_a_row_leave_one_offer(folder, course):
    (folder / LESSON).write_text("mine")
    update(folder, publish(course, "two"))
    update(folder, publish(course, "three"))
    assert contents(folder) == {LESSON: "mine", TASK: f"{TASK} three",
                                NEWER: f"{LESSON} three"}


def test_work_in_the_offered_notebook_is_kept_too(folder, course):
    (folder / LESSON).write_text("mine")
    update(folder, publish(course, "two"))
    (folder / NEWER).write_text("mine as well")
    report = update(folder, publish(course, "three"))
    other = report.beside[LESSON]
    assert contents(folder)[NEWER] == "mine as well"
    assert contents(folder)[other] == f"{LESSON} three" and other != NEWER


def test_a_file_of_the_learners_with_that_name_is_kept(folder, course):
    (folder / LESSON).write_text("mine")
    (folder / NEWER).write_text("my own notes")
    report = update(folder, publish(course, "two"))
    assert contents(folder)[NEWER] == "my own notes"
    assert contents(folder)[report.beside[LESSON]] == f"{LESSON} two"


def test_a_deleted_notebook_comes_back(folder, course):
    (folder / LESSON).unlink()
    report = update(folder, course)
    assert report.restored == [LESSON] and "put back" in str(report)
    assert contents(folder)[LESSON] == f"{LESSON} one"


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"lessons": 3}'])
def test_without_its_memory_the_folder_keeps_what_differs(folder, course, damage):
    (folder / LESSON).write_text("mine")
    (folder / STATE).write_text(damage)
    update(folder, publish(course, "two"))
    assert contents(folder)[LESSON] == "mine"


@pytest.mark.parametrize("number, words", [
    (errno.ENOSPC, "No space left"), (errno.EACCES, "Permission denied")])
def test_a_write_that_fails_loses_nothing(folder, course, monkeypatch, number, words):
    (folder / LESSON).write_text("mine")
    before = contents(folder)

    def fails(descriptor):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails)
        with pytest.raises(WorkspaceError, match=words):
            update(folder, publish(course, "two"))
    assert contents(folder) == before
    update(folder, course)
    assert contents(folder)[NEWER] == f"{LESSON} two"


def test_a_folder_that_cannot_be_made_is_named(tmp_path, course):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match="cannot write .*file"):
        update(tmp_path / "file" / "work", course)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0,
                    reason="permissions do not bind the superuser")
def test_a_folder_without_permission_is_named(folder, course):
    (folder / "lessons").chmod(0o500)
    with pytest.raises(WorkspaceError, match="Permission denied"):
        update(folder, publish(course, "two"))
    (folder / "lessons").chmod(0o700)


def test_an_interrupted_copy_is_finished_by_the_next(tmp_path, course, monkeypatch):
    real, done = os.replace, []

    def interrupted(source, target):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(target)
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            update(tmp_path / "work", course)
    assert len(contents(tmp_path / "work")) == 1
    update(tmp_path / "work", course)
    assert contents(tmp_path / "work") == {LESSON: f"{LESSON} one", TASK: f"{TASK} one"}


def test_an_update_cut_off_before_its_memory_was_saved_is_no_change_of_the_learners(
    folder, course, monkeypatch
):
    def cut(folder, state):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(workspace, "_save", cut)
        with pytest.raises(KeyboardInterrupt):
            update(folder, publish(course, "two"))
    report = update(folder, course)
    assert not report.changed and contents(folder)[LESSON] == f"{LESSON} two"
    assert update(folder, publish(course, "three")).changed == []


def test_what_an_interrupted_copy_left_is_used_up_by_the_next(tmp_path, course):
    half = tmp_path / "work" / "lessons" / workspace.PART
    half.parent.mkdir(parents=True)
    half.write_text("half of a longer, older file")
    update(tmp_path / "work", course)
    assert contents(tmp_path / "work") == {LESSON: f"{LESSON} one", TASK: f"{TASK} one"}


def test_files_of_the_learners_are_left_alone_whatever_their_names(folder, course):
    mine = {".notes.part", ".03_forward_pass.ipynb.part", "03_forward_pass.ipynb.bak",
            ".lmlab.json"}
    for name in mine:
        (folder / "lessons" / name).write_text("mine")
    update(folder, publish(course, "two"))
    for name in mine:
        assert (folder / "lessons" / name).read_text() == "mine"


@pytest.mark.parametrize("name", [LESSON, NEWER])
def test_a_folder_at_a_notebooks_name_stops_no_other(folder, course, name):
    (folder / LESSON).write_text("mine")
    (folder / name).unlink(missing_ok=True)
    (folder / name).mkdir()
    report = update(folder, publish(course, "two"))
    assert contents(folder)[TASK] == f"{TASK} two" and report.updated == [TASK]
    assert (folder / name).is_dir()
    if name == LESSON:
        assert f"{LESSON} was left as it is: it cannot be read" in str(report)
    else:
        assert contents(folder)[report.beside[LESSON]] == f"{LESSON} two"


def test_several_updates_at_once_all_succeed(tmp_path, course):
    for number in range(20):
        name = f"lessons/{number}.ipynb"
        (course / name).write_text(f"{name} one")
    program = ("import sys; from pathlib import Path; "
               "from lmlab.course.workspace import update; "
               "sys.stdin.read(); print(update(*map(Path, sys.argv[1:])))")

    def at_once() -> list[str]:
        command = [sys.executable, "-c", program, tmp_path / "work", course]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        runs = [subprocess.Popen(command, text=True, **pipes) for _ in range(3)]
        for run in runs:
            run.stdin.close()
            run.stdin = None
        said = [run.communicate() for run in runs]
        assert [run.returncode for run in runs] == [0, 0, 0], said
        return [out for out, _ in said]

    at_once()
    assert len(contents(tmp_path / "work")) == 22
    (tmp_path / "work" / LESSON).write_text("mine")
    publish(course, "two")
    said = "".join(at_once())
    assert said.count(NEWER) == 1 and ".newer-2" not in said
    assert len(contents(tmp_path / "work")) == 23


@pytest.mark.parametrize("inside", [
    ".", "lessons", "lessons/mine", "exercises", "data", "lmlab/course", "tests",
    ".git", "docs", "benchmarks"])
def test_the_course_itself_is_no_folder_for_work(course, inside):
    before = contents(course)
    with pytest.raises(WorkspaceError, match="is the course's own: name another"):
        update(course / inside, course)
    assert contents(course) == before


def test_every_folder_of_a_checkout_is_the_courses_own(course):
    others = {"work", "dist", "build", "__pycache__"}  # ignored by git, too
    found = {path.name for path in course_root().iterdir() if path.is_dir()} - others
    assert {"lessons", "data"} <= found
    for name in found:
        with pytest.raises(WorkspaceError, match="is the course's own"):
            update(course / name, course)


def test_a_folder_beside_the_courses_own_is_for_work(course):
    assert update(course / "work", course).new and update(course / "mine", course).new


def test_a_course_without_notebooks_is_named(tmp_path):
    with pytest.raises(WorkspaceError, match="holds no notebooks"):
        update(tmp_path / "work", tmp_path)
