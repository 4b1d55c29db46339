# %% [markdown]
# # How does a model see?
#
# A thing is the same thing wherever it stands. For a net that is hard.
#
# **You will** slide a convolution by hand, test which nets survive a move of
# one pixel, and let a detector draw its boxes.
#
# **You need** lessons 05, 06 and 10: gradients, training, a Transformer's block.
#
# **Time** 35 minutes to read, 20 seconds to run
#
# A plain net (lesson 03) learns 1,400 handwritten digits, each in the middle
# of 12 x 12 pixels. Then ten that it never saw, in the middle and moved:

# %%
import torch
from torch.nn import functional as F

from lmlab.learning import batches
from lmlab.learning.muon import muon
from lmlab.learning.training import train
from lmlab.vision.handwriting import load_digits

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)
pixels, names = map(torch.tensor, load_digits())
images = F.pad(pixels.view(-1, 1, 8, 8) / 16, (2, 2, 2, 2))
learn, test = torch.randperm(1797).split([1400, 397])


def taught(net, steps, rate):
    deal = batches.rows((images[learn], names[learn]), 64)
    return train(net, deal, steps=steps, learning_rate=rate, warmup=10,
                 optimiser=muon, loss=lambda net, batch:
                 F.cross_entropy(net(batch[0]), batch[1]))

# %%
from torch import nn

from lmlab.page import plots, show

plain = nn.Sequential(nn.Flatten(), nn.Linear(144, 128), nn.ReLU(),
                      nn.Linear(128, 10))
taught(plain, 600, 0.005)
ten = images[[int(test[names[test] == n][0]) for n in range(10)]]
both = torch.cat([ten, ten.roll(-1, dims=3)])
plots.images(both[:, 0], [f"says {n}" for n in plain(both).argmax(1)],
             columns=10, title="One pixel to the left, and the net misreads")

# %% [markdown]
# You hardly see the move. But the net has a weight for each pixel, and each
# stroke now lies on others.
#
# > **Predict.** Of 397 unseen digits it reads 97 % in the middle; guessing reads
# > 10 %. And moved by two pixels (left, right, up or down): 75, 45 or 15 %?

# %%
def right(net, by):                               # % of digits, moved by `by`
    moved = [images[test].roll(d, axis) for axis in (2, 3) for d in (by, -by)]
    said = torch.stack([net(x).argmax(1) for x in moved])
    return 100 * (said == names[test]).double().mean().item()


print(*(f"moved by {far}: {right(plain, far):.0f}%" for far in (0, 1, 2)))

# %% [markdown]
# ## One small look, everywhere
#
# So look at few pixels, in the same way everywhere. A *kernel* (卷积核), a small
# table of weights, slides over the picture; at each place its weights multiply
# the pixels below, and the products are summed. That is a *convolution* (卷积),
# and its result a *feature map* (特征图).
#
# > **Predict.** A vertical stroke; the kernel is `right minus left`. With a
# > pencil: which six numbers come out?

# %%
import numpy as np

picture = np.array([[0, 0, 1, 0], [0, 0, 1, 0], [0, 0, 1, 0]])
kernel = np.array([[-1, 1], [-1, 1]])

# %%
def convolve(picture, kernel):
    (H, W), (h, w) = picture.shape, kernel.shape
    return np.array([[(picture[i:i + h, j:j + w] * kernel).sum()
                      for j in range(W - w + 1)] for i in range(H - h + 1)])


print(convolve(picture, kernel))

# %% [markdown]
# `2` where a stroke begins, `-2` where it ends. With a row for each place it
# is a matrix product, and torch calls it `conv2d`:

# %%
looks = np.lib.stride_tricks.sliding_window_view(picture, kernel.shape)
product = looks.reshape(6, 4) @ kernel.ravel()    # a row for each place
by_torch = F.conv2d(*(torch.tensor(x[None, None]) for x in (picture, kernel)))
assert (product == convolve(picture, kernel).ravel()).all()
show.agree(product, by_torch.ravel(), 1e-12, ("product", "torch"))

# %% [markdown]
# Four weights for six places, where a plain layer has 12 x 6. Now four kernels
# that like strokes, `|` `—` `\` `/`, on a digit and on the same digit moved by
# two. ReLU (lesson 03) turns what is negative into 0; *padding*, zeros around the
# picture, keeps the size.

# %%
upright, across = torch.tensor([[-1.0, 2, -1]] * 3), 3 * torch.eye(3) - 1
strokes = torch.stack([upright, upright.mT, across, across.flip(1)])[:, None]


def look(x, stride=1):
    return F.conv2d(x, strokes, stride=stride, padding=1).relu()

# %%
seven = images[[7]]
maps = torch.cat([torch.cat([x, look(x)], dim=1)[0]
                  for x in (seven, seven.roll(2, dims=3))])
plots.images(maps, ["the digit", "|", "—", r"\ ", "/"] * 2, columns=5,
             title="The digit moves, and its maps move with it")

# %% [markdown]
# Fukushima's *Neocognitron* (1980) was built so: S cells answer to a stroke,
# and C cells to any such answer nearby, so that a small move matters less. It
# learned without backpropagation.
#
# ## Where it holds, where it breaks
#
# *Equivariance* (等变): to move, then look, is to look, then move. *Pooling*
# (池化) keeps the largest of each 2 x 2, much as C cells do; a *stride* (步幅) of
# 2 skips every second place. Are the new maps then the old ones, moved?
#
# > **Predict.** A digit on a wide canvas moves by 1, by 2, or up to the edge.
# > Which of the four layers below follow it?

# %%
wide = F.pad(seven, (4, 4, 4, 4))                 # (1, 1, 20, 20)
layers = {"convolution": look,
          "then pooling": lambda x: F.max_pool2d(look(x), 2),
          "convolution, stride 2": lambda x: look(x, stride=2),
          "largest of each map": lambda x: look(x).amax((2, 3), keepdim=True)}

# %%
def follows(layer, far):
    old, new = layer(wide), layer(wide.roll(far, dims=3))
    return any(torch.allclose(old.roll(by, dims=3), new)
               for by in range(-7, 8))


show.table([(name, *("yes" if follows(layer, far) else "**no**"
                     for far in (1, 2, 6))) for name, layer in layers.items()],
           ["follows a move of", "1 pixel", "2", "6, to the edge"])

# %% [markdown]
# Pooling and stride follow in steps of two; the edge cuts a map off. The
# largest answer of a whole map, *global max pooling*, does not care where.
#
# ## Five nets, one pixel
#
# Three nets of convolutions, which end in different ways, the plain net, and a
# *Vision Transformer* (ViT), opened below. Each trains for one or two seconds.

# %%
def body(stride=1):
    widths = [(1, 8, stride), (8, 8, 1), (8, 32, 1)]
    return [layer for n, m, s in widths for layer in
            (nn.Conv2d(n, m, 3, stride=s, padding=1), nn.ReLU())]


largest = nn.AdaptiveMaxPool2d(1), nn.Flatten()

# %%
from lmlab.models.vit import ViT, ViTConfig

flat = nn.Sequential(*body(), nn.Flatten(), nn.Linear(32 * 144, 10))
free = nn.Sequential(*body(), *largest, nn.Linear(32, 10))
strided = nn.Sequential(*body(stride=2), *largest, nn.Linear(32, 10))
vit = ViT(ViTConfig(image=12, patch=3, channels=1, n_classes=10, d_model=32,
                    n_layers=2, n_heads=2))
for net, steps, rate in ((flat, 150, 0.01), (free, 200, 0.02),
                         (strided, 400, 0.02), (vit, 150, 0.02)):
    taught(net, steps, rate)
nets = {"plain": plain, "convolutions,\nflattened": flat,
        "convolutions,\nglobal max": free, "the same,\nstride 2": strided,
        "ViT": vit}

# %% [markdown]
# > **Predict.** All learned in the middle. Which still read a digit that moved
# > by one pixel: none, one, or all that have convolutions?

# %%
plots.bars([*nets], {f"moved by {far}": [right(net, far)
                                         for net in nets.values()]
                     for far in (0, 1, 2)},
           reference=10, reference_label="chance", ylabel="read right (%)",
           title="Convolution is not enough: its end must let go of the place")

# %% [markdown]
# Flattened, the maps follow the digit, but the last layer has a weight for
# each place. With the global maximum the net hardly notices. A stride of 2
# spoils it, and then a move of two pixels, a whole stride, harms less than a
# move of one.
#
# Freedom can be built in, or taught by examples, *data augmentation*: as many
# steps on digits moved at random, by up to two pixels. What share is read right
# when moved by one (mean of three seeds)?

# %%
from lmlab.page import datasets

table = datasets.measured("19_vision")


def found(study, what, size=0):                   # (seeds, numbers)
    return np.array([[row["first"], row["second"], row["third"]]
                     for row in table if (study, what, size)
                     == (row["study"], row["what"], row["size"])])


for what in ("plain", "global max", "ViT"):
    share = found("moved, trained on moved", what).mean(0)[1]
    print(f"{what:12}{share:.0f}%")

# %% [markdown]
# (In so few steps the ViT has not begun.)
#
# ## Twenty layers
#
# One look of 3 x 3 sees three pixels across, a second on top of it five: to see
# a whole photograph takes many layers. Does a deep net learn? Twenty plain
# layers of 32 units, and the same with a *residual* path (lesson 10): each pair
# of layers *adds* to what came in. So ResNet (He et al. 2015) reached 152
# layers.
#
# > **Predict.** Guessing costs $\ln 10 = 2.3$. Where is each after 300 steps?

# %%
class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


def deep(pair):
    layers = [pair(nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 32))
              for _ in range(9)]
    return nn.Sequential(nn.Flatten(), nn.Linear(144, 32), *layers, nn.ReLU(),
                         nn.Linear(32, 10))

# %%
torch.manual_seed(0)
kinds = {"plain": nn.Sequential, "residual": Residual}
plots.loss_curve({name: taught(deep(pair), 300, 0.001).loss
                  for name, pair in kinds.items()},
                 title="In 300 steps, twenty plain layers have not begun")

# %% [markdown]
# The plain one's gradient vanishes on its way (lesson 05). Is the path the
# only cure? Others are He's first weights (lesson 05's $\sqrt 2$) and *batch
# normalisation*: each unit's values in a batch get mean 0 and standard deviation
# 1. Loss after 500 steps of AdamW, mean of three seeds:

# %%
show.table([(n, what, *(f"{found('depth', what + how, n)[:, 0].mean():.2f}"
                        for how in ("", ", He", ", batch norm")))
            for n in (20, 40) for what in ("plain", "residual")],
           ["layers", "", "torch's first weights", "He's", "batch norm"])

# %% [markdown]
# Both cures help the plain nets, at forty layers less than at twenty. The path
# helps at both depths, with each cure and without. ResNet's own plain nets had
# both cures, and 34 layers still trained worse than 18.
#
# ## Patches, the largest stride
#
# A ViT cuts a picture into patches (lesson 07), and a matrix makes each a
# token. That is a convolution whose stride is its kernel's width:

# %%
x = images[test[:4]]
tokens = vit.patches(x).flatten(2).mT             # (4, 16, 32)
cut = x.view(4, 4, 3, 4, 3).transpose(2, 3).reshape(4, 16, 9)
weight = vit.patches.weight.view(32, 9)
show.agree(cut @ weight.T + vit.patches.bias, tokens, 1e-12)

# %% [markdown]
# Then come the blocks of lesson 10, looking both ways; an extra token is asked
# for the class. Where does it look, in the last layer? Darker is more:

# %%
first = vit.first.expand(4, 1, -1)
tokens = vit.blocks[0](torch.cat([first, tokens], 1) + vit.places.weight)
last = vit.blocks[1]
weights = last.attention.weights(last.attention_norm(tokens))
maps = weights.mean(1)[:, 0, 1:].view(4, 4, 4)    # from the class token
pairs = [part.detach() for i in range(4) for part in (x[i, 0], maps[i])]
plots.images(pairs, ["digit", "looks at"] * 4,
             title="Where the class token looks depends on the digit")

# %% [markdown]
# Nothing tells it which patches are neighbours: places are learned, and that
# takes data. Trained on 1.3 million pictures (ImageNet) it lost to ResNets, on
# 300 million it won (Dosovitskiy et al. 2020).
#
# ## What, and where
#
# The net that let go of the place knows what, not where; to grasp or to brake
# takes both. A *detector* (*detection*: 目标检测) names things, with a box (left,
# top, right, bottom) around each. A box is right if it shares enough with the
# true one: their *IoU* (交并比) is intersection over union.
#
# > **Predict.** A square of side 4, and the same moved by 2. Their IoU: 1/2,
# > 1/3 or 1/4?

# %%
def iou(one, other):
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0) * max(height, 0)
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (one, other)]
    return shared / (sum(areas) - shared)


print(f"{iou([0, 0, 4, 4], [2, 0, 6, 4]):.3f}")

# %% [markdown]
# *YOLO* (Redmon et al. 2015) looks once: strides end in a grid of cells, and
# each says whether a thing has its centre there, which, and its box. Ours, 4 x
# 4 cells, came with the course (50 seconds on 128,000 drawn scenes). Two cells
# may claim one digit: *non-maximum suppression* (NMS, 非极大值抑制) keeps the surest
# box, drops those whose IoU with it is above a half, and goes on with the
# rest.

# %%
from lmlab.vision import detection

detector = detection.shipped()
pictures = detection.scenes(300, seed=1, held_out=True)[0]
axes = plots.axes(["All that the cells say", "What suppression leaves"], n=2,
                  height=4.6)
for ax, overlap in zip(axes, (1.0, 0.5)):
    [said] = detection.detect(detector, pictures[[184]], overlap=overlap)
    detection.draw(pictures[184, 0], *said, ax=ax)

# %% [markdown]
# *Precision* (精确率) is the share of answers that are right, *recall* (召回率; of
# passages: lesson 18) the share of things that are found. *Average precision*
# (AP) takes both: go down the answers, the surest first; at each thing found,
# note the precision so far; take the mean over all things. Right, wrong, right,
# and a third thing never found: $(1 + 2/3 + 0) / 3 = 0.56$.
#
# The old way is a *sliding window*: cut out hundreds of boxes, classify each.
# Our classifier learned that a box is a digit if their IoU is above 0.6; a strict
# one, above 0.8. Mean of three seeds on 300 scenes:

# %%
kinds = {"one look": ("grid", 0), "390 windows": ("windows", 390),
         "1,470 windows": ("windows", 1470),
         "1,470, strict": ("strict windows", 1470)}
scores = [found("detector", *kind).mean(0) for kind in kinds.values()]
show.table([(name, f"{at_50:.2f}", f"{at_75:.2f}", f"{scores[2][2] / ms:.0f}")
            for name, (at_50, at_75, ms) in zip(kinds, scores)],
           ["", "AP, IoU 0.5", "AP, IoU 0.75", "times as fast"])

# %% [markdown]
# One look is far quicker, and a little worse at 0.5. At 0.75 it beats windows
# that learned to be content with 0.6, and is level with the strict ones. The
# best detectors of 2015 *placed* better than YOLO, its authors say; this toy
# does not show it.
#
# ## Who is who
#
# The systems that *the documents* name, five Chinese overviews of large models
# that this course tests, and their forerunner. Exercise 4 counts LeNet-5,
# ResNet-50 and ViTs; EfficientNets' sizes are torchvision's.
#
# | system | when, by whom | parameters | here |
# | --- | --- | --- | --- |
# | Neocognitron | 1980, Fukushima | | strokes |
# | LeNet-5 | 1998, LeCun et al. | 60,000 | exercise 4 |
# | ResNet-50 | 2015, Microsoft | 25,557,032 | 20 layers |
# | YOLO | 2015, Redmon et al. | not printed | 4 x 4 cells |
# | EfficientNet-B0, B7 | 2019, Google | 5,288,548; 66,347,960 | exercise 4 |
# | ViT-B, L, H | 2020, Google | 86,567,656; 304,326,632; 632,045,800 | `vit` |
#
# ## What the documents say
#
# | they say | verdict | why |
# | --- | --- | --- |
# | YOLO ... 能够以非常高的精度检测图像中的物体 ("detects with very high precision") | **doubtful** | quick, yes; its abstract owns up to more errors of place than the best of its day |
# | EfficientNet ... 取得了最先进的结果 ... 所需的参数要少得多 ("state of the art ... far fewer parameters") | **outdated** | level with the best that learned from ImageNet alone (84.3 %, 2019), soon passed; and fewer is not as much faster: 8.4 times smaller than that net, 6.1 times faster, and see exercise 4 |
# | 1980年,卷积神经网络的雏形CNN诞生 ("1980: CNN, an early form of convolutional nets, is born") | **imprecise** | the early form was the Neocognitron; no backpropagation yet |
# | 1998年 ... LeNet-5诞生,机器学习方法由早期基于浅层机器学习的模型,变为了基于深度学习的模型 ("with LeNet-5, shallow methods became deep ones") | **too much** | shallow ones led until about 2012, when nets won in speech and pictures; on our digits one does as well as LeNet-5, or better (exercise 4). Another has models develop 最初是伴随着自然语言处理技术 ("at first with language processing"): **doubtful**, true at most of large ones |
# | Vision Transformer(ViT)就是一种 ... 视觉大模型 ("a large vision model") | **imprecise** | ViT-B is below that document's own line, 亿 (a hundred million); L and H are above |
# | 由 Microsoft 开发的 ResNet ... 能够以极高的精度对图像进行分类 ("classifies with extreme precision") | **right** | it won ImageNet in 2015, with 3.57 % errors (top five, several nets) |

# %% [markdown]
# ## Check yourself
#
# 1. A kernel of 5 x 5 on 12 x 12 pixels, no padding: how large is the map? And
#    with a stride of 2?
# 2. Two nets read centred digits equally well. Which experiment tells them
#    apart?
# 3. Two boxes on one digit have an IoU of 0.4. What does suppression do?
#
# <details><summary>Answers</summary>
#
# 1. 8 x 8; 4 x 4.
# 2. Move the digits.
# 3. Nothing: both stay, and one is a ghost.
#
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Show* the first picture, the five nets, the boxes. *Ask* which layer of each
# net still knows where the digit was. *A common misunderstanding*: that a
# convolutional net does not care. What reads its maps decides that.
#
# </details>
#
# **What this left out**: things turned or scaled; outlines; video.
#
# **Where it goes next**: [exercises](../exercises/19_vision.ipynb), with
# EfficientNet, a camera, a brake and a sound; then
# [lesson 20](20_image_generation.ipynb): how does it draw?
#
# **Read on** (numbers are those of arXiv)
# - Fukushima, *Neocognitron*, Biological Cybernetics 36, 1980
# - LeCun et al., *Gradient-Based Learning Applied to Document Recognition*,
#   1998
# - He et al., *Deep Residual Learning for Image Recognition*, 2015, 1512.03385
# - Redmon et al., *You Only Look Once*, 2015, 1506.02640
# - Tan and Le, *EfficientNet*, 2019, 1905.11946; *EfficientNetV2*, 2021,
#   2104.00298
# - Dosovitskiy et al., *An Image is Worth 16x16 Words*, 2020, 2010.11929
