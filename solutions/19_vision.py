# %% [markdown]
# # Exercises: vision
#
# Six tasks, from one kernel to the boxes of a detector. They train what
# [lesson 19](../lessons/19_vision.ipynb) showed, and take it to a sound, a
# camera, a brake and a scan. Right below each task stands its check; run it as
# often as you like. Hints are folded.
# **Time** 44 minutes.

# %%
import numpy as np
from scipy.special import expit

from lmlab.checks import vision as check
from lmlab.models.counting import count_parameters
from lmlab.models.shapes import SHAPES
from lmlab.page import datasets, plots, show
from lmlab.vision import detection

# %% [markdown]
# ## 1. A convolution that strides   ●●○  8 minutes
#
# Each layer of a net that sees is this: put `padding` rows and columns of
# zeros around the picture, slide the kernel in steps of `stride`, and sum what
# it covers, weighted. How large is what comes out?

# %% tags=["task"]
def convolve(
    picture: np.ndarray, kernel: np.ndarray, stride: int = 1, padding: int = 0
) -> np.ndarray:
    """Return the feature map of a picture, as torch's conv2d does.

    picture: (height, width), kernel: (h, w). The kernel is not turned round,
    and takes only places where all of it lies on the padded picture.

    >>> convolve(np.array([[1.0, 2.0, 4.0, 8.0]]), np.array([[1.0, 1.0]]), 2)
    array([[ 3., 12.]])
    """
    ### BEGIN SOLUTION
    picture = np.pad(picture, padding)
    h, w = kernel.shape
    rows = range(0, picture.shape[0] - h + 1, stride)
    columns = range(0, picture.shape[1] - w + 1, stride)
    return np.array([[(picture[i : i + h, j : j + w] * kernel).sum()
                      for j in columns] for i in rows])
    ### END SOLUTION

# %% tags=["check"]
check.convolve(convolve)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# A row of 4 pixels, a kernel of 2: at which places can it start, in steps of
# 1? In steps of 2?
# </details>
# <details><summary>Hint 2</summary>
#
# `np.pad(picture, padding)` first. Then the kernel starts at the rows
# `range(0, height - h + 1, stride)`, with the height of the padded picture.
# </details>
# <details><summary>Hint 3</summary>
#
# At `(i, j)` stands `(picture[i:i + h, j:j + w] * kernel).sum()`.
# </details>

# %% [markdown]
# ## 2. Every box with every other   ●●○  8 minutes
#
# A detector says many boxes, a scene has some. Which belongs to which? All
# IoUs at once, without a loop. Boxes are (left, top, right, bottom).

# %% tags=["task"]
def iou(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the IoU of each box in `one` with each in `other`.

    one: (n, 4), other: (m, 4), all of an area above 0. Returns (n, m). Boxes
    that lie apart share nothing.

    >>> iou(np.array([[0.0, 0, 4, 4]]), np.array([[2.0, 0, 6, 4]])).round(3)
    array([[0.333]])
    """
    ### BEGIN SOLUTION
    a, b = one[:, None], other[None]
    corner = np.maximum(a[..., :2], b[..., :2])          # left, top
    end = np.minimum(a[..., 2:], b[..., 2:])             # right, bottom
    shared = (end - corner).clip(0).prod(axis=-1)
    areas = [(x[..., 2:] - x[..., :2]).prod(axis=-1) for x in (a, b)]
    return shared / (areas[0] + areas[1] - shared)
    ### END SOLUTION

# %% tags=["check"]
check.iou(iou)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Where does the part begin that two boxes share: at the smaller of their left
# sides, or at the larger?
# </details>
# <details><summary>Hint 2</summary>
#
# `one[:, None, 0]` is `(n, 1)` and `other[:, 0]` is `(m,)`: their `np.maximum`
# is `(n, m)`. A width below 0 means apart: `.clip(0)`, width and height each.
# </details>
# <details><summary>Hint 3</summary>
#
# Shared width times shared height, divided by both areas together less what is
# shared (it was counted twice).
# </details>

# %% [markdown]
# So each true digit of 300 scenes finds the box that fits it best. What does
# the detector call it? A *confusion matrix* (混淆矩阵):

# %%
detector = detection.shipped()
pictures, boxes, digits = detection.scenes(300, seed=1, held_out=True)
confused = np.zeros((10, 10))
for (found, said, _), true, names in zip(detection.detect(detector, pictures),
                                         boxes, digits):
    overlap = iou(true, found)
    near = overlap.max(axis=1) > 0.5
    np.add.at(confused, (names[near], said[overlap.argmax(axis=1)[near]]), 1)
plots.heatmap(confused, values=True, xlabel="the digit it says",
              ylabel="the digit it is", rows=range(10), columns=range(10),
              title="Most of the boxes have their name")

# %% [markdown]
# ## 3. Patches   ●●○  8 minutes
#
# A Vision Transformer reads a picture as a sentence: patch after patch, row by
# row, each patch's pixels in a row. No loop over pixels is needed.

# %% tags=["task"]
def patches(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the patches of a picture, one a row: (patches, height * width).

    picture: (rows, columns), of which height and width are divisors. The
    patches come from left to right, then from top to bottom; so do a patch's
    pixels.

    >>> patches(np.array([[1, 2, 3, 4], [5, 6, 7, 8]]), 2, 2)
    array([[1, 2, 5, 6],
           [3, 4, 7, 8]])
    """
    ### BEGIN SOLUTION
    rows, columns = picture.shape[0] // height, picture.shape[1] // width
    cut = picture.reshape(rows, height, columns, width).swapaxes(1, 2)
    return cut.reshape(rows * columns, height * width)
    ### END SOLUTION

# %% tags=["check"]
check.patches(patches)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In the example, which pixel follows 2 in the first patch? Why is
# `picture.reshape(2, 4)` not it?
# </details>
# <details><summary>Hint 2</summary>
#
# `picture.reshape(rows, height, columns, width)` gives each axis its meaning:
# which row of patches, which row in it, which column of patches, which in it.
# </details>
# <details><summary>Hint 3</summary>
#
# Swap axes 1 and 2, so that the two inside a patch are last, then reshape.
# </details>

# %% [markdown]
# **Sound is a picture, too.** Cut a wave into patches of time; the strength of
# each pitch in each patch (a Fourier transform) is a *spectrogram* (声谱图). Two
# tones, then a noisy one: which is it?

# %%
def spectrogram(wave):                            # (65 pitches, time)
    return np.abs(np.fft.rfft(patches(wave[None], 1, 128) * np.hanning(128))).T


rate, rng = 8000, np.random.default_rng(0)
time = np.arange(4096) / rate
low, high = np.sin(2 * np.pi * 700 * time), np.sin(2 * np.pi * 1900 * time)
both = spectrogram(np.concatenate([low, high]))
hertz = np.fft.rfftfreq(128, 1 / rate)
plots.heatmap(both[39::-1], rows=[f"{f:,.0f}" for f in hertz[39::-1]],
              xlabel="time (16 ms)", ylabel="pitch (Hz)",
              title="Two tones, one after the other")
heard = spectrogram(high + rng.normal(size=4096) * 2)
far = [np.linalg.norm(heard - spectrogram(tone)) for tone in (low, high)]
print("the noisy tone is", ["low", "high"][int(np.argmin(far))])

# %% [markdown]
# ## 4. Count a convolution   ●○○  5 minutes
#
# Each of the maps that come out has a kernel over *all* that go in. With
# `groups`, maps are dealt into groups in and out, and a kernel sees only the
# maps of its own group: as many groups as maps is *depthwise*.

# %% tags=["task"]
def parameters(
    maps_in: int, maps_out: int, kernel: int,
    groups: int = 1, bias: bool = True,
) -> int:
    """Return how many numbers a convolution learns.

    kernel: its height, and its width. groups divides maps_in and maps_out. A
    bias is one number for each map that comes out.

    >>> parameters(1, 6, 5)
    156
    """
    ### BEGIN SOLUTION
    return maps_out * (maps_in // groups * kernel**2 + bias)
    ### END SOLUTION

# %% tags=["check"]
check.parameters(parameters)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# One map out, one in, a kernel of 5 x 5: how many weights? With three maps in?
# </details>
# <details><summary>Hint 2</summary>
#
# In each group a kernel covers `maps_in // groups` maps; there are still
# `maps_out` kernels in all.
# </details>
# <details><summary>Hint 3</summary>
#
# `maps_out * (maps_in // groups * kernel**2 + bias)`: True counts as 1.
# </details>

# %% [markdown]
# Now LeNet-5, as it is taught today and as it was in 1998: there its second
# convolution saw 60 of 96 pairs of maps, pooling learned two numbers a map,
# and the last layer was drawn by hand. And ResNet-50, each of whose blocks
# narrows, looks, and widens.

# %%
ends = parameters(1, 6, 5) + parameters(16, 120, 5) + parameters(120, 84, 1)
today = ends + parameters(6, 16, 5) + parameters(84, 10, 1)
then = ends + (60 * 25 + 16) + 2 * 6 + 2 * 16
total, wide = parameters(3, 64, 7, bias=False) + 2 * 64, 64
for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
    for block in range(blocks):
        shapes = [(wide, width, 1), (width, width, 3), (width, 4 * width, 1)]
        shapes += [(wide, 4 * width, 1)] if block == 0 else []
        total += sum(parameters(*s, bias=False) + 2 * s[1] for s in shapes)
        wide = 4 * width
print(f"LeNet-5 {today:,}, in 1998 {then:,}; ResNet-50 "
      f"{total + parameters(wide, 1000, 1):,}")
for name in ("ViT-B/16", "ViT-L/16", "ViT-H/14"):
    print(name, f"{count_parameters(SHAPES[name]):,}")

# %% [markdown]
# (The 2 a map are its batch normalisation's.) What are they worth on our
# digits? LeNet-5 beside a support vector machine, which is shallow, three
# seeds:

# %%
table = datasets.measured("19_vision")
for name in ("LeNet-5", "SVM"):
    print(name, *(f"{row['first']:.1f}%" for row in table
                  if row["what"] == name))

# %% [markdown]
# (In 900 steps at a rate of 0.003, not 220 at 0.005, LeNet-5 comes nearer:
# level at one seed, behind at two.)
#
# **EfficientNet** splits a convolution, as MobileNets did (2017): *depthwise*,
# each map with a kernel of its own, then 1 x 1, across maps. With 64 maps,
# eight times fewer weights, and so multiplications.
#
# > **Predict.** Is it eight times faster? On one picture of 8 x 8 pixels?

# %%
maps, gains = [16, 64, 256], {}
gains["multiplications"] = [
    parameters(n, n, 3, bias=False) / (parameters(n, n, 3, n, bias=False)
                                       + parameters(n, n, 1, bias=False))
    for n in maps]
for what in ("16 pictures of 32 x 32", "1 picture of 8 x 8"):
    gains["time, " + what] = [row["second"] for row in table
                              if row["what"] == what]
plots.lines(gains, maps, logx=True, marks=True, xlabel="maps",
            ylabel="times less (time: of one run)",
            title="Fewer multiplications are not as much less time")

# %% [markdown]
# Its own idea is to grow a net in all directions at once, *compound
# scaling*: $1.2^\phi$ deeper, $1.1^\phi$ wider, pictures $1.15^\phi$ finer.
# Cost is depth times width² times pixels². B7 is 3.1 times as deep as B0, 2.0
# times as wide, and reads 600 pixels, not 224; the paper counts 37 and 0.39
# billion operations:

# %%
print(f"a step of phi: {1.2 * 1.1**2 * 1.15**2:.2f} times the cost; B7: "
      f"{3.1 * 2.0**2 * (600 / 224) ** 2:.0f}, the paper's {37 / 0.39:.0f}")

# %% [markdown]
# ## 5. Find the bug: the ghost stays   ●●○  6 minutes
#
# Non-maximum suppression: keep the surest box, drop those that overlap it by
# more than `overlap`, go on with what is left. This one keeps a ghost.

# %%
def buggy_nms(boxes, scores, overlap):
    left, kept = list(np.argsort(scores)), []
    while left:
        best = left.pop(0)
        kept.append(int(best))
        left = [i for i in left
                if detection.iou(boxes[[best]], boxes[[i]])[0, 0] <= overlap]
    return kept


two = np.array([[0.0, 0, 4, 4], [1, 0, 5, 4]])
print(buggy_nms(two, np.array([0.9, 0.2]), 0.5))

# %% [markdown]
# Box 0 is the surer one. Find the line, and write it right.

# %% tags=["task"]
def nms(boxes: np.ndarray, scores: np.ndarray, overlap: float) -> list[int]:
    """Return the indices of the boxes that stay, the surest first.

    boxes: (n, 4), scores: (n,). Of equal scores the first box is the surer.
    `detection.iou(one, other)` gives the IoUs (n, m) of boxes (n, 4), (m, 4).

    >>> boxes = np.array([[0.0, 0, 4, 4], [1, 0, 5, 4]])
    >>> nms(boxes, np.array([0.2, 0.9]), 0.5)
    [1]
    """
    ### BEGIN SOLUTION
    left, kept = list(np.argsort(-scores, kind="stable")), []
    while left:
        best = left.pop(0)
        kept.append(int(best))
        left = [i for i in left
                if detection.iou(boxes[[best]], boxes[[i]])[0, 0] <= overlap]
    return kept
    ### END SOLUTION

# %% tags=["check"]
check.nms(nms)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `np.argsort([0.9, 0.2])` is `[1, 0]`. Which box does the loop take first?
# </details>
# <details><summary>Hint 2</summary>
#
# Sort from the highest score down. `[::-1]` would also turn equal scores
# round.
# </details>
# <details><summary>Hint 3</summary>
#
# `np.argsort(-scores, kind="stable")`; the rest may stay.
# </details>

# %% [markdown]
# What is it worth? On the 300 scenes, with suppression and without:

# %%
for name, most in (("with", 0.5), ("without", 1.0)):
    answers = detection.detect(detector, pictures, overlap=most)
    print(f"{name}: {sum(len(found[0]) for found in answers)} boxes, "
          "average precision "
          f"{detection.average_precision(answers, boxes, digits):.3f}")

# %% [markdown]
# Fewer boxes, but no better precision: here a ghost is seldom sure, so it
# stands far down the list, and now and then it is the better box.

# %% [markdown]
# ## 6. From cells to boxes   ●●●  9 minutes
#
# The last step of YOLO: a grid of cells, each with a probability that a thing
# has its centre there, how far right and down of the cell's own corner that
# centre lies, and the thing's width and height. All lengths count in cells.

# %% tags=["task"]
def boxes_of(answer: np.ndarray, cell: int, least: float) -> np.ndarray:
    """Return a box in pixels for each cell that is sure enough: (n, 4).

    answer: (rows, columns, 5): probability, x and y of the centre within the
    cell, width, height. cell: pixels along a cell. A cell counts if its
    probability is `least` or more; cells come row by row. A box is (left, top,
    right, bottom).

    >>> answer = np.zeros((1, 2, 5))
    >>> answer[0, 1] = [0.9, 0.5, 0.25, 1.0, 0.5]
    >>> boxes_of(answer, cell=8, least=0.5)
    array([[ 8.,  0., 16.,  4.]])
    """
    ### BEGIN SOLUTION
    rows, columns = np.nonzero(answer[..., 0] >= least)
    x, y, width, height = answer[rows, columns, 1:].T
    x, y = x + columns, y + rows
    sides = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
    return cell * np.stack(sides, axis=1)
    ### END SOLUTION

# %% tags=["check"]
check.boxes_of(boxes_of)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In the example the centre is at 1.5 cells from the left, 0.25 from the top.
# Why 1.5? How many pixels is that?
# </details>
# <details><summary>Hint 2</summary>
#
# `rows, columns = np.nonzero(answer[..., 0] >= least)` finds the cells, row by
# row. Add `columns` to x and `rows` to y.
# </details>
# <details><summary>Hint 3</summary>
#
# Left is x less half the width; stack four sides with `axis=1`, and multiply
# all by `cell`.
# </details>

# %% [markdown]
# Your two functions now finish what the net began. Which box would a lower
# `overlap` have dropped? Which name is wrong? Try other scenes, too.

# %%
axes = plots.axes("Found, named and framed in one look, mostly", n=3,
                  height=3.4)
for ax, i in zip(axes, (20, 27, 184)):
    answer = detector(pictures[[i]]).detach()[0].numpy()     # (4, 4, 15)
    answer[..., 0] = expit(answer[..., 0])        # a probability
    drawn = boxes_of(answer[..., :5], 8, 0.2)
    sure = answer[..., 0] >= 0.2
    kept = nms(drawn, answer[sure, 0], 0.5)
    detection.draw(pictures[i, 0], drawn[kept],
                   answer[sure, 5:].argmax(axis=1)[kept], ax=ax)

# %% [markdown]
# **Out of the lab.** A number that looks good may do harm or nothing.
#
# > **Predict.** A camera sees an intruder in 1 of 10,000 pictures. It reports
# > 99 % of them, and 1 % of the others. What share of its reports is true?

# %%
true, false = 0.99 / 10_000, 0.01 * 9_999 / 10_000
look, windows = (np.mean([row["third"] for row in table
                          if (row["what"], row["size"]) == which])
                 for which in (("grid", 0), ("windows", 1470)))
metres = 50 / 3.6 / 45                            # at 50 km/h, in 1/45 second
show.table([
    ("camera", "reports that are true", f"{true / (true + false):.1%}"),
    ("car", "metres at 50 km/h during one look (1/45 s: YOLO's paper)",
     f"{metres:.1f}"),
    ("car", "and during 1,470 windows, as much slower as ours",
     f"{metres * windows / look:.0f}"),
    ("scan, 2 % are ill", "accuracy of always saying healthy", "98%"),
    ("scan, 2 % are ill", "its recall: the ill that it finds", f"{0 / 2:.0%}"),
], ["where", "what", "how much"])
