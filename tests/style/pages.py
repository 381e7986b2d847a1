#!/usr/bin/env python3
"""Rules for README.md and the guides that a machine can check: links, languages of blocks, the list of pages, the table of SQLSTATEs.

pages.py [PG_CONFIG] prints what breaks a rule and fails; run by ctest. From the server come the names of SQLSTATEs
pages.py --not-run   lists the examples that no test runs, and why
"""
import functools
import pathlib
import re
import subprocess
import sys

repo = pathlib.Path(__file__).resolve().parents[2]
pages = [repo / "README.md", repo / "CONTRIBUTING.md", *sorted((repo / "docs").glob("*.md"))]
# console and sql are run by tests/tap/doc_examples.pl, and so are files in other languages
languages = {"", "text", "console", "sql", "sh", "ini", "json", "python", "java", "javascript", "go", "scala"}
problems = []


def problem(page, line, what):
    problems.append(f"{page.relative_to(repo)}:{line}: {what}")


@functools.cache
def anchors(page):
    """What GitHub makes of the headings of a page."""
    found, fenced = set(), False
    for line in page.read_text().splitlines():
        fenced ^= line.lstrip().startswith("```")
        heading = re.match(r"#+ (.*)", line)
        if heading and not fenced:
            text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            found.add(re.sub(r"[^\w\- ]", "", text).replace(" ", "-"))
    return found


def check_links(page):
    text = re.sub(r"^( *)```.*?^\1```$", lambda block: "\n" * block[0].count("\n"), page.read_text(), flags=re.M | re.S)
    for link in re.finditer(r"\]\(([^)\s]+)\)", text):
        target, _, anchor = link[1].partition("#")
        line = text.count("\n", 0, link.start()) + 1
        if re.match(r"https?:", target):
            continue
        file = (page.parent / target).resolve() if target else page
        if not file.exists():
            problem(page, line, f"{target} is not there")
        elif anchor and file.suffix == ".md" and anchor not in anchors(file):
            problem(page, line, f"{target} has no heading #{anchor}")


def check_blocks(page, not_run):
    marks, language = [], None
    for number, line in enumerate(page.read_text().splitlines(), 1):
        fence = re.match(r" *```(\w*)$", line)
        if fence and language is None:
            language = fence[1]
            if language not in languages:
                problem(page, number, f"language {language} is not known")
            not_run += [f"{page.relative_to(repo)}:{number}: {mark}" for mark in marks]
            marks = []
        elif fence:
            language = None
        elif language is None and line:
            mark = re.match(r"<!-- (not run|run if): (.*) -->$", line)
            marks = [*marks, f"{mark[1]}: {mark[2]}"] if mark else marks if line.startswith("<!-- file:") else []
        elif language not in (None, "console") and re.match(r" *(\$|ferry=[#>]) ", line):
            problem(page, number, "a session in a block that is not ```console")


def sqlstates(pg_config):
    """Those that the sources raise or know, by their five characters or by the server's names for them."""
    sources = [path.read_text() for folder in ("src", "extension") for path in (repo / folder).rglob("*.?pp")]
    sources += [path.read_text() for path in (repo / "extension").glob("*.sql")]
    text = "\n".join(sources)
    found = {state for state in re.findall(r"[\"']([0-9A-Z]{5})[\"']", text) if re.search(r"\d", state)}
    try:
        folder = subprocess.run([pg_config, "--sharedir"], capture_output=True, check=True, text=True).stdout.strip()
        codes = pathlib.Path(folder, "errcodes.txt").read_text()
    except (OSError, subprocess.CalledProcessError):
        return found
    names = set(re.findall(r"\bERRCODE_\w+", text))
    conditions = set(re.findall(r"ERRCODE = '(\w+)'", text))
    for state, name, condition in re.findall(r"^(\w{5})\s+[EWS]\s+(ERRCODE_\w+)\s*(\w*)", codes, re.M):
        if name in names or condition in conditions:
            found.add(state)
        conditions.discard(condition)  # PL/pgSQL takes the first of a name
    return found


def main():
    not_run = []
    for page in pages:
        check_links(page)
        check_blocks(page, not_run)
    if "--not-run" in sys.argv:
        print("\n".join(not_run))
        return 0
    guide = (repo / "docs/README.md").read_text()
    for page in pages:
        if page.parent.name == "docs" and page.name != "README.md" and f"({page.name}" not in guide:
            problem(page, 1, "docs/README.md does not lead here")
    for script in sorted((repo / "extension").glob("*.sql")):
        for page in set(re.findall(r"docs/\w+\.md", script.read_text())):
            if not (repo / page).exists():
                problem(script, 1, f"{page} is not there")
    known = (repo / "docs/errors.md").read_text()
    for state in sorted(sqlstates(next(iter(sys.argv[1:]), "pg_config"))):
        if not re.search(rf"\b{state}\b", known):
            problem(repo / "docs/errors.md", 1, f"SQLSTATE {state} is raised and not explained")
    print("".join(f"{line}\n" for line in problems), end="")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
