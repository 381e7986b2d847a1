"""Makes the page of what bench/run measured. Usage: page.py MEASURED PAGE

MEASURED is a folder with measurements.csv, comparisons.csv, outcomes.csv and facts.csv, without headers. PAGE is the page, the part of
which between its two markers is written anew, and beside it a folder of its name without .md: charts, and CSV files with headers. What
those have of comparisons that were not measured now stays, if it is of the same machine, versions, settings, rows and rounds.
"""
import csv
import sys
from pathlib import Path

import charts
import summary

BEGIN, END = '<!-- measured: written by bench/run -->', '<!-- end of what was measured -->'
GROUPS = {
    'load': ('Loading a CSV file', 'load_csv of a file of which one row in a hundred is bad, beside COPY of the good rows alone.'),
    'kinds': ('Kinds of tables', 'load_csv into a table with a primary key and two foreign keys, beside COPY of the good rows alone.'),
    'avro': ('Avro files and backups', 'Exports, imports, backups and restores beside what else there is.'),
    'batch': ('Batches of an application', 'Time of insert_rows for a million rows, beside the best of jsonb_to_recordset, VALUES and unnest.'),
    'other': ('Reports and stores', 'A report beside the bare aggregation of its rows; a store of objects beside the slower of transfer and file.'),
}
GROUP_OF = {'kinds10': 'kinds', 'export': 'avro', 'import': 'avro', 'backup': 'avro', 'reports': 'other', 'stores': 'other'}
PARTS = {'export': 'Export', 'import': 'Import', 'backup': 'Backup', 'reports': 'Reports', 'stores': 'Stores'}
CHANGING_FACTS = ('Date', 'Other tools')


def part_of(row):
    return row['comparison'].partition('.')[0]


def read(path, columns=None):
    if not path.exists():
        return []
    with path.open(encoding='utf-8', newline='') as file:
        return list(csv.DictReader(file, columns, restval=''))


def write(path, columns, rows):
    with path.open('w', encoding='utf-8', newline='') as file:
        writer = csv.DictWriter(file, columns, lineterminator='\n', restval='')
        writer.writeheader()
        writer.writerows(rows)


def merged(old, new, now):
    """The new rows in the place of the old ones of their comparison; comparisons that are new come last. now: what was to be measured,
    of which nothing old is left."""
    by_comparison = {}
    for row in old:
        by_comparison.setdefault(row['comparison'], [])
        if row['comparison'] not in now:
            by_comparison[row['comparison']].append(row)
    by_comparison |= {name: [row for row in new if row['comparison'] == name] for name in dict.fromkeys(row['comparison'] for row in new)}
    return [row for rows in by_comparison.values() for row in rows]


def table(header, rows):
    lines = ['| ' + ' | '.join(header) + ' |', '|' + ' --- |' * len(header)]
    return '\n'.join(lines + ['| ' + ' | '.join(cell.replace('|', '\\|') for cell in row) + ' |' for row in rows])


def ratio_rows(rows):
    for row in rows:
        ratio, processor = charts.ratio_text(float(row['ratio'])), row['processor_ratio']
        yield (row['title'], f'{row["ours"]}: {charts.seconds_text(float(row["ours_seconds"]))}',
               f'{row["against"]}: {charts.seconds_text(float(row["against_seconds"]))}',
               ratio + (f' [{charts.ratio_text(float(processor))}]' if processor else ''), row['goal'] and charts.ratio_text(float(row['goal'])),
               row['verdict'], row['rounds'])


class Page:
    def __init__(self, folder, rows, outcomes, measurements, facts):
        self.folder = folder
        self.rows = rows
        self.outcomes = outcomes
        self.variants = summary.Variants(measurements)
        self.facts = {fact['name']: fact['value'] for fact in facts}
        self.charts = {}
        self.parts = []

    def footer(self):
        named = ('Date', 'Machine', 'System', 'PostgreSQL', 'pg_ferry')
        words = [fact if name in named[:3] else f'{name} {fact}' for name, fact in ((name, self.facts[name]) for name in named)]
        words.append(f'Medians of {self.facts.get("Rounds", "some")} rounds, in turns')
        if 'Rows' in self.facts:
            words.append(self.facts['Rows'])
        return '. '.join(words) + '.'

    def add(self, title, *parts):
        self.parts += [f'## {title}', *parts]

    def picture(self, name, alt, svg):
        self.charts[name] = svg
        return f'![{alt}]({self.folder}/{name}.svg)'

    def add_facts(self):
        self.parts.append(table(('', ''), self.facts.items()))

    def add_tools(self):
        tools = []
        for outcome in sorted(self.outcomes, key=lambda outcome: outcome['good'] == ''):
            seconds = self.variants.middle('tools.job', outcome['variant'])
            memory = self.variants.numbers('tools.job', outcome['variant'], 'peak_memory_mb')
            state, words = summary.became_of_rows(outcome)
            tools.append({'name': outcome['variant'], 'seconds': seconds, 'memory_mb': max(memory, default=0), 'state': state, 'words': words,
                          'loads': outcome['loaded_good'] not in ('', '0')})
        if not any(tool['seconds'] for tool in tools):
            return
        good_alone = next((row for row in self.rows if row['comparison'] == 'tools.job'), None)
        subtitle = 'A CSV file with one bad row in a hundred (type, NOT NULL, duplicate key, missing parent, CHECK) into a table with PK + 2 FK + CHECK.'
        if good_alone:
            subtitle += f' COPY of the good rows alone takes {charts.seconds_text(float(good_alone["against_seconds"]))}.'
        rows = [(tool['name'], charts.seconds_text(tool['seconds']) if tool['seconds'] else '', f'{tool["memory_mb"]:.0f} MB' if tool['seconds'] else '',
                 tool['words']) for tool in tools]
        title = 'One job, many tools'
        self.add(title, self.picture('tools', 'Time, memory and what became of the rows, by tool', charts.tools_chart(title, subtitle, tools, self.footer())),
                 table(('tool', 'time', 'memory', 'what became of the rows'), rows))

    def chart_rows(self, rows):
        """Rows of a chart; what is compared with ten in a hundred bad is a second bar of the row with one."""
        shown, by_key = [], {}
        for row in rows:
            bar = (float(row['ratio']), float(row['goal']) if row['goal'] else None)
            key = (row['comparison'].replace('kinds10.', 'kinds.'), row['ours'], row['against'])
            if key in by_key:
                by_key[key]['bars'].append(bar)
                continue
            label = row['title'] if row['ours'] in ('load_csv', 'insert_rows') else f'{row["title"]}: {row["ours"]}'
            beside = '' if part_of(row) == 'kinds' and row['against'] == 'COPY, same table' else f'beside {row["against"]}'
            by_key[key] = {'label': label, 'beside': beside, 'bars': [bar]}
            part = PARTS.get(part_of(row))
            if part and part not in (other.get('heading') for other in shown):
                by_key[key]['heading'] = part
            shown.append(by_key[key])
        return shown

    def add_group(self, group):
        rows = [row for row in self.rows if GROUP_OF.get(part_of(row), part_of(row)) == group and row['rule'] != 'memory']
        if not rows:
            return
        title, subtitle = GROUPS[group]
        legend = ('1% bad rows', '10% bad rows') if group == 'kinds' else ('time of pg_ferry, divided by that of the other',)
        svg = charts.ratio_chart(title, subtitle + ' Shorter is faster.', self.chart_rows(rows), self.footer(), legend)
        named = [dict(row, title=row['title'] + (', 10% bad' if part_of(row) == 'kinds10' else '')) for row in rows]
        self.add(title, subtitle, self.picture(group, f'{title}: time divided by that of the other way', svg),
                 table(('what', 'pg_ferry', 'beside', 'ratio', 'goal', '', 'rounds'), ratio_rows(named)))

    def add_growth(self):
        rows = [row for row in self.rows if part_of(row) == 'growth']
        if not rows:
            return
        shown = []
        for row in rows:
            if row['rule'] == 'memory':
                shown.append((row['ours'], 'memory above that of the session before', f'{row["peak_memory_mb"]} MB', f'{float(row["goal"]):g} MB', row['verdict']))
            else:
                shown.append((row['ours'], f'time of a row, beside {row["against"].rpartition(", ")[2]}', charts.ratio_text(float(row['ratio'])), row['goal'], row['verdict']))
        self.add('Growth', 'Time and memory when there are a hundred times as many rows.', table(('what', '', 'measured', 'goal', ''), shown))

    def text(self):
        self.add_facts()
        self.add_tools()
        for group in GROUPS:
            self.add_group(group)
        self.add_growth()
        return '\n\n'.join(self.parts)


def replaced(page, text):
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f'page.py: the page has no part between "{BEGIN}" and "{END}"')
    return f'{before}{BEGIN}\n\n{text}\n\n{END}{after}'


def main():
    measured, page = Path(sys.argv[1]), Path(sys.argv[2])
    folder = page.with_suffix('')
    folder.mkdir(exist_ok=True)
    facts = read(measured / 'facts.csv', summary.FACTS)
    measurements = read(measured / 'measurements.csv', summary.MEASUREMENTS)
    outcomes = read(measured / 'outcomes.csv', summary.OUTCOMES)
    comparisons = read(measured / 'comparisons.csv', summary.COMPARISONS)
    rows = summary.summarize(measurements, comparisons)
    now = {row['comparison'] for row in comparisons}

    def lasting(some):
        return [fact for fact in some if fact['name'] not in CHANGING_FACTS]

    if lasting(read(folder / 'facts.csv')) == lasting(facts):
        rows, outcomes, measurements = (merged(read(folder / name), new, now) for name, new in
                                        (('summary.csv', rows), ('outcomes.csv', outcomes), ('measurements.csv', measurements)))
    made = Page(folder.name, rows, outcomes, measurements, facts)
    page.write_text(replaced(page.read_text(encoding='utf-8'), made.text()), encoding='utf-8')
    for name, columns, content in (('facts', summary.FACTS, facts), ('measurements', summary.MEASUREMENTS, measurements),
                                   ('outcomes', summary.OUTCOMES, outcomes), ('summary', summary.SUMMARY, rows)):
        write(folder / f'{name}.csv', columns, content)
    for name, svg in made.charts.items():
        (folder / f'{name}.svg').write_text(svg, encoding='utf-8')
    for row in rows:
        if row['comparison'] in now:
            print(f'{row["comparison"]}: {row["ours"]}' + (f' / {row["against"]} = {row["ratio"]}' if row['ratio'] else f' took {row["peak_memory_mb"]} MB')
                  + (f', goal {row["goal"]}: {row["verdict"]}' if row['goal'] else ''))


if __name__ == '__main__':
    main()
