"""A learner's first steps in a real browser: run with `make browser`.

Opens the learner's folder in JupyterLab, runs lesson 03 to its end, solves one task
wrongly (the three lines are on the page, and no stack trace) and then rightly.
"""

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update",
         "--disable-sync"]
SHOTS = os.environ.get("SCREENSHOTS")  # a folder to keep pictures of the pages in


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """JupyterLab on a learner's fresh folder, as `lmlab lab` starts it."""
    folder = tmp_path_factory.mktemp("learner")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(8)
    settings = {"JUPYTER_TOKEN": token, "JUPYTER_CONFIG_DIR": str(folder / "config"),
                "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings")}
    command = [sys.executable, "-m", "lmlab", "lab", str(folder / "work"),
               "--no-browser", f"--port={port}"]
    extra = folder / "config" / "jupyter_lab_config.py"
    extra.parent.mkdir()
    extra.write_text("c.ServerApp.allow_root = True\n"
                     "c.LabApp.news_url = None\n"
                     "c.LabApp.extension_manager = 'readonly'\n")
    process = subprocess.Popen(command, env=os.environ | settings)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{url}/api", timeout=1)
                break
            except OSError:
                assert process.poll() is None, "JupyterLab stopped"
                time.sleep(0.5)
        yield f"{url}/lab/tree/{{}}?token={token}", folder / "work"
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def page(server):
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 1000})
        page.set_default_timeout(60_000)
        yield page
        browser.close()


def shot(page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"))


def open_notebook(page, server, name: str) -> None:
    address, _ = server
    page.goto(address.format(name))
    page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook").wait_for()
    page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").first.wait_for()


def run_menu(page, item: str) -> None:
    page.locator(".lm-MenuBar-item", has_text=re.compile("^Run$")).click()
    page.locator(".lm-Menu-item", has_text=item).first.click()


def wait_until_idle(page) -> None:
    """Wait until no cell is running or waiting ([*])."""
    page.wait_for_function(
        "() => ![...document.querySelectorAll('.jp-InputPrompt')]"
        ".some(p => p.textContent.includes('*'))", timeout=120_000)


def test_lesson_03_runs_to_its_end(page, server):
    open_notebook(page, server, "lessons/03_forward_pass.ipynb")
    run_menu(page, "Restart Kernel and Run All Cells")
    page.get_by_role("button", name="Restart", exact=True).click()
    page.wait_for_timeout(3000)
    wait_until_idle(page)
    page.keyboard.press("Control+Home")
    shot(page, "lesson")
    assert page.locator(".jp-RenderedText[data-mime-type*='stderr']").count() == 0
    assert page.locator(".jp-mod-error").count() == 0


def replace_task(page, text: str):
    """Put `text` into the first task's cell, run it and its check; the check's cell."""
    cells = page.locator(".jp-CodeCell")
    stub = cells.filter(has_text="def neuron").first
    stub.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)
    page.keyboard.press("Shift+Enter")
    check = cells.filter(has_text="check.neuron(").first
    check.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    page.wait_for_timeout(1000)
    wait_until_idle(page)
    return check.locator(".jp-OutputArea")


def test_a_wrong_answer_gets_three_lines_and_a_right_one_passes(page, server):
    open_notebook(page, server, "exercises/03_forward_pass.ipynb")
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    wait_until_idle(page)
    wrong = replace_task(page, "def neuron(w, b, x):\n    return w @ x")
    shot(page, "wrong")
    lines = [line for line in wrong.inner_text().splitlines() if line.strip()]
    assert len(lines) == 3, lines
    assert "not yet" in lines[0] and "expected" in lines[1]
    assert lines[2].rstrip().endswith("?")
    assert "Traceback" not in wrong.inner_text()
    right = replace_task(page, "def neuron(w, b, x):\n    return w @ x + b")
    shot(page, "right")
    assert "neuron: right on" in right.inner_text()


def test_the_learners_work_survives_the_next_start(page, server):
    _, folder = server
    page.keyboard.press("Control+s")
    page.wait_for_timeout(2000)
    done = subprocess.run([sys.executable, "-m", "lmlab", "lab", str(folder),
                           "--copy-only"], capture_output=True, text=True, check=True)
    assert "with your changes" in done.stdout
    mine = (folder / "exercises" / "03_forward_pass.ipynb").read_text("utf-8")
    assert "return w @ x + b" in mine
