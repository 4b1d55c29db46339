"""What `lmlab.text.ngram` promises."""

import math
import subprocess
import sys
from itertools import product

import numpy as np
import pytest

from lmlab.text.ngram import BEGIN, END, NGram

TEXTS = ["aab", "ab", "b\na"]


def test_probabilities_are_relative_counts():
    assert NGram(["aab", "ab"], n=2).distribution("a") == {"a": 1 / 3, "b": 2 / 3}
    assert NGram(TEXTS, n=2).distribution(BEGIN) == {"a": 2 / 3, "b": 1 / 3}


@pytest.mark.parametrize("n, k", list(product([1, 2, 3, 6], [0.0, 0.1, 1.0])))
def test_probabilities_sum_to_one_after_any_context(n, k):
    model = NGram(TEXTS, n, k)
    for context in ["", "a", "ab", "zz", "za", BEGIN, BEGIN + "aab"]:
        assert math.isclose(sum(model.distribution(context).values()), 1.0)


@pytest.mark.parametrize("n, k", list(product([2, 3], [0.0, 0.5])))
def test_probabilities_of_all_texts_sum_to_one(n, k):
    """Over every text of at most 8 characters, what is left out is longer ones."""
    model = NGram(["ab", "b", "ba"], n, k)
    sums = []
    total = 0.0
    for length in range(9):
        texts = map("".join, product("ab", repeat=length))
        total += sum(math.exp(model.logprob(text)) for text in texts)
        sums.append(total)
    assert sums == sorted(sums) and 0.9 < total <= 1 + 1e-12


def test_add_k_gives_every_character_a_chance():
    guess = NGram(["aab", "ab"], n=2, k=1.0).distribution("b")
    assert guess == {END: 3 / 5, "a": 1 / 5, "b": 1 / 5}
    assert NGram(["aab", "ab"], n=2).distribution("b") == {END: 1.0}


def test_unseen_context_is_shortened_until_it_was_seen():
    model = NGram(TEXTS, n=3)
    assert model.known("ba") == "a" and model.known("zz") == ""
    assert model.distribution("ba") == model.distribution("a")
    assert model.distribution("zz") == NGram(TEXTS, n=1).distribution("")


def test_only_the_last_characters_of_a_context_count():
    model = NGram(TEXTS, n=2)
    assert model.distribution("bba") == model.distribution("a")
    assert NGram(TEXTS, n=1).distribution("ab") == NGram(TEXTS, n=1).distribution("")


def test_texts_do_not_run_into_each_other():
    assert NGram(["ab", "ca"], n=2).counts["b"] == {END: 1}


def test_long_memory_recites_and_short_memory_wanders():
    poem, other = "明月光\n地上霜", "望明月\n思故乡"
    long = NGram([poem, other], n=4)
    assert long.sample(np.random.default_rng(0), 20, "望明") == other
    short = NGram([poem, other], n=2)
    drawn = {short.sample(np.random.default_rng(s), 20, "望") for s in range(20)}
    assert len(drawn) > 3 and all(text.startswith("望") for text in drawn)


def test_samples_repeat_with_the_seed_and_keep_the_length():
    model = NGram(TEXTS, n=2, k=0.5)
    first, again = (model.sample(np.random.default_rng(3), 5) for _ in range(2))
    assert first == again
    rng = np.random.default_rng(0)
    assert max(len(model.sample(rng, 5, "a")) for _ in range(50)) == 5
    assert model.sample(rng, 1, "aab") == "aab"


def test_samples_follow_the_probabilities():
    model, rng = NGram(TEXTS, n=1), np.random.default_rng(0)
    drawn = [model.sample(rng, 1) for _ in range(4000)]
    for character, chance in model.distribution("").items():
        share = drawn.count("" if character == END else character) / 4000
        assert abs(share - chance) < 0.03


def test_logprob_adds_the_surprises():
    model = NGram(["aab", "ab"], n=2)
    assert math.isclose(model.logprob("ab"), math.log(2 / 3))
    assert model.logprob("ba") == -math.inf
    assert NGram(["aab"], n=2, k=1).logprob("z") == -math.inf
    assert NGram(["aab"], n=2, k=1).logprob("ba") > -math.inf


@pytest.mark.parametrize(
    "arguments, words",
    [
        ((["a"], 0), "n must be at least 1: got 0"),
        ((["a"], 2, -1.0), "k must not be negative: got -1.0"),
        (([], 2), "lines must hold at least one text: got none"),
    ],
)
def test_wrong_arguments_are_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        NGram(*arguments)


def test_importing_needs_neither_torch_nor_matplotlib():
    code = ("import sys, lmlab.text.ngram; "
            "print({'torch', 'matplotlib'} & set(sys.modules))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
