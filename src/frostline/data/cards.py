"""stand-in"""
from frostline.catalog import DatasetCard
F=("T-shirt/top","Trouser","Pullover","Dress","Coat","Sandal","Shirt","Sneaker","Bag","Ankle boot")
D=tuple(str(i) for i in range(10))
CARDS={
 "digits":DatasetCard("digits","Digits",D,(142, 146, 142, 146, 145, 146, 145, 143, 139, 144),(36, 36, 35, 37, 36, 36, 36, 36, 35, 36),1,8,16.0,"CC BY 4.0","sklearn","frostline.data.images:read_digits"),
 "fashion_mnist":DatasetCard("fashion_mnist","F",F,(6000,)*10,(1000,)*10,1,28,255.0,"MIT","x","frostline.data.images:read_idx"),
 "mnist":DatasetCard("mnist","F",D,(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),1,28,255.0,"MIT","x","frostline.data.images:read_idx"),
}
