"""Pages of the documentation that follow from declarations: the settings, the stages, what is known by name, and what
is installed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.config.objectives import OBJECTIVES
from pipeline.config.params import read_params
from pipeline.config.references import PROJECT, names_in, source_of
from pipeline.config.run import Run
from pipeline.config.schema import schema
from pipeline.config.training_settings import TrainingSettings
from pipeline.datasets.catalog import KNOWN
from pipeline.jobs.chain import STAGES
from pipeline.licences import licence_of, locked
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout
from pipeline.planning.plan import Plan
from pipeline.reporting.figures import FIGURES
from twin_alignment.measures.registry import MEASURES

MADE = "<!-- Made by `make reference` from the declarations; do not edit. -->\n"
NAMED = {  # a part of the settings -> where it stands in a settings file
    "Params": "The whole file",
    "DatasetSpec": "`datasets:`, of each name",
    "ViewRecipe": "`views:` of a dataset",
    "TrainingSettings": "`training:`",
    "ProbeSettings": "`probes:`",
    "TheorySettings": "`theory:`",
    "DescentSettings": "`simulation:` of the theory",
    "SurrogateSettings": "`surrogate:` of the theory",
    "Experiment": "`experiments:`, of each name",
    "ClaimRule": "`claims:`, of each name",
}


def settings_page() -> str:
    """Every setting with what is allowed, its default and its meaning, from the schema."""
    found = schema()
    parts = {"Params": found, **found["$defs"]}
    run = Run.model_json_schema()
    own = {name: value for name, value in run["properties"].items() if name not in TrainingSettings.model_fields}
    sections = [_section(place, parts[name]) for name, place in NAMED.items()]
    sections.append(_section("An entry of an experiment's `grid:`", {**run, "properties": own}))
    return _page(
        "Settings",
        "All that a settings file may say, made from `pipeline/config/`. Defaults are the paper's where it has the "
        "setting; `params.yaml` sets some of them otherwise. [The paper's text and its code](../settings.md) says "
        "where these two differ. An entry of a grid may also set anything of `training:`, and a list stands for one "
        "run of each value.",
        sections,
    )


def _section(title: str, part: Mapping[str, Any]) -> str:
    required = part.get("required", ())
    rows = [
        (
            _code(name),
            allowed(value),
            "required" if name in required else _default_cell(value.get("default")),
            value.get("description", ""),
        )
        for name, value in part["properties"].items()
    ]
    return f"## {title}\n\n{part.get('description', '')}\n\n{_table(('setting', 'allowed', 'default', ''), rows)}"


def allowed(value: Mapping[str, Any]) -> str:
    """In words, what a property of a JSON schema may be."""
    if "enum" in value:
        return ", ".join(_code(name) for name in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    if "$ref" in value:
        return f"settings, {NAMED[value['$ref'].rpartition('/')[2]]}"
    if "anyOf" in value:
        return " or ".join(allowed(one) for one in value["anyOf"])
    if "pattern" in value:
        return "`FILE.py:FUNCTION`"
    kind = value.get("type")
    if kind == "array" and "prefixItems" in value:
        return f"[{', '.join(allowed(one) for one in value['prefixItems'])}]"
    if kind == "array":
        return f"list of {allowed(value['items'])}"
    if kind == "object" and isinstance(value.get("additionalProperties"), Mapping):
        return f"by name: {allowed(value['additionalProperties'])}"
    words = {"string": "text", "null": "`null`", "boolean": "true or false", "object": "settings by name"}
    words |= {"integer": "whole number", "number": "number"}
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = [f"{sign} {value[limit]:g}" for limit, sign in signs.items() if limit in value]
    return " ".join((words.get(str(kind), "anything"), ", ".join(limits))).strip()


def _default_cell(value: Any) -> str:
    if isinstance(value, dict):
        return "theirs" if value else ""
    return _code(_default(value))


def _default(value: Any) -> str:
    """A value as a settings file has it."""
    if isinstance(value, list):
        return f"[{', '.join(map(_default, value))}]"
    if isinstance(value, float):
        return f"{value:g}"
    return {None: "null", True: "true", False: "false"}.get(value, str(value))


def stages_page() -> str:
    """Every stage with its subject, what decides it, what it reads and what it writes, from the declarations and the
    default plan."""
    default = read_params(PROJECT / "params.yaml")
    own = {"own": default.experiments["table1"]}  # stages of one's own experiments have a subject too
    known = plan(default.model_copy(update={"experiments": default.experiments | own}))
    sections = [_stage(name, known) for name in STAGES]
    return _page(
        "Stages",
        "Made from `pipeline/jobs/declared.py`. Each is a command, `python -m pipeline STAGE`, with its subject's "
        "name behind it, and a rule of the workflow. With what it writes lies "
        "[a record](../records.md). `results` and `reports` are the folders that the settings name, `<name>` is the "
        "short name of a subject. What is read is listed for the default settings.",
        sections,
    )


def _stage(name: str, known: Plan) -> str:
    stage = STAGES[name]
    job = stage.job(known, next(iter(stage.subjects(known))))
    place = Layout(Path("results"), Path("reports")).place(stage, "<name>" if stage.subject else "")
    facts = [
        ("called with", f"the name of a {stage.subject}" if stage.subject else "nothing: one for all of the settings"),
        ("decided by", ", ".join(f"`{field}`" for field in type(job).model_fields)),
        ("reads", ", ".join([*(f"`{kind}`" for kind in stage.reads(job)), *map(_code, stage.files.values())]) or "–"),
        *((f"writes `{kind}`", _code(path.as_posix())) for kind, path in place.outputs.items()),
    ]
    more = ["computes on an accelerator where there is one (`--device`)"] * stage.uses_device
    more += ["goes on where it was interrupted"] * stage.is_resumable
    help = f"{stage.help[0].upper()}{stage.help[1:]}"
    return "\n\n".join(filter(None, (f"## {name}", help, _table(("", ""), facts), "; ".join(more).capitalize())))


def names_page() -> str:
    """Objectives, encoders, datasets, measures, figures and claims."""
    from pipeline.reporting.claims import CLAIMS  # noqa: PLC0415  (pandas takes half a second)
    from pipeline.reporting.verdicts import rule_text  # noqa: PLC0415

    objectives = [
        (
            _code(name),
            one.labels,
            one.head,
            ", ".join(one.independent_randomness) or "nothing",
            _code(one.function.removeprefix("twin_alignment.losses.")),
        )
        for name, one in OBJECTIVES.items()
    ]
    datasets = [
        (_code(name), spec.classes or "counted", f"{spec.size} pixels" if spec.size else "as they are", spec.licence)
        for name, spec in KNOWN.items()
    ]
    measures = [(_code(name), one.long_label, _yes(one.table), _yes(one.drawn)) for name, one in MEASURES.items()]
    figures = [(_code(name), ", ".join(map(_code, one.experiments)), one.caption) for name, one in FIGURES.items()]
    claims = [
        (_code(name), claim.source, claim.statement, claim.quantity, f"holds if {rule_text(claim.rule)}", claim.control)
        for name, claim in CLAIMS.items()
    ]
    head = ("name", "labels", "reads", "draws for itself", "in `twin_alignment/losses/`")
    sections = [
        f"## Objectives\n\n{_table(head, objectives)}",
        f"## Encoders\n\n{_table(('name', ''), [(_code(n), _about(n)) for n in names_in('pipeline/models/encoders')])}",
        f"## Datasets\n\n{_table(('name', 'classes', 'stored size', 'licence'), datasets)}",
        f"## Measures\n\n{_table(('name', '', 'in tables', 'in figures'), measures)}",
        f"## Figures\n\n{_table(('name', 'experiments', 'what it shows'), figures)}",
        f"## Claims\n\n{_table(('name', 'of', 'statement', 'quantity', 'rule', 'control'), claims)}",
    ]
    about = "What settings and commands may name, made from the entries and files in which each is declared. "
    return _page("Names", f"{about}[Adding one](../extending.md) says where.", sections)


def licences_page() -> str:
    """Every package that `make setup` installs."""
    rows = sorted({(_code(name), version, licence_of(name)) for name, version in locked(PROJECT)})
    about = (
        "What `make setup` installs, with the licence that each package states in its metadata. The project itself is "
        "under the MIT licence, and none of these is part of it; datasets have terms of their own: [Names](names.md)."
    )
    return _page("Licences", about, [_table(("package", "version", "licence"), rows)])


def _about(encoder: str) -> str:
    """First paragraph of its file's docstring."""
    path = source_of(f"pipeline.models.encoders.{encoder}")
    assert path is not None  # it was listed from its folder
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n\n")[0]


def _yes(value: bool) -> str:
    return "yes" if value else ""


def _code(text: str) -> str:
    return f"`{text}`"


def _page(title: str, about: str, sections: Iterable[str]) -> str:
    return "\n\n".join((f"{MADE}\n# {title}", about, *sections)) + "\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(value: Any) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")


PAGES: Mapping[str, Callable[[], str]] = {
    "settings": settings_page,
    "stages": stages_page,
    "names": names_page,
    "licences": licences_page,
}


def write_pages(folder: Path) -> None:
    """All of them, as files of a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (folder / f"{name}.md").write_text(page(), encoding="utf-8")
