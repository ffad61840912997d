"""How the numbers of a page were made, in words with references, to be pasted into a paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from frostline.analysis.comparisons import Gain
from frostline.analysis.estimates import Estimate, OneRun
from frostline.analysis.findings import Terms
from frostline.catalog import Task
from frostline.report.answer import points

CROSSED = (
    "Seeds and test items are crossed: every seed is tested on the same items. The mean {score} of an arm is that of "
    "a two-way layout with random effects of seed, of item and of both, and its variance is the sum of their parts "
    "(Searle, Casella and McCulloch 1992, Variance Components), with degrees of freedom by Satterthwaite (1946, An "
    "Approximate Distribution of Estimates of Variance Components). Such an interval speaks of other seeds and of "
    "other test items."
)
CONTRIBUTED: Mapping[Task, str] = {
    "classes": "",
    "tags": (
        "What an item contributes to a ROC-AUC is told by the components of DeLong, DeLong and Clarke-Pearson (1988, "
        "Comparing the Areas under Two or More Correlated Receiver Operating Characteristic Curves), averaged over the "
        "tags; the mean over the items is the figure itself."
    ),
    "values": (
        "The concordance correlation coefficient (CCC) is that of Lin (1989, A Concordance Correlation Coefficient to "
        "Evaluate Reproducibility), with moments over all test items, averaged over the numbers. What an item "
        "contributes to it is the figure plus the influence of the item on it (Hampel 1974, The Influence Curve and "
        "Its Role in Robust Estimation); the mean over the items is the figure itself."
    ),
}
SEEDS_ONLY = (
    "Where the answers to single test items are not known, or where each seed has test items of its own, an interval "
    "is over runs: Student's t below ten runs, and from ten on an expanded percentile bootstrap with 10,000 resamples "
    "(Hesterberg 2015, What Teachers Should Know About the Bootstrap). Such an interval speaks of other seeds, not of "
    "other test items."
)
OVERLAP = (
    "The runs are resamples of the same items and not independent. The variance of a mean of n runs is taken to be "
    "s^2 (1/n + {overlap:.3g}), with the size of the test part over that of the whole training part as the "
    "correction, for smaller shares too (Nadeau and Bengio 2003, Inference for the Generalization Error; Bouckaert and "
    "Frank 2004, Evaluating the Replicability of Significance Tests for Comparing Learning Algorithms)."
)
WITHOUT_WIDTH = (
    "Where all answers of an arm agree, there is no variance to estimate, and the interval is that of the largest "
    "chance of another answer that such figures leave (Clopper and Pearson 1934)."
)
NOTHING_APART = (
    "Where all that items contribute agrees, there is no variance to estimate, and the interval is as wide as that of "
    "a chance of which as many items agree (Clopper and Pearson 1934)."
)
PAIRED = (
    "A gain is the mean of the differences seed by seed, over the seeds finished in both arms; both have the same "
    "split and share and, where they are of one network, the same head and fresh weights. Its p, the chance of a mean "
    "difference at least as large if the signs of the differences were up to chance, is counted over all ways to give "
    "them signs (Fisher 1935, The Design of Experiments); where the interval also speaks of other test items, or of "
    "runs that share items, p is never below the p of that interval. All p of a family are corrected in steps (Holm "
    "1979, A Simple Sequentially Rejective Multiple Test Procedure). The effect size is the mean difference in "
    "standard deviations of the differences (Cohen 1988)."
)
BEST = (
    "The frost line comes from comparisons with the best: for every arm of a share, simultaneous intervals at "
    "{level:g} % of its difference from the best of the others (Hsu 1984, Constrained Simultaneous Confidence "
    "Intervals for Multiple Comparisons with the Best; with Bonferroni's bound for each pair). Recommended is the arm "
    "of the fewest trainable parameters (then seconds, then memory) whose deficit is below {margin}. Where there is "
    "none, the number of seeds or items that would settle it is that at which the bounds clear the margin with a "
    "chance of 80 %, if differences and variances are as seen."
)
DIPS = (
    "Whether the answer moves with the share is tested by the slope of {score} on depth, and how it changes with the "
    "logarithm of the share, seed by seed. A dip is claimed where both some shallower and some deeper arm are better "
    "(Berger 1982, Multiparameter Hypothesis Testing and Acceptance Sampling), corrected for the depths."
)


def methods(terms: Terms, means: Iterable[Estimate | OneRun | None], gained: Iterable[Gain]) -> list[str]:
    """How ``means`` and ``gained`` were made on ``terms``; nothing of a method that none of them was made by."""
    estimates = [found for found in means if isinstance(found, Estimate)]
    crossed = any(found.items is not None for found in estimates)
    told = [
        f"Each interval is meant to hold the true mean in {terms.level * 100:g} % of such studies.",
        CROSSED.format(score=terms.metric.words) if crossed else "",
        CONTRIBUTED[terms.metric.task] if crossed else "",
        SEEDS_ONLY if any(found.items is None for found in estimates) else "",
        OVERLAP.format(overlap=terms.overlap) if terms.overlap else "",
        "" if not crossed else WITHOUT_WIDTH if terms.metric.counted else NOTHING_APART,
        PAIRED if any(gained) else "",
        BEST.format(level=terms.level * 100, margin=points(terms.margin)),
        DIPS.format(score=terms.metric.words),
    ]
    return [paragraph for paragraph in told if paragraph]
