"""Gradients of anything that is made of NumPy arrays: reverse-mode differentiation.

Every operation on a `Tensor` computes its result and notes which inputs it had and,
for each input, a rule: given the gradient of the loss with respect to the result,
return the gradient with respect to that input. `backward` walks the notes from the
loss to the leaves. Lesson 05 builds the same machine for single numbers.

    >>> w = Tensor([2.0, -1.0])
    >>> loss = ((w * 3 - 1) ** 2).sum()
    >>> loss.backward()
    >>> w.grad
    array([ 30., -24.])

Source: S. Linnainmaa (1970), master's thesis, University of Helsinki; the history is
told by A. Griewank, "Who invented the reverse mode of differentiation?", Documenta
Mathematica, extra volume ISMP (2012), 389-400.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from operator import attrgetter

import numpy as np

Rule = Callable[[np.ndarray], np.ndarray]  # gradient of result -> gradient of input

_tick = count()


class Tensor:
    """An array that remembers how it was made.

    `data`: float NumPy array (a copy of what is passed in; float32 stays float32,
    integers become float64). `grad`: None, or after `backward` an array of the same
    shape. NumPy arrays and plain numbers may stand beside a Tensor in any operation:
    they are constants, and no gradient is computed for them.
    """

    __slots__ = ("data", "grad", "_inputs", "_made")
    __array_ufunc__ = None  # array * tensor is Tensor.__rmul__, not NumPy's product

    def __init__(self, data) -> None:
        array = np.array(data)
        if array.dtype.kind not in "fiub":
            raise TypeError(f"data must hold real numbers: got dtype {array.dtype}")
        self.data = array if array.dtype.kind == "f" else array.astype(np.float64)
        self.grad = None
        self._inputs = ()
        self._made = next(_tick)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    def __float__(self) -> float:
        return float(self.data)

    def __repr__(self) -> str:
        return f"Tensor({np.array2string(np.asarray(self.data), precision=4)})"

    # -- backwards -------------------------------------------------------------------

    def backward(self) -> None:
        """Put the gradient of this number into `.grad` of everything it depends on.

        Leaves (tensors you made yourself) add up over calls, as in torch: set
        `w.grad = None` before the next step. What lies between is of the last call.
        """
        if self.data.size != 1:
            raise ValueError(
                f"backward() starts from one number, such as .sum(): got {self.shape}"
            )
        order = self._newest_first()
        for node in order:
            if node._inputs:
                node.grad = None
        seed = np.ones(self.data.shape, self.data.dtype)
        self.grad = seed if self.grad is None else self.grad + seed
        for node in order:
            gradient = node.grad
            for parent, rule in node._inputs:
                part = rule(gradient)
                if part.shape != parent.data.shape:
                    part = _sum_to(part, parent.data.shape)
                if parent.grad is not None:
                    parent.grad = parent.grad + part  # a shared node: blame adds up
                elif parent._inputs:
                    parent.grad = part
                else:
                    parent.grad = np.array(part)  # a leaf owns its gradient

    def _newest_first(self) -> list[Tensor]:
        """All that this depends on, each before its inputs.

        A result is always made after its inputs, so age alone is a topological order.
        """
        seen, todo = {self}, [self]
        while todo:
            for parent, _ in todo.pop()._inputs:
                if parent not in seen:
                    seen.add(parent)
                    todo.append(parent)
        return sorted(seen, key=attrgetter("_made"), reverse=True)

    # -- arithmetic, with NumPy's broadcasting ---------------------------------------

    def __add__(self, other) -> Tensor:
        b = _value(other)
        return _result(self.data + b, (self, lambda g: g), (other, lambda g: g))

    def __sub__(self, other) -> Tensor:
        b = _value(other)
        return _result(self.data - b, (self, lambda g: g), (other, np.negative))

    def __mul__(self, other) -> Tensor:
        a, b = self.data, _value(other)
        return _result(a * b, (self, lambda g: g * b), (other, lambda g: g * a))

    def __truediv__(self, other) -> Tensor:
        b = _value(other)
        y = self.data / b
        return _result(y, (self, lambda g: g / b), (other, lambda g: -g * y / b))

    def __pow__(self, power: float) -> Tensor:
        """`self ** power`; `power` is a plain number."""
        if not isinstance(power, int | float):
            raise TypeError(f"power must be a plain number: got {type(power).__name__}")
        a = self.data
        if power == 0:  # 1 everywhere, at 0 too
            return _result(a**power, (self, np.zeros_like))
        return _result(a**power, (self, lambda g: g * power * a ** (power - 1)))

    def __neg__(self) -> Tensor:
        return _result(-self.data, (self, np.negative))

    def __rsub__(self, other) -> Tensor:
        return _result(_value(other) - self.data, (self, np.negative))

    def __rtruediv__(self, other) -> Tensor:
        a = self.data
        y = _value(other) / a
        return _result(y, (self, lambda g: -g * y / a))

    __radd__ = __add__
    __rmul__ = __mul__

    def __matmul__(self, other) -> Tensor:
        """(..., n, k) @ (..., k, m) -> (..., n, m); vectors as in NumPy."""
        return _matmul(self, other)

    def __rmatmul__(self, other) -> Tensor:
        return _matmul(other, self)

    # -- functions of each element ---------------------------------------------------

    def exp(self) -> Tensor:
        y = np.exp(self.data)
        return _result(y, (self, lambda g: g * y))

    def log(self) -> Tensor:
        a = self.data
        return _result(np.log(a), (self, lambda g: g / a))

    def tanh(self) -> Tensor:
        y = np.tanh(self.data)
        return _result(y, (self, lambda g: g * (1 - y * y)))

    def sigmoid(self) -> Tensor:
        """1 / (1 + exp(-x)), written with tanh so that no size of input overflows."""
        y = 0.5 * np.tanh(0.5 * self.data) + 0.5
        return _result(y, (self, lambda g: g * y * (1 - y)))

    def relu(self) -> Tensor:
        """max(x, 0); the slope at exactly 0 is taken as 0, as in torch."""
        a = self.data
        return _result(np.maximum(a, 0), (self, lambda g: g * (a > 0)))

    # -- sums ------------------------------------------------------------------------

    def sum(self, axis=None, keepdims: bool = False) -> Tensor:
        """Sum over `axis` (an int, a tuple of ints, or None for all)."""
        a = self.data
        total = a.sum(axis=axis, keepdims=True)

        def spread(g):  # every summand gets the whole gradient
            whole = np.empty_like(a)
            whole[...] = g.reshape(total.shape)
            return whole

        return _result(total if keepdims else total.squeeze(axis), (self, spread))

    def mean(self, axis=None, keepdims: bool = False) -> Tensor:
        """Mean over `axis` (an int, a tuple of ints, or None for all)."""
        if not self.data.size:
            raise ValueError(f"mean needs at least one number: got shape {self.shape}")
        total = self.sum(axis, keepdims)
        return total * (total.data.size / self.data.size)

    # -- shapes ----------------------------------------------------------------------

    def reshape(self, *shape: int) -> Tensor:
        a = self.data
        return _result(a.reshape(*shape), (self, lambda g: g.reshape(a.shape)))

    def transpose(self, *axes: int) -> Tensor:
        """Reorder the axes: `x.transpose(0, 2, 1)` swaps the last two of three."""
        turned = self.data.transpose(*axes)
        back = np.argsort([axis % turned.ndim for axis in axes])
        return _result(turned, (self, lambda g: g.transpose(back)))

    @property
    def T(self) -> Tensor:
        return _result(self.data.T, (self, lambda g: g.T))

    def __getitem__(self, index) -> Tensor:
        """Any NumPy index. An array of row numbers looks up rows: `embedding[ids]`."""
        a = self.data

        def scatter(g):  # a row that was taken twice gets both gradients
            whole = np.zeros_like(a)
            np.add.at(whole, index, g)
            return whole

        return _result(a[index], (self, scatter))


def log_softmax(logits: Tensor) -> Tensor:
    """Log of the softmax over the last axis: (..., classes) -> (..., classes).

    The largest logit is subtracted first, so logits of any size are safe.
    """
    shifted = logits.data - logits.data.max(axis=-1, keepdims=True)
    y = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return _result(y, (logits, lambda g: g - np.exp(y) * g.sum(axis=-1, keepdims=True)))


def cross_entropy(logits: Tensor, targets: np.ndarray) -> Tensor:
    """Mean surprise, in nats, at the right classes.

    `logits`: (..., classes). `targets`: class numbers, shape (...).

    Raises `ValueError` when shapes do not fit or a class does not exist.
    """
    targets = np.asarray(targets)
    classes = logits.shape[-1]
    if targets.dtype.kind not in "iu":
        raise TypeError(f"targets must be integers: got dtype {targets.dtype}")
    if targets.shape != logits.shape[:-1]:
        raise ValueError(
            f"targets must have shape {logits.shape[:-1]}: got {targets.shape}"
        )
    if targets.size and not 0 <= targets.min() <= targets.max() < classes:
        raise ValueError(
            f"targets must be 0 to {classes - 1}: "
            f"got {targets.min()} to {targets.max()}"
        )
    rows = log_softmax(logits).reshape(-1, classes)
    return -rows[np.arange(targets.size), targets.ravel()].mean()


def _value(x) -> np.ndarray | float:
    """The array behind a Tensor; arrays and numbers are themselves."""
    if isinstance(x, Tensor):
        return x.data
    if isinstance(x, (np.ndarray, int, float, np.number)):
        return x
    raise TypeError(
        f"other must be a Tensor, a NumPy array or a number: got {type(x).__name__}"
    )


def _result(data: np.ndarray, *inputs: tuple[object, Rule]) -> Tensor:
    """A Tensor that holds `data` and remembers the (input, rule) pairs."""
    out = Tensor.__new__(Tensor)
    out.data = data
    out.grad = None
    out._inputs = [pair for pair in inputs if isinstance(pair[0], Tensor)]
    out._made = next(_tick)
    return out


def _sum_to(g: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Undo broadcasting: an input used in many places gets the sum of their parts."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    return g.sum(axis=stretched, keepdims=True) if stretched else g


def _matmul(left, right) -> Tensor:
    a, b = _value(left), _value(right)
    try:
        y = a @ b
    except (ValueError, TypeError):
        raise ValueError(
            f"matmul needs (..., n, k) @ (..., k, m): got {np.shape(a)} @ {np.shape(b)}"
        ) from None
    if b.ndim == 1:  # a vector is a matrix of one column, or of one row
        return _matmul(left, right[:, None])[..., 0]
    if a.ndim == 1:
        return _matmul(left[None, :], right)[..., 0, :]
    return _result(y, (left, lambda g: g @ b.mT), (right, lambda g: a.mT @ g))
