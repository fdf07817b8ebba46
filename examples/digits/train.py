"""Trains the digits network in PyTorch and exports digits.onnx: run once, the result is shipped.

    pip install torch scikit-learn onnx
    python examples/digits/train.py

Data: the 1,797 handwritten digits (8x8, values 0 to 16) bundled with scikit-learn, split as in
`data.py`.  Seeded; about a minute on two cores.
"""

from __future__ import annotations

from pathlib import Path

import torch
from data import load_digits_split
from torch import nn


def network() -> nn.Sequential:
    """A small depthwise-separable network with batch normalization: 10 classes from [n, 1, 8, 8]."""

    def block(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
        return [
            nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False),
            nn.BatchNorm2d(inputs),
            nn.ReLU(),
            nn.Conv2d(inputs, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        ]

    return nn.Sequential(
        nn.Conv2d(1, 16, 3, 1, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        *block(16, 32, 2),
        *block(32, 32, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 10),
        nn.Softmax(dim=1),
    )


def main() -> None:
    """Train, print the accuracy on the held-out digits, write digits.onnx."""
    torch.manual_seed(7)
    train_x, train_y, test_x, test_y = (torch.from_numpy(a) for a in load_digits_split())
    # data.py gives images last-channel, as smelt takes them; PyTorch wants channels first
    train_x, test_x = train_x.permute(0, 3, 1, 2), test_x.permute(0, 3, 1, 2)
    model = network()
    logits = model[:-1]
    epochs, batch = 60, 64
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        model.train()
        for index in torch.randperm(len(train_x)).split(batch):
            images = train_x[index]
            shift = torch.randint(-1, 2, (2,))
            images = torch.roll(images, (int(shift[0]), int(shift[1])), (2, 3))
            loss = nn.functional.cross_entropy(logits(images), train_y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
    model.eval()
    with torch.no_grad():
        correct = int((model(test_x).argmax(1) == test_y).sum())
    print(f"held-out accuracy: {correct}/{len(test_y)} = {correct / len(test_y):.2%}")
    torch.onnx.export(
        model,
        (test_x[:1],),
        str(Path(__file__).with_name("digits.onnx")),
        input_names=["image"],
        output_names=["probabilities"],
        dynamo=False,
        opset_version=17,
    )


if __name__ == "__main__":
    main()
