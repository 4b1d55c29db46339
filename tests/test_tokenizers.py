"""What `lmlab.text.tokenizers` promises."""

import json
import os
import subprocess
import sys
import time
import unicodedata
from collections import Counter
from itertools import pairwise

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given, settings

from lmlab.page import datasets
from lmlab.text import tokenizers
from lmlab.text.merging import GPT2_ORDER, MOST_MERGES, glue
from lmlab.text.tokenizers import BPE, GPT4_PATTERN, Bytes, Characters, Tokenizer

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

PLAYS = datasets.shakespeare7()
POEMS = "\n".join(poem.text for poem in datasets.tang300())
SAMPLE = PLAYS[:20_000] + POEMS[:5_000]
SAMPLE += "naïve café, 1603²: x_y __init__ \r\n\t ﬁ ‘’ 🙂👩‍👧"
WORDS, WHOLE = BPE.train(SAMPLE, 300), BPE.train(SAMPLE[::9], 300, split=False)

any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
tied_text = st.text("ab c\n'1_é月\x1c", max_size=40)  # few signs: many ties and runs


# -- the same text comes back ----------------------------------------------------------


@pytest.mark.parametrize(
    "tokenizer", [Bytes(), WORDS, WHOLE], ids=["bytes", "words", "whole"]
)
@given(text=any_text)
def test_any_text_comes_back(tokenizer, text):
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert all(type(i) is int for i in ids)


@given(text=any_text.filter(bool))
def test_characters_come_back_one_id_each(text):
    tokenizer = Characters(text)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert len(ids) == len(text) and tokenizer.vocab_size == len(set(text))
    assert tokenizer.alphabet == "".join(sorted(set(text)))


@pytest.mark.parametrize("tokenizer", [WORDS, WHOLE], ids=["words", "whole"])
def test_long_texts_come_back(tokenizer):
    for text in (PLAYS[:50_000], POEMS, "a" * 5_000, "ab" * 3_000, "\n" * 3_000, ""):
        assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize(
    "call",
    [
        Bytes().encode,
        WORDS.encode,
        Characters("ab").encode,
        Characters,
        lambda text: BPE.train(text, 1),
        lambda text: BPE.train(["whole", text], 1),
        lambda text: Bytes([text]),
    ],
)
def test_half_a_character_is_refused_and_named(call):
    with pytest.raises(ValueError, match=r"lone surrogate U\+D83D at place 1"):
        call("a\ud83d")


def test_ids_may_come_in_any_container():
    ids = WORDS.encode("moonlight")
    for container in (tuple(ids), iter(ids), np.array(ids), torch.tensor(ids)):
        assert WORDS.decode(container) == "moonlight"


def test_bytes_that_are_no_character_are_shown_as_such():
    assert Bytes().decode([230, 156]) == "\ufffd"
    assert b"".join(WORDS.vocabulary[i] for i in WORDS.encode("月")) == "月".encode()


# -- byte-pair encoding is what it says ------------------------------------------------


def plain_merges(pieces, n_merges):
    """Learn in the plain way: count everything again for each merge."""
    words = Counter(tuple(piece.encode()) for piece in pieces)
    age = {byte: place for place, byte in enumerate(GPT2_ORDER)}
    merges = []
    for new in range(256, 256 + n_merges):
        counts = Counter()
        for word, n in words.items():
            for pair in pairwise(word):
                counts[pair] += n
        if not counts:
            break
        most = max(counts.values())
        tied = [pair for pair, n in counts.items() if n == most]
        best = min(tied, key=lambda pair: [age.get(i, i) for i in pair])
        merges.append(best)
        glued = Counter()
        for word, n in words.items():
            glued[tuple(plain_glue(list(word), best, new))] += n
        words = glued
    return merges


def plain_glue(ids, pair, new):
    """Glue one pair in a list, from left to right."""
    out = []
    while ids:
        if tuple(ids[:2]) == pair:
            out, ids = [*out, new], ids[2:]
        else:
            out, ids = [*out, ids[0]], ids[1:]
    return out


@given(texts=st.lists(tied_text, min_size=1, max_size=6), split=st.booleans())
def test_training_counts_glues_and_breaks_ties_as_it_says(texts, split):
    pieces = [p for t in texts for p in (tokenizers.split_words(t) if split else [t])]
    assert BPE.train(texts, 25, split=split).merges == plain_merges(pieces, 25)


@given(text=tied_text, source=tied_text)
def test_encoding_applies_the_merges_in_their_order(text, source):
    tokenizer = BPE.train(source, 25, split=False)
    ids = list(text.encode())
    for i, pair in enumerate(tokenizer.merges):
        ids = plain_glue(ids, pair, 256 + i)
    assert tokenizer.encode(text) == ids
    assert glue([text.encode(), b"", text.encode()], tokenizer.glued) == [ids, [], ids]


def test_long_pieces_are_read_like_short_ones(monkeypatch):
    texts = [SAMPLE[:3_000], "a" * 2_000, "aab" * 700, POEMS[:1_500].replace("\n", "")]
    tokenizer = BPE.train([*texts, "aaaaaaaa"], 200, split=False)
    one_by_one = [tokenizer.encode(text) for text in texts]
    monkeypatch.setattr(tokenizers, "_LONG", 100)
    assert one_by_one == [tokenizer.encode(text) for text in texts]


def test_the_work_does_not_grow_with_the_square_of_a_piece():
    text = POEMS.replace("\n", "").replace("，", "").replace("。", "")[:8_000]
    tokenizer, seconds = BPE.train(POEMS, 500), {}
    for n in (20, 400, 4_000):
        pieces = [text[i : i + n].encode() for i in range(0, len(text), n)]
        tries = []
        for _ in range(3):
            began = time.process_time()
            for piece in pieces:
                tokenizer._piece(piece)
            tries.append(time.process_time() - began)
        seconds[n] = min(tries)
    assert max(seconds.values()) < 3 * seconds[20]


def test_no_merge_crosses_a_cut_between_words():
    text = "the cat, the cat, the cat"
    words, whole = BPE.train(text, 30), BPE.train(text, 30, split=False)
    cut = [words.decode([i]) for i in words.encode(text)]
    assert cut == ["the", " cat", ",", " the", " cat", ",", " the", " cat"]
    assert whole.encode(text) == [whole.vocab_size - 1]


def test_training_stops_when_no_pair_is_left():
    assert BPE.train("ab", 10).merges == [(97, 98)]
    assert BPE.train("", 10).merges == BPE.train(["a", "b"], 10).merges == []
    assert BPE.train("abab", 0).vocab_size == 256


def test_a_text_is_one_text_and_many_are_many():
    assert BPE.train(["abc"], 5).merges == BPE.train("abc", 5).merges
    assert BPE.train(iter(["ab", "ab"]), 5, split=False).merges == [(97, 98)]


def test_remembered_words_do_not_pile_up_without_end():
    tokenizer = BPE.train("abc", 5)
    tokenizer._known.update({f"{i}!": [0] for i in range(100_001)})
    tokenizer.encode("abc abc")
    assert len(tokenizer._known) == 2


# -- the same as Hugging Face's tokenizers ---------------------------------------------


def hugging_face(texts, n_merges, split):
    """Return Hugging Face's byte-level BPE, trained on the same settings."""
    from tokenizers import Regex, models, pre_tokenizers, trainers
    from tokenizers import Tokenizer as Theirs

    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    cut = pre_tokenizers.Split(Regex(GPT4_PATTERN), "isolated")
    theirs = Theirs(models.BPE())
    theirs.pre_tokenizer = pre_tokenizers.Sequence([cut, level] if split else [level])
    trainer = trainers.BpeTrainer(
        vocab_size=256 + n_merges,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    theirs.train_from_iterator(texts, trainer)
    return theirs


def their_merges(theirs):
    """Return their merges as pairs of bytes; they write each byte as a character."""
    byte = {}
    for i, b in enumerate(GPT2_ORDER):
        byte[theirs.id_to_token(i)] = b
    merges = json.loads(theirs.to_str())["model"]["merges"]
    return [tuple(bytes(byte[c] for c in side) for side in pair) for pair in merges]


def our_merges(ours):
    return [tuple(ours.vocabulary[i] for i in pair) for pair in ours.merges]


def our_ids(theirs, text):
    """Return their ids of `text`, with the first 256 named as ours."""
    ids = theirs.encode(text).ids
    return [GPT2_ORDER[i] if i < 256 else i for i in ids]


@settings(deadline=None)
@given(texts=st.lists(tied_text, min_size=1, max_size=6), split=st.booleans())
def test_merges_and_ids_are_theirs_where_many_pairs_tie(texts, split):
    ours = BPE.train(texts, 25, split=split)
    theirs = hugging_face(texts, 25, split)
    assert our_merges(ours) == their_merges(theirs)
    for text in texts:
        assert ours.encode(text) == our_ids(theirs, text)


@settings(deadline=None)
@given(texts=st.lists(any_text, min_size=1, max_size=4), split=st.booleans())
def test_merges_and_ids_are_theirs_on_any_text(texts, split):
    assigned = [
        "".join(c for c in text if unicodedata.category(c) != "Cn") for text in texts
    ]
    ours = BPE.train(assigned, 25, split=split)
    theirs = hugging_face(assigned, 25, split)
    assert our_merges(ours) == their_merges(theirs)
    for text in assigned:
        assert ours.encode(text) == our_ids(theirs, text)


@pytest.mark.parametrize("split", [True, False], ids=["words", "lines"])
@pytest.mark.parametrize("text", [PLAYS[:200_000], POEMS], ids=["plays", "poems"])
def test_merges_and_ids_are_theirs_on_the_data(text, split):
    lines = text.splitlines(keepends=True)
    ours, theirs = BPE.train(lines, 500, split=split), hugging_face(lines, 500, split)
    assert our_merges(ours) == their_merges(theirs)
    assert ours.encode(text) == our_ids(theirs, text)


# -- cutting into words ----------------------------------------------------------------


@settings(deadline=None)
@given(text=st.text("aZé月1²Ⅷ\U0001f100_.'\n\r \t\u3000\x1c\x85sſLl𝐀", max_size=40))
def test_words_are_those_that_hugging_face_cuts(text):
    from tokenizers import Regex, pre_tokenizers

    theirs = pre_tokenizers.Split(Regex(GPT4_PATTERN), "isolated")
    words = tokenizers.split_words(text)
    assert words == [word for word, _ in theirs.pre_tokenize_str(text)]
    assert "".join(words) == text


def test_the_ends_of_english_words_are_cut_off():
    text = "I'm she'll THEY'VE you're don't o'er"
    assert tokenizers.split_words(text) == [
        "I", "'m", " she", "'ll", " THEY", "'VE", " you", "'re", " don", "'t", " o",
        "'er"]


# -- special tokens --------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda special: Characters("abc", special),
        Bytes,
        lambda special: BPE.train("abc abc", 4, special),
        lambda special: BPE.train("abc abc", 4, special, split=False),
    ],
    ids=["characters", "bytes", "words", "whole"],
)
def test_special_tokens_have_the_last_ids_and_are_read_only_on_request(make):
    plain, marked = make([]), make(["<a>", "<a>b", "c|"])
    n = plain.vocab_size
    assert marked.special == {"<a>": n, "<a>b": n + 1, "c|": n + 2}
    assert marked.vocab_size == n + 3
    text = "ab<a>bc|<a>cab"
    ids = marked.encode(text, special=True)
    assert ids == [*plain.encode("ab"), n + 1, n + 2, n, *plain.encode("cab")]
    assert marked.decode(ids) == text
    assert marked.encode("abc") == plain.encode("abc")
    assert marked.encode("", special=True) == []
    assert plain.encode("abc", special=True) == plain.encode("abc")
    if not isinstance(plain, Characters):
        assert max(marked.encode(text)) < n
        assert marked.decode(marked.encode(text)) == text


# -- files -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tokenizer",
    [
        Characters("月光\n\"\\é", ["<end>", "<|月|>"]),
        Bytes(["<end>"]),
        BPE.train(POEMS[:2_000], 40, ["<end>"]),
        BPE.train(POEMS[:2_000], 40, split=False),
    ],
    ids=lambda tokenizer: type(tokenizer).__name__,
)
def test_a_saved_tokenizer_reads_the_same(tokenizer, tmp_path):
    tokenizer.save(tmp_path / "tokenizer.json")
    again = Tokenizer.load(tmp_path / "tokenizer.json")
    assert type(again) is type(tokenizer)
    assert vars(again) == vars(tokenizer)
    text = "月光\né"
    assert again.encode(text) == tokenizer.encode(text)


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"\xff",
        b"[]",
        b"{}",
        b'{"kind": "GPT", "special": []}',
        b'{"kind": "Bytes", "special": "<end>"}',
        b'{"kind": "BPE", "special": [], "split": true}',
        b'{"kind": "BPE", "special": [], "split": true, "merges": [[97, 256]]}',
        b'{"kind": "BPE", "special": [], "split": true, "merges": [["a", "b"]]}',
        b'{"kind": "BPE", "special": [], "split": true, "merges": [[97.0, 98]]}',
        b'{"kind": "Characters", "special": [], "text": ""}',
        b'{"kind": "Characters", "special": [], "text": 7}',
    ],
)
def test_a_file_that_is_no_tokenizer_is_named(content, tmp_path):
    file = tmp_path / "other.json"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="a tokenizer that lmlab saved.*other.json"):
        Tokenizer.load(file)


# -- wrong input -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: Bytes().decode([72, 256]), "ids must be 0 to 255: got 256"),
        (lambda: Bytes().decode([-1]), "ids must be 0 to 255: got -1"),
        (lambda: Characters("ab").encode("abd"), "2 characters .* got 'd' .U.0064"),
        (lambda: Characters(""), "text must hold at least one character"),
        (lambda: BPE.train("ab", -1), "n_merges must be 0 to 130816: got -1"),
        (lambda: BPE([(97, 256)]), r"merges\[0\] must glue .* 0 to 255: got \(97, 256"),
        (lambda: BPE([(-1, 97)]), r"merges\[0\] must glue .* got \(-1, 97\)"),
        (lambda: BPE([(97, 98)] * 2), r"merges must be different: got \(97, 98\)"),
        (lambda: BPE([(0, 0)] * (MOST_MERGES + 1)), "merges must be 130816 at most"),
        (lambda: Bytes(["a", "a"]), "special must be different strings"),
        (lambda: Bytes([""]), "none of them empty"),
    ],
)
def test_wrong_values_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: Bytes().encode(b"ab"), "text must be a string: got bytes"),
        (lambda: BPE.train([1, 2], 3), "texts must be a string: got int"),
        (lambda: Bytes("<end>"), "special must be a list of strings: got '<end>'"),
        (lambda: Bytes([None]), "special must be a string: got NoneType"),
        (lambda: Bytes().decode([1.5]), "float"),
    ],
)
def test_wrong_types_are_named(call, words):
    with pytest.raises(TypeError, match=words):
        call()


def test_a_text_too_long_for_the_places_is_refused(monkeypatch):
    monkeypatch.setattr("lmlab.text.merging.PLACE_BITS", 10)
    with pytest.raises(ValueError, match="less than 1024 bytes .* got 2001"):
        BPE.train("a" * 2_000, 1, split=False)


def test_importing_needs_no_torch_and_lmlab_alone_needs_neither_it_nor_regex():
    for module, wanted in (("lmlab", "set()"), ("lmlab.text.tokenizers", "{'regex'}")):
        code = f"import sys, {module}; print({{'torch', 'regex'}} & set(sys.modules))"
        done = subprocess.run([sys.executable, "-c", code],
                              capture_output=True, text=True)
        assert done.stdout.strip() == wanted
