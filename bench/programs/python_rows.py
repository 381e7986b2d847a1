"""Loads a CSV file as a Python program would, with psycopg2 and savepoints. Usage: python_rows.py FILE REPORT rows|batches

It commits every thousand rows: each row locks its parents in a subtransaction of its own, and a parent that thousands of them hold takes
longer and longer.

By rows each row has a savepoint; by batches a statement has a hundred rows, and one that fails is tried again in
halves. The report has a line for each row that the server refused.
"""
import csv
import sys

import psycopg2
from psycopg2.extras import execute_values

COLUMNS = '(id, name, hired_at, department_id, job_id)'
BATCH_ROWS = 100
COMMIT_ROWS = 1000


class Loader:
    def __init__(self, cursor, report):
        self.cursor = cursor
        self.report = report

    def refused(self, number, error):
        self.cursor.execute('ROLLBACK TO SAVEPOINT row')
        self.report.write(f'line {number}: {error.pgcode}: {error.diag.message_primary}\n')

    def row(self, number, values):
        try:
            self.cursor.execute(f'SAVEPOINT row; INSERT INTO scenario.staff {COLUMNS} VALUES (%s, %s, %s, %s, %s); RELEASE SAVEPOINT row', values)
        except psycopg2.Error as error:
            self.refused(number, error)

    def batch(self, rows):
        try:
            self.cursor.execute('SAVEPOINT row')
            execute_values(self.cursor, f'INSERT INTO scenario.staff {COLUMNS} VALUES %s', [values for _, values in rows], page_size=BATCH_ROWS)
            self.cursor.execute('RELEASE SAVEPOINT row')
        except psycopg2.Error as error:
            if len(rows) == 1:
                self.refused(rows[0][0], error)
                return
            self.cursor.execute('ROLLBACK TO SAVEPOINT row')
            self.batch(rows[:len(rows) // 2])
            self.batch(rows[len(rows) // 2:])


def main():
    path, report_path, way = sys.argv[1:4]
    connection = psycopg2.connect('')
    with open(path, encoding='utf-8', newline='') as file, open(report_path, 'w', encoding='utf-8') as report, connection.cursor() as cursor:
        loader = Loader(cursor, report)
        reader = csv.reader(file)
        rows = []
        for number, record in enumerate(reader):
            if number % COMMIT_ROWS == 0:
                connection.commit()
            values = [value if value != '' else None for value in record]
            if way == 'rows':
                loader.row(reader.line_num, values)
                continue
            rows.append((reader.line_num, values))
            if len(rows) == BATCH_ROWS:
                loader.batch(rows)
                rows = []
        if rows:
            loader.batch(rows)
    connection.commit()


if __name__ == '__main__':
    main()
