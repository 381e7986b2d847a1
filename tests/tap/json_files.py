"""Writes JSON files, many of them damaged, and says which rows of each Python's json module takes: a line of tab-separated fields a
record of the files, path, number, line, kind (row, odd for a value that is no row, bad for what is no JSON), id and text as JSON."""
import gzip
import json
import random
import sys

folder, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random.seed(seed)


def refuse(name):
    raise ValueError(name)


def parse(text):
    return json.loads(text, parse_constant=refuse)


def some_text():
    return ''.join(random.choice('ab"\\/{}[],: \u00e9\u20ac\U0001f600\n\t') for _ in range(random.randrange(12)))


def some_row(number):
    row = {'id': number, 't': some_text()}
    if random.random() < 0.2:
        row['more'] = random.choice([None, [], {}, [1, {'a': [some_text()]}], {'x': {'y': -1.5e3}}, some_text()])
    if random.random() < 0.02:
        return random.choice([5, 'x', None, [row], True])
    return row


def some_json(number, indent=None):
    return json.dumps(some_row(number), ensure_ascii=random.random() < 0.5, indent=indent,
                      separators=random.choice([(',', ':'), (', ', ': ')]))


def damage(text):
    """One byte taken away, put in, or changed; no line end, and nothing but ASCII."""
    at = random.randrange(len(text))
    new = random.choice('{}[]",:\\x0- tfn')
    return random.choice([text[:at] + text[at + 1:], text[:at] + new + text[at:], text[:at] + new + text[at + 1:], text[:at]])


def has_a_text(value):
    """Whether each string in it can be a text of the server: half of a surrogate pair and a zero character cannot."""
    text = json.dumps(value, ensure_ascii=False)
    return '\\u0000' not in text and not any('\ud800' <= c <= '\udfff' for c in text)


def kind_of(text):
    try:
        value = parse(text)
    except (ValueError, RecursionError):
        return 'bad', None
    is_row = isinstance(value, dict) and set(value) <= {'id', 't', 'more'} and isinstance(value.get('id'), int)
    is_row = is_row and not isinstance(value.get('id'), bool) and isinstance(value.get('t'), str)
    is_row = is_row and abs(value['id']) < 2**31 and has_a_text(value)
    return ('row', value) if is_row else ('odd', None)


def begins_with_a_value(text):
    """Then what is behind it would be another record; or there is nothing."""
    try:
        json.JSONDecoder(parse_constant=refuse).raw_decode(text.lstrip())
        return True
    except ValueError:
        return text.strip() == '' or text.lstrip()[0] in ',]'


def tell(path, number, line, kind, value):
    text = json.dumps(value['t']) if value else ''
    print(path, number, line, kind, value['id'] if value else '', text, sep='\t')


def write(path, text):
    data = text.encode('utf-8')
    if path.endswith('.gz'):
        with gzip.open(path, 'wb') as file:
            file.write(data)
    else:
        with open(path, 'wb') as file:
            file.write(data)


for index in range(count):
    path = f'{folder}/{index}.json' + random.choice(['', '', '.gz'])
    rows = random.randrange(60)
    if index % 2 == 0:
        line_end = random.choice(['\n', '\r\n'])
        lines, number = [], 0
        for i in range(rows):
            while random.random() < 0.05:
                lines.append(random.choice(['', '  ', '\t']))
            text = some_json(i)
            if random.random() < 0.2:
                text = damage(text)
            if text.lstrip().startswith('['):  # as the first line, also of the rejects, it would make an array of the file
                text = '{}'
            lines.append(text)
            if text.strip(' \t\r') == '':
                continue
            number += 1
            tell(path, number, len(lines), *kind_of(text))
        write(path, line_end.join(lines) + random.choice(['', line_end]))
    else:
        text, number = random.choice(['[', ' [\n', '\n[ ']), 0
        broken = None
        for i in range(rows):
            if i > 0:
                text += random.choice([',', ' ,\n', ',\n  '])
            element = some_json(i, random.choice([None, 1]))
            if random.random() < 0.01 and element.startswith('{'):
                damaged = damage(element)
                if not begins_with_a_value(damaged):
                    element = damaged
            number += 1
            kind, value = kind_of(element)
            line = text.count('\n') + 1
            tell(path, number, line, kind, value)
            text += element
            if kind == 'bad':
                broken = True
                text += random.choice(['', '\n{"id": 1000000, "t": "never"}', ', {"id": 1000000, "t": "never"}]'])
                break
        write(path, text if broken else text + random.choice([']', '\n]\n']))
