"""One output of the cross-modality head for rows that hardly differ from the ones before them.

What comes after the mapping is linear between kinks: two hidden layers whose units have one slope
below 0 and one above. Near a *base* row only units that change sides are more than a product with
20 numbers, and which can is known from how far a row is from the base. So a row costs the mapping
(14,500 multiply-adds), and 20 more for each unit that might change sides, instead of 226,000. The
numbers are those of the dense network, up to rounding, whatever the order of the rows: a row far
from the base becomes the base.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numba import njit
from torch import Tensor, nn

# Reassociation and fused multiply-adds let loops run in vector registers; NaN and infinity keep
# their meaning, which a surrogate that has gone wrong is known by.
_LOOSE = {"reassoc", "contract", "nsz", "arcp"}
# Units of the first layer that may change sides before a row becomes the base; of a row in which
# four times as many do, everything is computed.
FLIPS = 16
# Bases that are derived from the one before until one is computed from nothing, so that rounding
# does not add up.
DERIVED = 64
# Bounds are a little wider than they need be, for rounding.
MARGIN = np.float32(1.0001)
LEAST = np.float32(1e-30)


@dataclass(frozen=True)
class OrderedHead:
    """The numbers of a mapping and a decoder with two hidden layers, for one output.

    Parameters
    ----------
    gate, mixtures, first, second, last
        Weights with the inputs in front (the gate's second ones behind), and biases; float32,
        contiguous.
    slopes
        Below 0: of the mapping, of the first and of the second hidden layer.
    """

    gate: tuple[np.ndarray, ...]
    mixtures: tuple[np.ndarray, ...]
    first: tuple[np.ndarray, ...]
    second: tuple[np.ndarray, ...]
    last: tuple[np.ndarray, ...]
    slopes: np.ndarray

    @classmethod
    def of(cls, mapping: Any, decoder: nn.Sequential, output: int) -> Self | None:
        """Return it for a frozen network; None where its decoder has other layers than two."""
        kinds = (nn.Linear, nn.PReLU, nn.Linear, nn.PReLU, nn.Linear)
        layers: list[Any] = list(decoder)
        if len(layers) != len(kinds) or not all(map(isinstance, layers, kinds)):
            return None
        if any(layer.weight.numel() != 1 for layer in (layers[1], layers[3], mapping.activation)):
            return None
        first, before, second, after, last = layers
        matrices = np.stack([_numbers(one.flatten(0, 1).T) for one in mapping.matrices])
        offsets = np.stack([_numbers(one.flatten()) for one in mapping.offsets])
        gate, mixture = mapping.gate[0], mapping.gate[2]
        slopes = [one.weight.item() for one in (mapping.activation, before, after)]
        return cls(
            (*_linear(gate), _numbers(mixture.weight), _numbers(mixture.bias)),
            (matrices, offsets),
            _linear(first),
            _linear(second),
            (_numbers(last.weight[output]), _numbers(last.bias[output : output + 1])),
            np.array(slopes, dtype=np.float32),
        )

    def __call__(self, embeddings: np.ndarray) -> np.ndarray:
        """Return the output, not below 0, of each row, shape (n,).

        Parameters
        ----------
        embeddings
            float32, shape (n, 20), in an order in which neighbours are near each other.
        """
        mapped = _mapped_rows(
            np.ascontiguousarray(embeddings, dtype=np.float32),
            self.gate,
            self.mixtures,
            self.slopes[0],
        )
        return _outputs(mapped, self.first, self.second, self.last, self.slopes)


def _numbers(values: Tensor) -> np.ndarray:
    return np.ascontiguousarray(values.detach().cpu().numpy(), dtype=np.float32)


def _linear(layer: nn.Linear) -> tuple[np.ndarray, np.ndarray]:
    return _numbers(layer.weight.T), _numbers(layer.bias)


@njit(cache=True, fastmath=_LOOSE, inline="always")
def _affine(x, weight, bias, out, n_outputs):  # type: ignore[no-untyped-def]
    """Write the first numbers of bias + x @ weight; four inputs at a time pass `out` less often."""
    n_inputs = len(x)
    for j in range(n_outputs):
        out[j] = bias[j]
    whole = n_inputs - n_inputs % 4
    for i in range(0, whole, 4):
        a, b, c, d = x[i], x[i + 1], x[i + 2], x[i + 3]
        w, v, u, t = weight[i], weight[i + 1], weight[i + 2], weight[i + 3]
        for j in range(n_outputs):
            out[j] += a * w[j] + b * v[j] + c * u[j] + d * t[j]
    for i in range(whole, n_inputs):
        a = x[i]
        for j in range(n_outputs):
            out[j] += a * weight[i, j]


@njit(cache=True, fastmath=_LOOSE, inline="always")
def _dot(left, right, size):  # type: ignore[no-untyped-def]
    total = np.float32(0)
    for j in range(size):
        total += left[j] * right[j]
    return total


@njit(cache=True, fastmath=_LOOSE)
def _mapped_rows(embeddings, gate, mixtures, slope):  # type: ignore[no-untyped-def]
    """Return the mapping of each embedding, shape (n, 20)."""
    to_hidden, hidden_bias, to_mixture, mixture_bias = gate
    matrices, offsets = mixtures
    n, size = embeddings.shape
    n_mixed, n_hidden = to_mixture.shape
    hidden, mixture = np.empty(n_hidden, np.float32), np.empty(n_mixed, np.float32)
    products = np.empty(n_mixed * size, np.float32)
    result = embeddings.copy()
    for row in range(n):
        out = result[row]
        _affine(out, to_hidden, hidden_bias, hidden, n_hidden)
        for j in range(n_hidden):
            hidden[j] = max(hidden[j], np.float32(0))
        for m in range(n_mixed):
            mixture[m] = mixture_bias[m] + _dot(hidden, to_mixture[m], n_hidden)
        highest, total = mixture.max(), np.float32(0)
        for m in range(n_mixed):
            mixture[m] = np.exp(mixture[m] - highest)
            total += mixture[m]
        for layer in range(len(matrices)):
            if layer:
                for j in range(size):
                    out[j] = max(out[j], np.float32(0)) + slope * min(out[j], np.float32(0))
            _affine(out, matrices[layer], offsets[layer], products, n_mixed * size)
            out[:] = 0
            for m in range(n_mixed):
                share = mixture[m] / total
                for j in range(size):
                    out[j] += share * products[m * size + j]
    return result


@njit(cache=True, fastmath=_LOOSE)
def _lengths(weight):  # type: ignore[no-untyped-def]
    """Return how long each column is, a little more than that."""
    total = np.zeros(weight.shape[1], np.float32)
    for i in range(len(weight)):
        for j in range(len(total)):
            total[j] += weight[i, j] * weight[i, j]
    return np.sqrt(total) * MARGIN


@njit(cache=True, fastmath=_LOOSE)
def _computed(base, first, second, slope, z1, z2, by):  # type: ignore[no-untyped-def]
    """Write the hidden units at a new base, and the second layer's change by what is mapped."""
    w1, b1 = first
    w2, b2 = second
    n1, n2 = w2.shape
    unit, none = np.empty(n1, np.float32), np.zeros(n2, np.float32)
    _affine(base, w1, b1, z1, n1)
    for k in range(n1):
        unit[k] = z1[k] if z1[k] > 0 else slope * z1[k]
    _affine(unit, w2, b2, z2, n2)
    for d in range(len(base)):
        for k in range(n1):
            unit[k] = w1[d, k] if z1[k] > 0 else slope * w1[d, k]
        _affine(unit, w2, none, by[d], n2)


@njit(cache=True, fastmath=_LOOSE)
def _moved_on(step, w1, w2, slope, flipped, rest, z1, z2, by):  # type: ignore[no-untyped-def]
    """Change the second layer, and how it changes, to a base at which some units have flipped."""
    n2 = len(z2)
    after = np.empty(n2, np.float32)
    _affine(step, by, z2, after, n2)
    z2[:] = after
    for at in range(len(flipped)):
        k, more = flipped[at], rest[at]
        sides = np.float32(1) - slope if z1[k] <= 0 else slope - np.float32(1)
        for i in range(n2):
            z2[i] += w2[k, i] * more
        for d in range(len(step)):
            w = sides * w1[d, k]
            for i in range(n2):
                by[d, i] += w * w2[k, i]


@njit(cache=True, fastmath=_LOOSE, inline="always")
def _more(new, slope):  # type: ignore[no-untyped-def]
    """What a unit that has changed sides gives more than with its slope of before."""
    return new * (np.float32(1) - slope) if new > 0 else new * (slope - np.float32(1))


@njit(cache=True, fastmath=_LOOSE)
def _sorted_by_reach(z, lengths, columns, order, reach, in_order):  # type: ignore[no-untyped-def]
    """Sort units by how long a step must be to make them change sides, and their columns too."""
    for k in range(len(z)):
        reach[k] = abs(z[k]) / max(lengths[k], LEAST)
    order[:] = np.argsort(reach)
    reach[:] = reach[order]
    for d in range(len(columns)):
        for at in range(len(z)):
            in_order[d, at] = columns[d, order[at]]


@njit(cache=True, fastmath=_LOOSE)
def _outputs(mapped, first, second, last, slopes):  # type: ignore[no-untyped-def]
    """Return the output of each mapped row, shape (n,)."""
    w1, b1 = first
    w2 = second[0]
    w3, b3 = last
    n, size = mapped.shape
    n1, n2 = w2.shape
    slope1, slope2 = slopes[1], slopes[2]
    none1, none2 = np.zeros(n1, np.float32), np.zeros(n2, np.float32)
    base, step = np.zeros(size, np.float32), np.empty(size, np.float32)
    # Hidden units at the base, how the second layer changes with what is mapped, and the output.
    z1, z2 = np.empty(n1, np.float32), np.empty(n2, np.float32)
    by = np.empty((size, n2), np.float32)
    slopes3, by_unit = np.empty(n2, np.float32), np.empty(n1, np.float32)
    gradient, at_base = np.empty(size, np.float32), np.float64(0)
    # Units in the order in which steps of growing length could make them change sides.
    order1, reach1 = np.empty(n1, np.int64), np.empty(n1, np.float32)
    order2, reach2 = np.empty(n2, np.int64), np.empty(n2, np.float32)
    w1_in_order, by_in_order = np.empty((size, n1), np.float32), np.empty((size, n2), np.float32)
    change1, change2 = np.empty(n1, np.float32), np.empty(n2, np.float32)
    flipped, rest = np.empty(n1, np.int64), np.empty(n1, np.float32)
    lengths1, lengths12 = _lengths(w1), _lengths(w2)
    # How much of a step kinks make in the first layer, as a rule: it sets the second one's order.
    usual = np.float32(0.02)
    kink, derived = usual, DERIVED + 1
    result = np.empty(n, np.float32)
    for row in range(n):
        far, n_flipped = derived > DERIVED, 0
        if not far:
            for d in range(size):
                step[d] = mapped[row, d] - base[d]
            moved, squares = np.sqrt(_dot(step, step, size)), np.float32(0)
            # A NaN is no step: the row is computed as it is.
            far = not moved < np.inf
        if not far:
            count = np.searchsorted(reach1, moved, side="right")
            _affine(step, w1_in_order, none1, change1, count)
            for at in range(count):
                k = order1[at]
                new = z1[k] + change1[at]
                if (new > 0) != (z1[k] > 0):
                    more = _more(new, slope1)
                    flipped[n_flipped], rest[n_flipped] = k, more
                    squares += more * more
                    n_flipped += 1
            far = n_flipped > 4 * FLIPS
        if not far:
            value = at_base + _dot(gradient, step, size)
            for at in range(n_flipped):
                value += by_unit[flipped[at]] * rest[at]
            kinked = np.sqrt(squares)
            if moved > 0:
                usual += np.float32(0.02) * (kinked / moved - usual)
            # A unit's change is at most its own length times the step, plus that of its weights
            # times the kinks: so at most (length + kink x length of weights) times this.
            count = np.searchsorted(reach2, max(moved, kinked / kink), side="right")
            _affine(step, by_in_order, none2, change2, count)
            for other in range(n_flipped):
                k, more = flipped[other], rest[other]
                for at in range(count):
                    change2[at] += w2[k, order2[at]] * more
            for at in range(count):
                i = order2[at]
                new = z2[i] + change2[at]
                if (new > 0) != (z2[i] > 0):
                    value += w3[i] * _more(new, slope2)
            result[row] = max(value, 0)
            if n_flipped <= FLIPS:
                continue
            _moved_on(step, w1, w2, slope1, flipped[:n_flipped], rest, z1, z2, by)
            derived += 1
        # The row becomes the base.
        base[:] = mapped[row]
        kink = max(np.float32(1.5) * usual, np.float32(1e-4))
        if far:
            _computed(base, first, second, slope1, z1, z2, by)
            derived = 0
        else:
            _affine(base, w1, b1, z1, n1)
        at_base = np.float64(b3[0])
        for i in range(n2):
            slopes3[i] = w3[i] if z2[i] > 0 else slope2 * w3[i]
            at_base += slopes3[i] * z2[i]
        for d in range(size):
            gradient[d] = _dot(by[d], slopes3, n2)
        for k in range(n1):
            by_unit[k] = _dot(w2[k], slopes3, n2)
        _sorted_by_reach(z1, lengths1, w1, order1, reach1, w1_in_order)
        _sorted_by_reach(z2, _lengths(by) + kink * lengths12, by, order2, reach2, by_in_order)
        result[row] = max(at_base, 0)
    return result
