"""How fast GPT writes: lmlab.models.sampling, and `generate` of transformers.

4 layers, 4 heads, width 128, a vocabulary of 96; 500 new tokens after a prompt of 12,
which fills a context of 512. Batch 1, float32, one thread, both with a key/value cache.
Both have the same weights and draw with the same seed; they must write the same texts,
but for one that turns on the last bit of a number. A time is the best of a few rounds,
in which the two take turns. Ours calls the model as it stands, once for each token, and
is some 2 times as fast; the aim is not reached yet.

    python -m benchmarks.sampling
"""

import time

import torch

from benchmarks.training import rival, same_weights
from lmlab.models.sampling import generate

ROUNDS, CONTEXT, NEW = 5, 512, 500
PROMPT = list(range(12))


def rows() -> list[tuple[str, str, str, str, str]]:
    """Return (what, ours, the rival's, how much faster, the aim)."""
    torch.set_num_threads(1)
    theirs = rival(CONTEXT).eval()
    ours = same_weights(theirs, CONTEXT)
    ids = torch.tensor([PROMPT])
    settings = {"attention_mask": torch.ones_like(ids), "pad_token_id": 0, "top_k": 0}

    def we_write() -> list[int]:
        return generate(ours, [PROMPT], max_new_tokens=NEW)[0]

    def they_write() -> list[int]:
        text = theirs.generate(ids, max_new_tokens=NEW, do_sample=True, **settings)
        return text[0, len(PROMPT) :].tolist()

    best, same = [float("inf")] * 2, 0
    for seed in range(ROUNDS):
        texts = []
        for i, write in enumerate((we_write, they_write)):
            torch.manual_seed(seed)
            start = time.perf_counter()
            texts.append(write())
            best[i] = min(best[i], time.perf_counter() - start)
        same += texts[0] == texts[1]
    assert same >= ROUNDS - 1, f"the two wrote the same {same} times of {ROUNDS}"
    return [
        (
            f"writing {NEW} tokens, tokens/s",
            f"{NEW / best[0]:,.0f}",
            f"{NEW / best[1]:,.0f}",
            f"{best[1] / best[0]:.1f} times as fast",
            "at least 4",
        )
    ]


if __name__ == "__main__":
    for row in rows():
        print(*row, sep="   ")
