"""The mean of the embeddings of a passage's words, for rows of their numbers; 0 is no word."""

from torch import nn

WORDS = 2000


class MeanOfWords(nn.Module):
    def __init__(self, columns):
        super().__init__()
        self.embedding = nn.Embedding(WORDS + 1, columns, padding_idx=0)
        self.layer = nn.Sequential(nn.BatchNorm1d(columns), nn.ReLU(), nn.Linear(columns, columns), nn.ReLU())

    def forward(self, rows):
        words = rows.long()
        count = (words > 0).sum(1, keepdim=True).clamp_min(1)
        return self.layer(self.embedding(words).sum(1) / count)


def build(settings, channels, size):
    return MeanOfWords(settings.width)
