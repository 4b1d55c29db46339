"""Tokenizers: text becomes numbers, and the numbers become the same text again.

Characters, bytes, and byte-pair encoding (BPE), which starts from bytes and glues
what often stands together. Lesson 07 builds BPE by hand; later lessons read with
what stands here. Sources: Gage 1994, "A new algorithm for data compression"; Sennrich
et al. 2016 (arXiv 1508.07909); Radford et al. 2019 (GPT-2), section 2.2, for the bytes.

    >>> tokenizer = BPE.train("the cat, the hat, the mat", 3)
    >>> [tokenizer.decode([i]) for i in tokenizer.encode("the hat")]
    ['the', ' ', 'h', 'at']
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush
from itertools import chain, pairwise
from operator import index
from pathlib import Path

import regex

from lmlab.text.merging import MOST_MERGES, Pair, glue, learn

_LONG = 30_000  # bytes to encode; from here on NumPy is quicker than a loop


class Tokenizer:
    """What the three tokenizers have in common.

    `vocabulary[i]` is token i as UTF-8 bytes. The last ids are those of the special
    tokens, marks such as "<end>"; `special` gives the id of each.
    """

    def __init__(self, vocabulary: list[bytes], special: Sequence[str]) -> None:
        if isinstance(special, str):
            raise TypeError(f"special must be a list of strings: got {special!r}")
        if "" in special or len(set(special)) < len(special):
            raise ValueError(
                f"special must be different strings, none of them empty: got {special}"
            )
        self.special = {name: len(vocabulary) + i for i, name in enumerate(special)}
        self.vocabulary = vocabulary + [_utf8("special", name) for name in special]

    @property
    def vocab_size(self) -> int:
        """How many ids there are, special tokens included."""
        return len(self.vocabulary)

    def encode(self, text: str, special: bool = False) -> list[int]:
        """Return the ids of `text`; `decode` gives exactly `text` back.

        special: whether a special token written out in `text` becomes its id. Leave
        that off for text that comes from somebody else.
        Raises ValueError if `text` holds half a character (a lone surrogate).
        """
        _utf8("text", text)
        if not (special and self.special):
            return self._encode(text)
        longest_first = sorted(self.special, key=len, reverse=True)
        parts = re.split(f"({'|'.join(map(re.escape, longest_first))})", text)
        ids = self._encode(parts[0])
        for name, plain in zip(parts[1::2], parts[2::2], strict=True):
            ids += [self.special[name], *self._encode(plain)]
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of `ids`; bytes that are no character become U+FFFD.

        Raises ValueError for an id that is not in the vocabulary.
        """
        ids, n = [index(i) for i in ids], self.vocab_size
        for i in ids:
            if not 0 <= i < n:
                raise ValueError(f"ids must be 0 to {n - 1}: got {i}")
        return b"".join([self.vocabulary[i] for i in ids]).decode(errors="replace")

    def save(self, path: str | Path) -> None:
        """Write the tokenizer to a JSON file, for `Tokenizer.load`."""
        state = {"kind": type(self).__name__, "special": list(self.special)}
        text = json.dumps(state | self._state(), ensure_ascii=False)
        Path(path).write_text(text + "\n", encoding="utf-8")

    @staticmethod
    def load(path: str | Path) -> Tokenizer:
        """Read what `save` wrote. Raises ValueError if the file is something else."""
        try:
            state = json.loads(Path(path).read_text(encoding="utf-8"))
            kind = {k.__name__: k for k in (Characters, Bytes, BPE)}[state.pop("kind")]
            return kind(**state)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"path must lead to a tokenizer that lmlab saved: got {path} ({error})"
            ) from None


class Characters(Tokenizer):
    """One token for each different character of `text`, in the order of Unicode.

    >>> Characters("banana").encode("nab")
    [2, 0, 1]
    """

    def __init__(self, text: str | Iterable[str], special: Sequence[str] = ()) -> None:
        self.alphabet = "".join(sorted(set().union(*_texts("text", text))))
        if not self.alphabet:
            raise ValueError("text must hold at least one character: got none")
        super().__init__([c.encode() for c in self.alphabet], special)
        self._ids = {c: i for i, c in enumerate(self.alphabet)}

    def _encode(self, text: str) -> list[int]:
        try:
            return [self._ids[c] for c in text]
        except KeyError as error:
            c = error.args[0]
            raise ValueError(
                f"text must be made of the {len(self.alphabet)} characters of the "
                f"alphabet: got {c!r} (U+{ord(c):04X})"
            ) from None

    def _state(self) -> dict:
        return {"text": self.alphabet}


class Bytes(Tokenizer):
    """One token for each byte of UTF-8: 256 of them write any text.

    >>> Bytes().encode("月")
    [230, 156, 136]
    """

    def __init__(self, special: Sequence[str] = ()) -> None:
        super().__init__([bytes([b]) for b in range(256)], special)

    def _encode(self, text: str) -> list[int]:
        return list(text.encode())

    def _state(self) -> dict:
        return {}


class BPE(Tokenizer):
    """Byte-pair encoding: ids 0 to 255 are the bytes, id 256 + i glues `merges[i]`.

    With `split` a text is first cut by `split_words`, and nothing is glued across the
    cuts; without it the whole text is one piece. In a piece the merges are applied in
    their order, each from left to right.
    """

    def __init__(
        self, merges: Sequence[Pair], special: Sequence[str] = (), split: bool = True
    ) -> None:
        if len(merges) > MOST_MERGES:
            raise ValueError(f"merges must be {MOST_MERGES} at most: got {len(merges)}")
        vocabulary = [bytes([b]) for b in range(256)]
        self.merges: list[Pair] = []
        self.glued: dict[Pair, int] = {}  # the id that a pair becomes
        for left, right in merges:
            new = len(vocabulary)
            if not (0 <= left < new and 0 <= right < new):
                raise ValueError(
                    f"merges[{new - 256}] must glue two of the ids 0 to {new - 1}: "
                    f"got {(left, right)}"
                )
            if (left, right) in self.glued:
                raise ValueError(f"merges must be different: got {(left, right)} twice")
            self.merges.append((left, right))
            self.glued[left, right] = new
            vocabulary.append(vocabulary[left] + vocabulary[right])
        super().__init__(vocabulary, special)
        self.split = split
        self._known: dict[str, list[int]] = {}

    @classmethod
    def train(
        cls,
        texts: str | Iterable[str],
        n_merges: int,
        special: Sequence[str] = (),
        split: bool = True,
    ) -> BPE:
        """Learn from one text or many: again and again, glue the most frequent pair.

        A pair is counted wherever its tokens are neighbours: "aaa" has (a, a) twice.
        Of pairs that tie, the one with the older left token wins, then the one with
        the older right token; among single bytes `merging.GPT2_ORDER` is the age.
        That is how Hugging Face's `tokenizers` decide, so the merges are the same.

        There are fewer than `n_merges` if no pair is left to glue.
        """
        if not 0 <= n_merges <= MOST_MERGES:
            raise ValueError(f"n_merges must be 0 to {MOST_MERGES}: got {n_merges}")
        pieces: Counter[str] = Counter()
        for text in _texts("texts", texts):
            pieces.update(split_words(text) if split else [text])
        return cls(learn(pieces, n_merges), special, split)

    def _encode(self, text: str) -> list[int]:
        if not self.split:
            return self._pieces([text])[0]
        pieces = split_words(text)
        if len(self._known) > 100_000:
            self._known.clear()
        new = list(set(pieces) - self._known.keys())
        self._known.update(zip(new, self._pieces(new), strict=True))
        return list(chain.from_iterable(map(self._known.__getitem__, pieces)))

    def _pieces(self, pieces: list[str]) -> list[list[int]]:
        data = [piece.encode() for piece in pieces]
        if sum(map(len, data)) > _LONG:
            return glue(data, self.glued)
        return [self._piece(piece) for piece in data]

    def _piece(self, data: bytes) -> list[int]:
        """Glue the pair that was learned first, the leftmost of them; and again.

        The queue holds the pairs that are there, by their ids and places, and some that
        are there no more. A place knows where the next token begins and the one before.
        """
        ids, n, glued, merges = list(data), len(data), self.glued, self.merges
        after, before = list(range(1, n + 1)), list(range(-1, n - 1))
        queue = [(glued[pair], i) for i, pair in enumerate(pairwise(ids))
                 if pair in glued]
        heapify(queue)
        while queue:
            new, i = heappop(queue)
            left, right = merges[new - 256]
            j = after[i]
            if ids[i] != left or j == n or ids[j] != right:
                continue
            ids[i], ids[j] = new, -1
            after[i] = j = after[j]
            if j < n:
                before[j] = i
                if (new, ids[j]) in glued:
                    heappush(queue, (glued[new, ids[j]], i))
            j = before[i]
            if j >= 0 and (ids[j], new) in glued:
                heappush(queue, (glued[ids[j], new], j))
        return [i for i in ids if i >= 0]

    def _state(self) -> dict:
        return {"merges": self.merges, "split": self.split}


# -- cutting a text into words -------------------------------------------------------

GPT4_PATTERN = (
    r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}|"""
    r""" ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"""
)
"""How GPT-4 cuts a text (`cl100k_base` of OpenAI's tiktoken)."""
_WORD = regex.compile(GPT4_PATTERN)


def split_words(text: str) -> list[str]:
    """Cut `text` into the pieces of GPT4_PATTERN; joined, they are `text` again.

    >>> split_words("Who's there? 1603")
    ['Who', "'s", ' there', '?', ' ', '160', '3']
    """
    return _WORD.findall(text)


def _texts(name: str, texts: str | Iterable[str]) -> list[str]:
    """Return `texts`, one or many, as a list of whole strings."""
    texts = [texts] if isinstance(texts, str) else list(texts)
    for text in texts:
        _utf8(name, text)
    return texts


def _utf8(name: str, text: str) -> bytes:
    if not isinstance(text, str):
        raise TypeError(f"{name} must be a string: got {type(text).__name__}")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"{name} must hold whole characters: got the lone surrogate "
            f"U+{ord(text[error.start]):04X} at place {error.start}"
        ) from None
