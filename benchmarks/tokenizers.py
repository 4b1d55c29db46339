"""How fast byte-pair encoding is: text.tokenizers, and the Rust library `tokenizers`.

Seven plays of Shakespeare, 1,024 merges, one thread. Cut into words by GPT-4's pattern,
the plays are one text; without cutting, each line is a text to learn from, and all of
it is one text to encode. The poems without their punctuation are cut only where a line
ends, every 400 characters: long pieces, none of which comes twice. Nobody remembers a
word from an earlier round, and both must come to the same ids. A time is the best of a
few rounds, in which the two take turns; of the library's ways to encode the quickest is
timed, without offsets.

    python -m benchmarks.tokenizers
"""

import os
import time
from collections.abc import Callable

from lmlab.page import datasets
from lmlab.text.merging import GPT2_ORDER
from lmlab.text.tokenizers import BPE, GPT4_PATTERN

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

ROUNDS, MERGES = 5, 1024
Side = tuple[Callable[[], object], Callable]  # get ready (not timed), and what is timed


def train_theirs(texts: list[str], split: bool):
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    cut = pre_tokenizers.Split(Regex(GPT4_PATTERN), "isolated")
    theirs = Tokenizer(models.BPE())
    theirs.pre_tokenizer = pre_tokenizers.Sequence([cut, level] if split else [level])
    trainer = trainers.BpeTrainer(
        vocab_size=256 + MERGES,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    theirs.train_from_iterator(texts, trainer)
    return theirs


def race(ours: Side, theirs: Side) -> tuple[list, list[float]]:
    """Return what each of the two gave, and its best time in seconds."""
    gave, best = [None, None], [float("inf")] * 2
    for _ in range(ROUNDS):
        for i, (ready, run) in enumerate((ours, theirs)):
            tokenizer = ready()
            start = time.perf_counter()
            gave[i] = run(tokenizer)
            best[i] = min(best[i], time.perf_counter() - start)
    return gave, best


def row(what: str, best: list[float], aim: str) -> tuple[str, str, str, str, str]:
    ours, theirs = best
    faster = f"{theirs / ours:.1f} times as fast"
    return what, f"{ours:.2f} s", f"{theirs:.2f} s", faster, f"at least {aim}"


def rows() -> list[tuple[str, str, str, str, str]]:
    """Return (what, ours, the rival's, how much faster, the aim), a row a task."""
    text = datasets.shakespeare7()
    lines = text.splitlines(keepends=True)
    signs = "".join("".join(poem.lines) for poem in datasets.tang_five())
    signs = "".join(filter(str.isalpha, signs))
    unbroken = "\n".join(signs[i : i + 400] for i in range(0, len(signs), 400))
    return [
        *rows_of("words", [text], text, split=True),
        *rows_of("no words", lines, text, split=False),
        *rows_of("unbroken Chinese", [unbroken], unbroken, split=True, aim="0.67"),
    ]


def rows_of(
    cut: str, texts: list[str], text: str, split: bool, aim: str = "1"
) -> list[tuple]:
    """Return the two rows of one way to cut: learn from `texts`, encode `text`."""
    from tokenizers import Tokenizer

    (ours, theirs), learning = race(
        (lambda: None, lambda _: BPE.train(texts, MERGES, split=split)),
        (lambda: None, lambda _: train_theirs(texts, split)),
    )
    saved = theirs.to_str()
    (our_ids, their_ids), encoding = race(
        (lambda: BPE(ours.merges, split=split), lambda t: t.encode(text)),
        (
            lambda: Tokenizer.from_str(saved),
            lambda t: t.encode_batch_fast([text])[0].ids,
        ),
    )
    their_ids = [GPT2_ORDER[i] if i < 256 else i for i in their_ids]
    assert our_ids == their_ids, "the two encode differently"
    return [
        row(f"learning {MERGES:,} merges, {cut}", learning, "1"),
        row(f"encoding {len(text):,} characters, {cut}", encoding, aim),
    ]


if __name__ == "__main__":
    for cells in rows():
        print(*cells, sep="   ")
