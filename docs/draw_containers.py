"""Draw the pictures of containers in the guide: SVG files in docs/_static.

Each sample has a colour, time goes from left to right, and the features of a time step are below
each other. Lines and text have the colour of the page's text, so that they are legible in both
themes. Run this script after changing it: a test compares the files with what it draws.
"""

from itertools import accumulate, pairwise
from pathlib import Path

FOLDER = Path(__file__).parent / "_static"
COLOURS = ("#4a90d9", "#e08a2e", "#3fa45b")
SIZE = 22  # of a cell
LEFT, TOP = 84, 30  # of the first cell
LENGTHS = (3, 5, 2)  # time steps of the three samples
STARTS = [0, *accumulate(LENGTHS)]


def cell(x, y, sample, label="", width=SIZE, height=SIZE):
    """Draw a value of a sample; None for padding."""
    look = 'fill="none" stroke-dasharray="2 2"'
    if sample is not None:
        look = f'fill="{COLOURS[sample]}" fill-opacity=".5"'
    box = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" {look}/>'
    return box if label == "" else box + write(x + width / 2, y + height / 2 + 4, label, "middle")


def grid(x, y, sample, n_timesteps, n_features=1, labels=None, size=SIZE):
    """Draw a sequence; ``labels`` are those of its time steps."""
    labels = labels or [""] * n_timesteps
    return "".join(
        cell(x + step * size, y + feature * size, sample, label, size, size)
        for feature in range(n_features)
        for step, label in enumerate(labels)
    )


def write(x, y, text, anchor="start"):
    """Write text, with its baseline at y."""
    look = f'text-anchor="{anchor}" fill="currentColor" stroke="none"'
    return f'<text x="{x:g}" y="{y:g}" {look}>{text}</text>'


def arrow(x, y, dx, dy):
    """Draw an arrow from (x, y)."""
    length = (dx * dx + dy * dy) ** 0.5
    ux, uy = 4 * dx / length, 4 * dy / length
    barbs = ((-ux - uy, -uy + ux), (-ux + uy, -uy - ux))
    head = "".join(f"M{x + dx:g} {y + dy:g}l{a:.1f} {b:.1f}" for a, b in barbs)
    return f'<path d="M{x:g} {y:g}l{dx:g} {dy:g}{head}"/>'


def time_axis(x=LEFT, y=TOP):
    """Name the horizontal axis, above its cells."""
    return write(x, y - 10, "time steps") + arrow(x + 70, y - 14, 24, 0)


def down_axis(x, y, n_cells, text):
    """Name the vertical axis, to the left of its cells."""
    middle, height = y + n_cells * SIZE / 2 + 4, n_cells * SIZE - 8
    return write(x - 18, middle, text, "end") + arrow(x - 10, y + 4, 0, height)


def side(y, text):
    """Name a row of cells, to the left of it."""
    return write(LEFT - 10, y + SIZE / 2 + 4, text, "end")


def below_each_other(x, y, n_features=1):
    """Draw the three sequences of different lengths."""
    height = n_features * SIZE + 8
    return "".join(grid(x, y + i * height, i, n, n_features) for i, n in enumerate(LENGTHS))


def end_to_end(y, n_features=1):
    """Draw the three sequences after each other, in one array."""
    return "".join(
        grid(LEFT + start * SIZE, y, i, n, n_features)
        for i, (start, n) in enumerate(zip(STARTS[:-1], LENGTHS, strict=True))
    )


def offsets(y):
    """Draw the positions in a concatenated array at which sequences start and end."""
    return side(y + 6, "offsets") + "".join(
        f'<path d="M{LEFT + start * SIZE} {y - 2}v10"/>'
        + write(LEFT + start * SIZE, y + 21, start, "middle")
        for start in STARTS
    )


def table():
    """Draw a 2-D array."""
    rows = "".join(grid(LEFT, TOP + i * SIZE, i, 5) for i in range(3))
    title = "A table: rows are samples, columns are time steps"
    return 104, title, time_axis() + down_axis(LEFT, TOP, 3, "samples") + rows


def array_3d():
    """Draw a 3-D array, as sheets behind each other."""
    parts = [time_axis(), down_axis(LEFT, TOP, 3, "features")]
    parts += [write(LEFT - 10, TOP + 106, "samples", "end"), arrow(LEFT, TOP + 78, 34, 34)]
    for i in (2, 1, 0):
        x, y = LEFT + 24 * i, TOP + 24 * i
        box = f'x="{x}" y="{y}" width="{5 * SIZE}" height="{3 * SIZE}"'
        parts.append(f'<rect {box} fill="var(--pst-color-background, white)"/>')
        parts.append(grid(x, y, i, 5, 3))
    title = "A 3-D array: one sheet per sample, whose columns are time steps and rows are features"
    return 154, title, "".join(parts)


def videos():
    """Draw videos of different lengths, and the sequences that they become."""
    parts = [time_axis(8), time_axis(244), arrow(190, TOP + 50, 44, 0)]
    parts += [write(212, TOP + 42, "flatten", "middle"), write(284, TOP + 36, "9 features")]
    for i, n_frames in enumerate((4, 3)):
        y = TOP + i * 72
        parts += [grid(8 + 44 * j, y + 12, i, 3, 3, size=12) for j in range(n_frames)]
        parts.append(grid(244, y, i, n_frames, 9, size=7))
    title = "Videos: each frame of 3 by 3 pixels becomes a time step of 9 features"
    return 172, title, "".join(parts)


def padded():
    """Draw a padded array, and what is read."""
    parts = [time_axis(), down_axis(LEFT, TOP, 3, "samples"), arrow(204, TOP + 33, 22, 0)]
    for i, n in enumerate(LENGTHS):
        y = TOP + i * SIZE
        parts += [grid(LEFT, y, i, n), grid(236, y, i, n)]
        parts += [cell(LEFT + step * SIZE, y, None, 0) for step in range(n, max(LENGTHS))]
    title = "A padded array: time steps that equal padding_value are dropped"
    return 104, title, "".join(parts)


def packed():
    """Draw a PackedSequence, and the sequences that it becomes."""
    parts, x = [side(TOP, "data"), side(TOP + SIZE, "batch_sizes")], LEFT
    by_length = sorted(range(len(LENGTHS)), key=lambda i: -LENGTHS[i])
    for step in range(max(LENGTHS)):
        batch = [i for i in by_length if LENGTHS[i] > step]
        parts += [cell(x + SIZE * j, TOP, i) for j, i in enumerate(batch)]
        parts.append(write(x + SIZE * len(batch) / 2, TOP + 38, len(batch), "middle"))
        x += SIZE * len(batch) + 6
    parts += [arrow(LEFT + 55, TOP + 50, 0, 24), write(LEFT + 66, TOP + 66, "unpack")]
    parts.append(below_each_other(LEFT, TOP + 84))
    title = "A PackedSequence: batches of one time step each, unpacked into sequences"
    return 206, title, "".join(parts)


def panel():
    """Draw a Panel."""
    parts = [write(LEFT - 10, TOP - 10, "index", "end")]
    for name, (start, stop) in zip("abc", pairwise(STARTS), strict=True):
        parts.append(write(LEFT + SIZE * (start + stop) / 2, TOP - 10, f'"{name}"', "middle"))
    parts += [side(TOP + SIZE / 2, "values"), end_to_end(TOP, 2), side(TOP + 47, "times")]
    for i, hour in enumerate((9, 10, 11, 7, 8, 9, 10, 11, 8, 9)):
        parts.append(write(LEFT + SIZE * (i + 0.5), TOP + 62, hour, "middle"))
    title = "A Panel: values of all samples in one array, with ids, times and offsets"
    return 126, title, "".join([*parts, offsets(TOP + 70)])


def columnar():
    """Draw an array of lists."""
    title = "An array of lists: all values in one array, and the offsets of the samples"
    return 84, title, side(TOP, "values") + end_to_end(TOP) + offsets(TOP + SIZE + 2)


def ragged():
    """Draw a list of arrays of different lengths."""
    parts = [side(TOP + 52 * i + SIZE / 2, f"X[{i}]") for i in range(len(LENGTHS))]
    parts += [arrow(LEFT + 128, TOP + 56, 0, 36), write(LEFT + 136, TOP + 78, "features")]
    title = "A list of arrays: each sample has as many time steps as it needs"
    return 182, title, "".join([time_axis(), *parts, below_each_other(LEFT, TOP, 2)])


def cells():
    """Draw a DataFrame whose cells hold sequences."""
    parts = [f'<path d="M{LEFT - 60} {TOP - 2}H332M{LEFT} 6V{TOP + 86}"/>']
    parts += [side(TOP + 4 + i * 28, f"row {i}") for i in range(len(LENGTHS))]
    for x, name in ((LEFT + 14, "heat"), (LEFT + 134, "noise")):
        parts.append(write(x, TOP - 10, name))
        parts += [grid(x, TOP + 6 + i * 28, i, n, size=18) for i, n in enumerate(LENGTHS)]
    title = "A DataFrame: a row per sample, a column per feature, a sequence in each cell"
    return 120, title, "".join(parts)


def tokens():
    """Draw lists of token ids, and their embeddings."""
    parts = [time_axis(), arrow(218, TOP + 64, 24, 0), write(252, TOP - 10, "embeddings")]
    for i, ids in enumerate(([3, 1, 2], [0, 2, 2, 1, 3], [3, 2])):
        y = TOP + i * 46
        parts += [side(y + 7, f"X[{i}]"), grid(LEFT, y + 7, i, len(ids), labels=ids)]
        parts.append(grid(252, y, i, len(ids), 4, size=9))
    title = "Token ids: one per time step, each with a vector of numbers"
    return 164, title, "".join(parts)


def text():
    """Draw strings, their words and the ids of these."""
    parts = [write(8, TOP - 10, "X"), write(124, TOP - 10, "words"), write(286, TOP - 10, "ids")]
    strings = {
        "one bad film": {"one": 5, "bad": 2, "film": 3},
        "A good film.": {"good": 4, "film": 3},
        "so good!": {"so": 7, "good": 4},
    }
    for i, (string, words) in enumerate(strings.items()):
        x, y = 124, TOP + i * 30
        parts.append(write(8, y + 15, f'"{string}"'))
        for word in words:
            width = 12 + 7 * len(word)
            parts.append(cell(x, y, i, word, width))
            x += width
        parts.append(arrow(266, y + 11, 12, 0))
        parts.append(grid(286, y, i, len(words), labels=list(words.values())))
    title = "Text: strings are split into words, and each word has an id"
    return 120, title, "".join(parts)


def frame():
    """Draw a long DataFrame, and the Panel that from_frame makes of it."""
    rows = [(1, 2, 5.1), (0, 0, 4.8), (1, 0, 5.6), (2, 1, 3.9)]
    rows += [(0, 1, 4.7), (1, 1, 5.2), (2, 0, 4.4)]  # id, time, value
    columns = ((8, 40, "pump"), (48, 40, "hour"), (88, 60, "pressure"))
    parts = [write(x + width / 2, TOP - 8, name, "middle") for x, width, name in columns]
    for j, (i, *numbers) in enumerate(rows):
        for (x, width, _), value in zip(columns, (f"p0{i}", *numbers), strict=True):
            parts.append(cell(x, TOP + j * 20, i, value, width, 20))
    parts += [arrow(162, TOP + 70, 36, 0), write(180, TOP + 60, "by id,", "middle")]
    parts += [write(180, TOP + 90, "by time", "middle"), time_axis(246, TOP + 22)]
    for i in range(3):
        y = TOP + 25 + i * 32
        values = [value for sample, _, value in sorted(rows) if sample == i]
        parts.append(write(238, y + 15, f"p0{i}", "end"))
        parts += [cell(246 + 30 * j, y, i, value, 30) for j, value in enumerate(values)]
    title = "Rows of a long DataFrame are grouped by id and sorted by time"
    return 178, title, "".join(parts)


def draw() -> dict[str, str]:
    """Return the files, by name."""
    arrays = (table, array_3d, videos, padded, packed, panel, columnar)
    files = {}
    for drawing in (*arrays, ragged, cells, tokens, text, frame):
        height, title, content = drawing()
        files[f"data_{drawing.__name__}.svg"] = (
            '<svg class="drawing" xmlns="http://www.w3.org/2000/svg" '
            f'viewBox="0 0 360 {height}" role="img" font-family="sans-serif" font-size="12" '
            'fill="none" stroke="currentColor">\n'
            f"<title>{title}</title>\n" + content.replace("><", ">\n<") + "\n</svg>\n"
        )
    return files


if __name__ == "__main__":
    for name, content in draw().items():
        (FOLDER / name).write_text(content, encoding="utf-8")
