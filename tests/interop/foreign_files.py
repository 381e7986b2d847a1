"""Writes with python3-avro what other programs write and we do not: foreign_files.py FOLDER."""
import datetime
import decimal
import json
import os
import struct
import sys
import uuid
import warnings

warnings.simplefilter("ignore")  # of logical types that the module does not know, which are what they annotate then

import avro.datafile  # noqa: E402
import avro.io  # noqa: E402
import avro.schema  # noqa: E402

FOLDER = sys.argv[1]
SECOND = 1627401728  # 2021-07-27 16:02:08 UTC


def write(name, schema, rows, codec="null"):
    with open(os.path.join(FOLDER, name + ".avro"), "wb") as out:
        writer = avro.datafile.DataFileWriter(out, avro.io.DatumWriter(), avro.schema.parse(json.dumps(schema)), codec=codec)
        for row in rows:
            writer.append(row)
        writer.close()


def relabel(name, *words):
    """Names logical types that python3-avro would check or convert in its own way: in capitals it does not know them."""
    path = os.path.join(FOLDER, name + ".avro")
    with open(path, "rb") as file:
        data = file.read()
    for word in words:
        data = data.replace(word, word.lower())
    with open(path, "wb") as file:
        file.write(data)


def record(name, *fields):
    return {"type": "record", "name": name, "fields": [dict(f) if isinstance(f, dict) else {"name": f[0], "type": f[1]} for f in fields]}


def logical(base, annotation, **more):
    return {"type": base, "logicalType": annotation, **more}


def big(number, size):
    return number.to_bytes(size, "big", signed=True)


def zigzag(number):
    rest, out = (number << 1) ^ (number >> 63), b""
    while rest >= 0x80:
        out, rest = out + bytes([rest & 0x7F | 0x80]), rest >> 7
    return out + bytes([rest])


def scalars():
    utc = datetime.timezone.utc
    moment = datetime.datetime.fromtimestamp(SECOND, utc)
    schema = record(
        "scalars",
        ("ts_millis", logical("long", "timestamp-millis")),
        ("ts_micros", logical("long", "timestamp-micros")),
        ("ts_nanos", logical("long", "timestamp-nanos")),
        ("local_millis", logical("long", "local-timestamp-millis")),
        ("local_micros", logical("long", "local-timestamp-micros")),
        ("local_nanos", logical("long", "local-timestamp-nanos")),
        ("day", logical("int", "date")),
        ("t_millis", logical("int", "time-millis")),
        ("t_micros", logical("long", "time-micros")),
        ("dec_fixed", logical("fixed", "decimal", name="dec16", size=16, precision=38, scale=10)),
        ("dec_bytes", logical("bytes", "decimal", precision=10, scale=2)),
        ("dec_long", logical("bytes", "unknown-decimal")),
        ("uuid_text", logical("string", "uuid")),
        ("uuid_fixed", logical("fixed", "uuid", name="uuid16", size=16)),
        ("span", logical("fixed", "duration", name="dur", size=12)),
        ("colour", {"type": "enum", "name": "colour", "symbols": ["RED", "GREEN"]}),
        ("i", "int"), ("l", "long"), ("f", "float"), ("g", "double"), ("yes", "boolean"),
        ("raw", "bytes"), ("words", "string"), ("iso", "string"), ("nothing", "null"),
        ("odd", logical("long", "fathoms")),
    )
    row = {
        "ts_millis": moment.replace(microsecond=250000), "ts_micros": moment.replace(microsecond=250001),
        "ts_nanos": SECOND * 10**9 + 1000, "local_millis": SECOND * 1000, "local_micros": -1, "local_nanos": -1000,
        "day": datetime.date(1900, 3, 1), "t_millis": datetime.time(23, 59, 59, 999000), "t_micros": datetime.time(0, 0, 0, 1),
        "dec_fixed": decimal.Decimal("-1234567890123456789012345678.0123456789"), "dec_bytes": decimal.Decimal("-0.01"),
        "dec_long": b"x", "uuid_text": "12345678-1234-5678-1234-567812345678",
        "uuid_fixed": uuid.UUID("fedcba98-7654-3210-fedc-ba9876543210").bytes, "span": struct.pack("<III", 14, 3, 4500),
        "colour": "GREEN", "i": -2**31, "l": 2**63 - 1, "f": 0.5, "g": 0.1, "yes": True, "raw": b"\x00\xff",
        "words": "é漢", "iso": "P1Y2M3DT4H5M6.5S", "nothing": None, "odd": 6,
    }
    write("scalars", schema, [row, row], "deflate")


def decimals():
    numbers = [0, -1, 10**40, -(10**60) - 1, 2**2000]
    schema = record("decimals", ("n", logical("bytes", "DECIMAL", precision=700, scale=20)), ("b", logical("bytes", "BIG-DECIMAL")))
    rows = []
    for number in numbers:
        unscaled = big(number, number.bit_length() // 8 + 1)
        rows.append({"n": unscaled, "b": zigzag(len(unscaled)) + unscaled + zigzag(3)})
    write("decimals", schema, rows)
    relabel("decimals", b"DECIMAL", b"BIG-")


def nested():
    person = record("person", ("Name", "string"), ("extra", "int"), ("age", ["null", "int"]))
    schema = record(
        "nested",
        ("matrix", {"type": "array", "items": {"type": "array", "items": ["null", "int"]}}),
        ("list", ["null", {"type": "array", "items": "string"}]),
        ("empty", {"type": "array", "items": "int"}),
        ("tags", {"type": "map", "values": ["null", "string", "long"]}),
        ("who", person),
        ("people", {"type": "array", "items": "person"}),
        ("any", ["null", "int", "string", {"type": "map", "values": "double"}]),
        ("tree", record("tree", ("value", "int"), ("left", ["null", "tree"]), ("right", ["null", "tree"]))),
        ("stamps", {"type": "array", "items": logical("long", "timestamp-millis")}),
    )
    leaf = {"value": 2, "left": None, "right": None}
    moment = datetime.datetime.fromtimestamp(SECOND, datetime.timezone.utc)
    ann = {"Name": "Ann", "extra": 1, "age": 30}
    base = {"matrix": [[1, 2, 3], [4, None, 6]], "list": ["a", 'b"\\'], "empty": [], "tags": {"k\"": "v", "n": None, "l": 5},
            "who": ann, "people": [ann, {"Name": "Bob", "extra": 2, "age": None}], "tree": {"value": 1, "left": leaf, "right": None},
            "stamps": [moment]}
    write("nested", schema, [{**base, "any": any_} for any_ in (None, 7, "seven", {"x": 0.5})])
    write("ragged", record("r", ("matrix", schema["fields"][0]["type"])), [{"matrix": [[1, 2], [3]]}])


def names():
    schema = record("names", {"name": "OldId", "type": "int", "aliases": ["id"]}, ("FullName", "string"), ("unwanted", "bytes"))
    write("names", schema, [{"OldId": 1, "FullName": "Ann", "unwanted": b"x" * 1000}, {"OldId": 2, "FullName": "Bob", "unwanted": b""}])
    write("clash", record("clash", ("ID", "int"), ("Id", "int")), [{"ID": 1, "Id": 2}])


def top_level():
    write("longs", "long", [1, -2, 2**40])
    write("texts", ["null", "string"], ["a", None, "b"])
    write("arrays", {"type": "array", "items": "int"}, [[1, 2], []])
    write("many", "long", range(200000), "deflate")


def edges():
    schema = record("edges", ("nanos", logical("long", "timestamp-nanos")), ("l", "long"), ("g", "double"), ("raw", "bytes"),
                    ("far", logical("long", "timestamp-MICROS")))
    write("edges", schema, [{"nanos": 1, "l": 2**53 + 1, "g": 0.1, "raw": b"\xff", "far": 2**63 - 1}])
    relabel("edges", b"MICROS")


def no_values():
    """What python3-avro itself has no value for when it reads it: decimals of no bytes, times that are not of a day."""
    schema = record("no_values", ("empty", logical("bytes", "DECIMAL", precision=10, scale=2)), ("empty_big", logical("bytes", "BIG-DECIMAL")),
                    ("late_millis", logical("int", "TIME-MILLIS")), ("late_micros", logical("long", "TIME-MICROS")),
                    ("early", logical("long", "TIME-MICROS")), ("negative_scale", logical("bytes", "BIG-DECIMAL")))
    write("no_values", schema, [{"empty": b"", "empty_big": zigzag(0) + zigzag(0), "late_millis": 86400001, "late_micros": 86400000001,
                                 "early": -1, "negative_scale": zigzag(1) + b"\x05" + zigzag(-3)}])
    relabel("no_values", b"DECIMAL", b"BIG-", b"TIME-MILLIS", b"TIME-MICROS")


for make in (scalars, decimals, nested, names, top_level, edges, no_values):
    make()
