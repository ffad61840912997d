"""What the training sets are composed of: real and synthetic items, by arm and share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from frostline.analysis.comparisons import cells, distinct_runs
from frostline.analysis.findings import Findings
from frostline.analysis.frost_line import percent
from frostline.report.drawing import OKABE_ITO, Picture, panels, rendered, style
from frostline.report.figure_numbers import with_numbers

COLUMNS = ("share", "arm", "n_runs", "train_real", "train_synthetic", "validation_real", "test_real")
REAL, SYNTHETIC = OKABE_ITO[0], OKABE_ITO[4]
MOST_NAMED = 3


@dataclass(frozen=True)
class Composition:
    """Of how many items ``arm`` at ``share`` was trained, validated and tested: means over ``runs``."""

    share: float
    arm: str
    runs: int
    real: float
    synthetic: float
    validation: float
    test: float

    @property
    def parts(self) -> tuple[float, float, float, float]:
        """Real and synthetic items to train on, real ones to validate and to test on."""
        return self.real, self.synthetic, self.validation, self.test


def compositions(findings: Findings) -> tuple[Composition, ...]:
    """What each arm at each share was trained on, in the order of the table; none where nothing has finished."""
    found = []
    once = distinct_runs(findings.frame)
    for arm, share in cells(findings.frame):
        keys = once.loc[(once["arm"] == arm) & (once["share"] == share), "key"]
        done = [findings.trained[key] for key in keys if key in findings.trained]
        if done:
            counts = [(one.n_train, one.n_synthetic, one.n_validation, one.n_test) for one in done]
            means = (sum(column) / len(done) for column in zip(*counts, strict=True))
            found.append(Composition(share, arm, len(done), *means))
    return tuple(found)


def composition_figure(found: Sequence[Composition]) -> Picture | None:
    """One panel a share: a bar for all arms of equal training sets, real items and behind them synthetic ones.

    None where no arm has synthetic items, so that there is nothing to compose.
    """
    if not any(one.synthetic for one in found):
        return None
    shares = sorted({one.share for one in found})
    with style():
        figure, shown = panels(len(shares), width=5.4)
        for axes, share in zip(shown, shares, strict=True):
            _draw(axes, [one for one in found if one.share == share])
        entries = {"real": Patch(color=REAL), "synthetic": Patch(color=SYNTHETIC)}
        figure.legend(list(entries.values()), list(entries), loc="outside upper left", ncols=2, frameon=False)
        title = "Real and synthetic items of every training set; what validates and tests is real"
        drawn = rendered(figure, "composition", title, _words(found))
    rows = [(one.share, one.arm, one.runs, *one.parts) for one in found]
    return with_numbers(drawn, COLUMNS, rows)


def _draw(axes: Axes, here: Sequence[Composition]) -> None:
    groups: dict[tuple[float, ...], list[str]] = {}
    for one in here:
        groups.setdefault((one.real, one.synthetic), []).append(one.arm)
    for place, (real, synthetic) in enumerate(groups):
        axes.barh(place, real, color=REAL, height=0.6)
        axes.barh(place, synthetic, left=real, color=SYNTHETIC, height=0.6)
        told = f" {real:,.0f}" + (f" + {synthetic:,.0f}" if synthetic else "")
        axes.text(real + synthetic, place, told, va="center", fontsize=8)
    axes.set_yticks(range(len(groups)), [_named(arms) for arms in groups.values()], fontsize=8)
    axes.set_ylim(len(groups) - 0.4, -0.6)
    axes.set_xlim(0, 1.25 * max(sum(parts) for parts in groups))
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("items to train on")
    held = f"validation {_span([one.validation for one in here])} real, test {_span([one.test for one in here])} real"
    axes.set_title(f"{percent(here[0].share)} of the target data\n{held}", fontsize=9)


def _named(arms: Sequence[str]) -> str:
    more = f"\nand {len(arms) - MOST_NAMED} more" if len(arms) > MOST_NAMED else ""
    return "\n".join(arms[:MOST_NAMED]) + more


def _span(counts: Sequence[float]) -> str:
    return " to ".join(dict.fromkeys(f"{one:,.0f}" for one in (min(counts), max(counts))))


def _words(found: Sequence[Composition]) -> str:
    said = ["Items that arms were trained on, means over their runs. Validation and test hold real items alone."]
    for one in found:
        if one.synthetic:
            part = one.synthetic / (one.real + one.synthetic)
            said.append(
                f"{one.arm} at {percent(one.share)}: {one.real:,.0f} real and {one.synthetic:,.0f} synthetic items "
                f"({part * 100:.0f} % synthetic)."
            )
    return " ".join(said)
