"""Prints the values of an Avro file as they are stored, without logical types: raw_values.py FILE.avro

A line for each value: number of the record, name of the field, value as JSON; bytes are "\\\\x" and hexadecimal digits.
"""

import json
import sys

import avro.schema
from avro.datafile import DataFileReader
from avro.io import DatumReader


def without_logical_types(schema):
    if isinstance(schema, list):
        return [without_logical_types(branch) for branch in schema]
    if isinstance(schema, dict):
        return {key: without_logical_types(value) for key, value in schema.items() if key not in ("logicalType", "precision", "scale")}
    return schema


def main(path):
    with open(path, "rb") as file, DataFileReader(file, DatumReader()) as records:
        schema = avro.schema.parse(json.dumps(without_logical_types(json.loads(records.meta["avro.schema"]))))
        records.datum_reader.writers_schema = records.datum_reader.readers_schema = schema
        for number, record in enumerate(records, 1):
            for name, value in record.items():
                text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=lambda data: "\\x" + data.hex())
                sys.stdout.buffer.write(("%d\t%s\t%s\n" % (number, name, text)).encode())


main(*sys.argv[1:])
