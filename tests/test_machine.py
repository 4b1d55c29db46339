"""Nothing comes from the machine: tests and stored outputs are the same on any.

Pictures, their fonts and settings: see test_plots.py.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat.v4 as nb

from lmlab.page import datasets

ROOT = Path(__file__).parent.parent
CELL = """
import os, sys
from pathlib import Path
import matplotlib
from matplotlib import pyplot as plt
print("inline" in matplotlib.get_backend(), matplotlib.rcParams["font.size"])
print([name for name in globals() if name.startswith("their")])
print([*Path.home().rglob("*their*")], sys.getfilesystemencoding())
print([name for name, value in os.environ.items() if "their" in value])
"""
STORED = "True 10.0\n[]\n[] utf-8\n[]\n"


def someone(home: Path) -> dict[str, str]:
    """Return the environment of a user with fonts and settings of their own."""
    files = {
        ".config/matplotlib/matplotlibrc": "font.size: 30",
        ".ipython/profile_default/startup/their.py": "theirs = 1; print('welcome')",
        ".ipython/profile_default/ipython_config.py": "their.config = 1",
        "their_jupyter/kernels/python3/kernel.json": '{"argv": ["no-such-program"]}',
        "their_startup.py": "theirs_too = 1; print('hello')",
    }
    for name, text in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    (home / ".fonts").mkdir()
    shutil.copy(datasets.path("NotoSansSC-subset.otf"), home / ".fonts" / "their.otf")
    return {name: value for name, value in os.environ.items()
            if not name.startswith("PYTEST")} | {
        "HOME": str(home), "USERPROFILE": str(home), "MPLBACKEND": "svg",
        "XDG_CONFIG_HOME": str(home / ".config"), "LC_ALL": "C", "TZ": "Asia/Tokyo",
        "JUPYTER_PATH": str(home / "their_jupyter"), "JUPYTER_PREFER_ENV_PATH": "0",
        "IPYTHONDIR": str(home / ".ipython"), "PYTHONIOENCODING": "latin-1",
        "PYTHONSTARTUP": str(home / "their_startup.py")}  # fmt: skip


def test_a_notebook_sees_nothing_of_the_users(tmp_path):
    stored = nb.new_output("stream", name="stdout", text=STORED)
    cell = nb.new_code_cell(CELL, execution_count=1, outputs=[stored])
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    (tmp_path / "page.ipynb").write_text(
        nb.writes(nb.new_notebook(cells=[cell], metadata=kernel)))
    shutil.copy(ROOT / "conftest.py", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--nbval", "-p", "no:cacheprovider",
         "page.ipynb"], cwd=tmp_path, env=someone(tmp_path / "home"),
        capture_output=True, text=True)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_tests_see_an_empty_home_and_no_settings():
    assert Path.home().name.startswith("lmlab-home-")  # conftest.py made it, empty
    settings = ("MPL", "XDG_", "JUPYTER", "IPYTHON", "LC_ALL", "LANG",
                "PYTHONSTARTUP")
    assert not [name for name in os.environ if name.startswith(settings)]
