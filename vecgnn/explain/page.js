(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const tabs = all(".tab"), panels = all(".panel");
  const indexes = new Map();
  let lit = [], pinned = null;

  const open = () => panels.find((panel) => !panel.hidden);

  // Elements of a panel by instruction and by pack, found once per panel.
  function index(panel) {
    if (!indexes.has(panel)) {
      const byInstruction = new Map(), byPack = new Map();
      const put = (map, key, element) => map.has(key) ? map.get(key).push(element) : map.set(key, [element]);
      for (const element of all("[data-i],[data-p]", panel)) {
        if (element.classList.contains("badge")) continue;
        if (element.dataset.i) put(byInstruction, element.dataset.i, element);
        else put(byPack, element.dataset.p, element);
      }
      indexes.set(panel, { byInstruction, byPack });
    }
    return indexes.get(panel);
  }

  function found(start) {
    const panel = open();
    const hit = start.closest && start.closest("[data-i],[data-p],[data-l]");
    if (!hit || !panel) return null;
    const { byInstruction, byPack } = index(panel);
    if (hit.dataset.l) return { hit, elements: hit.dataset.l.split(" ").flatMap((i) => byInstruction.get(i) || []) };
    const i = hit.dataset.i;
    const outer = hit.closest("[data-p]");
    let p = outer && outer.dataset.p;
    if (i && !p) {
      const lane = (byInstruction.get(i) || []).find((element) => element.closest("[data-p]"));
      p = lane && lane.closest("[data-p]").dataset.p;
    }
    const lines = (p && byPack.get(p)) || [];
    // A lane lights its line, its chip and the vector line; a pack lights everything of its own.
    if (i) return { hit, elements: [...(byInstruction.get(i) || []), ...lines.filter((e) => e.tagName === "DIV")] };
    const lanes = all(`.listing [data-i][data-p="${p}"]`, panel);
    return { hit, elements: [...lines, ...lanes] };
  }

  function light(elements) {
    for (const element of lit) element.classList.remove("hl");
    lit = elements;
    for (const element of lit) element.classList.add("hl");
  }

  // Brings the first lit element of every scrolling box but the clicked one to its middle.
  function reveal(hit, elements) {
    const seen = new Set([hit.closest(".listing,.canvas,.scroll")]);
    for (const element of elements) {
      const box = element.closest(".listing,.canvas,.scroll");
      if (!box || seen.has(box)) continue;
      seen.add(box);
      const inner = element.getBoundingClientRect(), outer = box.getBoundingClientRect();
      box.scrollTop += inner.top - outer.top - (outer.height - inner.height) / 2;
      if (box.classList.contains("canvas")) box.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
    }
  }

  document.addEventListener("mouseover", (event) => {
    if (pinned) return;
    const now = found(event.target);
    light(now ? now.elements : []);
  });
  document.addEventListener("click", (event) => {
    const zoom = event.target.closest("[data-zoom]");
    if (zoom) return resize(zoom);
    const tab = event.target.closest(".tab");
    if (tab) return show(tab.dataset.tab);
    const now = found(event.target);
    pinned = now && now.hit !== pinned ? now.hit : null;
    light(now ? now.elements : []);
    if (pinned) reveal(now.hit, now.elements);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { pinned = null; light([]); }
  });

  function show(name) {
    pinned = null;
    light([]);
    for (const panel of panels) panel.hidden = panel.dataset.panel !== name;
    for (const tab of tabs) tab.setAttribute("aria-selected", String(tab.dataset.tab === name));
    fitAll();
  }

  function resize(button) {
    const canvas = button.closest(".frame").querySelector(".canvas");
    const picture = canvas.querySelector("svg");
    const natural = picture.viewBox.baseVal;
    const now = picture.clientWidth || Number(picture.getAttribute("width"));
    const sign = button.dataset.zoom;
    const width = sign === "=" ? fit(canvas, natural) : now * (sign === "+" ? 1.25 : 0.8);
    set(picture, natural, width);
  }

  const fit = (canvas, natural) => Math.min(natural.width, canvas.clientWidth - 2);

  function set(picture, natural, width) {
    picture.setAttribute("width", Math.round(width));
    picture.setAttribute("height", Math.round(width * natural.height / natural.width));
  }

  // A picture that is a little too wide is made to fit; a much wider one stays readable and scrolls.
  function fitAll() {
    const panel = open();
    if (!panel) return;
    for (const canvas of all(".canvas", panel)) {
      const picture = canvas.querySelector("svg");
      if (!picture || picture.dataset.fitted || !canvas.clientWidth) continue;
      picture.dataset.fitted = "yes";
      const natural = picture.viewBox.baseVal;
      set(picture, natural, Math.max(fit(canvas, natural), 0.7 * natural.width));
    }
  }
  document.addEventListener("toggle", fitAll, true);
  fitAll();
})();
