"""What the measurements come to: medians, ratios, and whether a goal is met."""
from statistics import median

MEASUREMENTS = ('comparison', 'variant', 'round', 'seconds', 'processor_seconds', 'peak_memory_mb')
COMPARISONS = ('comparison', 'title', 'rule', 'ours', 'goal', 'factor', 'others')
OUTCOMES = ('comparison', 'variant', 'status', 'good', 'bad', 'loaded_good', 'loaded_bad', 'named_bad', 'named_good', 'kinds_loaded')
FACTS = ('name', 'value')
SUMMARY = ('comparison', 'title', 'rule', 'ours', 'against', 'rounds', 'ours_seconds', 'against_seconds', 'ratio', 'processor_ratio',
           'peak_memory_mb', 'goal', 'verdict')


class Variants:
    """The measurements of each way of each comparison."""

    def __init__(self, measurements):
        self.rows = {}
        for row in measurements:
            self.rows.setdefault((row['comparison'], row['variant']), []).append(row)

    def numbers(self, comparison, variant, column):
        return [float(row[column]) for row in self.rows.get((comparison, variant), ()) if row[column] != '']

    def middle(self, comparison, variant, column='seconds'):
        numbers = self.numbers(comparison, variant, column)
        return median(numbers) if numbers else None


def verdict(value, goal):
    if goal == '':
        return ''
    return 'met' if value <= float(goal) else 'missed'


def summarize(measurements, comparisons):
    """A row for each that is compared and was measured. Rules: ours beside the fastest or the slowest of the others, factor being how
    many times the work of the other it does; or the most memory that ours took."""
    variants = Variants(measurements)
    summary = []
    for compared in comparisons:
        comparison, ours = compared['comparison'], compared['ours']
        others = [other for other in compared['others'].split('|') if variants.middle(comparison, other) is not None]
        our_seconds = variants.middle(comparison, ours)
        if our_seconds is None or (not others and compared['rule'] != 'memory'):
            continue
        memory = max(variants.numbers(comparison, ours, 'peak_memory_mb'))
        row = dict.fromkeys(SUMMARY, '') | {name: compared[name] for name in ('comparison', 'title', 'rule', 'ours', 'goal')}
        row |= {'rounds': str(len(variants.numbers(comparison, ours, 'seconds'))), 'ours_seconds': f'{our_seconds:.6f}', 'peak_memory_mb': f'{memory:.1f}'}
        if compared['rule'] == 'memory':
            row['verdict'] = verdict(memory, compared['goal'])
        else:
            choose = min if compared['rule'] == 'fastest' else max
            against = choose(others, key=lambda other: variants.middle(comparison, other))
            ratio = our_seconds / float(compared['factor']) / variants.middle(comparison, against)
            row |= {'against': against, 'against_seconds': f'{variants.middle(comparison, against):.6f}', 'ratio': f'{ratio:.4f}',
                    'verdict': verdict(ratio, compared['goal'])}
            ours_processor, other_processor = (variants.middle(comparison, name, 'processor_seconds') for name in (ours, against))
            if ours_processor is not None and other_processor:
                row['processor_ratio'] = f'{ours_processor / float(compared["factor"]) / other_processor:.4f}'
        summary.append(row)
    return summary


def count(number):
    return f'{int(number):,}'


def became_of_rows(outcome):
    """What became of the rows of a file, in words, and how good that is: good, or bad; unknown where it was not tried."""
    if outcome['good'] == '':
        return 'unknown', outcome['status']
    good, bad, loaded_good, loaded_bad, named_bad, named_good = (
        int(outcome[name]) for name in ('good', 'bad', 'loaded_good', 'loaded_bad', 'named_bad', 'named_good'))
    words = []
    if loaded_good == 0:
        words.append('nothing is loaded')
    elif loaded_good < good:
        words.append(f'{count(good - loaded_good)} of {count(good)} good rows are lost')
    else:
        words.append(f'all {count(good)} good rows are loaded')
    if loaded_bad > 0:
        words.append(f'so are {count(loaded_bad)} bad ones ({outcome["kinds_loaded"]})')
    if named_bad == bad:
        words.append('each bad row is reported by its line')
    elif loaded_good == 0 and named_bad <= 1:
        words.append('the first bad row ends it')
    elif named_bad == 0:
        words.append('no bad row is reported by its line')
    else:
        words.append(f'{count(named_bad)} of {count(bad)} bad rows are reported by their line')
    if named_good > 0:
        words.append(f'{count(named_good)} of the lines that it names are of good rows')
    right = loaded_good == good and loaded_bad == 0 and named_bad == bad and named_good == 0
    return 'good' if right else 'bad', ', '.join(words)
