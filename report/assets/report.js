// The switch of languages, charts with their tables, lists that sort and find. Works from a folder, asks nothing of a network.
(() => {
  "use strict";
  const KEY = "parkbridge-language";
  const root = document.documentElement;
  let language = "zh";
  try {
    if (localStorage.getItem(KEY) === "en") language = "en";
  } catch { /* a browser that keeps nothing for pages of a folder */ }
  const asked = new URLSearchParams(location.search);
  if (asked.get("lang") === "en" || asked.get("lang") === "zh") language = asked.get("lang");

  const word = (entry) => (entry && typeof entry === "object" ? entry[language] : entry);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  function showLanguage() {
    root.dataset.show = language;
    root.lang = language === "zh" ? "zh-CN" : "en";
    const title = document.querySelector("title");
    if (title && title.dataset[language]) document.title = title.dataset[language];
  }
  showLanguage();

  // an edition that does not show a figure has no column for it
  function hideEmptyColumns() {
    if (!("edition" in root.dataset)) return;
    for (const table of all("table.sortable")) {
      const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
      if (!rows.length) continue;
      [...table.tHead.rows[0].cells].forEach((head, i) => {
        if (!rows.every((row) => !row.cells[i] || /^[–\s]*$/.test(row.cells[i].textContent))) return;
        for (const cell of [head, ...rows.map((row) => row.cells[i])]) if (cell) cell.hidden = true;
      });
    }
  }

  // ---- charts: the specification is in charts.js, the rows are in the page -------------------------------------------
  const monthOf = (text) => { const [year, month] = text.split("-"); return new Date(+year, +month - 1, 1).getTime(); };

  function objects(columns, rows) {
    return rows.map((row, place) => {
      const found = { place };
      columns.forEach((column, i) => {
        let value = row[i];
        if (column.both) value = value && value[language === "zh" ? 0 : 1];
        else if (column.codes) {
          found[column.name + "_code"] = value;
          const words = (window.parkbridgeCodes[column.codes] || {})[value];
          if (words) value = words[language === "zh" ? 0 : 1];
        } else if (value !== null && column.kind === "month") value = monthOf(value);
        else if (value !== null && column.divide) value /= column.divide;
        found[column.name] = value;
      });
      return found;
    });
  }

  // in a specification {"zh": …, "en": …} is a text, {"words_of": column} the words of the codes that occur in a column, and
  // {"colours_of": column} their colours
  function written(part, columns, rows) {
    if (Array.isArray(part)) return part.map((one) => written(one, columns, rows));
    if (!part || typeof part !== "object") return part;
    const keys = Object.keys(part);
    if (keys.length === 2 && "zh" in part && "en" in part) return part[language];
    if (part.words_of || part.colours_of) {
      const i = columns.findIndex((column) => column.name === (part.words_of || part.colours_of));
      const { codes, colours } = columns[i];
      const present = Object.keys(colours).filter((code) => rows.some((row) => row[i] === code));
      return present.map((code) => (part.words_of ? window.parkbridgeCodes[codes][code][language === "zh" ? 0 : 1] : colours[code]));
    }
    return Object.fromEntries(keys.map((key) => [key, written(part[key], columns, rows)]));
  }

  const asText = (column, value) => {
    if (value === null || value === undefined || value === "") return "–";
    if (column.both) return value[language === "zh" ? 0 : 1];
    if (column.codes) {
      const words = (window.parkbridgeCodes[column.codes] || {})[value];
      return words ? words[language === "zh" ? 0 : 1] : value;
    }
    if (column.kind !== "number") return value;
    const digits = column.digits || 0;
    return (value / (column.divide || 1)).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  };

  function fillTable(table, columns, rows) {
    table.replaceChildren();
    const head = table.createTHead().insertRow();
    for (const column of columns) {
      const cell = document.createElement("th");
      const unit = word(column.unit);
      cell.scope = "col";
      cell.textContent = word(column) + (unit ? (language === "zh" ? `（${unit}）` : ` (${unit})`) : "");
      if (column.kind === "number") cell.className = "n";
      head.append(cell);
    }
    const body = table.createTBody();
    for (const row of [...rows].reverse()) {
      const line = body.insertRow();
      columns.forEach((column, i) => {
        const cell = line.insertCell();
        cell.textContent = asText(column, row[i]);
        if (column.kind === "number") cell.className = "n";
      });
    }
  }

  const LOOK = {
    font: '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Helvetica Neue",Arial,sans-serif',
    background: null,
    view: { stroke: null },
    axis: { labelColor: "#4a5765", titleColor: "#4a5765", titleFontWeight: "normal", gridColor: "#e6ebf0", domainColor: "#b8c3ce", tickColor: "#b8c3ce" },
    legend: { labelColor: "#303b46" },
  };

  function drawCharts() {
    const holder = document.getElementById("rows");
    if (!holder) return;
    const data = JSON.parse(holder.textContent);
    for (const figure of all("figure[data-chart]")) {
      const spec = window.parkbridgeCharts[figure.dataset.chart];
      const rows = data[figure.dataset.rows] || [];
      const events = data.events || [];
      const meta = spec.usermeta;
      const drawn = meta.columns;
      fillTable(figure.querySelector("table"), drawn, rows);
      const place = figure.querySelector(".chart");
      const words = figure.querySelector("figcaption");
      if (!rows.length || !window.vegaEmbed) continue;
      const { usermeta, ...bare } = spec;
      const ready = written(bare, drawn, rows);
      // a layer without a row has no extent, and Vega says so
      if (!events.length && ready.layer) ready.layer = ready.layer.filter((layer) => !layer.data || layer.data.name !== "events");
      if (meta.row_height) ready.height = meta.row_height * new Set(rows.map((row) => row[0])).size;
      ready.datasets = { rows: objects(drawn, rows), events: meta.events ? objects(meta.events, events) : [] };
      ready.width = "container";
      ready.autosize = { type: "fit-x", contains: "padding" };
      ready.config = { ...LOOK, legend: { ...LOOK.legend, columns: Math.max(2, Math.floor(place.clientWidth / 95)) } };
      window.vegaEmbed(place, ready, { actions: false, renderer: "svg", tooltip: true }).then(() => {
        const drawing = place.querySelector("svg");
        if (drawing) {
          drawing.setAttribute("role", "img");
          drawing.setAttribute("aria-label", [word(meta.title), words ? words.innerText.trim() : ""].filter(Boolean).join(": "));
          // one picture with one description; its marks would be read out one by one
          for (const mark of drawing.querySelectorAll("[role],[aria-roledescription],[aria-label]")) {
            mark.removeAttribute("role"); mark.removeAttribute("aria-roledescription"); mark.removeAttribute("aria-label");
          }
        }
      }, (error) => { console.error(error); });
    }
  }

  // ---- lists ---------------------------------------------------------------------------------------------------------
  // the heading of each cell, shown where a telephone has a card for a row
  function label(table) {
    const heads = all("thead th", table).map((head) => head.innerText.trim());
    all("tbody td.n, tbody td.k", table).forEach((cell) => { if (cell.innerText) cell.dataset.label = heads[cell.cellIndex]; });
  }

  function sortable(table) {
    const heads = all("thead th", table);
    heads.forEach((head, i) => {
      const button = head.querySelector("button");
      if (!button) return;
      button.addEventListener("click", () => {
        const isUp = head.getAttribute("aria-sort") === "ascending" ||
          (head.getAttribute("aria-sort") === null && head.classList.contains("n"));
        const way = isUp ? -1 : 1;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", isUp ? "descending" : "ascending");
        const isNumber = head.classList.contains("n");
        const of = (row) => {
          const cell = row.cells[i];
          return cell.dataset.v !== undefined ? cell.dataset.v : cell.innerText.trim();
        };
        const rows = all("tbody tr", table).map((row) => [of(row), row]);
        const isNone = (value) => value === "" || value === "–";
        rows.sort(([a], [b]) => {
          if (isNone(a) || isNone(b)) return isNone(a) - isNone(b); // what has none stays last, either way
          return way * (isNumber ? parseFloat(a) - parseFloat(b) : a.localeCompare(b, "zh-CN"));
        });
        table.tBodies[0].append(...rows.map(([, row]) => row));
        shorten(table);
      });
    });
  }

  // a long list begins with its first rows, in whatever order or selection; the rest is one press away
  const LONG = 50, FEW = 10;

  function shorten(table) {
    const found = all("tbody tr", table).filter((row) => !row.hidden);
    const isWhole = "whole" in table.dataset || found.length <= LONG + FEW;
    found.forEach((row, place) => row.classList.toggle("beyond", !isWhole && place >= LONG));
    const box = table.parentNode;
    let more = box.nextElementSibling;
    if (!more || !more.classList.contains("more")) {
      if (isWhole) return;
      more = document.createElement("button");
      more.type = "button";
      more.className = "more";
      more.addEventListener("click", () => { table.dataset.whole = ""; shorten(table); box.focus(); });
      box.after(more);
    }
    more.hidden = isWhole;
    const count = found.length.toLocaleString("en-US");
    more.textContent = language === "zh" ? `显示全部 ${count} 行` : `Show all ${count} rows`;
  }

  const plain = (text) => text.normalize("NFKC").toLowerCase().replace(/[\s()（）·.\-–—]/g, "");

  function findable(box) {
    const table = document.getElementById(box.dataset.find);
    const count = document.getElementById(box.dataset.count);
    const filter = box.dataset.filter ? document.getElementById(box.dataset.filter) : null;
    const rows = all("tbody tr", table).map((row) => [plain(row.dataset.t || row.textContent), row.dataset.f || "", row]);
    const find = () => {
      const wanted = box.value.split(/\s+/).map(plain).filter(Boolean);
      let shown = 0;
      for (const [text, kind, row] of rows) {
        row.hidden = !(wanted.every((one) => text.includes(one)) && (!filter || !filter.value || filter.value === kind));
        if (!row.hidden) shown += 1;
      }
      if (count) count.textContent = shown.toLocaleString("en-US");
      shorten(table);
    };
    box.addEventListener("input", find);
    if (filter) filter.addEventListener("change", find);
    if (asked.get("q")) box.value = asked.get("q");
    if (filter && asked.get("f")) filter.value = asked.get("f");
    find();
  }

  document.addEventListener("DOMContentLoaded", () => {
    showLanguage();
    const button = document.getElementById("language");
    if (button) button.addEventListener("click", () => {
      language = language === "zh" ? "en" : "zh";
      try { localStorage.setItem(KEY, language); } catch { /* shown all the same */ }
      showLanguage();
      optionWords();
      all("table.cards").forEach(label);
      all("table.sortable").forEach(shorten);
      drawCharts();
    });
    const optionWords = () => all("option[data-zh]").forEach((option) => { option.textContent = option.dataset[language]; });
    optionWords();
    all("table.sortable").forEach(sortable);
    hideEmptyColumns();
    all("table.cards").forEach(label);
    const here = document.querySelector("nav [aria-current]");
    // the page that is open is in sight, where the row of pages is wider than the screen
    if (here && here.getBoundingClientRect().right > innerWidth) here.parentNode.scrollLeft = here.parentNode.scrollWidth;
    all("input[data-find]").forEach(findable);
    all("table.sortable").forEach(shorten);
    drawCharts();
  });
})();
