"""The graph of a template: its boxes and edges, its hidden secrets, and its output in each format."""

import hashlib
import json
import random
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from macro.cli.graph.draw import start_engine
from macro.cli.graph.fold import fold, set_detail
from macro.cli.graph.model import Box, Edge, Graph, to_data
from tests.support.graphs import HOSTILE, SECRET, SECRETS, make_counters, make_hostile

ROOT = Path(__file__).parents[4]
SAMPLES = sorted(ROOT.glob("samples/*.yaml"))
FORMATS = ("mermaid", "svg", "html", "json")
# SHA-256 of package/lib/elk.bundled.js in elkjs-0.12.1.tgz.
ELK_DIGEST = "b1032b7cfd2a57c54c6f0e8369d7665e19a579954f7cd20a6dae28f1912ea0d7"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def draw(command, tmp_path):
    def run(template, *arguments):
        path = tmp_path / "template.yaml"
        path.write_text(template if isinstance(template, str) else json.dumps(template), "utf-8")
        code, out, err = command("graph", path, *arguments)
        assert (code, err) == (0, "")
        return out

    return run


def read(text):
    data = json.loads(text)
    return {box["id"]: box for box in data["boxes"]}, data["edges"], data["folded"]


def test_a_counter_contains_its_plugins_and_these_contain_their_resources(draw):
    boxes, _, folded = read(draw((ROOT / "samples/minimal.yaml").read_text("utf-8"), "--format", "json"))

    parents = {name.partition(":")[2]: box["parent"] for name, box in boxes.items()}
    assert parents["VisitsTable"] == "plugin:Visits/table"
    assert parents["VisitsPolicy"] == "plugin:Visits/role"
    assert parents["VisitsMethod"] == "plugin:Visits/gateway_rest"
    assert parents["Visits/table"] == "counter:Visits"
    assert boxes["counter:Visits"]["note"] == "HitCounter · 12 resources"
    assert boxes["output:Url"]["parent"] is None
    assert folded == []


def test_each_edge_has_the_form_and_the_path_of_its_reference(draw):
    _, edges, _ = read(draw((ROOT / "samples/plugin/template.yaml").read_text("utf-8"), "--format", "json", *PLUGIN))

    found = {(edge["source"], edge["target"]): (edge["kind"], edge["label"], edge["detail"]) for edge in edges}
    function = "resource:VisitsFunction"
    assert found[function, "resource:VisitsRole"] == ("getatt", "Role", "Properties.Role: Arn")
    assert found[function, "resource:VisitsTable"] == ("env", ".env table", "Properties.Env.table")
    assert found[function, "resource:VisitsTopic"] == ("env", ".env topic", "Properties.Env.topic")
    assert found["output:Topic", "resource:VisitsTopic"] == ("value", "Ref", "Value")
    assert ("sub", "Uri") in [edge[:2] for edge in found.values()]
    assert ("depends", "DependsOn", "DependsOn") in found.values()


PLUGIN = ("--plugin", f"topic={ROOT / 'samples/plugin/hitcounter_topic.py'}")


def test_a_box_has_its_definition_and_the_line_in_the_authors_file(draw):
    boxes, _, _ = read(draw((ROOT / "samples/plugin/template.yaml").read_text("utf-8"), "--format", "json", *PLUGIN))

    assert boxes["counter:Visits"]["place"] == "template.yaml:4: Visits"
    assert boxes["resource:VisitsTopic"]["place"] == "template.yaml:4: Visits"
    assert boxes["output:Topic"]["place"] == "template.yaml:13: Topic"
    assert boxes["resource:VisitsTopic"]["definition"].startswith("VisitsTopic:\n  Type: AWS::SNS::Topic\n")
    assert "Plugin: topic\n" in boxes["plugin:Visits/topic"]["definition"]
    assert "- topic_arn" in boxes["plugin:Visits/topic"]["definition"].replace("[", "- ")


def test_each_stage_has_its_own_groups(draw):
    boxes, _, _ = read(draw((ROOT / "samples/stages.yaml").read_text("utf-8"), "--format", "json"))

    assert boxes["resource:VisitsProdTable"]["parent"] == "plugin:Visits/table/prod"
    assert boxes["plugin:Visits/table/prod"]["label"] == "table · prod"
    assert boxes["resource:VisitsApi"]["parent"] == "plugin:Visits/gateway_rest"
    assert boxes["resource:VisitsProdStage"]["parent"] == "plugin:Visits/gateway_rest/prod"


def test_an_api_that_counters_share_is_outside_of_the_counters(draw):
    properties = "{Path: '%s/{name}', Api: {Share: true}}"
    counters = "".join(f"  {name}: {{Type: HitCounter, Properties: {properties % name}}}\n" for name in ("One", "Two"))
    boxes, _, _ = read(draw(f"Transform: HitCounterMacro\nResources:\n{counters}", "--format", "json"))

    assert boxes["resource:HitCounterRestApi"]["parent"] == "plugin:shared"
    assert boxes["plugin:shared"]["parent"] is None
    assert boxes["resource:TwoMethod"]["parent"] == "plugin:Two/gateway_rest"


def test_a_reference_of_all_resources_is_one_edge_of_the_counter(draw):
    boxes, edges, _ = read(draw((ROOT / "samples/everything.yaml").read_text("utf-8"), "--format", "json"))

    found = [(edge["source"], edge["target"], edge["label"]) for edge in edges]
    assert found.count(("counter:Visits", "resource:Topic", "DependsOn")) == 1
    assert found.count(("counter:Visits", "parameter:Stage", "Tags")) == 1
    assert ("counter:Visits", "parameter:Gateway", "Gateway") in found
    assert [edge for edge in found if edge[1] == "resource:Topic" and edge[0] != "counter:Visits"] == [
        ("resource:VisitsFunction", "resource:Topic", ".env TOPIC")
    ]
    assert "parameter:Size" not in boxes


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("detail", ["resources", "counters"])
def test_no_picture_contains_a_secret(draw, form, detail):
    parameters = ("--parameter", "Given=given-on-the-line")

    text = draw(SECRET, "--format", form, "--detail", detail, *parameters)

    assert [secret for secret in SECRETS if secret in text] == []
    assert form != "json" or ("not-hidden" in text and "${Plain}" in text and "!Ref Key" in text)


def test_a_short_secret_is_hidden_if_it_is_the_whole_value(draw):
    template = "Parameters: {Pin: {Type: Number, NoEcho: true, Default: 7}}\nResources:\n  A:\n    Type: My::A::B\n"
    template += "    Properties: {X: '7', Y: 7, Z: 77, R: !Ref Pin, Is: true}\n"

    boxes, _, _ = read(draw(template, "--format", "json"))

    assert boxes["resource:A"]["definition"].endswith(
        'X: "***"\n    Y: "***"\n    Z: 77\n    R: !Ref Pin\n    Is: true\n'
    )
    assert boxes["parameter:Pin"]["definition"] == 'Pin:\n  Type: Number\n  NoEcho: true\n  Default: "***"\n'


@pytest.mark.parametrize("form", ["mermaid", "json", "html"])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_each_sample_is_drawn_in_each_format(command, sample, form):
    code, out, err = command("graph", sample, "--format", form)

    assert (code, err) == (0, "")
    assert "VisitsTable" in out or "VisitsDevTable" in out


def test_equal_templates_give_equal_pictures(draw):
    template = (ROOT / "samples/minimal.yaml").read_text("utf-8")

    assert draw(template, "--format", "svg") == draw(template, "--format", "svg")
    assert draw(template, "--format", "html") == draw(template, "--format", "html")


def test_hostile_names_stay_text_in_an_svg(draw):
    root = ElementTree.fromstring(draw(make_hostile(), "--format", "svg"))

    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "style", "rect", "g", "title", "path", "polygon", "text", "circle",
    }  # fmt: skip
    shown = [element.text for element in root.iter(f"{SVG}text")]
    assert [name for name in HOSTILE if name not in shown and len(name) < 34] == []


def test_hostile_names_stay_text_in_a_page(draw):
    page = draw(make_hostile(), "--format", "html")

    parts = page.split("<script")
    assert len(parts) == 4
    data = json.loads(parts[1].partition(">")[2].partition("</script>")[0])
    assert [name for name in HOSTILE if f"resource:{name}" not in [box["id"] for box in data["boxes"]]] == []
    assert page.count("</script>") == 3
    assert "{{" not in page.partition("<body")[0]


@pytest.mark.parametrize(
    ("count", "kinds"), [(2, set()), (3, {"plugin"}), (12, {"plugin"}), (13, {"counter", "plugin"})]
)
def test_many_counters_are_folded(draw, count, kinds):
    boxes, _, folded = read(draw(make_counters(count), "--format", "json"))

    assert {boxes[name]["kind"] for name in folded} == kinds
    assert {box["kind"] for box in boxes.values()} == {"counter", "plugin", "resource", "output"}


def test_a_folded_counter_is_one_box_with_all_edges_of_its_resources(draw):
    text = draw(make_counters(13), "--format", "mermaid")

    assert text.count("subgraph") == 0
    assert '["Visits<br/><small>HitCounter · 11 resources</small>"]:::counter_' in text
    assert text.count('==>|".env TOPIC"|') == 13


def test_the_page_and_the_command_fold_alike():
    generator = random.Random(1)
    engine = start_engine()

    for _ in range(60):
        graph = make_random(generator)
        engine.set("data", json.dumps(to_data(graph)))
        script = "var g = JSON.parse(data); JSON.stringify(HitCounterPicture.fold(g, new Set(g.folded)))"
        folded = fold(graph)

        data = json.loads(engine.eval(script))

        assert [box["id"] for box in data["boxes"]] == [box.id for box in folded.boxes]
        assert data["edges"] == [edge._asdict() for edge in folded.edges]


def make_random(generator):
    """A random graph: three levels of boxes, edges between any two boxes, and some folded groups."""
    counters = [Box(f"c{n}", "counter", "counter", "", "") for n in range(3)]
    plugins = [Box(f"p{n}", "plugin", "plugin", "", "", generator.choice([None, "c0", "c1", "c2"])) for n in range(6)]
    holders = [None, *(box.id for box in plugins)]
    leaves = [Box(f"r{n}", "resource", "other", "", "", generator.choice(holders)) for n in range(12)]
    boxes = [*counters, *plugins, *leaves]
    kinds = ("ref", "getatt", "sub", "depends", "env", "value")
    edges = [
        Edge(generator.choice(boxes).id, generator.choice(boxes).id, generator.choice(kinds), label, label + "!")
        for label in generator.choices(["", "Arn", "Role", "Uri", "Ref"], k=25)
    ]
    groups = [box.id for box in boxes if box.kind != "resource"]
    return Graph("random", boxes, edges, generator.sample(groups, generator.randint(0, 6)))


def test_detail_folds_the_groups_that_it_leaves_out():
    graph = Graph("t", [Box("c", "counter", "counter", "c", ""), Box("p", "plugin", "plugin", "p", "", "c")], [])

    assert [set_detail(graph, detail).folded for detail in ("auto", "resources", "plugins", "counters")] == [
        [], [], ["p"], ["c", "p"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "start"),
    [("a.html", "<!DOCTYPE html>"), ("a.SVG", "<svg "), ("a.json", "{\n"), ("a.md", "%% ")],
)
def test_the_file_name_extension_selects_the_format(draw, tmp_path, name, start):
    assert draw(make_counters(1), "-o", tmp_path / name) == ""

    assert (tmp_path / name).read_text("utf-8").startswith(start)


def test_problems_are_reported_and_nothing_is_written(command, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(
        "Transform: HitCounterMacro\nResources:\n  A: {Type: HitCounter, Properties: {Shards: 0}}\n", "utf-8"
    )

    code, out, err = command("graph", path, "-o", tmp_path / "a.svg")

    assert (code, out) == (1, "")
    assert err.endswith("1 problem; nothing was written\n")
    assert not (tmp_path / "a.svg").exists()


def test_a_template_without_counters_is_drawn_too(draw):
    text = draw("Resources:\n  A: {Type: AWS::SNS::Topic}\n  B: {Type: My::B::C, DependsOn: A}\n")

    assert text.splitlines()[1:5] == [
        "flowchart TB",
        '  b0["A<br/><small>AWS::SNS::Topic</small>"]:::message_',
        '  b1["B<br/><small>My::B::C</small>"]:::other_',
        '  b1 -.->|"DependsOn"| b0',
    ]


ODD = {
    "Parameters": {"P": None, "Q": {"Type": 5, "NoEcho": True, "Default": [1]}, "R": {"Type": "String"}},
    "Resources": {
        "A": None,
        "B": [1, {"Ref": "R"}],
        "C": {"Type": 7, "DependsOn": [["A"], "A", 3]},
        "D": {"Type": "My::D::D", "Properties": {"X": {"Ref": ["A"]}, "Y": {"Fn::GetAtt": ["C", {"Ref": "R"}]}}},
        "E": {
            "DependsOn": {"A": 1},
            "Properties": {"Z": {"Fn::Sub": ["${C}${V}", {"V": {"Ref": "R"}}]}, "P": {"Ref": "P"}},
        },
        "F": {"DependsOn": "F", "Properties": {"Self": {"Ref": "F"}, "Empty": {"Fn::Sub": []}, "Q": {"Ref": "Q"}}},
    },
    "Outputs": {"O": None, "N": {"Value": {"Ref": "R"}}},
}


def test_an_invalid_template_is_drawn_as_far_as_possible(draw):
    boxes, edges, _ = read(draw(ODD, "--format", "json"))

    found = [(edge["source"][-1], edge["target"][-1], edge["kind"], edge["label"]) for edge in edges]
    assert found == [
        ("B", "R", "ref", ""),
        ("C", "A", "depends", "DependsOn"),
        ("D", "C", "getatt", "Y"),
        ("D", "R", "ref", "Y"),
        ("E", "C", "sub", "Z"),
        ("E", "R", "ref", "V"),
        ("E", "P", "ref", "P"),
        ("F", "Q", "ref", "Q"),
        ("N", "R", "value", "Ref"),
    ]
    assert boxes["resource:A"]["definition"] == "A: null\n"
    for form in FORMATS:
        assert draw(ODD, "--format", form)


def test_an_svg_without_quickjs_is_reported_with_a_remedy(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "quickjs", None)

    code, out, err = command("graph", ROOT / "samples/minimal.yaml", "--format", "svg")

    assert (code, out) == (1, "")
    assert err == "--format svg needs the package quickjs-ng; run 'pip install quickjs-ng', or use --format html\n"


def test_elk_is_unchanged_and_has_its_licence():
    folder = ROOT / "macro/cli/graph/elk"

    assert (folder / "LICENSE.txt").read_text("utf-8").startswith("# Eclipse Public License - v 2.0")
    assert "elkjs 0.12.1" in (folder / "NOTICE.txt").read_text("utf-8")
    assert hashlib.sha256((folder / "elk.bundled.js").read_bytes()).hexdigest() == ELK_DIGEST
