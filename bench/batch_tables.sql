-- The tables of bench/batch: a primary key and two foreign keys; the parents are analyzed.
CREATE EXTENSION pg_ferry;
CREATE TABLE departments (id int PRIMARY KEY, department text NOT NULL);
CREATE TABLE jobs (id int PRIMARY KEY, job text NOT NULL);
INSERT INTO departments SELECT g, 'Department ' || g FROM generate_series(1, 12) g;
INSERT INTO jobs SELECT g, 'Job ' || g FROM generate_series(1, 183) g;
CREATE TABLE hired (id int PRIMARY KEY, name text NOT NULL, datetime timestamptz NOT NULL,
    department_id int NOT NULL REFERENCES departments, job_id int NOT NULL REFERENCES jobs);
ANALYZE departments, jobs;
