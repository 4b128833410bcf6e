"""The pictures and the page of ``hitcounter graph`` in a real browser."""

import json
from pathlib import Path

import pytest

from tests.corpus.fetch import MERMAID
from tests.support.browser import find_browser, open_browser
from tests.support.graphs import make_counters, make_hostile

ROOT = Path(__file__).parents[4]
BACKGROUND = {"light": (255, 255, 255), "dark": (13, 17, 23)}
SCHEMES = list(BACKGROUND)
TEMPLATES = {"1": (ROOT / "samples/minimal.yaml").read_text("utf-8"), "10": make_counters(10), "45": make_counters(45)}
# The number of boxes and labels, and the layout faults: text outside of its box, and overlapping boxes or labels.
LAYOUT = """(() => {
  const rectangle = (element) => element.getBoundingClientRect();
  const cards = [...document.querySelectorAll(".box")].map((box) => ({
    name: box.textContent, card: rectangle(box.querySelector(".card:not(.behind)")),
    texts: [...box.querySelectorAll("text")].map(rectangle) }));
  const labels = [...document.querySelectorAll(".edge text")].map((text) => ({ name: text.textContent, card: rectangle(text) }));
  const overlap = (one, other) => one.left < other.right - 1 && other.left < one.right - 1 &&
    one.top < other.bottom - 1 && other.top < one.bottom - 1;
  const faults = [];
  for (const { name, card, texts } of cards) {
    if (texts.some((text) => text.left < card.left || text.right > card.right)) faults.push("text outside of the box " + name);
  }
  const all = [...cards, ...labels];
  all.forEach((one, place) => all.slice(place + 1).forEach((other) => {
    if (overlap(one.card, other.card)) faults.push(one.name + " overlaps " + other.name);
  }));
  return [cards.length, labels.length, faults];
})()"""

pytestmark = [pytest.mark.thorough, pytest.mark.skipif(not find_browser(), reason="needs Chromium")]


@pytest.fixture(scope="module")
def browser():
    with open_browser() as page:
        yield page


@pytest.fixture
def draw(command, tmp_path):
    def run(template, form, *arguments):
        source, target = tmp_path / "template.yaml", tmp_path / f"picture.{form}"
        source.write_text(template, "utf-8")
        assert command("graph", source, "-o", target, *arguments) == (0, "", "")
        return target

    return run


@pytest.fixture
def page(browser, draw):
    def run(template, *arguments, **options):
        browser.complaints.clear()
        browser.open(draw(template, "html", *arguments), **options)
        browser.wait_for("document.documentElement.dataset.drawn === '1'")
        return browser

    return run


def box(name):
    return f"document.querySelector('[data-id=\"{name}\"]')"


def count(selector):
    return f"document.querySelectorAll('{selector}').length"


def drawn(count):
    return f"document.documentElement.dataset.drawn === '{count}'"


@pytest.mark.parametrize(("name", "boxes"), [("1", 13), ("10", 61), ("45", 58)])
def test_a_picture_has_readable_boxes_and_labels(browser, draw, tmp_path, name, boxes):
    picture = draw(TEMPLATES[name], "svg")
    for scheme in SCHEMES:
        browser.open(picture, scheme=scheme)
        size = browser.evaluate(
            "[document.documentElement.width, document.documentElement.height].map((l) => l.baseVal.value)"
        )
        browser.resize(*map(int, size))

        browser.shoot(tmp_path / f"{name}-{scheme}.png")

        shown, labels, faults = browser.evaluate(LAYOUT)
        rows = browser.look()
        assert (shown, faults) == (boxes, [])
        assert labels >= 18
        assert size[0] < 3_000
        assert rows[1][1] == BACKGROUND[scheme]
        assert len({colour for row in rows for colour in row}) > 10


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_page_is_readable_and_loads_no_other_file(page, tmp_path, name, scheme):
    shown = page(TEMPLATES[name], scheme=scheme)

    shown.shoot(tmp_path / f"{name}-{scheme}.png")

    assert shown.evaluate(LAYOUT)[2] == []
    assert [url for url in shown.requests if not url.startswith("file:")] == []
    assert len(shown.requests) == 1
    assert shown.complaints == []
    assert shown.look(400, 4)[1][1] == BACKGROUND[scheme]


def test_a_counter_folds_and_unfolds_by_click_and_by_key(page):
    shown = page(TEMPLATES["1"])

    shown.click(box("counter:Visits"))
    shown.wait_for(drawn(2))
    folded = [shown.evaluate(count(".box")), shown.evaluate(f"{box('counter:Visits')}.getAttribute('aria-expanded')")]
    shown.press("Enter")
    shown.wait_for(drawn(3))

    assert folded == [2, "false"]
    assert shown.evaluate(count(".box")) == 13
    assert shown.evaluate("document.activeElement.dataset.id") == "counter:Visits"
    assert shown.evaluate(f"{box('counter:Visits')}.getAttribute('aria-expanded')") == "true"


def test_a_plugin_folds_by_touch(page):
    shown = page(TEMPLATES["1"])

    shown.tap(box("plugin:Visits/gateway_rest"))
    shown.wait_for(drawn(2))

    assert shown.evaluate(count(".box")) == 7
    assert "7 resources" in shown.evaluate("document.getElementById('told').textContent")


def test_pointing_at_a_box_shows_its_definition_and_the_authors_line(page):
    shown = page(TEMPLATES["1"])

    shown.move_to(box("resource:VisitsFunction"))

    details = shown.evaluate("document.getElementById('told').innerText")
    assert details.startswith("VisitsFunction\n")
    assert "template.yaml:4: Visits" in details
    assert "Type: Custom::LambdaFunction" in details
    assert "VisitsTable Properties.Env.table" in details
    assert shown.evaluate("document.querySelectorAll('.edge.near path').length") == 5
    assert shown.evaluate("document.querySelectorAll('.edge.faint').length") > 10


def test_moving_to_a_box_by_key_shows_its_details_too(page):
    shown = page(TEMPLATES["1"])

    shown.evaluate("document.querySelector('[data-zoom=in]').focus()")
    shown.press("Tab")
    first = shown.evaluate("document.activeElement.id || document.activeElement.dataset.id")
    for _ in range(3):
        if shown.evaluate("document.activeElement.dataset.id"):
            break
        shown.press("Tab")
    reached = shown.evaluate("document.activeElement.dataset.id")

    assert first
    assert reached == "counter:Visits"
    assert shown.evaluate("document.querySelector('#told h2').textContent") == "Visits"


def test_search_marks_the_hits_and_enter_unfolds_them(page):
    shown = page(TEMPLATES["45"])

    shown.evaluate("document.getElementById('search').focus()")
    shown.type("DownloadsTable")
    marked = shown.evaluate("[...document.querySelectorAll('.found')].map((element) => element.dataset.id)")
    shown.press("Enter")
    shown.wait_for(drawn(2))

    assert "counter:Downloads" in marked
    assert shown.evaluate("document.getElementById('found').textContent").endswith(" found")
    assert shown.evaluate(f"{box('resource:DownloadsTable')}.classList.contains('found')")
    assert shown.evaluate("document.activeElement.dataset.id").startswith("resource:Downloads")


def test_buttons_change_the_detail_and_the_size(page):
    shown = page(TEMPLATES["1"])
    width = shown.evaluate("document.querySelector('#picture svg').getBoundingClientRect().width")

    shown.click("document.querySelector('[data-detail=plugins]')")
    shown.wait_for(drawn(2))
    plugins = shown.evaluate("[...document.querySelectorAll('.box.plugin .name')].map((text) => text.textContent)")
    shown.click("document.querySelector('[data-detail=resources]')")
    shown.wait_for(drawn(3))
    shown.click("document.querySelector('[data-zoom=in]')")

    assert sorted(plugins) == ["function", "gateway_rest", "log_group", "role", "table"]
    assert shown.evaluate("document.querySelector('[data-detail=resources]').getAttribute('aria-pressed')") == "true"
    assert shown.evaluate("document.querySelector('#picture svg').getBoundingClientRect().width") > width


def test_the_page_runs_no_code_of_a_hostile_template(page):
    shown = page(json.dumps(make_hostile()))

    shown.move_to("document.querySelector('[data-id^=\"resource:<img\"]')")

    assert shown.evaluate("typeof window.hacked") == "undefined"
    assert shown.evaluate("document.querySelectorAll('img').length") == 0
    assert shown.evaluate("document.querySelector('#told h2').textContent").startswith("<img src=x")
    assert shown.complaints == []


@pytest.mark.skipif(not MERMAID.is_file(), reason="run tests/corpus/fetch.py first")
@pytest.mark.parametrize("name", ["1", "10", "45", "hostile"])
def test_mermaid_draws_the_flowchart(browser, command, tmp_path, name):
    source = tmp_path / "template.yaml"
    source.write_text(TEMPLATES.get(name) or json.dumps(make_hostile()), "utf-8")
    text = command("graph", source)[1]
    (tmp_path / "page.html").write_text("<!DOCTYPE html><meta charset=utf-8><div id=picture></div>", "utf-8")
    browser.open(tmp_path / "page.html")
    browser.evaluate(MERMAID.read_text("utf-8") + ";0")

    svg = browser.evaluate(
        f"mermaid.initialize({{startOnLoad: false}}), mermaid.render('drawn', {json.dumps(text)}).then((made) => made.svg)"
    )

    browser.evaluate(f"document.getElementById('picture').innerHTML = {json.dumps(svg)}")
    labels = browser.evaluate("[...document.querySelectorAll('.nodeLabel')].map((label) => label.textContent)")
    assert browser.evaluate("typeof window.hacked") == "undefined"
    assert name != "hostile" or any("</script><script>window.hacked=1</script>" in label for label in labels)
    assert name == "hostile" or any(label.startswith("Visits") for label in labels)
