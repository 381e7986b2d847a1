"""Writes with python3-avro what Kafka Connect, Debezium and others write: avro_of_others.py FOLDER."""
import io
import json
import os
import sys
import warnings

warnings.simplefilter("ignore")  # of logical types that the module does not know, which are what they annotate then

import avro.datafile  # noqa: E402
import avro.io  # noqa: E402
import avro.schema  # noqa: E402

FOLDER = sys.argv[1]
SECOND = 1627401728  # 2021-07-27 16:02:08 UTC
DAY = SECOND // 86400
OF_DAY = SECOND % 86400


def write(name, schema, rows):
    with open(os.path.join(FOLDER, name + ".avro"), "wb") as out:
        writer = avro.datafile.DataFileWriter(out, avro.io.DatumWriter(), avro.schema.parse(json.dumps(schema)), codec="null")
        for row in rows:
            writer.append(row)
        writer.close()


def write_as(name, said, schema, rows, codec="null"):
    """The rows of a schema in a file that says another schema and codec: one that the module would refuse."""
    body, out = io.BytesIO(), io.BytesIO()
    datum = avro.io.DatumWriter(avro.schema.parse(json.dumps(schema)))
    for row in rows:
        datum.write(row, avro.io.BinaryEncoder(body))
    encoder, sync = avro.io.BinaryEncoder(out), b"0123456789abcdef"
    out.write(b"Obj\x01")
    encoder.write_long(2)
    for key, value in (("avro.schema", json.dumps(said)), ("avro.codec", codec)):
        encoder.write_utf8(key)
        encoder.write_bytes(value.encode())
    encoder.write_long(0)
    out.write(sync)
    encoder.write_long(len(rows))
    encoder.write_bytes(body.getvalue())
    out.write(sync)
    with open(os.path.join(FOLDER, name + ".avro"), "wb") as file:
        file.write(out.getvalue())


def record(name, *fields):
    return {"type": "record", "name": name, "fields": [{"name": f[0], "type": f[1]} for f in fields]}


def connect(base, name):
    return {"type": base, "connect.version": 1, "connect.name": name}


def debezium(base, name):
    return connect(base, "io.debezium.time." + name)


def kafka(base, name):
    return connect(base, "org.apache.kafka.connect.data." + name)


def variable_scale():
    schema = record("VariableScaleDecimal", ("scale", "int"), ("value", "bytes"))
    return {**schema, "namespace": "io.debezium.data", "connect.version": 1, "connect.name": "io.debezium.data.VariableScaleDecimal"}


def scaled(unscaled, scale):
    return {"scale": scale, "value": unscaled.to_bytes((unscaled.bit_length() + 8) // 8, "big", signed=True)}


def types():
    schema = record(
        "types",
        ("id", "int"),
        ("d", debezium("int", "Date")),
        ("t", debezium("int", "Time")),
        ("t_micro", debezium("long", "MicroTime")),
        ("t_nano", debezium("long", "NanoTime")),
        ("ts", debezium("long", "Timestamp")),
        ("ts_micro", debezium("long", "MicroTimestamp")),
        ("ts_nano", ["null", debezium("long", "NanoTimestamp")]),
        ("ts_zoned", debezium("string", "ZonedTimestamp")),
        ("t_zoned", debezium("string", "ZonedTime")),
        ("amount", ["null", variable_scale()]),
        ("doc", ["null", connect("string", "io.debezium.data.Json")]),
        ("k_date", kafka("int", "Date")),
        ("k_time", kafka("int", "Time")),
        ("k_ts", kafka("long", "Timestamp")),
        ("year", debezium("int", "Year")),
    )
    row = {
        "id": 1, "d": DAY, "t": OF_DAY * 1000 + 250, "t_micro": OF_DAY * 10**6 + 250001, "t_nano": OF_DAY * 10**9 + 250001000,
        "ts": SECOND * 1000 + 250, "ts_micro": SECOND * 10**6 + 250001, "ts_nano": SECOND * 10**9 + 250001000,
        "ts_zoned": "2021-07-27T16:02:08.250001Z", "t_zoned": "16:02:08+02:00", "amount": scaled(-1234567, 3), "doc": '{"a": [1, 2]}',
        "k_date": DAY, "k_time": OF_DAY * 1000, "k_ts": SECOND * 1000, "year": 2021,
    }
    write("types", schema, [row, {**row, "id": 2, "ts_nano": None, "doc": None, "amount": None}, {**row, "id": 3, "amount": scaled(15, -2)}])


def envelope():
    value = record("Value", ("id", "int"), ("name", ["null", "string"]), ("created", debezium("long", "MicroTimestamp")),
                   ("amount", variable_scale()), ("tags", {"type": "array", "items": "string"}))
    source = record("Source", ("connector", "string"), ("lsn", ["null", "long"]))
    schema = record("Envelope", ("before", ["null", value]), ("after", ["null", "Value"]), ("source", source), ("op", "string"),
                    ("ts_ms", ["null", "long"]))

    def row(number, name):
        return {"id": number, "name": name, "created": SECOND * 10**6 + number, "amount": scaled(number * 125, 2), "tags": ["a", str(number)]}

    about = {"connector": "postgresql", "lsn": 24023128}
    write("envelope", schema, [
        {"before": None, "after": row(1, "Ann"), "source": about, "op": "c", "ts_ms": SECOND * 1000},
        {"before": row(1, "Ann"), "after": row(2, None), "source": about, "op": "u", "ts_ms": None},
        {"before": row(2, "Bob"), "after": None, "source": about, "op": "d", "ts_ms": SECOND * 1000},
    ])


def numbers():
    def decimal(precision, scale):
        return {"type": "bytes", "logicalType": "DECIMAL", "precision": precision, "scale": scale}

    schema = record("numbers", ("ms", "long"), ("day", "int"), ("part", "bytes"), ("whole", "bytes"))
    said = record("numbers", ("ms", {"type": "long", "logicalType": "timestamp-millis"}), ("day", {"type": "int", "logicalType": "date"}),
                  ("part", decimal(10, 2)), ("whole", decimal(40, 0)))
    said = json.loads(json.dumps(said).replace("DECIMAL", "decimal"))
    write_as("numbers", said, schema, [{"ms": SECOND * 1000 + 1, "day": DAY, "part": (-1010).to_bytes(2, "big", signed=True),
                                        "whole": (10**30).to_bytes(13, "big", signed=True)}])


def beside():
    schema = record("beside", ("id", "int"), ("tags", {"type": "array", "items": "string"}), ("more", {"type": "map", "values": "int"}))
    said = {"type": "record", "name": "beside", "fields": [
        {"name": "id", "type": "int"}, {"name": "tags", "type": "array", "items": "string", "default": []},
        {"name": "more", "type": "map", "values": "int", "doc": "counts"}]}
    write_as("beside", said, schema, [{"id": 1, "tags": ["x", "y"], "more": {"a": 7}}])


def files():
    schema = record("one", ("id", "int"))
    write("one", schema, [{"id": 1}, {"id": 2}])
    with open(os.path.join(FOLDER, "one.avro"), "rb") as file:
        data = file.read()
    with open(os.path.join(FOLDER, "joined.avro"), "wb") as file:
        file.write(data + data)
    with open(os.path.join(FOLDER, "negative.avro"), "wb") as file:
        file.write(data + b"Oops")
    write_as("lz4", schema, schema, [{"id": 1}], "lz4")


for make in (types, envelope, numbers, beside, files):
    make()
