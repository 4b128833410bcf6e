// The page around the picture: fold, point at, search, and change the size.
"use strict";

(function () {
  const graph = JSON.parse(document.getElementById("graph").textContent);
  const boxes = new Map(graph.boxes.map((box) => [box.id, box]));
  const groups = graph.boxes.filter((box) => box.kind === "counter" || box.kind === "plugin");
  const picture = document.getElementById("picture");
  const told = document.getElementById("told");
  const search = document.getElementById("search");
  const found = document.getElementById("found");
  const elk = new ELK();
  const folded = new Set(graph.folded);
  let visible = null, zoom = null, drawing = 0, pinned = null;

  async function show(focus) {
    const turn = (drawing += 1);
    picture.setAttribute("aria-busy", "true");
    // The browser shows that it is busy before it is.
    await new Promise((resolve) => setTimeout(resolve, 20));
    const svg = await HitCounterPicture.make(graph, folded, elk, { touch: true });
    if (turn !== drawing) return;
    visible = HitCounterPicture.fold(graph, folded);
    picture.innerHTML = svg;
    picture.removeAttribute("aria-busy");
    resize();
    mark();
    for (const button of document.querySelectorAll("[data-detail]")) {
      button.setAttribute("aria-pressed", String(isDetail(button.dataset.detail)));
    }
    const element = focus && find(focus);
    if (element) {
      element.focus({ preventScroll: true });
      element.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    document.documentElement.dataset.drawn = String(turn);
  }

  // ---- fold ----

  function listFolded(detail) {
    const kinds = { counters: ["counter", "plugin"], plugins: ["plugin"], resources: [] }[detail];
    return groups.filter((box) => kinds.includes(box.kind)).map((box) => box.id);
  }

  function isDetail(detail) {
    const ids = listFolded(detail);
    return ids.length === folded.size && ids.every((id) => folded.has(id));
  }

  function setDetail(detail) {
    folded.clear();
    listFolded(detail).forEach((id) => folded.add(id));
    show();
  }

  function toggle(id) {
    if (!folded.delete(id)) folded.add(id);
    show(id);
  }

  // ---- point at ----

  function find(id) {
    return [...picture.querySelectorAll("[data-id]")].find((element) => element.dataset.id === id);
  }

  function choose(id) {
    for (const edge of picture.querySelectorAll(".edge")) {
      const is_near = leads(edge.dataset.source, edge.dataset.target, id) || leads(edge.dataset.target, edge.dataset.source, id);
      edge.classList.toggle("near", is_near);
      edge.classList.toggle("faint", !is_near && !search.value);
    }
    for (const element of picture.querySelectorAll("[data-id]")) {
      element.classList.toggle("chosen", element.dataset.id === id);
    }
    tell(boxes.get(id));
  }

  // Whether something leads from a box, or from within it, to without.
  function leads(from, to, id) {
    return isWithin(from, id) && !isWithin(to, id);
  }

  function isWithin(box, id) {
    return box === id || (boxes.get(box).parent !== null && isWithin(boxes.get(box).parent, id));
  }

  function leave() {
    for (const element of picture.querySelectorAll(".near, .faint, .chosen")) {
      element.classList.remove("near", "faint", "chosen");
    }
    mark();
    if (pinned && find(pinned)) choose(pinned);
  }

  function tell(box) {
    told.replaceChildren(make("h2", box.label), make("p", box.note));
    if (box.place) told.append(make("p", box.place, "place"));
    list("Needs", visible.edges.filter((edge) => leads(edge.source, edge.target, box.id)), "target");
    list("Is needed by", visible.edges.filter((edge) => leads(edge.target, edge.source, box.id)), "source");
    if (box.definition) told.append(make("pre", box.definition));
    told.scrollTop = 0;
  }

  function list(title, edges, end) {
    if (!edges.length) return;
    const items = make("ul", "");
    for (const edge of edges) {
      const item = make("li", "");
      item.append(make("b", boxes.get(edge[end]).label), " ", make("span", edge.detail.split("\n").join("; ")));
      items.append(item);
    }
    told.append(make("h3", title), items);
  }

  function make(tag, text, kind) {
    const element = document.createElement(tag);
    element.textContent = text;
    if (kind) element.className = kind;
    return element;
  }

  // ---- search ----

  function listFound() {
    const wanted = search.value.trim().toLowerCase();
    if (!wanted) return [];
    return graph.boxes.filter((box) =>
      [box.label, box.note, isGroup(box) ? "" : box.definition].some((text) => text.toLowerCase().includes(wanted)));
  }

  function isGroup(box) {
    return box.kind === "counter" || box.kind === "plugin";
  }

  // What is found is marked where it is seen, or else on the folded group that holds it.
  function mark() {
    const hits = listFound();
    const shown = new Set(hits.map((box) => seenAs(box)));
    for (const element of picture.querySelectorAll("[data-id]")) {
      element.classList.toggle("found", shown.has(element.dataset.id));
      element.classList.toggle("faint", Boolean(search.value.trim()) && !shown.has(element.dataset.id));
    }
    for (const edge of picture.querySelectorAll(".edge")) {
      edge.classList.toggle("faint", Boolean(search.value.trim()));
    }
    found.textContent = search.value.trim() ? `${hits.length} found` : "";
  }

  function seenAs(box) {
    let seen = box.id;
    for (let parent = box.parent; parent !== null; parent = boxes.get(parent).parent) {
      if (folded.has(parent)) seen = parent;
    }
    return seen;
  }

  function open() {
    const hits = listFound();
    for (const hit of hits) {
      for (let parent = hit.parent; parent !== null; parent = boxes.get(parent).parent) folded.delete(parent);
    }
    if (hits.length) show(hits[0].id);
  }

  // ---- size ----

  function resize() {
    const svg = picture.querySelector("svg");
    const box = svg.viewBox.baseVal;
    // At first as wide as the page, as long as it can be read.
    zoom = zoom || Math.max(0.6, Math.min(1, picture.clientWidth / box.width));
    svg.setAttribute("width", box.width * zoom);
    svg.setAttribute("height", box.height * zoom);
  }

  function setZoom(how) {
    const box = picture.querySelector("svg").viewBox.baseVal;
    const fit = Math.min(picture.clientWidth / box.width, picture.clientHeight / box.height, 1);
    zoom = { in: Math.min(zoom * 1.25, 4), out: Math.max(zoom / 1.25, 0.1), fit }[how];
    resize();
  }

  // ---- events ----

  function idOf(event) {
    const element = event.target.closest && event.target.closest("[data-id]");
    return element ? element.dataset.id : null;
  }

  function act(id) {
    pinned = id;
    if (isGroup(boxes.get(id))) toggle(id);
    choose(id);
  }

  picture.addEventListener("pointerover", (event) => { const id = idOf(event); if (id) choose(id); });
  picture.addEventListener("pointerout", (event) => { if (idOf(event)) leave(); });
  picture.addEventListener("focusin", (event) => { const id = idOf(event); if (id) choose(id); });
  picture.addEventListener("click", (event) => { const id = idOf(event); if (id) act(id); else { pinned = null; leave(); } });
  picture.addEventListener("keydown", (event) => {
    const id = idOf(event);
    if (id && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      act(id);
    }
  });
  search.addEventListener("input", mark);
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") open(); });
  document.addEventListener("click", (event) => {
    const { detail, zoom: how } = event.target.dataset || {};
    if (detail) setDetail(detail);
    if (how) setZoom(how);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
    }
  });

  show();
})();
