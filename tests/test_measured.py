"""Promises of data/measured: each table is what its script measures."""

import sys
from importlib import import_module
from pathlib import Path

import pytest
import torch

from lmlab.page import datasets

ROOT = Path(__file__).parents[1]
NAMES = [file.stem for file in sorted((ROOT / "benchmarks/measured").glob("[0-9]*.py"))]


@pytest.fixture(autouse=True)
def project(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])


def test_every_table_has_its_script_and_its_lesson():
    tables = [file.stem for file in sorted((ROOT / "data/measured").glob("*"))]
    assert tables == NAMES
    assert all((ROOT / f"lessons/{name}.py").is_file() for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_table_has_a_row_for_each_setting_of_its_script(name):
    rows = import_module(f"benchmarks.measured.{name}").ROWS
    kept = datasets.measured(name)
    assert [{key: row[key] for key in rows[0]} for row in kept] == rows
    first = (ROOT / f"data/measured/{name}.csv").read_text("utf-8").split("\n")[0]
    assert first.startswith(f"# python -m benchmarks.measured {name} (numpy ")


def test_numbers_come_back_as_numbers(tmp_path, monkeypatch):
    (tmp_path / "data/measured").mkdir(parents=True)
    table = "# how\nseed,loss,kind\n3,0.5,dirty\n4,1e-05,\n"
    (tmp_path / "data/measured/06_x.csv").write_text(table, encoding="utf-8")
    monkeypatch.setattr(datasets, "course_root", lambda: tmp_path)
    assert datasets.measured("06_x") == [
        {"seed": 3, "loss": 0.5, "kind": "dirty"},
        {"seed": 4, "loss": 1e-05, "kind": ""},
    ]
    with pytest.raises(FileNotFoundError, match="measured/06_y.csv is missing"):
        datasets.measured("06_y")


def test_a_row_that_no_longer_comes_out_is_named(tmp_path, monkeypatch, capsys):
    again = import_module("benchmarks.measured.__main__")
    kept = {"seed": 0, "loss": 2.0, "kind": "clean"}
    monkeypatch.setattr(datasets, "measured", lambda name: [kept])
    monkeypatch.setattr(again, "import_module", lambda _: type("", (), {"ROWS": []}))
    for came, well in ((2.03, True), (2.1, False)):
        monkeypatch.setattr(again, "run", lambda *_, came=came: [kept | {"loss": came}])
        assert again.check("06_x") is well
    assert "data/measured/06_x.csv: loss is 2.0, now 2.1" in capsys.readouterr().out


def test_a_row_finds_nothing_that_the_row_before_left(monkeypatch):
    run = import_module("benchmarks.measured.__main__").run

    def measure(wide: bool) -> dict[str, str]:
        found = str(torch.get_default_dtype())
        torch.set_default_dtype(torch.float64 if wide else torch.float32)
        return {"found": found}

    module = type("", (), {"measure": staticmethod(measure)})
    monkeypatch.setattr("benchmarks.measured.__main__.import_module", lambda _: module)
    rows = run("06_x", [{"wide": True}, {"wide": False}])
    assert [row["found"] for row in rows] == ["torch.float32"] * 2
