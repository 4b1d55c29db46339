"""Answers to 18_retrieval_and_agents: wrong ones the checks do not know; right ones."""

import json
import math
import re
from collections import Counter

import numpy as np


def held(texts):
    return Counter(word for text in texts for word in set(text))


def idf_by_counter(texts):
    return {word: math.log(len(texts) / n) for word, n in held(texts).items()}


def idf_by_difference(texts):
    known = sorted(held(texts))
    return {word: np.log(len(texts)) - np.log(sum(word in t for t in texts))
            for word in known}


def idf_of_the_first_text(texts):
    return {word: value for word, value in idf_by_counter(texts).items()
            if word in texts[0]}


def idf_of_letters(texts):
    return idf_by_counter(["".join(text) for text in texts])


def idf_rounded(texts):
    return {word: round(value, 2) for word, value in idf_by_counter(texts).items()}


def bm25_vectorised(question, texts, rarity, k=1.5, b=0.75):
    known = [word for word in question if word in rarity]
    c = np.array([[text.count(word) for word in known] for text in texts], float)
    c = c.reshape(len(texts), len(known))
    length = np.array([len(text) for text in texts])[:, None]
    part = c * (k + 1) / (c + k * (1 - b + b * length / length.mean()))
    return part @ np.array([rarity[word] for word in known])


def bm25_one_by_one(question, texts, rarity, k=1.5, b=0.75):
    mean, scores = sum(map(len, texts)) / len(texts), []
    for text in texts:
        score, said = 0.0, Counter(text)
        for word, times in Counter(question).items():
            c = said[word]
            part = c + k * (1 - b + b * len(text) / mean)
            score += times * rarity.get(word, 0.0) * c * (k + 1) / part
        scores.append(score)
    return np.array(scores)


def bm25_stops_at_unknown(question, texts, rarity, k=1.5, b=0.75):
    return bm25_vectorised([w for w in question if rarity[w] >= 0], texts, rarity, k, b)


def bm25_as_list(question, texts, rarity, k=1.5, b=0.75):
    return bm25_one_by_one(question, texts, rarity, k, b).tolist()


def bm25_best(question, texts, rarity, k=1.5, b=0.75):
    return int(bm25_one_by_one(question, texts, rarity, k, b).argmax())


def bm25_of_the_first_word(question, texts, rarity, k=1.5, b=0.75):
    return bm25_one_by_one(question[:1], texts, rarity, k, b)


def mrr_in_a_loop(scores, right):
    total = 0
    for row, i in zip(scores, right, strict=True):
        total += 1 / (1 + list(np.argsort(-row, kind="stable")).index(i))
    return total / len(right)


def mrr_by_counting(scores, right):
    mine = scores[np.arange(len(right)), right][:, None]
    earlier = np.arange(scores.shape[1]) < right[:, None]
    before = (scores > mine) | ((scores == mine) & earlier)
    return (1 / (1 + before.sum(axis=1))).mean()


def mrr_sorted_ascending(scores, right):
    order = np.argsort(scores, axis=1, kind="stable")[:, ::-1]
    return float((1 / (1 + (order == right[:, None]).argmax(axis=1))).mean())


def mrr_from_argsort_alone(scores, right):
    places = np.argsort(-scores, axis=1, kind="stable")
    return float((1 / (1 + places[np.arange(len(right)), right])).mean())


def chunks_with_a_loop(text, size, overlap):
    pieces, end = [], 0
    while end < len(text):
        start = max(0, end - overlap) if pieces else 0
        end = start + size
        pieces.append(text[start:end])
    return pieces


def chunks_that_stop_early(text, size, overlap):
    every = range(0, len(text), size - overlap)
    return [text[i:i + size] for i in every
            if i == 0 or i + overlap < len(text)]


def chunks_padded(text, size, overlap):
    return [c + [""] * (size - len(c)) for c in chunks_with_a_loop(text, size, overlap)]


def chunks_for_ever(text, size, overlap):
    pieces, start = [], 0
    while text[start:]:
        pieces.append(text[start:start + size])
        start += 0
        if len(pieces) > 9:
            return pieces
    return pieces


def signs_gone(text):
    return " ".join(re.findall("[a-z0-9]+", text.lower()))


def clean_with_a_set(logs, tests):
    held_out = {signs_gone(test) for test in tests}
    return [f"{q} {p}" if signs_gone(q) not in held_out else p for q, p in logs]


def clean_in_a_loop(logs, tests):
    texts = []
    for question, passage in logs:
        text = question + " " + passage
        for test in tests:
            if signs_gone(test) == signs_gone(question):
                text = passage
        texts.append(text)
    return texts


def clean_by_substring(logs, tests):
    asked = " ".join(map(signs_gone, tests))
    return [p if signs_gone(q) in asked else f"{q} {p}" for q, p in logs]


def clean_by_replacing(logs, tests):
    return [f"{q} {p}".replace(q, "").strip() if signs_gone(q) in
            map(signs_gone, tests) else f"{q} {p}" for q, p in logs]


def clean_with_a_space_left(logs, tests):
    return [("" if signs_gone(q) in map(signs_gone, tests) else q) + " " + p
            for q, p in logs]


def observed(text, tools, allowed):
    try:
        call = json.loads(text)
    except json.JSONDecodeError:
        return "error: not a call"
    match call:
        case {"tool": str(name), "input": str(given)}:
            pass
        case _:
            return "error: not a call"
    if name not in tools:
        return "error: no such tool"
    if name not in allowed:
        return "error: not allowed"
    try:
        return f"{tools[name](given)}"
    except Exception:
        return "error: the tool failed"


def agent_with_for(think, tools, allowed, budget):
    notes = []
    for _ in range(budget):
        text = think(notes)
        if text is None:
            return notes
        notes.append((text, observed(text, tools, allowed)))
    return notes


def agent_by_walrus(think, tools, allowed, budget):
    notes = []
    while budget > len(notes) and (text := think(notes)) is not None:
        notes.append((text, observed(text, tools, set(allowed))))
    return notes


def agent_that_runs_first(think, tools, allowed, budget):
    def all_run(text):
        seen = observed(text, tools, tools)
        fine = observed(text, {}, ()) == "error: no such tool"
        name = json.loads(text)["tool"] if fine else ""
        return "error: not allowed" if name in tools and name not in allowed else seen
    notes = []
    while len(notes) < budget and (text := think(notes)) is not None:
        notes.append((text, all_run(text)))
    return notes


def agent_that_ends_on_broken_text(think, tools, allowed, budget):
    notes = []
    for text, seen in agent_with_for(think, tools, allowed, budget):
        notes.append((text, seen))
        if seen == "error: not a call":
            break
    return notes


def agent_without_notes(think, tools, allowed, budget):
    notes = []
    while len(notes) < budget and (text := think([])) is not None:
        notes.append((text, observed(text, tools, allowed)))
    return notes


def agent_that_counts_none(think, tools, allowed, budget):
    notes = []
    for _ in range(budget):
        text = think(notes)
        notes.append((text, observed(text or "", tools, allowed)))
    return notes


def agent_that_names_the_failure(think, tools, allowed, budget):
    def loud(text):
        seen = observed(text, tools, allowed)
        return seen + "!" if seen == "error: the tool failed" else seen
    return [(text, loud(text))
            for text, _ in agent_with_for(think, tools, allowed, budget)]


WRONG = {
    "idf": [
        (idf_of_the_first_text, "no key"),
        (idf_of_letters, "returned"),
        (idf_rounded, "returned 0.69 at 'moon'      expected 0.6931 at 'moon'"),
        (lambda texts: [], "expected a dict"),
    ],
    "bm25": [
        (bm25_stops_at_unknown, "Which keys does it have"),
        (bm25_as_list, "expected a NumPy array"),
        (bm25_best, "expected"),
        (bm25_of_the_first_word, "Right on the case before"),
        (lambda question, texts, rarity, k=1.5, b=0.75: np.zeros(len(texts)),
         "returned [0, 0]      expected [0.6931, 0]"),
    ],
    "mean_reciprocal_rank": [
        (mrr_sorted_ascending, "(a tie): not yet"),
        (mrr_from_argsort_alone, "expected"),
        (lambda scores, right: 1 / (1 + mrr_by_counting(scores, right)), "expected"),
        (lambda scores, right: 0.5, "expected 0.3333"),
    ],
    "chunks": [
        (chunks_padded, "the last is shorter"),
        (chunks_for_ever, "length 10 instead of 2"),
        (lambda text, size, overlap: [text], "expected [['a', 'b', 'c']"),
    ],
    "clean_index": [
        (clean_by_substring, "expected"),
        (clean_by_replacing, "the passage asks it, too"),
        (clean_with_a_space_left, "returned [' Li Bai.'"),
        (lambda logs, tests: [p for _, p in logs][:1], "length 1 instead of 2"),
    ],
    "run_agent": [
        (agent_that_runs_first, "delete was run"),
        (agent_that_ends_on_broken_text, "no JSON, then a call"),
        (agent_without_notes, "expected"),
        (agent_that_counts_none, "length 5 instead of 1"),
        (agent_that_names_the_failure, "the tool failed!"),
        (lambda think, tools, allowed, budget: [], "length 0 instead of 1"),
    ],
}

RIGHT = {
    "idf": [idf_by_counter, idf_by_difference],
    "bm25": [bm25_vectorised, bm25_one_by_one],
    "mean_reciprocal_rank": [mrr_in_a_loop, mrr_by_counting],
    "chunks": [chunks_with_a_loop, chunks_that_stop_early],
    "clean_index": [clean_with_a_set, clean_in_a_loop],
    "run_agent": [agent_with_for, agent_by_walrus],
}
