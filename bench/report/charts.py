"""Charts as SVG, to be read on a light and on a dark page: horizontal bars, with labels on the left."""
from html import escape

WIDTH = 880
MARGIN = 24
STYLE = """
  .card { fill: #ffffff; stroke: #d8dee6 }
  text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; font-size: 13px; fill: #1f2933 }
  .title { font-size: 17px; font-weight: 600 }
  .soft { fill: #66727f }
  .small { font-size: 11.5px }
  .strong { font-weight: 600 }
  .ours { fill: #2563c9 }
  .more { fill: #8fb4ec }
  .theirs { fill: #b6bfca }
  .axis { stroke: #e3e8ee }
  .equal { stroke: #66727f; stroke-dasharray: 3 3 }
  .goal { stroke: #1f2933; stroke-width: 2 }
  .good { fill: #1a7f37 }
  .bad { fill: #c5221f }
  @media (prefers-color-scheme: dark) {
    .card { fill: #14191f; stroke: #303943 }
    text { fill: #e4e9ef }
    .soft { fill: #98a4b1 }
    .ours { fill: #5b9bf5 }
    .more { fill: #35598f }
    .theirs { fill: #566270 }
    .axis { stroke: #262e37 }
    .equal { stroke: #98a4b1 }
    .goal { stroke: #e4e9ef }
    .good { fill: #4cc26a }
    .bad { fill: #ff7b72 }
  }"""


def width_of(text, size=13.0):
    """About so many pixels; there is no font to ask."""
    wide, narrow = 'mwMWABCDEFGHKNOQRSUVXYZ%', "iljtfrI.,:;' ()|[]"
    return sum((0.84 if c in wide else 0.36 if c in narrow else 0.625) for c in text) * size


def wrap(text, limit, size):
    """The words in lines that are not wider than the limit."""
    lines = ['']
    for word in text.split(' '):
        longer = (lines[-1] + ' ' + word).strip()
        if lines[-1] and width_of(longer, size) > limit:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def seconds_text(seconds):
    if seconds < 1:
        return f'{seconds * 1000:.0f} ms'
    return f'{seconds:.1f} s' if seconds < 100 else f'{seconds:,.0f} s'


def ratio_text(ratio):
    return f'{ratio:.3f}' if ratio < 0.1 else f'{ratio:.2f}'


class Drawing:
    """Elements one below the other."""

    def __init__(self, title, subtitle):
        self.title = title
        self.elements = []
        self.y = MARGIN + 14
        self.text(MARGIN, title, 'title')
        for line in wrap(subtitle, WIDTH - 2 * MARGIN, 13):
            self.y += 20
            self.text(MARGIN, line, 'soft')
        self.y += 18

    def text(self, x, text, classes='', anchor='start', y=None):
        self.elements.append(f'<text x="{x:.1f}" y="{y or self.y:.1f}" class="{classes}" text-anchor="{anchor}">{escape(text)}</text>')

    def bar(self, x, width, height, classes, y=None):
        self.elements.append(f'<rect x="{x:.1f}" y="{self.y if y is None else y:.1f}" width="{max(width, 1.5):.1f}" height="{height}" rx="2" class="{classes}"/>')

    def line(self, x, top, bottom, classes):
        self.elements.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top:.1f}" y2="{bottom:.1f}" class="{classes}"/>')

    def finish(self, footer):
        self.y += 8
        for line in wrap(footer, WIDTH - 2 * MARGIN, 11.5):
            self.y += 16
            self.text(MARGIN, line, 'soft small')
        height = self.y + MARGIN - 6
        return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" viewBox="0 0 {WIDTH} {height:.0f}" role="img">\n'
                f'<title>{escape(self.title)}</title>\n<style>{STYLE}\n</style>\n'
                f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1:.0f}" rx="8" class="card"/>\n' + '\n'.join(self.elements) + '\n</svg>\n')


def tools_chart(title, subtitle, tools, footer):
    """tools: dicts of name, seconds or None, memory_mb, state (good, bad, unknown), words about the rows, and whether any are loaded; the
    first is ours."""
    drawing = Drawing(title, subtitle)
    left = MARGIN + max(width_of(tool['name']) for tool in tools) + 18
    longest = max(tool['seconds'] for tool in tools if tool['seconds'] is not None)
    scale = (WIDTH - MARGIN - 150 - left) / longest
    for number, tool in enumerate(tools):
        middle = drawing.y + 13
        drawing.text(left - 14, tool['name'], 'strong' if number == 0 else '', 'end', middle)
        if tool['seconds'] is None:
            drawing.text(left, tool['words'], 'soft', y=middle)
            drawing.y += 36
            continue
        drawing.bar(left, tool['seconds'] * scale, 17, 'ours' if number == 0 else 'theirs')
        behind = left + max(tool['seconds'] * scale, 1.5) + 9
        time = seconds_text(tool['seconds']) if tool['loads'] else f'ends after {seconds_text(tool["seconds"])}'
        drawing.text(behind, time, 'strong' if tool['loads'] else 'soft', y=middle)
        drawing.text(behind + width_of(time) + 12, f'{tool["memory_mb"]:.0f} MB', 'soft', y=middle)
        drawing.y += 33
        drawing.text(left, '✓' if tool['state'] == 'good' else '✗', 'small strong ' + tool['state'])
        for line in wrap(tool['words'], WIDTH - MARGIN - left - 16, 11.5):
            drawing.text(left + 16, line, 'small soft')
            drawing.y += 15
        drawing.y += 6
    return drawing.finish(footer)


class RatioChart:
    """Bars of ratios on one scale, with a tick for each goal, and a column of the figures on the right."""

    def __init__(self, title, subtitle, rows, legend):
        self.drawing = Drawing(title, subtitle)
        self.left = MARGIN + max(max(width_of(row['label']), width_of(row['beside'], 11.5)) for row in rows) + 18
        self.largest = max([1.08] + [number for row in rows for bar in row['bars'] for number in bar if number])
        self.scale = (WIDTH - MARGIN - 62 - self.left) / self.largest
        self.draw_legend(legend, any(bar[1] for row in rows for bar in row['bars']))
        self.top = self.drawing.y
        behind = len(self.drawing.elements)
        before = None
        for row in rows:
            self.draw_row(row, row['label'] == before)
            before = row['label']
        self.draw_axis(behind)

    def at(self, ratio):
        return self.left + ratio * self.scale

    def draw_legend(self, legend, has_goals):
        drawing, x = self.drawing, MARGIN
        drawing.y += 5
        for name, classes in zip(legend, ('ours', 'more')):
            drawing.bar(x, 14, 12, classes, drawing.y - 10)
            drawing.text(x + 21, name, 'small')
            x += 44 + width_of(name, 11.5)
        if has_goals:
            drawing.line(x + 2, drawing.y - 12, drawing.y + 4, 'goal')
            drawing.text(x + 11, 'goal', 'small')
        drawing.y += 24
        drawing.text(self.at(1), 'as long as the other', 'small soft', 'middle')
        drawing.y += 10

    def draw_row(self, row, is_same):
        drawing = self.drawing
        if row.get('heading'):
            drawing.y += 10
            drawing.text(MARGIN, row['heading'], 'strong', y=drawing.y + 4)
            drawing.y += 14
        height = 14 if len(row['bars']) == 1 else 10
        lines = ([] if is_same else [(row['label'], '')]) + ([(row['beside'], 'small soft')] if row['beside'] else [])
        used = len(row['bars']) * (height + 3) - 3
        total = max(used, 16 * len(lines) - 2)
        for number, (text, classes) in enumerate(lines):
            drawing.text(self.left - 14, text, classes, 'end', drawing.y + (total - 16 * len(lines)) / 2 + 16 * number + 12)
        top = drawing.y + (total - used) / 2
        for (ratio, goal), classes in zip(row['bars'], ('ours', 'more')):
            drawing.bar(self.left, ratio * self.scale, height, classes, top)
            if goal:
                drawing.line(self.at(goal), top - 2, top + height + 2, 'goal')
            missed = goal and ratio > goal
            drawing.text(WIDTH - MARGIN, ratio_text(ratio), 'small strong' + (' bad' if missed else ''), 'end', top + height / 2 + 4)
            top += height + 3
        drawing.y += total + 9

    def draw_axis(self, behind):
        drawing, step = self.drawing, 0.25 if self.largest < 1.6 else 0.5
        marks = [step * number for number in range(int(self.largest / step) + 1)]
        bottom, over = drawing.y - 2, drawing.elements[behind:]
        del drawing.elements[behind:]
        for mark in marks:
            drawing.line(self.at(mark), self.top - 2, bottom, 'equal' if mark == 1 else 'axis')
        drawing.elements += over
        for mark in marks:
            drawing.text(self.at(mark), f'{mark:g}', 'small soft', 'middle', drawing.y + 12)
        drawing.y += 16


def ratio_chart(title, subtitle, rows, footer, legend):
    """rows: dicts of label, beside, and bars, a list of (ratio, goal or None), of which the second is another sort of the first; the legend
    has a name for each sort. A row with a heading begins a part."""
    return RatioChart(title, subtitle, rows, legend).drawing.finish(footer)
