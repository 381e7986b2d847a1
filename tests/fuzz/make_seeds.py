#!/usr/bin/env python3
"""Writes the seeds of the fuzzers of Avro into corpus/avro_*. Usage: make_seeds.py AVRO_TOOL"""

import json
import pathlib
import subprocess
import sys

CORPUS = pathlib.Path(__file__).parent / "corpus"
CODECS = ["null", "deflate", "snappy", "zstandard", "bzip2", "xz"]  # in the order of CodecKind
SYNC = b"0123456789abcdef"
FOX = b"the quick brown fox jumps over the lazy dog " * 4


def long(value):
    rest, out = (value << 1) ^ (value >> 63), b""
    while rest > 127:
        out, rest = out + bytes([rest & 127 | 128]), rest >> 7
    return out + bytes([rest])


def binary(value):
    return long(len(value)) + value


def container(schema, *blocks, metadata=(), sized=False):
    """blocks: (record count, payload). sized: the metadata says its size, by a negative count."""
    entries = b"".join(binary(part) for pair in [(b"avro.schema", json.dumps(schema).encode()), *metadata] for part in pair)
    count = 1 + len(metadata)
    head = long(-count) + long(len(entries)) if sized else long(count)
    return b"Obj\1" + head + entries + b"\0" + SYNC + b"".join(long(n) + binary(payload) + SYNC for n, payload in blocks)


CONTAINERS = {
    "int.avro": container("int", (3, b"\2\4\6")),
    "sized_metadata.avro": container("int", (1, b"\2"), sized=True),
    "empty_blocks.avro": container("int", (0, b""), (1, b"\2"), (0, b"")),
    "no_fields.avro": container({"type": "record", "name": "R", "fields": []}, (1000, b"")),
    "metadata_twice.avro": container("int", (1, b"\2"), metadata=[(b"k", b"\xff\xfe"), (b"k", b""), (b"", b"")]),
    "null_codec.avro": container(["null", "string"], (2, b"\0\2" + binary(b"x")), metadata=[(b"avro.codec", b"null")]),
}

LIST = {"type": "record", "name": "LongList", "fields": [
    {"name": "value", "type": "long"}, {"name": "next", "type": ["null", "LongList"]}]}
ARRAY = {"type": "array", "items": "long"}
NESTED = {"type": "map", "values": {"type": "array", "items": [
    "null", "boolean", "int", "long", "float", "double", "bytes", "string", {"type": "fixed", "name": "F", "size": 3},
    {"type": "enum", "name": "E", "symbols": ["A"]}]}}

VALUES = {  # name: (schema, values)
    "array": (ARRAY, long(2) + long(3) + long(-27) + long(0)),
    "sized_array": (ARRAY, long(-2) + long(2) + long(3) + long(-27) + long(0)),
    "list": (LIST, long(1) + long(1) + long(2) + long(1) + long(3) + long(0)),
    "nested": (NESTED, long(1) + binary(b"k") + long(10) + b"".join([
        long(0), long(1) + b"\1", long(2) + long(-1), long(3) + long(2**40), long(4) + b"\0" * 4, long(5) + b"\0" * 8,
        long(6) + binary(b"\xff"), long(7) + binary(b"text"), long(8) + b"abc", long(9) + long(0)]) + long(0) + long(0)),
    "nulls": ({"type": "array", "items": "null"}, long(5) + long(0)),
    "padded": ("long", b"\x82\x80\x80\x00"),
    "string": ("string", binary(b"foo")),
}

SCHEMAS = {
    "primitive": "int",
    "list": LIST,
    "nested": NESTED,
    "logical": {"type": "record", "name": "R", "fields": [
        {"name": "d", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
        {"name": "u", "type": {"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"}},
        {"name": "t", "type": {
            "type": "long", "logicalType": "timestamp-micros", "adjust-to-utc": True, "x": [1.5, {"y": None}]}}]},
    "names": {"type": "record", "name": "a.R", "doc": "d", "fields": [
        {"name": "n", "type": {"type": "enum", "name": "E", "namespace": "", "aliases": ["F", "x.G", ".H"], "symbols": ["A", "B"],
                               "default": "B"}},
        {"name": "m", "type": ".E", "default": "A", "order": "ignore"}]},
    "defaults": {"type": "record", "name": "R", "fields": [
        {"name": "n", "type": ["null", "int"], "default": None}, {"name": "s", "type": ["int", "string"], "default": "text"},
        {"name": "b", "type": "bytes", "default": "\u00ff\u0000"}, {"name": "f", "type": "double", "default": 1},
        {"name": "a", "type": {"type": "array", "items": "long"}, "default": [1, -2]},
        {"name": "m", "type": {"type": "map", "values": "boolean"}, "default": {"k": True}},
        {"name": "r", "default": {}, "type": {"type": "record", "name": "I", "fields": [
            {"name": "x", "type": "int", "default": 7}]}}]},
}


def first_block(file):
    """The first block of a file of avro_tool, as it is stored. Its sync marker is 1 to 16."""
    sync = bytes(range(1, 17))
    return file[file.index(sync) + 16:file.rindex(sync)]


def stored(block):
    """A block without its count and size."""
    for _ in range(2):
        end = next(i for i, byte in enumerate(block) if byte < 128)
        block = block[end + 1:]
    return block


def put(fuzzer, name, seed):
    (CORPUS / fuzzer).mkdir(parents=True, exist_ok=True)
    (CORPUS / fuzzer / name).write_bytes(seed)


def main(tool):
    for name, seed in CONTAINERS.items():
        put("avro_container", name, seed)
    for name, (schema, values) in VALUES.items():
        put("avro_decode", name, json.dumps(schema).encode() + b"\0" + values)
    for name, schema in SCHEMAS.items():
        put("avro_schema", name + ".json", json.dumps(schema).encode())
    put("avro_codec", "null", b"\0" + FOX)
    for index, codec in enumerate(CODECS):
        path = CORPUS / "avro_container" / f"sample_{codec}.avro"
        subprocess.run([tool, "write", path, codec, "5"], check=True)
        put("avro_codec", codec, bytes([index]) + (stored(first_block(path.read_bytes())) if index else FOX))
    for index in (3, 4, 5):  # the formats with streams in a row
        seed = (CORPUS / "avro_codec" / CODECS[index]).read_bytes()
        put("avro_codec", CODECS[index] + "_twice", seed + seed[1:])


main(sys.argv[1])
