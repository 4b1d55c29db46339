"""A learner's first steps in a real browser: run with `make browser`.

Opens the learner's folder in JupyterLab (no question is asked, Chinese is drawn with
the course's font), runs lesson 03 to its end, solves one task wrongly (the three lines
are on the page, and no stack trace) and then rightly, and stops the command.
"""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

playwright = pytest.importorskip("playwright.sync_api")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update",
         "--disable-sync"]
EXERCISE = "exercises/03_forward_pass.ipynb"
SHOTS = os.environ.get("SCREENSHOTS")  # a folder to keep pictures of the pages in


@dataclass
class Lab:
    """A running `lmlab lab`."""

    process: subprocess.Popen
    url: str
    token: str
    folder: Path

    def ask(self, path: str, data: bytes | None = None):
        """Return what the server's interface answers; with `data`, POST it."""
        request = urllib.request.Request(f"{self.url}{path}", data)
        request.add_header("Authorization", f"token {self.token}")
        return json.load(urllib.request.urlopen(request, timeout=30))


@contextmanager
def lab(folder: Path):
    """Run `lmlab lab FOLDER` as a learner does, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(8)
    process = subprocess.Popen(
        [sys.executable, "-m", "lmlab", "lab", str(folder), "--no-browser",
         f"--port={port}"], env=os.environ | {"JUPYTER_TOKEN": token})
    running = Lab(process, f"http://127.0.0.1:{port}", token, folder)
    try:
        for _ in range(120):
            try:
                running.ask("/api")
                break
            except OSError:
                assert process.poll() is None, "JupyterLab stopped"
                time.sleep(0.5)
        yield running
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A learner's first start, in a fresh folder: its address and the folder."""
    with lab(tmp_path_factory.mktemp("learner") / "work") as running:
        yield f"{running.url}/lab/tree/{{}}?token={running.token}", running.folder


@pytest.fixture(scope="module")
def page(server):
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 1000})
        page.set_default_timeout(20_000)
        yield page
        browser.close()


def shot(page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"))


def open_notebook(page, server, name: str):
    """Open a notebook of the learner's folder; its panel, when the kernel is ready."""
    address, _ = server
    page.goto(address.format(name))
    panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    panel.locator(".jp-Cell").first.wait_for()
    page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()
    return panel


def wait_until_idle(page) -> None:
    """Wait until no cell is running or waiting ([*])."""
    page.wait_for_timeout(500)
    page.wait_for_function(
        "() => ![...document.querySelectorAll('.jp-InputPrompt')]"
        ".some(p => p.textContent.includes('*'))", timeout=120_000)
    page.wait_for_timeout(500)


def saved(page, server, name: str) -> list[dict]:
    """Save the notebook; its code cells as they stand on disk."""
    file = server[1] / name
    before = file.stat().st_mtime_ns
    page.keyboard.press("Control+s")
    for _ in range(100):
        if file.stat().st_mtime_ns != before:
            break
        page.wait_for_timeout(100)
    cells = json.loads(file.read_text("utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_the_first_page_asks_nothing(page, server):
    open_notebook(page, server, "lessons/00_start_here.ipynb")
    page.wait_for_timeout(5000)  # the question about news takes a moment
    shot(page, "first")
    assert not page.locator(".jp-Dialog, .Toastify__toast").all_inner_texts()


def fonts_of(page, selector: str) -> dict[str, bool]:
    """Return the fonts an element is drawn with: family, did the page bring it?"""
    tools = page.context.new_cdp_session(page)
    tools.send("DOM.enable")
    tools.send("CSS.enable")
    root = tools.send("DOM.getDocument")["root"]["nodeId"]
    node = tools.send("DOM.querySelector", {"nodeId": root, "selector": selector})
    drawn = tools.send("CSS.getPlatformFontsForNode", {"nodeId": node["nodeId"]})
    return {font["familyName"]: font["isCustomFont"] for font in drawn["fonts"]}


@pytest.mark.parametrize("place", [
    ".jp-RenderedMarkdown p", ".jp-RenderedText pre", "#jp-main-statusbar", ".cm-line"])
def test_chinese_is_drawn_with_the_courses_font(page, server, place):
    open_notebook(page, server, "lessons/00_start_here.ipynb")
    if place == ".cm-line":  # the editor undoes changes that are not typed
        page.locator(".jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text("床前明月光 moon")
    else:
        page.locator(place).first.evaluate("e => e.textContent = '床前明月光 moon'")
    page.wait_for_function("() => document.fonts.check('12px \"LM Lab Han\"', '床')")
    page.wait_for_timeout(500)
    shot(page, f"chinese {place}")
    fonts = fonts_of(page, f".jp-CodeCell {place}" if place == ".cm-line" else place)
    assert fonts.pop("LM Lab Han", None) is True, "Chinese is drawn by another font"
    assert len(fonts) == 1 and not any(fonts.values()), "moon is not in the page's own"


def test_lesson_03_runs_to_its_end(page, server):
    name = "lessons/03_forward_pass.ipynb"
    open_notebook(page, server, name)
    page.locator(".lm-MenuBar-item", has_text=re.compile("^Run$")).click()
    page.locator(".lm-Menu-item", has_text="Restart Kernel and Run All Cells").click()
    page.locator(".jp-Dialog .jp-mod-accept").click()
    page.wait_for_timeout(3000)
    wait_until_idle(page)
    shot(page, "lesson")
    cells = saved(page, server, name)
    assert [cell["execution_count"] for cell in cells] == [*range(1, len(cells) + 1)]
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 4
    assert not [o for o in outputs if o["output_type"] == "error"]
    assert not [o for o in outputs if o.get("name") == "stderr"]


def run_cell(panel, page, holds: str, text: str = ""):
    """Run the cell that holds `holds`, with `text` put in its place; the cell."""
    cell = panel.locator(".jp-CodeCell").filter(has_text=holds).first
    cell.locator(".cm-content").click()
    if text:
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(text)
    for _ in range(10):  # a kernel that is still connecting runs nothing
        page.keyboard.press("Control+Enter")
        wait_until_idle(page)
        if re.search(r"\d", cell.locator(".jp-InputPrompt").inner_text()):
            return cell
    pytest.fail(f"the cell with {holds!r} was not run")


def answer(panel, page, text: str) -> str:
    """Write `text` as the first task's answer, run its check; what that shows."""
    run_cell(panel, page, "def dense", text)
    check = run_cell(panel, page, "check.dense(")
    return check.locator(".jp-OutputArea").first.inner_text()


def test_a_wrong_answer_gets_three_lines_and_a_right_one_passes(page, server):
    panel = open_notebook(page, server, EXERCISE)
    run_cell(panel, page, "as check")
    wrong = answer(panel, page, "def dense(W, b, X):\n    return X @ W.T")
    shot(page, "wrong")
    lines = [line for line in wrong.splitlines() if line.strip()]
    assert len(lines) == 3, lines
    assert "not yet" in lines[0] and "expected" in lines[1]
    assert lines[2].rstrip().endswith("?") and "Traceback" not in wrong
    right = answer(panel, page, "def dense(W, b, X):\n    return X @ W.T + b")
    shot(page, "right")
    assert "dense: right on" in right


def test_the_learners_work_survives_the_next_start(page, server):
    cells = saved(page, server, EXERCISE)
    assert any("return X @ W.T + b" in "".join(cell["source"]) for cell in cells)
    mine = (server[1] / EXERCISE).read_bytes()
    done = subprocess.run([sys.executable, "-m", "lmlab", "lab", str(server[1]),
                           "--copy-only"], capture_output=True, text=True, check=True)
    assert "with your changes" in done.stdout
    assert (server[1] / EXERCISE).read_bytes() == mine


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process at once")
@pytest.mark.parametrize("sent", [[signal.SIGTERM], [signal.SIGINT, signal.SIGINT]])
def test_stopping_the_command_leaves_nothing_running(tmp_path, sent):
    with lab(tmp_path / "work") as running:
        kernel = running.ask("/api/kernels", b"{}")["id"]
        processes = psutil.Process(running.process.pid).children(recursive=True)
        assert kernel and processes
        for number in sent:
            running.process.send_signal(number)
            time.sleep(1)
        assert running.process.wait(20) == 0
        assert not psutil.wait_procs(processes, timeout=5)[1]
