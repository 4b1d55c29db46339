# %% [markdown]
# # What does a model read?
#
# Numbers, one for each piece of text. Whoever cuts the pieces decides what a
# text costs, and what a model can see in it.
#
# **You will** spell a poem in bytes, glue bytes with a pencil, and find out
# who pays more for the same sentence. **You need** lessons 00, 03 and 04:
# guessing what comes next, a vector times a matrix, loss in bits.
#
# **Time** 33 minutes to read, 20 seconds to run

# %%
from lmlab.page import plots, show

line = "床前明月光"
show.tokens(line)
show.tokens(list(line.encode()))

# %% [markdown]
# "Before my bed, bright moonlight": five characters for you; for a computer
# fifteen *bytes* (字节), numbers from 0 to 255. A model may read either, or
# pieces in between. Each piece is a *token* (标记), all kinds of them are the
# *vocabulary* (词表), and cutting a text up is *tokenization* (标记化).
#
# ## Bytes: any text, but long
#
# *Unicode* gives every character a number: 月 (moon) is 26,376. *UTF-8* writes
# that number as one to four bytes. Left the number, right its bytes, in
# binary:

# %%
for character in "eé月":
    as_bytes = [f"{byte:08b}" for byte in character.encode()]
    print(character, f"{ord(character):15b} ->", *as_bytes)

# %% [markdown]
# The first byte says how many there are (1110: three), the others begin with
# 10. Without these marks, the number is left. English letters need one byte,
# Chinese characters three (rare ones four).
#
# > **Predict.** Attention (lesson 09) compares every token with every other.
# > How many times as many comparisons does a poem cost in bytes: 3, 6 or 9?

# %%
poem = "床前明月光疑是地上霜举头望明月低头思故乡"
n, m = len(poem), len(poem.encode())
print(f"{n} characters, {n * n} comparisons; {m} bytes, {m * m:,}")
plots.token_grid(line, [c.encode() for c in line],
                 title="One character, three bytes; the first says little")

# %% [markdown]
# Nine. And a byte means little: in base 16, all five characters begin with e5
# or e6, each the start of some four thousand. A model of bytes must first
# learn what a character is.
#
# ## Characters: short, until one is missing
#
# So let every word, or every Chinese character, be a token. We hold out
# *Macbeth*, the last of seven plays of Shakespeare, and every tenth of 11,888
# Tang poems.
#
# > **Predict.** Of a hundred words of *Macbeth*, how many are in none of the
# > other plays: 1, 3 or 9? And of a hundred characters of the held-out poems,
# > how many in none of the other ten thousand: 5, 1, or fewer?

# %%
from lmlab.page.datasets import shakespeare7, tang_five

plays, begin, macbeth = shakespeare7().partition("First Witch:\n")
lines = ["\n".join(poem.lines) for poem in tang_five()]
held_out = "\n".join(lines[::10])
poems = [lines[i] for i in range(len(lines)) if i % 10]

# %%
import re

import numpy as np


def unknown(known, pieces):
    return f"{np.mean([piece not in known for piece in pieces]):.1%} unknown"


known, met = (re.findall("[a-z']+", t.lower()) for t in (plays, macbeth))
print("words of Macbeth:", unknown(set(known), met))
characters = held_out.replace("\n", "")
for some in (poems[::100], poems[::10], poems):
    print(len(some), "poems read:", unknown(set("".join(some)), characters))

# %% [markdown]
# Nine, *Macbeth* among them. Characters do better, and still the hole does
# not close: what has no number becomes one mark, "unknown", and is lost. Bytes
# lose nothing: 256 kinds write any text. Can we have both, no holes and short
# texts?
#
# ## Glue what often stands together
#
# *Byte-pair encoding* (字节对编码), *BPE*, was made to compress files (Gage
# 1994). Count all neighbours, glue the most frequent pair wherever it stands,
# and again. What grows is longer than a letter and often shorter than a word:
# a *subword* (Sennrich et al. 2016).
#
# > **Predict.** A line of the witches, letters as tokens. Which pair is glued
# > first (of equals, the first): `do`, `ou` or `le`? What is the longest token
# > after four rounds?

# %%
from collections import Counter


def most_frequent_pair(tokens):
    counts = Counter(zip(tokens, tokens[1:]))
    return max(counts, key=counts.get)                # of equals, the first


def glue(tokens, pair):
    new = []
    for token in tokens:
        new.append(token)
        if tuple(new[-2:]) == pair:
            new[-2:] = [pair[0] + pair[1]]
    return new

# %%
tokens = list("double double toil and trouble")
for _ in range(5):
    tokens = glue(tokens, most_frequent_pair(tokens))
    show.tokens(tokens)

# %% [markdown]
# `ou`, and after four `ouble`, which *double* and *trouble* share; the fifth
# makes a word, though nobody told it about words. Each round is a *merge*
# (合并): one more kind of token. The merges, in their order, are all there is
# to keep.
#
# Now start from bytes (GPT-2; Radford et al. 2019), with the tie rule of
# Hugging Face's library: of equal pairs, the oldest tokens.
#
# > **Predict.** On Chinese poems, what is glued first: parts of characters,
# > characters, or words such as 明月 (bright moon)?

# %%
from lmlab.text.merging import GPT2_ORDER
from lmlab.text.tokenizers import BPE

book = "".join(poems[:500]).replace("\n", "")
tokens = [bytes([b]) for b in book.encode()]
age = {bytes([b]): i for i, b in enumerate(GPT2_ORDER)}   # as GPT-2 numbers
for _ in range(100):
    counts = Counter(zip(tokens, tokens[1:]))
    pair = min(counts, key=lambda p: (-counts[p], age[p[0]], age[p[1]]))
    tokens = glue(tokens, pair)
    age[pair[0] + pair[1]] = len(age)

# %%
by_hand, learned = list(age), BPE.train(book, 100, split=False).vocabulary
print(*[token.decode(errors="replace") for token in by_hand[256:296]])
assert by_hand[256:] == learned[256:]
print("by hand and the course's tokenizer: the same hundred merges")

# %% [markdown]
# Parts: � stands for bytes that are no character yet. BPE must find out what a
# character is. Give it all 10,699 poems and 4,096 merges, with the course's
# tokenizer: our loop reads the whole text again each time.

# %%
tang = BPE.train(poems, 4096)
words = [token.decode(errors="replace") for token in tang.vocabulary[256:]]
kind = np.array([0 if "\ufffd" in word else len(word) for word in words])
print(*np.array(words)[kind == 3])
plots.lines({"parts of characters": np.cumsum(kind == 0),
             "one character": np.cumsum(kind == 1),
             "two or more": np.cumsum(kind > 1)},
            xlabel="merges", ylabel="tokens of this kind",
            title="First parts, then characters, then words")

# %% [markdown]
# Words come last: 不相见 (not to meet), 三千里 (three thousand *li*).
#
# ## A new word
#
# A tokenizer that never read *Macbeth* still cuts it. It splits a text at its
# words (a space goes with the word after it; `split=False` above did not) and
# applies the merges to each in the order in which they were learned.
#
# > **Predict.** Merge i made token 256 + i: ` f` is token 275, `ate` 496,
# > ` fat` 2519. How is " fate" cut: ` fat|e`, or ` f|ate`?

# %%
shakespeare = BPE.train(plays, 4096)
for text in (" fate", "Macbeth", " strawberry", "The the THE 1603"):
    ids = shakespeare.encode(text)
    show.tokens([shakespeare.decode([i]) for i in ids], labels=ids)

# %% [markdown]
# `ate` was glued long before ` fat` had its turn. Who takes the longest match
# gets other tokens than the model was trained on.
#
# The numbers below *strawberry* are all that a model gets. Number the tokens
# otherwise, and it learns as before: no letter is in them. How many r? It
# knows only what texts say about the spelling. Capitals, spaces and numbers,
# too, are cut by what was frequent.
#
# ## What a large vocabulary buys, and costs
#
# A number picks a row of the *table of tokens* (in torch `Embedding`): the
# vector with which the network begins, learned like all weights. It is what
# a one-hot vector (a 1 at its number, else 0) times the table gives:

# %%
import torch

table = torch.nn.Embedding(256 + 4096, 8).double()        # 8 numbers a token
ids = torch.tensor(shakespeare.encode("Macbeth"))         # 4 tokens
one_hot = np.eye(256 + 4096)[ids]                         # (4, 4352)
show.agree(one_hot @ table.weight.detach().numpy(), table(ids), 1e-12)

# %%
def per_token(tokenizer, text, n):                        # its first n merges
    return len(text) / len(BPE(tokenizer.merges[:n]).encode(text))


sizes = [0, 16, 64, 256, 1024, 4096]
plots.lines(
    {"Macbeth": [per_token(shakespeare, macbeth, n) for n in sizes],
     "Tang poems": [per_token(tang, held_out, n) for n in sizes]},
    sizes, marks=True, xlabel="merges", ylabel="characters per token",
    title="Each further merge buys less")

# %% [markdown]
# From 1,024 to 4,096 merges, a token of *Macbeth* grows by a quarter. Every
# token needs a row, and often a second one, in the table that scores the
# next.
#
# > **Predict.** LLaMA-3 8B (8 billion parameters) has 128,256 tokens, rows of
# > 4,096 numbers, and two tables. Which share of its parameters: 1 %, 13 % or
# > 50 %?

# %%
from lmlab.models import counting, shapes

for name, tables in ("GPT-2 small", 1), ("LLaMA-1 7B", 2), ("LLaMA-3 8B", 2):
    c = shapes.SHAPES[name]                               # its published sizes
    share = tables * c.vocab_size * c.d_model / counting.count_parameters(c)
    print(f"{name:12}{c.vocab_size:8,} tokens, {share:5.1%} in the tables")

# %% [markdown]
# 13 %, for four times the tokens of LLaMA-1 and 2. In a sample of English, a
# token grew from 3.17 characters to 3.94 (Grattafiori et al. 2024).
#
# ## Who pays?
#
# > **Predict.** The poem has 20 characters, this translation 110. How many
# > tokens does each cost a tokenizer that read the plays: 20 and 110, 30 and
# > 60, or 60 and 30?

# %%
english = ("Bright moonlight before my bed, like frost upon the ground. "
           "I look up at the moon, and down, thinking of home.")
tokenizers = {"bytes": BPE([]), "from plays": shakespeare, "from poems": tang,
              "from both": BPE.train([plays, *poems], 4096)}
plots.bars(list(tokenizers),
           {"Chinese": [len(t.encode(poem)) for t in tokenizers.values()],
            "English": [len(t.encode(english)) for t in tokenizers.values()]},
           ylabel="tokens for the same poem",
           title="Cheap is the language that the tokenizer read")

# %% [markdown]
# The same size of vocabulary costs the Chinese poem 60 tokens or 16. Services
# charge by the token: this is a tax on languages. In real tokenizers the same
# text costs up to 15 times as much in one language as in another (Petrov et al.
# 2023).
#
# > **From the documents** (five Chinese overviews of large models that this
# > course tests). Of GPT-3, T5, LLaMA and others: 这些模型都 ... 支持多语言交互 ("these
# > models all support many languages"). Not alike: T5's vocabulary was made
# > for English, German, French and Romanian (Raffel et al. 2020), and the
# > twenty languages in which LLaMA-1 read Wikipedia use Latin or Cyrillic
# > letters (Touvron et al. 2023).
#
# A model reads a limited number of tokens at once, its *context length*
# (上下文长度). One document has 32,000 *characters* where GPT-4-32k reads 32,768
# *tokens*. How many characters are they?

# %%
for title, text in {"Macbeth": macbeth, "poems": held_out}.items():
    for name in ("from plays", "from poems"):
        fit = 32768 * len(text) / len(tokenizers[name].encode(text))
        print(f"{title:7} cut by merges {name}: {fit:8,.0f} characters")

# %% [markdown]
# Anything from 12,288 to 107,916. Every token takes memory, too: of each that
# it has read, a model keeps two vectors a layer and head (lesson 11).

# %%
layers, heads, width = shapes.SHAPES["LLaMA-3 8B"].cache_shape
kept = 2 * layers * heads * width * 2                     # two bytes a number
print(f"{kept:,} bytes a token, {8192 * kept / 2**30:.0f} GiB for 8,192")

# %% [markdown]
# A gibibyte for the 8,192 that LLaMA-3 8B can read.
#
# ## Whose loss is smaller?
#
# The model of lesson 00, which guesses a token from the one before by counting
# (and mixes in how often each comes at all), reads the plays in three
# tokenizers and guesses *Macbeth*.
#
# > **Predict.** With more merges, which way goes the loss *per token*? And
# > *per character*?

# %%
def bits_per_token(old, new, V):
    alone = (np.bincount(old, minlength=V) + 1) / (len(old) + V)
    pairs, first = Counter(zip(old, old[1:])), Counter(old[:-1])
    return -np.mean([np.log2((pairs[a, b] + 100 * alone[b]) / (first[a] + 100))
                     for a, b in zip(new, new[1:])])

# %%
losses = {"per token": [], "per character": []}
for n in (0, 256, 1024):
    some = BPE(shakespeare.merges[:n])
    old, new = some.encode(plays), some.encode(macbeth)
    bits = bits_per_token(old, new, 256 + n)
    losses["per token"].append(bits)
    losses["per character"].append(bits * len(new) / len(macbeth))
names = ["bytes", "256 merges", "1,024 merges"]
plots.bars(names, losses, ylabel="loss of counting (bits)",
           title="Worse at every token, better at the play")

# %% [markdown]
# A long token is a harder question, but there are fewer. So losses per token
# of two tokenizers cannot be compared; *bits per character* (or byte) can.
#
# And a network? The GPT of lesson 10, trained beforehand for as many
# *FLOPs* (multiplications and additions) with each tokenizer (whiskers: the
# spread of three seeds):

# %%
from lmlab.page.datasets import measured

bits = [row["bits_per_character"] for row in measured("07_tokens")]
bits = np.reshape(bits, (2, 3, 3))[:, ::-1]           # (compute, merges, seed)
plots.bars(names, {"1e11 FLOPs": bits[0].mean(axis=1),
                   "4e11 FLOPs": bits[1].mean(axis=1)},
           errors={"1e11 FLOPs": bits[0].std(axis=1),
                   "4e11 FLOPs": bits[1].std(axis=1)},
           ylabel="loss of a GPT (bits per character)",
           title="The lead of the merges shrinks with training")

# %% [markdown]
# With merges, one token of memory is more text; and four times the training
# brings bytes nearer, from 0.7 bits to 0.3: they have to learn what merges
# know. With merges, so short a training guesses worse than counting.
#
# ## Pictures
#
# A Vision Transformer reads *patches* (图像块), squares of pixels, each a token.
# ViT-B/16 makes 196 of 224 x 224 pixels (Dosovitskiy et al. 2020); we make four
# of 8 x 8 (lesson 19 trains one that reads sixteen):

# %%
from sklearn.datasets import load_digits

zero = load_digits().images[0]                            # (8, 8)
patches = zero.reshape(2, 4, 2, 4).swapaxes(1, 2).reshape(4, 4, 4)
names = ["the digit", "top left", "top right", "below left", "below right"]
plots.images([zero, *patches], names, title="64 pixels, or four tokens")
print(shapes.SHAPES["ViT-B/16"].n_patches, "patches, not", 224**2, "pixels")

# %% [markdown]
# ## What the documents say
#
# | they say | verdict | why |
# | --- | --- | --- |
# | 标记化是将文本分解为单个标记的过程 ... 理解文本中的各个单词和短语 ("tokenization breaks text into tokens ... to understand words and phrases") | half right | tokens are often neither: `ouble` (its heading, 打标记, is labelling: lesson 06) |
# | 在原始字节级别对输入进行建模 ... 其计算成本随输入大小呈二次增长 ("model raw bytes ... the cost grows quadratically") | right of comparisons | nine times, above; they are not all the cost (lesson 09) |
# | 固定或学习的标记化 ... 可能会抛弃输入中可能有用的信息 ("fixed or learned tokenization may throw away useful information") | right | unknown words; the letters of a token |
# | ChatGPT 支持最长达 32,000 个字符 ("up to 32,000 characters") | wrong | 32,768 tokens, and of GPT-4-32k (OpenAI 2023) |
# | LLaMA: 在数万亿个字符上训练 ... 使用更少的字符 ("trained on trillions of characters ... fewer characters") | wrong | in *tokens*, LLaMA-1 1.0 to 1.4 trillion (Touvron et al. 2023); and more, not fewer (lesson 11) |
# | 128K 的 tokenizer,是前两代 32K 的 4 倍 ("four times the 32K before") | right | 128,256 / 32,000 = 4.008 |

# %% [markdown]
# ## Check yourself
#
# 1. How many bytes are 月光, and how many `moon`?
# 2. Model A has 3 bits per token and 2 characters a token, model B 4 bits and
#    4 characters. Which guesses better?
# 3. 128k tokens are 300 pages, says a document (相当于 300 页文本). How many
#    words is a page, at 0.75 words a token (OpenAI's rule for English)?
#
# <details><summary>Answers</summary>
#
# 1. Six and four.
# 2. B: 1 bit per character against 1.5.
# 3. 320, a full page of English. Other languages get fewer.
#
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Show* the witches' line (glue on paper first), " fate", the tax (vote
# before), the two losses. *Point at* the bar of 60. *A common
# misunderstanding*: that a token is a word.
#
# </details>
#
# **What this left out**: other ways to find subwords (WordPiece, unigram);
# marks such as "end of text".
#
# **Where it goes next**: [the exercises](../exercises/07_tokens.ipynb), then
# [lesson 08](08_before_transformers.ipynb): who predicted text before
# Transformers, and how far they came.
#
# **Read on**
# - Gage, *A New Algorithm for Data Compression*, 1994, C Users Journal 12 (2)
# - Sennrich et al., *Neural Machine Translation of Rare Words with Subword
#   Units*, 2016, arXiv 1508.07909
# - Dosovitskiy et al. (ViT), 2020, arXiv 2010.11929
# - Radford et al., *Language Models are Unsupervised Multitask Learners*, 2019
# - Raffel et al. (T5), 2020, arXiv 1910.10683
# - Touvron et al., *LLaMA*, 2023, arXiv 2302.13971
# - Petrov et al., *Language Model Tokenizers Introduce Unfairness Between
#   Languages*, 2023, arXiv 2305.15425
# - Grattafiori et al., *The Llama 3 Herd of Models*, 2024, arXiv 2407.21783
# - OpenAI, *GPT-4*, 2023, openai.com/research/gpt-4
