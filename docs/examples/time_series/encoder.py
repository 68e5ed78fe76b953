"""A convolutional network in one dimension for rows [channels, times]."""

from torch import nn


def build(settings, channels, size):
    layers, before = [], channels
    for factor, stride in ((1, 4), (2, 2), (4, 2), (8, 2)):
        after = factor * settings.width
        conv = nn.Conv1d(before, after, 2 * stride + 1, stride, padding=stride, bias=False)
        layers += [conv, nn.BatchNorm1d(after), nn.ReLU()]
        before = after
    return nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten())
