"""Writes CSV files in many dialects by Python's csv module, and what each of them is, as rows for COPY: path, line_end, delimiter,
quote, escape, comment, skip_lines, header, compression, encoding, null_strings, names, types, rows, and the MD5 sum of the sorted
values of the first column that is text. Arguments: folder, number of files, seed."""

import bz2
import csv
import datetime
import gzip
import hashlib
import io
import json
import lzma
import random
import sys
import uuid

folder, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
WORDS = "harbour lamp ferry quay tide rope deck mast sail crew cargo buoy chart pilot anchor stern".split()
ACCENTS = ["Zürich", "señal", "Ærø", "façade", "Genève"]
TITLES = ["id", "name", "hired_on", "amount", "Unit Price", "departmentId", "ZIP", "order", "is active", "Note", "updated at", "x2"]
NAMES = ["id", "name", "hired_on", "amount", "unit_price", "department_id", "zip", "order", "is_active", "note", "updated_at", "x2"]

WIDE = {"utf-16-le": "UTF16LE", "utf-32-be": "UTF32BE"}
COMPRESS = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}


def sentence(rng, words):
    return " ".join(rng.choice(words) for _ in range(rng.randint(1, 5))).capitalize()


def text_column(rng, dialect):
    words = WORDS + (ACCENTS if dialect["accents"] else [])
    hard = rng.random() < 0.5

    def value():
        text = sentence(rng, words)
        if hard and rng.random() < 0.3:
            text += rng.choice([f", {sentence(rng, words)}", f' "{rng.choice(words)}" ok', f"'s {rng.choice(words)}", f"{dialect['delimiter']} x",
                                f"{dialect['newline']}second line"])
        return text

    return "text", value


def codes(rng):
    return "text", lambda: f"{rng.randint(1, 9999):05d}"


def moment(rng):
    return datetime.datetime(rng.randint(1970, 2037), 1, 1) + datetime.timedelta(seconds=rng.randrange(365 * 86400))


def written_date(rng, order):
    separator = rng.choice("/.-")
    form = {"day": f"%d{separator}%m{separator}%Y", "month": f"%m{separator}%d{separator}%Y"}[order]
    return "date", lambda: moment(rng).strftime(form)


KINDS = {
    "integer": lambda rng, d: ("integer", lambda: str(rng.randint(-1000, 100000))),
    "bigint": lambda rng, d: ("bigint", lambda: str(rng.randint(10**10, 10**12))),
    "wide": lambda rng, d: ("numeric", lambda: str(rng.randint(10**20, 10**22))),
    "numeric": lambda rng, d: ("numeric", lambda: f"{rng.uniform(-1000, 1000):.2f}"),
    "double": lambda rng, d: ("double precision", lambda: f"{rng.uniform(-1, 1) * 10**rng.randint(-9, -5):.6e}"),
    "boolean": lambda rng, d: ("boolean", lambda spelling=rng.choice([("true", "false"), ("t", "f"), ("yes", "no"), ("Y", "N")]): rng.choice(spelling)),
    "date": lambda rng, d: ("date", lambda: moment(rng).strftime("%Y-%m-%d")),
    "local date": lambda rng, d: written_date(rng, d["order"]),
    "timestamp": lambda rng, d: ("timestamp without time zone", lambda: moment(rng).strftime("%Y-%m-%d %H:%M:%S")),
    "timestamptz": lambda rng, d: ("timestamp with time zone", lambda: moment(rng).strftime("%Y-%m-%dT%H:%M:%SZ")),
    "time": lambda rng, d: ("time without time zone", lambda: moment(rng).strftime("%H:%M:%S")),
    "uuid": lambda rng, d: ("uuid", lambda: str(uuid.UUID(int=rng.getrandbits(128)))),
    "jsonb": lambda rng, d: ("jsonb", lambda: json.dumps({"a": rng.randint(1, 9), "b": [rng.choice(WORDS)]})),
    "codes": lambda rng, d: codes(rng),
    "text": text_column,
}


def make(rng, number):
    d = {"delimiter": rng.choice(",,,;;\t\t||^~"), "quote": rng.choice("\"\"\"\"'"), "order": rng.choice(["day", "month"]),
         "newline": rng.choice(["\n", "\n", "\r\n", "\r"]), "accents": rng.random() < 0.4}
    d["doubles"] = rng.random() < 0.8
    # the module escapes quotes outside of quotes, too, where it may not double them: that is no CSV
    quoting = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL]) if d["doubles"] else csv.QUOTE_ALL
    encoding = rng.choice(["utf-8", "utf-8", "utf-8-sig", "latin-1", "utf-16-le", "utf-32-be"]) if d["accents"] else "utf-8"
    # bare JSON in a file of other quotes is for no reader
    kinds = sorted(KINDS if d["quote"] == '"' else KINDS.keys() - {"jsonb"})
    columns = [KINDS[kind](rng, d) for kind in rng.sample(kinds, rng.randint(2, 8))]
    if all(kind in ("text",) for kind, _ in columns):
        columns.append(KINDS["integer"](rng, d))
    header = rng.random() < 0.8
    # in quotes a word is a word
    null = rng.choice(["", "", "", "NULL", "\\N", "N/A"]) if quoting != csv.QUOTE_ALL else ""
    titles = rng.sample(range(len(TITLES)), len(columns))
    out = io.StringIO(newline="")
    preamble = rng.choice([0, 0, 0, 0, 1, 2, 3]) if len(columns) > 2 and header else 0
    comment = "#" if preamble and rng.random() < 0.4 else None
    for i in range(preamble):
        out.write((f"# made by {rng.choice(WORDS)}" if comment else rng.choice(["Report of the port", "Generated 2021", ""])) + d["newline"])
    options = {} if d["doubles"] else {"doublequote": False, "escapechar": "\\"}
    writer = csv.writer(out, delimiter=d["delimiter"], quotechar=d["quote"], quoting=quoting, lineterminator=d["newline"], **options)
    if header:
        writer.writerow([TITLES[i] for i in titles])
    used_null = False
    texts = []
    of_text = next((i for i, (kind, _) in enumerate(columns) if kind == "text"), None)
    rows = rng.randint(30, 200)
    for _ in range(rows):
        row = []
        for _, value in columns:
            is_null = rng.random() < 0.05
            used_null = used_null or (is_null and null != "")
            row.append(null if is_null else value())
        writer.writerow(row)
        if of_text is not None:
            texts.append("NULL" if row[of_text] == null and (null or quoting != csv.QUOTE_ALL) else row[of_text])
    text = out.getvalue()
    encoded = (("\ufeff" if encoding in WIDE else "") + text).encode(encoding)
    compression = rng.choice(["none"] * 3 + sorted(COMPRESS))
    path = f"{folder}/{number:04d}.csv"
    with open(path, "wb") as file:
        file.write(COMPRESS.get(compression, bytes)(encoded))
    body = text.split(d["newline"], preamble)[-1]
    quote = d["quote"] if d["quote"] in body else '"'
    escape = "\\" if "\\" + quote in body and not d["doubles"] else quote
    is_ascii = all(ord(c) < 128 for c in text)
    return [path, {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}[d["newline"]], d["delimiter"], quote, escape, comment,
            0 if comment else preamble, header, compression,
            WIDE.get(encoding) or ("LATIN1" if encoding == "latin-1" and not is_ascii else "UTF8"),
            [null] if used_null else [],
            [NAMES[i] for i in titles] if header else [f"column_{i + 1}" for i in range(len(columns))], [kind for kind, _ in columns],
            rows, None if of_text is None else hashlib.md5("|".join(sorted(texts)).encode()).hexdigest()]


def array(values):
    return "{" + ",".join('"' + v.replace("\\", "\\\\").replace('"', '\\"') + '"' for v in values) + "}"


generator = random.Random(seed)
rows = csv.writer(sys.stdout, lineterminator="\n")
for n in range(count):
    row = make(generator, n)
    rows.writerow(["" if v is None else array(v) if isinstance(v, list) else v for v in row])
