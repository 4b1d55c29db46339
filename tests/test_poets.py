"""What the shipped poets promise: they are what data/poem-school.md says they are."""

import copy
import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lmlab.feedback.preference import agreement
from lmlab.feedback.reward import RewardModel
from lmlab.learning import checkpoints
from lmlab.learning.lora import add_lora
from lmlab.models.sampling import generate
from lmlab.page import datasets
from lmlab.poem_school import __main__ as command
from lmlab.poem_school import build as school
from lmlab.poem_school import figures, judges, measure, shipped, stages, text

DATA = Path(__file__).parents[1] / "data"
FILES = [f"poet-{name}.safetensors" for name in (*shipped.POETS, "ranker")]


@pytest.fixture(scope="module")
def said():
    """The figures of the poet that is shipped, as the page tells them."""
    page = (DATA / "poem-school.md").read_text("utf-8")
    rows = re.findall(r"^\| (\w+: [^|]+?) \| +([\d.-]+) \|", page, re.MULTILINE)
    return {name: float(number) for name, number in rows}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_small_and_says_where_it_comes_from(name):
    file = DATA / name
    assert file.stat().st_size <= 4e6
    page = (DATA / "poem-school.md").read_text("utf-8")
    assert hashlib.sha256(file.read_bytes()).hexdigest() in page
    notes = checkpoints.describe(file)["notes"]
    if name == "poet-lora.safetensors":
        assert {said["rank"] for said in notes["lora"].values()} == {16}
    else:
        assert notes == {"command": school.COMMAND, "seed": 0}


def test_the_page_is_the_one_that_the_command_writes(said):
    page = (DATA / "poem-school.md").read_text("utf-8")
    files = re.findall(r"^\| `poet-.*\|$", page, re.MULTILINE)
    table = page[page.index("| | poet 0 |") :].rstrip("\n")
    [torch_] = re.findall(r"with torch ([\d.]+) on", page)
    assert page == school.PAGE.format(
        command=f"{school.COMMAND} --seeds 0 1 2 --ship", seed=0, torch=torch_,
        files="\n".join(files), table=table)
    assert f"on {len(text.shelves()['test'])} quatrains" in page
    assert set(figures.AIMS) <= set(said)
    for name, aim in figures.AIMS.items():
        assert re.search(rf"^\| {re.escape(name)} \|.*\| {aim} \|$", page, re.MULTILINE)


@pytest.mark.parametrize("load", [
    shipped.ranker, *(lambda name=name: shipped.poet(name) for name in shipped.POETS)])
def test_who_loads_a_poet_draws_what_they_would_have_drawn(load):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    load()
    assert torch.rand(3).equal(expected)


def test_the_base_reads_and_recites_as_the_page_says(said):
    base, shelves = shipped.poet("base"), text.shelves()
    nats = measure.surprise(base, shelves["test"])
    assert abs(nats - said["base: nats a character, unread poems"]) < 0.02
    known = 100 * measure.recites(base, shelves["tang300"])
    assert abs(known - said["base: next lines of tang300 known, %"]) < 1.5
    assert known > 95
    [poem] = measure.write(base, ["<poem>"], temperature=0)
    assert len(poem) == 4
    moon = generate(
        base, [text.prompt("", ["举头望明月"])], max_new_tokens=5, temperature=0)
    assert text.lines_of(moon[0]) == ("低头思故乡",)


def test_a_request_is_nothing_to_the_base(said):
    on_theme, _ = measure.obeys(shipped.poet("base"), text.REQUESTS, each=5)
    assert on_theme < 0.1
    assert said["base: on theme, %"] < 10


@pytest.mark.parametrize("name", ["sft", "lora"])
def test_a_pupil_answers_requests_as_the_page_says(name, said):
    on_theme, craft = measure.obeys(
        shipped.poet(name), text.REQUESTS, 40, stages.TEMPERATURE, seed=1)
    assert abs(100 * on_theme - said[f"{name}: on theme, %"]) < 8  # 320 poems
    assert abs(100 * craft["tonal"] - said[f"{name}: in tone, %"]) < 10


def test_the_poet_of_the_rules_keeps_them_as_the_page_says(said):
    _, craft = measure.obeys(shipped.poet("rl"), text.REQUESTS, 40, seed=1)
    assert abs(100 * craft["tonal"] - said["rl: in tone, %"]) < 8
    assert abs(100 * craft["rhyming"] - said["rl: rhyming, %"]) < 10
    assert abs(craft["endings"] - said["rl: last characters in 100 poems"]) < 8


def test_the_ranker_is_right_as_often_as_the_page_says(said):
    sft, ranker = shipped.poet("sft"), shipped.ranker()
    written = measure.answers(sft, text.REQUESTS, 50, seed=3)
    pairs = judges.comparisons(written, text.REQUESTS, 600, seed=3, errs=False)
    with torch.no_grad():
        right = 100 * agreement(*map(ranker, pairs))
    assert abs(right - said["ranker: right about unseen pairs, %"]) < 8


def test_an_unknown_poet_is_named():
    with pytest.raises(ValueError, match="one of base, sft, lora, rl: got"):
        shipped.poet("libai")


@pytest.fixture
def taught(monkeypatch):
    """Let the stages teach nothing; return the names of those that are called."""
    called = []

    def read(seed):
        called.append("read")
        return stages.newborn(seed), None

    def instruct(base, seed, rank=None, **settings):
        called.append("instruct by LoRA" if rank else "instruct")
        model = copy.deepcopy(base)
        if rank:
            add_lora(model, stages.LINEARS, rank)
        return model, None

    def rank(base, *pairs_and_seed):
        called.append("rank")
        return RewardModel(base, pool="mean"), None

    def please(sft, judge, seed, **settings):
        called.append("please the ranker" if "beta" in settings else "please the rules")
        return sft, None

    for stage in (read, instruct, rank, please):
        monkeypatch.setattr(stages, stage.__name__, stage)
    for pairs in ("obvious", "comparisons"):
        monkeypatch.setattr(judges, pairs, lambda *of: ())
    monkeypatch.setattr(measure, "answers", lambda *of, **how: {})
    for name in ("of_base", "of_poet", "of_light", "of_ranker"):
        monkeypatch.setattr(figures, name, lambda *of: {"in tone, %": 50.0})
    return called


def test_a_school_that_was_interrupted_goes_on(taught, tmp_path):
    measured, seconds = school.bring_up(5, tmp_path)
    assert taught == ["read", "instruct", "instruct by LoRA", "rank",
                      "please the rules", "please the ranker"]
    assert measured["rl: in tone, %"] == 50 and set(seconds) == {
        "base", "sft", "lora", "ranker", "rl", "flatterer"}
    taught.clear()
    (tmp_path / "poet-rl.safetensors").unlink()
    assert school.bring_up(5, tmp_path)[0] == measured
    assert taught == ["please the rules"]


def test_what_is_shipped_is_listed_with_its_checksum(taught, tmp_path, monkeypatch):
    school.bring_up(5, tmp_path / "5")
    for module in (school, datasets):
        monkeypatch.setattr(module, "course_root", lambda: tmp_path)
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(DATA / "SHA256SUMS", data)
    school.ship(tmp_path / "5", [5, 6], "| a | table |")
    page = (data / "poem-school.md").read_text("utf-8")
    assert "--seeds 5 6 --ship" in page and "| a | table |" in page
    for name in FILES:
        digest = hashlib.sha256((data / name).read_bytes()).hexdigest()
        assert datasets.checksums()[name] == digest
        assert digest in page
    assert datasets.checksums()["pingze.tsv"] in (DATA / "SHA256SUMS").read_text()


@pytest.mark.parametrize("arguments, said", [
    (["--seeds"], "expected at least one argument"),
    (["--seeds", "0", "-1"], "--seeds must be at least 0: got -1"),
    (["--out", "FILE"], "--out must be a folder"),
    (["--out", "FILE/below"], "--out must be a folder"),
])
def test_the_command_says_at_once_what_it_cannot_do(arguments, said, tmp_path, capsys):
    file = tmp_path / "moonlight"
    file.touch()
    arguments = [word.replace("FILE", str(file)) for word in arguments]
    with pytest.raises(SystemExit) as stopped:
        command.main(["--out", str(tmp_path), *arguments])
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


def test_a_damaged_stage_is_named_and_not_taught_again(tmp_path):
    for seed in ("0", "1"):
        (tmp_path / seed).mkdir()
        (tmp_path / seed / "seconds.json").write_text('{"base": 7}')
        (tmp_path / seed / "poet-base.safetensors").write_bytes(b"moonlight")
    done = subprocess.run(
        [sys.executable, "-m", "lmlab.poem_school", "--seeds", "0", "1",
         "--out", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 1
    assert re.search(r"ValueError: .*poet-base.safetensors is damaged", done.stderr)
