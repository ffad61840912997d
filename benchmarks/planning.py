"""How long it takes to plan a study of more than 10,000 trials, keys and waves included. Goal: 5 s.

    python benchmarks/planning.py

Prints the median of 5 plans, each of a study made anew so that nothing is remembered from the one before.
"""

from __future__ import annotations

import time
from statistics import median

from frostline.spec.plan import plan
from frostline.spec.study import Study

RUNS = 5
SHARES = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
SEEDS = 110


def main() -> None:
    """Prints how many trials the plan has, and the median time."""
    measured = [planned() for _ in range(RUNS)]
    runs = [seconds for _, seconds in measured]
    print(f"{measured[0][0]:,} trials planned in {min(runs):.2f} to {max(runs):.2f} s, {RUNS} times")
    print(f"seconds plan_of_10000_trials {median(runs):.2f}")


def planned() -> tuple[int, float]:
    """How many trials the plan has, and how long study, plan and waves took."""
    began = time.perf_counter()
    trials = plan(study()).trials
    duration_s = time.perf_counter() - began
    if len(trials) < 10_000:
        raise SystemExit(f"the study has only {len(trials)} trials; raise SEEDS")
    return len(trials), duration_s


def study() -> Study:
    """Thirteen different arms of a six-layer network, at seven shares, with 110 seeds and a pretraining each."""
    return Study.model_validate(
        {
            "title": "Planning",
            "question": "How long does a plan take?",
            "source": {"dataset": {"name": "digits", "classes": (0, 1, 2, 3, 4)}},
            "dataset": {"name": "digits", "classes": (5, 6, 7, 8, 9)},
            "network": {"name": "plain_cnn", "pool_every": 3},
            "surgeries": {
                "FR": {"below": "frozen", "above": "reset"},
                "F": {"below": "frozen", "above": "tuned"},
            },
            "shares": SHARES,
            "seeds": SEEDS,
            "recipe": {"passes": 40},
        }
    )


if __name__ == "__main__":
    main()
