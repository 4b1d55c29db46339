"""The command `lmlab`: open the course (`lab`), or say what is wrong (`doctor`)."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from lmlab import __version__
from lmlab.course.workspace import STATE, WorkspaceError, update
from lmlab.page.paths import course_root

FIRST = "lessons/00_start_here.ipynb"
BROWSER = str(Path(__file__).with_name("browser"))  # what JupyterLab reads from us


class Parser(argparse.ArgumentParser):
    """Wrong use gets one line and exit code 2."""

    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"{self.prog}: {message} (try {self.prog} --help)\n")
        sys.exit(2)


def parser() -> Parser:
    """Return what reads the command line, and explains it on --help."""
    top = Parser(prog="lmlab", description=(
        "LM Lab: large models, small enough to run. A course in Jupyter notebooks."))
    top.add_argument("--version", action="version", version=f"lmlab {__version__}")
    commands = top.add_subparsers(
        dest="command", required=True, metavar="{lab,doctor}", parser_class=Parser)
    lab = commands.add_parser(
        "lab", help="copy the notebooks into your folder and open JupyterLab",
        description=(
            "Copies lessons, exercises and solutions into FOLDER and opens JupyterLab "
            "on the first lesson. Your changes are never overwritten: a newer version "
            "of a notebook that you changed is put beside it. A deleted notebook "
            "comes back."))
    lab.add_argument("folder", nargs="?", type=Path, metavar="FOLDER",
                     help="your folder (default: work, or here if here is one)")
    lab.add_argument("--no-browser", action="store_true",
                     help="start JupyterLab, but open no browser")
    lab.add_argument("--port", type=int, help="the port (default: the next free one)")
    lab.add_argument("--copy-only", action="store_true",
                     help="make or update the folder, and stop there")
    commands.add_parser(
        "doctor", help="say what is wrong with this installation, and how to mend it",
        description=(
            "Looks at Python, the packages, torch, the kernel, the data and the "
            "notebooks, and says how to mend what is wrong. Works offline. "
            "Exit code 0: all is well; 1: something is not."))
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks; return the exit status."""
    sys.stdout.reconfigure(errors="backslashreplace")  # a pipe may not know 月
    options = parser().parse_args(arguments)
    if options.command == "doctor":
        from lmlab.course.doctor import examine

        return examine()
    return lab(options)


def lab(options: argparse.Namespace) -> int:
    """Bring the folder up to date, then run JupyterLab in it until it stops."""
    folder = options.folder or Path("." if Path(STATE).exists() else "work")
    try:
        print(update(folder, course_root()), flush=True)
    except WorkspaceError as error:
        sys.stderr.write(f"lmlab lab: {error}\n")
        return 1
    if options.copy_only:
        return 0
    try:
        from jupyterlab.labapp import LabApp
    except ImportError as error:
        sys.stderr.write(f"lmlab lab: JupyterLab does not load ({error}): "
                         "run `lmlab doctor`\n")
        return 1
    command = ["--ServerApp.root_dir=.", f"--LabApp.default_url=/lab/tree/{FIRST}",
               "--LabApp.custom_css=True"]
    command += ["--no-browser"] * options.no_browser
    command += [f"--port={options.port}"] * (options.port is not None)
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # as in a container
        command.append("--allow-root")
    os.chdir(folder)
    os.environ.pop("MPLBACKEND", None)  # pictures belong in the page
    paths = [BROWSER, *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(paths)
    fonts = str(course_root() / "data")
    LabApp.initialize_server(command, static_custom_path=[BROWSER, fonts]).start()
    return 0
