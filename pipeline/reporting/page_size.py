"""Size of figures on a page."""

WIDTH = 7.2  # inches of the widest figure: a page between its margins, where letters have their own size
DPI = 160
