"""A project broken on purpose is seen to be broken, and nobody's work is lost.

Each test breaks one thing in its own copy of a project of two tiny pages.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("nbgrader")

from lmlab.course.authoring.__main__ import main
from lmlab.course.authoring.build import build
from lmlab.course.authoring.percent import source_problems
from lmlab.course.authoring.project import AuthoringError, choose
from lmlab.course.authoring.verify import verify

CONFTEST = Path(__file__).parent.parent / "conftest.py"

LESSON = """\
# %% [markdown]
# # What is twice two?
#
# **Time** 5 minutes to read, 1 seconds to run

# %%
from PIL import Image

from lmlab.page import datasets
from lmlab import tiny

print(tiny.double(2), datasets.path("numbers.txt").read_text())

# %% [markdown]
# Some pictures.

# %%
Image.linear_gradient("L")

# %%
Image.radial_gradient("L")

# %%
Image.linear_gradient("L").rotate(90)
"""

SOLUTION = '''\
# %% [markdown]
# # Exercises on doubling

# %%
from lmlab import tiny
from lmlab.checks import doubling as check

# %% [markdown]
# ## 1. Twice
# Return twice `x`.

# %% tags=["task"]
def twice(x: float) -> float:
    """Return twice `x`."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %% tags=["check"]
check.twice(twice)

# %%
print(twice(21), tiny.double(1))
'''

CHECK = """\
class CheckFailed(AssertionError):
    pass


def twice(attempt):
    try:
        answer = attempt(4)
    except NotImplementedError:
        raise CheckFailed("twice: not attempted yet") from None
    if answer != 8:
        raise CheckFailed("twice(4): not yet")
    print("twice: right")
"""

DATASETS = """\
from pathlib import Path

opened = set()


def path(name):
    opened.add(name)
    return Path(__file__).parents[2] / "data" / name
"""

JUPYTEXT = (CONFTEST.parent / "lessons" / "jupytext.toml").read_text("utf-8")

FILES = {
    "README.md": "# Tiny\n\n<!-- lessons -->\n<!-- /lessons -->\n",
    "constraints.txt": "pillow==12\n",
    "data/numbers.txt": "one two",
    "lessons/jupytext.toml": JUPYTEXT,
    "lessons/01_twice.py": LESSON,
    "solutions/jupytext.toml": JUPYTEXT,
    "solutions/01_twice.py": SOLUTION,
    "lmlab/__init__.py": "",
    "lmlab/tiny.py": "def double(x):\n    return 2 * x\n",
    "lmlab/unused.py": "",
    "lmlab/page/datasets.py": DATASETS,
    "lmlab/checks/__init__.py": "",
    "lmlab/checks/doubling.py": CHECK,
}


@pytest.fixture(scope="module")
def built_once(tmp_path_factory):
    root = tmp_path_factory.mktemp("tiny")
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    said = []
    assert build(root, choose(root, [], root), say=said.append), "\n".join(said)
    return root


@pytest.fixture
def root(built_once, tmp_path):
    return Path(shutil.copytree(built_once, tmp_path / "tiny"))


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def load(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def dump(path: Path, notebook: dict) -> None:
    path.write_text(json.dumps(notebook), encoding="utf-8")


def problems(root: Path) -> str:
    return "\n".join(str(problem) for problem in verify(root))


def rebuild(root: Path, *paths: str, **how) -> tuple[bool, str]:
    said = []
    well = build(root, choose(root, list(paths), root), say=said.append, **how)
    return well, "\n".join(said)


def snapshot(root: Path) -> dict[Path, bytes]:
    kept = ("*.py", "*.ipynb", "*.md")
    return {file: file.read_bytes() for kind in kept for file in root.rglob(kind)}


# What a build makes


def test_a_fresh_project_has_nothing_to_mend(root):
    assert problems(root) == ""


def test_the_exercise_holds_no_answer_and_its_cells_that_raise_are_tagged(root):
    text = (root / "exercises/01_twice.py").read_text("utf-8")
    assert "return 2 * x" not in text and "SOLUTION" not in text
    assert "raise NotImplementedError" in text
    cells = load(root / "exercises/01_twice.ipynb")["cells"]
    tags = [cell["metadata"].get("tags", []) for cell in cells]
    assert tags[3:] == [["task"], ["check", "raises-exception"], ["raises-exception"]]
    assert all(not cell.get("outputs") for cell in cells)


def test_text_files_carry_only_what_an_author_writes(root):
    text = (root / "exercises/01_twice.py").read_text("utf-8")
    assert text.startswith("# %% [markdown]\n# # Exercises on doubling\n")
    assert "jupytext" not in text and "kernelspec" not in text


def test_a_stored_notebook_carries_no_machine(root):
    for path in root.rglob("*.ipynb"):
        metadata = load(path)["metadata"]
        assert set(metadata) == {"kernelspec", "lmlab"}
        assert str(root) not in path.read_text("utf-8")
        assert sys.version.split()[0] not in json.dumps(metadata)


def test_the_readme_lists_the_lesson(root):
    text = (root / "README.md").read_text("utf-8")
    assert "| 01 | [What is twice two?](lessons/01_twice.ipynb) | 5 min | 1 s |" in text
    assert "(exercises/01_twice.ipynb)" in text and "(solutions/01_twice.ipynb)" in text


def test_the_readme_shows_the_picture_a_lesson_draws(root):
    tagged = '# %% tags=["readme-picture"]\nImage.radial'
    change(root / "lessons/01_twice.py", "# %%\nImage.radial", tagged)
    assert rebuild(root)[0]
    picture = root / "docs/picture.png"
    assert picture.read_bytes().startswith(b"\x89PNG") and not problems(root)
    picture.write_bytes(b"another")
    assert "docs/picture.png is not what the lesson draws today" in problems(root)


def test_a_second_build_does_nothing_and_takes_no_time(root):
    before = snapshot(root)
    began = time.perf_counter()
    well, said = rebuild(root)
    assert well and said == "0 built, 3 as they were"
    assert time.perf_counter() - began < 1
    assert snapshot(root) == before


def test_the_same_source_gives_the_same_bytes(root):
    before = snapshot(root)
    well, said = rebuild(root, force=True)
    assert well and "3 built" in said
    assert snapshot(root) == before


# What verify sees


def test_one_changed_word_in_a_solution(root):
    change(root / "solutions/01_twice.py", "Return twice `x`.\n\n", "Return `2x`.\n\n")
    said = problems(root)
    assert "solutions/01_twice.ipynb: stale: solutions/01_twice.py changed" in said
    assert "exercises/01_twice.ipynb: stale: solutions/01_twice.py changed" in said
    assert "python -m lmlab.course.authoring build solutions/01_twice.py" in said
    assert rebuild(root, "solutions")[0]
    assert "Return `2x`." in (root / "exercises/01_twice.py").read_text("utf-8")
    assert problems(root) == ""


@pytest.mark.parametrize("kind", ["py", "ipynb"])
def test_an_exercise_edited_by_hand(root, kind):
    path = root / f"exercises/01_twice.{kind}"
    change(path, "Exercises on doubling", "Exercises on halving")
    assert "exercises/01_twice.ipynb: stale: " in problems(root)
    assert "by hand" in problems(root)
    well, said = rebuild(root)
    assert not well and "solutions/01_twice.py" in said and "--drop-edits" in said
    assert "halving" in path.read_text("utf-8")
    assert rebuild(root, "exercises", drop_edits=True)[0]
    assert problems(root) == "" and "halving" not in path.read_text("utf-8")


def test_a_reordered_cell(root):
    path = root / "lessons/01_twice.ipynb"
    notebook = load(path)
    notebook["cells"][3:] = notebook["cells"][:2:-1]
    dump(path, notebook)
    assert "lessons/01_twice.ipynb: stale: a cell" in problems(root)


def test_an_edited_output(root):
    path = root / "lessons/01_twice.ipynb"
    change(path, '"4 one two\\n"', '"5 one two\\n"')
    assert "an output or the metadata were changed" in problems(root)
    assert rebuild(root)[0]
    assert problems(root) == ""


def swap_pictures(path: Path) -> None:
    notebook = load(path)
    first, second = (cell["outputs"][0]["data"] for cell in notebook["cells"][3:5])
    first["image/png"], second["image/png"] = second["image/png"], first["image/png"]
    dump(path, notebook)


def test_a_swapped_picture(root):
    swap_pictures(root / "lessons/01_twice.ipynb")
    assert "an output or the metadata were changed" in problems(root)


@pytest.mark.parametrize("kind", ["py", "ipynb"])
@pytest.mark.parametrize("folder", ["lessons", "solutions", "exercises"])
def test_a_missing_half_of_a_pair(root, folder, kind):
    missing = f"{folder}/01_twice.{kind}"
    (root / missing).unlink()
    assert any(
        missing in line and ("is missing" in line or "not there" in line)
        for line in problems(root).split("\n")
    )
    if kind == "py" and folder != "exercises":
        well, said = rebuild(root)
        assert not well
        assert f"jupytext --to py:percent {folder}/01_twice.ipynb" in said
    elif folder == "exercises":
        assert rebuild(root)[0] and problems(root) == ""


def test_a_missing_exercise_and_an_orphan(root):
    shutil.rmtree(root / "exercises")
    assert "exercises/01_twice.ipynb: stale: " in problems(root)
    assert rebuild(root)[0] and problems(root) == ""
    for file in (root / "solutions").glob("01_twice.*"):
        file.unlink()
    assert "exercises/01_twice: orphan" in problems(root)
    assert "lessons/01_twice: no solutions/01_twice.py" in problems(root)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("def twice(x: float)", "def twice(x: float", 13, "not Python"),
        ('tags=["check"]', 'tags=["chek"]', 19, "unknown tag 'chek'"),
        ('tags=["check"]', 'tags=["check"', 19, "cannot read"),
        ("    ### END SOLUTION\n", "", 15, "do not pair up"),
        ("# Return twice `x`.\n\n", "Return twice `x`.\n\n", 10, "must begin with `#`"),
        ("print(twice(21), tiny.double(1))", "twice(21);", 23, "trailing `;`"),
        ('# %% tags=["check"]\ncheck.twice(twice)\n', "", 12, "without a check"),
        ('# %% tags=["task"]', "# %%", 12, "go together"),
        ("# %% [markdown]\n# # Exer", "hello\n# %% [markdown]\n# # Exer", 1, "above"),
        ("# # Exercises", "# Exercises", 1, "no title"),
    ],
)
def test_a_broken_percent_file(root, old, new, line, words):
    change(root / "solutions/01_twice.py", old, new)
    named = [found for found in problems(root).split("\n") if f".py:{line}:" in found]
    assert any(words in found for found in named), problems(root)
    before = (root / "solutions/01_twice.ipynb").read_bytes()
    well, said = rebuild(root, "solutions")
    assert not well and f"solutions/01_twice.py:{line}: " in said
    assert (root / "solutions/01_twice.ipynb").read_bytes() == before


def test_a_lesson_without_its_minutes_and_seconds():
    lesson = LESSON.replace("1 seconds", "some seconds")
    assert "**Time**" in next(source_problems(lesson, "lessons"))[1]


def test_a_changed_function_that_a_stored_notebook_used(root):
    change(root / "lmlab/tiny.py", "2 * x", "3 * x")
    for folder in ("lessons", "solutions", "exercises"):
        assert f"{folder}/01_twice.ipynb: stale: lmlab/tiny.py changed" in problems(
            root
        )
    assert rebuild(root, "lessons")[0]
    assert '"6 one two\\n"' in (root / "lessons/01_twice.ipynb").read_text("utf-8")


def test_a_module_that_no_notebook_imports_makes_none_stale(root):
    (root / "lmlab/unused.py").write_text("x = 1\n")
    change(root / "lmlab/checks/doubling.py", "not yet", "not so")
    assert "unused" not in problems(root)
    assert "lessons/01_twice.ipynb: stale" not in problems(root)
    assert "solutions/01_twice.ipynb: stale: lmlab/checks/doubling.py" in problems(root)


def test_a_changed_data_file(root):
    (root / "data/numbers.txt").write_text("three")
    said = problems(root)
    assert "lessons/01_twice.ipynb: stale: data/numbers.txt changed" in said
    assert "solutions" not in said
    assert rebuild(root)[0]
    assert "4 three" in (root / "lessons/01_twice.ipynb").read_text("utf-8")


def test_changed_constraints(root):
    (root / "constraints.txt").write_text("pillow==13\n")
    assert problems(root).count("constraints.txt changed") == 3


def test_a_stale_table_of_lessons(root):
    change(root / "README.md", "| 5 min |", "| 6 min |")
    assert "README.md: the table of lessons" in problems(root)
    assert rebuild(root)[0] and problems(root) == ""
    change(root / "README.md", "<!-- /lessons -->", "")
    assert "README.md has no" in problems(root)


def forge(path: Path, edit) -> None:
    """Edit a stored notebook and make its digests right again, as a build would."""
    from lmlab.course.authoring.stored import cells_digest, content_digest

    notebook = load(path)
    edit(notebook)
    notebook["metadata"]["lmlab"]["cells"] = cells_digest(notebook["cells"])
    notebook["metadata"]["lmlab"]["content"] = content_digest(notebook)
    dump(path, notebook)


def note(**measured):
    return lambda notebook: notebook["metadata"]["lmlab"].update(measured)


def output(index: int, **fields):
    return lambda notebook: notebook["cells"][index]["outputs"][0].update(fields)


@pytest.mark.parametrize(
    ("page", "edit", "words"),
    [
        ("lessons", note(seconds=61), "runs 61 s, more than 60 s"),
        ("solutions", note(seconds=41), "runs 41 s, more than 40 s"),
        ("lessons", note(seconds=6), "says 1 seconds to run, and was measured at 6"),
        ("lessons", note(peak_mb=1025), "takes 1025 MB"),
        ("lessons", note(filler="x" * 500_000), "more than 500 KB"),
        ("lessons", output(1, text="at /home/eve/x.py"), "trace of the machine"),
        ("lessons", output(1, text="<Axes at 0x7fca9639>"), "trace of the machine"),
        ("lessons", output(1, name="stderr"), "standard error"),
        ("lessons", lambda n: n["cells"][1].update(execution_count=None), "not run"),
        ("exercises", lambda n: n["cells"][4].update(metadata={"tags": ["check"]}),
         "does not raise"),
        ("exercises", lambda n: n["cells"][3].update(source="def twice(x): pass"),
         "does not raise NotImplementedError"),
    ],
)  # fmt: skip
def test_what_no_stored_notebook_may_hold(root, page, edit, words):
    forge(root / page / "01_twice.ipynb", edit)
    assert words in problems(root)


def test_base64_of_a_picture_is_no_machine(root):
    def draw(notebook):
        notebook["cells"][3]["outputs"][0]["data"]["image/png"] = "/home/eve/"

    forge(root / "lessons/01_twice.ipynb", draw)
    assert "trace of the machine" not in problems(root)


# What a build never does


def test_an_edit_made_only_in_the_notebook_is_not_lost(root):
    path = root / "lessons/01_twice.ipynb"
    change(path, "Some pictures.", "Some lovely pictures.")
    for how in ({}, {"force": True}):
        well, said = rebuild(root, "lessons", **how)
        assert not well and "lovely" in path.read_text("utf-8")
    assert "jupytext --to py:percent lessons/01_twice.ipynb" in said
    assert "--drop-edits lessons/01_twice.ipynb" in said
    keep = ["jupytext", "--quiet", "--to", "py:percent", "lessons/01_twice.ipynb"]
    subprocess.run([sys.executable, "-m", *keep], cwd=root, check=True)
    expected = LESSON.replace("Some pictures", "Some lovely pictures")
    assert (root / "lessons/01_twice.py").read_text("utf-8") == expected
    assert rebuild(root)[0] and problems(root) == ""
    assert "lovely" in path.read_text("utf-8")


def test_an_edit_in_both_files_is_not_lost_and_can_be_dropped(root):
    change(root / "lessons/01_twice.ipynb", "Some pictures.", "Some lovely pictures.")
    change(root / "lessons/01_twice.py", "Some pictures.", "Some grey pictures.")
    well, said = rebuild(root)
    assert not well and "holds an edit that lessons/01_twice.py does not" in said
    assert rebuild(root, "lessons/01_twice.py", drop_edits=True)[0]
    assert "grey" in (root / "lessons/01_twice.ipynb").read_text("utf-8")


def test_a_pair_saved_by_jupyterlab_is_built_without_asking(root):
    path = root / "lessons/01_twice.ipynb"
    change(path, "Some pictures.", "Some lovely pictures.")
    change(root / "lessons/01_twice.py", "Some pictures.", "Some lovely pictures.")
    notebook = load(path)
    notebook["metadata"]["language_info"] = {"name": "python", "version": "3.11.2"}
    dump(path, notebook)
    assert rebuild(root)[0] and problems(root) == ""
    assert "language_info" not in path.read_text("utf-8")


def test_jupyterlab_opens_and_saves_a_pair_without_changing_its_source(root):
    manager = pytest.importorskip("jupytext").TextFileContentsManager()
    manager.root_dir = str(root)
    before = snapshot(root)
    opened = manager.get("lessons/01_twice.ipynb")
    assert any(cell.get("outputs") for cell in opened["content"].cells)
    opened["content"].cells[2].source = "Some lovely pictures."
    manager.save({**opened, "format": "json"}, "lessons/01_twice.ipynb")
    manager.save({**manager.get("exercises/01_twice.ipynb"), "format": "json"},
                 "exercises/01_twice.ipynb")  # fmt: skip
    expected = LESSON.replace("Some pictures", "Some lovely pictures")
    assert (root / "lessons/01_twice.py").read_text("utf-8") == expected
    exercise = root / "exercises/01_twice.py"
    assert exercise.read_bytes() == before[exercise]


def test_without_nbgrader_one_line_says_how_to_get_it(root, monkeypatch):
    monkeypatch.setitem(sys.modules, "nbgrader.preprocessors", None)
    well, said = rebuild(root, "exercises", force=True)
    assert not well and 'pip install -e ".[test]"' in said and said.count("\n") == 1


def test_a_failing_cell_leaves_the_stored_notebook(root):
    before = snapshot(root)
    change(root / "lessons/01_twice.py", "tiny.double(2)", "tiny.double(1 / 0)")
    well, said = rebuild(root)
    assert not well
    assert "lessons/01_twice.py: the cell `from PIL import Image`" in said
    assert "ZeroDivisionError: division by zero" in said
    path = root / "lessons/01_twice.ipynb"
    assert path.read_bytes() == before[path]
    assert not list(root.rglob("*.partial"))


def test_a_kernel_that_dies_leaves_the_stored_notebook(root):
    path = root / "lessons/01_twice.ipynb"
    before = path.read_bytes()
    change(root / "lessons/01_twice.py", "print(", "import os; os._exit(1); print(")
    well, said = rebuild(root, "lessons")
    assert not well and "the kernel died" in said
    assert path.read_bytes() == before


def test_a_check_that_passes_unsolved_is_refused(root):
    unattempted = 'raise CheckFailed("twice: not attempted yet") from None'
    change(root / "lmlab/checks/doubling.py", unattempted, "return")
    well, said = rebuild(root, "exercises")
    assert not well and "check.twice(twice)" in said and "it passes" in said


def test_an_interrupted_exercise_is_built_again(root):
    change(root / "solutions/01_twice.py", "Return twice `x`.\n\n", "Return `2x`.\n\n")
    before = (root / "exercises/01_twice.ipynb").read_bytes()
    assert rebuild(root, "exercises")[0]
    (root / "exercises/01_twice.ipynb").write_bytes(before)
    assert rebuild(root, "exercises")[0]
    assert "exercises" not in problems(root)


# The command


def test_the_command_says_what_is_wrong_in_one_line_with_code_2(
    root, monkeypatch, capsys
):
    monkeypatch.chdir(root)
    wrong = [["bild"], [], ["build", "nothing.py"], ["build", "--drop-edits"]]
    for arguments in wrong:
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 2
        assert capsys.readouterr().err.count("\n") == 1
    monkeypatch.chdir(root.parent)
    with pytest.raises(SystemExit) as stopped:
        main(["verify"])
    assert stopped.value.code == 2 and "no lessons/" in capsys.readouterr().err


def test_the_command_verifies_and_builds_from_any_folder(root, monkeypatch, capsys):
    monkeypatch.chdir(root / "lessons")
    assert main(["verify"]) == 0
    assert capsys.readouterr().out == "every page is as its source makes it\n"
    change(root / "lessons/01_twice.py", "Some pictures.", "Some grey pictures.")
    assert main(["verify"]) == 1
    assert main(["build", "01_twice.py"]) == 0
    assert main(["verify"]) == 0


def test_paths_choose_pages(root):
    def names(*paths):
        return [str(page) for page in choose(root, list(paths), root)]

    assert names("solutions/01_twice.py") == [
        "solutions/01_twice",
        "exercises/01_twice",
    ]
    assert names("exercises/01_twice.ipynb") == ["exercises/01_twice"]
    assert names("lessons") == ["lessons/01_twice"]
    assert len(names()) == len(names(".")) == 3
    with pytest.raises(AuthoringError):
        names("README.md")


# What the notebook tests see


@pytest.fixture(scope="module")
def nbval_report(built_once, tmp_path_factory):
    root = tmp_path_factory.mktemp("broken") / "tiny"
    shutil.copytree(built_once, root)
    shutil.copy(CONFTEST, root)
    swap_pictures(root / "lessons/01_twice.ipynb")
    change(root / "lmlab/checks/doubling.py", "twice: not attempted", "twice: wrong")
    cells = load(root / "exercises/01_twice.ipynb")
    cells["cells"][1]["metadata"]["tags"] = ["raises-exception"]
    dump(root / "exercises/01_twice.ipynb", cells)
    return run_nbval(root)


def run_nbval(root: Path) -> str:
    """Run the notebook tests of a project, and return what they say."""
    options = ["-rN", "-p", "no:cacheprovider", "--color=no"]  # no summary: it repeats
    command = ["pytest", "--nbval", *options, "."]
    environment = os.environ | {"PYTHONPATH": str(root), "PYTEST_ADDOPTS": ""}
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=root, env=environment, capture_output=True, text=True,
    ).stdout  # fmt: skip


def test_nbval_sees_a_swapped_picture(nbval_report):
    assert nbval_report.count("Picture 1 differs from the stored one") == 2


def test_nbval_sees_a_cell_that_was_to_raise_and_did_not(nbval_report):
    assert "Cell is tagged raises-exception and did not raise" in nbval_report


def test_nbval_sees_a_check_that_does_not_say_not_attempted(nbval_report):
    assert "does not say 'not attempted', but CheckFailed: twice: wrong" in nbval_report


def test_nbval_passes_all_that_was_not_broken(nbval_report):
    assert "4 failed, 8 passed" in nbval_report


def drawn(curve=0.0, **style) -> bytes:
    import io

    import matplotlib
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(style):
        figure = Figure()
        axes = FigureCanvasAgg(figure).figure.subplots()
        x = np.linspace(0, 6, 100)
        axes.plot(x, np.sin(x) + curve)
        axes.set(title="A curve and its title", xlabel="step", ylim=(-2, 2))
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=100)
    return file.getvalue()


def test_a_moved_curve_is_another_picture_and_another_smoothing_is_not(request):
    look = request.config.pluginmanager.get_plugin(str(CONFTEST))
    assert look.difference(drawn(), drawn()) is None
    assert look.difference(drawn(), drawn(**{"text.hinting": "none"})) is None
    assert look.difference(drawn(), drawn(curve=0.1)) is not None
    assert look.difference(drawn(), b"no picture") is not None
