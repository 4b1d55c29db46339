# %% [markdown]
# # How does it draw?
#
# Out of a map, in a contest, word by word, or out of noise: four machines draw
# digits that nobody wrote.
#
# **You will** build each idea on numbers for a pencil, mark four sheets of
# drawings alike, and find what each mark does not see.
#
# **You need** lessons 04, 09, 10: likelihood, attention, a GPT.
#
# **Time** 42 minutes to read, 40 seconds to run
#
# In each column one digit was written by a person, and one drawn by a net of
# 88,000 weights. Which is which?

# %%
import numpy as np
import torch

from lmlab.page import plots
from lmlab.vision import diffusion, drawers
from lmlab.vision.judge import digits

data, asked = digits(), torch.arange(500) % 10
drawn = diffusion.draw(drawers.shipped("denoiser"), asked)
real = [data.held_out[data.held_out_labels == digit][0] for digit in range(10)]
coin = np.random.default_rng(5).integers(2, size=10)
pairs = [(drawn[i], real[i])[::1 - 2 * coin[i]] for i in range(10)]
plots.images([np.reshape(pair[row], (8, 8)) for row in (0, 1)
              for pair in pairs], columns=10, title="Who drew which?")

# %%
drawn_on_top = np.flatnonzero(coin == 0)
print("drawn, in the upper row:", *drawn_on_top)

# %% [markdown]
# Nothing was copied: such a net is the last of our four. First, how does one
# mark a drawing?
#
# ## Four marks
#
# Five hundred drawings, fifty of each digit asked for. A *judge* (a support
# vector machine, 99 % right on digits it never saw) says how many are what was
# *asked* for. *Spread* is the mean distance of two drawings of one digit; of
# real ones it is 1. *Told* is how often one knows a drawing from a real digit
# by its nearest neighbour: 50 % is a guess. *Copies* lie nearer to a training
# digit than any held-out one does.
#
# > **Predict.** A cheat shows one training digit of each kind, fifty times.
# > Which marks catch it, and does the judge?

# %%
from lmlab.page import show
from lmlab.vision.judge import marks


def row(name, x, digit=None):
    m = marks(np.asarray(x, float), asked.numpy() if digit is None else digit)
    return (name, *(f"{m[k]:.0%}" for k in ("judged", "told", "copies")),
            f"{m['spread']:.1f}")


some = [data.train[data.train_labels == digit][0] for digit in asked]
grey = np.random.default_rng(0).uniform(-1, 1, (500, 64))
header = ["500 pictures", "as asked", "told", "copies", "spread"]
show.table([row("real, new", data.held_out, data.held_out_labels),
            row("ten, copied", some), row("noise", grey)], header)

# %% [markdown]
# The judge is delighted. One mark is no mark: keep all four in sight.
#
# ## A map of pictures
#
# Say each picture $x$ has a hidden *latent* code $z$, and that codes are
# spread by a normal law. Pencil size: $z$ is normal, and $x = z$ plus normal
# noise. Then $x$ is normal with variance 2, and its likelihood is known. With
# a net between $z$ and $x$ it is not: one must sum over every $z$. So a second
# net, the *encoder* (编码器), guesses which codes made this $x$: middle $m$,
# variance $v$. For *any* guess
#
# $$\log p(x) \ge \underbrace{E \log p(x|z)}_{\text{drawn well?}} -
# \underbrace{\tfrac12 (m^2 + v - 1 - \log v)}_{\text{KL: far from the law?}}$$
#
# The right side is the *ELBO* (evidence lower bound); the KL you know from
# lesson 16's leash.
#
# > **Predict.** $x = 2$. Which guess touches the exact value: $m = 2, v = 1$,
# > or $m = 1, v = 1$, or $m = 1, v = \frac12$?

# %%
def elbo(x, m, v):
    drawn_well = -np.log(2 * np.pi) / 2 - ((x - m)**2 + v) / 2
    return drawn_well - (m**2 + v - 1 - np.log(v)) / 2


exact = -np.log(2 * np.pi * 2) / 2 - 2**2 / (2 * 2)
m = np.linspace(-0.5, 2.5, 61)
plots.lines({"exact": 0 * m + exact} | {f"v = {v}": elbo(2, m, v)
            for v in (0.1, 0.5, 1)}, m, xlabel="guessed middle m",
            ylabel="nats", title="One guess touches, none passes")

# %%
from torch.distributions import Normal, kl_divergence

z = Normal(torch.tensor(1.0), torch.tensor(0.5).sqrt())
ends = torch.stack([z.mean + z.stddev, z.mean - z.stddev])  # E of a square
x = torch.tensor(2.0)
by_torch = Normal(ends, 1).log_prob(x).mean() - kl_divergence(z, Normal(0, 1))
show.agree(elbo(2, 1, 0.5), exact, 1e-12, ("the best guess", "exact"))
show.agree(elbo(2, 1, 0.5), by_torch, 1e-6)

# %% [markdown]
# Raise that bound with two nets, encoder and *decoder* (解码器), and you have a
# *variational autoencoder* (VAE). Noise must pass through: $z = m + \sqrt v
# \cdot$ noise lets the gradient reach $m$ and $v$.

# %%
from lmlab.learning import batches
from lmlab.learning.training import train

show.source(drawers.vae_loss)
torch.manual_seed(0)
vae, X = drawers.VAE(2).double(), torch.tensor(data.train)
train(vae, batches.rows((X,), 64), steps=1500, learning_rate=3e-3,
      loss=drawers.vae_loss)
code = vae.encode(X[:1])[0].detach().numpy().round(1)
print(f"a {data.train_labels[0]} has the code {code[0]}")

# %% [markdown]
# Two numbers a picture. What does the decoder draw of a grid of codes?

# %%
def sheets(drawn, title, across=10, **size):      # name: pictures (n, 64)
    axes = plots.axes(title, n=len(drawn), **size)
    for ax, (name, x) in zip(np.atleast_1d(axes), drawn.items()):
        x = np.pad(np.reshape(x, (-1, across, 8, 8)), ((0, 0), (0, 0), (1, 1),
                   (1, 1)), constant_values=-1)
        ax.imshow(x.swapaxes(1, 2).reshape(-1, 10 * across), cmap="Greys")
        ax.set_title(name, size=11)
        ax.axis("off")


line = torch.linspace(-2, 2, 14).double()
plane = vae.decoder(torch.cartesian_prod(-line, line).flip(1)).detach()
sheets({"first code: left to right; second: bottom to top": plane},
       "A map of digits, with borders no person drew", across=14, height=5.5)

# %% [markdown]
# A plane is tight. With eight codes, ask for a digit: a *prior* (先验) says
# which codes it has. DALL-E 2 works so: text, then a code, then a picture. A
# prior could name each digit's *mean* code, or *draw* one from a cloud:

# %%
vae8 = drawers.shipped("vae")
mean, cloud = (drawers.draw(vae8, asked, scale) for scale in (0, 1))
show.table([row("the mean", mean), row("the cloud", cloud)], header)

# %% [markdown]
# The mean is always right, and always the same. So a prior must *draw*.
#
# ## Two nets that compete
#
# No likelihood at all: a *generator* (生成器) forges, a *discriminator*
# (判别器) learns to tell, each on the other's errors, a *generative
# adversarial network* (GAN, 生成对抗网络). Pencil size: the real thing is
# always 0, the forgery is $\theta$, and $D(x) = \sigma(\psi x)$ is the chance
# that $x$ is real. $D$ lowers $-\log D(0) - \log (1 - D(\theta))$, with the
# gradient $\sigma(\psi\theta)\theta$; the forger lowers $-\log D(\theta)$,
# with $-\sigma(-\psi\theta)\psi$.
#
# > **Predict.** Start at $\theta = 1$, $\psi = 0$. Does the forger arrive at
# > 0, circle around it, or flee? If they take turns? If both step at once?

# %%
from scipy.special import expit as sigmoid


def contest(in_turn, steps=100, rate=0.5):
    theta, psi, path = 1.0, 0.0, [1.0]
    for _ in range(steps):
        new = psi - rate * sigmoid(psi * theta) * theta
        met = new if in_turn else psi
        theta, psi = theta + rate * sigmoid(-met * theta) * met, new
        path.append(theta)
    return path


plots.lines({"in turn": contest(True), "at once": contest(False)},
            xlabel="step", ylabel="forgery (0 is real)",
            title="Two who only answer each other need not settle")

# %%
theta, psi = torch.tensor([0.8, -0.3], requires_grad=True)
softplus = torch.nn.functional.softplus           # -log sigma(-a)
slope, = torch.autograd.grad(softplus(psi * theta), psi, retain_graph=True)
push, = torch.autograd.grad(softplus(-psi * theta), theta)
show.agree([sigmoid(-0.24) * 0.8, -sigmoid(0.24) * -0.3],
           torch.stack([slope, push]), 1e-6)

# %% [markdown]
# On digits, the same contest twice: rates that suit each other, and a
# generator ten times as fast as its discriminator. Trained before (11 s each),
# asked for nothing.
#
# > **Predict.** How many of the ten digits does each draw?

# %%
from lmlab.page import datasets

table = datasets.measured("20_image_generation")


def found(way, mark, setting=1.0):                # of three seeds
    return [run[mark] for run in table
            if (run["way"], run["setting"]) == (way, setting)]


for way in ("untold", "hasty"):
    print(f"{way}: kinds of digit, three seeds:", *found(way, "kinds"))
sheets({name: drawers.draw(drawers.shipped(way), asked[:50])
        for name, way in (("well paced", "untold"), ("hasty", "hasty"))},
       "One picture that fools the detective is enough", height=2.6)

# %% [markdown]
# That is *mode collapse* (模式崩溃). BigGAN added a tap on a good generator:
# *truncation*, less noise. Here the noise is scaled down:

# %%
gan = drawers.shipped("gan")
show.table([row(f"noise x {scale}", drawers.draw(gan, asked, scale))
            for scale in (1, 0.5, 0.25)], header)

# %% [markdown]
# What is asked is drawn more surely, and ever the same: variety is the price.
#
# ## Drawing as writing
#
# You have a machine that writes: a GPT (lesson 10). Give it an alphabet for
# pictures. A *code book* (码本) of 64 tiles, 2 x 2 pixels each, found by
# k-means, makes sixteen "characters" of a digit; before them stands its name.
# DALL-E 1 does this with 1,024 codes out of 8,192, after 256 tokens of text.

# %%
writer = drawers.shipped("codes")
five = writer.codes(writer.draw(torch.tensor([5]), temperature=0.7))
print(five.view(4, 4).numpy())
paper = writer.codes(-torch.ones(1, 64))[0, 0]
so_far = [torch.where(torch.arange(16) < n, five, paper)
          for n in (1, 4, 6, 8, 10, 12, 16)]
plots.images([writer.look_up(codes).view(8, 8) for codes in so_far],
             title="It writes a 5, code by code", columns=7)

# %% [markdown]
# ## Out of noise
#
# *Diffusion* (扩散): mix a picture with noise until nothing is left, and learn
# the way back. Mixing needs no hundred steps. If $a$ of the variance is kept,
# $x_t = \sqrt a\, x + \sqrt{1 - a}\, \varepsilon$. With $a = 0.64$, a pixel 1
# and noise $-0.5$: $0.8 - 0.3 = 0.5$. In small steps and at once, by hand:

# %%
t = torch.arange(1, diffusion.STEPS + 1)
kept = diffusion.kept(t).numpy()
ink, variance = 1.0, 0.0
for step in kept / np.append(1, kept[:-1]):       # kept by this step alone
    ink, variance = step**0.5 * ink, step * variance + (1 - step)
show.agree([ink, variance], [kept[-1]**0.5, 1 - kept[-1]], 1e-12,
           ("a hundred steps", "one"))

# %%
when = torch.tensor([1, 20, 40, 60, 80, 100])
x = torch.tensor(real[3]).expand(6, 64)
noise = torch.randn(1, 64, generator=torch.Generator().manual_seed(0)).double()
plots.images(diffusion.noised(x, when, noise).view(-1, 8, 8),
             [f"step {n}" for n in when], title="A 3 drowns in noise")

# %% [markdown]
# A *denoiser* guesses the noise in $x_t$; take a little of it away, guess
# again. Given only the training digits, the *best* guess needs no net: look
# which of them $x_t$ may have been, and average. That is lesson 09's softmax,
# the noisy picture the query, the training digits keys and values.
#
# > **Predict.** Draw 500 digits with that perfect denoiser. What comes:
# > a blur, new digits, or training digits?

# %%
keys = X.float()


def perfect(x, t, digit):                         # it does not hear the digit
    a = diffusion.kept(t).float()[:, None]
    far = torch.cdist(x / a.sqrt(), keys)**2 * a / (2 * (1 - a))
    clean = (-far).softmax(1) @ keys
    return (x - a.sqrt() * clean) / (1 - a).sqrt()


show.table([row("perfect denoiser", diffusion.draw(perfect, asked)),
            row("a net of 88,000 weights", drawn)], header)

# %% [markdown]
# The perfect student recites, all 500. What is new in the net's drawings is
# what it *failed* to learn by heart: too small, it must smooth over.
#
# The net hears what is asked; one label in ten it was not told, so it also
# knows noise for "any digit". Their difference points towards what is asked.
# *Guidance* (引导) $w$ goes further along it: any $+\ w\,($asked $-$ any$)$.
#
# > **Predict.** Which $w$, of 0, 1, 2 and 8, will the judge like best? And
# > you?

# %%
denoiser = drawers.shipped("denoiser")
guided = {f"w = {w}": diffusion.draw(denoiser, asked, w) for w in (0, 1, 2, 8)}
sheets({name: x[:50] for name, x in guided.items()},
       "Each sheet: five rows of 0 to 9", width=10, height=2.2)

# %%
show.table([row(name, x) for name, x in guided.items()], header)

# %% [markdown]
# At 8 ink burns to black and paper bleaches: the judge says 100 %, and any
# neighbour tells the sheet from real digits. *Stable Diffusion* does this on a
# VAE's codes instead of pixels ("latent"), 48 times fewer numbers at its size.
#
# ## One table
#
# > **Predict.** Which of the four looks best to you, and which is told least?

# %%
four = {"VAE": ("vae", 1.0), "GAN": ("gan", 1.0), "codes": ("codes", 0.7),
        "diffusion": ("denoiser", 1.0)}
sheets({name: drawers.draw(drawers.shipped(way), asked, setting)[:50]
        for name, (way, setting) in four.items()},
       "Four ways to draw the same fifty digits", width=10, height=2.2)

# %%
def mean_of(name, mark, form):
    way, setting = four[name]
    return f"{np.mean(found(way, mark, setting)):{form}}"


show.table([(name, *(mean_of(name, mark, ".0%")
                     for mark in ("judged", "told", "copies")),
             mean_of(name, "spread", ".2f"), drawers.seconds(four[name][0]))
            for name in four], [*header, "CPU seconds to train"])

# %% [markdown]
# Means of three seeds. The judge favours diffusion; codes are the most various
# and, with the VAE, the hardest to tell from real; the clock likes the VAE.
# "Which draws best?" has no answer before "by which mark?".

# %% [markdown]
# ## Words, code, tunes
#
# The same question, new or copied, of other drawers. A 4-gram (lesson 08) of
# 100,000 letters of Shakespeare writes 2,000 at each temperature (lesson 00).

# %%
from lmlab.text.ngram import NGram

plays = datasets.shakespeare7().lower()
ngram, known = NGram([plays[:100_000]], n=4), {*plays.split()}


def write(temperature, rng, text="the ", surprise=0.0):
    while len(text) < 2000:
        guess = ngram.distribution(text)
        p = np.array([*guess.values()])**(1 / temperature)
        letter = rng.choice([*guess], p=p / p.sum())
        text, surprise = text + letter, surprise - np.log(guess[letter])
    return text, surprise / len(text)

# %%
def tens(text):                                   # runs of ten letters
    return [text[i:i + 10] for i in range(len(text) - 10)]


read, rows = {*tens(plays[:100_000])}, []
for temperature in (0.2, 0.5, 1, 3):
    text, surprise = write(temperature, np.random.default_rng(0))
    runs, words = tens(text), text.split()
    shares = (len({*runs}) / len(runs), np.mean([x not in read for x in runs]),
              np.mean([word not in known for word in words]))
    rows.append((temperature, f"{surprise:.1f}",
                 *(f"{share:.0%}" for share in shares)))
show.table(rows, ["temperature", "surprise (nats)", "tens written once",
                  "tens never read", "words that are none"])

# %% [markdown]
# Likelier is duller; and most of what is *new* at the hot end is no word.
# Novelty is easy. Copilot's drawings can be tested, for code runs. An n-gram
# completes a function, unit tests judge:

# %%
shelf = ["def add(a, b): return a + b", "def less(a, b): return a - b",
         "def times(a, b): return a * b", "def most(a, b): return max(a, b)"]
rng, model = np.random.default_rng(0), NGram(shelf, n=9)
tries = [model.sample(rng, 60, "def add(a, b): return ") for _ in range(20)]


def passes(code):
    names = {}
    exec(code, names)
    return names["add"](2, 3) == 5 and names["add"](-1, 1) == 0


c = sum(map(passes, tries))
print(f"{c} of 20 pass:", sorted({code[22:] for code in tries}))

# %% [markdown]
# *pass@k* is the chance that one of $k$ tries passes. Of $n$ tries $c$ passed;
# so count the ways to choose $k$ that all fail: $1 - \binom{n-c}{k} /
# \binom{n}{k}$ (Chen et al. 2021). The short cut $1 - (1 - c/n)^k$ is too low
# on average: the exercise finds out why.

# %%
from math import comb

show.table([(k, f"{1 - comb(20 - c, k) / comb(20, k):.2f}",
             f"{1 - (1 - c / 20)**k:.2f}") for k in (1, 5, 10)],
           ["k", "pass@k", "short cut"])

# %% [markdown]
# A tune is tokens, too: eight notes, and a *tag*, as MusicLM has a text, says
# how far the next may lie. First calm, then wild (a speaker helps):

# %%
from IPython.display import Audio

hertz, rate = [262, 294, 330, 349, 392, 440, 494, 523], 4000
jumps, clock = {"calm": [-1, 0, 1], "wild": [-5, -3, 3, 5]}, np.arange(800)
rng, notes = np.random.default_rng(1), [0]
for tag in ["calm"] * 6 + ["wild"] * 6:
    notes.append(int(notes[-1] + rng.choice(jumps[tag])) % 8)
waves = [abs(clock * hertz[note] % rate - rate // 2) - rate // 4
         for note in notes]                       # (13, 800): triangles
print(notes)
Audio(np.ravel(waves * (800 - clock)), rate=rate)

# %% [markdown]
# Real sound needs several code books at once. MusicGen has four, and writes
# book $k$ a step later each, so that it can hear what the books before said.
# Which moment is written when?

# %%
moment = np.arange(8) - np.arange(4)[:, None]     # (books, steps)
print(np.where((moment >= 0) & (moment < 5), moment, -1))

# %% [markdown]
# ## What the documents say
#
# *The documents* are five Chinese overviews of large models that this course
# tests.
#
# | they say | verdict | why |
# | --- | --- | --- |
# | 由 Ian Goodfellow 开发的 GAN ... 通过使两个神经网络相互对抗来生成新数据 ("two nets against each other generate new data") | **right** | your contest; 2014 is right, too (1406.2661). Another writes 对抗式生成网络: the usual name is 生成对抗网络 |
# | BigGAN 已广泛用于广告、营销, 甚至用于生成虚拟视频游戏环境 ("widely used in advertising, marketing, even games") | **doubtful** | a DeepMind paper of 2018 (1809.11096); no such use was found |
# | 学习数据的联合概率分布 P(X,Y) ... GANs ("learn the joint distribution") | **imprecise** | a GAN gives no probability at all, and needs no label: your well-paced one had none |
# | 这些模型已用于降维和异常检测等应用 ("VAEs serve to reduce dimensions and find anomalies") | **right** | your plane: 64 numbers to two |
# | VSCode 推出了 CoPilot ("VS Code launched Copilot") | **wrong** | GitHub did, with OpenAI, in June 2021; VS Code is an editor it plugs into |
# | 机器不仅可模仿人类,更开始替代人类去创新 ("machines begin to innovate in place of people") | **an opinion** | new is easy, see your table; new *and* wanted is judged by people |
#
# ## Who is who
#
# | system | when, by whom | size | here |
# | --- | --- | --- | --- |
# | VAE | 2013, Kingma, Welling | any | the plane |
# | GAN | 2014, Goodfellow et al. | any | the contest |
# | BigGAN | 2018, DeepMind | 158 million | noise x 0.5 |
# | DALL-E | 2021, OpenAI | 12 billion | codes |
# | GitHub Copilot | 2021, GitHub, OpenAI | Codex: to 12 billion | pass@k |
# | DALL-E 2 | 2022, OpenAI | decoder 3.5 billion | the cloud |
# | Midjourney | 2022, Midjourney | not told | (way not told) |
# | Stable Diffusion | 2022, LMU, Runway, Stability AI | 860 million, text 123 | guidance |
# | MusicLM | 2023, Google | 430 million a stage | the tune |
# | MusicGen | 2023, Meta | 0.3, 1.5, 3.3 billion | the delay |
#
# ## Check yourself
#
# 1. A drawer gets: as asked 100 %, spread 0.1. What does its sheet look like?
# 2. $a = 0.36$, pixel 1, noise 1: which pixel is seen?
# 3. Of 4 tries 2 pass. pass@2?
#
# <details><summary>Answers</summary>
#
# 1. The same ten pictures, over and over.
# 2. $0.6 + 0.8 = 1.4$.
# 3. Of 6 pairs, one fails twice: $1 - 1/6 \approx 0.83$.
#
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Show* the first picture (vote), the collapsed sheet, the four guided ones.
# *Ask* before the perfect denoiser what it will draw. *A common
# misunderstanding*: that a model pastes pieces of training pictures. It can
# recite, and does where it is large for its data.
#
# </details>
#
# **What this left out**: U-Nets, upsamplers, flows, likelihoods of diffusion,
# and whose pictures were trained on (lesson 26).
#
# **Where it goes next**: [exercises](../exercises/20_image_generation.ipynb);
# then [lesson 21](21_multimodal.ipynb), where words meet pictures.
#
# **Read on** (numbers are those of arXiv)
# - Kingma, Welling, *Auto-Encoding Variational Bayes*, 2013, 1312.6114
# - Goodfellow et al., *Generative Adversarial Nets*, 2014, 1406.2661
# - Mescheder et al., *Which Training Methods for GANs do actually Converge?*,
#   2018, 1801.04406 (the contest)
# - Brock et al., *Large Scale GAN Training* (BigGAN), 2018, 1809.11096
# - Ho et al., *Denoising Diffusion Probabilistic Models*, 2020, 2006.11239
# - Ramesh et al., *Zero-Shot Text-to-Image Generation* (DALL-E), 2021,
#   2102.12092; *Hierarchical Text-Conditional Image Generation with CLIP
#   Latents* (DALL-E 2), 2022, 2204.06125
# - Chen et al., *Evaluating Large Language Models Trained on Code*, 2021,
#   2107.03374
# - Rombach et al., *Latent Diffusion Models*, 2022, 2112.10752
# - Ho, Salimans, *Classifier-Free Diffusion Guidance*, 2022, 2207.12598
# - Agostinelli et al., *MusicLM*, 2023, 2301.11325; Copet et al., *MusicGen*,
#   2023, 2306.05284
