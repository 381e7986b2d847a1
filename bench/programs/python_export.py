"""Exports a table with python3-avro. Usage: python_export.py TABLE FILE"""

import csv
import json
import subprocess
import sys

import avro.datafile
import avro.io
import avro.schema

TABLE, FILE = sys.argv[1:3]
SCHEMA = json.dumps({"type": "record", "name": TABLE, "fields": [
    {"name": "id", "type": "int"}, {"name": "name", "type": "string"}, {"name": "datetime", "type": "long"},
    {"name": "department_id", "type": "int"}, {"name": "job_id", "type": "int"}]})

QUERY = f"COPY (SELECT id, name, (extract(epoch FROM datetime) * 1000000)::bigint, department_id, job_id FROM {TABLE}) TO STDOUT (FORMAT csv)"
rows = subprocess.Popen(["psql", "-Xqc", QUERY], stdout=subprocess.PIPE, text=True)
with avro.datafile.DataFileWriter(open(FILE, "wb"), avro.io.DatumWriter(), avro.schema.parse(SCHEMA)) as writer:
    for row in csv.reader(rows.stdout):
        writer.append({"id": int(row[0]), "name": row[1], "datetime": int(row[2]), "department_id": int(row[3]), "job_id": int(row[4])})
if rows.wait() != 0:
    sys.exit("psql failed")
