"""Answers to 07_tokens: wrong ones that the checks do not know; right ones."""

import re
from collections import Counter
from itertools import pairwise

import numpy as np


def starts_of_decoded(data):
    return list(range(len(bytes(data).decode(errors="replace"))))


def starts_in_bits(data):
    return [i for i in range(len(data)) if not f"{data[i]:08b}".startswith("10")]


def starts_with_numpy(data):
    data = np.array(data, dtype=int)
    return np.flatnonzero((data < 128) | (data > 191)).tolist()


def pair_by_loop(ids):
    counts, best = {}, None
    for pair in pairwise(ids):
        counts[pair] = counts.get(pair, 0) + 1
    for pair, n in counts.items():
        if best is None or n > counts[best]:
            best = pair
    return best


def pair_by_list_count(ids):
    pairs = list(zip(ids, ids[1:], strict=False))
    counts = Counter(pairs)
    return max(pairs, key=lambda pair: counts[pair])


def pair_first_to_reach_the_most(ids):
    counts, best = Counter(), (ids[0], ids[1])
    for pair in pairwise(ids):
        counts[pair] += 1
        if counts[pair] > counts[best]:
            best = pair
    return best


def merge_by_while(ids, pair, new):
    merged, i = [], 0
    while i < len(ids):
        if tuple(ids[i:i + 2]) == pair:
            merged.append(new)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


def merge_recursively_from_a_copy(ids, pair, new):
    ids, i = list(ids), 0
    while i < len(ids) - 1:
        if (ids[i], ids[i + 1]) == pair:
            ids[i:i + 2] = [new]
        i += 1
    return ids


def merge_in_place(ids, pair, new):
    i = 0
    while i < len(ids) - 1:
        if (ids[i], ids[i + 1]) == pair:
            ids[i:i + 2] = [new]
        i += 1
    return ids


def merge_past_the_end(ids, pair, new):
    merged, i = [], 0
    while i < len(ids):
        if (ids[i], ids[i + 1]) == pair:
            merged.append(new)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


def merge_and_walk_on(ids, pair, new):
    """Counts places in a list that grows shorter under way."""
    ids = list(ids)
    for i in range(len(ids) - 1):
        if (ids[i], ids[i + 1]) == pair:
            ids[i:i + 2] = [new]
    return ids


def merge_all_at_once(ids, pair, new):
    """In a run the pairs overlap, and each takes part in two."""
    ids = np.array(ids, dtype=int)
    hits = np.flatnonzero((ids[:-1] == pair[0]) & (ids[1:] == pair[1]))
    ids[hits] = new
    return np.delete(ids, hits + 1).tolist()


def train_by_for(ids, n_merges):
    merges = []
    for i in range(n_merges):
        if len(ids) < 2:
            break
        pair = pair_by_loop(ids)
        ids = merge_by_while(ids, pair, 256 + i)
        merges.append(pair)
    return merges


def train_with_dict(ids, n_merges):
    number = {}
    while len(number) < n_merges and len(ids) >= 2:
        pair = pair_by_list_count(ids)
        number[pair] = 256 + len(number)
        ids = merge_by_while(ids, pair, number[pair])
    return list(number)


def train_asks_for_a_pair_too_many(ids, n_merges):
    merges = []
    for i in range(n_merges):
        pair = Counter(pairwise(ids)).most_common(1)[0][0]
        ids = merge_by_while(ids, pair, 256 + i)
        merges.append(pair)
    return merges


def train_remembers(ids, n_merges, merges=[]):  # noqa: B006
    while len(merges) < n_merges and len(ids) > 1:
        pair = pair_by_loop(ids)
        ids = merge_by_while(ids, pair, 256 + len(merges))
        merges.append(pair)
    return list(merges)


def train_with_ids(ids, n_merges):
    return list(zip(train_by_for(ids, n_merges), range(256, 256 + n_merges),
                    strict=False))


def train_in_bytes(ids, n_merges):
    spelt = {i: [i] for i in range(256)}
    merges = train_by_for(ids, n_merges)
    for i, (left, right) in enumerate(merges, 256):
        spelt[i] = spelt[left] + spelt[right]
    return [spelt[i] for i in range(256, 256 + len(merges))]


def encode_lowest_first(ids, merges):
    number = {pair: 256 + i for i, pair in enumerate(merges)}
    while True:
        there = [pair for pair in pairwise(ids) if pair in number]
        if not there:
            return list(ids)
        pair = min(there, key=number.get)
        ids = merge_by_while(ids, pair, number[pair])


def encode_in_place(ids, merges):
    for i, pair in enumerate(merges):
        merge_in_place(ids, pair, 256 + i)
    return ids


def encode_from_the_right(ids, merges):
    for i, (left, right) in enumerate(merges):
        ids = merge_by_while(ids[::-1], (right, left), 256 + i)[::-1]
    return ids


def encode_sorted(ids, merges):
    for i, pair in sorted(enumerate(merges), key=lambda item: item[1]):
        ids = merge_by_while(ids, pair, 256 + i)
    return list(ids)


def tokens(text, merges):
    return encode_lowest_first(list(text.encode()), merges)


def learn(book, n_merges):
    return train_by_for(list(book.encode()), n_merges)


def tax_by_steps(sentence, translation, book, n_merges):
    merges = learn(book, n_merges)
    ours, theirs = tokens(sentence, merges), tokens(translation, merges)
    return len(ours) / len(theirs)


def tax_in_one_go(sentence, translation, book, n_merges):
    merges = learn(book, n_merges)
    counts = np.array([len(tokens(t, merges)) for t in (sentence, translation)])
    return counts[0] / counts[1]


def tax_of_kinds(sentence, translation, book, n_merges):
    merges = learn(book, n_merges)
    return len(set(tokens(sentence, merges))) / len(set(tokens(translation, merges)))


WRONG = {
    "starts": [
        (starts_of_decoded, "returned [0, 1, 2, 3]"),
        (lambda data: len(starts_in_bits(data)), "expected a list"),
        (lambda data: np.flatnonzero(np.array(data) < 128).tolist()[:1], "returned"),
        (lambda data: [], "returned []      expected [0, 1]"),
    ],
    "most_frequent_pair": [
        (pair_first_to_reach_the_most, "Right on the case before"),
        (lambda ids: list(pairwise(ids)), "returned [(1, 2), (2, 3)"),
        (lambda ids: Counter(pairwise(ids)).most_common(1)[0], "of type tuple at [0]"),
        (lambda ids: (ids[-2], ids[-1]), "expected"),
    ],
    "merge": [
        (merge_in_place, "changed its argument ids"),
        (merge_past_the_end, "stopped with IndexError"),
        (merge_and_walk_on, "stopped with IndexError"),
        (merge_all_at_once, "returned [9]      expected [9, 1]"),
        (lambda ids, pair, new: [new], "returned [9]      expected [9, 3, 9]"),
    ],
    "train": [
        (train_asks_for_a_pair_too_many, "stopped with IndexError"),
        (train_remembers, "Called again, it answers otherwise"),
        (train_with_ids, "of type tuple at [0]"),
        (train_in_bytes, "returned [[1, 2], [1, 2, 3]]"),
        (lambda ids, n_merges: [], "returned []"),
    ],
    "encode": [
        (encode_in_place, "changed its argument ids"),
        (encode_from_the_right, "expected"),
        (encode_sorted, "returned [257, 3]"),
    ],
    "tax": [
        (tax_of_kinds, "expected"),
        (lambda *given: 100 * tax_by_steps(*given), "returned 75      expected 0.75"),
        (lambda *given: f"{tax_by_steps(*given):.2f}", "expected"),
    ],
}

RIGHT = {
    "starts": [starts_in_bits, starts_with_numpy,
               lambda data: [m.start() for m in re.finditer(
                   rb"[^\x80-\xbf]", bytes(data))]],
    "most_frequent_pair": [pair_by_loop, pair_by_list_count,
                           lambda ids: Counter(pairwise(ids)).most_common(1)[0][0]],
    "merge": [merge_by_while, merge_recursively_from_a_copy],
    "train": [train_by_for, train_with_dict],
    "encode": [encode_lowest_first,
               lambda ids, merges: encode_in_place(list(ids), merges)],
    "tax": [tax_by_steps, tax_in_one_go],
}
