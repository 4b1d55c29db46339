"""A project broken on purpose is seen to be broken, and nobody's work is lost.

Each test breaks one thing in its own copy of a project of two tiny pages.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("nbgrader")

from lmlab.course.authoring.__main__ import main
from lmlab.course.authoring.build import build
from lmlab.course.authoring.execute import run
from lmlab.course.authoring.minutes import round_up
from lmlab.course.authoring.percent import parse, source_problems
from lmlab.course.authoring.project import AuthoringError, Page, choose, digest
from lmlab.course.authoring.stored import store
from lmlab.course.authoring.verify import page_problems, verify

CONFTEST = Path(__file__).parent.parent / "conftest.py"

LESSON = """\
# %% [markdown]
# # What is twice two?
#
# **Time** 1 minutes to read, 10 seconds to run

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
# One task. **Time** 5
# minutes.

# %%
from lmlab import tiny
from lmlab.checks import doubling as check

# %% [markdown]
# ## 1. Twice   ●○○  5 minutes
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
    found = verify(root)
    assert all("\n" not in line and "; " in line for line in found)
    assert "delete" not in "".join(found)
    return "\n".join(found)


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
    assert "| 01 | [What is twice two?](lessons/01_twice.ipynb) | 1 min | 10 s" in text
    assert "(exercises/01_twice.ipynb)" in text and "(solutions/01_twice.ipynb)" in text


def test_the_readme_shows_the_picture_a_lesson_draws(root):
    tagged = '# %% tags=["readme-picture"]\nImage.radial'
    change(root / "lessons/01_twice.py", "# %%\nImage.radial", tagged)
    assert rebuild(root)[0]
    picture = root / "docs/picture.png"
    assert picture.read_bytes().startswith(b"\x89PNG") and not problems(root)
    picture.write_bytes(b"another")
    assert "docs/picture.png: not what the lesson draws today" in problems(root)


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
    assert "stale: from `Image.linear_gradient(\"L\").rotate(90)` on" in problems(root)


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
        ("def twice(x: float)", "def twice(x: float", 15, "not Python"),
        ('tags=["check"]', 'tags=["chek"]', 21, "unknown tag 'chek'"),
        ('tags=["check"]', 'tags=["check"', 21, "cannot read"),
        ("    ### END SOLUTION\n", "", 17, "do not pair up"),
        ("# Return twice `x`.\n\n", "Return twice `x`.\n\n", 12, "must begin with `#`"),
        ("print(twice(21), tiny.double(1))", "twice(21);", 25, "trailing `;`"),
        ('# %% tags=["check"]\ncheck.twice(twice)\n', "", 14, "without a check"),
        ('# %% tags=["task"]', "# %%", 14, "go together"),
        ("# %% [markdown]\n# # Exer", "hello\n# %% [markdown]\n# # Exer", 1, "above"),
        ("# # Exercises", "# Exercises", 1, "no title"),
        ("**Time** 5", "Take 5", 1, "no `**Time** 0 minutes` in the first cell"),
        ("●○○  5 minutes", "●○○", 11, "must end in its minutes"),
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
    lesson = LESSON.replace("10 seconds", "some seconds")
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
    change(root / "README.md", "| 1 min |", "| 6 min |")
    assert "README.md: the table of lessons" in problems(root)
    assert rebuild(root)[0] and problems(root) == ""


def test_a_changed_way_of_making_pages(root):
    with (root / "solutions/jupytext.toml").open("a") as pairing:
        pairing.write("# another word\n")
    assert problems(root).count("stale: solutions/jupytext.toml changed") == 2
    (root / "lmlab/course/authoring").mkdir(parents=True)
    (root / "lmlab/course/authoring/derive.py").write_text("")
    said = problems(root).split("\n")
    assert ["derive.py" in line for line in said] == [False, True]
    assert rebuild(root)[0] and problems(root) == ""


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


def rewrite(index: int, source: str):
    return lambda notebook: notebook["cells"][index].update(source=source)


def add_cell(notebook: dict) -> None:
    extra = {"cell_type": "markdown", "id": "extra", "metadata": {}, "source": "More"}
    notebook["cells"].append(extra)


ANSWER = "def twice(x):\n    return x + x  # raise NotImplementedError"


@pytest.mark.parametrize(
    ("page", "edit", "words"),
    [
        ("lessons", rewrite(2, "Some forgeries."), "from `Some forgeries.` on"),
        ("solutions", rewrite(2, "Some forgeries."), "from `Some forgeries.` on"),
        ("lessons", add_cell, "from `More` on"),
        ("lessons", lambda notebook: notebook["cells"].pop(), "at the end"),
        ("exercises", rewrite(3, ANSWER), "from `def twice(x):` on"),
        ("exercises", add_cell, "from `More` on"),
    ],
)
def test_a_forged_cell_with_all_digests_made_right(root, page, edit, words):
    forge(root / page / "01_twice.ipynb", edit)
    assert f"{page}/01_twice.ipynb: stale: {words} its cells are not" in problems(root)
    assert problems(root).count("\n") == 0


def test_an_answer_in_the_text_of_an_exercise_with_all_digests_made_right(root):
    text = root / "exercises/01_twice.py"
    change(text, "raise NotImplementedError", "return x + x")
    new = digest(text.read_text("utf-8"))
    forge(root / "exercises/01_twice.ipynb", note(text=new))
    assert "exercises/01_twice.py was edited by hand" in problems(root)


def conflict(path: Path) -> None:
    change(path, '"cells": [', '"cells": [\n<<<<<<< HEAD\n=======\n>>>>>>> other')


def put(content):
    """Return what writes `content`, bytes or what json knows, over a file."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return lambda path: path.write_bytes(raw)


def before(raw: bytes):
    return lambda path: path.write_bytes(raw + path.read_bytes())


def reshape(edit):
    def write(path: Path) -> None:
        notebook = load(path)
        edit(notebook)
        dump(path, notebook)

    return write


def without(field: str):
    return reshape(lambda notebook: notebook["cells"][1].pop(field))


def tagged(tags):
    return reshape(lambda notebook: notebook["cells"][1]["metadata"].update(tags=tags))


BROKEN = [
    ("lessons/01_twice.py", before(b"\xef\xbb\xbf"), "byte order mark (BOM)"),
    ("lessons/01_twice.py", before("# °\n".encode("latin-1")), "01_twice.py:1: not"),
    ("solutions/01_twice.py", before(b"\xef\xbb\xbf"), "byte order mark (BOM)"),
    ("exercises/01_twice.py", before(b"\xb0"), "01_twice.py:1: not UTF-8"),
    ("lessons/01_twice.ipynb", conflict, "a merge conflict"),
    ("exercises/01_twice.ipynb", conflict, "a merge conflict"),
    ("lessons/01_twice.ipynb", put(b""), "cannot be read as a notebook"),
    ("lessons/01_twice.ipynb", put(b"\xb0"), "cannot be read as a notebook"),
    ("lessons/01_twice.ipynb", put([1]), "no cells"),
    ("lessons/01_twice.ipynb", put({}), "no cells"),
    ("lessons/01_twice.ipynb", put({"cells": [1]}), "cannot be read as a notebook"),
    ("lessons/01_twice.ipynb", reshape(lambda n: n.update(cells=[])), "no cells"),
    ("lessons/01_twice.ipynb", reshape(lambda n: n.pop("metadata")), "'metadata' is a"),
    ("lessons/01_twice.ipynb", without("outputs"), "cell 2: 'outputs' is a required"),
    ("lessons/01_twice.ipynb", without("cell_type"), "cell 2: not of a known kind"),
    ("lessons/01_twice.ipynb", without("source"), "cell 2: 'source' is a required"),
    ("lessons/01_twice.ipynb", without("metadata"), "cell 2: 'metadata' is a"),
    ("exercises/01_twice.ipynb", tagged(None), "cell 2, metadata.tags: None is not"),
    ("lessons/01_twice.ipynb", tagged([1]), "cell 2, metadata.tags.0: 1 is not"),
    ("lessons/01_twice.ipynb",
     reshape(lambda n: n["metadata"].update(lmlab=None)), "not built from its source"),
    ("lessons/01_twice.ipynb", reshape(note(seconds="x")), "not built from its source"),
    ("solutions/jupytext.toml", Path.unlink, "solutions/jupytext.toml"),
    ("solutions/jupytext.toml", put(b"= ="), "solutions/jupytext.toml"),
    ("README.md", Path.unlink, "README.md: missing; git checkout README.md"),
    ("README.md", put(b"# Tiny"), "README.md: no `<!-- lessons -->` with"),
    ("README.md", before(b"\xb0"), "README.md:1: not UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "damage", "words"), BROKEN)
def test_a_broken_file_is_named_and_hides_no_other(root, name, damage, words):
    damage(root / name)
    forge(root / "solutions/01_twice.ipynb", output(4, text="at /home/eve/x.py"))
    if "lessons" not in name:
        change(root / "lessons/01_twice.ipynb", "one two", "one three")
    (root / "exercises/02_other.py").write_text("# %%\n")
    said = problems(root)
    assert any(name in line and words in line for line in said.split("\n")), said
    for other in ("solutions/01_twice.ipynb: a trace of the machine",
                  "exercises/02_other: orphan"):  # fmt: skip
        assert other in said
    if "lessons" not in name:
        assert "lessons/01_twice.ipynb: stale: an output" in said
    assert ("README.md" in said) == (name == "README.md")


@pytest.mark.parametrize(("name", "damage", "words"), BROKEN)
def test_a_broken_file_stops_the_build_of_no_other(root, name, damage, words):
    kept = (root / "lessons/01_twice.ipynb").read_bytes()
    damage(root / name)
    forge(root / "solutions/01_twice.ipynb", output(4, text="at /home/eve/x.py"))
    change(root / "lmlab/checks/doubling.py", "right", "quite right")
    broken = (root / name).read_bytes() if (root / name).is_file() else b""
    well, said = rebuild(root)
    if "solutions" not in name:
        assert "quite right" in (root / "solutions/01_twice.ipynb").read_text("utf-8")
    if "not built" not in words:
        assert not well and name in said and "delete" not in said
        assert not broken or (root / name).read_bytes() == broken
    if name.endswith("ipynb"):
        assert rebuild(root, name, drop_edits=True)[0]
        assert "lessons" not in name or (root / name).read_bytes() == kept
        assert problems(root) == ""


@pytest.mark.parametrize(
    ("page", "edit", "words"),
    [
        ("lessons", note(seconds=61), "runs 61 s, more than 60 s"),
        ("solutions", note(seconds=41), "runs 41 s, more than 40 s"),
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


# Minutes


def test_the_build_counts_minutes_and_writes_them_everywhere(root):
    shown = "`lmlab.tiny`\\n```python\\n" + "x = 1\\n" * 30 + "```"
    show = f'from IPython.display import Markdown\n\ndisplay(Markdown("{shown}"))'
    prose = "# " + "word " * 30 + "\n"
    for old, new in [
        ("minutes to read, 10 seconds", "minutes to read, 0 seconds"),
        ("# Some pictures.\n", prose * 10 + "#\n# > **Predict.** Which?\n"),
        ("# %%\nImage.radial", f"# %%\n{show}\n\n# %%\nImage.radial"),
    ]:
        change(root / "lessons/01_twice.py", old, new)
    change(root / "solutions/01_twice.py", "●○○  5 minutes", "●○○  7 minutes")
    assert rebuild(root)[0] and problems(root) == ""
    # 318 words, 10 lines on the page and 30 shown, one question: 3.2 + 4 + 0.5
    line = "**Time** 8 minutes to read, 10 seconds to run"
    assert line in (root / "lessons/01_twice.py").read_text("utf-8")
    assert line in (root / "lessons/01_twice.ipynb").read_text("utf-8")
    assert "| 8 min | 10 s |" in (root / "README.md").read_text("utf-8")
    for page in ("solutions", "exercises"):
        text = (root / page / "01_twice.py").read_text("utf-8")
        assert "**Time** 7\n# minutes" in text


def test_minutes_that_are_not_today_s_count(root):
    def say(page: str, minutes: int, count: int):
        for kind in ("py", "ipynb"):
            change(root / page / f"01_twice.{kind}",
                   f"**Time** {count}", f"**Time** {minutes}")  # fmt: skip
        text = (root / page / "01_twice.py").read_bytes()
        inputs = load(root / page / "01_twice.ipynb")["metadata"]["lmlab"]["inputs"]
        inputs[f"{page}/01_twice.py"] = digest(text)
        forge(root / page / "01_twice.ipynb", note(inputs=inputs))

    say("lessons", 3, 1)
    say("solutions", 6, 5)
    said = problems(root)
    assert "lessons/01_twice.ipynb: stale: says 3 minutes, and 1 are counted" in said
    assert "solutions/01_twice.ipynb: stale: says 6 minutes, and 5 are" in said
    assert rebuild(root)[0] and problems(root) == ""


@pytest.mark.parametrize(
    ("name", "limit"), [("00_a", 20), ("01_a", 35), ("10_a", 45), ("12_a", 45)]
)
def test_a_lesson_over_its_minutes(root, name, limit):
    page = Page(root, "lessons", name)
    shutil.copy(root / "lessons/01_twice.ipynb", page.notebook)
    notebook = load(page.notebook)
    notebook["cells"][2]["source"] = "word " * (100 * limit)
    assert f"{limit + 1} minutes to read, more than {limit}" in page_problems(
        page, notebook
    )
    notebook["cells"][2]["source"] = "word " * (100 * limit - 100)
    assert not [*page_problems(page, notebook)]


@pytest.mark.parametrize("seconds", [20, 60])
def test_another_machine_s_seconds_make_nothing_stale(root, seconds):
    for kind in ("py", "ipynb"):
        change(root / f"lessons/01_twice.{kind}", "10 seconds", f"{seconds} seconds")
    reshape(note(seconds=seconds))(root / "lessons/01_twice.ipynb")
    assert "stale" not in problems(root)


def test_seconds_are_rounded_up():
    rounded = [round_up(n) for n in (1, 10, 11, 20, 21, 40, 41, 60, 61)]
    assert rounded == [10, 10, 20, 20, 40, 40, 60, 60, 61]


def test_another_machine_s_memory_stores_the_same_bytes(root, monkeypatch):
    page, stored = root / "lessons/01_twice.ipynb", []
    for peak in (60, 91, 256):
        def measured(*args, peak=peak, **how):
            return replace(run(*args, **how), peak_mb=peak)

        monkeypatch.setattr("lmlab.course.authoring.build.run", measured)
        page.unlink()
        assert rebuild(root, "lessons")[0]
        stored.append(page.read_bytes())
    assert stored[0] == stored[1] == stored[2]


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
    path = os.pathsep.join([str(root), str(CONFTEST.parent)])
    environment = os.environ | {"PYTHONPATH": path, "PYTEST_ADDOPTS": ""}
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


PICTURES = """\
# %% [markdown]
# # Words in pictures

# %%
from matplotlib import pyplot as plt

from lmlab.page import plots

ax = plots.axes("Bars", ylabel="chance")
ax.bar_label(ax.bar(["moon", "sun"], [0.31, 0.8]), ["0.31", "0.80"])
plt.show()

# %%
fig, ax = plt.subplots()
ax.plot([0, 1, 2], [0, 1, 4])
ax.set_yticks([0, 2, 4], ["0", "10", "20"])
plt.show()

# %%
plt.plot([1, 2], label="sun")
plt.plot([2, 3], label="sum")
plt.legend()
plt.show()

# %%
plots.heatmap([[1, 2], [3, 4]], title="Nothing changed")
"""


def test_nbval_reads_the_words_of_pictures(tmp_path):
    for name in ("lessons", "solutions"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "jupytext.toml").write_text(JUPYTEXT, "utf-8")
    shutil.copy(CONFTEST, tmp_path)
    page = Page(tmp_path, "lessons", "01_words")
    page.text.write_text(PICTURES, "utf-8")
    store(page, run(page, parse(page), stop_at_error=True).notebook, {})
    assert "4 passed" in run_nbval(tmp_path)
    assert "<Figure" not in page.notebook.read_text("utf-8")
    for old, new in [
        ('\\"0.31\\"', '\\"0.81\\"'),
        ('\\"10\\"', '\\"18\\"'),
        ('label=\\"sun', 'label=\\"SUM'),
        ('label=\\"sum', 'label=\\"sun'),
        ('label=\\"SUM', 'label=\\"sum'),
    ]:
        change(page.notebook, old, new)
    said = run_nbval(tmp_path)
    assert "3 failed, 1 passed" in said, said
    assert said.count("mismatch 'text/plain'") == 3
    assert "Picture" not in said  # too few pixels to see


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
