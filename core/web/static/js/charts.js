// Charts of plugins: an element with data-chart (the address of ECharts options as JSON) is drawn in the colours of the tokens.
const script = document.createElement("script");
script.src = new URL("../vendor/echarts/echarts.common.min.js", import.meta.url).href;
script.addEventListener("load", () => document.querySelectorAll("[data-chart]").forEach(draw));
document.head.append(script);

async function draw(element) {
  const options = await (await fetch(element.dataset.chart, { headers: { Accept: "application/json" } })).json();
  const style = getComputedStyle(document.documentElement);
  const token = (name) => style.getPropertyValue(name).trim();
  const chart = window.echarts.init(element, null, { renderer: "svg" });
  chart.setOption({
    color: ["--z-c1", "--z-c2", "--z-c3", "--z-c4", "--z-c5", "--z-c6"].map(token),
    textStyle: { fontFamily: token("--z-font"), color: token("--z-chart-axis") },
    aria: { enabled: true, decal: { show: true } },
    ...options,
    tooltip: { ...options.tooltip, renderMode: "richText" },
  });
  chart.on("click", (point) => point.data?.href && location.assign(point.data.href));
  new ResizeObserver(() => chart.resize()).observe(element);
}
