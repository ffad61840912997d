"""How much the answers of a source head tell of the target classes.

==========  ==========================================================================================
symbol      meaning
==========  ==========================================================================================
p_iz        probability that the source head gives item i for source class z
P(y, z)     mean over items of p_iz where the item is of class y, else of 0
P(y | z)    P(y, z) / sum over y
==========  ==========================================================================================
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64, Int64


def negative_conditional_entropy(source: Int64[np.ndarray, " item"], targets: Int64[np.ndarray, " item"]) -> float:
    """Minus the entropy (nats) of the classes ``targets`` given the source class of each item; 0 is the best.

    Tran, Nguyen and Hassner (2019), equation 4, with the source class that the head calls most likely.
    """
    joint = np.zeros((int(targets.max()) + 1, int(source.max()) + 1))
    np.add.at(joint, (targets, source), 1 / len(targets))
    given = joint / np.where(joint.sum(axis=0) > 0, joint.sum(axis=0), 1)
    seen = joint > 0
    return float((joint[seen] * np.log(given[seen])).sum())


def log_expected_prediction(
    probabilities: Float[np.ndarray, "item source"], targets: Int64[np.ndarray, " item"]
) -> float:
    """LEEP: the mean over items of the logarithm (nats) of the sum over z of P(y_i | z) p_iz; 0 is the best.

    Nguyen, Hassner, Seeger and Archambeau (2020), equation 2.
    """
    given = np.asarray(probabilities, dtype=np.float64)
    joint: Float64[np.ndarray, "target source"] = np.zeros((int(targets.max()) + 1, given.shape[1]))
    np.add.at(joint, targets, given / len(targets))
    conditional = joint / np.where(joint.sum(axis=0) > 0, joint.sum(axis=0), 1)
    return float(np.log((given * conditional[targets]).sum(axis=1)).mean())
