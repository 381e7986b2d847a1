"""Reads what avro_tool writes with python3-avro, and the other way round. Usage: python_avro.py AVRO_TOOL DIRECTORY"""

import importlib.util
import json
import lzma
import math
import os
import subprocess
import sys
import unittest
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

import avro.datafile
import avro.io
import avro.schema

TOOL, DIRECTORY = sys.argv[1:3]
# Debian has python3-avro without what these two need.
CODECS = ["null", "deflate", "bzip2"] + [codec for codec, module in (("snappy", "snappy"), ("zstandard", "zstandard"))
                                         if importlib.util.find_spec(module)]
SUITS = ["SPADES", "HEARTS", "DIAMONDS", "CLUBS"]

# As sample.hpp describes it; the two are written apart on purpose.
SAMPLE = json.dumps({"type": "record", "name": "Sample", "namespace": "ferry.test", "fields": [
    {"name": "f_null", "type": "null"}, {"name": "f_boolean", "type": "boolean"}, {"name": "f_int", "type": "int"},
    {"name": "f_long", "type": "long"}, {"name": "f_float", "type": "float"}, {"name": "f_double", "type": "double"},
    {"name": "f_bytes", "type": "bytes"}, {"name": "f_string", "type": "string"},
    {"name": "f_enum", "type": {"type": "enum", "name": "Suit", "symbols": SUITS}},
    {"name": "f_fixed", "type": {"type": "fixed", "name": "Four", "size": 4}},
    {"name": "f_array", "type": {"type": "array", "items": "long"}}, {"name": "f_map", "type": {"type": "map", "values": "int"}},
    {"name": "f_union", "type": ["null", "string"], "default": None},
    {"name": "f_record", "type": {"type": "record", "name": "Inner", "fields": [
        {"name": "x", "type": "int"}, {"name": "suit", "type": "Suit"}]}},
    {"name": "f_choice", "type": ["null", "int", "string", "Inner"]},
    {"name": "f_items", "type": {"type": "array", "items": ["null", "int"]}},
    {"name": "f_nested", "type": {"type": "array", "items": {"type": "array", "items": "long"}}},
    {"name": "f_entries", "type": {"type": "map", "values": ["null", "string"]}},
    {"name": "f_decimal", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
    {"name": "f_decimal_fixed", "type": {
        "type": "fixed", "name": "Eight", "size": 8, "logicalType": "decimal", "precision": 18, "scale": 4}},
    {"name": "f_date", "type": {"type": "int", "logicalType": "date"}},
    {"name": "f_time", "type": {"type": "long", "logicalType": "time-micros"}},
    {"name": "f_timestamp", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "f_local_timestamp", "type": {"type": "long", "logicalType": "local-timestamp-micros"}},
    {"name": "f_uuid", "type": {"type": "string", "logicalType": "uuid"}},
    {"name": "f_parent", "type": ["null", "Sample"], "default": None}]})
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def sample(i):
    """Record i in the types of Python."""
    micros = (i - 600) * 86_400_000_001
    return {"f_null": None, "f_boolean": i % 2 == 1, "f_int": -i, "f_long": i**3, "f_float": i / 2, "f_double": i / 4,
            "f_bytes": bytes([i % 256]) * (i % 5), "f_string": f"row {i}", "f_enum": SUITS[i % 4],
            "f_fixed": bytes([i % 256, 1, 2, 3]), "f_array": list(range(i % 3)), "f_map": {"k": i},
            "f_union": "odd" if i % 2 else None, "f_record": {"x": i * 2, "suit": SUITS[(i + 1) % 4]},
            "f_choice": [None, i, "text", {"x": i, "suit": SUITS[0]}][i % 4], "f_items": [None, i, None][:i % 4],
            "f_nested": [[i], [], [i, i + 1]], "f_entries": {"a": None, "b": f"row {i}"},
            "f_decimal": Decimal(i * i - 500).scaleb(-2), "f_decimal_fixed": Decimal(-i * 1_000_000_007).scaleb(-4),
            "f_date": date(1970, 1, 1) + timedelta(days=i - 600),
            "f_time": (datetime(1970, 1, 1) + timedelta(microseconds=i * 60_000_001)).time(),
            "f_timestamp": EPOCH + timedelta(microseconds=micros), "f_local_timestamp": micros,
            "f_uuid": f"00000000-0000-4000-8000-{i:012}",
            "f_parent": sample(i % 3) if i > 0 and i % 100 == 0 else None}


def sample_as_json(i):
    """Record i in the form tool_read_samples() has it in: logical types as what they annotate, decimals as their integer."""
    parent = sample_as_json(i % 3) if i > 0 and i % 100 == 0 else None
    micros = (i - 600) * 86_400_000_001
    return {**{name: as_json(value) for name, value in sample(i).items() if name in BARE},
            "f_decimal": i * i - 500, "f_decimal_fixed": -i * 1_000_000_007, "f_date": i - 600, "f_time": i * 60_000_001,
            "f_timestamp": micros, "f_local_timestamp": micros, "f_uuid": f"00000000-0000-4000-8000-{i:012}", "f_parent": parent}


# the fields of the sample without a logical type
BARE = ["f_null", "f_boolean", "f_int", "f_long", "f_float", "f_double", "f_bytes", "f_string", "f_enum", "f_fixed", "f_array",
        "f_map", "f_union", "f_record", "f_choice", "f_items", "f_nested", "f_entries"]


def as_json(value):
    """A value in the form avro_tool prints it in."""
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def path(name):
    return os.path.join(DIRECTORY, name)


def tool_write(file, codec, count):
    subprocess.run([TOOL, "write", file, codec, str(count)], check=True)


def tool_read(file):
    output = subprocess.run([TOOL, "read", file], check=True, stdout=subprocess.PIPE).stdout
    return [json.loads(line) for line in output.decode().splitlines()]


def tool_read_samples(file):
    """Writers are free in how many bytes a decimal has."""
    def with_integers(record):
        for name in ("f_decimal", "f_decimal_fixed"):
            record[name] = int.from_bytes(bytes.fromhex(record[name]), "big", signed=True)
        if record["f_parent"]:
            with_integers(record["f_parent"])
        return record
    return [with_integers(record) for record in tool_read(file)]


def python_write(file, schema, codec, records):
    with avro.datafile.DataFileWriter(open(file, "wb"), avro.io.DatumWriter(), avro.schema.parse(schema), codec=codec) as writer:
        for record in records:
            writer.append(record)


def python_read(file):
    with avro.datafile.DataFileReader(open(file, "rb"), avro.io.DatumReader()) as reader:
        return list(reader)


def long(value):
    """A long that is not negative, as Avro writes it."""
    rest, out = value * 2, b""
    while rest > 127:
        out, rest = out + bytes([rest % 128 + 128]), rest // 128
    return out + bytes([rest])


def binary(value):
    return long(len(value)) + value


def blocks(file):
    """The blocks of a file as they are stored: record count and bytes."""
    found = []
    with open(file, "rb") as stream:
        decoder = avro.io.BinaryDecoder(stream)
        stream.read(4)
        for _ in range(decoder.read_long()):
            decoder.read_bytes(), decoder.read_bytes()
        stream.read(17)
        while stream.peek(1):
            found.append((decoder.read_long(), decoder.read_bytes()))
            stream.read(16)
    return found


class PythonAvro(unittest.TestCase):
    maxDiff = 2000

    def test_reads_our_files(self):
        for codec in CODECS:
            with self.subTest(codec=codec):
                tool_write(path("ours.avro"), codec, 1234)
                self.assertEqual(python_read(path("ours.avro")), [sample(i) for i in range(1234)])

    def test_reads_our_xz_blocks(self):
        """python3-avro has no xz; Python's lzma takes the blocks apart, and without a codec the sample has the same bytes."""
        tool_write(path("ours.avro"), "xz", 1234)
        tool_write(path("bare.avro"), "null", 1234)
        ours = [(count, lzma.decompress(block)) for count, block in blocks(path("ours.avro"))]
        self.assertEqual(ours, blocks(path("bare.avro")))

    def test_writes_xz_blocks_that_we_read(self):
        python_write(path("bare.avro"), SAMPLE, "null", (sample(i) for i in range(1234)))
        with open(path("theirs.avro"), "wb") as file:
            metadata = [b"avro.schema", SAMPLE.encode(), b"avro.codec", b"xz"]
            file.write(b"Obj\1" + long(2) + b"".join(map(binary, metadata)) + b"\0" + b"s" * 16)
            for count, block in blocks(path("bare.avro")):
                file.write(long(count) + binary(lzma.compress(block)) + b"s" * 16)
        self.assertEqual(tool_read_samples(path("theirs.avro")), [sample_as_json(i) for i in range(1234)])

    def test_reads_our_file_without_records(self):
        tool_write(path("empty.avro"), "null", 0)
        self.assertEqual(python_read(path("empty.avro")), [])

    def test_writes_files_that_we_read(self):
        for codec in CODECS:
            with self.subTest(codec=codec):
                # Enough for several blocks: python3-avro ends one at 16,000 bytes.
                python_write(path("theirs.avro"), SAMPLE, codec, (sample(i) for i in range(1234)))
                self.assertEqual(tool_read_samples(path("theirs.avro")), [sample_as_json(i) for i in range(1234)])

    def test_writes_extreme_values_that_we_read(self):
        for schema, values in [
            ("int", [0, -1, 2**31 - 1, -2**31]),
            ("long", [0, 63, 64, -64, -65, 2**63 - 1, -2**63]),
            ("double", [0.0, 1.5, -1e308, 5e-324, math.inf, -math.inf]),
            ("string", ["", "é€𝄞", "\u0000\u001f\"\\", "x" * 100_000]),
            ("bytes", [b"", bytes(range(256))]),
        ]:
            with self.subTest(schema=schema):
                python_write(path("extreme.avro"), json.dumps(schema), "null", values)
                self.assertEqual(tool_read(path("extreme.avro")), as_json(values))

    def test_writes_recursive_values_that_we_read(self):
        schema = json.dumps({"type": "record", "name": "LongList", "fields": [
            {"name": "value", "type": "long"}, {"name": "next", "type": ["null", "LongList"]}]})
        value = None
        for i in range(50):
            value = {"value": i, "next": value}
        python_write(path("list.avro"), schema, "null", [value])
        self.assertEqual(tool_read(path("list.avro")), [value])

    def test_writes_logical_types_that_we_read_as_what_they_annotate(self):
        moment = datetime(2021, 7, 27, 16, 2, 8, 123456, tzinfo=timezone.utc)
        micros = (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)
        for schema, value, expected in [
            ({"type": "int", "logicalType": "date"}, date(1970, 2, 1), 31),
            ({"type": "long", "logicalType": "time-micros"}, time(1, 0, 0, 5), 3_600_000_005),
            ({"type": "long", "logicalType": "timestamp-micros"}, moment, micros),
            # 12345 is 0x3039, and -1 in two's complement is ff.
            ({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}, Decimal("123.45"), "3039"),
            ({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}, Decimal("-0.01"), "ff"),
        ]:
            with self.subTest(schema=schema):
                python_write(path("logical.avro"), json.dumps(schema), "null", [value])
                self.assertEqual(tool_read(path("logical.avro")), [expected])

    def test_fails_where_we_fail(self):
        for codec in CODECS + ["xz"]:
            tool_write(path("whole.avro"), codec, 300)
            with open(path("whole.avro"), "rb") as file:
                whole = file.read()
            self.check_that_we_fail(codec, whole)

    def check_that_we_fail(self, codec, whole):
        for name, damaged in [("truncated", whole[:-20]), ("sync", whole[:-1] + b"\0"), ("magic", b"X" + whole[1:])]:
            with self.subTest(codec=codec, name=name):
                with open(path("damaged.avro"), "wb") as file:
                    file.write(damaged)
                result = subprocess.run([TOOL, "read", path("damaged.avro")], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                self.assertEqual((result.returncode, result.stderr[:5]), (1, b"22P04"))


if __name__ == "__main__":
    os.makedirs(DIRECTORY, exist_ok=True)
    unittest.main(argv=sys.argv[:1], verbosity=2)
