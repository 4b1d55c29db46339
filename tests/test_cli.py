"""Promises of the command `lmlab`: it helps, and wrong use gets one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lmlab.course import cli, doctor


def lmlab(*arguments, cwd=None) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "lmlab", *arguments], cwd=cwd,
                          capture_output=True, text=True)


@pytest.mark.parametrize("arguments", [
    [], ["lub"], ["lab", "--prot=1"], ["lab", "--port=x"], ["lab", "a", "b"],
    ["doctor", "me"]])
def test_wrong_use_gets_one_line_and_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    captured = capsys.readouterr()
    assert len(captured.err.splitlines()) == 1 and "--help" in captured.err


@pytest.mark.parametrize("arguments, words", [
    (["--help"], "doctor"), (["lab", "--help"], "never overwritten"),
    (["doctor", "--help"], "offline"), (["--version"], "lmlab 0")])
def test_help_helps(arguments, words, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 0
    assert words in " ".join(capsys.readouterr().out.split())


def test_lab_makes_the_folder_once_and_says_what_it_did(tmp_path):
    first = lmlab("lab", "--copy-only", cwd=tmp_path)
    assert first.returncode == 0 and "new" in first.stdout
    assert (tmp_path / "work" / cli.FIRST).is_file()
    again = lmlab("lab", "--copy-only", cwd=tmp_path / "work")
    assert "up to date" in again.stdout
    assert not (tmp_path / "work" / "work").exists()


@pytest.fixture
def started(monkeypatch, tmp_path):
    """What JupyterLab is started with, in place of starting it."""
    from jupyterlab.labapp import LabApp

    seen = {}

    class Server:
        def start(self):
            seen.update(folder=Path.cwd(), environment=dict(os.environ))

    def initialize_server(command, **settings):
        seen.update(command=command, **settings)
        return Server()

    monkeypatch.setattr(LabApp, "initialize_server", initialize_server)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "theirs")
    return seen


def test_lab_opens_the_first_lesson_in_the_folder(started, tmp_path):
    assert cli.main(["lab", "w", "--no-browser", "--port=9999"]) == 0
    assert started["folder"] == tmp_path / "w"
    assert any(part.endswith(f"/lab/tree/{cli.FIRST}") for part in started["command"])
    assert {"--no-browser", "--port=9999"} <= set(started["command"])


def test_lab_brings_the_font_and_its_settings_beside_the_users(started):
    cli.main(["lab", "w"])
    places = [Path(place) for place in started["static_custom_path"]]
    for name in ("custom.css", "NotoSansSC-subset.otf"):
        assert any((place / name).is_file() for place in places)
    ours, theirs = started["environment"]["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert (Path(ours) / "labconfig" / "default_setting_overrides.json").is_file()
    assert theirs == "theirs" and "MPLBACKEND" not in started["environment"]


@pytest.mark.parametrize("user", [0, 1000])
def test_lab_starts_for_root_as_well(started, monkeypatch, user):
    monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    cli.main(["lab", "w"])
    assert ("--allow-root" in started["command"]) == (user == 0)


def test_a_pipe_that_knows_no_chinese_stops_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "lmlab", "lab", "--copy-only", "月"], cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": "cp1252"}, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"\\u6708: notebooks:")
    assert (tmp_path / "月" / cli.FIRST).is_file()


def test_lab_says_in_one_line_where_it_cannot_write(tmp_path):
    (tmp_path / "work").write_text("a file, not a folder")
    tried = lmlab("lab", cwd=tmp_path)
    assert tried.returncode == 1
    assert len(tried.stderr.splitlines()) == 1 and "cannot write" in tried.stderr


def test_the_doctor_finds_this_installation_well(capsys):
    assert doctor.examine() == 0, capsys.readouterr().out
    assert "All is well" in capsys.readouterr().out


def sick(monkeypatch, capsys) -> str:
    assert doctor.examine() == 1
    out = capsys.readouterr().out
    assert "mend:" in out
    return out


def test_the_doctor_names_a_missing_and_an_old_package(monkeypatch, capsys):
    real = doctor.metadata.version

    def version(name):
        if name == "torch":
            raise doctor.metadata.PackageNotFoundError(name)
        return "1.0" if name == "numpy" else real(name)

    monkeypatch.setattr(doctor.metadata, "version", version)
    out = sick(monkeypatch, capsys)
    assert "BAD  torch is not installed" in out and "PyTorch's start page" in out
    assert "BAD  numpy 1.0, but the course needs >=2" in out


def test_the_doctor_names_damaged_data(monkeypatch, capsys):
    from lmlab.page import datasets

    sums = datasets.checksums() | {"pingze.tsv": "0" * 64}
    monkeypatch.setattr(datasets, "checksums", lambda: sums)
    monkeypatch.setattr(datasets, "_intact", set())
    assert "BAD  data/pingze.tsv is damaged" in sick(monkeypatch, capsys)


def test_the_doctor_sees_boxes_where_no_font_has_chinese(monkeypatch, capsys):
    from lmlab.page.plots import style

    monkeypatch.setattr(style, "FAMILIES", ["DejaVu Sans"])
    assert "BAD  pictures would show boxes for Chinese" in sick(monkeypatch, capsys)


def test_the_doctor_names_another_python_behind_the_kernel(
    monkeypatch, capsys, tmp_path
):
    kernel = tmp_path / "kernels" / "python3"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text(
        '{"argv": ["/usr/bin/env", "-m", "ipykernel"], "display_name": "x"}')
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    assert "BAD  the kernel python3 is another Python" in sick(monkeypatch, capsys)


def test_the_doctor_survives_a_check_that_breaks(monkeypatch, capsys):
    def data():
        raise RuntimeError("no idea")
        yield

    monkeypatch.setattr(doctor, "data", data)
    assert "BAD  data: RuntimeError: no idea" in sick(monkeypatch, capsys)


def test_import_lmlab_is_light():
    code = ("import sys, lmlab, lmlab.course.cli; "
            "heavy = {'torch', 'matplotlib', 'numpy', 'IPython', 'sklearn'} "
            "& set(sys.modules); assert not heavy, heavy")
    subprocess.run([sys.executable, "-c", code], check=True)
