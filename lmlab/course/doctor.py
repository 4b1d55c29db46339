"""`lmlab doctor`: what is wrong with an installation, and how to mend it, offline."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

from lmlab.page.paths import course_root, how_to_restore

TORCH = (
    "install it with `python -m pip install torch`; on Linux without an NVIDIA card "
    "take the CPU line from PyTorch's start page first (the plain one is gigabytes)"
)
Finding = tuple[bool, str, str]  # all is well?, what was found, how to mend it


def examine() -> int:
    """Print one line per finding, `ok` or `BAD` with the way to mend it.

    Returns 0 if all is well, 1 otherwise.
    """
    checks: list[Callable[[], Iterator[Finding]]] = [
        python, packages, torch_works, kernel, data, notebooks, writable, characters]
    bad = 0
    for check in checks:
        try:
            found = list(check())
        except Exception as error:  # a doctor that falls ill helps nobody
            found = [(False, f"{check.__name__}: {type(error).__name__}: {error}",
                      "reinstall the course, and see README.md, If set-up fails")]
        for well, what, mend in found:
            bad += not well
            print(f"ok   {what}" if well else f"BAD  {what}\n     mend: {mend}")
    print("All is well: `lmlab lab` opens the course." if not bad else
          f"{bad} to mend.")
    return 1 if bad else 0


def python() -> Iterator[Finding]:
    """Python is new enough."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield sys.version_info >= (3, 11), f"Python {version}", "use Python 3.11 or newer"


def packages() -> Iterator[Finding]:
    """Each required package is there, in a version within its range."""
    from packaging.requirements import Requirement

    try:
        wanted = metadata.requires("lmlab") or []
    except metadata.PackageNotFoundError:
        yield False, "lmlab is not installed", "python -m pip install -e ."
        return
    for line in wanted:
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        name = requirement.name
        mend = TORCH if name == "torch" else f"python -m pip install '{line}'"
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield False, f"{name} is not installed", mend
            continue
        fits = requirement.specifier.contains(version, prereleases=True)
        yield fits, f"{name} {version}" + (
            "" if fits else f", but the course needs {requirement.specifier}"), mend


def torch_works() -> Iterator[Finding]:
    """torch is there and computes."""
    try:
        import torch

        well = float(torch.ones(2, 2).matmul(torch.ones(2, 2)).sum()) == 8.0
        what = "torch computes"
    except (ImportError, OSError, RuntimeError) as error:
        well, what = False, f"torch does not load: {str(error).splitlines()[0]}"
    yield well, what, TORCH + "; on Windows, install the Visual C++ runtime"


def kernel() -> Iterator[Finding]:
    """Notebooks ask for the kernel `python3`: it must be this Python."""
    from jupyter_client.kernelspec import KernelSpecManager

    program = Path(KernelSpecManager().get_kernel_spec("python3").argv[0])
    here = not program.is_absolute() or program.samefile(sys.executable) or (
        program.parent == Path(sys.executable).parent)
    yield here, "the kernel python3 is " + (
        "this Python" if here else f"another Python: {program}"), (
        "python -m ipykernel install --sys-prefix, and remove the other kernel "
        "(`jupyter kernelspec list` shows where it is)")


def data() -> Iterator[Finding]:
    """Each file in data/ is as its checksum says."""
    from lmlab.page import datasets

    for name in datasets.checksums():
        try:
            datasets.path(name)
            yield True, f"data/{name} is intact", ""
        except (OSError, ValueError) as error:
            what, _, mend = str(error).rpartition(": ")
            yield False, what, mend


def notebooks() -> Iterator[Finding]:
    """There are lessons, exercises and solutions."""
    root = course_root()
    counts = {part: len(list((root / part).glob("*.ipynb")))
              for part in ("lessons", "exercises", "solutions")}
    words = ", ".join(f"{number} {part}" for part, number in counts.items())
    yield all(counts.values()), words, how_to_restore("lessons exercises solutions")


def writable() -> Iterator[Finding]:
    """The folder that the command runs in can be written to."""
    here = Path.cwd()
    try:
        with tempfile.TemporaryFile(dir=here):
            yield True, "this folder can be written to", ""
    except OSError as error:
        yield False, f"{here} cannot be written to: {error.strerror}", (
            "change to a folder of yours, such as your home folder")


def characters() -> Iterator[Finding]:
    """The fonts of pictures have Chinese characters."""
    from matplotlib.font_manager import findfont, get_font

    from lmlab.page.plots import style

    fonts = [get_font(findfont(family)) for family in style.FAMILIES]
    found = any(font.get_char_index(ord("月")) for font in fonts)
    yield found, "pictures can show Chinese characters" if found else (
        "pictures would show boxes for Chinese characters"), how_to_restore("data")
