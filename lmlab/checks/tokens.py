"""Checks of exercise 07: starts of characters, pairs, merges, training, encoding, tax.

Each task is compared with slow loops, on cases from a pencil's size to a few thousand
bytes. How a check is written: see `lmlab.checks.core`.
"""

from collections import Counter

import numpy as np

from lmlab.checks.core import Case, Check, fail

rng = np.random.default_rng(0)
POEM = "床前明月光疑是地上霜举头望明月低头思故乡"
WITCHES = "double double toil and trouble"
HEN = "the hen then heard her heathen hen"


def data(text: str) -> list[int]:
    return list(text.encode())


def drawn(kinds: int, n: int) -> list[int]:
    return rng.integers(0, kinds, n).tolist()


# 1. Where does a character begin?

def places(begins, first=0):
    """`starts`, or a mistake: which bytes begin a character."""
    return lambda ids: [i for i, byte in enumerate(ids, first) if begins(byte)]


def by_length(ids, far=(2, 3, 4)):
    """Jump by what a first byte says: how long are those above 127?"""
    found, i = [], 0
    while i < len(ids):
        found.append(i)
        byte = ids[i]
        i += 1 if byte < 128 else far[(byte >= 224) + (byte >= 240)]
    return found


def decoded(ids, errors="strict"):
    sizes = [len(character.encode()) for character in bytes(ids).decode(errors=errors)]
    return [sum(sizes[:i]) for i in range(len(sizes))]


starts = Check(
    "starts",
    cases=[
        Case([97, 230, 156, 136], label="a月"),
        Case([97, 98], label="ab"),
        Case([230, 156, 136, 97, 195, 169, 98], label="月aéb"),
        Case([136, 97], label="cut in a character"),
        Case([97, 230, 156], label="cut in a character"),
        Case([127, 128, 191, 192, 255], label="on the borders"),
        Case([], label="no bytes"),
        Case(data(POEM)),
        Case(data("naïve 月 \U0001f600 e")),
        *(Case(drawn(256, n)) for n in (10, 1000)),
    ],
    reference=places(lambda byte: not 128 <= byte < 192),
    mistakes={
        places(lambda byte: byte >= 192):
            "An English letter is one byte below 128: does it begin a character?",
        places(lambda byte: byte < 128):
            "The three bytes of 月 are all above 127: does none begin a character?",
        places(lambda byte: 128 <= byte < 192):
            "Those are the bytes that go on. Which are wanted?",
        places(lambda byte: not 128 <= byte < 192, first=1):
            "From which number are places counted?",
        places(lambda byte: not 128 <= byte <= 192):
            "192 is 11000000 in binary: does it begin with the bits 10?",
        places(lambda byte: not 128 < byte < 192):
            "128 is 10000000 in binary: does it begin with the bits 10?",
        places(lambda byte: not 128 <= byte < 191):
            "191 is 10111111 in binary: does it begin with the bits 10?",
        lambda ids: [byte for byte in ids if not 128 <= byte < 192]:
            "Those are the bytes themselves. At which places do they stand?",
        lambda ids: [not 128 <= byte < 192 for byte in ids]:
            "One answer for each byte: which places have True?",
        lambda ids: list(range(0, len(ids), 3)):
            "That is right where each character has three bytes. Have all?",
        lambda ids: [
            i for i, byte in enumerate(ids) if i == 0 or not 128 <= byte < 192
        ]: "The bytes may be cut: is the first always the first of a character?",
        by_length: "That jumps from place 0. In a cut text, is a first byte there?",
        lambda ids: by_length(ids, far=(3, 3, 3)):
            "Has every character above 127 three bytes? é is 195, 169.",
        decoded: "The bytes may be cut: can half a character be decoded?",
        lambda ids: decoded(ids, errors="replace"):
            "\ufffd itself takes three bytes. How many had what it stands for?",
        places(lambda byte: not bin(byte)[2:].startswith("10")):
            "bin(66) is 0b1000010, seven bits: which is the first of its eight?",
        lambda ids: [ids.index(byte) for byte in ids if not 128 <= byte < 192]:
            "`index` finds the first byte of that value: was it this one?",
    },
    right="11 texts (one to four bytes a character, cut ones, borders)",
)


# 2. The most frequent pair

def count_pairs(ids) -> dict[tuple[int, int], int]:
    counts: dict[tuple[int, int], int] = {}
    for i in range(len(ids) - 1):
        pair = ids[i], ids[i + 1]
        counts[pair] = counts.get(pair, 0) + 1
    return counts


def first_of_best(ids) -> tuple[int, int]:
    counts = count_pairs(ids)
    most = max(counts.values())
    return next(pair for pair in counts if counts[pair] == most)


def last_of_best(ids) -> tuple[int, int]:
    counts = count_pairs(ids)
    return max(reversed(counts), key=counts.get)


def apart(ids) -> tuple[int, int]:
    """Count a run once: of [5, 5, 5] one pair."""
    counts: Counter = Counter()
    previous = None
    for pair in zip(ids, ids[1:], strict=False):
        again = pair == previous and pair[0] == pair[1]
        counts[pair] += not again
        previous = None if again else pair
    return max(counts, key=counts.get)


def is_a_tuple(call):
    pair = call([1, 2, 3, 1, 2])
    if not isinstance(pair, tuple):
        fail("most_frequent_pair([1, 2, 3, 1, 2])", pair, (1, 2),
             "A list equals no tuple, and is no key of a dict: what is asked for?")


most_frequent_pair = Check(
    "most_frequent_pair",
    cases=[
        Case([1, 2, 3, 1, 2]),
        Case([7, 3], label="two ids"),
        Case([2, 1, 3, 1, 3], label="not the first pair"),
        Case([3, 4, 1, 2, 3, 4, 1, 2, 9], label="two pairs tie"),
        Case([1, 2, 3, 4, 3, 4, 1, 2], label="two pairs tie"),
        Case([1, 2, 1, 2, 5, 5, 5, 5], label="a run"),
        Case([4, 1, 2, 0, 2, 1, 0, 1, 2]),
        Case([0, 300, 2, 300, 2]),
        Case([8, 6, 4], label="all occur once"),
        Case(data(WITCHES)),
        *(Case(drawn(kinds, n)) for kinds, n in ((2, 9), (3, 30), (4, 300), (9, 99))),
        Case(drawn(20, 1000), label="1,000 ids"),
    ],
    reference=first_of_best,
    mistakes={
        lambda ids: max(
            (c := Counter(zip(ids[::2], ids[1::2], strict=False))), key=c.get
        ): "How many neighbours has each id, and did you count both pairs?",
        last_of_best: "Two pairs occur as often: which comes first in ids?",
        lambda ids: max((c := count_pairs(ids)), key=lambda p: (c[p], -p[0], -p[1])):
            "Of equals: the one with the smallest ids, or the first in ids?",
        lambda ids: max((c := count_pairs(ids)), key=lambda p: (c[p], p)):
            "Of equals: the one with the largest ids, or the first in ids?",
        lambda ids: min((c := count_pairs(ids)), key=c.get):
            "That pair is the rarest. Which end of the counts is wanted?",
        apart: "In [5, 5, 5], to how many pairs does the middle 5 belong?",
        lambda ids: max(count_pairs(ids).values()):
            "That is how often it occurs. Which pair is it?",
        lambda ids: max(count_pairs(ids)):
            "That is the largest of the pairs. What should max compare?",
        lambda ids: tuple(i for i, _ in (Counter(ids).most_common(2) * 2)[:2]):
            "Those are the two most frequent ids. Do they stand side by side?",
        lambda ids: max(
            (c := Counter(tuple(sorted(p)) for p in zip(ids, ids[1:], strict=False))),
            key=c.get): "Is (2, 1) the same pair as (1, 2)?",
        lambda ids: (ids[0], ids[1]): "That is the first pair. Which is most frequent?",
        lambda ids: max((c := count_pairs(ids[:-1])), key=c.get):
            "Is the last pair of ids counted?",
        lambda ids: list(first_of_best(ids)):
            "A list equals no tuple, and is no key of a dict: what is asked for?",
    },
    properties=[is_a_tuple],
    right="15 sequences (ties, runs of one id, two ids, 1,000 ids)",
)


# 3. Merge

def glued(ids, pair, new, step=2, start=0) -> list[int]:
    """`merge`, or a mistake: how far to go on after gluing, where to begin."""
    merged, i = list(ids[:start]), start
    while i < len(ids):
        if i + 1 < len(ids) and (ids[i], ids[i + 1]) == tuple(pair):
            merged.append(new)
            i += step
        else:
            merged.append(ids[i])
            i += 1
    return merged


def from_the_right(ids, pair, new) -> list[int]:
    return glued(ids[::-1], tuple(pair[::-1]), new)[::-1]


def only_first(ids, pair, new) -> list[int]:
    for i in range(len(ids) - 1):
        if (ids[i], ids[i + 1]) == pair:
            return [*ids[:i], new, *ids[i + 2:]]
    return list(ids)


def without_last(ids, pair, new) -> list[int]:
    """Loop to the last but one: an id that stands alone at the end is lost."""
    merged, i = [], 0
    while i < len(ids) - 1:
        both = (ids[i], ids[i + 1]) == pair
        merged.append(new if both else ids[i])
        i += 2 if both else 1
    return merged


def last_again(ids, pair, new) -> list[int]:
    """Loop to the last but one, and then write the last id in any case."""
    return without_last(ids, pair, new) + list(ids[-1:])


def nothing_skipped(ids, pair, new) -> list[int]:
    return [new if p == pair else p[0] for p in zip(ids, ids[1:], strict=False)]


def two_by_two(ids, pair, new) -> list[int]:
    merged = []
    for i in range(0, len(ids), 2):
        both = tuple(ids[i:i + 2])
        merged += [new] if both == pair else both
    return merged


def as_text(ids, pair, new) -> list[int]:
    text = " ".join(map(str, ids)).replace(f"{pair[0]} {pair[1]}", str(new))
    return [int(i) for i in text.split()]


merge = Check(
    "merge",
    cases=[
        Case([1, 2, 3, 1, 2], (1, 2), 9),
        Case([1, 2], (1, 2), 9),
        Case([3, 1, 2, 4], (1, 2), 9),
        Case([1, 1, 1], (1, 1), 9, label="a run"),
        Case([1, 1, 1, 1, 1, 2, 1, 1], (1, 1), 9, label="runs"),
        Case([2, 1, 2, 1], (1, 2), 9),
        Case([1, 2, 1], (1, 2), 9, label="half a pair at the end"),
        Case([4, 5], (5, 4), 9, label="the pair is not there"),
        Case([21, 23, 1, 22], (1, 2), 9, label="the pair is not there"),
        Case([7], (7, 7), 9, label="one id"),
        Case([], (1, 2), 9, label="no ids"),
        Case(data(WITCHES), (111, 117), 256),
        *(Case(drawn(kinds, n), (0, 1), 256)
          for kinds, n in ((2, 20), (3, 100), (2, 3000))),
        Case(drawn(2, 3000), (0, 0), 300, label="3,000 ids, many runs"),
    ],
    reference=glued,
    mistakes={
        lambda ids, pair, new: glued(ids, pair, new, step=1):
            "Where the pair was glued, is its second id still there?",
        from_the_right: "From which end are the pairs of a run taken?",
        only_first: "The pair stands there more than once: are all glued?",
        without_last: "What becomes of the last id, if it has no right neighbour?",
        last_again: "The last id: had a pair used it up already?",
        nothing_skipped: "The second id of a glued pair is still there; and the last?",
        two_by_two: "A pair may begin at the second id: do you look there?",
        lambda ids, pair, new: [new if i in pair else i for i in ids]:
            "An id of the pair that stands alone: should it change?",
        lambda ids, pair, new: [
            i for i in glued(ids, pair, new) if i not in pair
        ]: "Ids of the pair that stand alone are gone: should they be?",
        lambda ids, pair, new: glued(glued(ids, pair, new), pair[::-1], new):
            "Is (2, 1) the same pair as (1, 2)?",
        lambda ids, pair, new: glued(ids, pair, list(pair)):
            "The pair became a list in the list. What is to stand in its place?",
        lambda ids, pair, new: glued(ids, pair, sum(pair)):
            "Which number is to stand in the place of the pair?",
        lambda ids, pair, new: glued(ids, pair, new, step=3):
            "How many ids does a pair use up?",
        as_text: "As text, 21 23 holds 1 2: does the pair stand there?",
        lambda ids, pair, new: list(ids):
            "Nothing was glued: does what you compare ever equal the pair?",
    },
    right="16 sequences (runs, half pairs, an empty one, 3,000 ids)",
)


# 4. Train

def learned(ids, n_merges, number=lambda i: 256 + i, best=first_of_best,
            going=lambda ids: len(ids) > 1):
    """`train`, or a mistake: how ids are numbered, which pair, when to stop."""
    merges = []
    while len(merges) < n_merges and going(ids):
        pair = best(ids)
        ids = glued(ids, pair, number(len(merges)))
        merges.append(pair)
    return merges


def once_more(ids, n_merges):
    counts = count_pairs(ids)
    return sorted(counts, key=lambda pair: -counts[pair])[:n_merges]


def never_glued(ids, n_merges):
    return [first_of_best(ids)] * n_merges if len(ids) > 1 else []


def above_the_largest(ids, n_merges):
    """Number from the ids that are there: of small ones, 4 follows 3."""
    merges = []
    while len(merges) < n_merges and len(ids) > 1:
        merges.append(first_of_best(ids))
        ids = glued(ids, merges[-1], max(ids) + 1)
    return merges


def one_round(ids, n_merges):
    """A `return` inside the loop; where there is no round, nothing comes back."""
    return learned(ids, 1) if n_merges and len(ids) > 1 else None


def occurs_twice(ids) -> bool:
    return len(ids) > 1 and max(count_pairs(ids).values()) > 1


train = Check(
    "train",
    cases=[
        Case([1, 2, 3, 1, 2, 3], 2),
        Case([1, 2, 1, 2, 3], 1),
        Case([1, 2, 3], 0, label="no merges"),
        Case([1, 1, 1, 1, 1, 1, 1, 1], 3),
        Case([4, 5, 6, 7], 2, label="no pair occurs twice"),
        Case([1, 2], 5, label="one id is left"),
        Case([7], 3, label="one id from the start"),
        Case([], 2, label="no ids"),
        Case(data(WITCHES), 6),
        Case(data(POEM), 20),
        *(Case(drawn(kinds, n), m) for kinds, n, m in
          ((2, 40, 10), (4, 200, 15), (8, 1000, 30))),
    ],
    reference=learned,
    mistakes={
        once_more: "After a merge, which pairs are there? Are they counted anew?",
        never_glued: "Does the second round see what the first has glued?",
        lambda ids, n: learned(ids, n, number=lambda i: 257 + i):
            "Which id does the very first merge make?",
        lambda ids, n: learned(ids, n, number=lambda i: 255 + i):
            "Which id does the very first merge make? 255 is a byte.",
        lambda ids, n: learned(ids, n, number=lambda i: 1000 + i):
            "The new id is 256 plus the number of merges before: what is yours?",
        above_the_largest:
            "256 to begin with, whichever bytes there are: what is yours counted from?",
        one_round: "One pair came back. After which round does the function end?",
        lambda ids, n: learned(ids, n, number=lambda i: 256):
            "Do all merges make the same id?",
        lambda ids, n: learned(ids, n, number=lambda i: i):
            "Those numbers are bytes already. Which are free?",
        lambda ids, n: learned(ids, n - 1):
            "How many pairs are there, and how many were asked for?",
        lambda ids, n: learned(ids, len(ids)):
            "That glues to the end. How many pairs were asked for?",
        lambda ids, n: learned(ids, n + 1):
            "How many pairs are there, and how many were asked for?",
        lambda ids, n: learned(ids, n, going=occurs_twice):
            "A pair that occurs once may be glued, too: when is nothing left?",
        lambda ids, n: learned(ids, n, going=lambda ids: True):
            "Everything has become a single id: how many pairs does it hold?",
        lambda ids, n: learned(ids, n, best=last_of_best):
            "Of pairs that occur equally often, which comes first in the ids?",
        lambda ids, n: {pair: 256 + i for i, pair in enumerate(learned(ids, n))}:
            "The pairs in their order are enough: what does the docstring return?",
        lambda ids, n: [256 + i for i in range(len(learned(ids, n)))]:
            "Those are the new ids. Of which pairs are they made?",
        lambda ids, n: learned(ids, n)[::-1]:
            "Which pair was glued first, and where does it stand in the list?",
    },
    right="13 texts (nothing to glue, one id left, 1,000 bytes)",
)


# 5. Find the bug: encode

def in_order(ids, merges, first=256):
    for i, pair in enumerate(merges):
        ids = glued(ids, pair, first + i)
    return list(ids)


def whatever_fits(ids, merges, back=1):
    """The colleague's: whatever can be glued, from left to right."""
    number = {pair: 256 + i for i, pair in enumerate(merges)}
    ids, i = list(ids), 0
    while i < len(ids) - 1:
        if (ids[i], ids[i + 1]) in number:
            ids[i:i + 2] = [number[ids[i], ids[i + 1]]]
            i = max(i - back, 0)
        else:
            i += 1
    return ids


def longest_match(ids, merges):
    words = {(i,): i for i in range(256)}
    spelt = {i: (i,) for i in range(256)}
    for i, (left, right) in enumerate(merges, 256):
        spelt[i] = spelt[left] + spelt[right]
        words.setdefault(spelt[i], i)
    tokens, at, far = [], 0, max(map(len, words))
    while at < len(ids):
        n = next(n for n in range(far, 0, -1) if tuple(ids[at:at + n]) in words
                 and at + n <= len(ids))
        tokens.append(words[tuple(ids[at:at + n])])
        at += n
    return tokens


def last_first(ids, merges):
    for i in reversed(range(len(merges))):
        ids = glued(ids, merges[i], 256 + i)
    return list(ids)


def last_until_done(ids, merges):
    """The latest merge that fits, again and again."""
    while True:
        there = count_pairs(ids)
        fits = [i for i, pair in enumerate(merges) if pair in there]
        if not fits:
            return list(ids)
        ids = glued(ids, merges[fits[-1]], 256 + fits[-1])


def one_walk(ids, merges):
    """From left to right once; what was glued is not looked at again."""
    number = {pair: 256 + i for i, pair in enumerate(merges)}
    tokens, i = [], 0
    while i < len(ids):
        pair = tuple(ids[i:i + 2])
        tokens.append(number.get(pair, ids[i]))
        i += 2 if pair in number else 1
    return tokens


def most_frequent_first(ids, merges):
    """Trains anew on the new text, with the pairs that are allowed."""
    while True:
        there = {p: n for p, n in count_pairs(ids).items() if p in merges}
        if not there:
            return list(ids)
        pair = max(there, key=there.get)
        ids = glued(ids, pair, 256 + merges.index(pair))


def while_the_best_is_known(ids, merges):
    """Trains on the new text, until its best pair is none of the merges."""
    while len(ids) > 1 and (pair := first_of_best(ids)) in merges:
        ids = glued(ids, pair, 256 + merges.index(pair))
    return list(ids)


def all_256(ids, merges):
    for pair in merges:
        ids = glued(ids, pair, 256)
    return list(ids)


books = [learned(data(HEN), 8), learned(data(WITCHES), 6), learned(drawn(4, 500), 30),
         learned(data(POEM), 20), learned(drawn(3, 500), 40)]

encode = Check(
    "encode",
    cases=[
        Case([1, 2, 3], [(2, 3), (1, 2)]),
        Case([1, 2, 3, 1], [(1, 2)]),
        Case([1, 2, 3], [(1, 2), (256, 3)]),
        Case([1, 2, 3], [], label="no merges"),
        Case([], [(1, 2)], label="no ids"),
        Case([1, 2, 3, 4], [(2, 3), (1, 2), (3, 4), (1, 256)]),
        Case([3, 1, 2, 2], [(1, 2), (3, 1), (2, 2), (256, 2), (3, 258)]),
        Case([1, 2, 2, 3, 2, 3, 4, 1, 2, 3], [(2, 3), (1, 2)]),
        Case(data(HEN), books[0]),
        Case(data("heathen earth"), books[0]),
        Case(data("bubble and trout"), books[1]),
        Case(data("明月 and 故乡"), books[3]),
        *(Case(drawn(4, n), books[2]) for n in (9, 60, 2000)),
        *(Case(drawn(3, n), books[4]) for n in (20, 500)),
    ],
    reference=in_order,
    mistakes={
        whatever_fits:
            "That glues what fits first from the left. Which pair was learned first?",
        lambda ids, merges: whatever_fits(ids, merges, back=0):
            "That glues what fits first from the left. Which pair was learned first?",
        longest_match:
            "That takes the longest token. Did training look for long ones?",
        last_first: "Which merge comes first, that of 256 or the last one?",
        last_until_done: "That takes the latest merge that fits. Which was first?",
        one_walk: "A new id may be part of a later pair: is it looked at again?",
        most_frequent_first:
            "That glues the pair most frequent here. What decides: here, or training?",
        while_the_best_is_known:
            "That glues the pair most frequent here. What decides: here, or training?",
        lambda ids, merges: in_order(ids, merges[::-1]):
            "The merges were turned round: which is number 0?",
        all_256: "Do all merges make the same id?",
        lambda ids, merges: in_order(ids, merges, first=257):
            "Which id does the very first merge make?",
        lambda ids, merges: in_order(ids, merges, first=255):
            "Which id does the very first merge make? 255 is a byte.",
        lambda ids, merges: in_order(ids, merges, first=0):
            "Those numbers are bytes already. Which id does merge 0 make?",
        lambda ids, merges: in_order(ids, merges[:1]):
            "That is the text after one merge: does the loop go on to the next?",
        lambda ids, merges: glued(ids, merges[-1], 255 + len(merges))
            if merges else ids:
            "Each merge begins where the one before has ended: does yours?",
        lambda ids, merges: in_order(ids, learned(ids, len(merges))):
            "The merges are given. Were they learned anew from this text?",
        lambda ids, merges: list(ids):
            "Nothing was glued: is what `merge` returns kept?",
    },
    right="17 texts (pairs that compete, merges of merges, 2,000 bytes)",
)


# 6. Measure the tax

def cost(text: str, merges) -> int:
    return len(in_order(data(text), merges))


def ratio(sentence, translation, book, n_merges):
    merges = learned(data(book), n_merges)
    return cost(sentence, merges) / cost(translation, merges)


def of_all(texts):
    """A mistake: the merges are learned from other texts."""
    def measured(sentence, translation, book, n_merges):
        merges = learned(data(texts(sentence, translation, book)), n_merges)
        return cost(sentence, merges) / cost(translation, merges)
    return measured


def in_characters(sentence, translation, book, n_merges):
    merges = learned([*map(ord, book)], n_merges)
    costs = [len(in_order([*map(ord, text)], merges))
             for text in (sentence, translation)]
    return costs[0] / costs[1]


ENGLISH = "I look up at the bright moon and think of home"

tax = Check(
    "tax",
    cases=[
        Case("月", "moon", "some book", 0, label="no merges"),
        Case("moon", "月", "moon moon", 2),
        Case("月", "moon", "月月月", 1),
        Case("明月", "the moon", "the moon the tree", 6),
        Case("hen", "the hen", HEN, 4),
        Case("tree", "toil", WITCHES, 5),
        Case(POEM, ENGLISH, WITCHES, 12),
        Case(POEM, ENGLISH, POEM + HEN, 25),
    ],
    reference=ratio,
    mistakes={
        lambda *given: 1 / ratio(*given):
            "Which of the two stands above: the sentence, or its translation?",
        lambda sentence, translation, *_: len(sentence) / len(translation):
            "Those are characters. How many tokens do they cost?",
        lambda sentence, translation, *_: len(data(sentence)) / len(data(translation)):
            "Those are bytes: does what `encode` returns get counted?",
        lambda s, t, book, n: cost(s, m := learned(data(book), n)) - cost(t, m):
            "That is how many more. How many for each?",
        lambda s, t, book, n: cost(s, learned(data(book), n)):
            "That is what the sentence costs. And its translation?",
        lambda s, t, book, n: cost(s, m := learned(data(book), n)) // cost(t, m):
            "Is it rounded down? Which sign divides without that?",
        lambda s, t, book, n: cost(s, m := learned(data(book), n)) / (
            cost(s, m) + cost(t, m)):
            "That is the sentence's share of both. What is it divided by?",
        of_all(lambda sentence, translation, book: sentence + translation):
            "From which text are the merges to be learned?",
        of_all(lambda sentence, translation, book: book + sentence + translation):
            "Has the tokenizer seen the sentence? It may learn from the book alone.",
        lambda s, t, book, n: (cost(s, m := learned(data(book), n)) / len(s)) / (
            cost(t, m) / len(t)):
            "Tokens for each character, twice: should length be divided out?",
        lambda s, t, book, n: cost(s, learned(data(s), n)) / cost(
            t, learned(data(t), n)):
            "Each text had a tokenizer of its own. Which one do both share?",
        in_characters: "One for 月, four for moon: are those bytes, or characters?",
        lambda s, t, book, n: cost(s, learned(data(book), n)) / len(t):
            "Is the translation cut into tokens, too?",
        lambda *given: round(ratio(*given), 2):
            "Two digits are right. What became of the others?",
    },
    right="8 pairs of sentences (no merges, books in either language)",
)
