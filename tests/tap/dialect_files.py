"""Writes CSV files in many dialects, and what Python's csv module reads in them: each file is written a second time for it, plain,
without what the module does not know, in the same quotes. Arguments: folder, number of files, seed. Output, as CSV: path, arguments
of load_csv, options of COPY, numbers of the lines that are rejected. The rows are in the file "rows" of the folder: number of the
file, number of the row, and three values, NULL as \\N."""

import csv
import io
import random
import sys

folder, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
NULL = "\x02"  # in the plain file, where a value is NULL in truth
PIECES = ["harbour", "lamp", "a b", " ", "  ", "\t", "", "#", "# x", "--", "NA", "n/a", "-", "\\", "\\N", "é", "3/4", "x", "'", ":", ";", "|"]


def literal(text):
    return "E'" + "".join({"\\": "\\\\", "'": "\\'", "\t": "\\t"}.get(c, c) for c in text) + "'"


class File:
    def __init__(self, rng, number):
        self.rng, self.number = rng, number
        self.delimiter = rng.choice(",,;\t|")
        self.quotes = rng.choice(["copy", "strict", "none"])
        self.quote = '"' if self.quotes == "none" else rng.choice("\"\"'")
        self.escape = "\\" if self.quotes != "none" and rng.random() < 0.3 else self.quote
        self.newline = rng.choice(["\n", "\r\n", "\r"])
        self.comment = rng.choice([None, "#", "--", "é"])
        self.skip = rng.choice([0, 0, 1, 3])
        self.trims = rng.random() < 0.5
        self.ragged = rng.random() < 0.5
        self.nulls = rng.choice([[], ["NA"], ["NA", "-", "n/a"]])
        self.header = rng.random() < 0.5
        self.lines = 1
        self.text, self.plain = "", ""
        self.rejected = []
        self.rows = 0

    def write(self, text):
        self.text += text
        self.lines += text.count(self.newline)

    def blanks(self):
        return self.rng.choice(["", "", " ", "\t ", "  "]).replace(self.delimiter, "")

    def value(self):
        pieces = PIECES if self.quotes == "none" else PIECES + [self.quote, self.newline, self.delimiter, ","]
        text = "".join(self.rng.choice(pieces) for _ in range(self.rng.randint(0, 3)))
        if self.quotes == "none":
            text = text.replace(self.delimiter, "").replace('"', self.rng.choice(['"', ""]))
            text = "v" + text + "v"
        return text

    def quoted(self, text):
        special = {self.quote, self.escape}
        return self.quote + "".join(self.escape + c if c in special else c for c in text) + self.quote

    def field(self, is_first):
        """A field as it is in the file and as the module is to see it."""
        if not is_first and self.rng.random() < 0.2:
            text = self.rng.choice(["", *self.nulls])
            plain = NULL
        else:
            text = plain = str(self.rows) if is_first else self.value()
            blank = self.trims and text != text.strip(" \t")
            special = {self.quote, self.escape, "\n", "\r", self.delimiter}
            needs = blank or text in ["", *self.nulls] or special & set(text) or text.startswith("\ufeff")
            if self.quotes != "none" and (needs or self.rng.random() < 0.2):
                text = plain = self.quoted(text)
        if self.trims:
            text = self.blanks() + text + self.blanks()
        return text, plain

    def record(self):
        self.rows += 1
        fields = [self.field(i == 0) for i in range(4)]
        plain = [plain for _, plain in fields]
        text = [text for text, _ in fields]
        if self.ragged and self.rng.random() < 0.3:
            left = self.rng.randint(1, 3)
            text = text[:left]
            plain = plain[:left] + [NULL] * (4 - left)
        elif self.ragged and self.rng.random() < 0.3:
            empty = ["", "" if self.quotes == "none" else self.quote * 2]
            text += [self.rng.choice(empty) + (self.blanks() if self.trims else "") for _ in range(self.rng.randint(1, 3))]
        record = self.delimiter.join(text)
        if self.comment and record.startswith(self.comment):
            return
        self.write(record + self.newline)
        self.plain += self.delimiter.join(plain) + self.newline

    def other_line(self):
        kind = self.rng.random()
        if self.comment and kind < 0.4:
            self.write(self.comment + self.rng.choice(["", " x", ' "open', f" a{self.delimiter}b", '"']) + self.newline)
        elif self.ragged and kind < 0.7:
            self.write((self.blanks() if self.trims else "") + self.newline)
        elif self.quotes == "strict":
            q, d = self.quote, self.delimiter
            bad = [f"x{d}3/4{q}{d}a{d}b", f"{q}a{q}b{d}c{d}d{d}e", f"x{d}{q}a{q}{self.newline}", f"x{d}{q}a{self.newline}b{q}c{d}d{d}e", f"x{d}a{q}b{q}{d}c{d}d"]
            if not self.trims:
                bad += [f"x{d} {q}a{q}{d}c{d}d", f"x{d}{q}a{q} {d}c{d}d"] if d != " " else []
            else:
                bad += [f"x{d} {q}a{q} {q}b{q}{d}c{d}d"]
            chosen = self.rng.choice([b for b in bad if not b.endswith(self.newline)])
            if not (self.comment and chosen.startswith(self.comment)):
                self.rejected.append(self.lines)
                self.write(chosen + self.newline)

    def make(self):
        for _ in range(self.skip):
            self.write(self.rng.choice(["Report", 'of "the port', "", "#", "a,b,c,d,e"]) + self.newline)
        if self.header:
            names = self.rng.choice([["n", "first_text", "Second", "third"], ["N", "First Text", "second", "THIRD"], ["third", "N", "first-text", "SECOND"]])
            self.order = [sorted(["n", "first_text", "second", "third"]).index(name.lower().replace(" ", "_").replace("-", "_")) for name in names]
            self.write(self.delimiter.join(names) + self.newline)
        for _ in range(self.rng.randint(5, 40)):
            if self.rng.random() < 0.25:
                self.other_line()
            self.record()
        if self.text.endswith(self.newline) and not self.ragged and self.rng.random() < 0.5:
            self.text = self.text[: -len(self.newline)]

    def read_plain(self):
        options = {"quoting": csv.QUOTE_NONE} if self.quotes == "none" else {"quotechar": self.quote, "strict": True}
        if self.escape != self.quote:
            options |= {"escapechar": self.escape, "doublequote": False}
        if self.quotes == "none":
            options["quotechar"] = None
        return [[None if v == NULL else v for v in row] for row in csv.reader(io.StringIO(self.plain, newline=""), delimiter=self.delimiter, **options)]

    def arguments(self):
        given = {"delimiter": literal(self.delimiter), "quote": literal(self.quote), "escape": literal(self.escape), "encoding": "'UTF8'"}
        if self.skip:
            given["skip_lines"] = str(self.skip)
        if self.comment:
            given["comment"] = literal(self.comment)
        if self.nulls:
            given["null_strings"] = f"ARRAY[{', '.join(map(literal, self.nulls))}]"
        given |= {"trim_blanks": str(self.trims), "ragged": str(self.ragged), "quotes": literal(self.quotes), "header": str(self.header)}
        return ", ".join(f"{name} => {value}" for name, value in given.items())

    def copy_options(self):
        """None where the header does not have the columns of the table in their order."""
        if self.header:
            return None
        given = ["FORMAT csv", "ON_ERROR reject", f"DELIMITER {literal(self.delimiter)}", f"QUOTE {literal(self.quote)}", f"ESCAPE {literal(self.escape)}"]
        given += [f"SKIP_LINES {self.skip}"] if self.skip else []
        given += [f"COMMENT {literal(self.comment)}"] if self.comment else []
        given += [f"NULL_STRINGS ({', '.join(map(literal, self.nulls))})"] if self.nulls else []
        given += [f"TRIM_BLANKS {self.trims}", f"RAGGED {self.ragged}", f"QUOTES {self.quotes}", "ENCODING 'UTF8'"]
        return ", ".join(given)


rng = random.Random(seed)
cases = csv.writer(sys.stdout, lineterminator="\n")
with open(f"{folder}/rows", "w", newline="") as rows:
    for n in range(count):
        file = File(rng, n)
        file.make()
        path = f"{folder}/{n:04d}.csv"
        with open(path, "w", newline="", encoding="utf-8") as out:
            out.write(file.text)
        names = ["n", "first_text", "second", "third"]
        if file.header:
            names = [sorted(names)[i] for i in file.order]
        for row in file.read_plain():
            record = dict(zip(names, row))
            values = ["\\N" if record[name] is None else '"' + record[name].replace('"', '""') + '"' for name in ("n", "first_text", "second", "third")]
            rows.write(f"{n}," + ",".join(values) + "\n")
        cases.writerow([path, file.arguments(), file.copy_options() or "", "{" + ",".join(map(str, file.rejected)) + "}"])
