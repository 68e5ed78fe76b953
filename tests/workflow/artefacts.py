"""Files that the stages of a project have made, and their bytes that are the same each time."""

from pipeline.jobs.records import read_record

UNVERIFIED = ("logs", "benchmarks", "unfinished", "runs.csv", ".runs.lock")  # logs, times, and what is under way


def artefacts(folder):
    """Return the files that stages wrote, without those that no result depends on."""
    files = [path for room in ("results", "reports") for path in sorted((folder / room).rglob("*")) if path.is_file()]
    made = [path for path in files if path.relative_to(folder).parts[1] not in (*UNVERIFIED, "reference", "evidence")]
    return [path for path in made if path.name not in ("settings.json", "page.html", "report.py")]


def content(project):
    """Return the bytes of all artefacts; of records what does not depend on time and place."""
    found = {}
    for path in artefacts(project.path):
        name = path.relative_to(project.path)
        if name.name == "record.json" or name.parts[1] == "records":
            record = read_record(path)
            when_and_where = {"made", *(["outputs"] if name.name == "report.json" else [])}
            found[name] = {key: value for key, value in record.items() if key not in when_and_where}
        elif name.name not in ("provenance.json", "report.html"):  # which say when and where
            found[name] = path.read_bytes()
    return found
