"""How many minutes a page takes: counted, because guesses are half of the truth.

A lesson: a minute for 100 words of prose, 6 seconds for a line of code, half a minute
for a *Predict*; what `show.source` and `show.table` print is read as well. An exercise:
the sum of its tasks. Fitted to readings of the first six lessons.
"""

import re

from lmlab.course.authoring.stored import joined

LESSON = re.compile(r"\*\*Time\*\* (\d+) minutes to read, (\d+) seconds? to run")
EXERCISE = re.compile(r"(?<=\*\*Time\*\*)([\s#]+\d+)(?=[\s#]+minutes)")
TASK = re.compile(r"^(?:# )?## \d+\. .*?(?:(\d+) minutes)?$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
ROUND_SECONDS = (10, 20, 40, 60)


def count(folder: str, notebook: dict) -> int:
    """Return the minutes of an executed lesson or of the tasks of a solution."""
    texts, code = [], []
    for cell in notebook["cells"]:
        written = joined(cell["source"])
        if cell["cell_type"] == "markdown":
            texts.append(written)
            continue
        code.append(written)
        shown = [output.get("data", {}) for output in cell.get("outputs", [])]
        texts += [joined(s["text/markdown"]) for s in shown if "text/markdown" in s]
    if folder != "lessons":
        return sum(int(n or 0) for text in texts for n in TASK.findall(text))
    code += [block.strip("`") for text in texts for block in FENCED.findall(text)]
    lines = sum(bool(line.strip()) for block in code for line in block.split("\n"))
    prose = "\n".join(FENCED.sub("", text) for text in texts)
    words = len(re.findall(r"\S*\w\S*", prose))
    return round(words / 100 + lines / 10 + prose.count("**Predict") / 2)


def round_up(seconds: int) -> int:
    """Return seconds as a page tells them, so that machines mostly agree."""
    return next((limit for limit in ROUND_SECONDS if seconds <= limit), seconds)


def said(folder: str, text: str) -> int | None:
    """Return the minutes that a page's line **Time** states, if it has one."""
    match = (LESSON if folder == "lessons" else EXERCISE).search(text)
    return int(match[1].strip(" #\n")) if match else None


def with_time(folder: str, text: str, minutes: int, seconds: int) -> str:
    """Return a source, or its first cell, with these in its line **Time**."""
    if folder == "lessons":
        line = f"**Time** {minutes} minutes to read, {seconds} seconds to run"
        return LESSON.sub(line, text, count=1)
    return EXERCISE.sub(lambda m: re.sub(r"\d+", str(minutes), m[0]), text, count=1)
