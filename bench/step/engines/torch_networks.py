"""The networks of ../models in PyTorch: the same layers, sizes and epsilons, with PyTorch's own
initial weights. They end in logits, because PyTorch's cross-entropy takes those."""

from torch import nn

# Keras's defaults.
NORM_EPSILON = 1e-3


def mlp():
    return nn.Sequential(
        nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
    )


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.4),
        nn.Linear(5 * 5 * 32, 96),
        nn.ReLU(),
        nn.Linear(96, 10),
    )


class Lstm(nn.Module):
    """PyTorch's cell has two biases where Keras has one: 512 parameters more."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(28, 128, batch_first=True)
        self.digits = nn.Linear(128, 10)

    def forward(self, rows):
        return self.digits(self.lstm(rows)[0][:, -1])


def conv(inputs, outputs, size=3, strides=1):
    return nn.Conv2d(inputs, outputs, size, strides, padding=size // 2, bias=False)


def norm(channels):
    return nn.BatchNorm2d(channels, eps=NORM_EPSILON)


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs, strides):
        super().__init__()
        self.path = nn.Sequential(
            conv(inputs, outputs, strides=strides),
            norm(outputs),
            nn.ReLU(),
            conv(outputs, outputs),
            norm(outputs),
        )
        self.shortcut = nn.Identity()
        if strides > 1:
            self.shortcut = nn.Sequential(conv(inputs, outputs, 1, strides), norm(outputs))

    def forward(self, x):
        return nn.functional.relu(self.path(x) + self.shortcut(x))


def resnet20():
    blocks, channels = [], 16
    for stage, filters in enumerate((16, 32, 64)):
        for block in range(3):
            blocks.append(ResidualBlock(channels, filters, 2 if stage > 0 and block == 0 else 1))
            channels = filters
    stem = (conv(3, 16), norm(16), nn.ReLU())
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Linear(32, 128)
        self.blocks = nn.Sequential(
            *(
                nn.TransformerEncoderLayer(
                    128, 4, 512, dropout=0.0, layer_norm_eps=NORM_EPSILON, batch_first=True
                )
                for _ in range(4)
            )
        )
        self.classes = nn.Linear(128, 10)

    def forward(self, tokens):
        return self.classes(self.blocks(self.embedding(tokens)).mean(1))


networks = {
    "mlp": mlp,
    "cnn": cnn,
    "lstm": Lstm,
    "resnet20": resnet20,
    "transformer": Transformer,
}
