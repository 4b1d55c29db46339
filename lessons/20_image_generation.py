# %% [markdown]
# # How does it draw?
#
# Out of a map, in a contest, word by word, or out of noise: four machines draw
# digits that nobody wrote.
#
# **You will** build each idea on numbers for a pencil, mark four sheets of
# drawings alike, and find what each mark does not see.
#
# **You need** lessons 04, 09, 10, 16: surprise, attention, a GPT, the KL leash.
#
# **Time** 33 minutes to read, 20 seconds to run
#
# In each column one digit was written by a person, and one drawn by a net of
# 97,000 weights. Which is which?

# %%
import numpy as np
import torch

from lmlab.page import plots
from lmlab.vision import diffusion, drawers
from lmlab.vision.handwriting import load_digits

asked = torch.arange(500) % 10                    # fifty of each digit
drawn = diffusion.draw(drawers.shipped("denoiser"), asked)
real = load_digits()[0][:10] / 8 - 1              # the first ten: 0 to 9
upper = np.random.default_rng(5).integers(2, size=10)    # 0: the net's above
pairs = np.stack([drawn[:10], real])[[upper, 1 - upper], range(10)]
plots.images(pairs.reshape(-1, 8, 8), columns=10, title="Who drew which?")

# %%
print("drawn by the net, in the upper row:", *np.flatnonzero(upper == 0))

# %% [markdown]
# ## Four marks
#
# Ask for 500 digits, fifty of each. A *judge*, a classifier right on 99 % of
# digits it never saw, says how many are *as asked*. *Told* is how often a
# picture's nearest neighbour says rightly whether it is drawn or real: 50 % is
# guessing. *Copies* lie nearer to a training digit than any held-out one does.
# *Spread* is the mean distance of two drawings of one digit; of real ones, 1.
#
# > **Predict.** Two cheats: one shows 500 training digits, the other ten of
# > them, fifty times each. Which mark catches whom? What does the judge say?

# %%
from lmlab.vision.judge import digits, report

data = digits()
of = [data.train[data.train_labels == digit] for digit in range(10)]
many, ten = ([of[i % 10][i // 10 % n] for i in range(500)] for n in (50, 1))
report({"500 copies": many, "ten copies": ten})

# %% [markdown]
# The judge is delighted with both. One mark is no mark.
#
# ## A map of pictures
#
# Say each picture $x$ has a hidden *latent* code $z$, from a normal law (a
# distribution: the bell curve of mean 0, variance 1). On paper: $x = z$ plus noise
# of that law, so $x$ is normal with variance 2, and its *likelihood* (似然) $p(x)$
# is known, whose $-\log$ is lesson 04's surprise. With a net between $z$ and $x$ it
# is not. So a second net, the *encoder* (编码器), guesses which codes made this $x$:
# middle (mean) $m$, variance $v$. For *any* guess
#
# $$\log p(x) \ge \underbrace{E \log p(x|z)}_{\text{drawn well, on average?}} -
# \underbrace{\tfrac12 (m^2 + v - 1 - \log v)}_{\text{KL: far from the law?}}$$
#
# The right side is the *ELBO*, evidence lower bound (KL: lesson 16's leash).
#
# > **Predict.** $x = 2$. Which guess touches the exact value: $m = 2, v = 1$,
# > or $m = 1, v = 1$, or $m = 1, v = \frac12$?

# %%
def elbo(x, m, v):
    drawn_well = -np.log(2 * np.pi) / 2 - ((x - m)**2 + v) / 2
    return drawn_well - (m**2 + v - 1 - np.log(v)) / 2


exact = -np.log(2 * np.pi * 2) / 2 - 2**2 / (2 * 2)
for m, v in ((2, 1), (1, 1), (1, 0.5)):
    print(f"m = {m}, v = {v}: {exact - elbo(2, m, v):.2f} nats below exact")

# %%
from torch.distributions import Normal, kl_divergence

from lmlab.page import show

guess = Normal(torch.tensor(1.0), torch.tensor(0.5).sqrt())
by_hand = (1 + 0.5 - 1 - np.log(0.5)) / 2
show.agree(by_hand, kl_divergence(guess, Normal(0, 1)), 1e-6)

# %% [markdown]
# Raise that bound with two nets, encoder and *decoder* (解码器): a *variational
# autoencoder* (VAE). As $z = m + \sqrt v \cdot$ noise, gradients reach $m, v$.

# %%
from lmlab.learning import batches
from lmlab.learning.training import train

show.source(drawers.vae_loss)
torch.manual_seed(0)
vae, X = drawers.VAE(2).double(), torch.tensor(data.train)
train(vae, batches.rows((X,), 64), steps=1500, learning_rate=3e-3,
      loss=drawers.vae_loss)
print("code of a digit:", vae.encode(X[:1])[0].detach().numpy().round(1))

# %% [markdown]
# A code is two numbers. What does the decoder draw of a grid of codes?

# %%
from lmlab.vision.sheets import sheets

line = torch.linspace(-2, 2, 14).double()
plane = vae.decoder(torch.cartesian_prod(-line, line).flip(1)).detach()
sheets({"first number: left to right; second: bottom to top": plane},
       title="A map of digits, with borders no person drew", columns=14)

# %% [markdown]
# DALL-E 2 draws so: a text, a code, a picture. A *prior* (先验) names a code for
# what is asked: the digit's *mean* code, or a draw from its *cloud*? With
# codes of eight numbers:

# %%
vae8 = drawers.shipped("vae")
mean, cloud = (drawers.draw(vae8, asked, scale) for scale in (0, 1))
report({"the mean": mean, "the cloud": cloud})

# %% [markdown]
# The mean is right and always the same. A prior must *draw*.
#
# ## Two nets that compete
#
# A *generator* (生成器) is a forger, a *discriminator* (判别器) the detective who
# learns to tell: a *generative adversarial network* (GAN, 生成对抗网络). Pencil
# size: what is real is always 0, the forgery is $\theta$, and $D(x) =
# \sigma(\psi x)$ is the chance that $x$ is real. $D$ lowers $-\log D(0) - \log
# (1 - D(\theta))$, with the gradient $\sigma(\psi\theta)\theta$; the forger
# lowers $-\log D(\theta)$, with $-\sigma(-\psi\theta)\psi$.
#
# > **Predict.** From $\theta = 1$, $\psi = 0$: does the forger arrive at 0,
# > circle it, or flee? If they step in turn? If both step at once?

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

# %%
plots.lines({"in turn": contest(True), "at once": contest(False)},
            xlabel="step", ylabel="forgery (0 is real)",
            title="In turn they creep home, at once they circle")

# %% [markdown]
# At once, each answers a move that is past (rates from 0.1 to 2 do the same). Now
# two GANs for digits, trained before, neither told which digit to draw. *Well
# paced*: the two rates suit each other. *Hasty*: the generator is ten times as
# fast as its discriminator (and has more momentum). How many kinds of digit does
# each draw (e to the entropy of the judge's answers), with three seeds?

# %%
from lmlab.page import datasets

table = datasets.measured("20_image_generation")


def found(way, mark, setting=1.0):                # of three seeds
    return [run[mark] for run in table
            if (run["way"], run["setting"]) == (way, setting)]


print("well paced:", found("untold", "kinds"))
print("hasty:", found("hasty", "kinds"))

# %%
sheets({name: drawers.draw(drawers.shipped(way), asked[:50])
        for name, way in (("well paced", "untold"), ("hasty", "hasty"))},
       title="A forger that runs ahead draws one picture")

# %% [markdown]
# That is *mode collapse* (模式崩溃): one blot is enough where it fools a slow
# detective; it is no digit. BigGAN's *truncation* (large noise is drawn again)
# does a little of it on purpose. In a third GAN, told the digit, we scale the
# noise down:

# %%
gan = drawers.shipped("gan")
report({f"noise x {scale}": drawers.draw(gan, asked, scale)
        for scale in (1, 0.5, 0.25)})

# %% [markdown]
# Surer, and ever more alike: variety is the price.
#
# ## Drawing as writing
#
# A GPT (lesson 10) writes. Give it an alphabet for pictures: a *code book*
# (码本) of 64 tiles, 2 x 2 pixels each, found by *k-means* (each is the mean of
# the tiles nearest to it), makes sixteen "characters" of a digit; before them
# stands the digit's name. DALL-E writes 1,024 codes, of a book of 8,192, after up
# to 256 tokens of text.

# %%
writer = drawers.shipped("codes")
five = writer.codes(writer.draw(torch.tensor([5]), temperature=0.7))
paper = writer.codes(-torch.ones(1, 64))[0, 0]
so_far = [torch.where(torch.arange(16) < n, five, paper)
          for n in (1, 4, 6, 8, 10, 12, 16)]
plots.images([writer.look_up(codes).view(8, 8) for codes in so_far],
             title="It writes a 5, code by code", columns=7)

# %% [markdown]
# ## Out of noise
#
# *Diffusion* (扩散): mix a picture with noise until nothing is left, and learn
# the way back. Any share of noise is mixed in at once: where $a$ of the variance
# is kept, $x_t = \sqrt a\, x + \sqrt{1 - a}\, \varepsilon$. With $a = 0.64$, a
# pixel 1 and noise $-0.5$: $0.8 - 0.3 = 0.5$.

# %%
when = torch.tensor([1, 20, 40, 60, 80, 100])
a = diffusion.kept(when).numpy()[:, None]         # (6, 1)
x, noise = np.tile(real[2], (6, 1)), np.random.default_rng(0).normal(size=64)
by_hand = np.sqrt(a) * x + np.sqrt(1 - a) * noise
show.agree(by_hand, diffusion.noised(torch.tensor(x), when,
                                     torch.tensor(noise)), 1e-12)
plots.images(by_hand.reshape(-1, 8, 8).clip(-1.5, 1.5),
             [f"step {n}" for n in when], title="A 2 drowns in noise")

# %% [markdown]
# A *denoiser* guesses the noise in $x_t$; take a little away, guess again. On
# the training digits, the *best* guess needs no net: ask which of them $x_t$
# may have been, and average. That is lesson 09's softmax: the noisy picture
# asks, the training digits are keys and values.
#
# > **Predict.** Draw 500 digits with that perfect denoiser. What comes: blurs,
# > new digits, training digits?

# %%
keys = X.float()


def perfect(x, t, digit):                         # deaf to what is asked
    a = diffusion.kept(t).float()[:, None]
    far = torch.cdist(x / a.sqrt(), keys)**2 * a / (2 * (1 - a))
    clean = (-far).softmax(1) @ keys
    return (x - a.sqrt() * clean) / (1 - a).sqrt()


report({"perfect denoiser": diffusion.draw(perfect, asked),
        "a net of 97,000 weights": drawn})

# %% [markdown]
# The perfect student recites, all 500 (deaf, it is right one time in ten). What
# is new in the net's drawings is what it could *not* learn by heart.
#
# The net hears which digit is asked; one label in ten was kept from it, so it
# also guesses the noise of "any digit". *Guidance* (引导) $w$ goes along the
# difference: any $+\ w\,($asked $-$ any$)$.
#
# > **Predict.** Which $w$, of 0, 1, 2 and 8, will the judge like best? And
# > you?

# %%
guided = {f"w = {w}": diffusion.draw(drawers.shipped("denoiser"), asked, w)
          for w in (0, 1, 2, 8)}
report(guided)

# %% [markdown]
# At 8 the judge says 100 %, and neighbours tell 98 %. Look at the 4s:

# %%
fours = [of[4][:10], *(guided[f"w = {w}"][4::10][:10] for w in (1, 2, 8))]
plots.images(np.concatenate(fours).reshape(-1, 8, 8), columns=10,
             title="Real 4s, then w = 1, 2, 8: ever blacker, ever less ours")

# %% [markdown]
# Nobody's 4 is so much a 4: a black bar, and arms that no hand spreads. *Stable
# Diffusion* does all this on a VAE's codes, 48 times fewer numbers than its
# pixels.
#
# ## One table
#
# Which sheet looks best to you?

# %%
four = {"VAE": ("vae", 1.0), "GAN": ("gan", 1.0), "codes": ("codes", 0.7),
        "diffusion": ("denoiser", 1.0)}
sheets({name: drawers.draw(drawers.shipped(way), asked, setting)[:30]
        for name, (way, setting) in four.items()},
       title="Four ways to draw the same thirty digits")

# %%
rows = []
for name, (way, setting) in four.items():
    mean = [np.mean(found(way, mark, setting)) for mark in
            ("judged", "told", "copies", "spread")]
    rows.append((name, *(f"{share:.0%}" for share in mean[:3]),
                 f"{mean[3]:.2f}", drawers.seconds(way)))
show.table(rows, ["way", "as asked", "told", "copies", "spread",
                  "CPU seconds to train"])

# %% [markdown]
# Means of three seeds; all but the map above was trained before. The judge
# hardly parts the last three; codes are the most various and, with the VAE,
# the hardest to tell from real; the clock likes the VAE. Best by which mark?
#
# ## Not only pictures
#
# A text is drawn token by token (lessons 00, 12), a program too. Exercise 4
# asks how much of a text is new, and how likely one of $k$ programs passes its
# tests (*pass@k*).
#
# And a tune: eight notes are the tokens. Where MusicLM has a text, a *tag*
# says how far the next note may lie: calm, then wild. (Real sound takes several
# codes a moment. MusicGen's four books each start a *delay* of one step after
# the book before, so that a code hears the rougher one it refines.)

# %%
from IPython.display import Audio

hertz, rate = [262, 294, 330, 349, 392, 440, 494, 523], 4000
jumps = {"calm": [-1, 0, 1], "wild": [-5, -3, 3, 5]}
rng, notes, clock = np.random.default_rng(1), [0], np.arange(800)
for tag in ["calm"] * 6 + ["wild"] * 6:
    notes.append(int(notes[-1] + rng.choice(jumps[tag])) % 8)
waves = [abs(clock * hertz[note] % rate - rate // 2) - rate // 4
         for note in notes]                       # (13, 800): triangles
print(notes)
Audio(np.ravel(waves * (800 - clock)), rate=rate)

# %% [markdown]
# ## What the documents say
#
# *The documents* are five Chinese overviews of large models that this course
# tests.
#
# | they say | verdict | why |
# | --- | --- | --- |
# | 由 Ian Goodfellow 开发的 GAN ... 通过使两个神经网络相互对抗来生成新数据 ("two nets against each other generate new data") | **right** | your contest; 2014 is right, too (1406.2661). Another document writes 对抗式生成网络; the usual name is 生成对抗网络 |
# | BigGAN 已广泛用于广告、营销, 甚至用于生成虚拟视频游戏环境 ("widely used in advertising, marketing, even games") | **doubtful** | DeepMind's, 2018 (1809.11096); no such use was found |
# | 学习数据的联合概率分布 P(X,Y) ... GANs; 条件概率分布 P(Y∣X) ... 支持向量机 SVM ("GANs: the joint distribution; SVMs: the conditional") | **imprecise** | a GAN gives no probability, and needs no label: your well-paced one had none. The judge is an SVM: borders, no probability |
# | 大模型大致可分为三种类型: 语言模型、计算机视觉模型和生成模型 ("language, vision and generative models") | **imprecise** | they overlap: a GPT drew digits |
# | VSCode 推出了 CoPilot ("VS Code launched Copilot") | **wrong** | GitHub did, with OpenAI, in June 2021; VS Code is an editor it plugs into |
# | 机器不仅可模仿人类,更开始替代人类去创新 ("machines begin to innovate in place of people") | **an opinion** | new is easy (exercise 4 counts it in a text); what is wanted, people judge |
#
# ## Who is who
#
# | system | when, by whom | size | here |
# | --- | --- | --- | --- |
# | VAE | 2013, Kingma, Welling | any | the plane |
# | GAN | 2014, Goodfellow et al. | any | the contest |
# | BigGAN | 2018, DeepMind | 70 + 88 million (128 px) | noise x 0.5 |
# | DALL-E | 2021, OpenAI | 12 billion | codes |
# | GitHub Copilot | 2021, GitHub, OpenAI | Codex: to 12 billion | exercise 4 |
# | DALL-E 2 | 2022, OpenAI | decoder 3.5 billion | the cloud |
# | Midjourney | 2022, Midjourney | not told | (way not told) |
# | Stable Diffusion | 2022, LMU, Runway, Stability AI | 860 million, text 123 | guidance |
# | MusicLM | 2023, Google | several nets | the tune |
# | MusicGen | 2023, Meta | 0.3, 1.5, 3.3 billion | the delay |
#
# ## Check yourself
#
# 1. As asked 100 %, spread 0.1: what does the sheet look like?
# 2. $a = 0.36$, pixel 1, noise 1: which pixel is seen?
# 3. A denoiser fits its training digits perfectly. Good news?
#
# <details><summary>Answers</summary>
#
# 1. The same ten pictures, over and over.
# 2. $0.6 + 0.8 = 1.4$.
# 3. It will recite them.
#
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Show* the first picture (vote), the collapsed sheet, the guided ones (*point
# at* w = 8). *Ask* what the perfect denoiser draws. *A common
# misunderstanding*: that a model pastes pieces of training pictures.
#
# </details>
#
# **What this left out**: U-Nets, upsamplers, flows; whose pictures were used.
#
# **Where it goes next**: [exercises](../exercises/20_image_generation.ipynb);
# then [lesson 21](21_multimodal.ipynb), where words meet pictures.
#
# **Read on** (numbers are those of arXiv)
# - Kingma, Welling, *Auto-Encoding Variational Bayes*, 2013, 1312.6114
# - Goodfellow et al., *Generative Adversarial Nets*, 2014, 1406.2661; the
#   contest: Mescheder et al., 2018, 1801.04406
# - Brock et al., *Large Scale GAN Training* (BigGAN), 2018, 1809.11096
# - Ho et al., *Denoising Diffusion Probabilistic Models*, 2020, 2006.11239;
#   guidance: Ho, Salimans, 2022, 2207.12598
# - Ramesh et al., DALL-E, 2021, 2102.12092; DALL-E 2, 2022, 2204.06125
# - Chen et al. (Codex, pass@k), 2021, 2107.03374
# - Rombach et al., *Latent Diffusion Models*, 2022, 2112.10752
# - MusicLM, 2023, 2301.11325; MusicGen, 2023, 2306.05284
