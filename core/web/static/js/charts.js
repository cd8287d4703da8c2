// Charts of plugins: an element with data-chart (ECharts options as JSON, or the address of them) is drawn in the colours
// of the tokens. Names of tokens among the options stand for their values; a point with `href` opens it.
const script = document.createElement("script");
script.src = new URL("../vendor/echarts/echarts.common.min.js", import.meta.url).href;
script.addEventListener("load", () => document.querySelectorAll("[data-chart]").forEach(start));
document.head.append(script);

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

async function start(element) {
  const given = element.dataset.chart;
  const text = given.startsWith("{") ? given : await (await fetch(given, { headers: { Accept: "application/json" } })).text();
  const chart = window.echarts.init(element);
  const draw = () => chart.setOption(dressed(text), true);
  draw();
  chart.on("click", (point) => point.data?.href && location.assign(point.data.href));
  new ResizeObserver(() => chart.resize()).observe(element);
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
}

function dressed(text) {
  const options = JSON.parse(text, (_key, value) => (typeof value === "string" && value.startsWith("--z-") ? token(value) : value));
  const words = { color: token("--z-chart-axis"), fontFamily: token("--z-font") };
  const axis = (given) => given && {
    ...given,
    axisLabel: { ...words, ...given.axisLabel },
    axisLine: { lineStyle: { color: token("--z-chart-grid") }, ...given.axisLine },
    splitLine: { lineStyle: { color: token("--z-chart-grid") }, ...given.splitLine },
  };
  return {
    color: ["--z-c1", "--z-c2", "--z-c3", "--z-c4", "--z-c5", "--z-c6"].map(token),
    animation: !calm.matches,
    ...options,
    textStyle: { ...words, ...options.textStyle },
    ...(options.xAxis && { xAxis: axis(options.xAxis) }),
    ...(options.yAxis && { yAxis: axis(options.yAxis) }),
    series: options.series.map(patterned).map(counted),
    tooltip: {
      backgroundColor: token("--z-surface"),
      borderColor: token("--z-line-2"),
      textStyle: { color: token("--z-ink"), fontFamily: token("--z-font"), fontSize: 13 },
      ...options.tooltip,
      renderMode: "richText",
    },
  };
}

// Labels of figures carry the separators that the axis carries.
function counted(series) {
  if (!series.label?.show || series.label.formatter) return series;
  return { ...series, label: { ...series.label, formatter: (point) => Number(point.value).toLocaleString("en-US") } };
}

// Colours alone no longer tell series apart from the fourth on.
function patterned(series, index) {
  if (index < 3) return series;
  const decal = { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 3], rotation: -Math.PI / 4, color: token("--z-surface") };
  return { ...series, itemStyle: { decal, ...series.itemStyle } };
}
