"""The datasets of images that a study file can name: their facts, readable without opening a file.

``sha256`` of a file lists every edition that is known, as fetched (compressed): the official one first. The second of
Fashion-MNIST is packed again; the second of MNIST holds the same items sorted by class, so there its ids name others.
"""

from __future__ import annotations

from frostline.catalog import DataFile, DatasetCard
from frostline.data.sound_cards import DIGITS

CLOTHES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
CIFAR_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
MNIST_MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist/"
FASHION_MIRROR = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
CIFAR_ARCHIVE = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
CIFAR_FOLDER = "cifar-10-batches-bin"


IMAGE_CARDS: dict[str, DatasetCard] = {
    "digits": DatasetCard(
        name="digits",
        title="handwritten digits that come with scikit-learn",
        class_names=DIGITS,
        train_counts=(142, 146, 142, 146, 145, 146, 145, 143, 139, 144),
        test_counts=(36, 36, 35, 37, 36, 36, 36, 36, 35, 36),
        channels=1,
        size=8,
        full_scale=16.0,
        licence="CC BY 4.0",
        source="Alpaydin and Kaynak 1998, UCI, the test part of Optical Recognition of Handwritten Digits",
        code="frostline.data.images:read_digits",
    ),
    "mnist": DatasetCard(
        name="mnist",
        title="MNIST handwritten digits",
        class_names=DIGITS,
        train_counts=(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
        test_counts=(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
        channels=1,
        size=28,
        full_scale=255.0,
        licence="CC BY-SA 3.0",
        source="LeCun, Cortes and Burges 1998",
        code="frostline.data.images:read_idx",
        files=(
            DataFile(
                "train-images-idx3-ubyte.gz",
                (
                    "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                    "ddf6d6b570ea8e7d4a14b0b6866fa935dff165b42d468d2ec27dc2ba9a685922",
                ),
                MNIST_MIRROR + "train-images-idx3-ubyte.gz",
            ),
            DataFile(
                "train-labels-idx1-ubyte.gz",
                (
                    "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                    "802213983972e3a1284c603720a31c1c739f51e0140ec6605470bc0154e2d5e5",
                ),
                MNIST_MIRROR + "train-labels-idx1-ubyte.gz",
            ),
            DataFile(
                "t10k-images-idx3-ubyte.gz",
                (
                    "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                    "d29e6c09df03daf64a19a2a47a433937649597824170f2737152475749a7a251",
                ),
                MNIST_MIRROR + "t10k-images-idx3-ubyte.gz",
            ),
            DataFile(
                "t10k-labels-idx1-ubyte.gz",
                (
                    "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                    "819da457064a474e2f7cb5b33832014f1d8f832c93795db237dc97f965265d99",
                ),
                MNIST_MIRROR + "t10k-labels-idx1-ubyte.gz",
            ),
        ),
    ),
    "fashion_mnist": DatasetCard(
        name="fashion_mnist",
        title="Fashion-MNIST articles of clothing",
        class_names=CLOTHES,
        train_counts=(6000,) * 10,
        test_counts=(1000,) * 10,
        channels=1,
        size=28,
        full_scale=255.0,
        licence="MIT",
        source="Xiao, Rasul and Vollgraf 2017",
        code="frostline.data.images:read_idx",
        files=(
            DataFile(
                "train-images-idx3-ubyte.gz",
                (
                    "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                    "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
                ),
                FASHION_MIRROR + "train-images-idx3-ubyte.gz",
            ),
            DataFile(
                "train-labels-idx1-ubyte.gz",
                (
                    "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                    "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
                ),
                FASHION_MIRROR + "train-labels-idx1-ubyte.gz",
            ),
            DataFile(
                "t10k-images-idx3-ubyte.gz",
                (
                    "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                    "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
                ),
                FASHION_MIRROR + "t10k-images-idx3-ubyte.gz",
            ),
            DataFile(
                "t10k-labels-idx1-ubyte.gz",
                (
                    "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                    "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
                ),
                FASHION_MIRROR + "t10k-labels-idx1-ubyte.gz",
            ),
        ),
    ),
    "cifar10": DatasetCard(
        name="cifar10",
        title="CIFAR-10 photographs, all of it",
        class_names=CIFAR_CLASSES,
        train_counts=(5000,) * 10,
        test_counts=(1000,) * 10,
        channels=3,
        size=32,
        full_scale=255.0,
        licence="unstated by its authors",
        source="Krizhevsky 2009",
        code="frostline.data.images:read_cifar",
        archive=DataFile(
            "cifar-10-binary.tar.gz",
            ("c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",),
            CIFAR_ARCHIVE,
        ),
        files=(
            DataFile(
                f"{CIFAR_FOLDER}/data_batch_1.bin",
                ("cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",),
            ),
            DataFile(
                f"{CIFAR_FOLDER}/data_batch_2.bin",
                ("a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",),
            ),
            DataFile(
                f"{CIFAR_FOLDER}/data_batch_3.bin",
                ("bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",),
            ),
            DataFile(
                f"{CIFAR_FOLDER}/data_batch_4.bin",
                ("014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",),
            ),
            DataFile(
                f"{CIFAR_FOLDER}/data_batch_5.bin",
                ("755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",),
            ),
            DataFile(
                f"{CIFAR_FOLDER}/test_batch.bin", ("8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",)
            ),
        ),
    ),
    "cifar10_subset": DatasetCard(
        name="cifar10_subset",
        title="a class-balanced subset of CIFAR-10 made from lossy copies, for trying things out",
        class_names=CIFAR_CLASSES,
        train_counts=(200,) * 10,
        test_counts=(100,) * 10,
        channels=3,
        size=32,
        full_scale=255.0,
        licence="unstated by its authors",
        source="after Krizhevsky 2009; lossy, so no figure on it speaks of CIFAR-10",
        code="frostline.data.images:read_cifar",
        files=(
            DataFile(
                f"{CIFAR_FOLDER}/data_batch_1.bin",
                ("96fe9dc95a4010d9fd3ab054bc9bbac63ed6f24f9942a9fb984b48c6c774e06f",),
            ),
            DataFile(
                f"{CIFAR_FOLDER}/test_batch.bin",
                ("57e976f544932b11af96ddb624fcd081b4c3697ceff5959942e73e166bdd63a2",),
            ),
        ),
    ),
}
