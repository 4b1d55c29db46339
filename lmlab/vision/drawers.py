"""Four ways to draw a digit, small enough to train in seconds; and those shipped.

Lesson 20 compares them: a variational autoencoder, two nets that compete, a GPT that
writes the codes of a picture, and diffusion (in `lmlab.vision.diffusion`).

    python -m lmlab.vision.drawers

trains each from seed 0 and puts them into data/drawer-*.safetensors.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lmlab.learning import batches, checkpoints
from lmlab.learning.training import train
from lmlab.models.gpt import GPT, GPTConfig
from lmlab.models.sampling import generate
from lmlab.page import datasets
from lmlab.page.paths import course_root
from lmlab.vision import diffusion

WORDS = 64  # of the code book


def pictures() -> tuple[Tensor, Tensor]:
    """Return the digits to learn from, (1297, 64) in float32, and their labels."""
    from lmlab.vision.judge import digits  # half a second, and not to draw

    data = digits()
    return torch.tensor(data.train).float(), torch.tensor(data.train_labels)


class VAE(nn.Module):
    """A picture (n, 64) to a cloud of codes (n, d), and a code to a picture.

    Kingma and Welling 2013, arXiv 1312.6114. `noise`: how far from the decoder's
    picture a real one may lie.
    """

    def __init__(self, d: int, hidden: int = 128, noise: float = 0.4):
        super().__init__()
        self.d, self.noise = d, noise
        self.encoder = nn.Sequential(
            nn.Linear(64, hidden), nn.SiLU(), nn.Linear(hidden, 2 * d))
        self.decoder = nn.Sequential(
            nn.Linear(d, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(),
            nn.Linear(hidden, 64), nn.Tanh())

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the middle (n, d) of each cloud, and the logarithm of its variance."""
        return self.encoder(x).chunk(2, dim=1)


def vae_loss(model: VAE, batch: tuple[Tensor, ...]) -> Tensor:
    """Return minus the ELBO, without its constant: off the picture, off the law."""
    middle, log_v = model.encode(batch[0])
    z = middle + (log_v / 2).exp() * torch.randn_like(middle)
    off = (model.decoder(z) - batch[0]).square().sum(1) / (2 * model.noise**2)
    away = (middle**2 + log_v.exp() - 1 - log_v).sum(1) / 2
    return (off + away).mean()


class GAN(nn.Module):
    """A forger that draws from noise (n, 32), and a detective that doubts.

    Goodfellow et al. 2014, arXiv 1406.2661; told the digit or not (Mirza and Osindero
    2014, arXiv 1411.1784).
    """

    def __init__(self, told: bool):
        super().__init__()
        self.told, n = told, 10 * told
        self.generator = nn.Sequential(
            nn.Linear(32 + n, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(),
            nn.Linear(128, 64), nn.Tanh())
        self.discriminator = nn.Sequential(
            nn.Linear(64 + n, 128), nn.LeakyReLU(0.2), nn.Dropout(0.3),
            nn.Linear(128, 128), nn.LeakyReLU(0.2), nn.Dropout(0.3),
            nn.Linear(128, 1))

    def told_too(self, x: Tensor, y: Tensor) -> Tensor:
        """Return x with the digit y (n,) beside it, if it is told."""
        return torch.hstack([x, F.one_hot(y, 10).to(x.dtype)]) if self.told else x

    def draw(self, z: Tensor, y: Tensor) -> Tensor:
        """Return the pictures (n, 64) that the generator makes of noise z (n, 32)."""
        return self.generator(self.told_too(z, y))

    def doubt(self, x: Tensor, y: Tensor) -> Tensor:
        """Return a score (n, 1), high where the discriminator takes x for real."""
        return self.discriminator(self.told_too(x, y))


def train_gan(told: bool, steps: int, rates: tuple[float, float], beta: float,
              seed: int) -> GAN:
    """Return a GAN whose two nets took turns; rates: generator's, discriminator's."""
    torch.manual_seed(seed)
    model, deal = GAN(told), batches.rows(pictures(), 64, seed)
    forger, detective = (
        torch.optim.Adam(net.parameters(), rate, betas=(beta, 0.999), fused=True)
        for net, rate in zip((model.generator, model.discriminator), rates,
                             strict=True))
    for step in range(steps):
        x, y = deal(step)
        forged = model.draw(torch.randn(len(x), 32), y)
        detective.zero_grad()
        (F.softplus(-model.doubt(x, y))
         + F.softplus(model.doubt(forged.detach(), y))).mean().backward()
        detective.step()
        forger.zero_grad()
        F.softplus(-model.doubt(forged, y)).mean().backward()
        forger.step()
    return model.eval()


class CodeWriter(GPT):
    """A GPT that writes pictures: a digit's name, then sixteen codes of 2 x 2 pixels.

    DALL-E's way (Ramesh et al. 2021, arXiv 2102.12092). book: (WORDS, 4), the codes.
    """

    def __init__(self):
        super().__init__(GPTConfig(WORDS + 10, 17, d_model=64, n_layers=2))
        self.register_buffer("book", torch.zeros(WORDS, 4))

    def codes(self, x: Tensor) -> Tensor:
        """Return the nearest code (n, 16) of each tile of pictures x (n, 64)."""
        return torch.cdist(tiles(x), self.book).argmin(-1)

    def look_up(self, codes: Tensor) -> Tensor:
        """Return pictures (n, 64) of codes (n, 16)."""
        return self.book[codes].view(-1, 4, 4, 2, 2).transpose(2, 3).reshape(-1, 64)

    def draw(self, y: Tensor, temperature: float, seed: int = 0) -> Tensor:
        """Return a picture (n, 64) of each digit in y (n,), drawn code by code."""
        written = generate(
            self, (y[:, None] + WORDS).tolist(), max_new_tokens=16,
            temperature=temperature, generator=torch.Generator().manual_seed(seed))
        return self.look_up(torch.tensor(written).clamp(max=WORDS - 1))


def tiles(x: Tensor) -> Tensor:
    """Cut pictures (n, 64) into (n, 16, 4): 2 x 2 pixels each, row by row."""
    return x.view(-1, 4, 2, 4, 2).transpose(2, 3).reshape(-1, 16, 4)


def codes_of_digits(model: VAE, y: Tensor, scale: float = 1.0, seed: int = 0) -> Tensor:
    """Return a code (n, d) for each digit in y (n,): a prior, a Gaussian a digit.

    It has the mean and covariance of the training codes of that digit; `scale` shrinks
    the cloud. (DALL-E 2's prior draws such a code of a text: Ramesh et al. 2022.)
    """
    random, x_labels = torch.Generator().manual_seed(seed), pictures()[1]
    middle, log_v = model.encode(pictures()[0])
    z = torch.empty(len(y), model.d)
    for digit in y.unique():
        mine = x_labels == digit
        cloud = middle[mine].T.cov() + log_v[mine].exp().mean(0).diag()
        draws = torch.randn(int((y == digit).sum()), model.d, generator=random)
        z[y == digit] = (middle[mine].mean(0)
                         + scale * draws @ torch.linalg.cholesky(cloud).T)
    return z


@torch.no_grad()
def draw(model: nn.Module, asked: Tensor | np.ndarray, setting: float = 1.0,
         seed: int = 0) -> Tensor:
    """Return a picture (n, 64) of each digit asked for, (n,), by whichever way.

    setting: a CodeWriter's temperature, a Denoiser's guidance, and else the scale of
    the noise that is drawn from.
    """
    y = torch.as_tensor(asked)
    if isinstance(model, VAE):
        return model.decoder(codes_of_digits(model, y, setting, seed))
    if isinstance(model, GAN):
        random = torch.Generator().manual_seed(seed)
        return model.draw(setting * torch.randn(len(y), 32, generator=random), y)
    if isinstance(model, CodeWriter):
        return model.draw(y, setting, seed)
    return diffusion.draw(model, y, setting, seed)


def train_vae(seed: int, steps: int = 4000) -> VAE:
    """Return a VAE with eight codes."""
    torch.manual_seed(seed)
    model = VAE(8)
    train(model, batches.rows(pictures(), 64, seed), steps=steps, learning_rate=2e-3,
          weight_decay=0.0, loss=vae_loss)
    return model.eval()


def train_codes(seed: int, steps: int = 900) -> CodeWriter:
    """Return a writer: its code book by k-means, then its weights."""
    from sklearn.cluster import KMeans  # a second, and not to draw

    x, y = pictures()
    torch.manual_seed(seed)
    model = CodeWriter()
    means = KMeans(WORDS, random_state=seed, n_init=1).fit(tiles(x).reshape(-1, 4))
    model.book.copy_(torch.tensor(means.cluster_centers_))
    ids = torch.hstack([y[:, None] + WORDS, model.codes(x)])
    train(model, batches.rows(ids, 64, seed), steps=steps, learning_rate=3e-3,
          warmup=50)
    return model.eval()


def train_denoiser(seed: int, steps: int = 5000) -> diffusion.Denoiser:
    """Return a denoiser."""
    torch.manual_seed(seed)
    net = diffusion.Denoiser()
    train(net, batches.rows(pictures(), 128, seed), steps=steps, learning_rate=2e-3,
          warmup=100, weight_decay=0.0, loss=diffusion.loss)
    return net.eval()


SHIPPED: dict[str, tuple[Callable[[], nn.Module], Callable[[int], nn.Module]]] = {
    "vae": (lambda: VAE(8), train_vae),
    "gan": (lambda: GAN(told=True), lambda seed: train_gan(
        told=True, steps=6000, rates=(4e-4, 8e-4), beta=0.5, seed=seed)),
    "untold": (lambda: GAN(told=False), lambda seed: train_gan(
        told=False, steps=4000, rates=(4e-4, 8e-4), beta=0.5, seed=seed)),
    "hasty": (lambda: GAN(told=False), lambda seed: train_gan(
        told=False, steps=4000, rates=(1e-3, 1e-4), beta=0.9, seed=seed)),
    "codes": (CodeWriter, train_codes),
    "denoiser": (diffusion.Denoiser, train_denoiser),
}  # name: (an untrained one, its training from a seed)


@torch.random.fork_rng(devices=())  # the caller draws what they would have drawn
def shipped(name: str) -> nn.Module:
    """Return a drawer of `SHIPPED`, trained from seed 0.

    "untold" and "hasty" are GANs that are not told a digit; the hasty one's generator
    learns ten times as fast as its discriminator, with more momentum (the untold one
    with that momentum still draws eight kinds of digit, three seeds).
    """
    if name not in SHIPPED:
        raise ValueError(f"name must be one of {', '.join(SHIPPED)}: got {name!r}")
    model = SHIPPED[name][0]()
    checkpoints.load(datasets.path(f"drawer-{name}.safetensors"), model)
    return model.eval().requires_grad_(False)


def seconds(name: str) -> int:
    """Return how many seconds of one CPU the training of a shipped drawer took."""
    file = datasets.path(f"drawer-{name}.safetensors")
    return checkpoints.describe(file)["notes"]["seconds"]


def ship() -> None:
    """Train each drawer from seed 0; put weights and checksums into data/."""
    torch.set_num_threads(1)
    folder = course_root() / "data"
    for name, (_, teach) in SHIPPED.items():
        began, file = time.process_time(), folder / f"drawer-{name}.safetensors"
        model = teach(0)
        notes = {"command": "python -m lmlab.vision.drawers", "seed": 0,
                 "seconds": round(time.process_time() - began)}
        checkpoints.save(file, model, notes, torch.float16)
        datasets.record(file.name)
        print(f"{file.name}: {file.stat().st_size // 1024} KB, {notes['seconds']} s")


if __name__ == "__main__":
    ship()
