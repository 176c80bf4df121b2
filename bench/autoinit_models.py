"""Networks whose signals are followed: residual ones, All-CNN-C, and plain dense ones."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

MakeActivation = Callable[[], nn.Module]


class Block(nn.Module):
    """A residual block of two 3x3 convolutions, or of 1x1, 3x3 and 1x1 with a fourth of the channels between.

    Args:
        before: whether normalisation and activation come before each convolution (He et al. 2016, version 2) or after
            (He et al. 2015, version 1, where the last activation follows the sum).
    """

    def __init__(
        self, inside: int, outside: int, stride: int, bottleneck: bool, before: bool, norm: bool, act: MakeActivation
    ) -> None:
        super().__init__()
        width = outside // 4 if bottleneck else outside
        sizes = (
            [(width, 1, 1), (width, 3, stride), (outside, 1, 1)] if bottleneck else [(width, 3, stride), (width, 3, 1)]
        )
        self.before = before
        self.convs, self.norms, self.acts = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        channels = inside
        for size, kernel, step in sizes:
            self.convs.append(convolution(channels, size, kernel, step, norm))
            self.norms.append(normalisation(channels if before else size, norm))
            self.acts.append(act())
            channels = size
        same = inside == outside and stride == 1
        self.shortcut = nn.Identity() if same else convolution(inside, outside, 1, stride, norm)
        self.shortcut_norm = nn.Identity() if same or before else normalisation(outside, norm)

    def forward(self, x: Tensor) -> Tensor:
        return self._version_2(x) if self.before else self._version_1(x)

    def _version_1(self, x: Tensor) -> Tensor:
        y = x
        for conv, norm, act in zip(self.convs[:-1], self.norms[:-1], self.acts[:-1], strict=True):
            y = act(norm(conv(y)))
        y = self.norms[-1](self.convs[-1](y))
        return self.acts[-1](y + self.shortcut_norm(self.shortcut(x)))

    def _version_2(self, x: Tensor) -> Tensor:
        y = self.acts[0](self.norms[0](x))
        # Where sizes change, the shortcut starts after the first activation.
        kept = x if isinstance(self.shortcut, nn.Identity) else self.shortcut(y)
        y = self.convs[0](y)
        for conv, norm, act in zip(self.convs[1:], self.norms[1:], self.acts[1:], strict=True):
            y = conv(act(norm(y)))
        return y + kept


class ResNet(nn.Module):
    """The residual networks for images of 32x32, such as 56 layers of version 1 and 164 of version 2.

    Args:
        depth: layers with weights: 6n + 2, or 9n + 2 with bottlenecks.
        version: 1 or 2; see `Block`.
        bottleneck: blocks of three convolutions.
        norm: batch normalisation; without it convolutions have biases.
    """

    def __init__(
        self,
        depth: int,
        *,
        version: int = 2,
        bottleneck: bool = False,
        norm: bool = True,
        act: MakeActivation = nn.ReLU,
        classes: int = 10,
    ) -> None:
        super().__init__()
        blocks, rest = divmod(depth - 2, 9 if bottleneck else 6)
        assert rest == 0, depth
        before = version == 2
        self.stem = nn.Sequential(convolution(3, 16, 3, 1, norm))
        if not before:
            self.stem.extend([normalisation(16, norm), act()])
        self.blocks = nn.ModuleList()
        channels = 16
        for stage, width in enumerate((16, 32, 64)):
            outside = 4 * width if bottleneck else width
            for number in range(blocks):
                stride = 2 if stage and number == 0 else 1
                self.blocks.append(Block(channels, outside, stride, bottleneck, before, norm, act))
                channels = outside
        self.last = nn.Sequential(normalisation(channels, norm), act()) if before else nn.Sequential()
        self.head = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        result: Tensor = self.head(self.last(x).mean((2, 3)))
        return result


def convolution(inside: int, outside: int, kernel: int, stride: int, norm: bool) -> nn.Conv2d:
    return nn.Conv2d(inside, outside, kernel, stride, padding=kernel // 2, bias=not norm)


def normalisation(channels: int, norm: bool) -> nn.Module:
    return nn.BatchNorm2d(channels) if norm else nn.Identity()


def all_cnn_c(act: MakeActivation = nn.ReLU, dropout: float = 0.0, classes: int = 10) -> nn.Sequential:
    """All-CNN-C for images of 32x32 (Springenberg et al. 2015; dropout after convolutions with strides)."""
    layers: list[nn.Module] = []
    channels = 3
    sizes = [(96, 3, 1), (96, 3, 1), (96, 3, 2), (192, 3, 1), (192, 3, 1), (192, 3, 2), (192, 3, 1), (192, 1, 1)]
    for size, kernel, stride in [*sizes, (classes, 1, 1)]:
        layers += [nn.Conv2d(channels, size, kernel, stride, padding=kernel // 2), act()]
        if dropout and stride == 2:
            layers.append(nn.Dropout(dropout))
        channels = size
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def plain(act: MakeActivation, depth: int = 20, width: int = 64, inside: int = 64, classes: int = 10) -> nn.Sequential:
    """`depth` dense layers, an activation between each two."""
    layers: list[nn.Module] = []
    for number in range(depth - 1):
        layers += [nn.Linear(width if number else inside, width), act()]
    return nn.Sequential(*layers, nn.Linear(width, classes))
