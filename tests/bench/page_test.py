"""What bench/report makes of measurements, beside figures that were worked out by hand."""
import csv
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

REPORT = Path(__file__).resolve().parents[2] / 'bench' / 'report'
sys.path.insert(0, str(REPORT))
import charts  # noqa: E402
import page  # noqa: E402
import summary  # noqa: E402

SVG = '{http://www.w3.org/2000/svg}'
FACTS = {'Date': '2030-01-02', 'Machine': 'abacus', 'System': 'paper', 'PostgreSQL': '15', 'pg_ferry': '1.0', 'Other tools': '', 'Rounds': '1 to 3', 'Rows': '10 instead of each million'}


def measured(comparison, variant, seconds, processor=(), memory=()):
    return [{'comparison': comparison, 'variant': variant, 'round': str(number + 1), 'seconds': str(second),
             'processor_seconds': str(processor[number]) if processor else '', 'peak_memory_mb': str(memory[number]) if memory else '1.0'}
            for number, second in enumerate(seconds)]


def compared(comparison, rule, ours, goal, others, factor=1):
    return dict(zip(summary.COMPARISONS, (comparison, 'title of ' + comparison, rule, ours, goal, str(factor), others)))


def outcome(good, bad, loaded_good, loaded_bad, named_bad, named_good, kinds='CHECK'):
    return dict(zip(summary.OUTCOMES, ('tools.job', 'tool', '0', *map(str, (good, bad, loaded_good, loaded_bad, named_bad, named_good)), kinds)))


class Summary(unittest.TestCase):
    def summarize(self, measurements, *comparisons):
        return summary.summarize(measurements, comparisons)

    def test_ratio_is_that_of_the_medians(self):
        rows = measured('load.a', 'ours', (1.0, 3.0, 2.0), (2, 1, 9)) + measured('load.a', 'other', (4.0, 8.0, 6.0, 10.0), (5, 3, 4, 100))
        row, = self.summarize(rows, compared('load.a', 'fastest', 'ours', '0.30', 'other'))
        self.assertEqual((row['ours_seconds'], row['against_seconds'], row['rounds']), ('2.000000', '7.000000', '3'))
        self.assertEqual((row['ratio'], row['processor_ratio']), ('0.2857', '0.4444'))  # 2 / 7, and 2 / 4.5
        self.assertEqual(row['verdict'], 'met')

    def test_goal_is_missed_beyond_it_and_met_at_it(self):
        rows = measured('load.a', 'ours', (1.0,)) + measured('load.a', 'other', (4.0,))
        at, beyond, none = self.summarize(rows, compared('load.a', 'fastest', 'ours', '0.25', 'other'),
                                          compared('load.a', 'fastest', 'ours', '0.24', 'other'), compared('load.a', 'fastest', 'ours', '', 'other'))
        self.assertEqual((at['verdict'], beyond['verdict'], none['verdict']), ('met', 'missed', ''))

    def test_fastest_and_slowest_of_several(self):
        rows = measured('s', 'ours', (3.0,)) + measured('s', 'slow', (1, 9, 5)) + measured('s', 'quick', (8, 2, 4))
        fastest, slowest = self.summarize(rows, compared('s', 'fastest', 'ours', '', 'slow|quick'), compared('s', 'slowest', 'ours', '', 'slow|quick'))
        self.assertEqual((fastest['against'], fastest['ratio']), ('quick', '0.7500'))
        self.assertEqual((slowest['against'], slowest['ratio']), ('slow', '0.6000'))

    def test_growth_is_that_of_a_row(self):
        rows = measured('growth.a', 'large', (240.0,)) + measured('growth.a', 'small', (2.0,))
        row, = self.summarize(rows, compared('growth.a', 'fastest', 'large', '1.3', 'small', 100))
        self.assertEqual((row['ratio'], row['verdict']), ('1.2000', 'met'))

    def test_memory_is_the_most_of_all_rounds(self):
        rows = measured('growth.a', 'ours', (1.0, 1.0, 1.0), memory=(3.0, 16.5, 2.0))
        row, = self.summarize(rows, compared('growth.a', 'memory', 'ours', '16', ''))
        self.assertEqual((row['peak_memory_mb'], row['verdict'], row['ratio']), ('16.5', 'missed', ''))

    def test_what_was_not_measured_is_left_out(self):
        rows = measured('a', 'ours', (1.0,))
        self.assertEqual(self.summarize(rows, compared('a', 'fastest', 'ours', '', 'other'), compared('b', 'fastest', 'ours', '', 'other')), [])


class Rows(unittest.TestCase):
    def test_all_right(self):
        self.assertEqual(summary.became_of_rows(outcome(990, 10, 990, 0, 10, 0)), ('good', 'all 990 good rows are loaded, each bad row is reported by its line'))

    def test_stopped(self):
        self.assertEqual(summary.became_of_rows(outcome(990, 10, 0, 0, 1, 0)), ('bad', 'nothing is loaded, the first bad row ends it'))

    def test_lost(self):
        state, words = summary.became_of_rows(outcome(9900, 100, 900, 0, 3, 2))
        self.assertEqual(state, 'bad')
        self.assertEqual(words, '9,000 of 9,900 good rows are lost, 3 of 100 bad rows are reported by their line, 2 of the lines that it names are of good rows')

    def test_loaded_wrongly(self):
        state, words = summary.became_of_rows(outcome(990, 10, 990, 2, 0, 0))
        self.assertEqual((state, words), ('bad', 'all 990 good rows are loaded, so are 2 bad ones (CHECK), no bad row is reported by its line'))

    def test_a_line_of_a_good_row_is_a_fault(self):
        self.assertEqual(summary.became_of_rows(outcome(990, 10, 990, 0, 10, 1))[0], 'bad')

    def test_not_tried(self):
        self.assertEqual(summary.became_of_rows({'good': '', 'status': 'needs PostgreSQL 17'}), ('unknown', 'needs PostgreSQL 17'))


class Charts(unittest.TestCase):
    def bars(self, svg, classes):
        return [float(rect.get('width')) for rect in ElementTree.fromstring(svg).iter(SVG + 'rect') if rect.get('class') == classes and float(rect.get('x')) > charts.MARGIN]

    def test_bars_are_as_long_as_the_ratios(self):
        rows = [{'label': 'half <&>', 'beside': 'x', 'bars': [(0.5, 0.6)]}, {'label': 'twice', 'beside': '', 'bars': [(2.0, None)]}]
        half, twice = self.bars(charts.ratio_chart('t', 's', rows, 'f', ('a',)), 'ours')
        self.assertAlmostEqual(twice / half, 4, delta=0.01)

    def test_bars_are_as_long_as_the_times(self):
        tools = [{'name': name, 'seconds': seconds, 'memory_mb': 1, 'state': 'good', 'words': 'w', 'loads': True} for name, seconds in (('ours', 2.0), ('b', 8.0), ('c', None))]
        svg = charts.tools_chart('t', 's', tools, 'f')
        self.assertAlmostEqual(self.bars(svg, 'theirs')[0] / self.bars(svg, 'ours')[0], 4, delta=0.01)
        self.assertEqual(len(self.bars(svg, 'theirs')), 1)

    def test_text_stays_on_the_card(self):
        words = 'many words that must be wrapped since they are too long for a line ' * 4
        svg = charts.tools_chart('t', words, [{'name': 'n', 'seconds': 1.0, 'memory_mb': 1, 'state': 'bad', 'words': words, 'loads': True}], words)
        for text in ElementTree.fromstring(svg).iter(SVG + 'text'):
            self.assertLess(float(text.get('x')) + charts.width_of(text.text, 11.5), charts.WIDTH)


class WholePage(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.page = self.folder / 'performance.md'
        self.page.write_text(f'# Before\n\n{page.BEGIN}\nold\n{page.END}\n\nAfter.\n', encoding='utf-8')

    def run_page(self, measurements, comparisons, facts=None):
        work = self.folder / 'work'
        work.mkdir(exist_ok=True)
        for name, columns, rows in (('measurements', summary.MEASUREMENTS, measurements), ('comparisons', summary.COMPARISONS, comparisons),
                                    ('facts', summary.FACTS, [{'name': name, 'value': value} for name, value in (FACTS | (facts or {})).items()])):
            with (work / f'{name}.csv').open('w', encoding='utf-8', newline='') as file:
                csv.DictWriter(file, columns, quoting=csv.QUOTE_ALL).writerows(rows)
        return subprocess.run([sys.executable, '-B', str(REPORT / 'page.py'), str(work), str(self.page)], check=True, capture_output=True, text=True).stdout

    def load(self, name, seconds, **more):
        return self.run_page(measured(f'load.{name}', 'load_csv', (seconds,)) + measured(f'load.{name}', 'COPY', (10.0,)),
                             [compared(f'load.{name}', 'fastest', 'load_csv', '0.10', 'COPY')], **more)

    def ratios(self):
        with (self.folder / 'performance' / 'summary.csv').open(encoding='utf-8', newline='') as file:
            return {row['comparison']: row['ratio'] for row in csv.DictReader(file)}

    def test_writes_the_part_between_the_markers(self):
        said = self.load('a', 0.5)
        text = self.page.read_text(encoding='utf-8')
        self.assertTrue(text.startswith('# Before\n') and text.endswith('After.\n'))
        self.assertNotIn('old', text)
        self.assertIn('| title of load.a | load_csv: 500 ms | COPY: 10.0 s | 0.050 | 0.10 | met | 1 |', text)
        self.assertIn('load.a: load_csv / COPY = 0.0500, goal 0.10: met', said)
        for chart in re.findall(r'\]\((.*?\.svg)\)', text):
            ElementTree.parse(self.folder / chart)

    def test_other_comparisons_stay(self):
        self.load('a', 0.5)
        self.load('b', 3.0)
        self.load('a', 1.0)
        self.assertEqual(self.ratios(), {'load.a': '0.1000', 'load.b': '0.3000'})

    def test_those_of_another_machine_go(self):
        self.load('a', 0.5)
        self.load('b', 3.0, facts={'Date': '2030-01-03'})
        self.load('c', 3.0, facts={'Machine': 'another'})
        self.assertEqual(self.ratios(), {'load.c': '0.3000'})

    def test_refuses_a_page_without_markers(self):
        self.page.write_text('# Nothing\n', encoding='utf-8')
        with self.assertRaises(subprocess.CalledProcessError):
            self.load('a', 0.5)
        self.assertEqual(self.page.read_text(encoding='utf-8'), '# Nothing\n')


if __name__ == '__main__':
    unittest.main()
