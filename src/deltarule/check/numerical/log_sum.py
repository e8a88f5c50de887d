"""E of softmax with cross-entropy beside nets that are known: from the log of a sum.

The row of one observation counts

    sum_k T_k log S - sum_k T_k s_k,    s_k = net_k - net_m,    S = sum_k exp(s_k)

with m the largest net before the move: any number may be taken off a row, and which one is the
largest is known. The net of m is taken off AFTER the move, so that its own term stays 1 exactly: of
a row that is finished, with S = 1 and T_m = 1, nothing is left but what the others add to S.

So the moved nets need one exponential each and little else; where one output moves alone, so does
one term of S. The other terms are added up without it, so that nothing cancels.
"""

from __future__ import annotations

import numpy as np

from deltarule.check.numerical.perturbed import XP, Repeated
from deltarule.core.arrays import Array


class LogSum:
    """E without the penalty, where outputs of a softmax layer move.

    Nets that move by some 700 or more leave the range of exp: E is then not finite here and has
    to be computed from the nets themselves.
    """

    def __init__(self, net: Array, T: Array, scale: Array) -> None:
        """Take net_L and T, both (n_L, samples), and what each sample counts in E."""
        self._T, self._scale = T, scale
        self._largest = net.argmax(axis=0)
        self._s = net - net.max(axis=0)
        self._repeated = Repeated(self._s)
        terms = np.exp(self._s)
        self._other_terms = np.array([np.delete(terms, k, 0).sum(axis=0) for k in range(len(T))])
        self._T_sum, self._T_s = T.sum(axis=0), (T * self._s).sum(axis=0)

    def one_moved(self, k: int, change: Array) -> Array:
        """Return E where output k's net changes by `change` (moves, samples)."""
        leads = self._largest == k  # its own term stays 1, the others' change
        others, target = self._other_terms[k], self._T[k]
        moved = XP.exp(np.where(leads, -change, self._s[k] + change))
        terms = np.where(leads, 1.0 + others * moved, others + moved)
        return self._errors(terms, np.where(leads, target - self._T_sum, target) * change)

    def all_moved(self, column: Array, change: Array) -> Array:
        """Return E where the nets change by column_k `change` (moves, samples)."""
        of_largest = column[self._largest]
        s = np.multiply.outer(column, change.ravel())
        s -= (of_largest * change).ravel()
        s += self._repeated.times(len(change))
        terms = XP.exp(s).sum(axis=0)
        linear = (column @ self._T - of_largest * self._T_sum) * change
        return self._errors(terms.reshape(change.shape), linear)

    def _errors(self, terms: Array, linear: Array) -> Array:
        """Return E from S and from what the move adds to sum_k T_k s_k."""
        rows = self._T_sum * np.log(terms) - self._T_s - linear
        return np.asarray(np.vecdot(self._scale, rows))
