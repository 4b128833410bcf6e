// From a graph's data to an SVG: fold, lay out with ELK, draw. Runs in a browser and in QuickJS alike.
"use strict";

var HitCounterPicture = (function () {
  const FORMS = ["env", "depends", "value"];
  const SHOWN = 2;
  const LONGEST = 34;
  const MOST_DOWN = 2;
  const MIDDLE = ' text-anchor="middle"';

  // ---- fold, as fold.py does ----

  function fold(graph, folded) {
    const boxes = new Map(graph.boxes.map((box) => [box.id, box]));
    const shown = new Map(graph.boxes.map((box) => [box.id, findShown(box, boxes, folded)]));
    const joined = new Map();
    for (const edge of graph.edges) {
      const source = shown.get(edge.source), target = shown.get(edge.target);
      if (source === target) continue;
      const kind = FORMS.includes(edge.kind) ? edge.kind : "ref";
      const key = JSON.stringify([source, target, kind]);
      if (!joined.has(key)) joined.set(key, { source, target, kind, found: [] });
      joined.get(key).found.push(edge);
    }
    const edges = [...joined.values()].map(({ source, target, kind, found }) => ({
      source, target, kind,
      label: join(found.map((edge) => edge.label)),
      detail: [...new Set(found.map((edge) => edge.detail))].join("\n"),
    }));
    return { title: graph.title, boxes: graph.boxes.filter((box) => shown.get(box.id) === box.id), edges };
  }

  function findShown(box, boxes, folded) {
    let shown = box.id;
    for (let parent = box.parent; parent !== null; parent = boxes.get(parent).parent) {
      if (folded.has(parent)) shown = parent;
    }
    return shown;
  }

  function join(labels) {
    const different = [...new Set(labels)].filter((label) => label);
    const rest = different.length - SHOWN;
    return different.slice(0, SHOWN).join(", ") + (rest > 0 ? ` +${rest}` : "");
  }

  // ---- lay out ----

  const OPTIONS = {
    "elk.algorithm": "layered",
    "elk.hierarchyHandling": "INCLUDE_CHILDREN",
    "elk.json.shapeCoords": "ROOT",
    "elk.json.edgeCoords": "ROOT",
    "elk.edgeRouting": "ORTHOGONAL",
    "elk.padding": "[top=24,left=24,bottom=24,right=24]",
    "elk.spacing.nodeNode": "18",
    "elk.spacing.edgeNode": "14",
    "elk.spacing.edgeEdge": "9",
    "elk.spacing.edgeLabel": "3",
    "elk.spacing.componentComponent": "28",
    "elk.layered.spacing.nodeNodeBetweenLayers": "34",
    "elk.layered.spacing.edgeNodeBetweenLayers": "14",
    "elk.layered.spacing.edgeEdgeBetweenLayers": "9",
    "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
    "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
    "elk.aspectRatio": "1.6",
    "elk.randomSeed": "1",
  };

  // Many counters are a list: in the author's order, which also spares the search for a better one.
  const LIST = {
    "elk.direction": "RIGHT",
    "elk.layered.mergeEdges": "true",
    "elk.layered.crossingMinimization.forceNodeModelOrder": "true",
    "elk.layered.crossingMinimization.greedySwitch.type": "OFF",
    "elk.layered.crossingMinimization.greedySwitchHierarchical.type": "OFF",
    "elk.layered.thoroughness": "1",
    "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF",
  };

  function layOut(visible, elk) {
    const holding = new Set(visible.boxes.map((box) => box.parent));
    const made = new Map();
    for (const box of visible.boxes) made.set(box.id, holding.has(box.id) ? makeGroup(box) : makeLeaf(box));
    const counters = visible.boxes.filter((box) => box.kind === "counter").length;
    const is_list = counters > MOST_DOWN;
    const further = is_list ? LIST : { "elk.direction": "DOWN" };
    const root = { id: "root", layoutOptions: { ...OPTIONS, ...further }, children: [], edges: [] };
    for (const box of is_list ? order(visible) : visible.boxes) (made.get(box.parent) || root).children.push(made.get(box.id));
    root.edges = visible.edges.map((edge, place) => ({
      id: "edge" + place, sources: [edge.source], targets: [edge.target],
      labels: edge.label ? [makeLabel(edge)] : [],
    }));
    return elk.layout(root);
  }

  // Outputs before what they tell, so that the order of the list keeps them beside it.
  function order(visible) {
    const boxes = new Map(visible.boxes.map((box) => [box.id, box]));
    const around = (id) => (boxes.get(id).parent === null ? id : around(boxes.get(id).parent));
    const told = new Map();
    for (const edge of visible.edges) {
      if (edge.kind === "value" && !told.has(edge.source)) told.set(edge.source, around(edge.target));
    }
    const outputs = visible.boxes.filter((box) => told.has(box.id));
    return visible.boxes.filter((box) => !told.has(box.id))
      .flatMap((box) => [...outputs.filter((output) => told.get(output.id) === box.id), box]);
  }

  function makeGroup(box) {
    const top = box.kind === "counter" ? 50 : 32;
    const width = Math.ceil(measure(shorten(box.label), 14, true)) + 56;
    return {
      id: box.id, children: [],
      layoutOptions: {
        "elk.padding": `[top=${top},left=14,bottom=14,right=14]`,
        "elk.nodeSize.constraints": "MINIMUM_SIZE",
        "elk.nodeSize.minimum": `(${width},${top + 20})`,
      },
    };
  }

  function makeLeaf(box) {
    const width = Math.max(measure(shorten(box.label), 12, true), measure(shortNote(box), 10.5, false), 60);
    return { id: box.id, width: Math.ceil(width) + (isGroup(box) ? 44 : 28), height: 42 };
  }

  function makeLabel(edge) {
    return {
      text: edge.label, width: Math.ceil(measure(edge.label, 10, edge.kind === "env")) + 6, height: 13,
      layoutOptions: { "elk.edgeLabels.inline": "true" },
    };
  }

  // Widths of Helvetica, generous: the reader's font is not known here.
  function measure(text, size, bold) {
    let sum = 0;
    for (const letter of text) {
      if ("ijl.,:;'|!()[]{}".includes(letter)) sum += 0.3;
      else if ("ftrI -/\"".includes(letter)) sum += 0.38;
      else if ("mwMW@%…".includes(letter)) sum += 0.9;
      else if (letter.codePointAt(0) > 0x2e7f) sum += 1.05;
      else if (letter >= "A" && letter <= "Z") sum += 0.7;
      else sum += 0.575;
    }
    return sum * size * (bold ? 1.16 : 1.04);
  }

  function shorten(text) {
    const letters = [...text];
    if (letters.length <= LONGEST) return text;
    return letters.slice(0, LONGEST - 13).join("") + "…" + letters.slice(-12).join("");
  }

  function shortNote(box) {
    return shorten(box.note);
  }

  function isGroup(box) {
    return box.kind === "counter" || box.kind === "plugin";
  }

  // ---- draw ----

  function draw(visible, placed, options) {
    const boxes = new Map(visible.boxes.map((box) => [box.id, box]));
    const parts = [];
    drawAll(placed.children || [], boxes, parts, options);
    const groups = listGroups(placed.children || [], boxes);
    const edges = placed.edges.map((edge, place) => drawEdge(visible.edges[place], edge, groups, options));
    const width = Math.ceil(placed.width), height = Math.ceil(placed.height);
    const style = options.style ? `<style>${options.style}</style>` : "";
    return `<svg xmlns="http://www.w3.org/2000/svg" class="hc" viewBox="0 0 ${width} ${height}" width="${width}" ` +
      `height="${height}" role="${options.touch ? "group" : "img"}" aria-label="${escape(visible.title)}">${style}` +
      `<rect class="paper" width="${width}" height="${height}"/>` +
      parts.filter((part) => part.is_group).map((part) => part.text).join("\n") + "\n" +
      edges.map((edge) => edge.line).join("\n") + "\n" +
      parts.map((part) => (part.is_group ? part.label : part.text)).join("\n") + "\n" +
      edges.map((edge) => edge.label).filter((text) => text).join("\n") + "\n</svg>\n";
  }

  function drawAll(nodes, boxes, parts, options) {
    for (const node of nodes) {
      const box = boxes.get(node.id);
      const is_group = Boolean(node.children && node.children.length);
      const text = is_group ? drawGroup(box, node, options) : drawLeaf(box, node, options);
      parts.push({ is_group, text, label: is_group ? drawHeader(box, node, options) : "" });
      drawAll(node.children || [], boxes, parts, options);
    }
  }

  function drawGroup(box, node, options) {
    const { x, y, width, height } = node;
    return `<g class="group ${box.kind}"><rect class="frame" x="${round(x)}" y="${round(y)}" ` +
      `width="${round(width)}" height="${round(height)}" rx="${box.kind === "counter" ? 10 : 7}"/></g>`;
  }

  // Above the edges, which may run through it.
  function drawHeader(box, node, options) {
    const { x, y, width } = node;
    const is_counter = box.kind === "counter";
    return `<g class="head group ${box.kind}" ${name(box, options, true)}>${title(box, options)}` +
      `<rect class="touch" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${is_counter ? 46 : 30}"/>` +
      text(x + 14, y + (is_counter ? 24 : 20), "name", shorten(box.label)) +
      (is_counter ? text(x + 14, y + 39, "note", shortNote(box)) : "") +
      (options.touch ? text(x + width - 16, y + (is_counter ? 24 : 20), "sign", "−", MIDDLE) : "") + `</g>`;
  }

  function drawLeaf(box, node, options) {
    const { x, y, width, height } = node;
    const around = `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`;
    const is_group = isGroup(box);
    const behind = is_group
      ? `<rect class="card behind" x="${round(x + 4)}" y="${round(y + 4)}" width="${round(width)}" height="${round(height)}" rx="6"/>`
      : "";
    const is_pill = box.kind === "parameter" || box.kind === "output";
    const bar = is_pill
      ? `<circle class="bar" cx="${round(x + 13)}" cy="${round(y + 17)}" r="4"/>`
      : `<path class="bar" d="M${round(x + 5)} ${round(y)}h-0a5 5 0 0 0-5 5v${round(height - 10)}a5 5 0 0 0 5 5z"/>`;
    const left = x + (is_pill ? 23 : 14);
    return `<g class="box ${box.kind} tone-${box.tone}" ${name(box, options, false)}>${title(box, options)}${behind}` +
      `<rect class="card" ${around} rx="${is_pill ? 21 : 5}"/>${bar}` +
      text(left, y + 18, "name", shorten(box.label)) +
      text(left, y + 33, "note", shortNote(box)) +
      (options.touch && is_group ? text(x + width - 14, y + 26, "sign", "+", MIDDLE) : "") + `</g>`;
  }

  function listGroups(nodes, boxes) {
    return nodes.filter((node) => node.children && node.children.length)
      .flatMap((node) => [{ ...node, kind: boxes.get(node.id).kind }, ...listGroups(node.children, boxes)]);
  }

  // The innermost group around a label, whose colour its ground has.
  function findGround(label, groups) {
    const x = label.x + label.width / 2, y = label.y + label.height / 2;
    const around = groups.filter((group) =>
      x > group.x && x < group.x + group.width && y > group.y && y < group.y + group.height);
    return around.length ? around[around.length - 1].kind : "paper";
  }

  function drawEdge(edge, placed, groups, options) {
    const section = (placed.sections || [])[0];
    if (!section) return { line: "", label: "" };
    const points = [section.startPoint, ...(section.bendPoints || []), section.endPoint];
    const told = `<title>${escape(edge.detail)}</title>`;
    const ends = options.touch ? `data-source="${escape(edge.source)}" data-target="${escape(edge.target)}"` : "";
    const line = `<g class="edge ${edge.kind}" ${ends}>${told}<path d="${route(points)}"/>${head(points)}</g>`;
    const label = (placed.labels || [])[0];
    const shown = label
      ? `<g class="edge ${edge.kind}" ${ends}>${told}<rect class="ground-${findGround(label, groups)}" ` +
        `x="${round(label.x)}" y="${round(label.y)}" width="${round(label.width)}" height="${round(label.height)}"/>` +
        text(label.x + label.width / 2, label.y + 10, "tag", edge.label, MIDDLE) + `</g>`
      : "";
    return { line, label: shown };
  }

  // Right angles with round corners; the line ends where the arrow's head begins.
  function route(points) {
    const ends = points.slice();
    const last = ends.length - 1;
    ends[last] = towards(ends[last], ends[last - 1], 5);
    let path = `M${spot(ends[0])}`;
    for (let place = 1; place < last; place += 1) {
      const near = Math.min(6, distance(ends[place - 1], ends[place]) / 2, distance(ends[place], ends[place + 1]) / 2);
      path += `L${spot(towards(ends[place], ends[place - 1], near))}` +
        `Q${spot(ends[place])} ${spot(towards(ends[place], ends[place + 1], near))}`;
    }
    return path + `L${spot(ends[last])}`;
  }

  function head(points) {
    const tip = points[points.length - 1], before = points[points.length - 2];
    const back = towards(tip, before, 7);
    const across = { x: (back.y - tip.y) / 2, y: (tip.x - back.x) / 2 };
    return `<polygon class="tip" points="${spot(tip)} ${spot({ x: back.x + across.x, y: back.y + across.y })} ` +
      `${spot({ x: back.x - across.x, y: back.y - across.y })}"/>`;
  }

  function towards(from, to, by) {
    const far = distance(from, to) || 1;
    return { x: from.x + ((to.x - from.x) * by) / far, y: from.y + ((to.y - from.y) * by) / far };
  }

  function distance(one, other) {
    return Math.hypot(one.x - other.x, one.y - other.y);
  }

  function spot(point) {
    return `${round(point.x)} ${round(point.y)}`;
  }

  function round(number) {
    return String(Math.round(number * 10) / 10);
  }

  function text(x, y, kind, content, more) {
    return `<text class="${kind}" x="${round(x)}" y="${round(y)}"${more || ""}>${escape(content)}</text>`;
  }

  function name(box, options, is_open) {
    if (!options.touch) return "";
    const state = isGroup(box) ? ` aria-expanded="${is_open}"` : "";
    return `data-id="${escape(box.id)}" tabindex="0" role="button" aria-label="${escape(box.label + ", " + box.note)}"${state}`;
  }

  function title(box, options) {
    if (options.touch) return "";
    const lines = [box.label, box.note, box.place].filter((line) => line);
    return `<title>${escape(lines.join("\n"))}</title>`;
  }

  function escape(content) {
    return String(content)
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
      .replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;")
      .replace(/"/g, "&quot;").replace(/'/g, "&#39;");
  }

  function make(graph, folded, elk, options) {
    const visible = fold(graph, folded);
    return layOut(visible, elk).then((placed) => draw(visible, placed, options));
  }

  return { fold, make };
})();
