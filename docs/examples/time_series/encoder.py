"""A convolutional network in one dimension for rows [channels, times]."""

from torch import nn


def build(settings, channels, size):
    layers, before = [], channels
    for factor in (1, 2, 4, 8):
        after = factor * settings.width
        layers += [nn.Conv1d(before, after, 7, stride=2, padding=3, bias=False), nn.BatchNorm1d(after), nn.ReLU()]
        before = after
    return nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten())
