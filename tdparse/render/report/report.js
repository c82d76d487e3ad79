"use strict";
(() => {
  const $ = (query, from = document) => from.querySelector(query);
  const $$ = (query, from = document) => [...from.querySelectorAll(query)];
  const data = JSON.parse($("#data").textContent);
  const SVG = "http://www.w3.org/2000/svg";
  document.documentElement.classList.add("js");

  // ---------------------------------------------------------------- words

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const language = () => ($("#lang-zh").checked ? "zh" : "en");
  const say = (code, values = {}) => fill(data.words[language()][code], values);

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  function draw(tag, attributes) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  }

  const texts = []; // what changes with the language
  function words(element, code, values, put = (text) => (element.textContent = text)) {
    const entry = { put, code, values };
    texts.push(entry);
    put(say(code, values));
    return (changed) => {
      entry.values = changed;
      put(say(code, changed));
    };
  }

  function button(code, act) {
    const element = make("button", { type: "button" });
    words(element, code);
    element.addEventListener("click", act);
    return element;
  }

  document.addEventListener("language", () => {
    for (const { put, code, values } of texts) put(say(code, values));
  });

  // ---------------------------------------------------------------- the table

  function table() {
    const tools = $("#tools");
    if (!tools) return;
    const rows = $$("#table tbody tr");
    const full = rows.length;
    const keys = data.keys;
    $("#others")?.remove();

    const amount = (value) => (value === null ? "–" : value.toLocaleString("en"));
    const time = (ns) => {
      if (ns === null) return "–";
      if (ns < 999500) return `${Math.round(ns / 1e3)} µs`;
      return ns < 999950000 ? `${(ns / 1e6).toFixed(1)} ms` : `${(ns / 1e9).toFixed(2)} s`;
    };

    /** The row of a connection; beyond those that are there in full it is made when it is first shown. */
    function rowOf(place) {
      if (rows[place]) return rows[place];
      const [, client, server, verdict, sent, received, rtt, again, length] = keys[place];
      const row = make("tr");
      const cells = [null, client, server, null, amount(sent), amount(received), time(rtt), amount(again), time(length), ""];
      for (const text of cells) row.append(make("td", {}, text ?? ""));
      row.cells[0].innerHTML = data.names[place - full]; // markup of ours, as in the table
      row.cells[3].innerHTML = data.verdicts[verdict];
      return (rows[place] = row);
    }
    const body = $("#table tbody");
    for (const more of $$("#table tbody.more")) more.remove();
    let order = keys.map((_, place) => place);
    let limit = 200;
    let column = -1;
    let down = false;

    const search = make("input", { type: "search", id: "filter" });
    words(search, "filter_hint", {}, (text) => (search.placeholder = text));
    const name = make("label", { for: "filter" });
    words(name, "filter");
    const verdict = make("select", { id: "verdict" });
    const verdictName = make("label", { for: "verdict" });
    words(verdictName, "verdict");
    const all = make("option", { value: "" });
    words(all, "all_verdicts");
    verdict.append(all);
    for (const code of [...new Set(keys.map((key) => key[3]))].sort()) verdict.append(make("option", { value: code }, code));
    const count = make("output", { for: "filter verdict" });
    const counted = words(count, "rows_shown", { n: "", all: "" });
    const more = button("more_rows", () => {
      limit += 500;
      show();
    });
    more.className = "more-rows";
    tools.append(name, search, verdictName, verdict, count);
    $("#table").parentElement.after(more);

    let contents;
    function show() {
      contents ??= keys.map((key, place) => `${key[1]} ${key[2]} ${rows[place]?.textContent ?? data.names[place - full] + data.verdicts[key[3]]}`.toLowerCase());
      const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const found = order.filter(
        (place) =>
          (!verdict.value || keys[place][3] === verdict.value) &&
          wanted.every((word) => contents[place].includes(word) || keys[place][3].includes(word)),
      );
      body.replaceChildren(...found.slice(0, limit).map(rowOf));
      more.hidden = found.length <= limit;
      counted({ n: found.length.toLocaleString("en"), all: keys.length.toLocaleString("en") });
    }

    function compare(one, two) {
      if (one === two) return 0;
      if (one === null) return 1; // what is unknown comes last, whatever the direction
      if (two === null) return -1;
      if (Array.isArray(one)) {
        for (let place = 0; place < one.length; place++) if (one[place] !== two[place]) return (one[place] - two[place]) * (down ? -1 : 1);
        return 0;
      }
      const less = typeof one === "string" ? one.localeCompare(two, "en", { numeric: true }) : one - two;
      return down ? -less : less;
    }

    $$("#table th").forEach((head, place) => {
      const control = make("button", { type: "button" }, ...head.childNodes);
      words(control, "sort_by", {}, (text) => (control.title = text));
      control.addEventListener("click", () => {
        down = column === place ? !down : place > 3;
        column = place;
        for (const other of $$("#table th")) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        order = keys.map((_, row) => row).sort((one, two) => compare(keys[one][place], keys[two][place]) || one - two);
        show();
      });
      head.append(control);
    });
    search.addEventListener("input", show);
    verdict.addEventListener("change", show);
    show();
  }

  // ---------------------------------------------------------------- records, wherever they are shown

  const card = make("div", { id: "tip-card", role: "status", hidden: "" });
  document.body.append(card);
  let marked = [];

  const record = (place, line) => document.getElementById(`l${place}-${line}`);

  let anchor = null; // returns the box that the card stands beside

  function settle() {
    const box = anchor();
    if (box.bottom < 0 || box.top > innerHeight) return hush();
    const room = card.getBoundingClientRect();
    const below = box.bottom + 10;
    const top = below + room.height < innerHeight ? below : box.top - room.height - 10;
    card.style.top = `${Math.max(6, Math.min(top, innerHeight - room.height - 6))}px`;
    card.style.left = `${Math.max(6, Math.min(box.left + 30, innerWidth - room.width - 12))}px`;
  }

  /** Show a record beside what stands for it, and mark it in the ladder and in the list. */
  function tell(place, line, box) {
    hush();
    const source = record(place, line);
    if (source) {
      card.replaceChildren(...[...source.childNodes].map((node) => node.cloneNode(true)));
      for (const link of $$("a", card)) link.replaceWith(...link.childNodes);
      card.firstChild.replaceWith(make("b", {}, say("line", { n: line })));
      const rung = $("a.n", source);
      marked = [source, rung && document.getElementById(rung.hash.slice(1))].filter(Boolean);
      for (const element of marked) element.classList.add("at");
    } else {
      // Not told one by one: at least where it stands.
      const text = make("p");
      text.textContent = say("line", { n: line });
      card.replaceChildren(text);
    }
    card.hidden = false;
    anchor = box;
    settle();
  }

  function hush() {
    card.hidden = true;
    for (const element of marked) element.classList.remove("at");
    marked = [];
  }

  document.addEventListener("keydown", (event) => event.key === "Escape" && hush());
  document.addEventListener("scroll", () => card.hidden || settle(), { passive: true });

  // Where the page scrolls under a pointer that rests, the browser says it went over things; a reader who uses the
  // keyboard did not point at them.
  let pointer = "";
  const moved = (event) => {
    const at = `${event.screenX} ${event.screenY}`;
    const same = at === pointer;
    pointer = at;
    return !same;
  };
  document.addEventListener("mousemove", moved, { passive: true });

  /** Show what `find` finds for an event while the pointer is over it, or the focus in it. */
  function telling(box, find) {
    const on = (event) => {
      const found = find(event.target);
      if (found) tell(placeOf(box), found.dataset.l, () => found.getBoundingClientRect());
    };
    box.addEventListener("mouseover", (event) => moved(event) && on(event));
    box.addEventListener("focusin", on);
    box.addEventListener("mouseleave", (event) => moved(event) && hush());
    box.addEventListener("focusout", hush);
  }

  const placeOf = (element) => element.closest(".conn").id.slice(1);

  function rungs(conn) {
    telling($("ol.ladder", conn), (target) => target.closest("li[data-l]"));
    telling($(".part-states", conn), (target) => target.closest("li[data-k][data-l]"));
  }

  // ---------------------------------------------------------------- state diagrams, step by step

  function machine(box) {
    const items = $$("li[data-k]", box);
    if (!items.length) return;
    let at = 0;
    const count = make("output");
    const counted = words(count, "step_of", { n: "–", all: items.length });
    const go = (to) => {
      at = Math.max(0, Math.min(items.length, to));
      for (const element of $$(".now", box)) element.classList.remove("now");
      if (at) for (const element of $$(`[data-k="${at}"]`, box)) element.classList.add("now");
      counted({ n: at || "–", all: items.length });
    };
    items.forEach((item, place) => item.addEventListener("click", () => go(place + 1)));
    const bar = make("div", { class: "buttons" }, button("previous", () => go(at - 1)), button("next", () => go(at + 1)), count);
    $("h4", box).after(bar);
  }

  // ---------------------------------------------------------------- plots

  const WIDE = 1e6;
  const HIGH = 1e5;
  const PAD = 12e3;
  const FLOOR = 3e3;

  const unitTime = (ns) => {
    for (const [size, sign] of [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]]) if (Math.abs(ns) >= size) return `${+(ns / size).toPrecision(6)} ${sign}`;
    return ns ? `${+ns.toPrecision(4)} ns` : "0";
  };
  const unitAmount = (value) => {
    for (const [size, sign] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) if (value >= size) return `${+(value / size).toPrecision(4)}${sign}`;
    return `${+value.toPrecision(4)}`;
  };

  function ticks(from, to, most) {
    const rough = (to - from) / most;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
    const found = [];
    for (let value = Math.ceil(from / step) * step; value <= to * (1 + 1e-12); value += step) found.push(value);
    return found;
  }

  /** The records of a curve: where each stands, and in which line. */
  function points(path, deltas) {
    let x = 0;
    let y = 0;
    let start = 0;
    let line = 0;
    const found = [];
    for (const [, sign, one, two] of path.matchAll(/([MHVh])(-?\d+)(?: (-?\d+))?/g)) {
      if (sign === "M") {
        x = +one;
        start = y = +two;
      } else if (sign === "H") {
        x = +one;
        start = y;
      } else {
        if (sign === "V") y = +one;
        line += deltas[found.length];
        found.push({ x, y, from: sign === "V" ? start : y, line });
      }
    }
    return found;
  }

  function plots(box, facts, place) {
    let from = -PAD;
    let to = WIDE + PAD;
    const whole = () => from <= -PAD && to >= WIDE + PAD;
    let logarithmic = false;
    const fields = $$("figure.plot", box).map((figure) => {
      const paths = $$(".curves path", figure);
      const about = facts.plots[figure.dataset.kind];
      const originals = paths.map((path) => path.getAttribute("d"));
      const curves = originals.map((path, number) => points(path, about.lines[number]));
      return {
        figure, paths, about, originals, curves,
        svg: $(".field", figure), inner: $(".curves", figure), axes: $(".axes", figure),
        height: +figure.dataset.height, unit: figure.dataset.kind === "rtt" ? unitTime : unitAmount,
      };
    });
    const moments = [...new Set(fields.flatMap((field) => field.curves.flatMap((curve) => curve.map((point) => point.x))))].sort((a, b) => a - b);

    // Idle times shrink to their logarithm: every gap between two records counts log(1 + gap).
    const squeezed = new Map();
    let sum = 0;
    const least = facts.span / WIDE;
    moments.forEach((x, number) => {
      if (number) sum += Math.log1p(((x - moments[number - 1]) * least) / 1e5);
      squeezed.set(x, sum);
    });
    const logOf = (x) => {
      if (!sum) return x;
      if (squeezed.has(x)) return (squeezed.get(x) / sum) * WIDE;
      if (x >= moments[moments.length - 1]) return WIDE;
      let low = 0;
      let high = moments.length - 1;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (moments[middle] <= x) low = middle;
        else high = middle;
      }
      const [a, b] = [moments[low], moments[high]];
      const [p, q] = [logOf(a), logOf(b)];
      return b === a ? p : p + ((x - a) / (b - a)) * (q - p);
    };
    const place_x = (x) => (logarithmic ? logOf(x) : x);

    const LEFT = 64;
    const RIGHT = 14;
    const TOP = 10;
    const BOTTOM = 24;

    function layout() {
      for (const field of fields) {
        const width = Math.max(280, Math.round(field.figure.clientWidth || 920));
        const inner = width - LEFT - RIGHT;
        const tall = field.height - TOP - BOTTOM;
        field.svg.setAttribute("viewBox", `0 0 ${width} ${field.height}`);
        field.inner.setAttribute("width", inner);
        // What is in sight decides the scale of the amounts.
        let low = HIGH;
        let high = 0;
        if (!whole()) {
          field.curves.forEach((curve, number) => {
            if (field.paths[number].classList.contains("k-window") && field.figure.dataset.kind === "seq") return;
            for (const point of curve) {
              const x = place_x(point.x);
              if (x < from || x > to) continue;
              low = Math.min(low, point.y, point.from);
              high = Math.max(high, point.y, point.from);
            }
          });
        }
        if (high < low || whole()) [low, high] = [0, HIGH];
        const room = Math.max((high - low) * 0.06, HIGH / 2e4);
        [low, high] = whole() ? [0, HIGH + FLOOR] : [Math.max(0, low - room), Math.min(HIGH + FLOOR, high + room)];
        Object.assign(field, { width, wide: inner, tall, low, high });
        field.inner.setAttribute("viewBox", `${from} ${low} ${to - from} ${high - low}`);
        const least = ((HIGH - high) / HIGH) * field.about.top;
        const most = ((HIGH - low) / HIGH) * field.about.top;
        const parts = [];
        for (const value of ticks(Math.max(0, least), most, Math.max(3, tall / 45))) {
          const y = TOP + tall * (1 - (value - least) / (most - least));
          const text = draw("text", { class: "end", x: LEFT - 6, y: y + 4 });
          text.textContent = field.unit(value);
          parts.push(draw("path", { class: "grid", d: `M${LEFT} ${y}h${inner}` }), text);
        }
        const times = logarithmic
          ? [0, 0.2, 0.4, 0.6, 0.8, 1].map((share) => Math.max(0, from) + share * (Math.min(to, WIDE) - Math.max(0, from))).map((at) => [at, timeAt(at)])
          : ticks(Math.max(0, (from / WIDE) * facts.span), (Math.min(to, WIDE) / WIDE) * facts.span, Math.max(2, inner / 130)).map((ns) => [(ns / facts.span) * WIDE, ns]);
        for (const [at, ns] of times) {
          const x = LEFT + ((at - from) / (to - from)) * inner;
          const text = draw("text", { class: x > width - 40 ? "end" : "mid", x, y: field.height - 8 });
          text.textContent = unitTime(logarithmic ? +ns.toPrecision(3) : ns);
          parts.push(draw("path", { class: "grid", d: `M${x} ${TOP}v${tall}` }), text);
        }
        field.axes.replaceChildren(...parts);
      }
    }

    function timeAt(x) {
      if (!logarithmic) return (x / WIDE) * facts.span;
      const goal = (x / WIDE) * sum;
      let low = 0;
      let high = moments.length - 1;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (squeezed.get(moments[middle]) <= goal) low = middle;
        else high = middle;
      }
      const [p, q] = [squeezed.get(moments[low]), squeezed.get(moments[high])];
      const share = q > p ? Math.min(1, Math.max(0, (goal - p) / (q - p))) : 0;
      return ((moments[low] + share * (moments[high] - moments[low])) / WIDE) * facts.span;
    }

    function toggle(on) {
      logarithmic = on;
      [from, to] = [-PAD, WIDE + PAD];
      for (const field of fields)
        field.paths.forEach((path, number) =>
          path.setAttribute(
            "d",
            on
              ? field.originals[number].replace(/M(-?\d+) |H(-?\d+)/g, (found, one, two) => (found[0] === "M" ? `M${Math.round(place_x(+one))} ` : `H${Math.round(place_x(+two))}`))
              : field.originals[number],
          ),
        );
      layout();
    }

    function zoom(a, b) {
      const width = Math.max(b - a, 20);
      from = Math.max(-PAD, Math.min(a, WIDE + PAD - width));
      to = Math.min(WIDE + PAD, from + width);
      layout();
    }

    const scale = (factor, about = (from + to) / 2) => zoom(about - (about - from) * factor, about + (to - about) * factor);
    const log = make("input", { type: "checkbox" });
    log.addEventListener("change", () => toggle(log.checked));
    const logName = make("span");
    words(logName, "log_time");
    const help = make("span", { class: "dim" });
    if (!box.previousElementSibling.matches(".plots")) words(help, "plot_help");
    $("h4", box).after(
      make("div", { class: "buttons" }, button("zoom_in", () => scale(0.5)), button("zoom_out", () => scale(2)), button("zoom_reset", () => zoom(-PAD, WIDE + PAD)),
        make("label", {}, log, " ", logName), help),
    );

    for (const field of fields) {
      const cursor = draw("path", { class: "cursor", d: "" });
      const brush = draw("rect", { class: "brush", y: TOP, height: field.height - TOP - BOTTOM, width: 0 });
      field.svg.append(brush, cursor);
      field.svg.setAttribute("tabindex", "0");
      let begun = null;
      let current = null;
      const position = (event) => {
        const box = field.svg.getBoundingClientRect();
        return [((event.clientX - box.left) / box.width) * field.width, ((event.clientY - box.top) / box.height) * field.height];
      };
      const curveX = (x) => from + ((x - LEFT) / field.wide) * (to - from);
      const screenX = (x) => LEFT + ((place_x(x) - from) / (to - from)) * field.wide;
      const screenY = (y) => TOP + ((y - field.low) / (field.high - field.low)) * field.tall;

      function point(found) {
        current = found;
        const x = screenX(found.x);
        const y = screenY(found.y);
        cursor.setAttribute("d", `M${x} ${TOP}V${TOP + field.tall}M${x - 5} ${y}h10`);
        tell(place, found.line, () => {
          const box = field.svg.getBoundingClientRect();
          const ratio = box.width / field.width;
          const top = box.top + y * ratio;
          return { left: box.left + x * ratio, top, bottom: top };
        });
      }

      field.svg.addEventListener("pointermove", (event) => {
        const [x, y] = position(event);
        if (begun !== null) {
          brush.setAttribute("x", Math.min(begun, x));
          brush.setAttribute("width", Math.abs(x - begun));
          return;
        }
        let best = null;
        let distance = 30 ** 2;
        for (const curve of field.curves)
          for (const candidate of curve) {
            const dx = screenX(candidate.x) - x;
            if (dx * dx > distance) continue;
            const [top, bottom] = [screenY(candidate.y), screenY(candidate.from)].sort((a, b) => a - b);
            const dy = y < top ? top - y : y > bottom ? y - bottom : 0;
            const far = dx * dx + dy * dy;
            if (far < distance) [best, distance] = [candidate, far];
          }
        if (best) point(best);
        else leave();
      });
      const leave = () => {
        cursor.setAttribute("d", "");
        hush();
      };
      field.svg.addEventListener("pointerleave", leave);
      field.svg.addEventListener("blur", leave);
      field.svg.addEventListener("pointerdown", (event) => {
        if (event.button) return;
        begun = Math.max(LEFT, position(event)[0]);
        field.svg.setPointerCapture(event.pointerId);
      });
      field.svg.addEventListener("pointerup", (event) => {
        if (begun === null) return;
        const end = Math.max(LEFT, Math.min(position(event)[0], LEFT + field.wide));
        const [a, b] = [begun, end].sort((one, two) => one - two);
        begun = null;
        brush.setAttribute("width", 0);
        if (b - a > 6) zoom(curveX(a), curveX(b));
        else if (current) visit(place, current.line);
      });
      field.svg.addEventListener("pointercancel", () => {
        begun = null;
        brush.setAttribute("width", 0);
      });
      field.svg.addEventListener("dblclick", () => zoom(-PAD, WIDE + PAD));
      const ordered = field.curves.flat().sort((a, b) => a.x - b.x || a.line - b.line);
      let at = -1;
      field.svg.addEventListener("keydown", (event) => {
        const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (move) {
          at = Math.max(0, Math.min(ordered.length - 1, at + move));
          const x = place_x(ordered[at].x);
          if (x < from || x > to) zoom(x - (to - from) / 2, x + (to - from) / 2);
          point(ordered[at]);
        } else if (event.key === "+" || event.key === "=") scale(0.5, at < 0 ? undefined : place_x(ordered[at].x));
        else if (event.key === "-" || event.key === "_") scale(2);
        else if (event.key === "0" || event.key === "Home") zoom(-PAD, WIDE + PAD);
        else if (event.key === "Enter" && current) visit(place, current.line);
        else return;
        event.preventDefault();
      });
    }
    let width = 0;
    new ResizeObserver(() => {
      if (box.clientWidth && box.clientWidth !== width) {
        width = box.clientWidth;
        layout();
      }
    }).observe(box);
  }

  function visit(place, line) {
    const target = record(place, line);
    if (target) location.hash = target.id;
  }

  // ---------------------------------------------------------------- what is open is brought to life, once

  function wake(conn) {
    if (conn.dataset.awake || !conn.open) return;
    conn.dataset.awake = "1";
    rungs(conn);
    for (const box of $$(".machine", conn)) machine(box);
    for (const box of $$(".plots", conn)) if (data.plots[box.id]) plots(box, data.plots[box.id], placeOf(box));
  }

  const conns = $$("details.conn");
  for (const conn of conns) {
    conn.addEventListener("toggle", () => wake(conn));
    wake(conn);
  }
  const details = $("#details h2");
  if (conns.length > 1)
    details.after(make("div", { class: "buttons" }, button("open_all", () => conns.forEach((conn) => (conn.open = true))), button("close_all", () => conns.forEach((conn) => (conn.open = false)))));

  function follow() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    const conn = target.closest("details.conn") || (target.matches("details") && target);
    if (conn && !conn.open) {
      conn.open = true;
      wake(conn);
      target.scrollIntoView();
    }
    for (const element of $$(".at")) element.classList.remove("at");
    if (target.matches("li")) target.classList.add("at");
  }
  addEventListener("hashchange", follow);

  const print = button("print", () => window.print());
  $(".choices").append(print);
  table();
  follow();
})();
