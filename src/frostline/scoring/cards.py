"""The scores that can be asked for: their facts, readable without computing anything."""

from __future__ import annotations

from frostline.spec.scoring import Figure, ScoreCard

LARGEST_TREE = 2000
"""A tree over n items takes n x n distances; so many take a fraction of a second and 32 MB."""
CLUSTERS = (
    Figure("ari", -1.0, 1.0),
    Figure("nmi", 0.0, 1.0),
    Figure("purity", 0.0, 1.0),
    Figure("pair_precision", 0.0, 1.0),
    Figure("pair_recall", 0.0, 1.0),
)

CARDS: dict[str, ScoreCard] = {
    "average-linkage": ScoreCard(
        name="average-linkage",
        title="agglomerative clusters, average linkage of cosine distances, against the classes",
        source="Sokal and Michener 1958; figures as in Hubert and Arabie 1985",
        of="layer",
        figures=CLUSTERS,
        code="frostline.scoring.scorers:average_linkage",
        most_items=LARGEST_TREE,
    ),
    "ward": ScoreCard(
        name="ward",
        title="agglomerative clusters by Ward's criterion, against the classes",
        source="Ward 1963; figures as in Hubert and Arabie 1985",
        of="layer",
        figures=CLUSTERS,
        code="frostline.scoring.scorers:ward",
        most_items=LARGEST_TREE,
    ),
    "k-means": ScoreCard(
        name="k-means",
        title="k-means clusters, best of ten draws, against the classes",
        source="Lloyd 1982, Arthur and Vassilvitskii 2007; figures as in Hubert and Arabie 1985",
        of="layer",
        figures=CLUSTERS,
        code="frostline.scoring.scorers:k_means",
    ),
    "silhouette": ScoreCard(
        name="silhouette",
        title="mean silhouette of the classes",
        source="Rousseeuw 1987",
        of="layer",
        figures=(Figure("silhouette", -1.0, 1.0),),
        code="frostline.scoring.scorers:silhouette",
    ),
    "neighbours": ScoreCard(
        name="neighbours",
        title="accuracy of the five nearest neighbours, one item left out at a time",
        source="Cover and Hart 1967",
        of="layer",
        figures=(Figure("accuracy", 0.0, 1.0),),
        code="frostline.scoring.scorers:neighbours",
        spread="items",
    ),
    "probe": ScoreCard(
        name="probe",
        title="accuracy of a linear probe on held-out fifths",
        source="Alain and Bengio 2017",
        of="layer",
        figures=(Figure("accuracy", 0.0, 1.0),),
        code="frostline.scoring.scorers:probe",
        spread="items",
    ),
    "logme": ScoreCard(
        name="logme",
        title="logarithm of maximum evidence, nats an item",
        source="You et al. 2021",
        of="layer",
        figures=(Figure("evidence"),),
        code="frostline.scoring.scorers:logme",
    ),
    "h-score": ScoreCard(
        name="h-score",
        title="regularised H-score",
        source="Ibrahim et al. 2022; Bao et al. 2019",
        of="layer",
        figures=(Figure("h_score", 0.0),),
        code="frostline.scoring.scorers:h_score",
    ),
    "nce": ScoreCard(
        name="nce",
        title="negative conditional entropy of the classes given what the source head calls an item, nats",
        source="Tran et al. 2019",
        of="head",
        figures=(Figure("nce", None, 0.0),),
        code="frostline.scoring.scorers:nce",
    ),
    "leep": ScoreCard(
        name="leep",
        title="log expected empirical prediction from the probabilities of the source head, nats",
        source="Nguyen et al. 2020",
        of="head",
        figures=(Figure("leep", None, 0.0),),
        code="frostline.scoring.scorers:leep",
    ),
    "cka-layers": ScoreCard(
        name="cka-layers",
        title="linear CKA between layers",
        source="Kornblith et al. 2019",
        of="layers",
        figures=(Figure("cka", 0.0, 1.0),),
        code="frostline.scoring.similarity:linear_cka",
    ),
    "cka-states": ScoreCard(
        name="cka-states",
        title="linear CKA between two states of a layer",
        source="Kornblith et al. 2019",
        of="states",
        figures=(Figure("cka", 0.0, 1.0),),
        code="frostline.scoring.similarity:linear_cka",
    ),
}
