"""Checks of exercise 10: masks, hiding, one block, top-p, the decoder, the coder.

Each task is compared with a plain loop, the smallest case first; chances are halves of
halves, so that every right way gives the same number. How a check is written: see
`lmlab.checks.core`.
"""

import numpy as np

from lmlab.checks.core import Case, Check

rng = np.random.default_rng(10)


# 1. Three masks

def mask_loop(family: str, n_source: int, n_target: int) -> np.ndarray:
    """(n, n), a pair of tokens at a time."""
    def sees(i, j):
        both = family == "encoder-decoder" and j < n_source
        return family == "encoder" or both or j <= i
    n = n_source + n_target
    return np.array([[sees(i, j) for j in range(n)] for i in range(n)])


def mask_with(change, family="encoder-decoder"):
    """`mask_loop`, but for one family: change(i, j, n_source) says who sees whom."""
    def family_mask(name, s, t):
        n = s + t
        if name != family:
            return mask_loop(name, s, t)
        return np.array([[change(i, j, s) for j in range(n)] for i in range(n)])
    return family_mask


def mask_before_it(family, s, t):
    """Nobody sees itself, but in what all see."""
    rows, columns = np.indices((s + t, s + t))
    shared = {"encoder": s + t, "decoder": 0, "encoder-decoder": s}[family]
    return (columns < rows) | (columns < shared)


def mask_upside_down(family, s, t):
    """The future in place of the past."""
    rows, columns = np.indices((s + t, s + t))
    shared = {"encoder": s + t, "decoder": 0, "encoder-decoder": s}[family]
    return (columns >= rows) | (columns < shared)


family_mask = Check(
    "family_mask",
    cases=[Case(family, *sizes) for sizes in ((2, 1), (2, 2), (1, 3), (4, 4))
           for family in ("encoder", "decoder", "encoder-decoder")],
    reference=mask_loop,
    mistakes={
        lambda *given: mask_loop(*given).T:
            "A row is one who looks. May the first token of a decoder see the last?",
        lambda *given: ~mask_loop(*given):
            "True means may see: should an encoder hide everything?",
        mask_with(lambda i, j, s: j <= i):
            "Is the source written from left to right, or read as a whole?",
        mask_with(lambda i, j, s: j < s or i >= s):
            "Which tokens of the target are there when the first of them is written?",
        mask_with(lambda i, j, s: j <= i or i < s):
            "May the source see the target, which is written after it?",
        mask_with(lambda i, j, s: j < s or j < i):
            "May a token of the target see itself?",
        mask_with(lambda i, j, s: (i < s) == (j < s) and (i < s or j <= i)):
            "May the target look at the source? What else should it be written from?",
        mask_with(lambda i, j, s: j < i, "decoder"):
            "What does the first token of the decoder see, if not itself?",
        mask_before_it:
            "What does the first token of the decoder see, if not itself?",
        mask_upside_down:
            "A row is one who looks. May the first token of a decoder see the last?",
        mask_with(lambda i, j, s: j < s or j == i):
            "May a token of the target see those that were written before it?",
        mask_with(lambda i, j, s: i < s and j < s, "encoder"):
            "In an encoder all see all: are some of the tokens left out?",
    },
    right="3 families in 4 sizes, up to 4 + 4 tokens",
)


# 2. What BERT is asked

def hide_loop(ids, u, v, random_ids, mask_id):
    """One place after the other."""
    read, asked = ids.copy(), np.full_like(ids, -100)
    for at in np.ndindex(ids.shape):
        if u[at] < 0.15:
            asked[at] = ids[at]
            if v[at] < 0.8:
                read[at] = mask_id
            elif v[at] < 0.9:
                read[at] = random_ids[at]
    return read, asked


def hider(share=lambda u: u < 0.15, hole=lambda v: v < 0.8,
          other=lambda v: (v >= 0.8) & (v < 0.9),
          ask=lambda ids, read, chosen: np.where(chosen, ids, -100)):
    """`hide_tokens` with one part exchanged."""
    def hide_tokens(ids, u, v, random_ids, mask_id):
        chosen = share(u)
        read = np.where(chosen & hole(v), mask_id, ids)
        read = np.where(chosen & other(v), random_ids, read)
        return read, ask(ids, read, chosen)
    return hide_tokens


def line(*shape) -> Case:
    return Case(rng.integers(1, 50, shape), rng.random(shape), rng.random(shape),
                rng.integers(50, 99, shape), 0, label=f"shape {shape}")


hide_tokens = Check(
    "hide_tokens",
    cases=[
        Case(np.array([5, 6]), np.array([0.1, 0.9]), np.array([0.5, 0.5]),
             np.array([1, 1]), 0, label="one hole"),
        Case(np.array([5, 6, 7]), np.array([0.1, 0.1, 0.1]),
             np.array([0.5, 0.85, 0.95]), np.array([1, 2, 3]), 0,
             label="a hole, a random one, one that stays"),
        Case(np.array([4, 4]), np.array([0.15, 0.2]), np.array([0.1, 0.1]),
             np.array([1, 1]), 0, label="nothing chosen"),
        Case(np.array([8, 9]), np.array([0.0, 0.1]), np.array([0.8, 0.9]),
             np.array([1, 2]), 0, label="at the limits"),
        line(40), line(8, 30), line(50, 64),
    ],
    reference=hide_loop,
    mistakes={
        hider(ask=lambda ids, read, chosen: ids):
            "BERT sees the other 85 %: what would it learn from being asked for them?",
        hider(ask=lambda ids, read, chosen: np.where(read != ids, ids, -100)):
            "A tenth of the chosen ones stays as it is: is it not asked for?",
        hider(ask=lambda ids, read, chosen: np.where(chosen, read, -100)):
            "What is the right answer at a hole: what BERT reads, or what stood there?",
        hider(hole=lambda v: v < 2, other=lambda v: v > 2):
            "All chosen ones are holes now: which v says random, which says stay?",
        hider(hole=lambda v: v < 0.8, other=lambda v: v >= 0.8):
            "Which v leaves a chosen token as it is?",
        lambda ids, u, v, random_ids, mask_id: (
            hider(share=lambda w: w < 2)(ids, u, v, random_ids, mask_id)[0],
            hide_loop(ids, u, v, random_ids, mask_id)[1]):
            "Which tokens may BERT read otherwise at all: does u have a say there?",
        hider(other=lambda v: v >= 0.9):
            "Does v >= 0.9 mean random, or stay?",
        hider(hole=lambda v: v >= 0.2, other=lambda v: (v >= 0.1) & (v < 0.2)):
            "From which end do you count v: are holes below 0.8, or above 0.2?",
        hider(share=lambda u: u >= 0.15):
            "How many are chosen: 15 %, or all but 15 %?",
        hider(share=lambda u: u <= 0.15):
            "What of u = 0.15: is that below 0.15?",
        hider(ask=lambda ids, read, chosen: np.where(chosen, ids, 0)):
            "A 0 may be a token: which number says that nothing is asked?",
        hider(ask=lambda ids, read, chosen: np.where(read == 0, ids, -100)):
            "Holes are asked for. And what else of the chosen ones?",
        hider(ask=lambda ids, read, chosen: np.where(chosen, -100, ids)):
            "Which are asked for: the chosen ones, or the others?",
        hider(other=lambda v: v < 0.9):
            "A hole has v < 0.9 too: is it still a hole at the end?",
        lambda ids, u, v, random_ids, mask_id: (
            np.where((u < 0.15) & (v < 0.8), mask_id,
                     np.where((u < 0.15) & (v >= 0.9), ids, random_ids)),
            hide_loop(ids, u, v, random_ids, mask_id)[1]):
            "What does BERT read where nothing is chosen?",
        lambda *given: hide_loop(*given)[::-1]:
            "Which of the two comes first: what BERT reads, or what it is asked?",
    },
    right="7 texts up to 50 x 64 tokens, at the limits, nothing chosen",
)


# 3. One block

def norm(x):
    """Each row with mean 0 and deviation 1."""
    x = x - x.mean(axis=-1, keepdims=True)
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-5)


def nothing(x):
    """What adds nothing."""
    return 0 * x


def average(x):
    """Every token gets the mean of all."""
    return np.repeat(x.mean(axis=0, keepdims=True), len(x), axis=0)


def bend(x):
    """Each number for itself."""
    return np.tanh(2 * x) + 0.5 * x


def one_block(x, attend, think, norm_first):
    """The two wirings, step by step."""
    for part in (attend, think):
        x = x + part(norm(x)) if norm_first else norm(x + part(x))
    return x


def pre(wiring):
    """A mistake in pre-norm; post-norm is right."""
    return lambda x, a, t, first: (
        wiring(x, a, t) if first else one_block(x, a, t, False))


def post(wiring):
    """A mistake in post-norm; pre-norm is right."""
    return lambda x, a, t, first: (
        one_block(x, a, t, True) if first else wiring(x, a, t))


block = Check(
    "block",
    cases=[
        Case(np.array([[1.0, 3.0]]), nothing, nothing, True),
        Case(np.array([[1.0, 3.0]]), nothing, nothing, False),
        *(Case(rng.normal(size=size), a, t, first)
          for size in ((1, 3), (3, 4), (20, 16))
          for a, t in ((average, bend), (average, nothing), (nothing, bend))
          for first in (True, False)),
    ],
    reference=one_block,
    mistakes={
        lambda x, a, t, first: one_block(x, a, t, not first):
            "Which of the two does norm_first ask for?",
        lambda x, a, t, first: one_block(x, a, t, True):
            "What does your function do with norm_first=False?",
        lambda x, a, t, first: one_block(x, t, a, first):
            "Which part comes first: looking, or thinking?",
        lambda x, a, t, first: (
            t(norm(a(norm(x)))) if first else norm(t(norm(a(x))))):
            "Each part *adds*: where is the x that it adds to?",
        pre(lambda x, a, t: t(norm(a(norm(x))))):
            "Each part *adds*: where is the x that it adds to?",
        pre(lambda x, a, t: x + a(norm(x)) + t(norm(x))):
            "Does the feed-forward read the first x, or the sum with attention's?",
        pre(lambda x, a, t: (y := norm(x) + a(norm(x))) + t(norm(y))):
            "What goes past attention unchanged: x, or its normalised copy?",
        pre(lambda x, a, t: (y := norm((z := norm(x)) + a(z))) + t(y)):
            "x itself is normalised here: what of the plain sum is left at the end?",
        pre(lambda x, a, t: (y := x + a(x)) + t(y)):
            "Pre-norm: what does a part read, x or a normalised x?",
        pre(lambda x, a, t: (y := x + a(norm(x))) + t(y)):
            "Attention reads a normalised copy. Does the feed-forward?",
        pre(lambda x, a, t: norm(one_block(x, a, t, True))):
            "Pre-norm ends in a sum: why is the last sum normalised?",
        post(lambda x, a, t: (y := norm(x + a(x))) + t(y)):
            "Post-norm: is the second sum normalised as well?",
        post(lambda x, a, t: (y := x + norm(a(x))) + norm(t(y))):
            "Is it what a part adds that is normalised, or the whole sum?",
        post(lambda x, a, t: norm((y := x + a(x)) + t(y))):
            "How many norms does a block have, and how many are in yours?",
        post(lambda x, a, t: norm((y := norm(x + a(norm(x)))) + t(norm(y)))):
            "Post-norm: does a part read a normalised copy, or x as it is?",
        lambda x, a, t, first: (
            (y := x + a(norm(x))) + t(y) if first else norm((y := x + a(x)) + t(y))):
            "How many norms does a block have, and how many are in yours?",
        pre(lambda x, a, t: x + t(norm(x + a(norm(x))))):
            "To what does the feed-forward add: to the first x, or to the sum?",
        lambda x, a, t, first: (
            x + t(norm(x + a(norm(x)))) if first else norm(x + t(norm(x + a(x))))):
            "To what does the feed-forward add: to the first x, or to the sum?",
    },
    right="20 blocks, both wirings, up to 20 tokens",
)


# 4. Top-p

def top_loop(chances, p):
    """The likeliest first, until they reach p."""
    left, kept = list(range(len(chances))), np.zeros_like(chances)
    while kept.sum() < p and left:
        best = max(left, key=lambda i: chances[i])  # of equals, the earlier
        left.remove(best)
        kept[best] = chances[best]
    return kept / kept.sum()


def keep(rule, share=True, none=True):
    """Top-p where rule(sorted chances, p) says which stay; none: it may be no one."""
    def top_p(chances, p):
        order = np.argsort(-chances, kind="stable")
        kept = np.zeros_like(chances)
        kept[order] = np.where(rule(chances[order], p), chances[order], 0)
        return kept / kept.sum() if share and (kept.sum() or not none) else kept
    return top_p


def before(c):
    return np.cumsum(c) - c


def later_first(chances, p):
    """Of equals the later one stays."""
    return top_loop(chances[::-1], p)[::-1]


def all_equals(chances, p):
    """All that are as likely as the last one kept stay too."""
    kept = np.where(chances >= chances[top_loop(chances, p) > 0].min(), chances, 0)
    return kept / kept.sum()


def least_first(chances, p):
    """The least likely stay."""
    order = np.argsort(chances, kind="stable")
    kept = np.zeros_like(chances)
    kept[order] = np.where(before(chances[order]) < p, chances[order], 0)
    return kept / kept.sum()


def parts(n: int) -> np.ndarray:
    """n chances whose sums have no rounding."""
    counts = rng.multinomial(1024 - n, rng.dirichlet(np.ones(n))) + 1
    return counts / 1024


top_p = Check(
    "top_p",
    cases=[
        Case(np.array([0.25, 0.5, 0.125, 0.125]), 0.75),
        Case(np.array([0.5, 0.25, 0.25]), 0.6),
        Case(np.array([0.25, 0.75]), 0.5, label="one token reaches p"),
        Case(np.array([0.25, 0.25, 0.25, 0.25]), 0.5, label="equals"),
        Case(np.array([0.25, 0.5, 0.25]), 1.0, label="all stay"),
        Case(np.array([1.0]), 0.3, label="one token"),
        *(Case(parts(n), p) for n, p in ((6, 0.7), (40, 0.9), (40, 0.05), (400, 0.5))),
    ],
    reference=top_loop,
    mistakes={
        keep(lambda c, p: before(c) < p, share=False):
            "What do the chances that stay add up to?",
        keep(lambda c, p: np.cumsum(c) <= p):
            "Do the tokens you keep reach p? Who takes them over the line?",
        keep(lambda c, p: np.cumsum(c) <= p, none=False):
            "Do the tokens you keep reach p? Who takes them over the line?",
        keep(lambda c, p: np.cumsum(c) < p, none=False):
            "Together they must reach p: do yours stay below it?",
        keep(lambda c, p: np.cumsum(c) < p):
            "Together they must reach p: do yours stay below it?",
        keep(lambda c, p: before(c) <= p):
            "Where the sum is exactly p already, is one more needed?",
        keep(lambda c, p: c >= p, none=False):
            "p is for the sum: which single token has such a chance?",
        keep(lambda c, p: c >= p):
            "p is for the sum: which single token has such a chance?",
        keep(lambda c, p: np.arange(len(c)) == 0):
            "That is greedy: how much do the others need to reach p?",
        lambda chances, p: keep(lambda c, q: before(c) < q)(
            np.sort(chances)[::-1].copy(), p):
            "Chance i belongs to token i: in which order do yours come back?",
        lambda chances, p: (kept := chances * (np.cumsum(chances) - chances < p))
            / kept.sum():
            "In which order do you add the chances up: as they stand, or by size?",
        later_first: "Of equal chances, which comes first: the earlier or the later?",
        all_equals: "Where several are equal, are all of them needed to reach p?",
        lambda chances, p: chances: "Which tokens have you dropped?",
        lambda chances, p: keep(lambda c, q: before(c) < q, share=False)(
            chances, p) / p:
            "What do the chances that stay add up to: p, or more?",
        lambda chances, p: keep(lambda c, q: before(c) < q)(
            -np.sort(-chances), p)[np.argsort(-chances, kind="stable")]:
            "An order leads there: does the same order lead back?",
        least_first:
            "From which end do you add: the likeliest, or the least likely?",
    },
    right="10 distributions up to 400 tokens, equals, one that reaches p alone",
)


# 5. The decoder's input

def shift_loop(target, begin):
    return np.array([[begin, *row[:-1]] for row in target.tolist()])


decoder_inputs = Check(
    "decoder_inputs",
    cases=[
        Case(np.array([[7, 8, 9]]), 0),
        Case(np.array([[5]]), 1, label="one character"),
        Case(np.array([[1, 2], [3, 4]]), 9),
        Case(rng.integers(10, size=(6, 5)), 13),
        Case(rng.integers(10, size=(3, 20)), 7),
    ],
    reference=shift_loop,
    mistakes={
        lambda target, begin: target.copy():
            "Where it is to write a character, it reads that one: does it need more?",
        lambda target, begin: np.hstack(
            [target[:, 1:], np.full((len(target), 1), begin)]):
            "To which side does everything move? What stands at the first place?",
        lambda target, begin: np.roll(target, 1, axis=1):
            "Which character stands first in yours, and is it known at that time?",
        lambda target, begin: np.hstack(
            [np.full((len(target), 1), begin), target]):
            "Is there a place left at which the last character would be read?",
        lambda target, begin: np.hstack(
            [np.full((len(target), 1), begin), target[:, 1:]]):
            "Is the first character moved, or lost?",
        lambda target, begin: np.vstack(
            [np.full((1, target.shape[1]), begin), target[:-1]]):
            "Do the rows move, or the characters in each row?",
    },
    right="5 batches, one of a single character",
)


# 6. One number

def halves(written):
    """The same chances always."""
    return [0.5, 0.25, 0.25]


def learned(written):
    """Chances that depend on the last symbol."""
    return ([0.5, 0.25, 0.25] if not written else
            [[0.125, 0.75, 0.125], [0.25, 0.25, 0.5], [0.0625, 0.4375, 0.5]]
            [written[-1]])


def counted(written):
    """Chances that depend on how many there are."""
    return [0.25, 0.75] if len(written) % 2 else [0.5, 0.5]


def interval(text, chances):
    """One step at a time: where it begins, how wide it is."""
    low, width = 0.0, 1.0
    for i, symbol in enumerate(text):
        p = chances(list(text[:i]))
        low, width = low + width * sum(p[:symbol]), width * p[symbol]
    return low, width


def end_from_new_beginning(text, chances):
    """The end is computed after the beginning has moved."""
    low, high = 0.0, 1.0
    for i, s in enumerate(text):
        p = chances(text[:i])
        low += (high - low) * sum(p[:s])
        high = low + (high - low) * p[s]
    return low, high - low


def encoder(given=lambda text, i: text[:i], below=lambda p, s: sum(p[:s]),
            scale=lambda width, p, s: width, result=lambda low, width: (low, width)):
    """`encode` with one part exchanged."""
    def encode(text, chances):
        low, width = 0.0, 1.0
        for i, s in enumerate(text):
            p = chances(given(text, i))
            low, width = low + scale(width, p, s) * below(p, s), width * p[s]
        return result(low, width)
    return encode


TEXTS = [([0, 1], halves), ([2], halves), ([0], halves), ([], halves),
         ([1, 2], halves), ([1, 2, 0], learned), ([0, 2, 2, 1], learned),
         ([1, 1, 0, 1], counted), ([2, 0, 1, 2, 1, 1, 0, 2], learned)]

encode = Check(
    "encode",
    cases=[Case(text, chances) for text, chances in TEXTS],
    reference=interval,
    mistakes={
        encoder(given=lambda text, i: []):
            "What was written before may change the chances: do you say what it was?",
        encoder(given=lambda text, i: text):
            "Which symbols does the decoder know when it comes to this one?",
        encoder(given=lambda text, i: text[:i + 1]):
            "Does the decoder know the symbol that it is about to find?",
        encoder(scale=lambda width, p, s: 1):
            "The second cut is made in a part, not in all of 0 to 1: how wide is it?",
        encoder(scale=lambda width, p, s: width * p[s]):
            "Which width is cut: the one before this symbol, or after?",
        encoder(below=lambda p, s: sum(p[:s + 1])):
            "Does the part of a symbol begin after it, or after those below it?",
        encoder(below=lambda p, s: sum(p[s + 1:])):
            "From which end are the parts laid out: where is symbol 0?",
        encoder(result=lambda low, width: (low, low + width)):
            "The second number: where it ends, or how wide it is?",
        encoder(result=lambda low, width: (width, low)):
            "Which of the two comes first: the beginning or the width?",
        end_from_new_beginning:
            "When the beginning has moved, is the width still the one that is cut?",
        encoder(given=lambda text, i: text[max(i - 1, 0):i]):
            "Is the last symbol enough? How many may the chances depend on?",
        lambda text, chances: interval(text[::-1], chances):
            "Which symbol makes the first cut?",
    },
    right="9 texts up to 8 symbols, an empty one, chances that change",
)


def decoder(given=lambda text: list(text), beyond=lambda number, end: number >= end,
            narrow=True, skip=0):
    """`decode`, or a mistake in it."""
    def decode(number, length, chances):
        low, width, text = 0.0, 1.0, []
        for _ in range(length - skip):
            p = chances(given(text))
            symbol, start = 0, low
            while symbol < len(p) - 1 and beyond(number, start + width * p[symbol]):
                start += width * p[symbol]
                symbol += 1
            if narrow:
                low, width = start, width * p[symbol]
            text.append(symbol)
        return text
    return decode


def find_and_go_on(number, length, chances):
    """No break where the part is found."""
    low, width, text = 0.0, 1.0, []
    for _ in range(length):
        p = chances(list(text))
        for s in range(len(p)):
            if number < low + width * sum(p[:s + 1]):
                low, width = low + width * sum(p[:s]), width * p[s]
                text.append(s)
    return text


def numbers() -> list[Case]:
    """The start of each interval, and a number within."""
    cases = []
    for text, chances in TEXTS:
        low, width = interval(text, chances)
        cases += [Case(low, len(text), chances),
                  Case(low + 0.6875 * width, len(text), chances)]
    return cases


decode = Check(
    "decode",
    cases=numbers(),
    reference=decoder(),
    mistakes={
        decoder(given=lambda text: []):
            "The chances may depend on what you have found so far: do you say it?",
        decoder(beyond=lambda number, end: number > end):
            "A number where a part begins: to which part does it belong?",
        decoder(narrow=False):
            "After the first symbol, what is cut: all of 0 to 1, or its part?",
        decoder(skip=1): "How many symbols are asked for, and how many came?",
        lambda number, length, chances: decoder()(number, length, chances)[::-1]:
            "Which symbol is found first, and where in the list does it stand?",
        lambda number, length, chances: [
            int(np.argmax(chances([]))) for _ in range(length)]:
            "Where does your function look at the number?",
        find_and_go_on:
            "When a symbol is found, does the search for it go on?",
    },
    right="18 numbers, 9 of them where an interval begins",
)
