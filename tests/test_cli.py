"""Promises of the command `lmlab`: it helps, and wrong use gets one line."""

import subprocess
import sys

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


def test_lab_opens_the_first_lesson_in_the_folder(tmp_path, monkeypatch):
    started = {}
    monkeypatch.setattr(cli.subprocess, "call",
                        lambda command, cwd: started.update(c=command, cwd=cwd) or 0)
    assert cli.main(["lab", str(tmp_path / "w"), "--no-browser", "--port=9999"]) == 0
    assert started["cwd"] == tmp_path / "w"
    assert any(part.endswith(f"/lab/tree/{cli.FIRST}") for part in started["c"])
    assert "--no-browser" in started["c"] and "--port=9999" in started["c"]


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
