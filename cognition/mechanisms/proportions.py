"""What a share that was counted in a sample says of the share it was drawn from."""

from __future__ import annotations

import math


def at_most(share: float, count: int, z: float) -> float:
    r"""Upper confidence bound of a share: Wilson's score interval, one side of it.

    .. math::

        \frac{p + \frac{z^2}{2n} + z \sqrt{\frac{p (1 - p)}{n} + \frac{z^2}{4 n^2}}}{1 + \frac{z^2}{n}}

    Parameters
    ----------
    share : float
        :math:`p`, found in the sample; above 1 counts as 1.
    count : int
        :math:`n`, how many were drawn; of none nothing is known.
    z : float
        Quantile of the normal distribution: the true share is above the bound in ``1 - Phi(z)`` of samples.

    Returns
    -------
    float
        In [share, 1] for shares up to 1.

    References
    ----------
    Wilson 1927, Probable inference, the law of succession, and statistical inference.
    """
    if not count:
        return 1.0
    p, spread = min(share, 1.0), z * z / count
    return min(1.0, (p + spread / 2 + z * math.sqrt((p * (1 - p) + spread / 4) / count)) / (1 + spread))
