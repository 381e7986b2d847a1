"""Compares an Avro file with the rows of a table as the server shows them: compare_backup.py FILE.avro ROWS.csv

ROWS.csv comes from COPY ... WITH (FORMAT csv, HEADER, NULL '\\N', ENCODING 'UTF8') and has columns named as the fields.
Prints how many values were compared; the exit status is not 0 where one differs.
"""

import csv
import datetime
import json
import struct
import sys
import uuid
from decimal import Decimal

from avro.datafile import DataFileReader
from avro.io import DatumReader


def micros(text, zone):
    moment = datetime.datetime.fromisoformat(text.replace("+00", "+00:00") if zone else text + "+00:00")
    return (moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(microseconds=1)


def expected_value(text, sql_type, actual):
    if text == "\\N":
        return None
    if isinstance(actual, str):  # text itself, and the values that have no other form
        return text
    if sql_type == "boolean":
        return {"t": True, "f": False}[text]
    if sql_type in ("smallint", "integer", "bigint"):
        return int(text)
    if sql_type == "real":
        return struct.unpack("<f", struct.pack("<f", float(text)))[0]
    if sql_type == "double precision":
        return float(text)
    if sql_type.startswith("numeric"):
        return Decimal(text)
    if sql_type == "date":
        return datetime.date.fromisoformat(text)
    if sql_type == "timestamp without time zone":
        return micros(text, False)
    if sql_type == "timestamp with time zone":
        return micros(text, True)
    if sql_type == "bytea":
        return bytes.fromhex(text[2:])
    if sql_type == "uuid":
        return uuid.UUID(text)
    raise SystemExit("no comparison for type " + sql_type)


def same(actual, expected, sql_type):
    if isinstance(actual, datetime.datetime):
        epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        actual = (actual - epoch) // datetime.timedelta(microseconds=1)
    if isinstance(actual, float) and isinstance(expected, float):
        return struct.pack("<d", actual) == struct.pack("<d", expected) or (actual != actual and expected != expected)
    if sql_type.startswith("numeric") and isinstance(actual, Decimal):
        return actual == expected and actual.as_tuple().exponent == expected.as_tuple().exponent
    return type(actual) is type(expected) and actual == expected


def main(avro_path, csv_path):
    csv.field_size_limit(1 << 30)
    compared = 0
    with open(avro_path, "rb") as avro_file, open(csv_path, encoding="utf-8", newline="") as csv_file:
        reader = DataFileReader(avro_file, DatumReader())
        schema = json.loads(reader.meta["avro.schema"])
        types = {field["name"]: field["pg.type"] for field in schema["fields"]}
        rows = list(csv.DictReader(csv_file))
        records = list(reader)
        if len(rows) != len(records):
            raise SystemExit("%d records, %d rows" % (len(records), len(rows)))
        for number, (record, row) in enumerate(zip(records, rows), 1):
            if set(record) != set(row):
                raise SystemExit("fields %s, columns %s" % (sorted(record), sorted(row)))
            for name, actual in record.items():
                expected = expected_value(row[name], types[name], actual)
                if not same(actual, expected, types[name]):
                    raise SystemExit("record %d, %s: %r, not %r" % (number, name, actual, expected))
                compared += 1
    print(compared)


main(*sys.argv[1:])
