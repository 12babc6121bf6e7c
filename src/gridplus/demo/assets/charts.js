"use strict";
(() => {
  const run = JSON.parse(document.getElementById("figures").textContent);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const plots = new Map();

  const styles = {
    plain: () => ({ stroke: colour("ink"), width: 1.25 }),
    accent: () => ({ stroke: colour("accent"), width: 2.25 }),
    dashed: () => ({ stroke: colour("muted"), width: 1.5, dash: [6, 4] }),
    area: () => ({ stroke: colour("muted"), width: 1, fill: colour("shade") }),
    "accent-area": () => ({ stroke: colour("accent"), width: 2, fill: colour("soft") }),
  };

  function axis(extra) {
    const grid = { stroke: colour("line"), width: 1 };
    return { stroke: colour("muted"), grid, ticks: { show: false }, font: "12px system-ui, sans-serif", ...extra };
  }

  function series(line, chart) {
    const value = (_, v) => (v == null ? "" : `${v.toFixed(chart.digits)} ${chart.unit}`);
    const paths = line.stepped ? uPlot.paths.stepped({ align: 1 }) : uPlot.paths.linear();
    return { label: line.label, class: line.style, value, paths, points: { show: false }, ...styles[line.style]() };
  }

  function when(_, s) {
    const local = { timeZone: run.zone, day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
    return s == null ? "" : new Date(s * 1000).toLocaleString("en-GB", local);
  }

  function options(chart, width) {
    const day = "\n{D} {MMM}";
    const clock = [
      [86400, "{D} {MMM}", null, null, null, null, null, null, 1],
      [60, "{HH}:{mm}", null, null, day, null, null, null, 1],
    ];
    return {
      width,
      height: width < 500 ? 210 : 250,
      tzDate: (s) => uPlot.tzDate(new Date(s * 1000), run.zone),
      cursor: { sync: { key: "run" }, y: false, drag: { x: false } },
      legend: { markers: { dash: (u, i) => (u.series[i].dash ? "dashed" : "solid") } },
      scales: { y: { range: (_, low, high) => uPlot.rangeNum(Math.min(low, 0), Math.max(high, 0), 0.08, true) } },
      axes: [axis({ values: clock, space: 60 }), axis({ size: 48, values: (_, ticks) => ticks.map((v) => v.toLocaleString("en-US")) })],
      series: [{ label: "at", value: when }, ...chart.lines.map((line) => series(line, chart))],
    };
  }

  function draw() {
    for (const chart of run.charts) {
      const place = document.getElementById(chart.name);
      plots.get(place)?.destroy();
      const values = [run.at_s, ...chart.lines.map((line) => line.values)];
      plots.set(place, new uPlot(options(chart, place.clientWidth), values, place));
    }
  }

  const fit = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const plot = plots.get(target);
      if (plot.width !== target.clientWidth) plot.setSize({ width: target.clientWidth, height: plot.height });
    }
  });

  draw();
  plots.forEach((_, place) => fit.observe(place));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
