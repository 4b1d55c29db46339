"""Lesson 19 with other seeds: moved digits, depth, LeNet-5, cheap layers, detectors.

What the three numbers of a row are depends on the study. "moved": digits read right (%)
in the middle, one pixel off, two off. "old": LeNet-5 and a support vector machine (%).
"depth": the mean loss of the last 50 of 500 steps. "depthwise": how many times fewer
multiplications, how many times faster. "detector": average precision at an IoU of 0.5
and of 0.75, and milliseconds a picture.
"""

import time

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.svm import SVC
from torch import nn
from torch.nn import functional as F

from lmlab.learning import batches
from lmlab.learning.muon import muon
from lmlab.learning.training import train
from lmlab.models.vit import ViT, ViTConfig
from lmlab.vision import detection

STUDIES = {  # study -> what is compared, and its sizes
    "depth": [(what + how, n) for n in (20, 40) for what in ("plain", "residual")
              for how in ("", ", He", ", batch norm")],
    "moved": [(what, 0) for what in ("plain", "flattened", "global max", "stride 2",
                                     "ViT")],
    "moved, trained on moved": [(what, 0) for what in ("plain", "global max", "ViT")],
    "old": [("LeNet-5", 0), ("SVM", 0)],
    "detector": [("grid", 0), ("windows", 390), ("windows", 1470),
                 ("strict windows", 1470)],
}
ROWS = [{"study": study, "what": what, "size": size, "seed": seed}
        for study, rows in STUDIES.items() for what, size in rows
        for seed in (0, 1, 2)]
ROWS += [{"study": "depthwise", "what": what, "size": channels, "seed": 0}
         for what in ("1 picture of 8 x 8", "16 pictures of 32 x 32")
         for channels in (16, 64, 256)]


def measure(study: str, **row) -> dict[str, float]:
    """Return the numbers of a row, 0 where a study has fewer; see above what they are.

    What the page trains, it trains in float64; so does this.
    """
    work = {"depth": depth, "moved": moved, "moved, trained on moved": moved,
            "old": old, "detector": detector, "depthwise": depthwise}[study]
    if work in (depth, moved, old):
        torch.set_default_dtype(torch.float64)
    if work is moved:
        row["everywhere"] = study != "moved"
    numbers = [*work(**row), 0, 0]
    places = "first", "second", "third"
    return {place: round(float(n), 3) for place, n in zip(places, numbers[:3],
                                                          strict=True)}


def digits(seed: int, margin: int) -> tuple[torch.Tensor, ...]:
    """Return pictures and names, 1,400 to learn from and 397 held out."""
    pixels, names = map(torch.tensor, load_digits(return_X_y=True))
    images = F.pad(pixels.view(-1, 1, 8, 8) / 16, (margin,) * 4)
    torch.manual_seed(seed)
    learn, test = torch.randperm(1797).split([1400, 397])
    return images[learn], names[learn], images[test], names[test]


def class_loss(net: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]):
    return F.cross_entropy(net(batch[0]), batch[1])


def right(net: nn.Module, images: torch.Tensor, names: torch.Tensor) -> float:
    with torch.no_grad():
        return 100 * (net(images).argmax(1) == names).double().mean().item()


def moved(what: str, size: int, seed: int, everywhere: bool) -> list[float]:
    images, names, test, truth = digits(seed, margin=2)

    def body(stride):
        return [nn.Conv2d(1, 8, 3, stride, padding=1), nn.ReLU(),
                nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(),
                nn.Conv2d(8, 32, 3, padding=1), nn.ReLU()]

    top = [nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(32, 10)]
    layers, steps, rate = {
        "plain": ([nn.Flatten(), nn.Linear(144, 128), nn.ReLU(), nn.Linear(128, 10)],
                  600, 0.005),
        "flattened": ([*body(1), nn.Flatten(), nn.Linear(32 * 144, 10)], 150, 0.01),
        "global max": ([*body(1), *top], 200, 0.02),
        "stride 2": ([*body(2), *top], 400, 0.02),
        "ViT": ([ViT(ViTConfig(12, 3, 1, 10, d_model=32, n_layers=2, n_heads=2))],
                150, 0.02),
    }[what]
    deal = batches.rows((images, names), 64, seed)

    def batch(step):
        pictures, named = deal(step)
        if everywhere:
            far = np.random.default_rng(step).integers(-2, 3, size=2).tolist()
            pictures = pictures.roll(far, dims=(2, 3))
        return pictures, named

    net = nn.Sequential(*layers)
    train(net, batch, steps=steps, learning_rate=rate, warmup=10, optimiser=muon,
          loss=class_loss)
    return [round(np.mean([right(net, test.roll(by, dims=axis), truth)
                           for axis in (2, 3) for by in (far, -far)]), 1)
            for far in (0, 1, 2)]


def old(what: str, size: int, seed: int) -> list[float]:
    images, names, test, truth = digits(seed, margin=0)
    if what == "SVM":
        machine = SVC().fit(images.flatten(1), names)
        return [100 * machine.score(test.flatten(1), truth)]
    images, test = (F.pad(F.interpolate(x, (28, 28), mode="bilinear"), (2,) * 4)
                    for x in (images, test))
    net = nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(),
        nn.AvgPool2d(2), nn.Conv2d(16, 120, 5), nn.Tanh(), nn.Flatten(),
        nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10))
    train(net, batches.rows((images, names), 64, seed), steps=220, learning_rate=0.005,
          warmup=10, loss=class_loss)
    return [right(net, test, truth)]


class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


def depth(what: str, size: int, seed: int) -> list[float]:
    images, names, *_ = digits(seed, margin=2)

    kind = Residual if "residual" in what else nn.Sequential

    def half():
        norm = [nn.BatchNorm1d(32)] * ("norm" in what)
        return [*norm, nn.ReLU(), nn.Linear(32, 32)]

    net = nn.Sequential(nn.Flatten(), nn.Linear(144, 32),
                        *[kind(*half(), *half()) for _ in range(size // 2 - 1)],
                        nn.ReLU(), nn.Linear(32, 10))
    for layer in net.modules():
        if "He" in what and isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    history = train(net, batches.rows((images, names), 64, seed), steps=500,
                    learning_rate=0.001, warmup=10, loss=class_loss)
    return [np.mean(history.loss[-50:])]


def milliseconds(work, times: int) -> float:
    """The least of five tries, each of `times` rounds."""
    tries = []
    with torch.no_grad():
        for _ in range(5):
            started = time.process_time()
            for _ in range(times):
                work()
            tries.append((time.process_time() - started) / times)
    return 1000 * min(tries)


def depthwise(what: str, size: int, seed: int) -> list[float]:
    pictures, side = (1, 8) if what.startswith("1 ") else (16, 32)
    x = torch.rand(pictures, size, side, side)
    dense = nn.Conv2d(size, size, 3, padding=1)
    apart = nn.Sequential(nn.Conv2d(size, size, 3, padding=1, groups=size),
                          nn.Conv2d(size, size, 1))
    times = max(2, 200_000_000 // (x.numel() * size * 9))
    ratio = milliseconds(lambda: dense(x), times) / milliseconds(
        lambda: apart(x), times)
    return [round(9 * size**2 / (9 * size + size**2), 1), round(ratio, 1)]


def detector(what: str, size: int, seed: int) -> list[float]:
    pictures, boxes, names = detection.scenes(300, 1, held_out=True)
    if what == "grid":
        net = detection.shipped() if seed == 0 else detection.taught(seed=seed)

        def look(some):
            return detection.detect(net, some)
    else:
        look = sliding(2 if size == 390 else 1, seed, 0.8 if "strict" in what else 0.6)
    found = look(pictures)
    took = milliseconds(lambda: [look(picture[None]) for picture in pictures[:10]], 1)
    scored = [detection.average_precision(found, boxes, names, enough)
              for enough in (0.5, 0.75)]
    return [*scored, round(took / 10, 2)]


def sliding(stride: int, seed: int, enough: float):
    """Train a net on crops, background among them; return what looks at all windows.

    A window shows a digit if its IoU with the digit's box is above `enough`.
    """
    places = np.array([
        (x, y, x + side, y + side) for side in (8, 11, 14)
        for y in range(0, 33 - side, stride) for x in range(0, 33 - side, stride)])

    def crops(picture, where):
        return torch.cat([
            F.interpolate(picture[None, :, top:bottom, left:right], (12, 12),
                          mode="bilinear") for left, top, right, bottom in where])

    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.Flatten(),
        nn.Linear(32 * 36, 64), nn.ReLU(), nn.Linear(64, 11))

    inputs, named = [], []
    pictures, boxes, names = detection.scenes(1000, 10_000 * (seed + 1))
    for picture, true, digits in zip(pictures, boxes, names, strict=True):
        overlap = detection.iou(places.astype(float), true)
        best = overlap.max(axis=1)
        kinds = (
            (best > enough, 10), ((best > 0.2) & (best < enough - 0.1), 12),
            (best <= 0.2, 6))
        some = np.concatenate([rng.permutation(np.flatnonzero(kind))[:n]
                               for kind, n in kinds])
        inputs.append(crops(picture, places[some]))
        named.extend(np.where(best > enough, digits[overlap.argmax(axis=1)], 10)[some])
    deal = batches.rows((torch.cat(inputs), torch.tensor(np.array(named))), 64, seed)
    train(net, deal, steps=1500, learning_rate=0.003, warmup=10, loss=class_loss)

    def look(pictures):
        found = []
        with torch.no_grad():
            for picture in pictures:
                likely = net(crops(picture, places)).softmax(1)[:, :10]
                scores, said = (part.double().numpy() for part in likely.max(1))
                kept = detection.nms(places.astype(float), scores, 0.3)
                kept = [i for i in kept if scores[i] > 0.05]
                found.append((places[kept].astype(float), said[kept].astype(int),
                              scores[kept]))
        return found

    return look
